//! What the file of an atom needs.

pub(super) use super::product::{self, product_rules};
pub(super) use super::rearrange::{Rearrange, pick};
pub(super) use super::{
    Atom, Call, Elementwise, Group, Refusal, Row, group_of, groups, nonempty, outside, size, sizes,
    sizes_between, square_matrix,
};
pub(super) use crate::check::curvature::{Curvature, Monotonicity};
pub(super) use crate::check::interval::Interval;
pub(super) use crate::check::size::Poly;
pub(super) use crate::check::tree::{Definite, Kind, Level};
pub(super) use crate::lower::affine::{Affine, Term};
pub(super) use crate::lower::column::Column;
pub(super) use crate::lower::expand_to;
pub(super) use crate::lower::{Application, Context, Lower, Lowered, Operand, Piece, TapeBuilder};
pub(super) use cvxlayer_program::{Binary, Op, Reduction, Shape, SparseMap, Unary, ZERO_ENTRY};
