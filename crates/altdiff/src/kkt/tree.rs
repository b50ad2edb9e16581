//! Symbolic factorization: the tree of fronts of the multifrontal method (Duff & Reid 1983).
//!
//! A front is the dense matrix in which a few pivots are eliminated: its columns are the pivots, its rows the pivots and
//! the later indices they are coupled to. What it leaves of the later ones is added to its parent's front. Fronts are
//! merged, with a parent or with siblings, where the zeros this stores cost less time than the handling of small fronts:
//! the variables of a dense block, say, become one front with an update of as high a rank.

use crate::Error;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;

/// No front: the parent of a root.
pub(super) const NONE: usize = usize::MAX;

/// Time in cycles of a front, of a multiplication and addition in it, of an entry that is stored for solves, and of one
/// that is added to its parent.
const FRONT: f64 = 250.0;
const PRODUCT: f64 = 0.2;
const STORED: f64 = 3.0;
const ENTRY: f64 = 2.0;

/// Most pivots of a front that does without an update.
const DIRECT: usize = 6;

/// One front.
#[derive(Debug, Clone)]
pub(super) struct Front {
    /// Its first pivot's place in the order, and the number of pivots.
    pub first: usize,
    pub pivots: usize,
    /// Where its other rows are in [`Tree::rows`], and how many.
    pub start: usize,
    pub below: usize,
    pub parent: usize,
    /// Whether it is the first of its parent's children to be eliminated.
    pub eldest: bool,
    /// Whether the pivots are not coupled to each other: only their diagonal is stored.
    pub diagonal: bool,
    /// Whether it has no children and few pivots: what they contribute is added to the parent without an update.
    pub direct: bool,
    /// Where its columns are stored.
    pub values: usize,
}

impl Front {
    /// Room that its update takes.
    pub(super) fn room(&self) -> usize {
        if self.direct { 0 } else { self.below * self.below }
    }

    /// Rows of a stored column.
    pub(super) fn stride(&self) -> usize {
        self.below + if self.diagonal { 1 } else { self.pivots }
    }

    /// Row of a stored column that holds pivot number `column`.
    pub(super) fn pivot_row(&self, column: usize) -> usize {
        if self.diagonal { 0 } else { column }
    }

    /// First row of a stored column that holds no pivot.
    pub(super) fn top(&self) -> usize {
        self.stride() - self.below
    }
}

/// The fronts, children before parents.
#[derive(Debug)]
pub(super) struct Tree {
    pub fronts: Vec<Front>,
    /// Rows below the pivots, as places in the order, increasing; and where each is in the parent's front, pivots first.
    pub rows: Vec<u32>,
    pub relative: Vec<u32>,
    /// Index at each place of the order, and place of each index.
    pub forward: Vec<u32>,
    pub inverse: Vec<u32>,
    /// Length of the stored columns.
    pub len: usize,
    /// Entries of the factor that are not zero.
    pub fill: usize,
    /// Largest total size of the updates that wait to be used, the one at work included.
    pub stack: usize,
}

/// A front while fronts are merged.
struct Draft {
    pivots: Vec<u32>,
    rows: Vec<u32>,
    children: Vec<usize>,
    diagonal: bool,
}

impl Draft {
    fn cost(&self) -> f64 {
        cost(self.pivots.len(), self.rows.len(), self.diagonal)
    }
}

/// Time that a front takes.
fn cost(pivots: usize, below: usize, diagonal: bool) -> f64 {
    let (k, r) = (pivots as f64, below as f64);
    let inner = if diagonal { 0.0 } else { k * k * k / 6.0 + k * k * r / 2.0 };
    let stored = k * r + if diagonal { k } else { k * k / 2.0 };
    FRONT + PRODUCT * (inner + k * r * r / 2.0) + STORED * stored + ENTRY * r * r / 2.0
}

