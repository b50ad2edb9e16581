//! The road from the macro's tokens to what it leaves.

use crate::header::{self, Body, Request};
use crate::items::{Compiled, items};
use crate::plan::{is_closed, plan};
use crate::report::report;
use crate::source::Source;
use crate::tokens::Complaint;
use cvxlayer_lang::diagnostics::any_error;
use cvxlayer_lang::{CheckedModel, Inputs, check, lower};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use std::path::Path;

/// Expands `problem! { … }` in the package of a folder.
///
/// Whatever is wrong with a model, its items are there, so that their uses are no errors of their own.
pub(crate) fn expand(input: TokenStream, folder: &Path) -> TokenStream {
    let request = match header::read(input) {
        Ok(request) => request,
        Err(complaint) => return complaint.to_tokens(),
    };
    let mut watched = TokenStream::new();
    let source = match &request.body {
        Body::Tokens(tokens) => Source::from_tokens(tokens.clone(), request.name.span()),
        Body::File { path, span } => match std::fs::read_to_string(folder.join(path)) {
            Ok(text) => {
                let below = format!("/{path}");
                watched = quote! {
                    const _: &[::core::primitive::u8] =
                        ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #below));
                };
                Source::from_file(path, text, *span)
            }
            Err(error) => {
                let message = format!(
                    "the model `{path}` cannot be read: {error}\nnote: paths are relative to the package's manifest"
                );
                let complaint = Complaint::new(*span, message).to_tokens();
                let source = Source::from_file(path, String::new(), *span);
                let stub = stub(&request, &CheckedModel::default(), &source);
                return quote! { #complaint #stub };
            }
        },
    };

    let checked = check(&source.text);
    let mut diagnostics = checked.diagnostics;
    let model = checked.model;
    let mut program = None;
    let mut complaints: Vec<Complaint> = Vec::new();
    if !any_error(&diagnostics) {
        complaints = unsupported(&model, &source, &request);
        if is_closed(&model) {
            match lower(&model, &Inputs::default()) {
                Ok(lowered) => program = Some(lowered),
                Err(errors) => diagnostics.extend(errors),
            }
        }
    }
    let reported = report(&source, &diagnostics);
    let complained: TokenStream = complaints.iter().map(Complaint::to_tokens).collect();
    if any_error(&diagnostics) || !complaints.is_empty() {
        let stub = stub(&request, &model, &source);
        return quote! { #watched #reported #complained #stub };
    }
    let plan = plan(&model, program.as_ref(), &source);
    let compiled = match &program {
        Some(program) => Compiled::Now(program),
        None => Compiled::Later(&source),
    };
    let items = items(&request, &model, &plan, &compiled);
    quote! { #watched #reported #items }
}

/// The items of a model that is broken.
fn stub(request: &Request, model: &CheckedModel, source: &Source) -> TokenStream {
    items(request, model, &plan(model, None, source), &Compiled::Never)
}

/// What the language has and the macro has not.
fn unsupported(model: &CheckedModel, source: &Source, request: &Request) -> Vec<Complaint> {
    let mut out = Vec::new();
    let mut complain =
        |(start, end): (Span, Span), message: String| out.push(Complaint { message, start, end });
    for constant in model.constants.iter().filter(|c| c.file.is_some()) {
        let name = &constant.name;
        complain(
            source.tokens(constant.file_span),
            format!(
                "`problem!` does not read the values of constants from files\n\
                 help: name a Rust constant, `const {name} = {{…}};`, or leave the value open, and give it to `new`"
            ),
        );
    }
    if !is_closed(model) && !cfg!(feature = "lang") {
        let dims = model.dims.iter().map(|d| (&d.name, d.span, "the size"));
        let constants = model.constants.iter().filter(|c| c.init.is_none());
        let constants = constants.map(|c| (&c.name, c.span, "the constant"));
        let sparse = model.parameters.iter().filter(|p| p.kind.sparse);
        let open = dims.chain(constants).chain(sparse.map(|p| (&p.name, p.span, "the pattern of")));
        if let Some((name, span, what)) = open.into_iter().next() {
            complain(
                source.tokens(span),
                format!(
                    "{what} `{name}` is open, so `{}` is compiled when the program runs\n\
                     help: enable the feature `lang` of `cvxlayer`, or fix every size and constant in the model",
                    request.name
                ),
            );
        }
    }
    out
}
