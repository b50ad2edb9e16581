//! Which parameters each block depends on.

use cvxlayer_program::{BlockKind, Depends, Input, List, Op, Program, SparseMap};
use std::collections::{BTreeMap, BTreeSet};

type Set = BTreeSet<u32>;

/// The parameters that reach each block, through lifted expressions and products too.
pub fn depends(program: &Program) -> Depends {
    let mut sets = Sets::default();
    let reach = reach(program, &mut sets);
    let b = &program.blocks;
    let kinds = [
        (BlockKind::P, &b.p.entries.linear),
        (BlockKind::Q, &b.q.linear),
        (BlockKind::R, &b.r.linear),
        (BlockKind::A, &b.a.entries.linear),
        (BlockKind::B, &b.b.linear),
        (BlockKind::G, &b.g.entries.linear),
        (BlockKind::Gl, &b.gl.linear),
        (BlockKind::Gu, &b.gu.linear),
        (BlockKind::Lo, &b.lo.linear),
        (BlockKind::Hi, &b.hi.linear),
        (BlockKind::W, &b.w.linear),
    ];
    let of = |map: &SparseMap| {
        let mut seen = vec![false; sets.all.len()];
        map.col_idx.iter().for_each(|&entry| seen[reach[entry as usize]] = true);
        let ids = (0..seen.len()).filter(|&id| seen[id]);
        ids.flat_map(|id| sets.all[id].iter().copied()).collect::<Set>()
    };
    let blocks = kinds
        .into_iter()
        .map(|(kind, map)| (kind, of(map).into_iter().collect::<List<u32>>()))
        .filter(|(_, on)| !on.is_empty());
    Depends { blocks: blocks.collect() }
}

/// For each entry of θ̂, the set of parameters that reach it.
fn reach(program: &Program, sets: &mut Sets) -> Vec<usize> {
    let mut out = Vec::with_capacity(program.lift.len());
    for (i, p) in program.parameters.iter().enumerate() {
        let id = sets.intern(Set::from([i as u32]));
        out.resize(out.len() + p.len(), id);
    }
    let mut nodes: Vec<Set> = Vec::with_capacity(program.lift.tape.nodes.len());
    for node in program.lift.tape.nodes.iter() {
        let mut set: Set =
            node.op.operands().iter().flat_map(|&a| nodes[a as usize].iter().copied()).collect();
        if let Op::Input(Input::Parameter(i)) = node.op {
            set.insert(i);
        }
        nodes.push(set);
    }
    for d in program.lift.derived.iter() {
        let id = sets.intern(nodes[d.node as usize].clone());
        out.resize(out.len() + d.len, id);
    }
    let products = &program.lift.products;
    let mut ids = Vec::new();
    for k in 0..products.len() {
        ids.clear();
        ids.extend(products.terms(k).flat_map(|(_, l, r)| [out[l], out[r]]));
        ids.sort_unstable();
        ids.dedup();
        let id = sets.union(&ids);
        out.push(id);
    }
    out
}

/// Sets by number, each kept once.
#[derive(Default)]
struct Sets {
    all: Vec<Set>,
    known: BTreeMap<Set, usize>,
    unions: BTreeMap<Vec<usize>, usize>,
}

impl Sets {
    fn intern(&mut self, set: Set) -> usize {
        *self.known.entry(set.clone()).or_insert_with(|| {
            self.all.push(set);
            self.all.len() - 1
        })
    }

    /// The union of sets, by their numbers in order.
    fn union(&mut self, ids: &[usize]) -> usize {
        if let &[id] = ids {
            return id;
        }
        if let Some(&id) = self.unions.get(ids) {
            return id;
        }
        let set = ids.iter().flat_map(|&id| self.all[id].iter().copied()).collect();
        let id = self.intern(set);
        self.unions.insert(ids.to_vec(), id);
        id
    }
}
