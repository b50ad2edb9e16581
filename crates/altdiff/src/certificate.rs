//! Certificates: verified proofs that a problem has no solution.
//!
//! A candidate from diverging iterates is checked as it is; where there is none that holds, two auxiliary linear
//! programs decide: the elastic problem (least violation of the rows), whose multipliers are a Farkas proof, and the
//! steepest bounded recession direction. Both have solutions always.

use crate::core::{Core, Point};
use crate::problem::{dot, norm_inf};
use crate::{Certificate, Csc};
use nalgebra::{DMatrix, SVD};
use std::sync::Arc;

/// Largest residual of a certificate relative to its terms; what diverging iterates suggest has to be better, since the
/// auxiliary problems can do better.
pub(crate) const TOLERANCE: f64 = 1e-9;
pub(crate) const STRICT: f64 = 1e-12;

/// Largest residual relative to what it proves.
const MARGIN: f64 = 1e-6;

/// The Farkas proof in multipliers (y, z), if it is one on the unscaled problem.
pub(crate) fn infeasible(core: &Core, equalities: usize, y: &[f64], tolerance: f64) -> Option<Certificate> {
    let size = norm_inf(y);
    if size == 0.0 || !size.is_finite() {
        return None;
    }
    // No multiplier against an absent end; tiny ones are noise.
    let mut y: Vec<f64> = y.iter().map(|v| v / size).collect();
    for i in 0..y.len() {
        let end = if y[i] > 0.0 { core.u[i] } else { core.l[i] };
        if !end.is_finite() || y[i].abs() < 1e-13 {
            y[i] = 0.0;
        }
    }
    let cy = core.c.mul_transpose_vec(&y);
    let mut terms = vec![0.0_f64; core.n()];
    for (i, j, v) in core.c.iter() {
        terms[j] = terms[j].max((v * y[i]).abs());
    }
    // Bounds take up what they can of −Cᵀy; the rest is the residual.
    let (mut support, mut largest, mut residual) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut z = vec![0.0; core.n()];
    let mut relative = 0.0_f64;
    for j in 0..core.n() {
        let v = -cy[j];
        let end = if v > 0.0 { core.hi[j] } else { core.lo[j] };
        if v == 0.0 || v.abs() <= 1e-15 * terms[j] {
            continue;
        }
        if end.is_finite() {
            z[j] = v;
            support += v * end;
            largest = largest.max((v * end).abs());
        } else {
            residual = residual.max(v.abs());
            relative = relative.max(v.abs() / terms[j].max(f64::MIN_POSITIVE));
        }
    }
    for i in 0..y.len() {
        if y[i] != 0.0 {
            let end = if y[i] > 0.0 { core.u[i] } else { core.l[i] };
            support += y[i] * end;
            largest = largest.max((y[i] * end).abs());
        }
    }
    let proves = support < -TOLERANCE * largest && relative <= tolerance && residual <= MARGIN * -support;
    if !proves {
        return None;
    }
    let scale = norm_inf(&y).max(norm_inf(&z));
    let part = |v: &[f64], sign: f64| v.iter().map(|v| (sign * v / scale).max(0.0)).collect::<Vec<f64>>();
    Some(Certificate::Infeasible {
        lambda: y[..equalities].iter().map(|v| v / scale).collect(),
        nu_lower: part(&y[equalities..], -1.0),
        nu_upper: part(&y[equalities..], 1.0),
        mu_lower: part(&z, -1.0),
        mu_upper: part(&z, 1.0),
    })
}

/// The proof that some interval is empty.
pub(crate) fn empty_interval(core: &Core, equalities: usize) -> Option<Certificate> {
    let (n, m) = (core.n(), core.m() - equalities);
    let row = (0..core.m()).find(|&i| core.l[i] > core.u[i]);
    let var = (0..n).find(|&i| core.lo[i] > core.hi[i]);
    if row.is_none() && var.is_none() {
        return None;
    }
    let unit =
        |len: usize, at: Option<usize>| (0..len).map(|i| f64::from(Some(i) == at)).collect::<Vec<f64>>();
    let k = row.map(|i| i - equalities);
    let v = if row.is_some() { None } else { var };
    Some(Certificate::Infeasible {
        lambda: vec![0.0; equalities],
        nu_lower: unit(m, k),
        nu_upper: unit(m, k),
        mu_lower: unit(n, v),
        mu_upper: unit(n, v),
    })
}

/// The direction, scaled to largest entry 1, if the objective falls without end along it from any feasible point.
pub(crate) fn recession(core: &Core, d: &[f64]) -> Option<Vec<f64>> {
    let size = norm_inf(d);
    if size == 0.0 || !size.is_finite() {
        return None;
    }
    let mut d: Vec<f64> = d.iter().map(|v| if (v / size).abs() < 1e-13 { 0.0 } else { v / size }).collect();
    for i in 0..d.len() {
        // A component against a finite bound is noise to be removed, or the check below fails.
        if d[i] > 0.0 && core.hi[i].is_finite() || d[i] < 0.0 && core.lo[i].is_finite() {
            if d[i].abs() > TOLERANCE {
                return None;
            }
            d[i] = 0.0;
        }
    }
    let fall = dot(&core.q, &d);
    let largest = core.q.iter().zip(&d).map(|(q, d)| (q * d).abs()).fold(0.0, f64::max);
    if fall >= -TOLERANCE * largest || fall == 0.0 {
        return None;
    }
    let mut p_terms = vec![0.0_f64; core.n()];
    for (i, j, v) in core.p.iter() {
        p_terms[i] = p_terms[i].max((v * d[j]).abs());
        p_terms[j] = p_terms[j].max((v * d[i]).abs());
    }
    let pd = core.p.mul_symmetric_vec(&d);
    if pd.iter().zip(&p_terms).any(|(v, t)| v.abs() > TOLERANCE * t || v.abs() > MARGIN * -fall) {
        return None;
    }
    let mut c_terms = vec![0.0_f64; core.m()];
    for (i, j, v) in core.c.iter() {
        c_terms[i] = c_terms[i].max((v * d[j]).abs());
    }
    let cd = core.c.mul_vec(&d);
    for i in 0..core.m() {
        let against = if core.u[i].is_finite() { cd[i].max(0.0) } else { 0.0 }
            .max(if core.l[i].is_finite() { (-cd[i]).max(0.0) } else { 0.0 });
        if against > TOLERANCE * c_terms[i] {
            return None;
        }
    }
    let size = norm_inf(&d);
    Some(d.iter().map(|v| v / size).collect())
}

