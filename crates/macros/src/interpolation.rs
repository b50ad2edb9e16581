//! `{EXPR}`: Rust constants inside a model.
//!
//! The front end never sees them: each becomes a size (`dim`) or a parameter that the text declares at its end, or, as
//! in `const c nonneg = {C};`, in the statement itself. Generated code gives it its value.

use crate::source::{Lexeme, LexemeKind};
use proc_macro2::{Span, TokenStream};
use std::collections::BTreeSet;
use std::ops::Range;

/// A name of the text that stands for a Rust constant.
#[derive(Clone, Debug)]
pub(crate) struct Interpolation {
    pub(crate) name: String,
    pub(crate) value: TokenStream,
    pub(crate) span: Span,
    /// Whether it is a size, and not a number or an array.
    pub(crate) is_size: bool,
}

/// Replaces all constants by names, and declares those.
pub(crate) fn resolve(lexemes: &mut Vec<Lexeme>) -> Vec<Interpolation> {
    if !lexemes.iter().any(|l| matches!(l.kind, LexemeKind::Constant(_))) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for statement in statements(lexemes).into_iter().rev() {
        definitions(lexemes, statement, &mut out);
    }
    out.reverse();
    let (declared, sizes) = (out.len(), size_places(lexemes));
    let mut used: BTreeSet<String> = lexemes.iter().map(|l| l.text.clone()).collect();
    let is_size = |value: &str| {
        let same = |(l, size): (&Lexeme, &bool)| match &l.kind {
            LexemeKind::Constant(other) => *size && other.to_string() == value,
            _ => false,
        };
        lexemes.iter().zip(&sizes).any(same)
    };
    let mut found: Vec<(String, Interpolation)> = Vec::new();
    for lexeme in lexemes.iter() {
        let LexemeKind::Constant(value) = &lexeme.kind else { continue };
        let text = value.to_string();
        if found.iter().all(|(known, _)| *known != text) {
            let name = fresh(&text, &mut used);
            let is_size = is_size(&text);
            found.push((text, Interpolation { name, value: value.clone(), span: lexeme.span, is_size }));
        }
    }
    for lexeme in lexemes.iter_mut() {
        let LexemeKind::Constant(value) = &lexeme.kind else { continue };
        let text = value.to_string();
        if let Some((_, one)) = found.iter().find(|(known, _)| *known == text) {
            lexeme.text.clone_from(&one.name);
            lexeme.kind = LexemeKind::Plain;
        }
    }
    for (_, one) in &found {
        let keyword = if one.is_size { "dim" } else { "param" };
        lexemes.extend([keyword, &one.name, ";"].map(|text| Lexeme::artificial(text, one.span)));
    }
    out.extend(found.into_iter().map(|(_, one)| one));
    debug_assert!(declared <= out.len());
    out
}

/// The statements, without their `;`.
fn statements(lexemes: &[Lexeme]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (i, lexeme) in lexemes.iter().enumerate() {
        depth = nesting(lexeme, depth);
        if depth == 0 && lexeme.is(";") {
            out.push(start..i);
            start = i + 1;
        }
    }
    out.push(start..lexemes.len());
    out
}

fn nesting(lexeme: &Lexeme, depth: usize) -> usize {
    if lexeme.is("(") || lexeme.is("[") {
        depth + 1
    } else if lexeme.is(")") || lexeme.is("]") {
        depth.saturating_sub(1)
    } else {
        depth
    }
}

/// `const c … = {C}` declares a parameter, and `dim n = {N}` an open size.
fn definitions(lexemes: &mut Vec<Lexeme>, statement: Range<usize>, out: &mut Vec<Interpolation>) {
    let Some(first) = statement.clone().find(|&i| !matches!(lexemes[i].kind, LexemeKind::Doc)) else {
        return;
    };
    let parts: Vec<Range<usize>> = if lexemes[first].is("dim") {
        let mut depth = 0;
        let mut commas = Vec::new();
        for i in first..statement.end {
            depth = nesting(&lexemes[i], depth);
            if depth == 0 && lexemes[i].is(",") {
                commas.push(i);
            }
        }
        let starts = [first].into_iter().chain(commas.iter().copied());
        starts.zip(commas.iter().copied().chain([statement.end])).map(|(from, to)| from..to).collect()
    } else if lexemes[first].is("const") {
        vec![first..statement.end]
    } else {
        return;
    };
    let is_size = lexemes[first].is("dim");
    for part in parts.into_iter().rev() {
        let Some(&[ref equals, ref last]) = lexemes[part.clone()].last_chunk::<2>() else { continue };
        let (LexemeKind::Constant(value), true) = (&last.kind, equals.is("=")) else { continue };
        let Some(name) = lexemes.get(part.start + 1).filter(|l| l.is_word()) else { continue };
        let one = Interpolation { name: name.text.clone(), value: value.clone(), span: last.span, is_size };
        out.push(one);
        if !is_size {
            "param".clone_into(&mut lexemes[first].text);
        }
        lexemes.drain(part.end - 2..part.end);
    }
}

/// For each token, whether a size or an index stands there: in the brackets after a name, in `dim`, or after `for`.
fn size_places(lexemes: &[Lexeme]) -> Vec<bool> {
    let mut out = Vec::with_capacity(lexemes.len());
    let mut brackets: Vec<bool> = Vec::new();
    let mut dim = false;
    let mut ranges: Option<usize> = None;
    for (i, lexeme) in lexemes.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &lexemes[i]);
        if lexeme.is("[") {
            let indexes = before.is_some_and(|b| (b.is_word() && !b.is("in")) || b.is("]") || b.is(")"));
            brackets.push(indexes);
        } else if lexeme.is("(") {
            brackets.push(brackets.last().copied().unwrap_or(false));
        } else if lexeme.is("]") || lexeme.is(")") {
            brackets.pop();
            ranges = ranges.filter(|&depth| brackets.len() >= depth);
        } else if lexeme.is("for") {
            ranges = Some(brackets.len());
        } else if lexeme.is(";") {
            (dim, ranges) = (false, None);
        } else if lexeme.is("dim") {
            dim = true;
        }
        out.push(dim || ranges.is_some() || brackets.last().copied().unwrap_or(false));
    }
    out
}

/// A name that nothing in the text has: that of the constant, if it can be.
fn fresh(value: &str, used: &mut BTreeSet<String>) -> String {
    let plain = value.chars().all(|c| c.is_alphanumeric() || c == '_')
        && value.starts_with(|c: char| c.is_alphabetic());
    let mut name = if plain { value.to_owned() } else { "constant".to_owned() };
    while !used.insert(name.clone()) {
        name.push('_');
    }
    name
}
