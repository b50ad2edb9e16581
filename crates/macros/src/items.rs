//! The generated items.

use crate::embed;
use crate::header::Request;
use crate::plan::{Field, Plan, Type};
use crate::source::Source;
use cvxlayer_lang::CheckedModel;
use cvxlayer_program::Program;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

/// When the model becomes a program.
pub(crate) enum Compiled<'a> {
    /// Already: the program is written out.
    Now(&'a Program),
    /// When the layer is made: the text is written out.
    Later(&'a Source),
    /// It does not: the model is broken, and what is generated only has the right names and types.
    Never,
}

/// The names of the generated structs.
struct Names {
    layer: Ident,
    params: Ident,
    solution: Ident,
    duals: Ident,
    bounds: Ident,
    data: Ident,
}

/// All items of a problem.
pub(crate) fn items(
    request: &Request,
    model: &CheckedModel,
    plan: &Plan,
    compiled: &Compiled,
) -> TokenStream {
    let name = &request.name;
    // A part's name resolves like the layer's and is blamed on it.
    let part = |suffix: &str| format_ident!("{name}{suffix}", span = name.span());
    let names = Names {
        layer: name.clone(),
        params: part("Params"),
        solution: part("Solution"),
        duals: part("Duals"),
        bounds: part("Bounds"),
        data: part("Data"),
    };
    let structs = structs(request, &names, plan);
    let layer = layer(request, model, &names, plan, compiled);
    let problem = problem(&names, plan);
    quote! { #structs #layer #problem }
}

/// The struct of some fields, with `zeros`.
fn record(
    request: &Request,
    name: &Ident,
    doc: &str,
    fields: &[(Ident, String, TokenStream)],
) -> TokenStream {
    let visibility = &request.visibility;
    let (idents, docs, types) = columns(fields);
    let serde = serde();
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        #serde
        #[allow(non_snake_case, dead_code)]
        #visibility struct #name {
            #( #[doc = #docs] #visibility #idents: #types, )*
        }
    }
}

type Columns<'a> = (Vec<&'a Ident>, Vec<&'a String>, Vec<&'a TokenStream>);

fn columns(fields: &[(Ident, String, TokenStream)]) -> Columns<'_> {
    let idents = fields.iter().map(|(ident, _, _)| ident).collect();
    (idents, fields.iter().map(|f| &f.1).collect(), fields.iter().map(|f| &f.2).collect())
}

fn serde() -> TokenStream {
    if cfg!(feature = "serde") {
        quote! {
            #[derive(::cvxlayer::serde::Serialize, ::cvxlayer::serde::Deserialize)]
            #[serde(crate = "::cvxlayer::serde")]
        }
    } else {
        TokenStream::new()
    }
}

