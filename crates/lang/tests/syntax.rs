//! The syntax and its diagnostics, on a corpus of good and broken models.

mod syntax {
    mod errors;
    mod models;
}
