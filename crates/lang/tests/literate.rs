//! Runs the models in Markdown: the specification in `tests/literate`, the language reference, the readme and the pages
//! about the language. What the marks in comments mean is said in `literate/1-reading.md`.

mod support;

use cvxlayer_lang::check::tree::{Class, Definite, Facts, Level};
use cvxlayer_lang::check::{Multipliers, check_expression};
use cvxlayer_lang::diagnostics::render::{Style, render_all};
use cvxlayer_lang::{CheckedModel, Diagnostic, Source, check, lower};
use std::fmt::Write;
use support::given;

/// A model in a page, with what the fence says is given for it.
struct Block<'a> {
    line: usize,
    given: Option<&'a str>,
    text: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(fence)) if fence == "cvx" || fence.starts_with("cvx ") => {
                let given = fence.strip_prefix("cvx given ");
                open = Some(Block { line: number + 1, given, text: String::new() });
            }
            (None, Some("") | None) => {}
            // A block of another language runs to its own fence.
            (None, Some(_)) => open = Some(Block { line: 0, given: None, text: String::new() }),
        }
    }
    blocks.retain(|block| block.line > 0);
    blocks
}

/// An error or warning that a block expects: its code, and the columns it stands under in a line.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    line: usize,
    from: usize,
    to: usize,
    code: String,
}

/// The marks of a block: `//~   ^^^ E0301`, about the last line above that is no mark.
fn marks(text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut about = 0;
    for (number, line) in text.lines().enumerate() {
        let Some(rest) = line.strip_prefix("//~") else {
            if !line.starts_with("//:") {
                about = number + 1;
            }
            continue;
        };
        let carets = rest.chars().take_while(|c| *c != '^').count() + 3;
        let width = line.chars().skip(carets).take_while(|c| *c == '^').count();
        let code = rest.trim_start_matches([' ', '^']).trim().to_owned();
        marks.push(Mark { line: about, from: carets + 1, to: carets + 1 + width, code });
    }
    marks.sort();
    marks
}

/// What was found, as marks. A place in more than one line counts to the end of the first.
fn found(source: &Source, diagnostics: &[Diagnostic]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = diagnostics
        .iter()
        .map(|diagnostic| {
            let span = diagnostic.span().unwrap_or_default();
            let (from, to) = (source.position(span.start), source.position(span.end));
            let line = source.text().lines().nth(from.line - 1).unwrap_or("");
            let end = if to.line == from.line { to.column } else { line.chars().count() + 1 };
            let code = diagnostic.code.id.to_owned();
            Mark { line: from.line, from: from.column, to: end.max(from.column + 1), code }
        })
        .collect();
    marks.sort();
    marks
}

/// The words that hold of an expression.
fn words(model: &CheckedModel, facts: &Facts, shape: String) -> Vec<String> {
    let mut words = vec![shape, facts.curvature.name().trim_start_matches("of ").to_owned()];
    let interval = facts.interval;
    let signs = [
        ("nonneg", interval.is_nonneg()),
        ("nonpos", interval.is_nonpos()),
        ("pos", interval.is_pos()),
        ("neg", interval.is_neg()),
        ("unknown sign", !interval.is_nonneg() && !interval.is_nonpos()),
    ];
    words.extend(signs.iter().filter(|(_, holds)| *holds).map(|(word, _)| (*word).to_owned()));
    words.push(format!("in [{}, {}]", interval.lo, interval.hi));
    words.extend(facts.size.as_ref().map(|size| format!("size {}", model.tree.show(size))));
    words.push(
        match facts.definite {
            Definite::No => "indefinite",
            Definite::Symmetric => "symmetric",
            Definite::Psd => "psd",
            Definite::Nsd => "nsd",
        }
        .to_owned(),
    );
    words.push(
        match facts.class {
            Class::Affine => "class affine",
            Class::PiecewiseLinear => "class piecewise linear",
            Class::Quadratic => "class quadratic",
            Class::Smooth => "class smooth",
            Class::Beyond => "class beyond",
        }
        .to_owned(),
    );
    words.push(
        match facts.level {
            Level::Number => "of numbers",
            Level::Constant => "of constants",
            Level::Parameter => "of parameters",
            Level::Variable => "of variables",
        }
        .to_owned(),
    );
    words
}

