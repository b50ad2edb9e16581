//! Diagnostics as errors and warnings of rustc.

use crate::source::Source;
use crate::tokens::Complaint;
use cvxlayer_lang as lang;
use lang::Diagnostic;
use lang::diagnostics::caption::caption;
use lang::diagnostics::render::{Style, render};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

/// One `compile_error!` for each error, and a warning for each warning.
pub(crate) fn report(source: &Source, diagnostics: &[Diagnostic]) -> TokenStream {
    let text = lang::Source::new(source.file.as_deref().unwrap_or("model"), source.text.clone());
    diagnostics.iter().map(|diagnostic| one(source, &text, diagnostic)).collect()
}

fn one(source: &Source, text: &lang::Source, diagnostic: &Diagnostic) -> TokenStream {
    let message = if source.file.is_some() {
        // rustc points at the file's name; the excerpt is ours. rustc says `error: ` itself.
        let rendered = render(text, diagnostic, Style::Plain);
        let word = diagnostic.severity.word();
        rendered.strip_prefix(word).unwrap_or(&rendered).trim_end().to_owned()
    } else {
        caption(text, diagnostic)
    };
    let (start, end) = match diagnostic.span() {
        Some(span) => source.tokens(whole(diagnostic, span, &source.text)),
        None => (source.fallback, source.fallback),
    };
    if diagnostic.is_error() {
        let error = Complaint { message, start, end }.to_tokens();
        quote! { #error }
    } else {
        warning(diagnostic.code.id, &message, start)
    }
}

/// An operator with the operands beside it that the diagnostic also points at, else the place itself.
///
/// rustc underlines one range; the compiler's own rendering marks operators and operands apart.
fn whole(diagnostic: &Diagnostic, place: lang::Span, text: &str) -> lang::Span {
    let mut out = place;
    for label in &diagnostic.labels {
        let (part, gap) = if label.span.end <= out.start {
            (label.span, label.span.end..out.start)
        } else if out.end <= label.span.start {
            (label.span, out.end..label.span.start)
        } else {
            continue;
        };
        let between = text.get(gap.start as usize..gap.end as usize).unwrap_or(";");
        if between.chars().all(|c| c.is_whitespace() || matches!(c, '(' | ')')) {
            out = closed(out.to(part), text);
        }
    }
    out
}

/// With the brackets that it opens or closes halfway.
fn closed(span: lang::Span, text: &str) -> lang::Span {
    let (mut open, mut missing) = (0_usize, 0_usize);
    for c in span.text(text).chars() {
        match c {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' => missing += 1,
            _ => {}
        }
    }
    let (before, after) = (&text[..span.start as usize], &text[span.end as usize..]);
    let end = after.match_indices(')').take(open).last().map_or(0, |(at, _)| at + 1);
    let start = before.rmatch_indices('(').take(missing).last().map_or(before.len(), |(at, _)| at);
    lang::Span::new(start, span.end as usize + end)
}

/// A use of a deprecated constant, at the place of the warning: the only warning that a macro can have rustc say.
///
/// rustc marks one token of such a use.
fn warning(code: &str, message: &str, place: Span) -> TokenStream {
    let name = Ident::new(code, Span::call_site());
    let used = quote_spanned! { place => problem:: };
    let code = Ident::new(code, place);
    quote! {
        const _: () = {
            mod problem {
                #[deprecated(note = #message)]
                pub(super) const #name: () = ();
            }
            #used #code
        };
    }
}
