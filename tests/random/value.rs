//! The value of an expression, straight from the definitions of the atoms.

use super::model::{Atom, Expr, Kind, Model};
use super::piecewise;
use cvxlayer::program::Shape;
use nalgebra::DMatrix;

/// Values of the variables, row by row.
pub(crate) type Point = Vec<Vec<f64>>;

/// An array as a matrix: a scalar is 1 × 1, a vector one column.
pub(crate) fn matrix(shape: Shape, entries: &[f64]) -> DMatrix<f64> {
    let (rows, columns) = sizes(shape);
    DMatrix::from_row_slice(rows, columns, entries)
}

/// Rows and columns; a vector is one column.
pub(crate) fn sizes(shape: Shape) -> (usize, usize) {
    match shape {
        Shape::Scalar => (1, 1),
        Shape::Vector(n) => (n, 1),
        Shape::Matrix(m, n) => (m, n),
    }
}

/// For an operation that is linear and needs no data: the terms `(argument, entry, coefficient)` of each entry of its
/// result, or `None` for another operation.
pub(crate) fn linear(atom: Atom, shape: Shape, arguments: &[Expr]) -> Option<Vec<Vec<(usize, usize, f64)>>> {
    let len = |k: usize| arguments[k].shape.len();
    let at = |k: usize, i: usize| if len(k) == 1 { 0 } else { i };
    let each = |f: &dyn Fn(usize) -> Vec<(usize, usize, f64)>| Some((0..shape.len()).map(f).collect());
    match atom {
        Atom::Add => each(&|i| vec![(0, at(0, i), 1.0), (1, at(1, i), 1.0)]),
        Atom::Subtract => each(&|i| vec![(0, at(0, i), 1.0), (1, at(1, i), -1.0)]),
        Atom::Negate => each(&|i| vec![(0, i, -1.0)]),
        Atom::Transpose => {
            let (rows, columns) = sizes(arguments[0].shape);
            if columns == 1 {
                return each(&|i| vec![(0, i, 1.0)]);
            }
            each(&|i| vec![(0, (i % rows) * columns + i / rows, 1.0)])
        }
        Atom::Sum => Some(vec![(0..len(0)).map(|i| (0, i, 1.0)).collect()]),
        Atom::Mean => Some(vec![(0..len(0)).map(|i| (0, i, 1.0 / len(0) as f64)).collect()]),
        Atom::SumAxis(axis) => {
            let (rows, columns) = sizes(arguments[0].shape);
            if axis == 0 {
                each(&|j| (0..rows).map(|i| (0, i * columns + j, 1.0)).collect())
            } else {
                each(&|i| (0..columns).map(|j| (0, i * columns + j, 1.0)).collect())
            }
        }
        Atom::Index(k) => {
            let columns = sizes(arguments[0].shape).1;
            each(&|j| vec![(0, k * columns + j, 1.0)])
        }
        Atom::Slice(from, _) => {
            let columns = sizes(arguments[0].shape).1;
            each(&|i| vec![(0, from * columns + i, 1.0)])
        }
        Atom::Diff => each(&|i| vec![(0, i + 1, 1.0), (0, i, -1.0)]),
        Atom::Cumsum => each(&|i| (0..=i).map(|j| (0, j, 1.0)).collect()),
        Atom::Concatenate => {
            let first = len(0);
            each(&|i| if i < first { vec![(0, i, 1.0)] } else { vec![(1, i - first, 1.0)] })
        }
        Atom::CumsumAxis(axis) => {
            let columns = sizes(arguments[0].shape).1;
            each(&|e| {
                let (i, j) = (e / columns, e % columns);
                let before = |k: usize| if axis == 0 { k * columns + j } else { i * columns + k };
                (0..=if axis == 0 { i } else { j }).map(|k| (0, before(k), 1.0)).collect()
            })
        }
        Atom::DiffAxis(axis) => {
            let (columns, step) = (sizes(arguments[0].shape).1, sizes(shape).1);
            each(&|e| {
                let here = (e / step) * columns + e % step;
                vec![(0, here + if axis == 0 { columns } else { 1 }, 1.0), (0, here, -1.0)]
            })
        }
        Atom::Flip => each(&|i| vec![(0, len(0) - 1 - i, 1.0)]),
        Atom::Roll(k) => each(&|i| vec![(0, (i + len(0) - k % len(0)) % len(0), 1.0)]),
        Atom::Tile(_) => each(&|i| vec![(0, i % len(0), 1.0)]),
        Atom::ReshapeC | Atom::HstackOver => each(&|i| vec![(0, i, 1.0)]),
        Atom::ReshapeF => {
            // The entry that comes as many places after the first, by columns.
            let (rows, columns) = sizes(arguments[0].shape);
            let (to_rows, to_columns) = sizes(shape);
            each(&|e| {
                let by_columns = (e % to_columns) * to_rows + e / to_columns;
                vec![(0, (by_columns % rows) * columns + by_columns / rows, 1.0)]
            })
        }
        Atom::Trace => {
            let columns = sizes(arguments[0].shape).1;
            Some(vec![(0..columns).map(|i| (0, i * columns + i, 1.0)).collect()])
        }
        Atom::Diagonal => match shape {
            Shape::Matrix(_, n) => each(&|e| if e / n == e % n { vec![(0, e / n, 1.0)] } else { vec![] }),
            _ => each(&|i| vec![(0, i * (shape.len() + 1), 1.0)]),
        },
        Atom::Vstack => each(&|i| vec![(i / len(0), i % len(0), 1.0)]),
        Atom::UpperTri => {
            let n = sizes(arguments[0].shape).1;
            let above = (0..n).flat_map(|i| (i + 1..n).map(move |j| vec![(0, i * n + j, 1.0)]));
            Some(above.collect())
        }
        Atom::RampOver => Some(vec![(0..len(0)).map(|k| (0, k, 0.66 - 0.12 * k as f64)).collect()]),
        Atom::RunsOver => each(&|i| (0..=i).map(|j| (0, j, (j + 1) as f64)).collect()),
        Atom::SumOver => Some(vec![(0..len(0)).map(|i| (0, i, 1.0)).collect()]),
        _ => None,
    }
}

