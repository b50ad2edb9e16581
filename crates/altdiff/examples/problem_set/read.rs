//! A problem from a file: `minimize ½xᵀPx + qᵀx + r  subject to  cl ≤ Cx ≤ cu, xl ≤ x ≤ xu`.

use super::npz::Npz;
use altdiff::{Csc, Problem};
use std::error::Error;
use std::path::Path;

/// Reads one problem; rows with equal ends become equalities.
pub(crate) fn problem(path: &Path) -> Result<Problem, Box<dyn Error>> {
    let file = Npz::open(path)?;
    let (p_data, q, r, c_data) =
        (file.floats("P_data")?, file.floats("q")?, file.floats("r")?, file.floats("C_data")?);
    let (cl, cu) = (file.floats("cl")?, file.floats("cu")?);
    let (lo, hi) = (file.floats("xl")?, file.floats("xu")?);
    let n = q.len();
    let p = Csc::new(n, n, file.indices("P_indptr")?, file.indices("P_indices")?, p_data)?;
    let c = Csc::new(cl.len(), n, file.indices("C_indptr")?, file.indices("C_indices")?, c_data)?;
    let mut place = Vec::new();
    let (mut me, mut mi) = (0, 0);
    for (l, u) in cl.iter().zip(&cu) {
        let next = if l == u { &mut me } else { &mut mi };
        place.push((l == u, *next));
        *next += 1;
    }
    let (mut a, mut g) = (Vec::new(), Vec::new());
    for (i, j, v) in c.iter() {
        let (equal, k) = place[i];
        if equal { a.push((k, j, v)) } else { g.push((k, j, v)) }
    }
    let pick = |v: &[f64], equal: bool| -> Vec<f64> {
        v.iter().zip(&place).filter(|(_, p)| p.0 == equal).map(|(v, _)| *v).collect()
    };
    Ok(Problem::new(n)
        .quadratic(p, q)
        .constant(r.first().copied().unwrap_or(0.0))
        .equalities(Csc::from_triplets(me, n, &a)?, pick(&cl, true))
        .inequalities(Csc::from_triplets(mi, n, &g)?, pick(&cl, false), pick(&cu, false))
        .bounds(lo, hi))
}
