//! Finding the value of every `dim`.

use super::inputs::Inputs;
use crate::check::model::{CheckedModel, Requirement, Size};
use crate::check::size::{Poly, Unknown};
use crate::diagnostics::{Diagnostic, codes};

/// An equation `size == value` that the shape of some data states.
struct Equation {
    size: Poly,
    value: i64,
    name: String,
    axis: usize,
}

/// A value with the words for where it comes from.
type Known = (i64, String);

/// The value of each free `dim`: given by the caller, or found from the shapes of data, all of which must agree.
///
/// # Errors
/// If one stays unknown, or two sources disagree (both are named), or a shape cannot be, or a declaration needs sizes to
/// agree that do not.
pub fn bind_sizes(model: &CheckedModel, inputs: &Inputs) -> Result<Vec<i64>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    for Size { name, size, .. } in &model.sizes {
        if let (Some(value), Some(&given)) = (size.as_constant(), inputs.sizes.get(name))
            && value != given as i64
        {
            let message = format!("the size `{name}` is {value} in the model, and given as {given}");
            let mut error = Diagnostic::error(codes::SIZE_CONFLICT, message);
            if let Some(span) = model.declaration_span(name) {
                error = error.at(span, format!("fixed as {value} here"));
            }
            if let Some(origin) = inputs.origins.get(name) {
                error = error.note(format!("the value {given} is from {origin}"));
            }
            errors.push(error.help(format!("declare it without a value: `dim {name};`")));
        }
    }
    let mut values = solve(model, inputs, &mut errors);
    for (k, dim) in model.dims.iter().enumerate() {
        if values[k].is_none() && dim.rounded.is_none() && errors.is_empty() {
            errors.push(
                Diagnostic::error(codes::UNKNOWN_SIZE, format!("the size `{}` is not known", dim.name))
                    .at(dim.span, "no data has a shape that tells it")
                    .help(format!("write `dim {} = …;`, or give `{}` with the data", dim.name, dim.name)),
            );
        }
    }
    let mut numbers: Vec<i64> = values.iter().map(|v| v.as_ref().map_or(0, |(size, _)| *size)).collect();
    round_up(model, &mut numbers);
    for ((dim, value), number) in model.dims.iter().zip(&mut values).zip(&numbers) {
        if dim.rounded.is_some() {
            *value = Some((*number, "the length of a slice".to_owned()));
        }
    }
    if errors.is_empty() {
        errors
            .extend(model.requirements.iter().filter_map(|requirement| misfit(model, requirement, &values)));
    }
    if errors.is_empty() { Ok(numbers) } else { Err(errors) }
}

/// Fills in the lengths of slices with a step; one that cannot be computed is as negative as its slice is wrong.
pub(super) fn round_up(model: &CheckedModel, values: &mut [i64]) {
    for (k, dim) in model.dims.iter().enumerate() {
        let Some((size, divisor)) = &dim.rounded else { continue };
        let known = size.evaluate(&|unknown| match unknown {
            Unknown::Dim(k) => values.get(k as usize).copied(),
            Unknown::Index(_) => None,
        });
        values[k] =
            known.and_then(|size| size.checked_add(divisor - 1)).map_or(-1, |n| n.div_euclid(*divisor));
    }
}

/// For messages: what each `dim` among some unknowns is, and where its value comes from.
pub fn told(model: &CheckedModel, inputs: &Inputs, unknowns: &[Unknown]) -> Vec<String> {
    tell(model, &solve(model, inputs, &mut Vec::new()), unknowns)
}

fn tell(model: &CheckedModel, values: &[Option<Known>], unknowns: &[Unknown]) -> Vec<String> {
    let known = unknowns.iter().filter_map(|unknown| match unknown {
        Unknown::Dim(k) => Some((&model.dims[*k as usize].name, values[*k as usize].as_ref()?)),
        Unknown::Index(_) => None,
    });
    known.map(|(name, (value, source))| format!("`{name}` is {value}, from {source}")).collect()
}

/// `, from "data.json"`, where that is known.
fn from(inputs: &Inputs, name: &str) -> String {
    inputs.origins.get(name).map_or_else(String::new, |origin| format!(", from {origin}"))
}

/// The words for where the value of a name comes from.
fn whence(inputs: &Inputs, name: &str, otherwise: &str) -> String {
    inputs.origins.get(name).map_or_else(|| otherwise.to_owned(), |origin| format!("{otherwise} ({origin})"))
}

