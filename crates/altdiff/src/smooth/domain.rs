//! A point inside the domains of the smooth terms.

use super::Augmented;
use super::function::Domain;
use crate::progress::Callback;
use crate::solver::Solver;
use crate::{Csc, Error, Problem, Solution, Status};

/// Whether the constraints leave a point inside the domains.
pub(super) enum Interior {
    /// They do, with `fixed` columns that they hold at the end of a closed domain.
    Point { x: Vec<f64>, fixed: Vec<usize> },
    /// They do not, or that could not be told.
    None(Box<Solution>),
}

/// A column that is larger than this somewhere is not held at 0.
const HELD: f64 = 1e-7;

/// Seeks a point with `x_j > 0` for each column of a steep domain: `maximize Σ s_j` over `0 ≤ s_j ≤ 1`, `s_j ≤ x_j`.
pub(super) fn interior(
    solver: &Solver,
    augmented: &Augmented,
    problem: &Problem,
    callback: Callback<'_>,
) -> Result<Interior, Error> {
    let n = problem.variables();
    let mut steep: Vec<usize> = Vec::new();
    let mut lo = problem.lo.clone();
    for term in &problem.smooth {
        if term.function.domain() != Domain::All {
            lo[term.column] = lo[term.column].max(0.0);
        }
        if matches!(term.function.domain(), Domain::SteepAtZero | Domain::Positive) {
            steep.push(term.column);
        }
    }
    steep.sort_unstable();
    steep.dedup();
    // Without a model's slopes: is there any point of the domain?
    let plain = Problem {
        p: Csc { values: vec![0.0; augmented.p.nnz()], ..augmented.p.clone() },
        q: vec![0.0; n],
        lo: lo.clone(),
        smooth: Vec::new(),
        w: Vec::new(),
        ..problem.clone()
    };
    let any = solver.solve_model(&plain, None, callback)?;
    if any.status != Status::Solved {
        return Ok(Interior::None(Box::new(any)));
    }
    let k = steep.len();
    let rows = problem.g.nrows;
    let wide = |m: &Csc| Csc {
        ncols: n + k,
        col_ptr: m.col_ptr.iter().copied().chain(std::iter::repeat_n(m.nnz(), k)).collect(),
        ..m.clone()
    };
    // s_j − x_j ≤ 0 below the rows of G.
    let mut triplets: Vec<(usize, usize, f64)> = problem.g.iter().collect();
    for (s, &j) in steep.iter().enumerate() {
        triplets.push((rows + s, j, -1.0));
        triplets.push((rows + s, n + s, 1.0));
    }
    let join = |v: &[f64], more: f64| v.iter().copied().chain(std::iter::repeat_n(more, k)).collect();
    let seek = Problem::new(n + k)
        .linear(std::iter::repeat_n(0.0, n).chain(std::iter::repeat_n(-1.0, k)).collect())
        .equalities(wide(&problem.a), problem.b.clone())
        .inequalities(
            Csc::from_triplets(rows + k, n + k, &triplets)?,
            join(&problem.gl, f64::NEG_INFINITY),
            join(&problem.gu, 0.0),
        )
        .bounds(join(&lo, 0.0), join(&problem.hi, 1.0));
    let found = Solver::new(&seek, solver.settings().clone())?.solve_with(&seek, None, callback)?;
    if found.status != Status::Solved {
        return Ok(Interior::None(Box::new(Solution { status: found.status, ..any })));
    }
    let mut x = found.x[..n].to_vec();
    let fixed: Vec<usize> = steep.iter().copied().filter(|&j| x[j] <= HELD).collect();
    let open =
        |j: usize| problem.smooth.iter().any(|t| t.column == j && t.function.domain() == Domain::Positive);
    for &j in &fixed {
        x[j] = 0.0;
    }
    if fixed.iter().any(|&j| open(j)) {
        let note = "the constraints hold arguments of the objective at 0, where its terms are infinite: no point is feasible";
        let mut none = Solution { status: Status::Infeasible, state: None, x, ..any };
        none.notes.push(String::from(note));
        return Ok(Interior::None(Box::new(none)));
    }
    Ok(Interior::Point { x, fixed })
}
