//! Random expressions of smooth atoms.

use super::super::model::{Atom, Expr};
use super::super::value::value;
use super::{Generator, Want};
use cvxlayer::program::Shape;

impl Generator {
    /// An expression plus a parameter that brings it between `lo` and `hi` at the feasible point.
    fn shifted(&mut self, want: Want, shape: Shape, size: u32, (lo, hi): (f64, f64)) -> Expr {
        let mut e = self.expression(want, shape, size);
        let mut at = value(&self.model, &self.feasible(), &e);
        // Digits that an offset of thousands would cost are no matter of the solver's.
        let most = at.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if most > 20.0 {
            let factor = 10.0 / most.round();
            for v in &mut at {
                *v *= factor;
            }
            e = Expr::call(shape, Atom::Multiply, vec![Expr::number(factor), e]);
        }
        let offset = self.parameter(shape, "");
        let offsets = at.iter().map(|at| self.real(lo, hi) - at).collect();
        if let Some(last) = self.model.parameters.last_mut() {
            last.value = offsets;
        }
        Expr::call(shape, Atom::Add, vec![e, offset])
    }

    /// A convex expression with smooth atoms; their arguments at the feasible point are inside their domains.
    pub(super) fn smooth(&mut self, shape: Shape, size: u32) -> Expr {
        let one = |atom: Atom, e: Expr| Expr::call(shape, atom, vec![e]);
        let (domain, line) = ((0.3, 2.0), (-1.5, 1.0));
        let n = self.rng.usize(2..=4);
        match (self.rng.u8(0..14), shape) {
            (0, _) => {
                let atom = self.pick(&[Atom::Exp, Atom::Logistic]);
                let a = self.shifted(Want::Convex, shape, size, line);
                one(atom, a)
            }
            (1, Shape::Scalar) => {
                let inner = self.shape();
                let a = self.shifted(Want::Convex, inner, size, line);
                one(Atom::LogSumExp, a)
            }
            (1, Shape::Vector(m)) => {
                let (axis, inner) = self.pick(&[(0, Shape::Matrix(n, m)), (1, Shape::Matrix(m, n))]);
                let a = self.shifted(Want::Convex, inner, size, line);
                one(Atom::LogSumExpAxis(axis), a)
            }
            (2 | 3, _) => {
                let atom = self.pick(&[Atom::Log, Atom::Log1p, Atom::Sqrt, Atom::Power(0.5)]);
                let a = self.shifted(Want::Concave, shape, size, domain);
                one(Atom::Negate, one(atom, a))
            }
            (4, _) => {
                let atom = self.pick(&[Atom::InvPos, Atom::Power(-1.0)]);
                let a = self.shifted(Want::Concave, shape, size, domain);
                one(atom, a)
            }
            (5, _) => {
                let a = self.shifted(Want::Affine, shape, size, domain);
                one(Atom::Negate, one(Atom::Entropy, a))
            }
            (6, _) => {
                let atom = self.pick(&[Atom::RelativeEntropy, Atom::KlDivergence]);
                let (a, p) = (self.shifted(Want::Affine, shape, size, domain), self.parameter(shape, "pos"));
                Expr::call(shape, atom, if self.rng.bool() { vec![a, p] } else { vec![p, a] })
            }
            (7, _) => {
                let atom = Atom::Power(self.pick(&[1.5, 3.0, 4.0]));
                let a = self.shifted(Want::Affine, shape, size, domain);
                one(atom, a)
            }
            (8, _) => {
                let atom = Atom::Power(self.pick(&[1.5, 3.0, 4.0]));
                let a = self.expression(Want::Nonnegative, shape, size);
                one(atom, a)
            }
            (9, Shape::Scalar) => {
                let inner = self.shape();
                let a = self.expression(Want::Smooth, inner, size);
                let atom = self.pick(&[Atom::Sum, Atom::Mean]);
                one(atom, a)
            }
            (10 | 11, _) if size > 0 => {
                let of = self.pick(&[shape, Shape::Scalar]);
                let weight = self.data(of, true);
                let a = self.expression(Want::Smooth, shape, size);
                Expr::call(shape, Atom::Multiply, vec![weight, a])
            }
            (12, _) if size > 0 => {
                let (a, b) = (
                    self.expression(Want::Smooth, shape, size / 2),
                    self.expression(Want::Concave, shape, size / 2),
                );
                Expr::call(shape, Atom::Subtract, vec![a, b])
            }
            _ => {
                let want = if size > 0 { self.pick(&[Want::Smooth, Want::Quadratic]) } else { Want::Affine };
                let a = self.shifted(Want::Affine, shape, size / 2, line);
                let b = self.expression(want, shape, size / 2);
                Expr::call(shape, Atom::Add, vec![one(Atom::Logistic, a), b])
            }
        }
    }
}
