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
        let costs: Option<Vec<f64>> = if arrays.0.contains_key("Q") { Some(arrays.get("Q")?) } else { None };
        let samples = match &costs {
            Some(q) => q.len() / arrays.get::<f64>("q")?.len().max(1),
            None => 1,
        };
        let (problem, own) = problem(&arrays, samples)?;
        let batch = match costs {
            Some(q) => {
                let mut batch = Batch::new(problem.clone(), samples);
                for (block, values) in own.into_iter().chain([(Block::Q, q)]) {
                    batch = batch.with(block, values).map_err(|e| e.to_string())?;
                }
                Some(batch)
            }
            None => None,
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

/// Blocks that samples have of their own, sample after sample.
type Own = Vec<(Block, Vec<f64>)>;

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

    /// The matrix of the first sample, and the entries of all where they have their own.
    fn matrix(
        &self,
        name: &str,
        [rows, columns]: [usize; 2],
        samples: usize,
    ) -> Result<(Csc, Option<Vec<f64>>), String> {
        let index = |part: &str| -> Result<Vec<usize>, String> {
            let list: Vec<i64> = self.get(&format!("{name}_{part}"))?;
            list.into_iter()
                .map(|i| usize::try_from(i).map_err(|_| format!("{name}_{part} holds {i}")))
                .collect()
        };
        let indices = index("indices")?;
        let (values, own) = self.values(&format!("{name}_data"), indices.len(), samples)?;
        let matrix = Csc::new(rows, columns, index("indptr")?, indices, values);
        Ok((matrix.map_err(|e| format!("{name}: {e}"))?, own))
    }

    /// The values of the first sample, `len` of them, and those of all samples where they have their own.
    fn values(&self, name: &str, len: usize, samples: usize) -> Result<(Vec<f64>, Option<Vec<f64>>), String> {
        let all: Vec<f64> = self.get(name)?;
        match all.len() {
            found if found == len => Ok((all, None)),
            found if samples > 1 && found == len * samples => Ok((all[..len].to_vec(), Some(all))),
            found => Err(format!("{name} has {found} entries, expected {len}")),
        }
    }
}

/// The problem, and what its samples have of their own; rows with equal ends become equalities.
fn problem(arrays: &Arrays, samples: usize) -> Result<(Problem, Own), String> {
    let shape: Vec<i64> = arrays.get("shape")?;
    let [rows, n] = shape[..] else { return Err("shape has to have two entries".to_owned()) };
    let (rows, n) = (usize::try_from(rows).unwrap_or(0), usize::try_from(n).unwrap_or(0));
    let (p, own_p) = arrays.matrix("P", [n, n], samples)?;
    let (c, own_c) = arrays.matrix("C", [rows, n], samples)?;
    let vector = |name: &str, len: usize| Ok::<_, String>(arrays.values(name, len, 1)?.0);
    let ((cl, own_cl), (cu, own_cu)) =
        (arrays.values("cl", rows, samples)?, arrays.values("cu", rows, samples)?);
    let equal: Vec<bool> = cl.iter().zip(&cu).map(|(l, u)| l == u).collect();
    let (mut count, mut place) = ([0, 0], Vec::with_capacity(rows));
    for &equal in &equal {
        place.push(count[usize::from(!equal)]);
        count[usize::from(!equal)] += 1;
    }
    for sample in 0..samples {
        let own = |all: &Option<Vec<f64>>, shared: &[f64], i: usize| match all {
            Some(all) => all[sample * rows + i],
            None => shared[i],
        };
        if let Some(i) = (0..rows).find(|&i| (own(&own_cl, &cl, i) == own(&own_cu, &cu, i)) != equal[i]) {
            return Err(format!("row {i} is an equality in some samples and not in others"));
        }
    }
    let pick = |v: &[f64], which: bool| -> Vec<f64> {
        let all = v.iter().zip(equal.iter().cycle());
        all.filter(|(_, e)| **e == which).map(|(v, _)| *v).collect()
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
    let mut own = Vec::new();
    if let Some(p) = own_p {
        own.push((Block::P, p));
    }
    if let Some(entries) = own_c {
        for (block, which) in [(Block::A, true), (Block::G, false)] {
            let all = entries.iter().zip(c.row_idx.iter().cycle());
            own.push((block, all.filter(|(_, i)| equal[**i] == which).map(|(v, _)| *v).collect()));
        }
    }
    if let Some(ends) = own_cl {
        own.push((Block::Gl, pick(&ends, false)));
    }
    if let Some(ends) = own_cu {
        own.extend([(Block::B, pick(&ends, true)), (Block::Gu, pick(&ends, false))]);
    }
    let constant: Vec<f64> = arrays.get("r")?;
    let problem = Problem::new(n)
        .quadratic(p, vector("q", n)?)
        .constant(constant.first().copied().unwrap_or(0.0))
        .equalities(a, pick(&cl, true))
        .inequalities(g, pick(&cl, false), pick(&cu, false))
        .bounds(vector("xl", n)?, vector("xu", n)?);
    Ok((problem, own))
}
