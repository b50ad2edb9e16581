//! Reductions along an axis.

use super::{Call, Refusal};
use crate::check::size::Poly;
use crate::diagnostics::{Diagnostic, codes};
use crate::lower::{Application, Lowered, refuse};
use cvxlayer_program::Shape;

/// The entries of an array in groups of equal size, as an axis or the whole array groups them.
#[derive(Clone, Debug)]
pub struct Groups {
    /// Positions in the array, group after group.
    pub order: Vec<usize>,
    /// Entries of one group.
    pub size: usize,
    /// How many groups there are.
    pub count: usize,
}

/// Groups the entries of an array along an axis, or all together.
pub fn groups(shape: Shape, axis: Option<usize>) -> Groups {
    match (shape, axis) {
        (Shape::Matrix(m, n), Some(0)) => {
            Groups { order: (0..n).flat_map(|j| (0..m).map(move |i| i * n + j)).collect(), size: m, count: n }
        }
        (Shape::Matrix(m, n), Some(_)) => Groups { order: (0..m * n).collect(), size: n, count: m },
        _ => Groups { order: (0..shape.len()).collect(), size: shape.len(), count: 1 },
    }
}

/// The group of each entry, by position.
pub fn group_of(shape: Shape, axis: Option<usize>) -> impl Fn(usize) -> usize + Copy {
    let (_, n) = shape.as_rows();
    move |i| match (shape, axis) {
        (Shape::Matrix(..), Some(0)) => i % n,
        (Shape::Matrix(..), Some(_)) => i / n,
        _ => 0,
    }
}

/// The size of a group that must not be empty.
///
/// # Errors
/// If it is.
pub fn nonempty(call: &Application<'_>, size: usize) -> Lowered<usize> {
    if size > 0 || call.shape.is_empty() {
        return Ok(size);
    }
    let message = format!("`{}` of nothing has no value", call.name);
    Err(refuse(
        Diagnostic::error(codes::EMPTY_REDUCTION, message).at(call.span, "the argument has no entries"),
    ))
}

impl Call<'_> {
    /// The shape of a reduction of the first argument, with its `axis` and `keepdims` options.
    ///
    /// # Errors
    /// If there is no such axis.
    pub fn reduced(&self) -> Result<Vec<Poly>, Refusal> {
        let shape = self.shape(0);
        let axis = self.axis(shape.len())?;
        let one = Poly::constant(1);
        Ok(match (axis, self.flag("keepdims")) {
            (None, false) => Vec::new(),
            (None, true) => shape.iter().map(|_| one.clone()).collect(),
            (Some(axis), keep) => shape
                .iter()
                .enumerate()
                .filter(|(k, _)| keep || *k != axis)
                .map(|(k, size)| if k == axis { one.clone() } else { size.clone() })
                .collect(),
        })
    }

    /// How many entries one result of a reduction of the first argument combines, if that is known.
    pub fn reduced_count(&self) -> Option<i64> {
        match self.axis(self.shape(0).len()) {
            Ok(Some(axis)) => self.shape(0)[axis].as_constant(),
            _ => self.count(0),
        }
    }
}
