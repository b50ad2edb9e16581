//! Elimination order of a sparse symmetric matrix: approximate minimum degree, and links between like columns.
//!
//! Columns that hang side by side in the elimination tree with the same long structure (the variables of a dense block,
//! say) are eliminated one by one as updates of rank one. A stored zero between neighbours makes a chain of them, which
//! the supernodal factorization joins into blocks, with updates of as high a rank at the price of a few zeros.

use crate::Error;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;

/// Columns per chain, and how many times longer than a chain their structure must be.
const BLOCK: usize = 48;
const LONG: usize = 4;

/// Position in the order of each index, and the reverse.
#[derive(Debug)]
pub(super) struct Order {
    pub forward: Vec<usize>,
    pub inverse: Vec<usize>,
    /// Places (row < column) of the upper triangle that are zero and to be stored.
    pub links: Vec<(usize, usize)>,
}

impl Order {
    /// Orders the symmetric matrix whose upper triangle is given by columns.
    pub(super) fn new(col_ptr: &[usize], row_idx: &[usize]) -> Result<Self, Error> {
        let order = col_ptr.len() - 1;
        let out_of_memory = || Error::OutOfMemory { order };
        let (mut forward, mut inverse) = (vec![0; order], vec![0; order]);
        let need = amd::order_maybe_unsorted_scratch::<usize>(order, row_idx.len());
        let mut memory = MemBuffer::try_new(need).map_err(|_| out_of_memory())?;
        amd::order_maybe_unsorted(
            &mut forward,
            &mut inverse,
            SymbolicSparseColMatRef::new_checked(order, order, col_ptr, None, row_idx),
            amd::Control::default(),
            MemStack::new(&mut memory),
        )
        .map_err(|_| out_of_memory())?;
        let links = links(col_ptr, row_idx, &forward, &inverse);
        Ok(Self { forward, inverse, links })
    }
}

/// Links between neighbours in the order that have the same parent in the elimination tree and equally long structures.
fn links(col_ptr: &[usize], row_idx: &[usize], forward: &[usize], inverse: &[usize]) -> Vec<(usize, usize)> {
    let n = forward.len();
    // Rows of the permuted lower triangle: for each k, the earlier ones it is connected to.
    let mut start = vec![0; n + 1];
    let place = |i: usize, j: usize| {
        let (a, b) = (inverse[i], inverse[j]);
        (a.min(b), a.max(b))
    };
    let entries = || (0..n).flat_map(|j| row_idx[col_ptr[j]..col_ptr[j + 1]].iter().map(move |&i| (i, j)));
    for (i, j) in entries() {
        if i != j {
            start[place(i, j).1 + 1] += 1;
        }
    }
    for k in 0..n {
        start[k + 1] += start[k];
    }
    let mut next = start.clone();
    let mut earlier = vec![0; start[n]];
    for (i, j) in entries() {
        if i != j {
            let (a, b) = place(i, j);
            earlier[next[b]] = a;
            next[b] += 1;
        }
    }
    // Elimination tree and column counts by walking up from every entry (Liu 1990).
    let none = usize::MAX;
    let (mut parent, mut seen, mut count) = (vec![none; n], vec![none; n], vec![0_usize; n]);
    for k in 0..n {
        seen[k] = k;
        for &a in &earlier[start[k]..start[k + 1]] {
            let mut i = a;
            while seen[i] != k {
                if parent[i] == none {
                    parent[i] = k;
                }
                count[i] += 1;
                seen[i] = k;
                i = parent[i];
            }
        }
    }
    let mut siblings: Vec<usize> =
        (0..n).filter(|&k| parent[k] != none && count[k] >= LONG * BLOCK).collect();
    siblings.sort_by_key(|&k| (parent[k], count[k], k));
    let mut links = Vec::new();
    let mut chain = 0;
    for pair in siblings.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let alike = parent[a] == parent[b] && count[a] == count[b] && chain + 1 < BLOCK;
        chain = if alike { chain + 1 } else { 0 };
        if alike {
            let (i, j) = (forward[a], forward[b]);
            links.push((i.min(j), i.max(j)));
        }
    }
    links
}
