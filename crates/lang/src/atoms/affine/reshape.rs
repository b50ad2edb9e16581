//! The same entries in another shape.

use crate::atoms::prelude::*;
use crate::atoms::rearrange::Positions;

/// `reshape`
pub static RESHAPE: Rearrange = Rearrange {
    row: &Row {
        name: "reshape",
        signature: "reshape(x, [m, n], order=\"C\")",
        arguments: (2, 3),
        options: &["order"],
        summary: "the same entries in another shape",
        formula: "entries by rows (order \"C\") or by columns (\"F\")",
        shape: "[m, n]",
        example: "var x[6]; minimize norm1(reshape(x - 1, [2, 3], order=\"F\") @ [1, 0, 2]);",
        ..Row::AFFINE
    },
    shape: |call| {
        let shape = sizes(call, 1)?;
        if !call.agree(&count(&shape), &count(call.shape(0))) {
            return Err(Refusal::shape(format!(
                "{} does not have the entries of {}",
                call.tree.show_shape(&shape),
                call.show(0)
            ))
            .label(0, format!("this has {} entries", call.tree.show(&count(call.shape(0))))));
        }
        needs_order(call, "reshape", &[&shape, call.shape(0)])?;
        Ok(shape)
    },
    positions: |call, from, _| Ok(order(call, from)),
    fills: false,
};

/// `vec`
pub static VEC: Rearrange = Rearrange {
    row: &Row {
        name: "vec",
        aliases: &["flatten", "ravel", "deep_flatten"],
        signature: "vec(X, order=\"F\")",
        options: &["order"],
        summary: "all entries as a vector",
        formula: "entries by rows (order \"C\") or by columns (\"F\")",
        shape: "the vector of all entries",
        example: "var X[2, 3]; minimize max(vec(X, order=\"C\") - [1, 2, 3, 4, 5, 6]) + norm1(X);",
        ..Row::AFFINE
    },
    shape: |call| {
        needs_order(call, "vec", &[call.shape(0)])?;
        Ok(vec![count(call.shape(0))])
    },
    positions: |call, from, _| Ok(order(call, from)),
    fills: false,
};

/// `squeeze`
pub static SQUEEZE: Rearrange = Rearrange {
    row: &Row {
        name: "squeeze",
        signature: "squeeze(X)",
        options: &["axis"],
        summary: "without axes of size 1",
        formula: "the same entries",
        shape: "that of X without its sizes that are the literal 1",
        example: "var X[3, 1]; minimize norm1(squeeze(X) - [1, 2, 3]);",
        ..Row::AFFINE
    },
    shape: |call| {
        let shape = call.shape(0);
        let axis = call.axis(shape.len())?;
        if let Some(axis) = axis
            && !call.agree(&shape[axis], &Poly::constant(1))
        {
            return Err(Refusal::shape("only an axis of size 1 can be squeezed")
                .label(0, format!("this is {}", call.show(0))));
        }
        let kept = |k: usize, size: &Poly| axis.map_or(!size.is(1), |axis| axis != k);
        Ok(shape.iter().enumerate().filter(|(k, s)| kept(*k, s)).map(|(_, s)| s.clone()).collect())
    },
    positions: |_, _, _| Ok(None),
    fills: false,
};

/// How many entries a shape has.
fn count(shape: &[Poly]) -> Poly {
    shape.iter().try_fold(Poly::constant(1), |p, s| p.mul(s)).unwrap_or_default()
}

/// NumPy goes by rows and CVXPY by columns, so that a matrix must say which.
fn needs_order(call: &Call<'_>, name: &str, shapes: &[&[Poly]]) -> Result<(), Refusal> {
    let matrix = |shape: &[Poly]| shape.len() == 2 && !shape.iter().any(|s| s.is(1));
    match call.text_option("order") {
        Some("C" | "F") => Ok(()),
        Some(_) => Err(Refusal::argument("the order is \"C\" (by rows) or \"F\" (by columns)")),
        None if shapes.iter().any(|s| matrix(s)) => Err(Refusal::argument(format!(
            "`{name}` of a matrix must say its order, since NumPy and CVXPY differ"
        ))
        .help("`order=\"C\"` goes by rows as NumPy does, `order=\"F\"` by columns as CVXPY does")),
        None => Ok(()),
    }
}

/// The position of each entry of the result by columns; `None` by rows.
fn order(call: &Application<'_>, from: Shape) -> Positions {
    if call.text_option("order") != Some("F") {
        return None;
    }
    let axes = |shape: Shape| match shape {
        Shape::Matrix(m, n) => (m, n),
        other => (other.len(), 1),
    };
    let ((m, n), (p, q)) = (axes(call.shape), axes(from));
    let position = |k: usize| {
        let by_columns = (k % n) * m + k / n;
        ((by_columns % p.max(1)) * q + by_columns / p.max(1)) as u32
    };
    Some((0..m * n).map(position).collect())
}
