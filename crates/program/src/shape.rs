//! Shapes of arrays with at most two axes.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The shape of an array: a scalar, a vector or a matrix. Entries are stored row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shape {
    /// One number.
    Scalar,
    /// `n` numbers.
    Vector(usize),
    /// `m` rows of `n` numbers.
    Matrix(usize, usize),
}

impl Shape {
    /// The number of entries.
    pub const fn len(self) -> usize {
        match self {
            Self::Scalar => 1,
            Self::Vector(n) => n,
            Self::Matrix(m, n) => m * n,
        }
    }

    /// Whether there is no entry at all.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of axes: 0, 1 or 2.
    pub const fn rank(self) -> usize {
        match self {
            Self::Scalar => 0,
            Self::Vector(_) => 1,
            Self::Matrix(..) => 2,
        }
    }

    /// The sizes of the axes as a matrix: a scalar is 1 × 1 and a vector is one row.
    pub const fn as_rows(self) -> (usize, usize) {
        match self {
            Self::Scalar => (1, 1),
            Self::Vector(n) => (1, n),
            Self::Matrix(m, n) => (m, n),
        }
    }

    /// The sizes of the axes, outermost first.
    pub fn axes(self) -> alloc::vec::Vec<usize> {
        match self {
            Self::Scalar => alloc::vec![],
            Self::Vector(n) => alloc::vec![n],
            Self::Matrix(m, n) => alloc::vec![m, n],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar => write!(f, "scalar"),
            Self::Vector(n) => write!(f, "[{n}]"),
            Self::Matrix(m, n) => write!(f, "[{m}, {n}]"),
        }
    }
}