fn solve(model: &CheckedModel, inputs: &Inputs, errors: &mut Vec<Diagnostic>) -> Vec<Option<Known>> {
    let mut values: Vec<Option<Known>> = vec![None; model.dims.len()];
    for (k, dim) in model.dims.iter().enumerate() {
        if let Some(&size) = inputs.sizes.get(&dim.name) {
            values[k] = Some((size as i64, whence(inputs, &dim.name, "the caller")));
        }
    }
    let mut equations = equations(model, inputs, errors);
    // Each round solves the equations with one unknown left; `p[T+1]` gives T.
    loop {
        let before = equations.len();
        equations.retain(|equation| {
            let Some(size) = reduce(&equation.size, &values) else {
                errors.push(impossible(model, inputs, equation));
                return false;
            };
            match size.unknowns()[..] {
                [] => verify(model, inputs, equation, &values, errors),
                [unknown @ Unknown::Dim(k)] => {
                    let Some((factor, rest)) = size.linear_in(unknown) else { return true };
                    let (Some(rest), true) = (rest.as_constant(), factor != 0) else { return true };
                    let Some(difference) = equation.value.checked_sub(rest) else { return true };
                    if difference % factor != 0 || difference / factor < 0 {
                        errors.push(impossible(model, inputs, equation));
                    } else {
                        let name = whence(inputs, &equation.name, &format!("`{}`", equation.name));
                        let source =
                            format!("{name}, whose {} is {}", ordinal(equation.axis), equation.value);
                        values[k as usize] = Some((difference / factor, source));
                    }
                }
                _ => return true,
            }
            false
        });
        if equations.len() == before {
            return values;
        }
    }
}

/// The error for a requirement that does not hold.
fn misfit(model: &CheckedModel, requirement: &Requirement, values: &[Option<Known>]) -> Option<Diagnostic> {
    let value = |size: &Poly| reduce(size, values).and_then(|size| size.as_constant());
    let (given, declared) = (value(&requirement.given), value(&requirement.declared));
    if given == declared && given.is_some() {
        return None;
    }
    let words = |size: &Poly, value: Option<i64>| match (size.as_constant(), value) {
        (None, Some(value)) => format!("`{}` = {value}", model.tree.show(size)),
        _ => model.tree.show(size),
    };
    let error = Diagnostic::error(
        codes::SHAPE_MISMATCH,
        format!(
            "{} has size {} where the declaration says {}",
            requirement.what,
            words(&requirement.given, given),
            words(&requirement.declared, declared)
        ),
    );
    let mut unknowns = requirement.given.unknowns();
    unknowns.extend(requirement.declared.unknowns());
    Some(tell(model, values, &unknowns).into_iter().fold(error.at(requirement.span, ""), Diagnostic::note))
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
                    format!("`{name}` is {declared}, and its value has {}", axes(given.len())),
                )
                .at(span, format!("declared here as {declared}"))
                .note(format!("the value has shape {given:?}{}", from(inputs, name))),
            );
            continue;
        }
        for (axis, (size, &value)) in shape.iter().zip(given).enumerate() {
            out.push(Equation { size: size.clone(), value: value as i64, name: name.clone(), axis });
        }
    }
    out
}

/// A size with the known values put in; nothing if arithmetic overflows.
fn reduce(size: &Poly, values: &[Option<Known>]) -> Option<Poly> {
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
    inputs: &Inputs,
    equation: &Equation,
    values: &[Option<Known>],
    errors: &mut Vec<Diagnostic>,
) {
    let found = reduce(&equation.size, values).and_then(|size| size.as_constant());
    if found == Some(equation.value) {
        return;
    }
    let size = model.tree.show(&equation.size);
    let wanted = match found {
        Some(value) if size != value.to_string() => format!("`{size}` = {value}"),
        _ => size,
    };
    let message = format!(
        "the {} of {} is {}, and should be {wanted}",
        ordinal(equation.axis),
        whence(inputs, &equation.name, &format!("`{}`", equation.name)),
        equation.value,
    );
    let error = declared(model, equation, Diagnostic::error(codes::SIZE_CONFLICT, message));
    errors.push(tell(model, values, &equation.size.unknowns()).into_iter().fold(error, Diagnostic::note));
}

fn impossible(model: &CheckedModel, inputs: &Inputs, equation: &Equation) -> Diagnostic {
    let size = model.tree.show(&equation.size);
    let message = format!(
        "the {} of {} is {}, which `{size}` cannot be",
        ordinal(equation.axis),
        whence(inputs, &equation.name, &format!("`{}`", equation.name)),
        equation.value
    );
    declared(model, equation, Diagnostic::error(codes::SIZE_CONFLICT, message))
        .note("sizes are whole numbers that are not negative")
}

/// Points at the declaration that an equation is about.
fn declared(model: &CheckedModel, equation: &Equation, error: Diagnostic) -> Diagnostic {
    match model.declaration_span(&equation.name) {
        Some(span) => {
            let size = model.tree.show(&equation.size);
            error.at(span, format!("declared here with {} `{size}`", ordinal(equation.axis)))
        }
        None => error,
    }
}

fn ordinal(axis: usize) -> &'static str {
    if axis == 0 { "first size" } else { "second size" }
}

fn axes(count: usize) -> String {
    match count {
        0 => "no axes".to_owned(),
        1 => "1 axis".to_owned(),
        n => format!("{n} axes"),
    }
}
