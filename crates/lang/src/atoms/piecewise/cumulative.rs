//! Running maxima and minima along an axis.

use crate::atoms::prelude::*;

/// A running maximum or minimum.
#[derive(Debug)]
pub struct Cumulative {
    row: &'static Row,
    largest: bool,
}

/// `cummax`
pub static CUMMAX: Cumulative = Cumulative {
    row: &Row {
        name: "cummax",
        signature: "cummax(x, axis=0)",
        options: &["axis"],
        summary: "running maximum",
        formula: "maxⱼ≤ᵢ xⱼ",
        sign: "that of x",
        monotone: "nondecreasing",
        graph: "y with xᵢ ≤ yᵢ, yᵢ₋₁ ≤ yᵢ, y₀ = x₀",
        example: "var x[4]; minimize sum(cummax(x)) + sum_squares(x - [3, 1, 4, 1]);",
        ..Row::PIECEWISE
    },
    largest: true,
};

/// `cummin`
pub static CUMMIN: Cumulative = Cumulative {
    row: &Row {
        name: "cummin",
        signature: "cummin(x, axis=0)",
        options: &["axis"],
        curvature: Curvature::Concave,
        summary: "running minimum",
        formula: "minⱼ≤ᵢ xⱼ",
        sign: "that of x",
        monotone: "nondecreasing",
        graph: "y with yᵢ ≤ xᵢ, yᵢ ≤ yᵢ₋₁, y₀ = x₀",
        example: "var x[4]; maximize sum(cummin(x)) - sum_squares(x - [3, 1, 4, 1]);",
        ..Row::PIECEWISE
    },
    largest: false,
};

impl Atom for Cumulative {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.axis(call.shape(0).len())?;
        Ok(call.shape(0).to_vec())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        call.interval(0)
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        let lines = lines(call, a.shape);
        let later: usize = lines.iter().map(|line| line.len().saturating_sub(1)).sum();
        let fresh = lower.auxiliary(call.name, Shape::Vector(later), None)?;
        // The first entry of a line is its own running maximum.
        let mut rows: Vec<&[Term]> = vec![&[]; a.shape.len()];
        let (mut order, mut before) = (Vec::with_capacity(later), Vec::with_capacity(later));
        for line in &lines {
            for (k, &i) in line.iter().enumerate() {
                if k == 0 {
                    rows[i] = a.row(i);
                } else {
                    rows[i] = fresh.row(order.len());
                    order.push(i);
                    before.push(line[k - 1]);
                }
            }
        }
        let mut running = Affine::zeros(a.shape);
        for (i, terms) in rows.into_iter().enumerate() {
            running.push_row(i, terms.iter().copied());
        }
        let side = if self.largest { 1.0 } else { -1.0 };
        let minus = fresh.scale(-1.0);
        let flat = Shape::Vector(later);
        lower.at_most_zero(&a.gather(flat, order).add(&minus).scale(side), call.name)?;
        lower.at_most_zero(&running.gather(flat, before).add(&minus).scale(side), call.name)?;
        Ok(running)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let lines = lines(call, tape.shape(a));
        let size = lines.first().map_or(1, Vec::len);
        let order: Vec<usize> = lines.into_iter().flatten().collect();
        let mut back = vec![0; order.len()];
        for (k, &i) in order.iter().enumerate() {
            back[i] = k;
        }
        let flat = Shape::Vector(order.len());
        let mut lined = tape.gather(a, flat, order);
        if !self.largest {
            lined = tape.unary(Unary::Neg, lined);
        }
        lined = tape.push(Op::CumulativeMax(lined, size), flat);
        if !self.largest {
            lined = tape.unary(Unary::Neg, lined);
        }
        Ok(tape.gather(lined, call.shape, back))
    }
}

/// The entries of each line along the axis, in order.
fn lines(call: &Application<'_>, from: Shape) -> Vec<Vec<usize>> {
    let axis = call.axis(from.rank()).unwrap_or(0);
    let groups = groups(from, (from.rank() == 2).then_some(axis));
    groups.order.chunks(groups.size.max(1)).map(<[usize]>::to_vec).collect()
}
