//! Norms of matrices made of a norm of each row or column and a norm of these.

use crate::atoms::prelude::*;

/// A norm over the rows or columns of a matrix, then a norm of the results.
#[derive(Debug)]
pub struct MatrixNorm {
    row: &'static Row,
    /// The axis that the inner norm reduces.
    axis: usize,
}

/// `norm(X, 1)`
pub static MATRIX_NORM1: MatrixNorm = MatrixNorm {
    row: &Row {
        name: "matrix_norm1",
        signature: "norm(X, 1)",
        summary: "largest column sum of absolute values",
        formula: "maxⱼ Σᵢ |Xᵢⱼ|",
        shape: "a scalar",
        graph: "t with Σᵢ Tᵢⱼ ≤ t, ±X ≤ T",
        example: "var X[2, 2]; minimize norm(X, 1) + sum_squares(X - [[1, 2], [3, 4]]);",
        ..Row::PIECEWISE
    },
    axis: 0,
};

/// `norm(X, inf)`
pub static MATRIX_NORM_INF: MatrixNorm = MatrixNorm {
    row: &Row {
        name: "matrix_norm_inf",
        signature: "norm(X, inf)",
        summary: "largest row sum of absolute values",
        formula: "maxᵢ Σⱼ |Xᵢⱼ|",
        shape: "a scalar",
        graph: "t with Σⱼ Tᵢⱼ ≤ t, ±X ≤ T",
        example: "var X[2, 2]; minimize norm(X, inf) + sum_squares(X - [[1, 2], [3, 4]]);",
        ..Row::PIECEWISE
    },
    axis: 1,
};

/// `mixed_norm`
pub static MIXED_NORM: MatrixNorm = MatrixNorm {
    row: &Row {
        name: "mixed_norm",
        signature: "mixed_norm(X, p, q)",
        arguments: (1, 3),
        summary: "q-norm of the p-norms of the rows, p and q 1 or inf",
        formula: "‖(‖X₀‖ₚ, ‖X₁‖ₚ, …)‖_q",
        shape: "a scalar",
        graph: "as `norm1` and `norm_inf`, one inside the other",
        example: "var X[2, 3]; minimize mixed_norm(X, inf, 1) + sum_squares(X - 1);",
        cone: "a second-order cone",
        instead: "p and q 1 or inf are inside the class",
        ..Row::PIECEWISE
    },
    axis: 1,
};

/// What one of the two norms does with absolute values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    One,
    Two,
    Infinity,
}

impl Order {
    fn new(p: f64) -> Option<Self> {
        if p == 1.0 {
            Some(Self::One)
        } else if p == 2.0 {
            Some(Self::Two)
        } else {
            (p == f64::INFINITY).then_some(Self::Infinity)
        }
    }
}

impl MatrixNorm {
    /// The inner and the outer norm.
    fn orders(&self, p: Option<f64>, q: Option<f64>) -> Option<(Order, Order)> {
        if self.row.arguments.1 == 1 {
            return Some((Order::One, Order::Infinity));
        }
        Some((Order::new(p.unwrap_or(2.0))?, Order::new(q.unwrap_or(1.0))?))
    }

    fn of_call(&self, call: &Call<'_>) -> Option<(Order, Order)> {
        let number = |k: usize| (k < call.arguments.len()).then(|| call.number(k).unwrap_or(f64::NAN));
        self.orders(number(1), number(2))
    }

    fn of_application(&self, call: &Application<'_>, context: &Context<'_>) -> Lowered<(Order, Order)> {
        let number = |k: usize| call.arguments.get(k).map(|argument| context.number(argument)).transpose();
        self.orders(number(1)?, number(2)?).ok_or_else(|| outside(call))
    }
}

impl Atom for MatrixNorm {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        if call.shape(0).len() != 2 {
            return Err(Refusal::shape(format!("`{}` is of a matrix", self.row.name))
                .label(0, format!("this is {}", call.show(0))));
        }
        if self.of_call(call).is_none() {
            return Err(Refusal::argument("the order of a norm is 1, 2 or inf"));
        }
        Ok(Vec::new())
    }

    fn group(&self, call: &Call<'_>) -> Group {
        match self.of_call(call) {
            Some((p, q)) if p != Order::Two && q != Order::Two => Group::PiecewiseLinear,
            _ => Group::Cone,
        }
    }

    fn interval(&self, _call: &Call<'_>) -> Interval {
        Interval::NONNEG
    }

    fn monotonicity(&self, call: &Call<'_>, argument: usize) -> Monotonicity {
        if argument == 0 { Monotonicity::even(call.interval(0)) } else { Monotonicity::Neither }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let (p, q) = self.of_application(call, lower.context)?;
        let shape = lower.context.shape(&call.arguments[0])?;
        let (m, n) = shape.as_rows();
        let lines = Shape::Vector(if self.axis == 0 { n } else { m });
        let group = group_of(shape, Some(self.axis));
        let inner = match p {
            Order::One => lower.absolute(&call.arguments[0], call.name)?.sum_into(lines, group),
            Order::Infinity => {
                let all: usize = usize::from(q == Order::Infinity);
                let pieces = lower.absolute_pieces(&call.arguments[0])?;
                let to = |i: usize| if all == 1 { 0 } else { group(i) };
                let pieces: Vec<_> = pieces.into_iter().map(|piece| piece.regrouped(to)).collect();
                let shape = if all == 1 { Shape::Scalar } else { lines };
                lower.epigraph(&pieces, shape, call.name, true)?
            }
            Order::Two => return Err(outside(call)),
        };
        match q {
            Order::One => Ok(inner.sum_into(Shape::Scalar, |_| 0)),
            Order::Infinity if inner.shape.len() == 1 => Ok(inner.with_shape(Shape::Scalar)),
            Order::Infinity => {
                let pieces = [Piece::entries(inner).regrouped(|_| 0)];
                lower.epigraph(&pieces, Shape::Scalar, call.name, true)
            }
            Order::Two => Err(outside(call)),
        }
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let (p, q) = self.of_application(call, tape.context)?;
        let x = tape.value(&call.arguments[0])?;
        let (m, n) = tape.shape(x).as_rows();
        let lines = Shape::Vector(if self.axis == 0 { n } else { m });
        let reduction = |order: Order| match order {
            Order::One => Reduction::Sum,
            Order::Two => Reduction::Norm2,
            Order::Infinity => Reduction::Max,
        };
        let absolute = tape.unary(Unary::Abs, x);
        let inner = tape.reduce(reduction(p), absolute, Some(self.axis), lines);
        Ok(tape.reduce(reduction(q), inner, None, Shape::Scalar))
    }
}
