//! The strict upper triangle of a matrix, and the matrix of an upper triangle.

use crate::atoms::prelude::*;

/// `upper_tri`
pub static UPPER_TRI: Rearrange = Rearrange {
    row: &Row {
        name: "upper_tri",
        signature: "upper_tri(X)",
        summary: "the entries above the diagonal",
        formula: "Xᵢⱼ for i < j, row by row",
        shape: "[n (n - 1) / 2] for a number n",
        example: "var X[3, 3]; minimize norm1(upper_tri(X) - [1, 2, 3]) + sum_squares(X);",
        ..Row::AFFINE
    },
    shape: |call| {
        let n = square_matrix(call, "upper_tri")?;
        let Some(n) = n.as_constant() else {
            return Err(Refusal::shape("`upper_tri` needs a size that the text states")
                .label(0, format!("this is {}", call.show(0)))
                .help(
                    "write `X[i, j] for i in 0..n, j in i+1..n` in a constraint, or a sum over such a range",
                ));
        };
        Ok(vec![Poly::constant(n * (n - 1) / 2)])
    },
    positions: |_, from, _| {
        let n = from.as_rows().0;
        Ok(Some((0..n).flat_map(|i| (i + 1..n).map(move |j| (i * n + j) as u32)).collect()))
    },
    fills: false,
};

/// `vec_to_upper_tri`
pub static VEC_TO_UPPER_TRI: Rearrange = Rearrange {
    row: &Row {
        name: "vec_to_upper_tri",
        signature: "vec_to_upper_tri(x, strict=false)",
        options: &["strict"],
        summary: "the upper triangular matrix with these entries",
        formula: "x row by row at (i, j) with i ≤ j, or i < j if strict; 0 elsewhere",
        shape: "[n, n] where x has n (n + 1) / 2 entries, or n (n - 1) / 2 if strict",
        sign: "that of x, with 0",
        example: "var x[6]; minimize sum_squares(vec_to_upper_tri(x) @ [1, 2, 3] - 1);",
        ..Row::AFFINE
    },
    shape: |call| {
        let [size] = call.shape(0) else {
            return Err(Refusal::shape("`vec_to_upper_tri` is of a vector")
                .label(0, format!("this is {}", call.show(0))));
        };
        let shift = if call.flag("strict") { 1 } else { -1 };
        let fits = |n: i64| size.as_constant().is_some_and(|size| n * (n - shift) / 2 == size);
        match size.as_constant().map(|size| (2.0 * size as f64).sqrt() as i64) {
            Some(root) => {
                let n = (root.saturating_sub(2).max(0)..=root + 2).find(|&n| fits(n));
                let n = n.ok_or_else(|| {
                    Refusal::shape("no triangle has this many entries")
                        .label(0, format!("this is {}", call.show(0)))
                })?;
                Ok(vec![Poly::constant(n), Poly::constant(n)])
            }
            None => Err(Refusal::shape("`vec_to_upper_tri` needs a size that the text states")
                .label(0, format!("this is {}", call.show(0)))),
        }
    },
    positions: |call, _, _| {
        let n = call.shape.as_rows().0;
        let first = |i: usize| i + usize::from(call.number_option("strict") == Some(1.0));
        let mut next = 0u32;
        let mut out = vec![ZERO_ENTRY; n * n];
        for i in 0..n {
            for j in first(i)..n {
                out[i * n + j] = next;
                next += 1;
            }
        }
        Ok(Some(out))
    },
    fills: true,
};
