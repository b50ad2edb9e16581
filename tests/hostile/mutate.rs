//! Mutations of models: of bytes and tokens, most of which some stage refuses, and of what a model means, most of which still
//! compile.

use std::collections::BTreeMap;

/// Functions, operators and keywords that stand in for one another.
const FAMILIES: &[&[&str]] = &[
    &["abs", "square", "pos", "exp", "huber", "logistic", "sqrt", "log"],
    &["sum", "max", "min", "mean", "norm1", "norm_inf", "sum_squares", "ptp", "var", "log_sum_exp"],
    &["maximum", "minimum"],
    &["cumsum", "cummax", "cummin"],
    &["hstack", "concatenate"],
    &["+", "-"],
    &["*", "/"],
    &["nonneg", "nonpos", "pos", "neg"],
    &["minimize", "maximize"],
];

/// Numbers that stand in for others.
const NUMBERS: &[&str] = &["0", "1", "2", "3", "7", "0.5", "1e-9", "1e9"];

/// Words, numbers and signs, with the spaces between them, so that the pieces make up the text.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            0
        } else if c.is_whitespace() {
            1
        } else {
            2
        }
    };
    let mut out = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (i, c) in text.char_indices() {
        if i > start && (last != Some(kind(c)) || kind(c) == 2) {
            out.push(&text[start..i]);
            start = i;
        }
        last = Some(kind(c));
    }
    out.push(&text[start..]);
    out
}

/// Bytes replaced, tokens exchanged or spliced from another model, or statements swapped.
pub(crate) fn mutate(models: &[String], rng: &mut fastrand::Rng) -> String {
    let text = &models[rng.usize(0..models.len())];
    match rng.u8(0..8) {
        0 => {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..rng.usize(1..=4) {
                let at = rng.usize(0..=bytes.len());
                match rng.u8(0..3) {
                    0 => bytes.insert(at, rng.u8(..)),
                    1 if at < bytes.len() => bytes[at] = rng.u8(..),
                    _ => bytes.truncate(bytes.len() - rng.usize(0..=bytes.len().min(3))),
                }
            }
            String::from_utf8_lossy(&bytes).into_owned()
        }
        1 => {
            let other = &models[rng.usize(0..models.len())];
            let mut statements: Vec<&str> =
                text.split_inclusive(';').chain(other.split_inclusive(';')).collect();
            rng.shuffle(&mut statements);
            statements.truncate(rng.usize(0..=statements.len()));
            statements.concat()
        }
        5 => spaced(text, rng),
        2..=4 => (0..rng.usize(1..=3)).fold(text.clone(), |text, _| typed(&text, rng)),
        _ => {
            let (mut own, other) = (tokens(text), tokens(&models[rng.usize(0..models.len())]));
            for _ in 0..rng.usize(1..=4) {
                let (at, from) = (rng.usize(0..own.len()), rng.usize(0..other.len()));
                let len = rng.usize(1..=3).min(other.len() - from);
                let cut = rng.usize(0..=3).min(own.len() - at);
                own.splice(at..at + cut, other[from..from + len].iter().copied());
                if own.is_empty() {
                    own.push(";");
                }
            }
            own.concat()
        }
    }
}

/// The same tokens with other spaces, line breaks and comments between them.
fn spaced(text: &str, rng: &mut fastrand::Rng) -> String {
    const SPACES: &[&str] = &[" ", "", "\n", "  \n\n\n ", "\t", " // note\n", "/* note */", "\n/// doc\n"];
    let mut out = String::new();
    for token in tokens(text) {
        let keep = rng.u8(0..4) > 0;
        match token.trim().is_empty() {
            true if keep => out.push_str(token),
            true => out.push_str(SPACES[rng.usize(0..SPACES.len())]),
            false => {
                out.push_str(token);
                if !keep && !token.starts_with(|c: char| c.is_alphanumeric() || "<>=*/.-\"".contains(c)) {
                    out.push_str(SPACES[rng.usize(0..SPACES.len())]);
                }
            }
        }
    }
    out
}

/// A change that mostly leaves a model well-typed: a name for another of the same shape, a function for another of its
/// family, a number for another, one constraint less.
fn typed(text: &str, rng: &mut fastrand::Rng) -> String {
    let mut own = tokens(text);
    match rng.u8(0..8) {
        0 => return without_a_constraint(text, rng),
        1 => {
            let numbers: Vec<usize> = (0..own.len()).filter(|&k| is_coefficient(&own, k)).collect();
            if let Some(&at) = rng.choice(&numbers) {
                own[at] = other(own[at], NUMBERS, rng);
            }
        }
        2..=4 => {
            let shapes = shapes(text);
            let uses: Vec<usize> = (0..own.len()).filter(|&k| is_use(&own, k, &shapes)).collect();
            if let Some(&at) = rng.choice(&uses) {
                let alike = shapes.iter().filter(|(_, shape)| **shape == shapes[own[at]]);
                own[at] = other(own[at], &alike.map(|(name, _)| *name).collect::<Vec<_>>(), rng);
            }
        }
        _ => {
            let family = |word: &str| FAMILIES.iter().find(|family| family.contains(&word));
            let found: Vec<usize> = (0..own.len()).filter(|&k| family(own[k]).is_some()).collect();
            if let Some(&at) = rng.choice(&found) {
                let family = family(own[at]).copied().unwrap_or_default();
                own[at] = other(own[at], family, rng);
            }
        }
    }
    own.concat()
}

/// One of some words that is not this one, if there is any.
fn other<'a>(word: &'a str, words: &[&'a str], rng: &mut fastrand::Rng) -> &'a str {
    let others: Vec<&str> = words.iter().copied().filter(|w| *w != word).collect();
    rng.choice(&others).copied().unwrap_or(word)
}

/// The model without one of the statements after `subject to`.
fn without_a_constraint(text: &str, rng: &mut fastrand::Rng) -> String {
    let Some(at) = text.find("subject to") else { return text.to_owned() };
    let (head, tail) = text.split_at(at + "subject to".len());
    let mut statements: Vec<&str> = tail.split_inclusive(';').collect();
    if statements.len() > 1 {
        statements.remove(rng.usize(0..statements.len()));
    }
    format!("{head}{}", statements.concat())
}

/// Whether a token is a number outside of brackets, where it would be a size or an index.
fn is_coefficient(tokens: &[&str], k: usize) -> bool {
    let depth =
        tokens[..k].iter().fold(0_i32, |depth, t| depth + i32::from(*t == "[") - i32::from(*t == "]"));
    depth == 0 && tokens[k].starts_with(|c: char| c.is_ascii_digit())
}

/// The shape of each declared variable and parameter, as it is written.
fn shapes(text: &str) -> BTreeMap<&str, &str> {
    let mut out = BTreeMap::new();
    for statement in text.split(';') {
        let line =
            statement.lines().map(str::trim_start).find(|l| l.starts_with("var ") || l.starts_with("param "));
        let Some((_, rest)) = line.and_then(|line| line.split_once(' ')) else { continue };
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let shape = if rest.starts_with('[') { rest.find(']').map_or("", |at| &rest[..=at]) } else { "" };
        out.insert(name, shape);
    }
    out
}

/// Whether a token uses a declared name, and does not declare it.
fn is_use(tokens: &[&str], k: usize, shapes: &BTreeMap<&str, &str>) -> bool {
    let declares = k > 1 && matches!(tokens[k - 2], "var" | "param");
    !declares && shapes.contains_key(tokens[k])
}