/// For a product of data and an expression: the pairs of their entries that each entry of the result adds up, or `None` for
/// another operation.
pub(crate) fn bilinear(atom: Atom, shape: Shape, arguments: &[Expr]) -> Option<Vec<Vec<(usize, usize)>>> {
    let [a, b] = arguments else { return None };
    let ((_, n), (p, q)) = (sizes(a.shape), sizes(b.shape));
    let columns = sizes(shape).1;
    let pairs = |e: usize| -> Vec<(usize, usize)> {
        let (i, j) = (e / columns, e % columns);
        match atom {
            Atom::Kron => vec![((i / p) * n + j / q, (i % p) * q + j % q)],
            Atom::Conv => {
                let inside = |k: &usize| e >= *k && e - k < b.shape.len();
                (0..a.shape.len()).filter(inside).map(|k| (k, e - k)).collect()
            }
            Atom::Outer => vec![(i, j)],
            _ => (0..n).map(|k| (i * n + k, k * q + j)).collect(),
        }
    };
    let known = matches!(atom, Atom::Kron | Atom::Conv | Atom::Outer | Atom::Einsum);
    known.then(|| (0..shape.len()).map(pairs).collect())
}

/// At the end of its domain an argument is 0 up to rounding.
fn relative_entropy(x: f64, y: f64) -> f64 {
    if x.abs() < 1e-12 { 0.0 } else { x * (x / y).ln() }
}

fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = values.clone().fold(f64::NEG_INFINITY, f64::max);
    top + values.map(|v| (v - top).exp()).sum::<f64>().ln()
}

