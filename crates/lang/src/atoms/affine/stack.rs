//! Arrays joined: side by side, on top of each other, along an axis, in blocks.

use crate::atoms::prelude::*;

/// An atom that joins its arguments.
#[derive(Debug)]
pub struct Stack {
    row: &'static Row,
    join: Join,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    /// Vectors end to end, matrices by columns.
    Side,
    /// Rows on rows; a vector is one row.
    Top,
    /// Along an existing axis.
    Axis,
}

/// `hstack`
pub static HSTACK: Stack = Stack {
    row: &Row {
        name: "hstack",
        signature: "hstack(a, b, …)",
        arguments: (1, usize::MAX),
        summary: "arrays side by side",
        formula: "[a, b]: vectors end to end, matrices by columns",
        shape: "sizes add along the last axis",
        sign: "where all agree",
        example: "var x[3]; var y[2]; minimize norm1(hstack(x - 1, y, 2));",
        ..Row::AFFINE
    },
    join: Join::Side,
};

/// `vstack`
pub static VSTACK: Stack = Stack {
    row: &Row {
        name: "vstack",
        signature: "vstack(a, b, …)",
        arguments: (1, usize::MAX),
        summary: "arrays on top of each other",
        formula: "[a; b]: a vector is one row",
        shape: "rows add",
        sign: "where all agree",
        example: "var x[3]; var y[3]; minimize sum(max(abs(vstack(x - 1, y)), axis=0));",
        ..Row::AFFINE
    },
    join: Join::Top,
};

/// `concatenate`
pub static CONCATENATE: Stack = Stack {
    row: &Row {
        name: "concatenate",
        signature: "concatenate(a, b, …, axis=0)",
        arguments: (1, usize::MAX),
        options: &["axis"],
        summary: "arrays joined along an axis that they have",
        formula: "[a; b] for axis 0, [a, b] for axis 1",
        shape: "sizes add along the axis",
        sign: "where all agree",
        example: "var X[2, 3]; var Y[2, 1]; minimize sum_squares(concatenate(X, Y, axis=1) - 1);",
        ..Row::AFFINE
    },
    join: Join::Axis,
};

/// `bmat`; the checker makes one argument of each row of blocks.
pub static BMAT: Stack = Stack {
    row: &Row {
        name: "bmat",
        aliases: &["block"],
        signature: "bmat([[A, B], [C, D]])",
        arguments: (1, usize::MAX),
        summary: "a matrix of blocks",
        formula: "[A, B; C, D]",
        shape: "rows add, and columns within a row of blocks",
        sign: "where all agree",
        example: "var X[2, 2]; var y[2, 1]; minimize sum(abs(bmat([[X - 1, y], [y.T, [[1]]]])));",
        ..Row::AFFINE
    },
    join: Join::Top,
};

impl Stack {
    /// Whether the arguments stand side by side, given the number of axes of the first and the axis.
    fn side_by_side(&self, rank: usize, axis: Option<usize>) -> bool {
        match self.join {
            Join::Side => true,
            Join::Top => false,
            Join::Axis => rank < 2 || axis == Some(1),
        }
    }
}

impl Atom for Stack {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let rank = call.shape(0).len();
        let axis = if self.join == Join::Axis { call.axis(rank)? } else { None };
        if self.join == Join::Axis
            && let Some(k) = (0..call.arguments.len()).find(|&k| call.shape(k).is_empty())
        {
            return Err(Refusal::shape("`concatenate` joins arrays, and one is a scalar")
                .label(k, "this is a scalar")
                .help("`hstack` takes scalars as well"));
        }
        let name = self.row.name;
        if self.side_by_side(rank, axis) { side_shape(call, name) } else { top_shape(call, name) }
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        (1..call.arguments.len()).fold(call.interval(0), |hull, k| hull.hull(call.interval(k)))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let mut parts = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            parts.push((*lower.affine(argument)?).clone());
        }
        let shapes: Vec<_> = parts.iter().map(|p| p.shape).collect();
        let all = Affine::concat(Shape::Vector(call.shape.len()), &parts);
        Ok(match self.order(call, &shapes) {
            None => all.with_shape(call.shape),
            Some(order) => all.gather(call.shape, order),
        })
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut parts = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            parts.push(tape.value(argument)?);
        }
        let shapes: Vec<_> = parts.iter().map(|&p| tape.shape(p)).collect();
        Ok(match self.order(call, &shapes) {
            None => tape.push(Op::Concat(parts.into()), call.shape),
            Some(order) => {
                let all = tape.push(Op::Concat(parts.into()), Shape::Vector(call.shape.len()));
                tape.gather(all, call.shape, order)
            }
        })
    }
}

impl Stack {
    /// Positions in the concatenated entries, row by row of the result; `None` if they are in order already.
    fn order(&self, call: &Application<'_>, shapes: &[Shape]) -> Option<Vec<usize>> {
        let Some(Shape::Matrix(rows, _)) = shapes.first() else { return None };
        if !self.side_by_side(2, call.axis(2)) {
            return None;
        }
        let mut out = Vec::new();
        for i in 0..*rows {
            let mut start = 0;
            for shape in shapes {
                let n = shape.as_rows().1;
                out.extend((0..n).map(|j| start + i * n + j));
                start += shape.len();
            }
        }
        Some(out)
    }
}

fn side_shape(call: &Call<'_>, name: &str) -> Result<Vec<Poly>, Refusal> {
    let matrix = call.shape(0).len() == 2;
    let mut width = Poly::default();
    for k in 0..call.arguments.len() {
        let shape = call.shape(k);
        let fits = (shape.len() == 2) == matrix && (!matrix || call.agree(&shape[0], &call.shape(0)[0]));
        if !fits {
            return Err(Refusal::shape(format!(
                "`{name}` joins vectors, or matrices with equally many rows"
            ))
            .label(0, format!("this is {}", call.show(0)))
            .label(k, format!("this is {}", call.show(k))));
        }
        let size = shape.last().cloned().unwrap_or_else(|| Poly::constant(1));
        width = width.add(&size).unwrap_or_default();
    }
    Ok(if matrix { vec![call.shape(0)[0].clone(), width] } else { vec![width] })
}

fn top_shape(call: &Call<'_>, name: &str) -> Result<Vec<Poly>, Refusal> {
    let one = Poly::constant(1);
    let width = |k: usize| call.shape(k).last().cloned().unwrap_or_else(|| one.clone());
    let mut height = Poly::default();
    for k in 0..call.arguments.len() {
        if !call.agree(&width(k), &width(0)) {
            return Err(Refusal::shape(format!("`{name}` joins arrays with equally long rows"))
                .label(0, format!("this is {}", call.show(0)))
                .label(k, format!("this is {}", call.show(k))));
        }
        let rows = if call.shape(k).len() == 2 { call.shape(k)[0].clone() } else { one.clone() };
        height = height.add(&rows).unwrap_or_default();
    }
    Ok(vec![height, width(0)])
}