impl Tree {
    /// Analyses the symmetric matrix whose upper triangle is given by columns, in an order of approximate minimum degree.
    pub(super) fn new(col_ptr: &[usize], row_idx: &[usize]) -> Result<Self, Error> {
        let order = col_ptr.len() - 1;
        let out_of_memory = || Error::OutOfMemory { order };
        if u32::try_from(order).is_err() {
            return Err(out_of_memory());
        }
        let (mut forward, mut inverse) = (vec![0; order], vec![0; order]);
        let need = amd::order_maybe_unsorted_scratch::<usize>(order, row_idx.len());
        let mut memory = MemBuffer::try_new(need).map_err(|_| out_of_memory())?;
        amd::order_maybe_unsorted(
            &mut forward,
            &mut inverse,
            SymbolicSparseColMatRef::new_checked(order, order, col_ptr, None, row_idx),
            amd::Control { dense: dense(col_ptr, row_idx), ..amd::Control::default() },
            MemStack::new(&mut memory),
        )
        .map_err(|_| out_of_memory())?;
        let later = later(col_ptr, row_idx, &inverse);
        let mut drafts = chains(&later);
        let entries = |d: &Draft| d.pivots.len() * (d.pivots.len() + 1) / 2 + d.pivots.len() * d.rows.len();
        let fill = drafts.iter().flatten().map(entries).sum();
        merge(&mut drafts);
        Ok(Self { fill, ..Self::number(&drafts, &forward) })
    }

    /// Puts the fronts in an order in which children come right before their parent, and numbers the pivots anew.
    fn number(drafts: &[Option<Draft>], forward: &[usize]) -> Self {
        let order = forward.len();
        let mut parents = vec![NONE; drafts.len()];
        for (k, draft) in drafts.iter().enumerate() {
            for &child in draft.iter().flat_map(|d| &d.children) {
                parents[child] = k;
            }
        }
        // Postorder, the largest update first: it waits for its parent, the others are added at once.
        let mut sequence = Vec::with_capacity(drafts.len());
        let roots = (0..drafts.len()).filter(|&k| drafts[k].is_some() && parents[k] == NONE);
        let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
        let sorted = |k: usize| {
            let mut children = drafts[k].as_ref().map_or_else(Vec::new, |d| d.children.clone());
            // Taken from the back.
            children.sort_by_key(|&c| (drafts[c].as_ref().map_or(0, |d| d.rows.len()), std::cmp::Reverse(c)));
            children
        };
        for root in roots {
            path.push((root, sorted(root)));
            while let Some((node, waiting)) = path.last_mut() {
                if let Some(child) = waiting.pop() {
                    path.push((child, sorted(child)));
                } else {
                    sequence.push(*node);
                    path.pop();
                }
            }
        }
        let mut number = vec![NONE; drafts.len()];
        for (k, &draft) in sequence.iter().enumerate() {
            number[draft] = k;
        }
        let mut place = vec![0_u32; order];
        let mut next = 0;
        for &draft in &sequence {
            for &pivot in drafts[draft].iter().flat_map(|d| &d.pivots) {
                place[pivot as usize] = next;
                next += 1;
            }
        }
        let mut out = Self {
            fronts: Vec::with_capacity(sequence.len()),
            rows: Vec::new(),
            relative: Vec::new(),
            forward: vec![0; order],
            inverse: vec![0; order],
            len: 0,
            fill: 0,
            stack: 0,
        };
        for (old, &index) in forward.iter().enumerate() {
            out.forward[place[old] as usize] = index as u32;
            out.inverse[index] = place[old];
        }
        let (mut first, mut born) = (0, vec![false; sequence.len()]);
        for &draft in &sequence {
            let Some(Draft { pivots, rows, children, diagonal }) = &drafts[draft] else { continue };
            let parent = if parents[draft] == NONE { NONE } else { number[parents[draft]] };
            let (k, r) = (pivots.len(), rows.len());
            let front = Front {
                first,
                pivots: k,
                start: out.rows.len(),
                below: r,
                parent,
                eldest: parent != NONE && !std::mem::replace(&mut born[parent], true),
                diagonal: *diagonal,
                direct: children.is_empty() && parent != NONE && k <= DIRECT,
                values: out.len,
            };
            let mut rows: Vec<u32> = rows.iter().map(|&row| place[row as usize]).collect();
            rows.sort_unstable();
            out.rows.extend(rows);
            out.len += front.stride() * k;
            out.fronts.push(front);
            first += k;
        }
        out.relate();
        out
    }

