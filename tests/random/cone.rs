//! A deliberately naive lowering to cones, solved by Clarabel: every atom gets fresh epigraph variables, nothing is
//! shared, squares are second-order cones. It has nothing in common with the compiler under test.

use super::model::{Atom, Expr, Kind, Model, Relation};
use super::value::{Point, bilinear, linear, matrix, value};
use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus,
    SupportedConeT::{ExponentialConeT, NonnegativeConeT, PowerConeT, SecondOrderConeT, ZeroConeT},
};
use std::collections::BTreeMap;

/// `Σ coefficient · column + constant`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    terms: BTreeMap<usize, f64>,
    constant: f64,
}

impl Row {
    pub(crate) fn constant(constant: f64) -> Self {
        Self { terms: BTreeMap::new(), constant }
    }

    fn column(j: usize) -> Self {
        Self { terms: [(j, 1.0)].into(), constant: 0.0 }
    }

    pub(crate) fn plus(mut self, other: &Self, by: f64) -> Self {
        for (&j, &c) in &other.terms {
            *self.terms.entry(j).or_default() += by * c;
        }
        self.constant += by * other.constant;
        self
    }

    pub(crate) fn times(&self, by: f64) -> Self {
        Self::default().plus(self, by)
    }
}

/// Rows that lie in a product of cones, block by block.
pub(crate) struct Cones<'m> {
    model: &'m Model,
    columns: usize,
    zero: Vec<Row>,
    nonnegative: Vec<Row>,
    second_order: Vec<Vec<Row>>,
    /// `(x, y, z)` with `y exp(x/y) ≤ z`.
    exponential: Vec<[Row; 3]>,
    /// `a` and `(x, y, z)` with `x^a y^(1−a) ≥ |z|`.
    power: Vec<(f64, [Row; 3])>,
}

/// What the reference found.
pub(crate) struct Reference {
    pub(crate) objective: f64,
    pub(crate) point: Point,
}

/// Solves a model; `None` if Clarabel does not claim a solution at full accuracy.
pub(crate) fn solve(model: &Model) -> Option<Reference> {
    let mut cones = Cones {
        model,
        columns: 0,
        zero: vec![],
        nonnegative: vec![],
        second_order: vec![],
        exponential: vec![],
        power: vec![],
    };
    let mut starts = Vec::new();
    for x in &model.variables {
        starts.push(cones.columns);
        for _ in 0..x.shape.len() {
            let column = Row::column(cones.fresh());
            if let Some((lo, hi)) = x.bounds {
                cones.nonnegative.push(column.clone().plus(&Row::constant(lo), -1.0));
                cones.nonnegative.push(Row::constant(hi).plus(&column, -1.0));
            }
        }
    }
    for c in &model.constraints {
        let (left, right) = (cones.lower(&starts, &c.left), cones.lower(&starts, &c.right));
        for i in 0..left.len().max(right.len()) {
            let (l, r) = (&left[i.min(left.len() - 1)], &right[i.min(right.len() - 1)]);
            match c.relation {
                Relation::AtMost => cones.nonnegative.push(r.clone().plus(l, -1.0)),
                Relation::AtLeast => cones.nonnegative.push(l.clone().plus(r, -1.0)),
                Relation::Equal => cones.zero.push(l.clone().plus(r, -1.0)),
            }
        }
    }
    let sign = if model.maximize { -1.0 } else { 1.0 };
    let objective = cones.lower(&starts, model.objective.as_ref()?).first()?.times(sign);
    // The cones that are not symmetric do not always give the last digits.
    let columns = cones.solve(&objective, 1e-11).or_else(|| cones.solve(&objective, 1e-9))?;
    let point: Point = model
        .variables
        .iter()
        .zip(&starts)
        .map(|(x, &start)| columns[start..start + x.shape.len()].to_vec())
        .collect();
    // The objective at the point itself, not the epigraph variable that overestimates it.
    let at_point = value(model, &point, model.objective.as_ref()?)[0];
    if at_point.is_finite() {
        return Some(Reference { objective: at_point, point });
    }
    // The reference may be past the end of a domain by what it leaves of feasibility; its epigraph variables are not.
    let by_cones = objective.terms.iter().map(|(&j, c)| c * columns[j]).sum::<f64>() + objective.constant;
    Some(Reference { objective: sign * by_cones, point })
}

