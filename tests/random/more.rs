//! Random expressions of the atoms beyond the elementary ones.

use super::super::model::{Atom, Expr};
use super::{Generator, Want};
use cvxlayer::program::Shape;

impl Generator {
    /// An expression of what is wanted with one of these atoms on top, where one fits the shape.
    pub(super) fn more(&mut self, want: Want, shape: Shape, size: u32) -> Option<Expr> {
        match want {
            Want::Affine => self.rearranged(shape, size),
            Want::Nonnegative => self.nonnegative(shape, size),
            Want::Convex => self.convex(shape, size),
            Want::Concave => self.concave(shape, size),
            Want::Quadratic => self.form(shape, size),
            Want::Smooth => None,
        }
    }

    fn small(&mut self) -> usize {
        self.rng.usize(2..=3)
    }

    /// A shape that reduces to a number or, along the axis, to a vector.
    fn reduced(&mut self, shape: Shape, axis: usize) -> Option<Shape> {
        let n = self.small();
        match shape {
            Shape::Vector(m) if axis == 0 => Some(Shape::Matrix(n, m)),
            Shape::Vector(m) => Some(Shape::Matrix(m, n)),
            _ => None,
        }
    }

    fn convex(&mut self, shape: Shape, size: u32) -> Option<Expr> {
        let n = self.rng.usize(2..=4);
        let (vector, table) = (Shape::Vector(n), Shape::Matrix(2, n));
        let axis = self.rng.usize(0..2);
        let (atom, inner) = match (self.rng.u8(0..7), shape) {
            // By the rules the sign of a difference of convex and concave is not known.
            (6, Shape::Scalar) => {
                let x = self.affine(vector, size);
                return Some(Expr::call(shape, Atom::Spread, vec![x]));
            }
            (0, Shape::Scalar) => (Atom::SumLargest(self.pick(&[1.0, 2.0, 1.5])), vector),
            (1, Shape::Scalar) => (Atom::Cvar(self.pick(&[0.5, 0.3, 0.8])), vector),
            (2, Shape::Scalar) => (Atom::MaxOver, vector),
            (3, Shape::Scalar) => (Atom::SumLargest(3.0), table),
            (4, Shape::Scalar) => {
                let positive = self.rng.bool();
                let weights = self.data(vector, positive);
                let want = if positive { Want::Convex } else { Want::Affine };
                let x = self.expression(want, vector, size);
                return Some(Expr::call(shape, Atom::DotSort, vec![x, weights]));
            }
            (0..=2, Shape::Vector(_)) => (Atom::Cummax, shape),
            (3..=5, Shape::Vector(_)) => (Atom::MaxAxis(axis), self.reduced(shape, axis)?),
            _ => return None,
        };
        let x = self.expression(Want::Convex, inner, size);
        Some(Expr::call(shape, atom, vec![x]))
    }

    fn concave(&mut self, shape: Shape, size: u32) -> Option<Expr> {
        let axis = self.rng.usize(0..2);
        let (atom, inner) = match shape {
            Shape::Scalar => {
                let atom = self.pick(&[1.0, 2.0, 1.5]);
                let atom = self.pick(&[Atom::SumSmallest(atom), Atom::MinOver]);
                (atom, Shape::Vector(self.small()))
            }
            Shape::Vector(_) if self.rng.bool() => (Atom::Cummin, shape),
            Shape::Vector(_) => (Atom::MinAxis(axis), self.reduced(shape, axis)?),
            Shape::Matrix(..) => return None,
        };
        let x = self.expression(Want::Concave, inner, size);
        Some(Expr::call(shape, atom, vec![x]))
    }

    fn nonnegative(&mut self, shape: Shape, size: u32) -> Option<Expr> {
        let (m, n) = (self.small(), self.small());
        let (vector, table) = (Shape::Vector(m + 1), Shape::Matrix(m, n));
        let orders = (self.rng.bool(), self.rng.bool());
        let (atom, inner) = match (self.rng.u8(0..10), shape) {
            (0, _) => {
                let x = self.expression(Want::Concave, shape, size);
                return Some(Expr::call(shape, Atom::Hinge, vec![x]));
            }
            (1, _) => (Atom::QuantileLoss(self.pick(&[0.1, 0.5, 0.8])), shape),
            (2, _) => (Atom::Scalene(self.real(0.1, 2.0), self.real(0.1, 2.0)), shape),
            (3, Shape::Scalar) => (Atom::Ptp, vector),
            (4, Shape::Scalar) => (self.pick(&[Atom::TotalVariation, Atom::Roughness]), vector),
            (7, Shape::Scalar) => (Atom::PairsOver, vector),
            (5, Shape::Scalar) => (Atom::MixedNorm(orders.0, orders.1), table),
            (6, Shape::Scalar) => (self.pick(&[Atom::MatrixNorm1, Atom::MatrixNormInf]), table),
            (_, Shape::Vector(_)) => {
                let axis = self.rng.usize(0..2);
                (Atom::Norm1Axis(axis), self.reduced(shape, axis)?)
            }
            _ => return None,
        };
        let x = self.affine(inner, size);
        Some(Expr::call(shape, atom, vec![x]))
    }

