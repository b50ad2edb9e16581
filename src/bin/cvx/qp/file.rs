//! A quadratic program in a NumPy archive.

use altdiff::{Batch, Block, Csc, Problem};
use npyz::{Deserialize, NpyFile};
use std::collections::BTreeMap;
use std::path::Path;

/// A header longer than this is no array's.
const LONGEST_HEADER: usize = 1024;

/// A problem or batch, and what is known of its solution.
pub(super) struct Instance {
    pub(super) name: String,
    pub(super) problem: Problem,
    /// One q per sample.
    pub(super) batch: Option<Batch>,
    /// x and the gradient by q, of all samples.
    pub(super) exact: Option<(Vec<f64>, Vec<f64>)>,
}

impl Instance {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let arrays = Arrays::open(path)?;
        let problem = problem(&arrays)?;
        let batch = if arrays.0.contains_key("Q") {
            let q: Vec<f64> = arrays.get("Q")?;
            let batch = Batch::new(problem.clone(), q.len() / problem.q.len().max(1));
            Some(batch.with(Block::Q, q).map_err(|e| e.to_string())?)
        } else {
            None
        };
        let exact = match path.with_extension("exact.npz") {
            beside if beside.exists() => {
                let arrays = Arrays::open(&beside)?;
                Some((arrays.get("x")?, arrays.get("dq")?))
            }
            _ => None,
        };
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, problem, batch, exact })
    }
}

/// The arrays of an archive, unread.
struct Arrays(BTreeMap<String, Vec<u8>>);

impl Arrays {
    fn open(path: &Path) -> Result<Self, String> {
        match cvxlayer::data::read_archive(path) {
            Ok(files) => Ok(Self(files.into_iter().collect())),
            // The name of the file is said by the caller.
            Err(cvxlayer::Error::Data { message, .. }) => Err(message),
            Err(error) => Err(error.to_string()),
        }
    }

    fn get<T: Deserialize>(&self, name: &str) -> Result<Vec<T>, String> {
        let bytes = self.0.get(name).ok_or_else(|| format!("there is no array `{name}`"))?;
        // Version 1 with a short header is what NumPy writes; a reader might run away with others.
        let header = bytes.get(8..10).map_or(usize::MAX, |b| usize::from(b[0]) + (usize::from(b[1]) << 8));
        if bytes.get(6) != Some(&1) || header > LONGEST_HEADER {
            return Err(format!("{name} is not an array as NumPy writes them"));
        }
        let file = NpyFile::new(&bytes[..]).map_err(|e| format!("{name}: {e}"))?;
        if file.len() > bytes.len() as u64 {
            return Err(format!("{name} is shorter than its header says"));
        }
        file.into_vec().map_err(|e| format!("{name}: {e}"))
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Csc, String> {
        let index = |part: &str| -> Result<Vec<usize>, String> {
            let list: Vec<i64> = self.get(&format!("{name}_{part}"))?;
            list.into_iter()
                .map(|i| usize::try_from(i).map_err(|_| format!("{name}_{part} holds {i}")))
                .collect()
        };
        let values = self.get(&format!("{name}_data"))?;
        Csc::new(rows, columns, index("indptr")?, index("indices")?, values)
            .map_err(|e| format!("{name}: {e}"))
    }
}

/// The problem; rows with equal ends become equalities.
fn problem(arrays: &Arrays) -> Result<Problem, String> {
    let shape: Vec<i64> = arrays.get("shape")?;
    let [rows, n] = shape[..] else { return Err("shape has to have two entries".to_owned()) };
    let (rows, n) = (usize::try_from(rows).unwrap_or(0), usize::try_from(n).unwrap_or(0));
    let (p, c) = (arrays.matrix("P", n, n)?, arrays.matrix("C", rows, n)?);
    let vector = |name: &str, len: usize| -> Result<Vec<f64>, String> {
        let v: Vec<f64> = arrays.get(name)?;
        match v.len() {
            found if found == len => Ok(v),
            found => Err(format!("{name} has {found} entries, expected {len}")),
        }
    };
    let (cl, cu) = (vector("cl", rows)?, vector("cu", rows)?);
    let equal: Vec<bool> = cl.iter().zip(&cu).map(|(l, u)| l == u).collect();
    let (mut count, mut place) = ([0, 0], Vec::with_capacity(rows));
    for &equal in &equal {
        place.push(count[usize::from(!equal)]);
        count[usize::from(!equal)] += 1;
    }
    let pick = |v: &[f64], which: bool| -> Vec<f64> {
        v.iter().zip(&equal).filter(|(_, e)| **e == which).map(|(v, _)| *v).collect()
    };
    let mut parts = [Csc::zeros(count[0], n), Csc::zeros(count[1], n)];
    for j in 0..n {
        for (i, v) in c.column(j) {
            let part = &mut parts[usize::from(!equal[i])];
            part.row_idx.push(place[i]);
            part.values.push(v);
        }
        for part in &mut parts {
            part.col_ptr[j + 1] = part.values.len();
        }
    }
    let [a, g] = parts;
    let constant: Vec<f64> = arrays.get("r")?;
    Ok(Problem::new(n)
        .quadratic(p, vector("q", n)?)
        .constant(constant.first().copied().unwrap_or(0.0))
        .equalities(a, pick(&cl, true))
        .inequalities(g, pick(&cl, false), pick(&cu, false))
        .bounds(vector("xl", n)?, vector("xu", n)?))
}
