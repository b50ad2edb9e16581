//! Random models by type: an expression of a wanted curvature, sign and shape, built by the composition rule.

#[path = "data.rs"]
mod data;
#[path = "more.rs"]
mod more;
#[path = "smooth.rs"]
mod smooth;

use super::model::{Atom, Constraint, Expr, Kind, Model, Relation, Variable};
use super::value::{Point, value};
use cvxlayer::program::Shape;
use fastrand::Rng;

/// What an expression must be. An affine expression satisfies every want but a sign.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Want {
    Affine,
    /// Convex and piecewise linear.
    Convex,
    /// Convex, piecewise linear and nonnegative.
    Nonnegative,
    /// Concave and piecewise linear.
    Concave,
    /// Convex, with squares: what only an objective may hold.
    Quadratic,
    /// Convex, with smooth atoms: what only an objective may hold.
    Smooth,
}

/// Builds a model of about `size` operations an expression; of all atoms if the seed is odd, else of the elementary ones.
pub(crate) fn model(seed: u64, size: u32) -> Model {
    let mut g = Generator { rng: Rng::with_seed(seed), model: Model::default(), size, all: seed % 2 == 1 };
    g.build();
    g.model
}

struct Generator {
    rng: Rng,
    model: Model,
    size: u32,
    /// Whether all atoms may occur.
    all: bool,
}

impl Generator {
    fn build(&mut self) {
        for _ in 0..self.rng.usize(1..=2) {
            let shape = self.shape();
            let feasible: Vec<f64> = (0..shape.len()).map(|_| self.real(-1.0, 1.0)).collect();
            let bounds = self.rng.bool().then(|| (self.real(-2.0, -1.1), self.real(1.1, 2.0)));
            self.model.variables.push(Variable { shape, feasible, bounds });
        }
        for _ in 0..self.rng.usize(0..=2) {
            let want = self.pick(&[Want::Affine, Want::Affine, Want::Convex]);
            let shape = self.shape();
            let e = self.expression(want, shape, self.size);
            if want == Want::Affine {
                self.model.lets.push(e);
            }
        }
        let want = self.pick(&[Want::Quadratic, Want::Smooth]);
        let mut terms = vec![self.expression(want, Shape::Scalar, self.size)];
        for k in 0..self.model.variables.len() {
            // Strong convexity makes the solution unique, so that solutions can be compared.
            let shape = self.model.variables[k].shape;
            let centre = self.parameter(shape, "");
            let x = Expr { shape, kind: Kind::Variable(k) };
            let distance = Expr::call(shape, Atom::Subtract, vec![x, centre]);
            let squares = Expr::call(Shape::Scalar, Atom::SumSquares, vec![distance]);
            let weight = Expr::number(self.real(0.3, 2.0));
            terms.push(Expr::call(Shape::Scalar, Atom::Multiply, vec![weight, squares]));
        }
        let sum = terms.into_iter().reduce(|a, b| Expr::call(Shape::Scalar, Atom::Add, vec![a, b]));
        self.model.maximize = self.rng.u8(0..4) == 0;
        self.model.objective = match sum {
            Some(sum) if self.model.maximize => Some(Expr::call(Shape::Scalar, Atom::Negate, vec![sum])),
            sum => sum,
        };
        for _ in 0..self.rng.usize(0..=3) {
            self.constraint();
        }
        self.equality();
    }

    /// An inequality that the feasible point satisfies with room.
    fn constraint(&mut self) {
        let shape = self.pick(&[Shape::Scalar, Shape::Vector(2), Shape::Vector(3)]);
        let below = self.expression(Want::Convex, shape, self.size / 2);
        let above = if self.rng.bool() {
            self.expression(Want::Affine, shape, 1)
        } else {
            self.expression(Want::Concave, shape, self.size / 3)
        };
        let point = self.feasible();
        let (low, high) = (value(&self.model, &point, &below), value(&self.model, &point, &above));
        let excess = low.iter().zip(&high).map(|(l, h)| l - h).fold(f64::NEG_INFINITY, f64::max);
        let room = self.parameter(Shape::Scalar, "");
        let margin = self.real(0.05, 0.4);
        if let Some(last) = self.model.parameters.last_mut() {
            last.value = vec![excess + margin];
        }
        let above = Expr::call(shape, Atom::Add, vec![above, room]);
        let room = self.model.parameters.len() - 1;
        let each = self.all && shape != Shape::Scalar && self.rng.bool();
        let constraint = if self.rng.bool() {
            Constraint { left: below, relation: Relation::AtMost, right: above, room, each }
        } else {
            Constraint { left: above, relation: Relation::AtLeast, right: below, room, each }
        };
        self.model.constraints.push(constraint);
    }