    fn form(&mut self, shape: Shape, size: u32) -> Option<Expr> {
        let n = self.rng.usize(2..=4);
        let vector = Shape::Vector(n);
        let axis = self.rng.usize(0..2);
        match (self.rng.u8(0..6), shape) {
            (0, Shape::Scalar) => {
                let atom = self.pick(&[Atom::MatrixFrac, Atom::FormAsProduct]);
                // What is written twice is recognized unless it holds a comprehension.
                let x =
                    if atom == Atom::FormAsProduct { self.leaf(vector) } else { self.affine(vector, size) };
                let p = self.definite(n);
                Some(Expr::call(shape, atom, vec![x, p]))
            }
            (1, Shape::Scalar) => {
                let (x, y) = (self.affine(vector, size), self.data(Shape::Scalar, true));
                Some(Expr::call(shape, Atom::QuadOverLin, vec![x, y]))
            }
            (2, Shape::Scalar) => {
                let atom = self.pick(&[Atom::Variance, Atom::MeanSquares, Atom::NormSquared]);
                let x = self.affine(vector, size);
                Some(Expr::call(shape, atom, vec![x]))
            }
            (_, Shape::Vector(_)) => {
                let inner = self.reduced(shape, axis)?;
                let x = {
                    let want = self.pick(&[Want::Affine, Want::Nonnegative]);
                    self.expression(want, inner, size)
                };
                Some(Expr::call(shape, Atom::SumSquaresAxis(axis), vec![x]))
            }
            _ => None,
        }
    }

    fn rearranged(&mut self, shape: Shape, size: u32) -> Option<Expr> {
        if size == 0 {
            return None;
        }
        let size = size - 1;
        let n = self.small();
        let axis = self.rng.usize(0..2);
        let (atom, inner) = match (self.rng.u8(0..9), shape) {
            (0, Shape::Scalar) => (Atom::Trace, Shape::Matrix(n, n)),
            (1..=3, Shape::Scalar) => (Atom::RampOver, Shape::Vector(n + 1)),
            (_, Shape::Scalar) => (Atom::SumOver, Shape::Vector(n)),
            (0, Shape::Vector(_)) => (Atom::Flip, shape),
            (1, Shape::Vector(m)) => (Atom::Roll(self.rng.usize(0..=m)), shape),
            (2, Shape::Vector(m)) if m % 2 == 0 => (Atom::Tile(2), Shape::Vector(m / 2)),
            (3, Shape::Vector(m)) => (Atom::Diagonal, Shape::Matrix(m, m)),
            (4, Shape::Vector(3)) => (Atom::UpperTri, Shape::Matrix(3, 3)),
            (5, Shape::Vector(4)) => (self.pick(&[Atom::ReshapeC, Atom::ReshapeF]), Shape::Matrix(2, 2)),
            (6, Shape::Vector(_)) => (self.pick(&[Atom::HstackOver, Atom::RunsOver]), shape),
            (7, Shape::Vector(m)) if m > n => {
                return Some(self.product(
                    Atom::Conv,
                    shape,
                    Shape::Vector(n),
                    Shape::Vector(m + 1 - n),
                    size,
                ));
            }
            (8, Shape::Vector(m)) if m % 2 == 0 => {
                return Some(self.product(Atom::Kron, shape, Shape::Vector(2), Shape::Vector(m / 2), size));
            }
            (0, Shape::Matrix(m, k)) if m == k => (Atom::Diagonal, Shape::Vector(m)),
            (1, Shape::Matrix(m, k)) => (self.pick(&[Atom::ReshapeC, Atom::ReshapeF]), Shape::Matrix(k, m)),
            (2, Shape::Matrix(..)) => (Atom::CumsumAxis(axis), shape),
            (3, Shape::Matrix(m, k)) if axis == 0 => (Atom::DiffAxis(0), Shape::Matrix(m + 1, k)),
            (3, Shape::Matrix(m, k)) => (Atom::DiffAxis(1), Shape::Matrix(m, k + 1)),
            (4, Shape::Matrix(m, k)) => {
                return Some(self.product(Atom::Outer, shape, Shape::Vector(m), Shape::Vector(k), size));
            }
            (5, Shape::Matrix(m, k)) => {
                return Some(self.product(
                    Atom::Einsum,
                    shape,
                    Shape::Matrix(m, n),
                    Shape::Matrix(n, k),
                    size,
                ));
            }
            (6, Shape::Matrix(2, k)) => {
                let (a, b) =
                    (self.affine(Shape::Vector(k), size / 2), self.affine(Shape::Vector(k), size / 2));
                return Some(Expr::call(shape, Atom::Vstack, vec![a, b]));
            }
            (7, Shape::Matrix(m, k)) if m % 2 == 0 => {
                return Some(self.product(
                    Atom::Kron,
                    shape,
                    Shape::Matrix(2, 1),
                    Shape::Matrix(m / 2, k),
                    size,
                ));
            }
            _ => return None,
        };
        let x = self.affine(inner, size);
        Some(Expr::call(shape, atom, vec![x]))
    }

    fn product(&mut self, atom: Atom, shape: Shape, data: Shape, inner: Shape, size: u32) -> Expr {
        let (data, x) = (self.data(data, false), self.affine(inner, size));
        Expr::call(shape, atom, vec![data, x])
    }
}
