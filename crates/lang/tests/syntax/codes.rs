//! The registry of codes.

use cvxlayer_lang::diagnostics::codes::{ALL, find};

#[test]
fn codes_are_unique_and_in_order() {
    for pair in ALL.windows(2) {
        assert!(pair[0].id < pair[1].id, "{:?} comes before {:?}", pair[0], pair[1]);
    }
    let mut names: Vec<_> = ALL.iter().map(|code| code.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}

#[test]
fn codes_are_found() {
    assert_eq!(find("e0105").map(|code| code.name), Some("missing-semicolon"));
    assert_eq!(find("missing-semicolon").map(|code| code.id), Some("E0105"));
    assert_eq!(find("E9999"), None);
}

/// What the pages show is run by `tests/pages.rs`, which has data.
#[test]
fn every_code_has_its_page() {
    for code in ALL {
        let title = format!("# {}: {}\n", code.id, code.name);
        assert!(code.page.starts_with(&title), "{code:?}");
    }
}
