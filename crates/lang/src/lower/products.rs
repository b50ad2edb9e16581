//! Products of derived parameters, which are derived parameters themselves.

use super::affine::Term;
use super::column::Column;
use cvxlayer_program::Products;
use std::collections::HashMap;

/// The product of two terms, before products of parameters are named.
#[derive(Clone, Copy, Debug)]
pub struct RawTerm {
    column: Column,
    left: u32,
    right: u32,
    coefficient: f64,
}

impl RawTerm {
    /// The product of two terms.
    pub fn new(a: &Term, b: &Term) -> Self {
        let (left, right) = (a.parameter.min(b.parameter), a.parameter.max(b.parameter));
        Self { column: a.column.times(b.column), left, right, coefficient: a.coefficient * b.coefficient }
    }
}

/// The first two parameters, and the extent and the steps of both along each loop.
type Grid = (i64, i64, Vec<(usize, i64, i64)>);

/// Products of entries of θ̂ found so far; they are numbered from [`FIRST`](Self::FIRST) until the length of the rest
/// of θ̂ is known.
#[derive(Debug, Default)]
pub struct ProductTable {
    single: HashMap<(u32, u32), u32>,
    /// Grids of products: the parameters and the loops they move along, and the first product.
    grids: Vec<(Grid, i64)>,
    ptr: Vec<u32>,
    left: Vec<u32>,
    right: Vec<u32>,
    coefficient: Vec<f64>,
}

impl ProductTable {
    /// Parameters from here on are products.
    pub const FIRST: u32 = 1 << 31;

    /// Adds up the raw terms of one entry and appends them to `out`; several products for one column become one derived
    /// parameter.
    pub fn collect(&mut self, raw: &mut [RawTerm], out: &mut Vec<Term>) {
        let key = |t: &RawTerm| (t.column, t.left, t.right);
        let ascending = raw.windows(2).all(|pair| key(&pair[0]) < key(&pair[1]));
        if ascending && raw.iter().all(|t| t.left == 0 && t.coefficient != 0.0) {
            let term =
                |t: &RawTerm| Term { column: t.column, parameter: t.right, coefficient: t.coefficient };
            out.extend(raw.iter().map(term));
            return;
        }
        if !ascending {
            raw.sort_by_key(key);
        }
        let mut k = 0;
        while k < raw.len() {
            let column = raw[k].column;
            let end = k + raw[k..].iter().take_while(|t| t.column == column).count();
            let mut products: Vec<RawTerm> = Vec::new();
            let mut i = k;
            while i < end {
                let (left, right) = (raw[i].left, raw[i].right);
                let mut coefficient = 0.0;
                while i < end && (raw[i].left, raw[i].right) == (left, right) {
                    coefficient += raw[i].coefficient;
                    i += 1;
                }
                if coefficient == 0.0 {
                    continue;
                }
                if left == 0 {
                    out.push(Term { column, parameter: right, coefficient });
                } else {
                    products.push(RawTerm { column, left, right, coefficient });
                }
            }
            match products.as_slice() {
                [] => {}
                [one] => {
                    let parameter = self.single(one.left, one.right);
                    out.push(Term { column, parameter, coefficient: one.coefficient });
                }
                several => out.push(Term { column, parameter: self.sum(several), coefficient: 1.0 }),
            }
            k = end;
        }
    }

    /// How many products there are.
    pub fn len(&self) -> usize {
        self.ptr.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ptr.is_empty()
    }

    /// Names the products of two parameters that move along a nest of loops, each with an extent and the two steps; they
    /// are consecutive in the order of the loops, and the first is returned.
    pub fn grid(&mut self, left: i64, right: i64, loops: &[(usize, i64, i64)]) -> i64 {
        let key = (left, right, loops.to_vec());
        if let Some(known) = self.grids.iter().find(|(grid, _)| *grid == key) {
            return known.1;
        }
        let first = i64::from(Self::FIRST) + self.ptr.len() as i64;
        let size = loops.iter().map(|l| l.0).product();
        self.left.reserve(size);
        self.right.reserve(size);
        self.nest(left, right, loops);
        let terms = self.coefficient.len() as u32;
        self.ptr.extend(terms..terms + size as u32);
        self.coefficient.resize(terms as usize + size, 1.0);
        self.grids.push((key, first));
        first
    }

    fn nest(&mut self, left: i64, right: i64, loops: &[(usize, i64, i64)]) {
        let steps = |extent: usize, by_left: i64, by_right: i64| {
            (0..extent as i64).map(move |i| (left + i * by_left, right + i * by_right))
        };
        match *loops {
            [] => self.nest(left, right, &[(1, 0, 0)]),
            [(extent, by_left, by_right)] => {
                let all = || steps(extent, by_left, by_right);
                self.left.extend(all().map(|(left, right)| left.min(right) as u32));
                self.right.extend(all().map(|(left, right)| left.max(right) as u32));
            }
            [(extent, by_left, by_right), ref rest @ ..] => {
                steps(extent, by_left, by_right).for_each(|(left, right)| self.nest(left, right, rest));
            }
        }
    }

    /// The parameters that one is the sum of products of, each with its coefficient.
    #[cfg(test)]
    pub fn expanded(&self, parameter: u32) -> Vec<(Vec<u32>, f64)> {
        if parameter < Self::FIRST {
            return vec![(if parameter == 0 { vec![] } else { vec![parameter] }, 1.0)];
        }
        let k = (parameter - Self::FIRST) as usize;
        let end = self.ptr.get(k + 1).map_or(self.left.len(), |&end| end as usize);
        let mut out = Vec::new();
        for t in self.ptr[k] as usize..end {
            for (left, a) in self.expanded(self.left[t]) {
                for (right, b) in self.expanded(self.right[t]) {
                    let mut all = [left.clone(), right].concat();
                    all.sort_unstable();
                    out.push((all, a * b * self.coefficient[t]));
                }
            }
        }
        out
    }

    fn single(&mut self, left: u32, right: u32) -> u32 {
        if let Some(&known) = self.single.get(&(left, right)) {
            return known;
        }
        let parameter = self.sum(&[RawTerm { column: Column::ONE, left, right, coefficient: 1.0 }]);
        self.single.insert((left, right), parameter);
        parameter
    }

    fn sum(&mut self, terms: &[RawTerm]) -> u32 {
        let parameter = Self::FIRST + self.ptr.len() as u32;
        self.ptr.push(self.left.len() as u32);
        for term in terms {
            self.left.push(term.left);
            self.right.push(term.right);
            self.coefficient.push(term.coefficient);
        }
        parameter
    }

    /// The positions in θ̂ of terms' parameters (one more than they are expected), given where the products start.
    pub fn positions(parameters: &mut [u32], start: usize) {
        let start = start as u32;
        for p in parameters {
            *p = if *p >= Self::FIRST { start + (*p - Self::FIRST) } else { *p - 1 };
        }
    }

    /// The products, with factors as positions in θ̂.
    pub fn finish(mut self, start: usize) -> Products {
        if self.ptr.is_empty() {
            return Products::default();
        }
        self.ptr.push(self.left.len() as u32);
        Self::positions(&mut self.left, start);
        Self::positions(&mut self.right, start);
        Products {
            ptr: self.ptr.into(),
            left: self.left.into(),
            right: self.right.into(),
            coefficient: self.coefficient.into(),
        }
    }
}
