//! Problems made backwards from integer points, multipliers and slacks: all of their arithmetic is exact, and which
//! constraints are strongly active, weakly active, redundant or pinned is known.

use super::Random;
use altdiff::{Csc, Problem};
use nalgebra::{DMatrix, DVector};

const INF: f64 = f64::INFINITY;

/// How a constraint stands at the solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Both ends equal.
    Equal,
    /// At an end, with a multiplier.
    Strong,
    /// At an end, without one.
    Weak,
    /// Away from both ends.
    Inactive,
}

/// Which kinds of constraints and matrices to make.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)]
pub struct Kinds {
    /// Weakly active rows and bounds.
    pub weak: bool,
    /// Copies, sums and multiples of rows, and zero rows.
    pub redundant: bool,
    /// Rows of G and bounds with equal ends.
    pub pinned: bool,
    /// P of less than full rank, or zero.
    pub singular: bool,
    /// Variables, rows and cost scaled by powers of two up to this exponent.
    pub scale: i32,
}

/// A problem with a known solution.
#[derive(Clone, Debug)]
pub struct Known {
    pub problem: Problem,
    pub x: Vec<f64>,
    /// Signed multipliers of the rows of A, then G.
    pub y: Vec<f64>,
    /// Signed multipliers of the bounds.
    pub z: Vec<f64>,
    pub rows: Vec<Stand>,
    pub vars: Vec<Stand>,
    /// Scales of the variables, the rows and the cost.
    pub d: Vec<f64>,
    pub e: Vec<f64>,
    pub c: f64,
    /// P and the rows before scaling.
    pub p: DMatrix<f64>,
    pub all: DMatrix<f64>,
}

impl Random {
    /// A whole number from `low` to `high`.
    pub fn whole(&mut self, low: i32, high: i32) -> i32 {
        low + (self.uniform() * f64::from(high - low + 1)).floor() as i32
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }
}

fn whole(r: &mut Random, low: i32, high: i32) -> f64 {
    f64::from(r.whole(low, high))
}

/// Ends around a value, and the multiplier, of a constraint that stands as it should.
fn ends(r: &mut Random, stand: Stand, v: f64, equality: bool) -> (f64, f64, f64) {
    let far = |r: &mut Random| if r.chance(0.5) { INF } else { whole(r, 1, 4) };
    match stand {
        Stand::Equal if equality => (v, v, whole(r, -2, 2)),
        // Which of two equal ends counts is told by the multiplier's sign.
        Stand::Equal => (v, v, whole(r, 1, 3) * if r.chance(0.5) { 1.0 } else { -1.0 }),
        Stand::Inactive => match r.whole(0, 3) {
            0 => (-INF, INF, 0.0),
            1 => (-INF, v + whole(r, 1, 3), 0.0),
            2 => (v - whole(r, 1, 3), INF, 0.0),
            _ => (v - whole(r, 1, 3), v + whole(r, 1, 3), 0.0),
        },
        Stand::Strong | Stand::Weak => {
            let size = if stand == Stand::Strong { whole(r, 1, 3) } else { 0.0 };
            if r.chance(0.5) { (v - far(r), v, size) } else { (v, v + far(r), -size) }
        }
    }
}

fn stand(r: &mut Random, kinds: Kinds) -> Stand {
    loop {
        match r.whole(0, 5) {
            0 | 1 => return Stand::Inactive,
            2 | 3 => return Stand::Strong,
            4 if kinds.weak => return Stand::Weak,
            5 if kinds.pinned => return Stand::Equal,
            _ => {}
        }
    }
}

/// A random row, or one made of those before it.
fn row(r: &mut Random, before: &[Vec<f64>], n: usize, redundant: bool) -> Vec<f64> {
    let pick = |r: &mut Random| before[r.whole(0, before.len() as i32 - 1) as usize].clone();
    if redundant && r.chance(0.1) {
        return vec![0.0; n];
    }
    if redundant && !before.is_empty() && r.chance(0.4) {
        let (a, b) = (pick(r), pick(r));
        return match r.whole(0, 2) {
            0 => a,
            1 => a.iter().map(|v| -2.0 * v).collect(),
            _ => a.iter().zip(&b).map(|(a, b)| a + b).collect(),
        };
    }
    (0..n).map(|_| if r.chance(0.6) { whole(r, -2, 2) } else { 0.0 }).collect()
}

/// Every entry is stored that is not 0, and some that are.
fn stored(r: &mut Random, m: &DMatrix<f64>, upper: bool) -> Csc {
    let mut triplets = Vec::new();
    for j in 0..m.ncols() {
        for i in 0..m.nrows() {
            if (!upper || i <= j) && (m[(i, j)] != 0.0 || r.chance(0.5)) {
                triplets.push((i, j, m[(i, j)]));
            }
        }
    }
    Csc::from_triplets(m.nrows(), m.ncols(), &triplets).unwrap()
}

/// The numerical rank of a matrix of small whole numbers.
pub fn rank(m: &DMatrix<f64>) -> usize {
    if m.is_empty() { 0 } else { m.clone().svd(false, false).rank(1e-9) }
}

