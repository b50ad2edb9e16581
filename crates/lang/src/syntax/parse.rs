//! The road from text to tree, one statement at a time.

use pest::Parser;
use pest::error::InputLocation;

use super::ast::{Ast, Expr, ExprId, Statement};
use super::cut::{Piece, cut};
use super::excerpt::Excerpt;
use super::explain::{Explained, Site, explain};
use super::grammar::{Grammar, Rule};
use super::limits::{MAX_BYTES, MAX_DIAGNOSTICS};
use super::salvage::salvage;
use super::spelling::{Doc, Scan, scan};
use super::tree::Builder;
use crate::diagnostics::{self, Diagnostic, codes};
use crate::source::Span;

/// What became of a text: a tree, perhaps with holes, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The tree. Where a statement is broken it holds [`Expr::Error`], or nothing.
    pub ast: Ast,
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a model. Never fails: what is broken is reported, and the rest is in the tree.
pub fn parse(text: &str) -> Parsed {
    if let Some(diagnostic) = too_large(text) {
        return Parsed { ast: Ast::default(), diagnostics: vec![diagnostic] };
    }
    let mut parsed = Parsed::default();
    let mut scan = scan(text, &mut parsed.diagnostics);
    let pieces = cut(text, &mut scan, &mut parsed.diagnostics);
    scan.patches.sort_by_key(|patch| patch.owner);
    let mut reader = Reader { text, scan: &scan, parsed: &mut parsed, statements: Vec::new() };
    for piece in pieces {
        reader.read(piece);
    }
    reader.misplaced_docs();
    finish(&mut parsed.diagnostics);
    parsed
}

/// Parses an expression that stands on its own, as after `--of`.
pub fn parse_expression(text: &str) -> (Ast, ExprId, Vec<Diagnostic>) {
    let mut parsed = Parsed::default();
    let hole = |mut parsed: Parsed, diagnostic: Option<Diagnostic>| {
        parsed.diagnostics.extend(diagnostic);
        finish(&mut parsed.diagnostics);
        let id = parsed.ast.exprs.push(Expr::Error, Span::new(0, text.len()));
        (parsed.ast, id, parsed.diagnostics)
    };
    if let Some(diagnostic) = too_large(text) {
        return hole(parsed, Some(diagnostic));
    }
    // A lone expression has no opening word and no `;`, so it is read as what follows `minimize`.
    let mut scan = scan(text, &mut parsed.diagnostics);
    let end = Diagnostic::error(codes::UNEXPECTED_TOKEN, "a single expression is wanted here");
    let mut pieces = cut(text, &mut scan, &mut parsed.diagnostics);
    parsed.diagnostics.retain(|diagnostic| diagnostic.code != codes::MISSING_SEMICOLON);
    let (Some(piece), None) = (pieces.pop(), pieces.pop()) else {
        return hole(parsed, Some(end.at(Span::new(0, text.len()), "")));
    };
    if piece.too_deep {
        return hole(parsed, None);
    }
    let site = Site::new(text, &scan.tokens, &piece);
    let excerpt = Excerpt::new(text, site.span(), scan.patches.iter());
    let pairs = match Grammar::parse(Rule::formula, &excerpt.text) {
        Ok(pairs) => pairs,
        Err(_) if piece.reported => return hole(parsed, None),
        Err(error) => {
            let failure = failure(&error, &excerpt);
            let explained = explain(&site, failure);
            return hole(parsed, Some(explained.diagnostic));
        }
    };
    let builder = Builder::new(&excerpt, &mut parsed.ast.exprs, &mut parsed.diagnostics);
    let expression = pairs.flatten().find(|pair| pair.as_rule() == Rule::expression);
    let id = expression.map(|expression| builder.number(expression));
    match id {
        Some(id) => {
            finish(&mut parsed.diagnostics);
            (parsed.ast, id, parsed.diagnostics)
        }
        None => hole(parsed, None),
    }
}

fn too_large(text: &str) -> Option<Diagnostic> {
    (text.len() > MAX_BYTES).then(|| {
        Diagnostic::error(codes::TEXT_TOO_LARGE, format!("this text is larger than {} MiB", MAX_BYTES >> 20))
            .at(Span::at(0), "")
            .help("large constants belong in files: `const A[m, n] from \"A.csv\"`")
    })
}

/// Sorts, and drops what nobody would read.
fn finish(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics::sort(diagnostics);
    if diagnostics.len() > MAX_DIAGNOSTICS {
        let more = diagnostics.len() - MAX_DIAGNOSTICS;
        diagnostics.truncate(MAX_DIAGNOSTICS);
        let place = diagnostics.last().and_then(Diagnostic::span).unwrap_or_default();
        diagnostics.push(
            Diagnostic::error(codes::TOO_MANY_ERRORS, format!("and {more} more mistakes"))
                .at(place.after(), "further mistakes follow"),
        );
    }
}

/// Where in the source pest gave up.
fn failure(error: &pest::error::Error<Rule>, excerpt: &Excerpt<'_>) -> usize {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    excerpt.source(at, at).start as usize
}

struct Reader<'a> {
    text: &'a str,
    scan: &'a Scan,
    parsed: &'a mut Parsed,
    /// The first token of each statement in the tree.
    statements: Vec<usize>,
}

