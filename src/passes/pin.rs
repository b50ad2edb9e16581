//! Pin: fixes some parameters' values and folds everything that depends on no parameter any more.
//!
//! Rewrites: values of pinned parameters and of variable-free expressions without parameters go into the constant
//! parts of the blocks; products with such a factor become linear; entries of patterns that have become zero are
//! dropped; tapes keep what is still needed. Conditions on values that no longer vary are checked once and dropped.
//! The result has the same solutions and the same derivatives by the remaining parameters.

use super::fold::{Affine, Folding};
use crate::error::Error;
use crate::lifting::subexpression;
use crate::params::Params;
use crate::passes::depends::depends;
use crate::tape::{Evaluation, reaches};
use cvxlayer_program::{
    Blocks, Depends, Derived, Input, Lift, MatrixBlock, Node, NodeId, Op, Parameter, Program, SparseMap,
    Tape, VectorBlock,
};

/// Folds what depends on no parameter, as [`pin`] does without values.
///
/// # Errors
/// As [`pin`].
pub fn fold(program: Program) -> Result<Program, Error> {
    let varies = varying(&program.lift.tape, &vec![false; program.parameters.len()]);
    let settled = |node: NodeId| !varies[node as usize];
    let derived = program.lift.derived.iter().any(|d| settled(d.node));
    if derived || program.checks.iter().any(|c| settled(c.node)) {
        return pin(&program, &Params::new());
    }
    Ok(program)
}

/// Fixes the parameters that values are given for, and folds what depends on no parameter.
///
/// # Errors
/// If a value does not fit its declaration, or an expression has no value.
pub fn pin(program: &Program, values: &Params) -> Result<Program, Error> {
    let pinned: Vec<bool> = program.parameters.iter().map(|p| values.get(&p.name).is_some()).collect();
    let theta = pinned_entries(program, values)?;
    let full = |i: u32| {
        let p = &program.parameters[i as usize];
        crate::data::expand(p, &theta[p.start..p.start + p.len()])
    };

    // Unpinned parameters read as ones; no node that reads them is folded.
    let tape = &program.lift.tape;
    let evaluation = Evaluation::new(tape, &|input| match input {
        Input::Parameter(i) => full(i),
        _ => Vec::new(),
    });
    let varies = varying(tape, &pinned);
    if let Some(fault) = evaluation.faults().iter().find(|f| !varies[f.node as usize]) {
        return Err(Error::Lift { text: subexpression(program, fault.node), kind: fault.kind });
    }
    // Conditions that no longer vary hold or fail once and for all.
    let errors = values.check_lifted(program, &evaluation, &theta, |node| !varies[node as usize]);
    let errors: Vec<_> = errors.into_iter().filter(|e| settled(program, &pinned, &e.name)).collect();
    if !errors.is_empty() {
        return Err(Error::Values(errors));
    }

    let (parameters, position) = remaining(program, &pinned);
    let checks: Vec<_> = program.checks.iter().filter(|c| varies[c.node as usize]).cloned().collect();
    let derived: Vec<_> = program.lift.derived.iter().filter(|d| varies[d.node as usize]).collect();
    let ranges = parameters.iter().filter_map(|p| p.attributes.range).flat_map(|(lo, hi)| [lo, hi]);
    let keep = derived.iter().map(|d| d.node).chain(checks.iter().map(|c| c.node)).chain(ranges);
    let (lift_tape, moved) = shrink(tape, &evaluation, &varies, &position, keep.collect());

    let folding = Folding::new(program, &theta, &pinned, &varies, &evaluation);
    let mut start = folding.theta;
    let derived: Vec<Derived> = derived
        .into_iter()
        .map(|d| {
            let out = Derived { node: moved[d.node as usize], start, ..d.clone() };
            start += d.len;
            out
        })
        .collect();
    let lift = Lift {
        tape: lift_tape,
        derived: derived.into(),
        products: folding.products.clone(),
        theta: folding.theta,
    };

    let (values_tape, lets) = pin_values(program, &position, &full);
    let parameters: Vec<Parameter> = parameters
        .into_iter()
        .map(|mut p| {
            p.attributes.range = p.attributes.range.map(|(lo, hi)| (moved[lo as usize], moved[hi as usize]));
            p
        })
        .collect();
    let mut out = Program {
        parameters: parameters.into(),
        blocks: fold_blocks(&program.blocks, &folding.entries, lift.len()),
        lift,
        checks: checks
            .into_iter()
            .map(|mut c| {
                c.node = moved[c.node as usize];
                c
            })
            .collect(),
        values: values_tape,
        lets,
        format: program.format,
        doc: program.doc.clone(),
        sense: program.sense,
        sizes: program.sizes.clone(),
        depends: Depends::default(),
        columns: program.columns.clone(),
        equality_rows: program.equality_rows.clone(),
        inequality_rows: program.inequality_rows.clone(),
        solution: program.solution.clone(),
    };
    out.depends = depends(&out);
    Ok(out)
}

