//! Atoms that only move entries: one body, and for each atom its shape rule and its positions.

use super::prelude::*;

/// The positions in the argument that the entries of the result come from, [`ZERO_ENTRY`] for a zero; `None` if they are
/// the entries of the argument in their order.
pub(super) type Positions = Option<Vec<u32>>;

/// An atom whose result holds entries of its first argument, and zeros.
pub struct Rearrange {
    /// Its line in the table.
    pub row: &'static Row,
    /// The shape of the result.
    pub shape: fn(&Call<'_>) -> Result<Vec<Poly>, Refusal>,
    /// Where the entries of the result come from, given the shape of the argument.
    pub positions: fn(&Application<'_>, Shape, &Context<'_>) -> Lowered<Positions>,
    /// Whether zeros are filled in.
    pub fills: bool,
}

impl Atom for Rearrange {
    fn row(&self) -> &'static Row {
        self.row
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        (self.shape)(call)
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let own = call.interval(0);
        if self.fills { own.hull(Interval::point(0.0)) } else { own }
    }

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let a = lower.affine(&call.arguments[0])?;
        if call.shape.len() > a.shape.len() {
            lower.context.bounded(call.shape, call.span)?;
        }
        Ok(match (self.positions)(call, a.shape, lower.context)? {
            None => (*a).clone().with_shape(call.shape),
            Some(positions) => pick(&a, call.shape, positions),
        })
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        Ok(match (self.positions)(call, tape.shape(a), tape.context)? {
            None => tape.reshape(a, call.shape),
            Some(positions) => tape.push(Op::Gather(a, positions.into()), call.shape),
        })
    }
}

/// Picks entries, [`ZERO_ENTRY`] standing for a zero.
pub(super) fn pick(a: &Affine, shape: Shape, positions: impl IntoIterator<Item = u32>) -> Affine {
    let positions: Vec<u32> = positions.into_iter().collect();
    if !positions.contains(&ZERO_ENTRY) {
        return a.gather(shape, positions.into_iter().map(|p| p as usize));
    }
    let mut out = Affine::zeros(shape);
    for (i, from) in positions.into_iter().enumerate() {
        if from != ZERO_ENTRY {
            out.push_row(i, a.row(from as usize).iter().copied());
        }
    }
    out
}
