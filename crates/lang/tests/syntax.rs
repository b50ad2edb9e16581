//! The syntax and its diagnostics: on a corpus of good and broken models, on trees written out, and on hostile text.

mod syntax {
    mod codes;
    mod corpus;
    mod errors;
    mod format;
    mod hostile;
    mod tokens;
    mod trees;
}