/// θ with the pinned entries in place and ones elsewhere.
fn pinned_entries(program: &Program, values: &Params) -> Result<Vec<f64>, Error> {
    let known: Vec<Parameter> =
        program.parameters.iter().filter(|p| values.get(&p.name).is_some()).cloned().collect();
    let entries = values.theta(&known).map_err(Error::Values)?;
    let mut theta = vec![1.0; program.lift.theta];
    let mut next = 0;
    for p in &known {
        theta[p.start..p.start + p.len()].copy_from_slice(&entries[next..next + p.len()]);
        next += p.len();
    }
    Ok(theta)
}

/// Whether a failed condition concerns no parameter that is still to be given.
fn settled(program: &Program, pinned: &[bool], name: &str) -> bool {
    program.position(name).is_none_or(|i| pinned[i])
}

/// For each node of the lift's tape, whether a parameter that is not pinned reaches it.
fn varying(tape: &Tape, pinned: &[bool]) -> Vec<bool> {
    reaches(tape, |id| matches!(tape.nodes[id].op, Op::Input(Input::Parameter(i)) if !pinned[i as usize]))
}

/// The parameters that stay, renumbered, and the new position of each old one.
fn remaining(program: &Program, pinned: &[bool]) -> (Vec<Parameter>, Vec<Option<u32>>) {
    let (mut parameters, mut position, mut start) = (Vec::new(), Vec::new(), 0);
    for (p, pinned) in program.parameters.iter().zip(pinned) {
        if *pinned {
            position.push(None);
        } else {
            position.push(Some(parameters.len() as u32));
            parameters.push(Parameter { start, ..p.clone() });
            start += p.len();
        }
    }
    (parameters, position)
}

/// The nodes of a tape that are needed, with constants in place of those that do not vary; and where each node went.
fn shrink(
    tape: &Tape,
    evaluation: &Evaluation,
    varies: &[bool],
    position: &[Option<u32>],
    keep: Vec<NodeId>,
) -> (Tape, Vec<NodeId>) {
    let mut needed = vec![false; tape.nodes.len()];
    for id in keep {
        needed[id as usize] = true;
    }
    for id in (0..tape.nodes.len()).rev() {
        if needed[id] && varies[id] {
            tape.nodes[id].op.operands().iter().for_each(|&a| needed[a as usize] = true);
        }
    }
    let mut out = Tape::default();
    let mut moved = vec![NodeId::MAX; tape.nodes.len()];
    for (id, node) in tape.nodes.iter().enumerate().filter(|(id, _)| needed[*id]) {
        let op = if varies[id] {
            renumbered(&node.op, &moved, position)
        } else {
            constant(evaluation.value(id as NodeId))
        };
        moved[id] = out.push(op, node.shape);
    }
    (out, moved)
}

/// A literal, as short as it can be.
fn constant(value: &[f64]) -> Op {
    match value {
        [first, rest @ ..] if rest.iter().all(|v| v.to_bits() == first.to_bits()) => {
            Op::Constant(vec![*first].into())
        }
        _ => Op::Constant(value.to_vec().into()),
    }
}