    /// A row of fresh coefficients through the feasible point.
    fn equality(&mut self) {
        let k = self.rng.usize(0..self.model.variables.len());
        let Shape::Vector(n @ 2..) = self.model.variables[k].shape else { return };
        if self.rng.bool() {
            return;
        }
        let row = self.parameter(Shape::Matrix(1, n), "");
        let x = Expr { shape: Shape::Vector(n), kind: Kind::Variable(k) };
        let left = Expr::call(Shape::Vector(1), Atom::MatMul, vec![row, x]);
        let at = value(&self.model, &self.feasible(), &left);
        let right = self.parameter(Shape::Vector(1), "");
        if let Some(last) = self.model.parameters.last_mut() {
            last.value = at;
        }
        let room = self.model.parameters.len() - 1;
        self.model.constraints.push(Constraint { left, relation: Relation::Equal, right, room, each: false });
    }

    fn feasible(&self) -> Point {
        self.model.variables.iter().map(|x| x.feasible.clone()).collect()
    }

    fn real(&mut self, lo: f64, hi: f64) -> f64 {
        ((lo + (hi - lo) * self.rng.f64()) * 1000.0).round() / 1000.0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(0..of.len())]
    }

    fn shape(&mut self) -> Shape {
        let (m, n) = (self.rng.usize(2..=3), self.rng.usize(2..=4));
        self.pick(&[Shape::Scalar, Shape::Vector(n), Shape::Vector(n), Shape::Matrix(m, n)])
    }

    fn expression(&mut self, want: Want, shape: Shape, size: u32) -> Expr {
        if want == Want::Affine || (size == 0 && !matches!(want, Want::Nonnegative | Want::Smooth)) {
            return self.affine(shape, size);
        }
        let size = size.saturating_sub(1);
        if self.all
            && self.rng.bool()
            && let Some(e) = self.more(want, shape, size)
        {
            return e;
        }
        let one = |atom: Atom, e: Expr| Expr::call(shape, atom, vec![e]);
        let inner_shape = Shape::Vector(self.rng.usize(2..=4));
        match want {
            Want::Concave => match self.rng.u8(0..6) {
                0 => {
                    let (a, b) = (
                        self.expression(Want::Concave, shape, size / 2),
                        self.expression(Want::Concave, shape, size / 2),
                    );
                    Expr::call(shape, Atom::Minimum, vec![a, b])
                }
                1 if shape == Shape::Scalar => {
                    let a = self.expression(Want::Concave, inner_shape, size);
                    Expr::call(shape, Atom::Min, vec![a])
                }
                2 => {
                    let (a, b) =
                        (self.affine(shape, size / 2), self.expression(Want::Convex, shape, size / 2));
                    Expr::call(shape, Atom::Subtract, vec![a, b])
                }
                3 => self.affine(shape, size),
                _ => {
                    let a = self.expression(Want::Convex, shape, size);
                    one(Atom::Negate, a)
                }
            },
            Want::Nonnegative => match self.rng.u8(0..6) {
                0 => {
                    let a = self.expression(Want::Convex, shape, size);
                    one(Atom::Pos, a)
                }
                1 => {
                    let a = self.expression(Want::Concave, shape, size);
                    one(Atom::Neg, a)
                }
                2 if shape == Shape::Scalar => {
                    let atom = self.pick(&[Atom::Norm1, Atom::NormInf]);
                    let a = self.affine(inner_shape, size);
                    one(atom, a)
                }
                3 if size > 0 => {
                    let (a, b) = (
                        self.expression(Want::Nonnegative, shape, size / 2),
                        self.expression(Want::Nonnegative, shape, size / 2),
                    );
                    Expr::call(shape, Atom::Add, vec![a, b])
                }
                4 if size > 0 => {
                    let weight = self.data(Shape::Scalar, true);
                    let a = self.expression(Want::Nonnegative, shape, size);
                    Expr::call(shape, Atom::Multiply, vec![weight, a])
                }
                _ => {
                    let a = self.affine(shape, size);
                    one(Atom::Abs, a)
                }
            },
            Want::Quadratic => self.quadratic(shape, size),
            Want::Smooth => self.smooth(shape, size),
            _ => match self.rng.u8(0..8) {
                0 => {
                    let (a, b) = (
                        self.expression(Want::Convex, shape, size / 2),
                        self.expression(Want::Convex, shape, size / 2),
                    );
                    Expr::call(shape, Atom::Maximum, vec![a, b])
                }
                1 => {
                    let (a, b) =
                        (self.expression(Want::Convex, shape, size / 2), self.affine(shape, size / 2));
                    Expr::call(shape, Atom::Add, vec![a, b])
                }
                2 => {
                    let weight = self.data(shape, true);
                    let a = self.expression(Want::Convex, shape, size);
                    Expr::call(shape, Atom::Multiply, vec![weight, a])
                }
                3 if shape == Shape::Scalar => {
                    let atom = self.pick(&[Atom::Max, Atom::Sum, Atom::Mean]);
                    let a = self.expression(Want::Convex, inner_shape, size);
                    one(atom, a)
                }
                4 => {
                    let a = self.expression(Want::Concave, shape, size);
                    one(Atom::Negate, a)
                }
                5 => self.affine(shape, size),
                _ => self.expression(Want::Nonnegative, shape, size + 1),
            },
        }
    }

    fn quadratic(&mut self, shape: Shape, size: u32) -> Expr {
        let inner_shape = self.shape();
        let one = |atom: Atom, e: Expr| Expr::call(shape, atom, vec![e]);
        match self.rng.u8(0..9) {
            0 => {
                let a = self.affine(shape, size);
                one(Atom::Square, a)
            }
            1 => {
                let a = self.expression(Want::Nonnegative, shape, size);
                one(Atom::Square, a)
            }
            2 if shape == Shape::Scalar => {
                let a = self.affine(inner_shape, size);
                one(Atom::SumSquares, a)
            }
            3 if shape == Shape::Scalar => {
                let n = self.rng.usize(2..=4);
                let (a, p) = (self.affine(Shape::Vector(n), size), self.definite(n));
                Expr::call(shape, Atom::QuadForm, vec![a, p])
            }
            4 => {
                let a = self.affine(shape, size);
                let m = self.real(0.2, 1.5);
                one(Atom::Huber(m), a)
            }
            5 => {
                let weight = self.data(Shape::Scalar, true);
                let a = self.expression(Want::Quadratic, shape, size);
                Expr::call(shape, Atom::Multiply, vec![weight, a])
            }
            6 if shape == Shape::Scalar => {
                let a = self.expression(Want::Quadratic, inner_shape, size);
                one(Atom::Sum, a)
            }
            7 => {
                let (a, b) = (
                    self.expression(Want::Quadratic, shape, size / 2),
                    self.expression(Want::Concave, shape, size / 2),
                );
                Expr::call(shape, Atom::Subtract, vec![a, b])
            }
            _ => {
                let (a, b) = (
                    self.expression(Want::Quadratic, shape, size / 2),
                    self.expression(Want::Convex, shape, size / 2),
                );
                Expr::call(shape, Atom::Add, vec![a, b])
            }
        }
    }

    fn affine(&mut self, shape: Shape, size: u32) -> Expr {
        let size = size.saturating_sub(1);
        if size == 0 {
            return self.leaf(shape);
        }
        if self.all
            && self.rng.bool()
            && let Some(e) = self.more(Want::Affine, shape, size)
        {
            return e;
        }
        let n = self.rng.usize(2..=4);
        match (self.rng.u8(0..9), shape) {
            (0, _) => {
                let atom = self.pick(&[Atom::Add, Atom::Subtract]);
                let (a, b) = (self.affine(shape, size / 2), self.affine(shape, size / 2));
                Expr::call(shape, atom, vec![a, b])
            }
            (1, _) => {
                let a = self.affine(shape, size);
                Expr::call(shape, Atom::Negate, vec![a])
            }
            (2, _) => {
                let (p, a) = (self.data(shape, false), self.affine(shape, size));
                Expr::call(shape, Atom::Multiply, vec![p, a])
            }
            (3, _) => {
                let (a, p) = (self.affine(shape, size), self.data(Shape::Scalar, true));
                Expr::call(shape, Atom::Divide, vec![a, p])
            }
            (4, Shape::Vector(m)) => {
                let (p, a) = (self.data(Shape::Matrix(m, n), false), self.affine(Shape::Vector(n), size));
                Expr::call(shape, Atom::MatMul, vec![p, a])
            }
            (4, Shape::Matrix(m, k)) => {
                let (p, a) = (self.data(Shape::Matrix(m, n), false), self.affine(Shape::Matrix(n, k), size));
                Expr::call(shape, Atom::MatMul, vec![p, a])
            }
            (5, Shape::Vector(m)) => {
                let (atom, inner) = self.pick(&[
                    (Atom::Diff, Shape::Vector(m + 1)),
                    (Atom::Cumsum, Shape::Vector(m)),
                    (Atom::SumAxis(0), Shape::Matrix(n, m)),
                    (Atom::SumAxis(1), Shape::Matrix(m, n)),
                    (Atom::Slice(1, m + 1), Shape::Vector(m + 2)),
                ]);
                let a = self.affine(inner, size);
                Expr::call(shape, atom, vec![a])
            }
            (5, Shape::Matrix(m, k)) => {
                let a = self.affine(Shape::Matrix(k, m), size);
                Expr::call(shape, Atom::Transpose, vec![a])
            }
            (6, Shape::Vector(m)) if m >= 2 => {
                let (a, b) =
                    (self.affine(Shape::Vector(1), size / 2), self.affine(Shape::Vector(m - 1), size / 2));
                Expr::call(shape, Atom::Concatenate, vec![a, b])
            }
            (4..=6, Shape::Scalar) => {
                let atom = self.pick(&[Atom::Sum, Atom::Mean, Atom::Index(n - 1)]);
                let a = self.affine(Shape::Vector(n), size);
                Expr::call(shape, atom, vec![a])
            }
            _ => self.leaf(shape),
        }
    }

    /// A variable, or a named expression, cut to the shape; a parameter where none can be.
    fn leaf(&mut self, shape: Shape) -> Expr {
        let mut known: Vec<Expr> = (self.model.variables.iter().map(|x| x.shape))
            .enumerate()
            .map(|(k, shape)| Expr { shape, kind: Kind::Variable(k) })
            .collect();
        known.extend(
            self.model.lets.iter().enumerate().map(|(k, e)| Expr { shape: e.shape, kind: Kind::Let(k) }),
        );
        let e = known.swap_remove(self.rng.usize(0..known.len()));
        let fitting = match (e.shape, shape) {
            (have, want) if have == want => e,
            (Shape::Vector(n), Shape::Scalar) => {
                let atom = self.pick(&[Atom::Sum, Atom::Index(n / 2)]);
                Expr::call(shape, atom, vec![e])
            }
            (Shape::Matrix(..), Shape::Scalar) => Expr::call(shape, Atom::Sum, vec![e]),
            (Shape::Scalar, _) => {
                let p = self.parameter(shape, "");
                return Expr::call(shape, Atom::Multiply, vec![p, e]);
            }
            (Shape::Vector(n), Shape::Vector(m)) if n > m => {
                Expr::call(shape, Atom::Slice(n - m, n), vec![e])
            }
            (Shape::Vector(n), Shape::Vector(m)) => {
                let p = self.parameter(Shape::Matrix(m, n), "");
                Expr::call(shape, Atom::MatMul, vec![p, e])
            }
            (Shape::Matrix(m, _), Shape::Vector(k)) if m == k => Expr::call(shape, Atom::SumAxis(1), vec![e]),
            (Shape::Matrix(_, n), Shape::Vector(k)) if n == k => Expr::call(shape, Atom::SumAxis(0), vec![e]),
            _ => return self.parameter(shape, ""),
        };
        if self.rng.bool() {
            return fitting;
        }
        let p = self.parameter(shape, "");
        let atom = self.pick(&[Atom::Add, Atom::Subtract]);
        Expr::call(shape, atom, vec![fitting, p])
    }
}
