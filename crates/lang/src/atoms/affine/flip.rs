//! Entries in the opposite order, moved around, and axes exchanged.

use crate::atoms::prelude::*;

/// `flip`
pub static FLIP: Rearrange = Rearrange {
    row: &Row {
        name: "flip",
        signature: "flip(x, axis=)",
        options: &["axis"],
        summary: "in the opposite order, along an axis or all",
        formula: "xₙ₋₁₋ᵢ",
        example: "var x[3]; minimize norm1(flip(x) - [1, 2, 3]);",
        ..Row::AFFINE
    },
    shape: |call| call.axis(call.shape(0).len()).map(|_| call.shape(0).to_vec()),
    positions: |call, from, _| {
        let axis = call.axis(from.rank());
        let vertical = axis.is_none_or(|axis| axis == 0) && from.rank() == 2;
        let horizontal = axis.is_none_or(|axis| axis == 1 || from.rank() == 1);
        Ok(Some(turned(from, vertical, horizontal)))
    },
    fills: false,
};

/// `flipud`
pub static FLIPUD: Rearrange = Rearrange {
    row: &Row {
        name: "flipud",
        signature: "flipud(X)",
        summary: "rows in the opposite order",
        formula: "Xₘ₋₁₋ᵢ,ⱼ",
        example: "var X[2, 2]; minimize sum(abs(flipud(X) - [[1, 2], [3, 4]]));",
        ..Row::AFFINE
    },
    shape: |call| Ok(call.shape(0).to_vec()),
    positions: |_, from, _| Ok(Some(turned(from, from.rank() == 2, from.rank() == 1))),
    fills: false,
};

/// `fliplr`
pub static FLIPLR: Rearrange = Rearrange {
    row: &Row {
        name: "fliplr",
        signature: "fliplr(X)",
        summary: "columns in the opposite order",
        formula: "Xᵢ,ₙ₋₁₋ⱼ",
        example: "var X[2, 2]; minimize sum(abs(fliplr(X) - [[1, 2], [3, 4]]));",
        ..Row::AFFINE
    },
    shape: |call| match call.shape(0) {
        [_, _] => Ok(call.shape(0).to_vec()),
        _ => Err(Refusal::shape("`fliplr` is of a matrix")
            .label(0, format!("this is {}", call.show(0)))
            .help("`flip` is of vectors as well")),
    },
    positions: |_, from, _| Ok(Some(turned(from, false, true))),
    fills: false,
};

/// `roll`
pub static ROLL: Rearrange = Rearrange {
    row: &Row {
        name: "roll",
        signature: "roll(x, k, axis=)",
        arguments: (2, 2),
        options: &["axis"],
        summary: "moved by k places, around the end",
        formula: "xᵢ₋ₖ with i - k modulo the size",
        example: "var x[3]; minimize norm1(x - roll(x, 1) - [1, -2, 1]) + sum_squares(x);",
        ..Row::AFFINE
    },
    shape: |call| {
        if call.facts(1).level > Level::Constant || !call.shape(1).is_empty() {
            return Err(Refusal::argument(
                "the places of `roll` are an integer that is fixed at compile time",
            )
            .label(1, "this is none"));
        }
        call.axis(call.shape(0).len()).map(|_| call.shape(0).to_vec())
    },
    positions: |call, from, context| {
        let k = context.integer(&call.arguments[1])?;
        let (m, n) = from.as_rows();
        let back = |i: usize, size: usize| (i as i64 - k).rem_euclid(size.max(1) as i64) as usize;
        let position = |i: usize| match (call.axis(from.rank()), from) {
            (Some(0), Shape::Matrix(..)) => back(i / n, m) * n + i % n,
            (Some(_), Shape::Matrix(..)) => (i / n) * n + back(i % n, n),
            _ => back(i, m * n),
        };
        Ok(Some((0..from.len()).map(|i| position(i) as u32).collect()))
    },
    fills: false,
};

/// `swapaxes`
pub static SWAPAXES: Rearrange = Rearrange {
    row: &Row {
        name: "swapaxes",
        aliases: &["moveaxis", "permute_dims"],
        signature: "swapaxes(X, i, j)",
        arguments: (2, 3),
        summary: "axes exchanged; permute_dims(X, [1, 0]) lists them in their new order",
        formula: "Xⱼᵢ, or X where the order stays",
        shape: "sizes exchanged",
        example: "var X[2, 3]; minimize sum(abs(swapaxes(X, 0, 1) @ [1, -1] - 2));",
        ..Row::AFFINE
    },
    shape: |call| {
        let shape = call.shape(0);
        let axes: Vec<i64> = match (&call.tree[call.arguments[1]].kind, call.arguments.len()) {
            (Kind::Array(items), 2) => {
                items.iter().filter_map(|&i| call.tree.facts(i).size.as_ref()?.as_constant()).collect()
            }
            (_, 3) => (1..3).filter_map(|k| call.facts(k).size.as_ref()?.as_constant()).collect(),
            _ => Vec::new(),
        };
        let rank = shape.len() as i64;
        let axes: Vec<i64> = axes.iter().map(|&a| if a < 0 { a + rank } else { a }).collect();
        if axes.iter().any(|a| !(0..rank).contains(a)) || (axes.len() != 2 && axes.len() as i64 != rank) {
            return Err(Refusal::argument(
                "the axes are numbers that the text states, as many as there are axes",
            )
            .label(0, format!("this is {}", call.show(0))));
        }
        // Two axes to exchange, or the axes in their new order: only `[1, 0]` and `1, 0` or `0, 1` turn a matrix.
        let listed = call.arguments.len() == 2;
        let turns = if listed { axes == [1, 0] } else { axes[0] != axes[1] };
        Ok(if turns { shape.iter().rev().cloned().collect() } else { shape.to_vec() })
    },
    positions: |call, from, context| {
        let axis = |k: usize| context.integer(&call.arguments[k]);
        let turns = match (call.arguments.len(), from) {
            (3, Shape::Matrix(..)) => axis(1)?.rem_euclid(2) != axis(2)?.rem_euclid(2),
            (2, Shape::Matrix(..)) => {
                context.literal(&call.arguments[1])?.first().is_some_and(|a| a.rem_euclid(2.0) == 1.0)
            }
            _ => false,
        };
        let (m, n) = from.as_rows();
        Ok(turns.then(|| (0..m * n).map(|i| ((i % m) * n + i / m) as u32).collect()))
    },
    fills: false,
};

/// Positions with rows, columns or both in the opposite order.
fn turned(from: Shape, vertical: bool, horizontal: bool) -> Vec<u32> {
    let (m, n) = from.as_rows();
    let row = |i: usize| if vertical { m - 1 - i } else { i };
    let column = |j: usize| if horizontal { n - 1 - j } else { j };
    (0..m * n).map(|k| (row(k / n) * n + column(k % n)) as u32).collect()
}