/// A struct literal of zeros.
fn zeros(fields: &[(Ident, String, TokenStream)]) -> TokenStream {
    let (idents, _, types) = columns(fields);
    quote!(Self { #( #idents: <#types as ::cvxlayer::typed::Field>::zeros(), )* })
}

fn listed(fields: &[Field]) -> Vec<(Ident, String, TokenStream)> {
    fields.iter().map(|f| (f.ident.clone(), f.doc.clone(), f.kind.tokens())).collect()
}

/// The structs of parameters, solutions, duals, bounds and data.
fn structs(request: &Request, names: &Names, plan: &Plan) -> TokenStream {
    let Names { layer, params, solution, duals, bounds, data } = names;
    let visibility = &request.visibility;
    let mut out = TokenStream::new();

    let fields = listed(&plan.parameters);
    let doc = format!("Parameters of [`{layer}`], or derivatives by them.");
    out.extend(record(request, params, &doc, &fields));
    let zero = zeros(&fields);
    out.extend(quote! {
        #[allow(dead_code)]
        impl #params {
            /// All zero where sizes are fixed, and empty, which stands for zeros, where they are not.
            #visibility fn zeros() -> Self { #zero }
        }
    });

    let mut fields = listed(&plan.variables);
    fields.extend(listed(&plan.lets));
    if let Some(objective) = &plan.objective {
        let doc = "The objective, in the sense of the model; not a number where there is none.".to_owned();
        fields.push((objective.clone(), doc, Type::Scalar.tokens()));
    }
    for (field, name, doc, inner) in [
        (&plan.dual_field, duals, "The duals of labelled constraints.", &plan.duals),
        (&plan.bound_field, bounds, "The duals of variables' bounds.", &plan.bounds),
    ] {
        let Some(field) = field else { continue };
        fields.push((field.clone(), doc.to_owned(), quote!(#name)));
        let inner = listed(inner);
        out.extend(record(request, name, &format!("{} of [`{layer}`].", doc.trim_end_matches('.')), &inner));
        out.extend(default(name, &zeros(&inner)));
    }
    let doc = format!("A solution of [`{layer}`], or derivatives of it, or by it.");
    out.extend(record(request, solution, &doc, &fields));
    let zero = fields.iter().map(|(ident, _, kind)| {
        let nested = [&plan.dual_field, &plan.bound_field].into_iter().flatten().any(|f| f == ident);
        if nested {
            quote!(#ident: ::core::default::Default::default(),)
        } else {
            quote!(#ident: <#kind as ::cvxlayer::typed::Field>::zeros(),)
        }
    });
    out.extend(default(solution, &quote!(Self { #( #zero )* })));

    if !plan.open.is_empty() {
        let fields = listed(&plan.open);
        let (idents, docs, types) = columns(&fields);
        let doc = format!("What the model of [`{layer}`] leaves open.");
        out.extend(quote! {
            #[doc = #doc]
            #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
            #[allow(non_snake_case, dead_code)]
            #visibility struct #data {
                #( #[doc = #docs] #visibility #idents: #types, )*
            }
        });
    }
    out
}

fn default(name: &Ident, zero: &TokenStream) -> TokenStream {
    quote! {
        /// All zero where sizes are fixed, and empty, which stands for zeros, where they are not.
        impl ::core::default::Default for #name {
            fn default() -> Self { #zero }
        }
    }
}

/// The layer and its methods.
fn layer(
    request: &Request,
    model: &CheckedModel,
    names: &Names,
    plan: &Plan,
    compiled: &Compiled,
) -> TokenStream {
    let Names { layer, params, solution, .. } = names;
    let visibility = &request.visibility;
    let mut docs: Vec<&str> = request.docs.iter().map(String::as_str).collect();
    if docs.is_empty() {
        docs.extend(model.doc.as_deref());
    }
    let fallback = format!("The problem `{layer}`.");
    if docs.is_empty() {
        docs.push(&fallback);
    }
    let constructors = constructors(request, names, plan, compiled);
    let given = given(request, names, plan);
    quote! {
        #( #[doc = #docs] )*
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #visibility struct #layer {
            layer: ::cvxlayer::typed::TypedLayer<#layer>,
        }

        #[allow(dead_code, non_snake_case)]
        impl #layer {
            #constructors
            #given

            /// Solves the problem. Infeasible, unbounded and unfinished problems are statuses of what is returned.
            ///
            /// # Errors
            /// If a value has another size than the model says or is outside its domain (all such values are reported),
            /// or the problem is not convex at these parameters.
            #visibility fn solve(
                &self,
                params: &#params,
            ) -> ::core::result::Result<::cvxlayer::Solved<Self>, ::cvxlayer::Error> {
                self.layer.solve(params)
            }

            /// As `solve`, starting from an earlier solution.
            ///
            /// # Errors
            /// As `solve`.
            #visibility fn solve_from(
                &self,
                params: &#params,
                earlier: &::cvxlayer::Solved<Self>,
            ) -> ::core::result::Result<::cvxlayer::Solved<Self>, ::cvxlayer::Error> {
                self.layer.solve_from(params, ::core::option::Option::Some(earlier))
            }

            /// Solves the problem at each of several parameters; one that fails stops no other.
            #visibility fn solve_batch(
                &self,
                batch: &[#params],
            ) -> ::std::vec::Vec<::core::result::Result<::cvxlayer::Solved<Self>, ::cvxlayer::Error>> {
                self.layer.solve_batch(batch)
            }

            /// Memory for `solve_in`; one per thread.
            #visibility fn workspace(&self) -> ::cvxlayer::typed::Workspace<Self> {
                self.layer.workspace()
            }

            /// As `solve`, into a solution and memory at hand, without allocation where the problem is small.
            ///
            /// # Errors
            /// As `solve`.
            #visibility fn solve_in(
                &self,
                params: &#params,
                workspace: &mut ::cvxlayer::typed::Workspace<Self>,
                solution: &mut #solution,
            ) -> ::core::result::Result<::cvxlayer::Status, ::cvxlayer::Error> {
                self.layer.solve_in(params, workspace, solution)
            }

            /// The layer without types.
            #visibility fn untyped(&self) -> &::cvxlayer::Layer {
                self.layer.untyped()
            }
        }
    }
}

/// `new` and `with_settings`.
fn constructors(request: &Request, names: &Names, plan: &Plan, compiled: &Compiled) -> TokenStream {
    let visibility = &request.visibility;
    let data = &names.data;
    let result = quote!(::core::result::Result<Self, ::cvxlayer::Error>);
    let (argument, pass) = if plan.open.is_empty() {
        (TokenStream::new(), TokenStream::new())
    } else {
        (quote!(data: &#data,), quote!(data,))
    };
    let body = match compiled {
        Compiled::Now(program) => {
            // The text of a program that the macro wrote is always tokens.
            let program: TokenStream = embed::expression(program).parse().unwrap_or_default();
            quote! {
                #[allow(unused_imports, clippy::all, clippy::pedantic)]
                fn program() -> ::cvxlayer::program::Program {
                    use ::cvxlayer::typed::emit::*;
                    static PROGRAM: Program = #program;
                    ::core::clone::Clone::clone(&PROGRAM)
                }
                ::core::result::Result::Ok(Self {
                    layer: ::cvxlayer::typed::TypedLayer::new(program(), settings)?,
                })
            }
        }
        Compiled::Later(source) => later(names, plan, source),
        Compiled::Never => quote! { let _ = settings; ::core::unimplemented!() },
    };
    let compiles = match compiled {
        Compiled::Now(_) => " Analyses the problem, which the macro compiled.",
        _ => " Compiles and analyses the problem.",
    };
    quote! {
        #[doc = #compiles]
        ///
        /// # Errors
        /// If sizes or constants do not fit together, or an expression of constants has no value.
        #visibility fn new(#argument) -> #result {
            Self::with_settings(#pass ::core::default::Default::default())
        }

        /// As `new`, with settings of the engine.
        ///
        /// # Errors
        /// As `new`, and if the engine refuses the settings.
        #visibility fn with_settings(#argument settings: ::cvxlayer::Settings) -> #result {
            #body
        }
    }
}

/// Compiles the text with what was left open.
fn later(names: &Names, plan: &Plan, source: &Source) -> TokenStream {
    let text = &source.text;
    let file = source.file.clone().unwrap_or_else(|| names.layer.to_string());
    let open = plan.open.iter().map(|field| {
        let Field { ident, name, rank, .. } = field;
        match field.kind {
            Type::Size => quote!(given.set(#name, data.#ident as ::core::primitive::f64);),
            Type::Array => quote!(given.set(#name, ::core::clone::Clone::clone(&data.#ident));),
            _ => quote!(given.set(#name, ::cvxlayer::typed::array(&data.#ident, #rank));),
        }
    });
    let sizes = plan.sizes.iter().map(|size| {
        let (name, value) = (&size.name, &size.value);
        quote_spanned! { size.span =>
            const SIZE: ::core::primitive::usize = #value;
            given.set(#name, SIZE as ::core::primitive::f64);
        }
    });
    quote! {
        let mut given = ::cvxlayer::Data::new();
        #( #open )*
        #( { #sizes } )*
        ::core::result::Result::Ok(Self {
            layer: ::cvxlayer::typed::TypedLayer::compile(#file, #text, &given, settings)?,
        })
    }
}

/// `params`, where some parameters have defaults.
fn given(request: &Request, names: &Names, plan: &Plan) -> TokenStream {
    if plan.parameters.iter().all(|p| !p.optional) {
        return TokenStream::new();
    }
    let visibility = &request.visibility;
    let params = &names.params;
    let required: Vec<&Field> = plan.parameters.iter().filter(|p| !p.optional).collect();
    let idents: Vec<&Ident> = required.iter().map(|p| &p.ident).collect();
    let types = required.iter().map(|p| p.kind.tokens());
    let out = Ident::new("out", Span::mixed_site());
    quote! {
        /// Parameters with the values given, and the others at their defaults.
        #visibility fn params(&self, #( #idents: #types ),*) -> #params {
            #[allow(unused_mut)]
            let mut #out = self.layer.defaults();
            #( #out.#idents = #idents; )*
            #out
        }
    }
}

/// Where the program's parameters and outputs live in the structs.
fn problem(names: &Names, plan: &Plan) -> TokenStream {
    let Names { layer, params, solution, .. } = names;
    let some = quote!(::core::option::Option::Some);
    let positions = |fields: &[Field]| -> Vec<usize> { fields.iter().map(|f| f.position).collect() };
    let idents = |fields: &[Field]| -> Vec<Ident> { fields.iter().map(|f| f.ident.clone()).collect() };
    let (p, p_at) = (idents(&plan.parameters), positions(&plan.parameters));

    let mut places: Vec<(TokenStream, TokenStream)> = Vec::new();
    for (kind, within, fields) in [
        ("Variable", None, &plan.variables),
        ("Let", None, &plan.lets),
        ("Dual", plan.dual_field.as_ref(), &plan.duals),
        ("Bound", plan.bound_field.as_ref(), &plan.bounds),
    ] {
        let kind = Ident::new(kind, Span::call_site());
        for Field { ident, position, .. } in fields {
            let place = within.map_or_else(|| quote!(#ident), |within| quote!(#within.#ident));
            places.push((quote!(#kind(#position)), place));
        }
    }
    places.extend(plan.objective.iter().map(|objective| (quote!(Objective), quote!(#objective))));
    let (outputs, fields): (Vec<_>, Vec<_>) = places.into_iter().unzip();

    let constants = plan.constants.iter().map(|c| {
        let (position, kind, value) = (c.position, &c.kind, &c.value);
        // A value of another type is an error at the user's expression.
        let value = quote_spanned!(c.span => const VALUE: #kind = #value;);
        quote!(#position => { #value #some(&VALUE) })
    });
    let field = quote!(dyn ::cvxlayer::typed::Field);
    quote! {
        #[allow(unused_variables, clippy::all, clippy::pedantic)]
        impl ::cvxlayer::typed::Problem for #layer {
            type Params = #params;
            type Solution = #solution;

            fn zero_params() -> #params { <#params>::zeros() }

            fn zero_solution() -> #solution { ::core::default::Default::default() }

            fn parameter(params: &#params, position: ::core::primitive::usize) -> ::core::option::Option<&#field> {
                match position {
                    #( #p_at => #some(&params.#p), )*
                    _ => ::core::option::Option::None,
                }
            }

            fn parameter_mut(
                params: &mut #params,
                position: ::core::primitive::usize,
            ) -> ::core::option::Option<&mut #field> {
                match position {
                    #( #p_at => #some(&mut params.#p), )*
                    _ => ::core::option::Option::None,
                }
            }

            fn constant(position: ::core::primitive::usize) -> ::core::option::Option<&'static #field> {
                match position {
                    #( #constants )*
                    _ => ::core::option::Option::None,
                }
            }

            fn output(
                solution: &#solution,
                output: ::cvxlayer::typed::Output,
            ) -> ::core::option::Option<&#field> {
                match output {
                    #( ::cvxlayer::typed::Output::#outputs => #some(&solution.#fields), )*
                    _ => ::core::option::Option::None,
                }
            }

            fn output_mut(
                solution: &mut #solution,
                output: ::cvxlayer::typed::Output,
            ) -> ::core::option::Option<&mut #field> {
                match output {
                    #( ::cvxlayer::typed::Output::#outputs => #some(&mut solution.#fields), )*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}
