//! Did you mean …?

/// The known name nearest to a misspelt one, if one is near enough that it was probably meant.
///
/// Nearness counts insertions, deletions, replacements and swaps of neighbours; about one mistake for each three
/// characters is forgiven. A name that differs in case alone always counts. Of equally near names the first wins.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST + 1).collect();
    if word.len() > LONGEST {
        return None;
    }
    let folded = fold(&word);
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        let letters: Vec<char> = name.chars().take(LONGEST + 1).collect();
        let allowed = word.len().max(letters.len()).div_ceil(3).min(word.len().saturating_sub(1)).max(1);
        if letters.len() > LONGEST || letters == word {
            continue;
        }
        let distance = match fold(&letters) == folded {
            true => 0,
            false if letters.len().abs_diff(word.len()) > allowed => continue,
            false => distance(&word, &letters),
        };
        // Names of one letter are all one replacement apart; only their case can be a slip.
        let near = distance == 0 || (distance <= allowed && word.len() > 1 && letters.len() > 1);
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// A word without what the eye or the ear passes over: in lower case, with Greek letters by their names, and letters of
/// other scripts as the Latin ones that they look like.
fn fold(word: &[char]) -> String {
    let lower = word.iter().flat_map(|c| c.to_lowercase());
    let mut out = String::new();
    for c in lower {
        match GREEK.iter().find(|(letters, _)| letters.contains(c)) {
            Some((_, name)) => out.push_str(name),
            None => out.push(LOOKALIKES.iter().find(|(known, _)| *known == c).map_or(c, |found| found.1)),
        }
    }
    out
}

/// Greek letters with their variants, and how they are spelled.
const GREEK: [(&str, &str); 24] = [
    ("α", "alpha"),
    ("β\u{3d0}", "beta"),
    ("γ", "gamma"),
    ("δ", "delta"),
    ("ε\u{3f5}", "epsilon"),
    ("ζ", "zeta"),
    ("η", "eta"),
    ("θ\u{3d1}", "theta"),
    ("ι", "iota"),
    ("κ\u{3f0}", "kappa"),
    ("λ", "lambda"),
    ("μ\u{b5}", "mu"),
    ("ν", "nu"),
    ("ξ", "xi"),
    ("ο", "omicron"),
    ("π\u{3d6}", "pi"),
    ("ρ\u{3f1}", "rho"),
    ("σς", "sigma"),
    ("τ", "tau"),
    ("υ", "upsilon"),
    ("φ\u{3d5}", "phi"),
    ("χ", "chi"),
    ("ψ", "psi"),
    ("ω", "omega"),
];

/// Cyrillic letters, and the Latin ones that they look like.
const LOOKALIKES: [(char, char); 9] = [
    ('\u{430}', 'a'),
    ('\u{441}', 'c'),
    ('\u{435}', 'e'),
    ('\u{456}', 'i'),
    ('\u{458}', 'j'),
    ('\u{43e}', 'o'),
    ('\u{440}', 'p'),
    ('\u{443}', 'y'),
    ('\u{445}', 'x'),
];

/// Longer names are not compared, since the cost grows with the square.
const LONGEST: usize = 64;

/// The number of single mistakes between two words, a swap of neighbours counting as one.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            next[j] = replaced.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                next[j] = next[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found() {
        let atoms = ["sum", "sum_squares", "norm1", "norm_inf", "maximum", "max", "diag"];
        assert_eq!(nearest("sum_square", atoms), Some("sum_squares"));
        assert_eq!(nearest("nrom1", atoms), Some("norm1"));
        assert_eq!(nearest("Sum", atoms), Some("sum"));
        assert_eq!(nearest("maximun", atoms), Some("maximum"));
        assert_eq!(nearest("foo", atoms), None);
        assert_eq!(nearest("x", ["y", "z"]), None);
        assert_eq!(nearest("x", ["X", "z"]), Some("X"));
        assert_eq!(nearest("", atoms), None);
        assert_eq!(nearest("lambda", ["λ", "γ"]), Some("λ"));
        assert_eq!(nearest("\u{b5}_0", ["x", "\u{3bc}_0"]), Some("\u{3bc}_0"));
        assert_eq!(nearest("\u{445}", ["y", "x"]), Some("x"));
        assert_eq!(nearest(&"a".repeat(100_000), atoms), None);
    }
}
