//! Finding the value of every `dim`.

use super::inputs::Inputs;
use crate::check::model::CheckedModel;
use crate::check::size::{Poly, Unknown};
use crate::diagnostics::{Diagnostic, codes};

/// An equation `size == value` that the shape of some data states.
struct Equation {
    size: Poly,
    value: i64,
    name: String,
    axis: usize,
}

/// The value of each free `dim`: given by the caller, or found from the shapes of data, all of which must agree.
///
/// # Errors
/// If one stays unknown, or two sources disagree (both are named), or a shape cannot be.
pub fn bind_sizes(model: &CheckedModel, inputs: &Inputs) -> Result<Vec<i64>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut values: Vec<Option<(i64, String)>> = vec![None; model.dims.len()];
    for (k, dim) in model.dims.iter().enumerate() {
        if let Some(&size) = inputs.sizes.get(&dim.name) {
            values[k] = Some((size as i64, "the caller".to_owned()));
        }
    }
    for (name, size) in &model.sizes {
        if let (Some(value), Some(&given)) = (size.as_constant(), inputs.sizes.get(name))
            && value != given as i64
        {
            let message = format!("the size `{name}` is {value} in the model, and given as {given}");
            errors.push(Diagnostic::error(codes::SIZE_CONFLICT, message));
        }
    }
    let mut equations = equations(model, inputs, &mut errors);
    // Each round solves the equations with one unknown left; `p[T+1]` gives T.
    loop {
        let before = equations.len();
        equations.retain(|equation| {
            let Some(size) = reduce(&equation.size, &values) else {
                errors.push(impossible(model, equation));
                return false;
            };
            match size.unknowns()[..] {
                [] => verify(model, equation, &values, &mut errors),
                [unknown @ Unknown::Dim(k)] => {
                    let Some((factor, rest)) = size.linear_in(unknown) else { return true };
                    let (Some(rest), true) = (rest.as_constant(), factor != 0) else { return true };
                    let difference = equation.value - rest;
                    if difference % factor != 0 || difference / factor < 0 {
                        errors.push(impossible(model, equation));
                    } else {
                        let (axis, name) = (ordinal(equation.axis), &equation.name);
                        let source = format!("`{name}`, whose {axis} is {}", equation.value);
                        values[k as usize] = Some((difference / factor, source));
                    }
                }
                _ => return true,
            }
            false
        });
        if equations.len() == before {
            break;
        }
    }
    for (k, dim) in model.dims.iter().enumerate() {
        if values[k].is_none() && errors.is_empty() {
            errors.push(
                Diagnostic::error(codes::UNKNOWN_SIZE, format!("the size `{}` is not known", dim.name))
                    .at(dim.span, "no data has a shape that tells it")
                    .help(format!("write `dim {} = …;`, or give `{}` with the data", dim.name, dim.name)),
            );
        }
    }
    if errors.is_empty() {
        Ok(values.into_iter().map(|v| v.map_or(0, |(size, _)| size)).collect())
    } else {
        Err(errors)
    }
}

fn equations(model: &CheckedModel, inputs: &Inputs, errors: &mut Vec<Diagnostic>) -> Vec<Equation> {
    let mut out = Vec::new();
    let parameters = model.parameters.iter().map(|p| (&p.name, &p.shape, p.span));
    let constants = model.constants.iter().filter(|c| c.init.is_none()).map(|c| (&c.name, &c.shape, c.span));
    for (name, shape, span) in parameters.chain(constants) {
        let Some(given) = inputs.shapes.get(name) else { continue };
        if given.len() != shape.len() {
            let declared = model.tree.show_shape(shape);
            errors.push(
                Diagnostic::error(
                    codes::DATA_SHAPE,
                    format!("`{name}` is {declared}, and its value has {} axes", given.len()),
                )
                .at(span, format!("declared here as {declared}"))
                .note(format!("the value has shape {given:?}")),
            );
            continue;
        }
        for (axis, (size, &value)) in shape.iter().zip(given).enumerate() {
            out.push(Equation { size: size.clone(), value: value as i64, name: name.clone(), axis });
        }
    }
    out
}

fn reduce(size: &Poly, values: &[Option<(i64, String)>]) -> Option<Poly> {
    let mut out = size.clone();
    for unknown in size.unknowns() {
        if let Unknown::Dim(k) = unknown
            && let Some((value, _)) = &values[k as usize]
        {
            out = out.substitute(unknown, &Poly::constant(*value)).ok()?;
        }
    }
    Some(out)
}

fn verify(
    model: &CheckedModel,
    equation: &Equation,
    values: &[Option<(i64, String)>],
    errors: &mut Vec<Diagnostic>,
) {
    let found = reduce(&equation.size, values).and_then(|size| size.as_constant());
    if found == Some(equation.value) {
        return;
    }
    let size = model.tree.show(&equation.size);
    let mut error = Diagnostic::error(
        codes::SIZE_CONFLICT,
        format!(
            "the {} of `{}` is {}, and should be {}",
            ordinal(equation.axis),
            equation.name,
            equation.value,
            found.map_or_else(
                || size.clone(),
                |value| if size == value.to_string() { size.clone() } else { format!("`{size}` = {value}") }
            ),
        ),
    );
    if let Some(span) = model.declaration_span(&equation.name) {
        error = error.at(span, "declared here");
    }
    for unknown in equation.size.unknowns() {
        if let Unknown::Dim(k) = unknown
            && let Some((value, source)) = &values[k as usize]
        {
            error = error.note(format!("`{}` is {value}, from {source}", model.dims[k as usize].name));
        }
    }
    errors.push(error);
}

fn impossible(model: &CheckedModel, equation: &Equation) -> Diagnostic {
    let size = model.tree.show(&equation.size);
    let message = format!(
        "the {} of `{}` is {}, which `{size}` cannot be",
        ordinal(equation.axis),
        equation.name,
        equation.value
    );
    let error = Diagnostic::error(codes::SIZE_CONFLICT, message);
    match model.declaration_span(&equation.name) {
        Some(span) => error.at(span, "declared here"),
        None => error,
    }
}

fn ordinal(axis: usize) -> &'static str {
    if axis == 0 { "first size" } else { "second size" }
}
