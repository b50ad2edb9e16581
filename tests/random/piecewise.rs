//! Atoms that reduce lines of entries, and more piecewise-linear ones: their values, their cones, and random expressions.

use super::cone::{Cones, Row};
use super::model::{Atom, Expr};
use super::value::sizes;
use cvxlayer::program::Shape;

/// The entries of the argument that entry `i` of the result is made of.
fn line(atom: Atom, argument: Shape, i: usize) -> Vec<usize> {
    let (rows, columns) = sizes(argument);
    match atom {
        Atom::MaxAxis(axis) | Atom::MinAxis(axis) | Atom::Norm1Axis(axis) | Atom::SumSquaresAxis(axis) => {
            if axis == 0 {
                (0..rows).map(|k| k * columns + i).collect()
            } else {
                (0..columns).map(|k| i * columns + k).collect()
            }
        }
        Atom::Cummax | Atom::Cummin => (0..=i).collect(),
        Atom::Hinge | Atom::QuantileLoss(_) | Atom::Scalene(..) => vec![i],
        _ => (0..rows * columns).collect(),
    }
}

/// All pairs of two, the first one first.
fn pairs<T: Clone>(all: &[T]) -> impl Iterator<Item = (T, T)> {
    (0..all.len()).flat_map(move |j| all[j + 1..].iter().map(move |b| (all[j].clone(), b.clone())))
}

/// The sum of the `count` largest, of a fraction of it the share of the next.
fn largest(values: &[f64], count: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.iter().enumerate().map(|(k, v)| v * (count - k as f64).clamp(0.0, 1.0)).sum()
}

/// Norms of the rows, and the norm of these; infinite ones where it is said.
fn mixed(values: &[f64], columns: usize, inner: bool, outer: bool) -> f64 {
    let fold = |of: &mut dyn Iterator<Item = f64>, top: bool| {
        of.fold(0.0, |sum: f64, v| if top { sum.max(v.abs()) } else { sum + v.abs() })
    };
    let rows: Vec<f64> = values.chunks(columns).map(|row| fold(&mut row.iter().copied(), inner)).collect();
    fold(&mut rows.into_iter(), outer)
}

/// The value of an atom of this file, or `None` for another.
pub(crate) fn value(atom: Atom, e: &Expr, arguments: &[Expr], values: &[Vec<f64>]) -> Option<Vec<f64>> {
    let argument = arguments[0].shape;
    let columns = sizes(argument).1;
    let one = |v: &[f64]| -> Option<f64> {
        let max = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let min = v.iter().copied().fold(f64::INFINITY, f64::min);
        Some(match atom {
            Atom::MaxAxis(_) | Atom::Cummax | Atom::MaxOver => max,
            Atom::MinAxis(_) | Atom::Cummin | Atom::MinOver => min,
            Atom::PairsOver => pairs(v).map(|(a, b)| (a - b).abs()).sum(),
            Atom::Norm1Axis(_) => v.iter().map(|v| v.abs()).sum(),
            Atom::SumSquaresAxis(_) | Atom::NormSquared => v.iter().map(|v| v * v).sum(),
            Atom::MeanSquares => v.iter().map(|v| v * v).sum::<f64>() / v.len() as f64,
            Atom::Variance => {
                let mean = v.iter().sum::<f64>() / v.len() as f64;
                v.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / v.len() as f64
            }
            Atom::SumLargest(k) => largest(v, k),
            Atom::SumSmallest(k) => -largest(&v.iter().map(|v| -v).collect::<Vec<_>>(), k),
            Atom::Cvar(beta) => {
                let k = (1.0 - beta) * v.len() as f64;
                largest(v, k) / k
            }
            Atom::Ptp | Atom::Spread => max - min,
            Atom::TotalVariation | Atom::Roughness => v.windows(2).map(|w| (w[1] - w[0]).abs()).sum(),
            Atom::Hinge => (1.0 - v[0]).max(0.0),
            Atom::QuantileLoss(tau) => (tau * v[0]).max((tau - 1.0) * v[0]),
            Atom::Scalene(a, b) => a * v[0].max(0.0) + b * (-v[0]).max(0.0),
            Atom::MixedNorm(inner, outer) => mixed(v, columns, inner, outer),
            Atom::MatrixNormInf => mixed(v, columns, false, true),
            Atom::MatrixNorm1 => {
                let column = |j: usize| v.iter().skip(j).step_by(columns).map(|v| v.abs()).sum::<f64>();
                (0..columns).map(column).fold(0.0, f64::max)
            }
            Atom::DotSort => {
                let (mut x, mut w) = (v.to_vec(), values[1].clone());
                w.resize(x.len(), 0.0);
                x.sort_by(f64::total_cmp);
                w.sort_by(f64::total_cmp);
                x.iter().zip(w).map(|(x, w)| x * w).sum()
            }
            Atom::QuadOverLin => v.iter().map(|v| v * v).sum::<f64>() / values[1][0],
            _ => return None,
        })
    };
    let entry =
        |i: usize| one(&line(atom, argument, i).into_iter().map(|k| values[0][k]).collect::<Vec<_>>());
    (0..e.shape.len()).map(entry).collect()
}

