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
        Some(span) => source.tokens(span),
        None => (source.fallback, source.fallback),
    };
    if diagnostic.is_error() {
        let error = Complaint { message, start, end }.to_tokens();
        quote! { #error }
    } else {
        warning(diagnostic.code.id, &message, start, end)
    }
}

/// A use of a deprecated constant, at the place of the warning: the only warning that a macro can have rustc say.
fn warning(code: &str, message: &str, start: Span, end: Span) -> TokenStream {
    let warned = Ident::new("problem", start);
    let code_here = Ident::new(code, end);
    let name = Ident::new(code, Span::call_site());
    let used = quote_spanned! { end => #warned::#code_here };
    quote! {
        const _: () = {
            mod problem {
                #[deprecated(note = #message)]
                pub(super) const #name: () = ();
            }
            #used
        };
    }
}