impl Cones<'_> {
    fn fresh(&mut self) -> usize {
        self.columns += 1;
        self.columns - 1
    }

    pub(crate) fn fresh_rows(&mut self, count: usize) -> Vec<Row> {
        (0..count).map(|_| Row::column(self.fresh())).collect()
    }

    /// `row ≥ 0`.
    pub(crate) fn nonnegative(&mut self, above: &Row, below: &Row) {
        self.nonnegative.push(above.clone().plus(below, -1.0));
    }

    /// `bound ≥ Σ rows²`.
    pub(crate) fn squares(&mut self, bound: &Row, rows: &[Row]) {
        let one = Row::constant(1.0);
        let mut cone = vec![bound.clone().plus(&one, 1.0), bound.clone().plus(&one, -1.0)];
        cone.extend(rows.iter().map(|r| r.times(2.0)));
        self.second_order.push(cone);
    }

    fn lower(&mut self, starts: &[usize], e: &Expr) -> Vec<Row> {
        let model = self.model;
        if e.is_constant(model) {
            return value(model, &Point::new(), e).into_iter().map(Row::constant).collect();
        }
        let (atom, arguments) = match &e.kind {
            Kind::Variable(k) => {
                return (starts[*k]..starts[*k] + e.shape.len()).map(Row::column).collect();
            }
            Kind::Let(k) => return self.lower(starts, &model.lets[*k]),
            Kind::Call(atom, arguments) => (*atom, arguments),
            _ => unreachable!("constants were lowered"),
        };
        let constant = |k: usize| value(model, &Point::new(), &arguments[k]);
        if atom == Atom::Multiply || atom == Atom::Divide {
            let (data, variable) = if arguments[0].is_constant(model) { (0, 1) } else { (1, 0) };
            let (data, rows) = (constant(data), self.lower(starts, &arguments[variable]));
            return (0..e.shape.len())
                .map(|i| {
                    let by = data[i.min(data.len() - 1)];
                    rows[i.min(rows.len() - 1)].times(if atom == Atom::Divide { 1.0 / by } else { by })
                })
                .collect();
        }
        if atom == Atom::MatMul {
            let a = matrix(arguments[0].shape, &constant(0));
            let x = self.lower(starts, &arguments[1]);
            let width = x.len() / a.ncols();
            return (0..e.shape.len())
                .map(|i| {
                    let (row, column) = (i / width, i % width);
                    let terms = (0..a.ncols()).map(|k| (a[(row, k)], &x[k * width + column]));
                    terms.fold(Row::default(), |sum, (c, x)| sum.plus(x, c))
                })
                .collect();
        }
        if let Atom::QuadForm | Atom::FormAsProduct | Atom::MatrixFrac = atom {
            let p = matrix(arguments[1].shape, &constant(1));
            let p = if atom == Atom::MatrixFrac { p.try_inverse().expect("positive definite") } else { p };
            let x = self.lower(starts, &arguments[0]);
            let half = p.cholesky().expect("positive definite").l();
            let rows: Vec<Row> = (0..x.len())
                .map(|j| (0..x.len()).fold(Row::default(), |sum, i| sum.plus(&x[i], half[(i, j)])))
                .collect();
            let t = self.fresh_rows(1);
            self.squares(&t[0], &rows);
            return t;
        }
        if let Some(pairs) = bilinear(atom, e.shape, arguments) {
            let (data, x) = (constant(0), self.lower(starts, &arguments[1]));
            let sum = |pairs: &Vec<(usize, usize)>| {
                pairs.iter().fold(Row::default(), |sum, &(i, j)| sum.plus(&x[j], data[i]))
            };
            return pairs.iter().map(sum).collect();
        }
        if let Atom::DotSort | Atom::QuadOverLin = atom {
            let (x, data) = (self.lower(starts, &arguments[0]), constant(1));
            let t = self.fresh_rows(1);
            if atom == Atom::DotSort {
                self.sorted(&x, &data, &t[0]);
            } else {
                self.squares(&t[0].times(data[0]), &x);
            }
            return t;
        }
        let a: Vec<Vec<Row>> = arguments.iter().map(|a| self.lower(starts, a)).collect();
        if let Some(map) = linear(atom, e.shape, arguments) {
            let entry = |row: &Vec<(usize, usize, f64)>| {
                row.iter().fold(Row::default(), |sum, &(k, i, c)| sum.plus(&a[k][i], c))
            };
            return map.iter().map(entry).collect();
        }
        let t = self.fresh_rows(e.shape.len());
        let zero = Row::default();
        let at = |k: usize, i: usize| a[k][if a[k].len() == 1 { 0 } else { i }].clone();
        for (i, top) in t.iter().enumerate() {
            if self.piecewise(atom, arguments, &a[0], i, top) {
                continue;
            }
            match atom {
                Atom::Abs => {
                    self.nonnegative(top, &at(0, i));
                    self.nonnegative(top, &at(0, i).times(-1.0));
                }
                Atom::Pos | Atom::Neg => {
                    self.nonnegative(top, &zero);
                    self.nonnegative(top, &at(0, i).times(if atom == Atom::Pos { 1.0 } else { -1.0 }));
                }
                Atom::Maximum => (0..2).for_each(|k| self.nonnegative(top, &at(k, i))),
                Atom::Minimum => (0..2).for_each(|k| self.nonnegative(&at(k, i), top)),
                Atom::Max => a[0].iter().for_each(|row| self.nonnegative(top, row)),
                Atom::Min => a[0].iter().for_each(|row| self.nonnegative(row, top)),
                Atom::Norm1 => {
                    let parts = self.fresh_rows(a[0].len());
                    for (part, row) in parts.iter().zip(&a[0]) {
                        self.nonnegative(part, row);
                        self.nonnegative(part, &row.times(-1.0));
                    }
                    let total = parts.iter().fold(Row::default(), |sum, part| sum.plus(part, 1.0));
                    self.nonnegative(top, &total);
                }
                Atom::NormInf => {
                    for row in &a[0] {
                        self.nonnegative(top, row);
                        self.nonnegative(top, &row.times(-1.0));
                    }
                }
                Atom::Square => self.squares(top, &[at(0, i)]),
                Atom::SumSquares => self.squares(top, &a[0]),
                Atom::Huber(m) => {
                    // min n² + 2M|a − n|
                    let parts = self.fresh_rows(3);
                    let rest = at(0, i).plus(&parts[0], -1.0);
                    self.nonnegative(&parts[1], &rest);
                    self.nonnegative(&parts[1], &rest.times(-1.0));
                    self.squares(&parts[2], &parts[..1]);
                    let total = parts[2].clone().plus(&parts[1], 2.0 * m);
                    self.nonnegative(top, &total);
                }
                _ => self.smooth(atom, e, &a, i, top),
            }
        }
        t
    }

    /// The cones of entry `i` of a smooth atom, which `top` bounds.
    fn smooth(&mut self, atom: Atom, e: &Expr, a: &[Vec<Row>], i: usize, top: &Row) {
        let (one, down) = (Row::constant(1.0), top.times(-1.0));
        let at = |k: usize| a[k][if a[k].len() == 1 { 0 } else { i }].clone();
        match atom {
            Atom::Exp => self.exponential.push([at(0), one, top.clone()]),
            Atom::Log => self.exponential.push([top.clone(), one, at(0)]),
            Atom::Log1p => self.exponential.push([top.clone(), one.clone(), at(0).plus(&one, 1.0)]),
            Atom::Logistic => self.log_sum_exp(&[Row::default(), at(0)], top),
            Atom::LogSumExp => self.log_sum_exp(&a[0], top),
            Atom::LogSumExpAxis(axis) => {
                let count = e.shape.len();
                let length = a[0].len() / count;
                let entry = |k: usize| a[0][if axis == 0 { k * count + i } else { i * length + k }].clone();
                self.log_sum_exp(&(0..length).map(entry).collect::<Vec<_>>(), top);
            }
            Atom::Entropy => self.exponential.push([top.clone(), at(0), one]),
            Atom::RelativeEntropy => self.exponential.push([down, at(0), at(1)]),
            Atom::KlDivergence => {
                let rest = down.plus(&at(0), -1.0).plus(&at(1), 1.0);
                self.exponential.push([rest, at(0), at(1)]);
            }
            Atom::Sqrt => self.power.push((0.5, [at(0), one, top.clone()])),
            Atom::InvPos => self.power.push((0.5, [at(0), top.clone(), one])),
            Atom::Power(p) if p > 1.0 => {
                // An even power is defined everywhere, another one where its argument is nonnegative.
                if p % 2.0 != 0.0 {
                    self.nonnegative(&at(0), &Row::default());
                }
                self.power.push((1.0 / p, [top.clone(), one, at(0)]));
            }
            Atom::Power(p) if p > 0.0 => self.power.push((p, [at(0), one, top.clone()])),
            Atom::Power(p) => self.power.push((p / (p - 1.0), [at(0), top.clone(), one])),
            _ => unreachable!("{atom:?} was lowered"),
        }
    }

    /// `top ≥ log Σ exp(row)`: the `exp(row − top)` add up to at most 1.
    fn log_sum_exp(&mut self, rows: &[Row], top: &Row) {
        let parts = self.fresh_rows(rows.len());
        for (part, row) in parts.iter().zip(rows) {
            self.exponential.push([row.clone().plus(top, -1.0), Row::constant(1.0), part.clone()]);
        }
        let total = parts.iter().fold(Row::default(), |sum, part| sum.plus(part, 1.0));
        self.nonnegative(&Row::constant(1.0), &total);
    }

    /// The columns that minimize a row; Clarabel's form is `Ax + s = b`, `s ∈ K`.
    fn solve(&self, objective: &Row, tolerance: f64) -> Option<Vec<f64>> {
        let n = self.columns;
        let mut q = vec![0.0; n];
        for (&j, &c) in &objective.terms {
            q[j] = c;
        }
        let rows: Vec<&Row> = (self.zero.iter().chain(&self.nonnegative))
            .chain(self.second_order.iter().flatten())
            .chain(self.exponential.iter().flatten())
            .chain(self.power.iter().flat_map(|(_, rows)| rows))
            .collect();
        let mut cones = vec![ZeroConeT(self.zero.len()), NonnegativeConeT(self.nonnegative.len())];
        cones.extend(self.second_order.iter().map(|cone| SecondOrderConeT(cone.len())));
        cones.extend(self.exponential.iter().map(|_| ExponentialConeT()));
        cones.extend(self.power.iter().map(|&(a, _)| PowerConeT(a)));
        let (mut i, mut j, mut v) = (vec![], vec![], vec![]);
        for (k, row) in rows.iter().enumerate() {
            for (&column, &c) in &row.terms {
                i.push(k);
                j.push(column);
                v.push(-c);
            }
        }
        let a = CscMatrix::new_from_triplets(rows.len(), n, i, j, v);
        let b: Vec<f64> = rows.iter().map(|r| r.constant).collect();
        let settings = DefaultSettingsBuilder::default()
            .verbose(false)
            .tol_gap_abs(tolerance)
            .tol_gap_rel(tolerance)
            .tol_feas(tolerance)
            .max_iter(100)
            .build()
            .ok()?;
        let p = CscMatrix::zeros((n, n));
        let mut solver = DefaultSolver::new(&p, &q, &a, &b, &cones, settings).ok()?;
        solver.solve();
        (solver.solution.status == SolverStatus::Solved).then(|| solver.solution.x.clone())
    }
}
