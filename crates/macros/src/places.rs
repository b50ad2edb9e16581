//! Where the program's parameters and outputs live in the generated structs: the implementation of `Problem`.

use crate::items::Names;
use crate::plan::{Field, Plan};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

/// Implements `Problem` for the layer.
pub(crate) fn problem(names: &Names, plan: &Plan) -> TokenStream {
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
