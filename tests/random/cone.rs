//! A deliberately naive lowering to cones, solved by Clarabel: every atom gets fresh epigraph variables, nothing is
//! shared, squares are second-order cones. It has nothing in common with the compiler under test.

use super::model::{Atom, Expr, Kind, Model, Relation};
use super::value::{Point, linear, matrix, value};
use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus,
    SupportedConeT::{NonnegativeConeT, SecondOrderConeT, ZeroConeT},
};
use std::collections::BTreeMap;

/// `Σ coefficient · column + constant`.
#[derive(Clone, Debug, Default)]
struct Row {
    terms: BTreeMap<usize, f64>,
    constant: f64,
}

impl Row {
    fn constant(constant: f64) -> Self {
        Self { terms: BTreeMap::new(), constant }
    }

    fn column(j: usize) -> Self {
        Self { terms: [(j, 1.0)].into(), constant: 0.0 }
    }

    fn plus(mut self, other: &Self, by: f64) -> Self {
        for (&j, &c) in &other.terms {
            *self.terms.entry(j).or_default() += by * c;
        }
        self.constant += by * other.constant;
        self
    }

    fn times(&self, by: f64) -> Self {
        Self::default().plus(self, by)
    }
}

/// Rows that lie in a product of cones, block by block.
struct Cones<'m> {
    model: &'m Model,
    columns: usize,
    zero: Vec<Row>,
    nonnegative: Vec<Row>,
    second_order: Vec<Vec<Row>>,
}

/// What the reference found.
pub(crate) struct Reference {
    pub(crate) objective: f64,
    pub(crate) point: Point,
}

/// Solves a model; `None` if Clarabel does not claim a solution at full accuracy.
pub(crate) fn solve(model: &Model) -> Option<Reference> {
    let mut cones = Cones { model, columns: 0, zero: vec![], nonnegative: vec![], second_order: vec![] };
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
    let columns = cones.solve(&objective)?;
    let point: Point = model
        .variables
        .iter()
        .zip(&starts)
        .map(|(x, &start)| columns[start..start + x.shape.len()].to_vec())
        .collect();
    // The objective at the point itself, not the epigraph variable that overestimates it.
    let objective = value(model, &point, model.objective.as_ref()?)[0];
    Some(Reference { objective, point })
}

impl Cones<'_> {
    fn fresh(&mut self) -> usize {
        self.columns += 1;
        self.columns - 1
    }

    fn fresh_rows(&mut self, count: usize) -> Vec<Row> {
        (0..count).map(|_| Row::column(self.fresh())).collect()
    }

    /// `row ≥ 0`.
    fn nonnegative(&mut self, above: &Row, below: &Row) {
        self.nonnegative.push(above.clone().plus(below, -1.0));
    }

    /// `bound ≥ Σ rows²`.
    fn squares(&mut self, bound: &Row, rows: &[Row]) {
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
        if atom == Atom::QuadForm {
            let p = matrix(arguments[1].shape, &constant(1));
            let x = self.lower(starts, &arguments[0]);
            let half = p.cholesky().expect("positive definite").l();
            let rows: Vec<Row> = (0..x.len())
                .map(|j| (0..x.len()).fold(Row::default(), |sum, i| sum.plus(&x[i], half[(i, j)])))
                .collect();
            let t = self.fresh_rows(1);
            self.squares(&t[0], &rows);
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
                _ => unreachable!("{atom:?} takes data only"),
            }
        }
        t
    }

    /// The columns that minimize a row; Clarabel's form is `Ax + s = b`, `s ∈ K`.
    fn solve(&self, objective: &Row) -> Option<Vec<f64>> {
        let n = self.columns;
        let mut q = vec![0.0; n];
        for (&j, &c) in &objective.terms {
            q[j] = c;
        }
        let rows: Vec<&Row> =
            self.zero.iter().chain(&self.nonnegative).chain(self.second_order.iter().flatten()).collect();
        let mut cones = vec![ZeroConeT(self.zero.len()), NonnegativeConeT(self.nonnegative.len())];
        cones.extend(self.second_order.iter().map(|cone| SecondOrderConeT(cone.len())));
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
            .tol_gap_abs(1e-11)
            .tol_gap_rel(1e-11)
            .tol_feas(1e-11)
            .max_iter(100)
            .build()
            .ok()?;
        let p = CscMatrix::zeros((n, n));
        let mut solver = DefaultSolver::new(&p, &q, &a, &b, &cones, settings).ok()?;
        solver.solve();
        let accurate = matches!(solver.solution.status, SolverStatus::Solved | SolverStatus::AlmostSolved);
        accurate.then(|| solver.solution.x.clone())
    }
}