/// An operation with its operands and parameters renumbered.
fn renumbered(op: &Op, moved: &[NodeId], position: &[Option<u32>]) -> Op {
    let at = |a: &NodeId| moved[*a as usize];
    match op {
        Op::Constant(list) => Op::Constant(list.clone()),
        Op::Input(Input::Parameter(i)) => Op::Input(Input::Parameter(position[*i as usize].unwrap_or(*i))),
        Op::Input(input) => Op::Input(*input),
        Op::Unary(f, a) => Op::Unary(*f, at(a)),
        Op::Binary(f, a, b) => Op::Binary(*f, at(a), at(b)),
        Op::Power(a, exponent) => Op::Power(at(a), *exponent),
        Op::MatMul(a, b) => Op::MatMul(at(a), at(b)),
        Op::Gather(a, index) => Op::Gather(at(a), index.clone()),
        Op::Concat(all) => Op::Concat(all.iter().map(at).collect()),
        Op::Reduce(r, a, group) => Op::Reduce(*r, at(a), *group),
        Op::CumulativeMax(a, group) => Op::CumulativeMax(at(a), *group),
        Op::Linear(a, map) => Op::Linear(at(a), map.clone()),
        Op::Inverse(a) => Op::Inverse(at(a)),
        Op::Cholesky(a) => Op::Cholesky(at(a)),
        Op::Determinant(a) => Op::Determinant(at(a)),
        Op::SortedDot(a, b) => Op::SortedDot(at(a), at(b)),
    }
}

/// The tape of lets, with literals in place of pinned parameters.
fn pin_values(
    program: &Program,
    position: &[Option<u32>],
    full: &dyn Fn(u32) -> Vec<f64>,
) -> (Tape, cvxlayer_program::List<cvxlayer_program::NamedNode>) {
    let identity: Vec<NodeId> = (0..program.values.nodes.len() as NodeId).collect();
    let node = |node: &Node| {
        let op = match node.op {
            Op::Input(Input::Parameter(i)) if position[i as usize].is_none() => constant(&full(i)),
            ref op => renumbered(op, &identity, position),
        };
        Node { op, shape: node.shape }
    };
    (Tape { nodes: program.values.nodes.iter().map(node).collect() }, program.lets.clone())
}

fn fold_blocks(blocks: &Blocks, entries: &[Affine], theta_hat: usize) -> Blocks {
    let vector = |block: &VectorBlock| fold_vector(block, entries, theta_hat);
    let matrix = |block: &MatrixBlock| fold_matrix(block, entries, theta_hat);
    Blocks {
        p: matrix(&blocks.p),
        q: vector(&blocks.q),
        r: vector(&blocks.r),
        a: matrix(&blocks.a),
        b: vector(&blocks.b),
        g: matrix(&blocks.g),
        gl: vector(&blocks.gl),
        gu: vector(&blocks.gu),
        lo: vector(&blocks.lo),
        hi: vector(&blocks.hi),
        smooth: blocks.smooth.clone(),
        w: vector(&blocks.w),
    }
}

fn fold_vector(block: &VectorBlock, entries: &[Affine], theta_hat: usize) -> VectorBlock {
    let mut constant = block.constant.to_vec();
    let mut triplets = Vec::new();
    for (i, value) in constant.iter_mut().enumerate() {
        for (entry, coefficient) in block.linear.row(i) {
            let affine = &entries[entry];
            if affine.constant != 0.0 {
                *value += coefficient * affine.constant;
            }
            triplets.extend(affine.terms.iter().map(|&(at, c)| (i as u32, at, coefficient * c)));
        }
    }
    let linear = SparseMap::from_triplets(block.len(), theta_hat, triplets);
    VectorBlock { constant: constant.into(), linear }
}

/// As [`fold_vector`], without the places that have become zero.
fn fold_matrix(block: &MatrixBlock, entries: &[Affine], theta_hat: usize) -> MatrixBlock {
    let folded = fold_vector(&block.entries, entries, theta_hat);
    let (mut col_ptr, mut row_idx, mut constant, mut triplets) =
        (vec![0], Vec::new(), Vec::new(), Vec::new());
    for j in 0..block.cols {
        for e in block.col_ptr[j] as usize..block.col_ptr[j + 1] as usize {
            if folded.constant[e] != 0.0 || folded.is_parametric(e) {
                let at = row_idx.len() as u32;
                triplets.extend(folded.linear.row(e).map(|(entry, c)| (at, entry as u32, c)));
                constant.push(folded.constant[e]);
                row_idx.push(block.row_idx[e]);
            }
        }
        col_ptr.push(row_idx.len() as u32);
    }
    let linear = SparseMap::from_triplets(row_idx.len(), theta_hat, triplets);
    MatrixBlock {
        rows: block.rows,
        cols: block.cols,
        col_ptr: col_ptr.into(),
        row_idx: row_idx.into(),
        entries: VectorBlock { constant: constant.into(), linear },
    }
}
