//! The published recursion, literally (Sun et al. 2023, eq. 6–9): one-sided rows Gx + s = h with slack s ≥ 0, one
//! penalty ρ, no scaling, relaxation, adaptation or exact finish.
//!
//! ```text
//! x⁺ = −(P + ρAᵀA + ρGᵀG)⁻¹ (q + Aᵀλ + Gᵀν − ρAᵀb + ρGᵀ(s − h))
//! s⁺ = max(0, −ν/ρ − (Gx⁺ − h)),   λ⁺ = λ + ρ(Ax⁺ − b),   ν⁺ = ν + ρ(Gx⁺ + s⁺ − h)
//! ```

use crate::core::{Core, Point};
use crate::kkt::{Factor, Numeric, Pattern};
use crate::problem::norm_inf;
use crate::progress::{Callback, Control, Progress};
use crate::{Csc, Error, Method, Plain};

/// Added to the diagonal of the x-step, and undone by refinement, so that a singular matrix cannot fail.
const GUARD: f64 = 1e-12;

/// One-sided form: rows of the user's inequalities and bounds in the order upper rows, lower rows, upper bounds, lower
/// bounds.
struct OneSided {
    /// Stacked [A; G].
    c: Csc,
    b: Vec<f64>,
    h: Vec<f64>,
    /// For each one-sided row: a row of C or a variable, its sign.
    of: Vec<(bool, usize, f64)>,
}

/// Runs `steps` steps from zero, or as many as the caller lets it, and returns the last iterate and the last answer.
pub(crate) fn run(
    core: &Core,
    equalities: usize,
    Plain { rho, steps }: Plain,
    callback: Callback<'_>,
) -> Result<(Point, Control), Error> {
    let (n, me) = (core.n(), equalities);
    let form = one_sided(core, me);
    let k = form.h.len();
    // KKT form of the x-step's matrix: rows with −1/ρ.
    let pattern = Pattern::new(&core.p, &form.c)?;
    let factor = Factor::new(
        &pattern,
        &Numeric {
            p: &core.p,
            c: &form.c,
            hx: &vec![GUARD; n],
            dr: &vec![1.0 / rho; form.c.nrows],
            free: None,
            rows: None,
        },
    )?;
    let (mut x, mut s, mut lambda, mut nu) = (vec![0.0; n], vec![0.0; k], vec![0.0; me], vec![0.0; k]);
    let mut control = Control::Continue;
    for iteration in 1..=steps {
        control = callback(&Progress { method: Method::Alternating, iteration, residuals: None });
        if control != Control::Continue {
            break;
        }
        // −(q + Cᵀw) with w = λ − ρb on equalities, ν + ρ(s − h) on one-sided rows.
        let w: Vec<f64> = (0..me)
            .map(|i| lambda[i] - rho * form.b[i])
            .chain((0..k).map(|i| nu[i] + rho * (s[i] - form.h[i])))
            .collect();
        let mut rhs: Vec<f64> = core.q.iter().map(|v| -v).collect();
        form.c.mul_transpose_add(-1.0, &w, &mut rhs);
        x = solve(core, &form.c, &factor, rho, &rhs);
        let cx = form.c.mul_vec(&x);
        for i in 0..me {
            lambda[i] += rho * (cx[i] - form.b[i]);
        }
        for i in 0..k {
            s[i] = (-nu[i] / rho - (cx[me + i] - form.h[i])).max(0.0);
            nu[i] += rho * (cx[me + i] + s[i] - form.h[i]);
        }
    }
    let mut point = Point::zeros(core);
    point.x = x;
    point.y[..me].copy_from_slice(&lambda);
    for (v, (row, i, sign)) in nu.iter().zip(&form.of) {
        if *row { point.y[*i] += sign * v } else { point.z[*i] += sign * v }
    }
    Ok((point, control))
}

/// (P + ρCᵀC)⁻¹ rhs, refined against that matrix.
fn solve(core: &Core, c: &Csc, factor: &Factor, rho: f64, rhs: &[f64]) -> Vec<f64> {
    let mut x = vec![0.0; rhs.len()];
    let mut last = f64::INFINITY;
    for _ in 0..5 {
        let mut r = rhs.to_vec();
        core.p.mul_symmetric_add(-1.0, &x, &mut r);
        c.mul_transpose_add(-rho, &c.mul_vec(&x), &mut r);
        let size = norm_inf(&r);
        if size >= 0.5 * last || size == 0.0 {
            break;
        }
        last = size;
        factor.solve(&mut r, &mut vec![0.0; c.nrows]);
        for (x, r) in x.iter_mut().zip(&r) {
            *x += r;
        }
    }
    x
}

fn one_sided(core: &Core, me: usize) -> OneSided {
    let mut of = Vec::new();
    of.extend((me..core.m()).filter(|&i| core.u[i].is_finite()).map(|i| (true, i, 1.0)));
    of.extend((me..core.m()).filter(|&i| core.l[i].is_finite()).map(|i| (true, i, -1.0)));
    of.extend((0..core.n()).filter(|&i| core.hi[i].is_finite()).map(|i| (false, i, 1.0)));
    of.extend((0..core.n()).filter(|&i| core.lo[i].is_finite()).map(|i| (false, i, -1.0)));
    let rows = core.c.transpose();
    let (mut triplets, mut h) = (Vec::new(), Vec::new());
    for i in 0..me {
        triplets.extend(rows.column(i).map(|(j, v)| (i, j, v)));
    }
    for (k, &(row, i, sign)) in of.iter().enumerate() {
        let end = match (row, sign > 0.0) {
            (true, true) => core.u[i],
            (true, false) => core.l[i],
            (false, true) => core.hi[i],
            (false, false) => core.lo[i],
        };
        h.push(sign * end);
        if row {
            triplets.extend(rows.column(i).map(|(j, v)| (me + k, j, sign * v)));
        } else {
            triplets.push((me + k, i, sign));
        }
    }
    // Indices come from the patterns themselves, so this cannot fail.
    let c = Csc::from_triplets(me + of.len(), core.n(), &triplets).unwrap_or_default();
    OneSided { c, b: core.l[..me].to_vec(), h, of }
}
