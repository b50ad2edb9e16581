//! Random parameters, and expressions of them.

use super::super::model::{Atom, Expr, Kind, Parameter};
use super::Generator;
use cvxlayer::program::Shape;

impl Generator {
    /// A new parameter with values away from the ends of its domain.
    pub(super) fn parameter(&mut self, shape: Shape, attribute: &'static str) -> Expr {
        let positive = !attribute.is_empty();
        let value = (0..shape.len())
            .map(|_| if positive { self.real(0.2, 1.5) } else { self.real(-1.5, 1.5) })
            .collect();
        self.model.parameters.push(Parameter { shape, attribute, value });
        Expr { shape, kind: Kind::Parameter(self.model.parameters.len() - 1) }
    }

    /// A positive definite parameter.
    pub(super) fn definite(&mut self, n: usize) -> Expr {
        let root: Vec<f64> = (0..n * n).map(|_| self.real(-1.0, 1.0)).collect();
        let entry = |i: usize, j: usize| {
            let diagonal = if i == j { 0.3 } else { 0.0 };
            (0..n).map(|k| root[i * n + k] * root[j * n + k]).sum::<f64>() + diagonal
        };
        let value = (0..n * n).map(|e| entry((e / n).min(e % n), (e / n).max(e % n))).collect();
        let shape = Shape::Matrix(n, n);
        self.model.parameters.push(Parameter { shape, attribute: "psd", value });
        Expr { shape, kind: Kind::Parameter(self.model.parameters.len() - 1) }
    }

    /// An expression of parameters, often not affine in them.
    pub(super) fn data(&mut self, shape: Shape, positive: bool) -> Expr {
        let attribute = if positive { self.pick(&["pos", "nonneg"]) } else { "" };
        let p = self.parameter(shape, attribute);
        match self.rng.u8(0..10) {
            0 => {
                let q = self.parameter(shape, attribute);
                Expr::call(shape, Atom::Multiply, vec![p, q])
            }
            1 => {
                let q = self.parameter(Shape::Scalar, "pos");
                Expr::call(shape, Atom::Divide, vec![p, q])
            }
            2 => Expr::call(shape, Atom::Exp, vec![p]),
            3 => {
                let q = self.parameter(shape, attribute);
                Expr::call(shape, Atom::Maximum, vec![p, q])
            }
            4 => Expr::call(shape, Atom::Square, vec![p]),
            5 => Expr::call(shape, Atom::Abs, vec![p]),
            6 if positive => {
                let q = self.parameter(shape, "pos");
                Expr::call(shape, Atom::Sqrt, vec![q])
            }
            7 => {
                let v = self.parameter(Shape::Vector(2), "");
                let norm = Expr::call(Shape::Scalar, Atom::Norm1, vec![v]);
                Expr::call(shape, Atom::Multiply, vec![norm, p])
            }
            8 if shape == Shape::Scalar => Expr::number(self.real(0.2, 2.0)),
            _ => p,
        }
    }
}