impl Known {
    pub fn new(seed: u64, most: usize, kinds: Kinds) -> Self {
        let mut r = Random::new(seed);
        for _ in 0..20 {
            r.uniform();
        }
        let r = &mut r;
        let n = r.whole(0, most as i32) as usize;
        let (m, k) = (r.whole(0, (n / 2) as i32 + 1) as usize, r.whole(0, n as i32 + 1) as usize);
        let (m, k) = (if r.chance(0.3) { 0 } else { m }, if r.chance(0.2) { 0 } else { k });
        let rank_of_p = if kinds.singular { r.whole(0, n as i32) as usize } else { n };
        let root = DMatrix::from_fn(rank_of_p, n, |_, _| if r.chance(0.6) { whole(r, -2, 2) } else { 0.0 });
        let mut p = root.transpose() * &root;
        if !kinds.singular {
            p += DMatrix::identity(n, n);
        }
        let mut list: Vec<Vec<f64>> = Vec::new();
        for _ in 0..m + k {
            let next = row(r, &list, n, kinds.redundant);
            list.push(next);
        }
        let all = DMatrix::from_fn(m + k, n, |i, j| list[i][j]);
        let x = DVector::from_fn(n, |_, _| whole(r, -3, 3));
        let v = &all * &x;
        let (mut rows, mut vars) = (vec![Stand::Equal; m], Vec::new());
        let (mut l, mut u, mut y) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..m + k {
            if i >= m {
                rows.push(stand(r, kinds));
            }
            let (low, high, multiplier) = ends(r, rows[i], v[i], i < m);
            l.push(low);
            u.push(high);
            y.push(multiplier);
        }
        let bounded = r.uniform();
        let (mut lo, mut hi, mut z) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..n {
            vars.push(if r.chance(bounded) { stand(r, kinds) } else { Stand::Inactive });
            let (low, high, multiplier) = ends(r, vars[i], x[i], false);
            lo.push(low);
            hi.push(high);
            z.push(multiplier);
        }
        let (y, z) = (DVector::from_vec(y), DVector::from_vec(z));
        let q = -(&p * &x + all.transpose() * &y + &z);
        let power = |r: &mut Random| {
            if kinds.scale == 0 { 1.0 } else { 2.0_f64.powi(r.whole(-kinds.scale, kinds.scale)) }
        };
        let d: Vec<f64> = (0..n).map(|_| power(r)).collect();
        let e: Vec<f64> = (0..m + k).map(|_| power(r)).collect();
        let c = power(r);
        let scaled_p = DMatrix::from_fn(n, n, |i, j| c * p[(i, j)] / (d[i] * d[j]));
        let scaled = DMatrix::from_fn(m + k, n, |i, j| e[i] * all[(i, j)] / d[j]);
        let times = |v: &[f64], s: &[f64]| v.iter().zip(s).map(|(v, s)| v * s).collect::<Vec<f64>>();
        let (l, u) = (times(&l, &e), times(&u, &e));
        let upper = stored(r, &scaled_p, true);
        let a = stored(r, &scaled.rows(0, m).into_owned(), false);
        let g = stored(r, &scaled.rows(m, k).into_owned(), false);
        let problem = Problem::new(n)
            .quadratic(upper, q.iter().zip(&d).map(|(q, d)| c * q / d).collect())
            .constant(1.0)
            .equalities(a, l[..m].to_vec())
            .inequalities(g, l[m..].to_vec(), u[m..].to_vec())
            .bounds(times(&lo, &d), times(&hi, &d));
        Self {
            problem,
            x: times(x.as_slice(), &d),
            y: y.iter().zip(&e).map(|(y, e)| c * y / e).collect(),
            z: z.iter().zip(&d).map(|(z, d)| c * z / d).collect(),
            rows,
            vars,
            d,
            e,
            c,
            p,
            all,
        }
    }

    pub fn n(&self) -> usize {
        self.x.len()
    }

    /// The rows, of the constraints that stand in one of some ways, of C and the identity.
    pub fn normals(&self, keep: impl Fn(Stand) -> bool) -> DMatrix<f64> {
        let n = self.n();
        let mut rows = Vec::new();
        for (i, stand) in self.rows.iter().enumerate() {
            if keep(*stand) {
                rows.push(self.all.row(i).into_owned());
            }
        }
        for (i, stand) in self.vars.iter().enumerate() {
            if keep(*stand) {
                rows.push(DMatrix::identity(n, n).row(i).into_owned());
            }
        }
        DMatrix::from_fn(rows.len(), n, |i, j| rows[i][j])
    }

    /// Whether x is surely the only solution, surely not, or neither was found out.
    pub fn unique(&self) -> Option<bool> {
        let strong = self.normals(|s| matches!(s, Stand::Equal | Stand::Strong));
        let stacked = DMatrix::from_fn(self.n() + strong.nrows(), self.n(), |i, j| {
            if i < self.n() { self.p[(i, j)] } else { strong[(i - self.n(), j)] }
        });
        if rank(&stacked) == self.n() {
            return Some(true);
        }
        let weak = self.rows.iter().chain(&self.vars).any(|s| *s == Stand::Weak);
        if weak { None } else { Some(false) }
    }

    /// Whether the multipliers are surely unique.
    pub fn multipliers_unique(&self) -> bool {
        let tight = self.normals(|s| s != Stand::Inactive);
        rank(&tight) == tight.nrows()
    }

    /// Whether the strongly active constraints are independent.
    pub fn independent(&self) -> bool {
        let strong = self.normals(|s| matches!(s, Stand::Equal | Stand::Strong));
        rank(&strong) == strong.nrows()
    }

    pub fn has(&self, stand: Stand, from: usize) -> bool {
        self.rows.iter().skip(from).chain(&self.vars).any(|s| *s == stand)
    }
}
