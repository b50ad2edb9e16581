//! Which parameters reach which data of the solver.

use super::context::Context;
use cvxlayer_program::{BlockKind, Blocks, Depends, Input, Lift, List, Op, Products, VectorBlock};
use std::collections::HashMap;

/// Which parameters reach each entry of θ̂, by runs of entries. Few sets of parameters occur, so each is stored once.
pub(super) struct Reach {
    /// Ascending and without gaps.
    runs: Vec<Run>,
    len: usize,
    sets: Vec<Vec<u32>>,
    /// The first run of entries that are computed.
    computed: usize,
}

/// Consecutive entries of θ̂ that the same parameters reach.
#[derive(Clone, Copy, Default)]
struct Run {
    start: u32,
    len: u32,
    set: u32,
}

impl Run {
    fn has(self, entry: u32) -> bool {
        entry.wrapping_sub(self.start) < self.len
    }
}

impl Reach {
    pub(super) fn new(context: &Context<'_>, lift: &Lift) -> Self {
        let mut reach = Self { runs: Vec::new(), len: 0, sets: vec![Vec::new()], computed: 0 };
        for (k, layout) in context.layouts.iter().enumerate() {
            let set = reach.set(vec![k as u32]);
            reach.push(layout.len, set);
        }
        reach.computed = reach.runs.len();
        let mut nodes: Vec<u32> = Vec::with_capacity(lift.tape.nodes.len());
        for node in lift.tape.nodes.iter() {
            let mut all = reach.union(node.op.operands().iter().map(|&operand| nodes[operand as usize]));
            if let Op::Input(Input::Parameter(k)) = node.op {
                all.push(k);
            }
            nodes.push(reach.set(all));
        }
        for derived in lift.derived.iter() {
            reach.push(derived.len, nodes[derived.node as usize]);
        }
        reach.push_products(&lift.products);
        reach
    }

    fn push_products(&mut self, products: &Products) {
        let mut known = HashMap::new();
        let mut at = [Run::default(); 2];
        // Products of the same two runs follow one another.
        let (mut count, mut set, mut alike) = (0, 0, false);
        for k in 0..products.len() {
            let single = products.ptr[k + 1] - products.ptr[k] == 1;
            let first = products.ptr[k] as usize;
            if alike && single && at[0].has(products.left[first]) && at[1].has(products.right[first]) {
                count += 1;
                continue;
            }
            self.push(count, set);
            let mut sets = Vec::with_capacity(2);
            for (_, left, right) in products.terms(k) {
                at = [self.run(left as u32, at[0]), self.run(right as u32, at[1])];
                sets.extend(at.map(|run| run.set));
            }
            sets.sort_unstable();
            sets.dedup();
            set = known.get(&sets).copied().unwrap_or_else(|| self.set(self.union(sets.iter().copied())));
            known.insert(sets, set);
            (count, alike) = (1, single);
        }
        self.push(count, set);
    }

    fn push(&mut self, len: usize, set: u32) {
        if len > 0 {
            self.runs.push(Run { start: self.len as u32, len: len as u32, set });
            self.len += len;
        }
    }

    /// The run that an entry lies in, which is most often the last one asked for.
    fn run(&self, entry: u32, last: Run) -> Run {
        if last.has(entry) {
            return last;
        }
        self.runs[self.runs.partition_point(|run| run.start <= entry) - 1]
    }

    fn union(&self, sets: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut all: Vec<u32> = sets.flat_map(|set| self.sets[set as usize].iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The number of a set of parameters.
    fn set(&mut self, mut all: Vec<u32>) -> u32 {
        all.sort_unstable();
        all.dedup();
        let known = self.sets.iter().position(|set| *set == all);
        known.unwrap_or_else(|| {
            self.sets.push(all);
            self.sets.len() - 1
        }) as u32
    }

    /// The parameters that reach entries of θ̂ which are computed.
    pub(super) fn computed(&self) -> impl Iterator<Item = u32> {
        self.union(self.runs[self.computed..].iter().map(|run| run.set)).into_iter()
    }

    fn block(&self, block: &VectorBlock) -> Vec<u32> {
        let mut seen = vec![false; self.sets.len()];
        let mut run = Run::default();
        for entries in block.linear.col_idx.chunks(128) {
            // Counted, which is faster than to stop at the first one outside.
            if entries.iter().map(|&entry| u32::from(!run.has(entry))).sum::<u32>() == 0 {
                continue;
            }
            for &entry in entries {
                run = self.run(entry, run);
                seen[run.set as usize] = true;
            }
        }
        self.union((0..self.sets.len()).filter(|&set| seen[set]).map(|set| set as u32))
    }

    pub(super) fn depends(&self, blocks: &Blocks) -> Depends {
        let all = [
            (BlockKind::P, &blocks.p.entries),
            (BlockKind::Q, &blocks.q),
            (BlockKind::R, &blocks.r),
            (BlockKind::A, &blocks.a.entries),
            (BlockKind::B, &blocks.b),
            (BlockKind::G, &blocks.g.entries),
            (BlockKind::Gl, &blocks.gl),
            (BlockKind::Gu, &blocks.gu),
            (BlockKind::Lo, &blocks.lo),
            (BlockKind::Hi, &blocks.hi),
            (BlockKind::W, &blocks.w),
        ];
        let reached = all.into_iter().map(|(kind, block)| (kind, List::from(self.block(block))));
        Depends { blocks: reached.filter(|(_, on)| !on.is_empty()).collect() }
    }
}