    /// Finds where each front's rows are in its parent, and how much memory waiting updates take.
    fn relate(&mut self) {
        self.relative = vec![0; self.rows.len()];
        for front in &self.fronts {
            let Some(parent) = self.fronts.get(front.parent) else { continue };
            let theirs = &self.rows[parent.start..parent.start + parent.below];
            let mut at = 0;
            for k in front.start..front.start + front.below {
                let row = self.rows[k] as usize;
                self.relative[k] = if row < parent.first + parent.pivots {
                    (row - parent.first) as u32
                } else {
                    while (theirs[at] as usize) < row {
                        at += 1;
                    }
                    (parent.pivots + at) as u32
                };
            }
        }
        let (mut held, mut begun) = (0_usize, vec![false; self.fronts.len()]);
        for (k, front) in self.fronts.iter().enumerate() {
            if !begun[k] {
                held += front.room();
                self.stack = self.stack.max(held);
            }
            if let Some(parent) = self.fronts.get(front.parent)
                && front.eldest
            {
                begun[front.parent] = true;
                held += parent.room();
                self.stack = self.stack.max(held);
            }
            held -= front.room();
        }
    }

    /// The rows of a front below its pivots.
    pub(super) fn rows_of(&self, front: &Front) -> &[u32] {
        &self.rows[front.start..front.start + front.below]
    }

    /// Where the front's rows are in its parent.
    pub(super) fn relative_of(&self, front: &Front) -> &[u32] {
        &self.relative[front.start..front.start + front.below]
    }

    /// The front of every pivot.
    pub(super) fn front_of_pivots(&self) -> Vec<u32> {
        let count = |k: usize| std::iter::repeat_n(k as u32, self.fronts[k].pivots);
        (0..self.fronts.len()).flat_map(count).collect()
    }
}

/// Nodes of a degree above this times the root of the order are put last. Among such hubs minimum degree is slow to find
/// an order that hardly matters; as long as their square is no larger than the matrix, that costs no memory.
fn dense(col_ptr: &[usize], row_idx: &[usize]) -> f64 {
    const HUB: f64 = 2.5;
    let n = col_ptr.len() - 1;
    let mut degree = vec![0_usize; n];
    for j in 0..n {
        for &i in &row_idx[col_ptr[j]..col_ptr[j + 1]] {
            degree[i] += 1;
            degree[j] += 1;
        }
    }
    let least = HUB * (n as f64).sqrt();
    let hubs = degree.iter().filter(|&&d| d as f64 > least).count();
    if hubs * hubs <= 2 * row_idx.len() { HUB } else { amd::Control::default().dense }
}

/// For each place of the order the later ones it is coupled to, unsorted: starts, and places.
fn later(col_ptr: &[usize], row_idx: &[usize], inverse: &[usize]) -> (Vec<usize>, Vec<u32>) {
    let n = inverse.len();
    let mut start = vec![0; n + 1];
    let entries = || (0..n).flat_map(|j| row_idx[col_ptr[j]..col_ptr[j + 1]].iter().map(move |&i| (i, j)));
    let place = |i: usize, j: usize| {
        let (a, b) = (inverse[i], inverse[j]);
        (a.min(b), a.max(b))
    };
    for (i, j) in entries().filter(|(i, j)| i != j) {
        start[place(i, j).0 + 1] += 1;
    }
    for k in 0..n {
        start[k + 1] += start[k];
    }
    let (mut next, mut out) = (start.clone(), vec![0; start[n]]);
    for (i, j) in entries().filter(|(i, j)| i != j) {
        let (a, b) = place(i, j);
        out[next[a]] = b as u32;
        next[a] += 1;
    }
    (start, out)
}

