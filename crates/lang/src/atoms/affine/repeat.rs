//! Entries and arrays repeated.

use crate::atoms::prelude::*;

/// `repeat`
pub static REPEAT: Rearrange = Rearrange {
    row: &Row {
        name: "repeat",
        signature: "repeat(x, k, axis=)",
        arguments: (2, 2),
        options: &["axis"],
        summary: "each entry k times",
        formula: "x₀, …, x₀, x₁, …, x₁, …",
        shape: "the axis (of a matrix without one: all entries) k times as long",
        example: "var x[2]; minimize norm1(repeat(x, 3) - [1, 2, 3, 4, 5, 6]);",
        ..Row::AFFINE
    },
    shape: |call| {
        let k = size(call, 1)?;
        let shape = call.shape(0);
        let times = |size: &Poly| size.mul(&k).unwrap_or_default();
        Ok(match (call.axis(shape.len())?, shape) {
            (None, []) => vec![k],
            (Some(0), [m, n]) => vec![times(m), n.clone()],
            (Some(_), [m, n]) => vec![m.clone(), times(n)],
            (None, [m, n]) => vec![times(&m.mul(n).unwrap_or_default())],
            (_, all) => all.iter().map(times).collect(),
        })
    },
    positions: |call, from, _| {
        let (m, n) = from.as_rows();
        let out = call.shape.len();
        if from.rank() == 2 && call.axis(2) == Some(0) {
            let k = (call.shape.as_rows().0 / m.max(1)).max(1);
            return Ok(Some((0..out).map(|i| ((i / n / k) * n + i % n) as u32).collect()));
        }
        // By rows, repeating along the last axis and repeating every entry are the same.
        let k = (out / (m * n).max(1)).max(1);
        Ok(Some((0..out).map(|i| (i / k) as u32).collect()))
    },
    fills: false,
};

/// `tile`
pub static TILE: Rearrange = Rearrange {
    row: &Row {
        name: "tile",
        signature: "tile(x, k), tile(X, [k, l])",
        arguments: (2, 3),
        summary: "copies of an array beside and below each other",
        formula: "[x, x, …], or k by l copies",
        shape: "sizes times k, or times [k, l]",
        example: "var x[2]; minimize norm1(tile(x, 3) - [1, 2, 3, 4, 5, 6]);",
        ..Row::AFFINE
    },
    shape: |call| {
        let copies = sizes(call, 1)?;
        let shape = call.shape(0);
        let rank = shape.len().max(copies.len());
        let one = Poly::constant(1);
        let at = |list: &[Poly], k: usize| {
            (k + list.len()).checked_sub(rank).map_or_else(|| one.clone(), |k| list[k].clone())
        };
        Ok((0..rank).map(|k| at(shape, k).mul(&at(&copies, k)).unwrap_or_default()).collect())
    },
    positions: |call, from, _| {
        let ((m, n), (_, columns)) = (from.as_rows(), call.shape.as_rows());
        let position = |i: usize| ((i / columns) % m.max(1)) * n + (i % columns) % n.max(1);
        Ok(Some((0..call.shape.len()).map(|i| position(i) as u32).collect()))
    },
    fills: false,
};

/// `broadcast_to`
pub static BROADCAST_TO: Rearrange = Rearrange {
    row: &Row {
        name: "broadcast_to",
        aliases: &["promote"],
        signature: "broadcast_to(x, [m, n])",
        arguments: (2, 3),
        summary: "repeated to a shape, as operators do",
        formula: "xᵢ for each entry that i serves",
        shape: "[m, n]",
        example: "var x[3]; minimize sum(abs(broadcast_to(x, [2, 3]) - [[1, 2, 3], [3, 2, 2]]));",
        ..Row::AFFINE
    },
    shape: |call| {
        let (wanted, own) = (sizes(call, 1)?, call.shape(0));
        let fits = own.len() <= wanted.len()
            && own.iter().rev().zip(wanted.iter().rev()).all(|(a, b)| a.is(1) || call.agree(a, b));
        if fits {
            return Ok(wanted);
        }
        Err(Refusal::shape(format!(
            "{} does not broadcast to {}",
            call.show(0),
            call.tree.show_shape(&wanted)
        ))
        .label(0, format!("this is {}", call.show(0)))
        .help("only a literal 1 and missing leading axes stretch"))
    },
    positions: |call, from, _| {
        Ok(Some(crate::atoms::broadcast_index(from, call.shape).map(|i| i as u32).collect()))
    },
    fills: false,
};
