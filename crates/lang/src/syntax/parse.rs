//! The road from text to tree, one statement at a time.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

use super::ast::{Ast, Expr, ExprId, Statement};
use super::cut::{Piece, cut};
use super::excerpt::Excerpt;
use super::explain::{Explained, Site, explain};
use super::findings::Findings;
use super::grammar::{Grammar, Rule};
use super::limits::{MAX_BYTES, MAX_DIAGNOSTICS};
use super::salvage::salvage;
use super::spelling::{Doc, Scan, scan};
use super::tree::Builder;
use crate::diagnostics::{Diagnostic, codes};
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
    let mut findings = Findings::default();
    let mut scan = scan(text, &mut findings);
    let pieces = cut(text, &mut scan, &mut findings);
    scan.patches.sort_by_key(|patch| patch.owner);
    let mut reader =
        Reader { text, scan: &scan, ast: Ast::default(), findings, statements: Vec::new(), splits: 0 };
    for piece in pieces {
        reader.read(piece);
    }
    reader.misplaced_docs();
    Parsed { ast: reader.ast, diagnostics: reader.findings.finish() }
}

/// Parses an expression that stands on its own, as after `--of`.
pub fn parse_expression(text: &str) -> (Ast, ExprId, Vec<Diagnostic>) {
    let (mut ast, mut findings) = (Ast::default(), Findings::default());
    let id = match too_large(text) {
        Some(diagnostic) => {
            findings.push(diagnostic);
            None
        }
        None => lone_expression(text, &mut ast, &mut findings),
    };
    let id = id.unwrap_or_else(|| ast.exprs.push(Expr::Error, Span::new(0, text.len())));
    (ast, id, findings.finish())
}

/// The expression that a text consists of; when there is none, that is reported.
fn lone_expression(text: &str, ast: &mut Ast, findings: &mut Findings) -> Option<ExprId> {
    let mut scan = scan(text, findings);
    let mut pieces = cut(text, &mut scan, findings);
    // Nothing needs to end here.
    findings.retain(|diagnostic| diagnostic.code != codes::MISSING_SEMICOLON);
    let (Some(piece), None) = (pieces.pop(), pieces.pop()) else {
        let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, "a single expression is wanted here");
        findings.push(diagnostic.at(Span::new(0, text.len()), ""));
        return None;
    };
    if piece.too_deep {
        return None;
    }
    let site = Site::new(text, &scan.tokens, &piece);
    let excerpt = Excerpt::new(text, site.span(), scan.patches.iter());
    let pairs = match Grammar::parse(Rule::formula, &excerpt.text) {
        Ok(pairs) => pairs,
        Err(_) if piece.reported => return None,
        Err(error) if is_exhausted(&error) => {
            findings.push(exhausted(site.span()));
            return None;
        }
        Err(error) => {
            let compared = scan.tokens.iter().find(|token| token.kind.compares());
            findings.push(match compared {
                Some(token) => {
                    let message = "an expression is wanted here, and this is a comparison";
                    let error = Diagnostic::error(codes::MISPLACED_COMPARISON, message).at(token.span, "");
                    error.help("ask for one of its sides; the dual of a constraint is `dual(LABEL)`")
                }
                None => explain(&site, failure(&error, &excerpt)).diagnostic,
            });
            return None;
        }
    };
    let builder = Builder::new(&excerpt, &mut ast.exprs, findings);
    let expression = pairs.flatten().find(|pair| pair.as_rule() == Rule::expression);
    expression.map(|expression| builder.number(expression))
}

fn too_large(text: &str) -> Option<Diagnostic> {
    (text.len() > MAX_BYTES).then(|| {
        Diagnostic::error(codes::TEXT_TOO_LARGE, format!("this text is larger than {} MiB", MAX_BYTES >> 20))
            .at(Span::at(0), "")
            .help("large constants belong in files: `const A[m, n] from \"A.csv\"`")
    })
}

/// Whether pest gave up for lack of stack space: the caller's thread has much less of it than usual.
fn is_exhausted(error: &pest::error::Error<Rule>) -> bool {
    matches!(error.variant, ErrorVariant::CustomError { .. })
}