/// The fronts without stored zeros: chains of columns, each with the structure of the one before, less its pivot.
fn chains((start, later): &(Vec<usize>, Vec<u32>)) -> Vec<Option<Draft>> {
    let n = start.len() - 1;
    let mut drafts: Vec<Option<Draft>> = Vec::new();
    // Fronts whose first row below the pivots is this one.
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut seen = vec![NONE; n];
    for j in 0..n {
        let own = &later[start[j]..start[j + 1]];
        let children = std::mem::take(&mut waiting[j]);
        if let [only] = children[..]
            && let Some(child) = &mut drafts[only]
            && own.iter().all(|row| child.rows.binary_search(row).is_ok())
        {
            child.pivots.push(j as u32);
            child.rows.remove(0);
            if let Some(&next) = child.rows.first() {
                waiting[next as usize].push(only);
            }
            continue;
        }
        seen[j] = j;
        let mut rows = Vec::new();
        let inherited = children.iter().filter_map(|&c| drafts[c].as_ref()).flat_map(|d| &d.rows);
        for &row in own.iter().chain(inherited) {
            if seen[row as usize] != j {
                seen[row as usize] = j;
                rows.push(row);
            }
        }
        rows.sort_unstable();
        if let Some(&next) = rows.first() {
            waiting[next as usize].push(drafts.len());
        }
        drafts.push(Some(Draft { pivots: vec![j as u32], rows, children, diagonal: true }));
    }
    for draft in drafts.iter_mut().flatten() {
        draft.diagonal = draft.pivots.len() == 1;
    }
    drafts
}

/// Merges fronts where that saves time: siblings first, then children into their parent.
fn merge(drafts: &mut [Option<Draft>]) {
    let mut seen = vec![NONE; drafts.iter().flatten().flat_map(|d| &d.pivots).count()];
    let mut stamp = 0;
    for k in 0..drafts.len() {
        let Some(mut parent) = drafts[k].take() else { continue };
        // Alike siblings are neighbours in this order.
        let mut children: Vec<usize> = std::mem::take(&mut parent.children);
        children.sort_by(|&a, &b| {
            let rows = |c: usize| drafts[c].as_ref().map_or(&[][..], |d| &d.rows);
            rows(a).len().cmp(&rows(b).len()).then_with(|| rows(a).cmp(rows(b))).then(a.cmp(&b))
        });
        let mut kept: Vec<usize> = Vec::with_capacity(children.len());
        for child in children {
            let joined = kept.last().is_some_and(|&last| {
                let (Some(a), Some(b)) = (&drafts[last], &drafts[child]) else { return false };
                stamp += 1;
                for &row in &a.rows {
                    seen[row as usize] = stamp;
                }
                let added = b.rows.iter().filter(|&&row| seen[row as usize] != stamp).count();
                let pivots = a.pivots.len() + b.pivots.len();
                cost(pivots, a.rows.len() + added, a.diagonal && b.diagonal) < a.cost() + b.cost()
            });
            if joined
                && let Some(b) = drafts[child].take()
                && let Some(a) = kept.last().and_then(|&last| drafts[last].as_mut())
            {
                let before = a.rows.len();
                a.rows.extend(b.rows.iter().filter(|&&row| seen[row as usize] != stamp));
                if a.rows.len() > before {
                    a.rows.sort_unstable();
                }
                a.pivots.extend(b.pivots);
                a.children.extend(b.children);
                a.diagonal &= b.diagonal;
            } else {
                kept.push(child);
            }
        }
        kept.sort_by_key(|&c| (std::cmp::Reverse(drafts[c].as_ref().map_or(0, |d| d.rows.len())), c));
        let mut before = Vec::new();
        for child in kept {
            let Some(draft) = drafts[child].take() else { continue };
            let (k, r) = (before.len() + parent.pivots.len(), parent.rows.len());
            if cost(draft.pivots.len() + k, r, false) < draft.cost() + cost(k, r, parent.diagonal) {
                before.extend(draft.pivots);
                parent.children.extend(draft.children);
                parent.diagonal = false;
            } else {
                drafts[child] = Some(draft);
                parent.children.push(child);
            }
        }
        before.append(&mut parent.pivots);
        parent.pivots = before;
        drafts[k] = Some(parent);
    }
}