impl Reader<'_> {
    /// Reads one piece; when a `;` turns out to be missing inside it, what stands before and after.
    fn read(&mut self, mut piece: Piece) {
        loop {
            match self.statement(&piece) {
                None => return,
                Some(next) => piece.tokens.start = next,
            }
        }
    }

    /// Reads the statement at the beginning of a piece. Returns the token where another one begins, if it does.
    fn statement(&mut self, piece: &Piece) -> Option<usize> {
        let site = Site::new(self.text, &self.scan.tokens, piece);
        if piece.too_deep {
            self.salvage(&site, piece);
            return None;
        }
        let patches = &self.scan.patches;
        let first = patches.partition_point(|patch| patch.owner < piece.tokens.start);
        let last = patches.partition_point(|patch| patch.owner <= piece.tokens.end);
        let excerpt = Excerpt::new(self.text, site.span(), patches[first..last].iter());
        let error = match Grammar::parse(Rule::single, &excerpt.text) {
            Ok(pairs) => {
                self.build(&excerpt, pairs, site.span(), piece);
                return None;
            }
            Err(_) if piece.reported => {
                self.salvage(&site, piece);
                return None;
            }
            Err(error) => error,
        };
        let Explained { diagnostic, split } = explain(&site, failure(&error, &excerpt));
        // What goes wrong right after a mended spelling is a consequence of it.
        let place = diagnostic.span().unwrap_or_default();
        let mended = patches[first..last].iter().any(|patch| {
            patch.span.end <= place.start && self.text[patch.span.end as usize..place.start as usize].trim().is_empty()
                || patch.span.start <= place.end && place.start <= patch.span.end
        });
        if !mended {
            self.parsed.diagnostics.push(diagnostic);
        }
        let Some((end, next)) = split else {
            self.salvage(&site, piece);
            return None;
        };
        let before = Piece { tokens: piece.tokens.start..piece.tokens.start + end, ..piece.clone() };
        let site = Site::new(self.text, &self.scan.tokens, &before);
        let excerpt = Excerpt::new(self.text, site.span(), patches[first..last].iter());
        if let Ok(pairs) = Grammar::parse(Rule::single, &excerpt.text) {
            self.build(&excerpt, pairs, site.span(), &before);
        }
        Some(piece.tokens.start + next)
    }

    fn build(&mut self, excerpt: &Excerpt<'_>, pairs: pest::iterators::Pairs<'_, Rule>, span: Span, piece: &Piece) {
        let Parsed { ast, diagnostics } = &mut *self.parsed;
        let reported = diagnostics.len();
        let builder = Builder::new(excerpt, &mut ast.exprs, diagnostics);
        let statement = pairs.flat_map(pest::iterators::Pair::into_inner).next();
        let kind = statement.and_then(|pair| builder.statement(pair));
        if piece.reported {
            // Brackets were closed by guess; what does not fit them is no mistake of its own.
            diagnostics.truncate(reported);
        }
        if let Some(kind) = kind {
            let doc = self.doc(piece.tokens.start);
            self.parsed.ast.statements.push(Statement { kind, span, doc });
        }
    }

    fn salvage(&mut self, site: &Site<'_>, piece: &Piece) {
        if let Some(kind) = salvage(site, &mut self.parsed.ast.exprs) {
            let doc = self.doc(piece.tokens.start);
            self.parsed.ast.statements.push(Statement { kind, span: site.span(), doc });
        }
    }

    /// The doc comment of the statement that begins with this token.
    fn doc(&mut self, token: usize) -> Option<String> {
        self.statements.push(token);
        let docs = &self.scan.docs;
        let first = docs.partition_point(|doc| doc.before < token);
        let lines = docs[first..].iter().take_while(|doc| doc.before == token).map(|doc| {
            let line = doc.span.text(self.text).trim_start_matches("///").trim_end();
            line.strip_prefix(' ').unwrap_or(line)
        });
        let doc = lines.collect::<Vec<_>>().join("\n");
        (first < docs.len() && docs[first].before == token).then_some(doc)
    }

    /// Warns of doc comments that no statement follows.
    fn misplaced_docs(&mut self) {
        let (docs, tokens) = (&self.scan.docs, &self.scan.tokens);
        let mut last: Option<Doc> = None;
        for &doc in docs {
            let stands = self.statements.binary_search(&doc.before).is_ok();
            let before = doc.before.checked_sub(1).map(|index| tokens[index]);
            let trails = before.is_some_and(|token| {
                !self.text[token.span.end as usize..doc.span.start as usize].contains('\n')
            });
            let continues = last.replace(doc).is_some_and(|earlier| earlier.before == doc.before);
            let (message, help) = match (stands, trails) {
                (true, false) => continue,
                (true, true) if !continues => (
                    "this doc comment documents the next statement",
                    "put it on the line before the statement it is about, or write `//`",
                ),
                (false, _) if !continues => (
                    "this doc comment documents nothing",
                    "a doc comment stands just before a statement; write `//` for other remarks",
                ),
                _ => continue,
            };
            let diagnostic = Diagnostic::warning(codes::MISPLACED_DOC, message).at(doc.span, "").help(help);
            self.parsed.diagnostics.push(diagnostic);
        }
    }
}