fn exhausted(span: Span) -> Diagnostic {
    Diagnostic::error(
        codes::NESTED_TOO_DEEP,
        "this statement is nested too deep for the stack of this thread",
    )
    .at(span, "")
    .help("name the inner parts with `let`, or parse on a thread with a larger stack")
}

/// Where in the source pest gave up.
fn failure(error: &pest::error::Error<Rule>, excerpt: &Excerpt<'_>) -> usize {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    excerpt.source(at, at).start as usize
}

struct Reader<'a> {
    text: &'a str,
    scan: &'a Scan,
    ast: Ast,
    findings: Findings,
    /// The first token of each statement.
    statements: Vec<usize>,
    /// How often a `;` was found to be missing inside a piece.
    splits: usize,
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
        self.statements.push(piece.tokens.start);
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
            Err(error) if is_exhausted(&error) => {
                self.findings.push(exhausted(site.span()));
                self.salvage(&site, piece);
                return None;
            }
            Err(error) => error,
        };
        let Explained { diagnostic, split } = explain(&site, failure(&error, &excerpt));
        // What goes wrong right after a mended spelling is a consequence of it.
        let place = diagnostic.span().unwrap_or_default();
        let mended = patches[first..last].iter().any(|patch| {
            patch.span.end <= place.start
                && self.text[patch.span.end as usize..place.start as usize].trim().is_empty()
                || patch.span.start <= place.end && place.start <= patch.span.end
        });
        if !mended {
            self.findings.push(diagnostic);
        }
        // Each split parses the rest again; more of them than are shown would cost time for nothing.
        self.splits += usize::from(split.is_some());
        let Some((end, next)) = split.filter(|_| self.splits <= MAX_DIAGNOSTICS) else {
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

    fn build(
        &mut self,
        excerpt: &Excerpt<'_>,
        pairs: pest::iterators::Pairs<'_, Rule>,
        span: Span,
        piece: &Piece,
    ) {
        let reported = self.findings.len();
        let builder = Builder::new(excerpt, &mut self.ast.exprs, &mut self.findings);
        let statement = pairs.flat_map(pest::iterators::Pair::into_inner).next();
        let kind = statement.and_then(|pair| builder.statement(pair));
        if piece.reported {
            // Brackets were closed by guess; what does not fit them is no mistake of its own.
            self.findings.truncate(reported);
        }
        if let Some(kind) = kind {
            let doc = self.doc(piece.tokens.start);
            self.ast.statements.push(Statement { kind, span, doc });
        }
    }

    fn salvage(&mut self, site: &Site<'_>, piece: &Piece) {
        for kind in salvage(site, &mut self.ast.exprs) {
            let doc = self.doc(piece.tokens.start);
            self.ast.statements.push(Statement { kind, span: site.span(), doc });
        }
    }

    /// The doc comment of the statement that begins with this token.
    fn doc(&self, token: usize) -> Option<String> {
        let docs = &self.scan.docs;
        let first = docs.partition_point(|doc| doc.statement < token);
        let lines = docs[first..].iter().take_while(|doc| doc.statement == token).map(|doc| {
            let line = doc.span.text(self.text).trim_start_matches("///").trim_end();
            line.strip_prefix(' ').unwrap_or(line)
        });
        let doc = lines.collect::<Vec<_>>().join("\n");
        (first < docs.len() && docs[first].statement == token).then_some(doc)
    }

    /// Warns of doc comments that no statement follows.
    fn misplaced_docs(&mut self) {
        let (docs, tokens) = (&self.scan.docs, &self.scan.tokens);
        let mut last: Option<Doc> = None;
        for &doc in docs {
            let stands = self.statements.binary_search(&doc.statement).is_ok();
            let before = doc.before.checked_sub(1).map(|index| tokens[index]);
            let trails = before.is_some_and(|token| {
                !self.text[token.span.end as usize..doc.span.start as usize].contains('\n')
            });
            let continues = last.replace(doc).is_some_and(|earlier| earlier.statement == doc.statement);
            let (message, help) = match (stands, trails) {
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
            self.findings.push(diagnostic);
        }
    }
}