/// The elastic problem: minimize the sum of violations u, v ≥ 0 of the rows l ≤ Cx + u − v ≤ u within the bounds.
pub(crate) fn elastic(core: &Core) -> Core {
    let (n, m) = (core.n(), core.m());
    let mut out = Core {
        p: Arc::new(Csc::zeros(n + 2 * m, n + 2 * m)),
        q: vec![0.0; n],
        c: Arc::default(),
        l: core.l.clone(),
        u: core.u.clone(),
        lo: core.lo.clone(),
        hi: core.hi.clone(),
    };
    out.q.extend(vec![1.0; 2 * m]);
    out.lo.extend(vec![0.0; 2 * m]);
    out.hi.extend(vec![f64::INFINITY; 2 * m]);
    let mut c = (*core.c).clone();
    for sign in [1.0, -1.0] {
        for i in 0..m {
            c.row_idx.push(i);
            c.values.push(sign);
            c.col_ptr.push(c.values.len());
        }
    }
    c.ncols = n + 2 * m;
    out.c = Arc::new(c);
    out
}

/// The steepest bounded recession direction: minimize qᵀd with Pd = 0, Cd and d not against a finite end, |d| ≤ 1.
pub(crate) fn steepest(core: &Core) -> Core {
    let n = core.n();
    let none = |end: f64, far: f64| if end.is_finite() { 0.0 } else { far };
    let ends = |v: &[f64], far: f64| v.iter().map(|e| none(*e, far)).collect::<Vec<f64>>();
    let mut l = ends(&core.l, f64::NEG_INFINITY);
    let mut u = ends(&core.u, f64::INFINITY);
    let held: Vec<bool> = l.iter().zip(&u).map(|(l, u)| l == u).collect();
    let (c, level) = level_directions(core, &held);
    l.extend(vec![0.0; level.nrows]);
    u.extend(vec![0.0; level.nrows]);
    Core {
        p: Arc::new(Csc::zeros(n, n)),
        q: core.q.clone(),
        c: Arc::new(c.stack(&level)),
        l,
        u,
        lo: ends(&core.lo, -1.0),
        hi: ends(&core.hi, 1.0),
    }
}

/// Largest numbers of variables and of rows held at both ends of which an orthogonal basis is computed.
const ORTHOGONAL: usize = 300;

/// The rows of C, and rows whose null space is that of P and of the `held` rows of C.
///
/// Those rows are often dependent, and small eigenvalues of P hide its null space: up to [`ORTHOGONAL`] of each the right
/// singular vectors whose singular values are no rounding take the place of all of them.
fn level_directions(core: &Core, held: &[bool]) -> (Csc, Csc) {
    let n = core.n();
    let size = core.p.values.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    let mut level = Vec::new();
    for (i, j, v) in core.p.iter() {
        level.push((i, j, v / size));
        if i != j {
            level.push((j, i, v / size));
        }
    }
    let mut sizes = vec![f64::MIN_POSITIVE; core.m()];
    for (i, _, v) in core.c.iter() {
        sizes[i] = sizes[i].max(v.abs());
    }
    // The places of the held rows below those of P.
    let mut rows = n;
    let mut place = vec![None; core.m()];
    for (place, _) in place.iter_mut().zip(held).filter(|(_, held)| **held) {
        *place = Some(rows);
        rows += 1;
    }
    let few = n <= ORTHOGONAL && rows - n <= ORTHOGONAL;
    let mut c = Vec::new();
    for (i, j, v) in core.c.iter() {
        match place[i].filter(|_| few) {
            Some(row) => level.push((row, j, v / sizes[i])),
            None => c.push((i, j, v / sizes[i])),
        }
    }
    let c = Csc::from_triplets(core.m(), n, &c).unwrap_or_default();
    let level = Csc::from_triplets(if few { rows } else { n }, n, &level).unwrap_or_default();
    if few
        && let Some(svd) = SVD::try_new(level.to_dense(), false, true, f64::EPSILON, 100 * n)
        && let Some(vectors) = svd.v_t
    {
        let largest = svd.singular_values.amax();
        let rows: Vec<_> = (0..vectors.nrows())
            .filter(|&k| svd.singular_values[k] > STRICT * largest)
            .map(|k| vectors.row(k))
            .collect();
        let basis = if rows.is_empty() { DMatrix::zeros(0, n) } else { DMatrix::from_rows(&rows) };
        return (c, Csc::from_dense(&basis));
    }
    (c, level)
}

/// A candidate for a Farkas proof among the iterates: the multipliers themselves once they have grown large.
pub(crate) fn diverging(point: &Point) -> bool {
    norm_inf(&point.y).max(norm_inf(&point.z)) > 1e4
}
