//! The table of atoms.

use super::{Atom, affine, data, piecewise, quadratic};

/// Every atom, in the order of the reference.
pub static ATOMS: &[&dyn Atom] = &[
    // affine
    &affine::add::Add,
    &affine::neg::Neg,
    &affine::mul::Mul,
    &affine::div::Div,
    &affine::matmul::MatMul,
    &affine::transpose::Transpose,
    &affine::sum::Sum,
    &affine::mean::Mean,
    &affine::dot::Dot,
    &affine::trace::Trace,
    &affine::diag::Diag,
    &affine::diff::Diff,
    &affine::cumsum::CumSum,
    &affine::hstack::HStack,
    &affine::vstack::VStack,
    &affine::reshape::Reshape,
    // piecewise linear
    &piecewise::abs::Abs,
    &piecewise::max::Max,
    &piecewise::min::Min,
    &piecewise::maximum::Maximum,
    &piecewise::minimum::Minimum,
    &piecewise::pos::Pos,
    &piecewise::neg::NegPart,
    &piecewise::norm1::Norm1,
    &piecewise::norm_inf::NormInf,
    // quadratic
    &quadratic::square::Square,
    &quadratic::power::Power,
    &quadratic::sum_squares::SumSquares,
    &quadratic::quad_form::QuadForm,
    &quadratic::huber::Huber,
    &quadratic::norm2::Norm2,
    // constructors and functions of data
    &data::zeros::Zeros,
    &data::ones::Ones,
    &data::eye::Eye,
    &data::full::Full,
    &data::arange::Arange,
    &data::linspace::Linspace,
    &data::psd_wrap::PsdWrap,
    &data::exp::Exp,
    &data::log::Log,
    &data::sqrt::Sqrt,
    &data::inv::Inv,
    &data::chol::Chol,
    &data::det::Det,
];
