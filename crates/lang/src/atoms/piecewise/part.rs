//! The positive part, the negative part and the hinge, elementwise.

use crate::atoms::prelude::*;

/// `max(shift ± x, 0)`, elementwise.
#[derive(Debug)]
pub struct Part {
    row: &'static Row,
    /// The sign of x.
    increasing: bool,
    shift: f64,
}

/// `pos`
pub static POS: Part = Part {
    row: &Row {
        name: "pos",
        aliases: &["relu"],
        signature: "pos(x)",
        summary: "positive part",
        formula: "max(xᵢ, 0)",
        monotone: "nondecreasing",
        graph: "t ≥ 0 with x ≤ t; x itself or nothing where the sign is known",
        example: "var x[3]; minimize sum(pos(x - [1, 2, 3])) + sum_squares(x - 3);",
        ..Row::PIECEWISE
    },
    increasing: true,
    shift: 0.0,
};

/// `neg`
pub static NEG: Part = Part {
    row: &Row {
        name: "neg",
        signature: "neg(x)",
        summary: "negative part",
        formula: "max(-xᵢ, 0)",
        monotone: "nonincreasing",
        graph: "t ≥ 0 with -x ≤ t; -x itself or nothing where the sign is known",
        example: "var x[3]; minimize sum(neg(x - [1, 2, 3])) + sum_squares(x);",
        ..Row::PIECEWISE
    },
    increasing: false,
    shift: 0.0,
};

/// `hinge`
pub static HINGE: Part = Part {
    row: &Row {
        name: "hinge",
        aliases: &["hinge_loss"],
        signature: "hinge(x)",
        summary: "hinge loss of margins",
        formula: "max(1 - xᵢ, 0)",
        monotone: "nonincreasing",
        graph: "t ≥ 0 with 1 - x ≤ t",
        example: "param A[4, 2]; var w[2]; minimize sum(hinge(A @ w)) + sum_squares(w);",
        ..Row::PIECEWISE
    },
    increasing: false,
    shift: 1.0,
};

impl Part {
    fn moved(&self, range: Interval) -> Interval {
        let range = if self.increasing { range } else { range.negate() };
        if self.shift == 0.0 { range } else { range.plus(Interval::point(self.shift)) }
    }

    fn argument(&self, a: &Affine) -> Affine {
        let a = if self.increasing { a.clone() } else { a.clone().scale(-1.0) };
        if self.shift == 0.0 { a } else { a.add(&Affine::fill(a.shape, self.shift)) }
    }
}

impl Atom for Part {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        Ok(call.shape(0).to_vec())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let inner = self.moved(call.interval(0));
        Interval { nonzero: inner.is_pos(), ..inner.map_increasing(|v| v.max(0.0)) }
    }

    fn group(&self, call: &Call<'_>) -> Group {
        // Where the sign is known it is the argument or nothing, whatever class that is of.
        let range = self.moved(call.interval(0));
        if range.is_nonneg() || range.is_nonpos() { Group::Affine } else { Group::PiecewiseLinear }
    }

    fn monotonicity(&self, _call: &Call<'_>, _argument: usize) -> Monotonicity {
        if self.increasing { Monotonicity::Increasing } else { Monotonicity::Decreasing }
    }

    fn pieces(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Option<Vec<Piece>>> {
        let x = &call.arguments[0];
        let inner = if self.increasing { lower.inner_pieces(x, true)? } else { lower.negated_pieces(x)? };
        let range = self.moved(lower.range(x));
        if range.is_nonneg() && self.shift == 0.0 {
            return Ok(Some(inner));
        }
        if self.shift != 0.0 {
            let rows = self.argument(&*lower.affine(x)?);
            return Ok(Some(vec![Piece::entries(rows), Piece::entries(Affine::zeros(call.shape))]));
        }
        Ok(Some(inner.into_iter().chain([Piece::entries(Affine::zeros(call.shape))]).collect()))
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let range = self.moved(lower.range(&call.arguments[0]));
        let a = self.argument(&*lower.affine(&call.arguments[0])?);
        lower.positive(&a, range, call.name)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut a = tape.value(&call.arguments[0])?;
        if self.shift != 0.0 {
            let shift = tape.number(self.shift);
            a = tape.binary(Binary::Sub, shift, a, call.shape);
        } else if !self.increasing {
            a = tape.unary(Unary::Neg, a);
        }
        Ok(tape.unary(Unary::Pos, a))
    }
}