impl Cones<'_> {
    /// Rows above the absolute values of others.
    fn absolute(&mut self, rows: &[Row]) -> Vec<Row> {
        let parts = self.fresh_rows(rows.len());
        for (part, row) in parts.iter().zip(rows) {
            self.nonnegative(part, row);
            self.nonnegative(part, &row.times(-1.0));
        }
        parts
    }

    /// `top` at least the sum, or each, of the rows.
    fn above(&mut self, top: &Row, rows: &[Row], each: bool) {
        if each {
            for row in rows {
                self.nonnegative(top, row);
            }
        } else {
            let total = rows.iter().fold(Row::default(), |sum, row| sum.plus(row, 1.0));
            self.nonnegative(top, &total);
        }
    }

    /// `k q + Σ (x − q)₊`, whose least value over q is the sum of the k largest.
    fn largest(&mut self, rows: &[Row], k: f64) -> Row {
        let q = self.fresh_rows(1).remove(0);
        let parts = self.fresh_rows(rows.len());
        for (part, row) in parts.iter().zip(rows) {
            self.nonnegative(part, &Row::default());
            self.nonnegative(part, &row.clone().plus(&q, -1.0));
        }
        parts.iter().fold(q.times(k), |sum, part| sum.plus(part, 1.0))
    }

    /// The cones of entry `i` of an atom of this file, which `top` bounds; says whether it is one.
    pub(crate) fn piecewise(
        &mut self,
        atom: Atom,
        arguments: &[Expr],
        rows: &[Row],
        i: usize,
        top: &Row,
    ) -> bool {
        let argument = arguments[0].shape;
        let columns = sizes(argument).1;
        let line: Vec<Row> = line(atom, argument, i).into_iter().map(|k| rows[k].clone()).collect();
        match atom {
            Atom::MaxAxis(_) | Atom::Cummax | Atom::MaxOver => self.above(top, &line, true),
            Atom::PairsOver => {
                let distances: Vec<Row> = pairs(&line).map(|(a, b)| a.plus(&b, -1.0)).collect();
                let parts = self.absolute(&distances);
                self.above(top, &parts, false);
            }
            Atom::MinAxis(_) | Atom::Cummin | Atom::MinOver => {
                for row in &line {
                    self.nonnegative(row, top);
                }
            }
            Atom::Norm1Axis(_) => {
                let parts = self.absolute(&line);
                self.above(top, &parts, false);
            }
            Atom::SumSquaresAxis(_) | Atom::NormSquared => self.squares(top, &line),
            Atom::MeanSquares => self.squares(&top.times(line.len() as f64), &line),
            Atom::Variance => {
                let mean =
                    line.iter().fold(Row::default(), |sum, row| sum.plus(row, 1.0 / line.len() as f64));
                let rest: Vec<Row> = line.iter().map(|row| row.clone().plus(&mean, -1.0)).collect();
                self.squares(&top.times(line.len() as f64), &rest);
            }
            Atom::SumLargest(k) => {
                let total = self.largest(&line, k);
                self.nonnegative(top, &total);
            }
            Atom::SumSmallest(k) => {
                let opposite: Vec<Row> = line.iter().map(|row| row.times(-1.0)).collect();
                let total = self.largest(&opposite, k);
                self.nonnegative(&total.times(-1.0), top);
            }
            Atom::Cvar(beta) => {
                let k = (1.0 - beta) * line.len() as f64;
                let total = self.largest(&line, k);
                self.nonnegative(top, &total.times(1.0 / k));
            }
            Atom::Ptp | Atom::Spread => {
                let ends = self.fresh_rows(2);
                for row in &line {
                    self.nonnegative(&ends[1], row);
                    self.nonnegative(row, &ends[0]);
                }
                self.nonnegative(top, &ends[1].clone().plus(&ends[0], -1.0));
            }
            Atom::TotalVariation | Atom::Roughness => {
                let steps: Vec<Row> = line.windows(2).map(|w| w[1].clone().plus(&w[0], -1.0)).collect();
                let parts = self.absolute(&steps);
                self.above(top, &parts, false);
            }
            Atom::Hinge => {
                let rest = Row::constant(1.0).plus(&line[0], -1.0);
                self.above(top, &[Row::default(), rest], true);
            }
            Atom::QuantileLoss(tau) => {
                self.above(top, &[line[0].times(tau), line[0].times(tau - 1.0)], true);
            }
            Atom::Scalene(a, b) => {
                let parts = self.fresh_rows(2);
                for (part, sign) in parts.iter().zip([1.0, -1.0]) {
                    self.above(part, &[Row::default(), line[0].times(sign)], true);
                }
                self.nonnegative(top, &parts[0].times(a).plus(&parts[1], b));
            }
            Atom::MixedNorm(..) | Atom::MatrixNorm1 | Atom::MatrixNormInf => {
                let parts = self.absolute(&line);
                let (groups, inner, outer): (Vec<Vec<Row>>, _, _) = match atom {
                    Atom::MatrixNorm1 => {
                        let column = |j: usize| parts.iter().skip(j).step_by(columns).cloned().collect();
                        ((0..columns).map(column).collect(), false, true)
                    }
                    Atom::MixedNorm(inner, outer) => {
                        (parts.chunks(columns).map(<[Row]>::to_vec).collect(), inner, outer)
                    }
                    _ => (parts.chunks(columns).map(<[Row]>::to_vec).collect(), false, true),
                };
                let norms = self.fresh_rows(groups.len());
                for (norm, group) in norms.iter().zip(&groups) {
                    self.above(norm, group, inner);
                }
                self.above(top, &norms, outer);
            }
            _ => return false,
        }
        true
    }

    /// The least `Σ u + Σ v` with `u_i + v_j ≥ w_j x_i`: the best assignment of weights to entries is that of the order.
    pub(crate) fn sorted(&mut self, rows: &[Row], weights: &[f64], top: &Row) {
        let (u, v) = (self.fresh_rows(rows.len()), self.fresh_rows(rows.len()));
        for (u, x) in u.iter().zip(rows) {
            for (j, v) in v.iter().enumerate() {
                let weight = weights.get(j).copied().unwrap_or(0.0);
                self.nonnegative(&u.clone().plus(v, 1.0), &x.times(weight));
            }
        }
        let all: Vec<Row> = u.into_iter().chain(v).collect();
        self.above(top, &all, false);
    }
}