/// The entries of an expression, row by row.
pub(crate) fn value(model: &Model, point: &Point, e: &Expr) -> Vec<f64> {
    let (atom, arguments) = match &e.kind {
        Kind::Number(v) => return vec![*v],
        Kind::Parameter(k) => return model.parameters[*k].value.clone(),
        Kind::Variable(k) => return point[*k].clone(),
        Kind::Let(k) => return value(model, point, &model.lets[*k]),
        Kind::Call(atom, arguments) => (*atom, arguments),
    };
    let values: Vec<Vec<f64>> = arguments.iter().map(|a| value(model, point, a)).collect();
    if let Some(map) = linear(atom, e.shape, arguments) {
        return map.iter().map(|row| row.iter().map(|&(k, i, c)| c * values[k][i]).sum()).collect();
    }
    if let Some(pairs) = bilinear(atom, e.shape, arguments) {
        let sum = |pairs: &Vec<(usize, usize)>| pairs.iter().map(|&(i, j)| values[0][i] * values[1][j]).sum();
        return pairs.iter().map(sum).collect();
    }
    if let Some(out) = piecewise::value(atom, e, arguments, &values) {
        return out;
    }
    let a = &values[0];
    let map = |f: &dyn Fn(f64) -> f64| a.iter().map(|&v| f(v)).collect::<Vec<_>>();
    let pairs = |f: &dyn Fn(f64, f64) -> f64| {
        let at = |k: usize, i: usize| values[k][if values[k].len() == 1 { 0 } else { i }];
        (0..e.shape.len()).map(|i| f(at(0, i), at(1, i))).collect::<Vec<_>>()
    };
    let fold = |f: fn(f64, f64) -> f64| vec![a.iter().copied().reduce(f).unwrap_or(f64::NAN)];
    match atom {
        Atom::Multiply => pairs(&|x, y| x * y),
        Atom::Divide => pairs(&|x, y| x / y),
        Atom::Maximum => pairs(&f64::max),
        Atom::Minimum => pairs(&f64::min),
        Atom::MatMul => {
            let product = matrix(arguments[0].shape, a) * matrix(arguments[1].shape, &values[1]);
            product.transpose().as_slice().to_vec()
        }
        Atom::Abs => map(&f64::abs),
        Atom::Pos => map(&|v| v.max(0.0)),
        Atom::Neg => map(&|v| (-v).max(0.0)),
        Atom::Exp => map(&f64::exp),
        Atom::Log => map(&f64::ln),
        Atom::Log1p => map(&f64::ln_1p),
        Atom::Logistic => map(&|v| v.max(0.0) + (-v.abs()).exp().ln_1p()),
        Atom::LogSumExp => vec![log_sum_exp(a.iter().copied())],
        Atom::LogSumExpAxis(axis) => {
            let (rows, columns) = sizes(arguments[0].shape);
            let line = |k: usize| -> Vec<f64> {
                if axis == 0 {
                    (0..rows).map(|i| a[i * columns + k]).collect()
                } else {
                    a[k * columns..(k + 1) * columns].to_vec()
                }
            };
            (0..e.shape.len()).map(|k| log_sum_exp(line(k).into_iter())).collect()
        }
        Atom::Entropy => map(&|v| -relative_entropy(v, 1.0)),
        Atom::RelativeEntropy => pairs(&relative_entropy),
        Atom::KlDivergence => pairs(&|x, y| relative_entropy(x, y) - x + y),
        Atom::Sqrt => map(&f64::sqrt),
        Atom::InvPos => map(&f64::recip),
        // At the end of its domain an argument is 0 up to rounding.
        Atom::Power(p) => map(&|v| if v < 0.0 && v > -1e-12 { 0.0 } else { v }.powf(p)),
        Atom::Square => map(&|v| v * v),
        Atom::Huber(m) => map(&|v| if v.abs() <= m { v * v } else { 2.0 * m * v.abs() - m * m }),
        Atom::Max => fold(f64::max),
        Atom::Min => fold(f64::min),
        Atom::Norm1 => vec![a.iter().map(|v| v.abs()).sum()],
        Atom::NormInf => vec![a.iter().fold(0.0, |m, v| f64::max(m, v.abs()))],
        Atom::SumSquares => vec![a.iter().map(|v| v * v).sum()],
        Atom::QuadForm | Atom::FormAsProduct | Atom::MatrixFrac => {
            let (x, p) = (matrix(arguments[0].shape, a), matrix(arguments[1].shape, &values[1]));
            let p = if atom == Atom::MatrixFrac { p.try_inverse().expect("definite") } else { p };
            vec![(x.transpose() * p * x)[(0, 0)]]
        }
        _ => unreachable!("{atom:?} is linear"),
    }
}
