//! JSON with infinities, which the standard has not: as Python and JavaScript write them, or as the language does.

use std::borrow::Cow;

/// The text with each infinity and NaN between quotes, where readers of numbers know them.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
    if !["Inf", "inf", "NaN", "nan"].iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let len = match c {
            '"' => string(rest),
            c if c.is_ascii_alphabetic() => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at(len);
        let word = match piece {
            "Infinity" | "inf" => "inf",
            "NaN" | "nan" => "nan",
            _ => "",
        };
        if word.is_empty() {
            out.push_str(piece);
        } else {
            let negative = out.ends_with('-');
            out.truncate(out.len() - usize::from(negative));
            out.push_str(if negative { "\"-" } else { "\"" });
            out.push_str(word);
            out.push('"');
        }
        rest = after;
    }
    Cow::Owned(out)
}

/// The length of the string that a text begins with, quotes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn infinities_are_quoted_where_no_string_is() {
        let text = r#"{"inf": [-Infinity, 1e5, NaN, inf], "a\"inf": "Infinity", "b": nulls}"#;
        let wanted = r#"{"inf": ["-inf", 1e5, "nan", "inf"], "a\"inf": "Infinity", "b": nulls}"#;
        assert_eq!(quoted(text), wanted);
        assert_eq!(quoted("-inf"), "\"-inf\"");
        assert_eq!(quoted("\"never closed, inf"), "\"never closed, inf");
    }
}