/// Splits `[m, n], affine, in [0, 1]` at the commas outside of brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// What is wrong with the claim `expression => words`.
fn claim(model: &CheckedModel, claim: &str) -> Option<String> {
    let Some((expression, wanted)) = claim.split_once("=>") else { return Some("no `=>`".to_owned()) };
    let (model, node) = match check_expression(model, Multipliers::default(), expression.trim()) {
        Ok(checked) => checked,
        Err(errors) => return Some(errors.iter().map(|e| e.message.clone()).collect::<Vec<_>>().join("; ")),
    };
    let shape = model.tree.shape(node);
    let shape = if shape.is_empty() { "scalar".to_owned() } else { model.tree.show_shape(shape) };
    let holds = words(&model, model.tree.facts(node), shape);
    let wrong: Vec<_> = split(wanted).into_iter().filter(|word| !holds.iter().any(|h| h == word)).collect();
    (!wrong.is_empty()).then(|| format!("not {}, but {}", wrong.join(", "), holds.join(", ")))
}

/// Everything that is not as a page says.
fn run(name: &str, page: &str) -> String {
    let mut out = String::new();
    let blocks = blocks(page);
    assert!(!blocks.is_empty(), "{name} has no models");
    for block in blocks {
        let checked = check(&block.text);
        let mut diagnostics = checked.diagnostics.clone();
        if let (Some(line), false) = (block.given, checked.has_errors()) {
            diagnostics.extend(lower(&checked.model, &given(line)).err().into_iter().flatten());
        }
        let source = Source::new(name, block.text.clone());
        let (wanted, got) = (marks(&block.text), found(&source, &diagnostics));
        if wanted != got {
            let _ = writeln!(out, "{name}:{}: wanted {wanted:?}, got {got:?}", block.line);
            out.push_str(&render_all(&source, &diagnostics, Style::Plain));
        }
        for (number, line) in block.text.lines().enumerate() {
            if let Some(text) = line.trim_start().strip_prefix("//:")
                && let Some(wrong) = claim(&checked.model, text)
            {
                let _ = writeln!(out, "{name}:{}:{text}: {wrong}", block.line + number + 1);
            }
        }
    }
    out
}

#[test]
fn the_specification_holds() {
    let mut wrong = String::new();
    insta::glob!("literate/*.md", |path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        wrong += &run(&name, &std::fs::read_to_string(path).expect("a page"));
    });
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn models_in_the_documentation_are_right() {
    let wrong = run("grammar/reference.md", include_str!("../../../grammar/reference.md"))
        + &run("README.md", include_str!("../../../README.md"));
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The runner must fail where a page is wrong.
#[test]
fn wrong_pages_fail() {
    for (page, part) in [
        ("```cvx\nvar x;\nminimize x * x * x;\n```", "got [Mark { line: 2"),
        (
            "```cvx\nvar x;\nminimize abs(x);\n//~      ^^^ E0301\n```",
            "wanted [Mark { line: 2, from: 10, to: 13",
        ),
        ("```cvx\nvar x;\nvar y;\nminimize x * y;\n//~      ^ E0302\n```", "wanted"),
        (
            "```cvx\nvar x;\nminimize abs(x);\n//: abs(x) => scalar, affine\n```",
            "not affine, but scalar, convex",
        ),
        ("```cvx\nvar x;\nminimize abs(x);\n//: abs(z) => scalar\n```", "unknown name `z`"),
        ("```cvx given y[3]\ndim n;\nparam y[n];\nminimize sum(x - y) + x[4];\nvar x[n];\n```", "E0205"),
    ] {
        let wrong = run("page", page);
        assert!(wrong.contains(part), "{page}\n{wrong}");
    }
}
