//! Whether a program keeps its own promises: a program that was read from a file may not.
//!
//! What passes here runs without an index out of bounds, whatever it computes.

use crate::error::Error;
use cvxlayer_program::{
    CheckKind, FORMAT, Input, MatrixBlock, Op, Parameter, Program, Shape, SparseMap, Storage, Tape, UserDual,
    VectorBlock, ZERO_ENTRY,
};

/// No array of a program is larger.
const LARGEST: usize = 1 << 28;

type Result<T = ()> = std::result::Result<T, String>;

/// Checks that a program is consistent.
///
/// # Errors
/// [`Error::Format`] for a version that is not known, [`Error::Program`] naming the part that is inconsistent.
pub fn validate(program: &Program) -> std::result::Result<(), Error> {
    if program.format != FORMAT {
        return Err(Error::Format(u64::from(program.format)));
    }
    check(program).map_err(Error::Program)
}

fn check(program: &Program) -> Result {
    parameters(program)?;
    lift(program)?;
    blocks(program)?;
    solution(program)?;
    tape("values", program, &program.values, true)?;
    for named in program.lets.iter() {
        let node = program.values.nodes.get(named.node as usize);
        ensure(node.is_some_and(|n| n.shape == named.shape), || format!("the let `{}`", named.name))?;
    }
    Ok(())
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result {
    if holds { Ok(()) } else { Err(what()) }
}

/// The number of entries of a shape, if that is sane.
fn entries(shape: Shape) -> Option<usize> {
    shape.axes().iter().try_fold(1_usize, |len, &n| len.checked_mul(n)).filter(|len| *len <= LARGEST)
}

fn parameters(program: &Program) -> Result {
    let mut start = 0;
    for p in program.parameters.iter() {
        let bad = || format!("the parameter `{}`", p.name);
        let (rows, cols) = p.shape.as_rows();
        let square = matches!(p.shape, Shape::Matrix(..)) && rows == cols;
        // The pattern of a sparse parameter may live in a matrix far too large to store.
        let stored = match &p.storage {
            Storage::Dense => entries(p.shape).is_some(),
            Storage::Diagonal => square && rows <= LARGEST,
            Storage::Sparse { rows: i, cols: j } => {
                let sorted = i.iter().zip(j.iter()).zip(i.iter().zip(j.iter()).skip(1)).all(|(a, b)| a < b);
                let inside = i.iter().all(|&i| (i as usize) < rows) && j.iter().all(|&j| (j as usize) < cols);
                matches!(p.shape, Shape::Matrix(..))
                    && rows.checked_mul(cols).is_some()
                    && i.len() == j.len()
                    && sorted
                    && inside
            }
        };
        let a = &p.attributes;
        let default =
            p.default.as_ref().is_none_or(|d| d.0.len() == 1 || Some(d.0.len()) == entries(p.shape));
        ensure(stored && p.start == start && default, bad)?;
        ensure(square || !(a.symmetric || a.psd || a.nsd), bad)?;
        start += p.len();
    }
    ensure(program.lift.theta == start, || "the length of θ".to_owned())
}

fn lift(program: &Program) -> Result {
    let lift = &program.lift;
    tape("lift", program, &lift.tape, false)?;
    let node = |id: u32| lift.tape.nodes.get(id as usize).map(|n| n.shape);
    let mut start = lift.theta;
    for d in lift.derived.iter() {
        let fits = node(d.node).is_some_and(|s| s.len() == d.len) && d.start == start;
        ensure(fits, || format!("the derived parameter `{}`", d.text))?;
        start += d.len;
    }
    let products = &lift.products;
    let terms = products.left.len();
    let pointers =
        if products.ptr.is_empty() { terms == 0 } else { pointers(&products.ptr, products.len(), terms) };
    let lengths = products.right.len() == terms && products.coefficient.len() == terms;
    ensure(pointers && lengths, || "the products".to_owned())?;
    for k in 0..products.len() {
        let earlier = products.terms(k).all(|(_, l, r)| l < start + k && r < start + k);
        ensure(earlier, || format!("product {k}"))?;
    }
    for p in program.parameters.iter() {
        if let Some((lo, hi)) = p.attributes.range {
            let serves = |s: Shape| s == Shape::Scalar || s == p.shape;
            let fits = node(lo).is_some_and(serves) && node(hi).is_some_and(serves);
            ensure(fits, || format!("the range of the parameter `{}`", p.name))?;
        }
    }
    for c in program.checks.iter() {
        let square = |s: Shape| s.as_rows().0 == s.as_rows().1;
        let matrix = matches!(c.kind, CheckKind::Psd | CheckKind::Nsd);
        let fits = node(c.node).is_some_and(|s| !matrix || square(s));
        ensure(fits, || format!("the condition on `{}`", c.text))?;
    }
    Ok(())
}

fn blocks(program: &Program) -> Result {
    let b = &program.blocks;
    let n = b.q.len();
    let theta_hat = program.lift.len();
    let sizes = [
        ("q", &b.q, n),
        ("r", &b.r, 1),
        ("b", &b.b, b.a.rows),
        ("gl", &b.gl, b.g.rows),
        ("gu", &b.gu, b.g.rows),
        ("lo", &b.lo, n),
        ("hi", &b.hi, n),
        ("w", &b.w, b.smooth.len()),
    ];
    for (name, block, len) in sizes {
        ensure(vector(block, len, theta_hat), || format!("the block {name}"))?;
    }
    for (name, block, rows) in [("P", &b.p, n), ("A", &b.a, b.a.rows), ("G", &b.g, b.g.rows)] {
        ensure(matrix(block, rows, n, theta_hat), || format!("the block {name}"))?;
    }
    ensure(b.smooth.iter().all(|term| (term.column as usize) < n), || "the smooth terms".to_owned())?;
    let upper = (0..n).all(|j| column(&b.p, j).iter().all(|&i| i as usize <= j));
    ensure(upper, || "the block P, which keeps an upper triangle".to_owned())?;
    let on = program.depends.blocks.iter().flat_map(|(_, on)| on.iter());
    ensure(on.into_iter().all(|&i| (i as usize) < program.parameters.len()), || {
        "what blocks depend on".to_owned()
    })
}

fn vector(block: &VectorBlock, len: usize, theta_hat: usize) -> bool {
    block.len() == len && map(&block.linear, len, theta_hat)
}

fn column(block: &MatrixBlock, j: usize) -> &[u32] {
    &block.row_idx[block.col_ptr[j] as usize..block.col_ptr[j + 1] as usize]
}

fn matrix(block: &MatrixBlock, rows: usize, cols: usize, theta_hat: usize) -> bool {
    block.rows == rows
        && block.cols == cols
        && pointers(&block.col_ptr, cols, block.row_idx.len())
        && (0..cols).all(|j| column(block, j).windows(2).all(|w| w[0] < w[1]))
        && block.row_idx.iter().all(|&i| (i as usize) < rows)
        && vector(&block.entries, block.row_idx.len(), theta_hat)
}

fn map(map: &SparseMap, rows: usize, cols: usize) -> bool {
    map.rows == rows
        && map.cols == cols
        && map.col_idx.len() == map.values.len()
        && pointers(&map.row_ptr, rows, map.values.len())
        && map.col_idx.iter().all(|&j| (j as usize) < cols)
}

/// Whether `ptr` cuts `len` entries into `count` runs.
fn pointers(ptr: &[u32], count: usize, len: usize) -> bool {
    count.checked_add(1) == Some(ptr.len())
        && ptr[0] == 0
        && ptr[count] as usize == len
        && ptr.windows(2).all(|w| w[0] <= w[1])
}

fn solution(program: &Program) -> Result {
    let (n, multipliers) = (program.variables(), program.multipliers());
    for v in program.solution.variables.iter() {
        let inside = v.columns.iter().all(|&c| c == ZERO_ENTRY || (c as usize) < n);
        ensure(inside && entries(v.shape) == Some(v.columns.len()), || format!("the variable `{}`", v.name))?;
    }
    for d in program.solution.duals.iter().chain(program.solution.bounds.iter()) {
        let len = d.axes.iter().try_fold(1_usize, |len, &n| len.checked_mul(n));
        let fits = len == Some(d.map.rows) && map(&d.map, d.map.rows, multipliers);
        ensure(fits, || format!("the dual of `{}`", d.label))?;
    }
    let run = |start: usize, len: usize, total: usize| start.checked_add(len).is_some_and(|end| end <= total);
    let columns = program.columns.iter().all(|c| run(c.start, c.len, n));
    let rows = program.equality_rows.iter().all(|r| run(r.start, r.len, program.blocks.b.len()))
        && program.inequality_rows.iter().all(|r| run(r.start, r.len, program.blocks.gl.len()));
    ensure(columns && rows, || "the names of columns and rows".to_owned())
}

fn tape(name: &str, program: &Program, tape: &Tape, at_solution: bool) -> Result {
    for (id, node) in tape.nodes.iter().enumerate() {
        let fits = entries(node.shape).is_some_and(|len| {
            node.op.operands().iter().all(|&a| (a as usize) < id)
                && operation(program, tape, &node.op, node.shape, len, at_solution)
        });
        ensure(fits, || format!("node {id} of the {name} tape"))?;
    }
    Ok(())
}

fn operation(program: &Program, tape: &Tape, op: &Op, shape: Shape, len: usize, at_solution: bool) -> bool {
    let of = |a: &u32| tape.shape(*a);
    let square = |s: Shape| matches!(s, Shape::Matrix(m, n) if m == n);
    match op {
        Op::Constant(list) => list.len() == 1 || list.len() == len,
        Op::Input(input) => match input {
            Input::Parameter(i) => {
                program.parameters.get(*i as usize).is_some_and(|p: &Parameter| p.shape == shape)
            }
            _ if !at_solution => false,
            Input::Variable(i) => {
                program.solution.variables.get(*i as usize).is_some_and(|v| v.shape == shape)
            }
            Input::Dual(i) => dual(program.solution.duals.get(*i as usize), len),
            Input::BoundDual(i) => dual(program.solution.bounds.get(*i as usize), len),
            Input::Objective => len == 1,
        },
        Op::Unary(_, a) | Op::Power(a, _) => of(a).len() == len,
        Op::Binary(_, a, b) => [a, b].into_iter().all(|a| of(a).len() == len || of(a).len() == 1),
        Op::MatMul(a, b) => {
            let (m, k, n) = crate::tape::product_sizes(of(a), of(b));
            let inner = match of(b) {
                Shape::Scalar => 1,
                Shape::Vector(k) | Shape::Matrix(k, _) => k,
            };
            k == inner && m * n == len
        }
        Op::Gather(a, index) => {
            let from = of(a).len();
            index.len() == len && index.iter().all(|&i| i == ZERO_ENTRY || (i as usize) < from)
        }
        Op::Concat(all) => all.iter().map(|a| of(a).len()).sum::<usize>() == len,
        Op::Reduce(_, a, group) => len.checked_mul(*group) == Some(of(a).len()),
        Op::CumulativeMax(a, group) => of(a).len() == len && (*group == 0 || len.is_multiple_of(*group)),
        Op::Linear(a, linear) => map(linear, len, of(a).len()),
        Op::Inverse(a) | Op::Cholesky(a) => square(shape) && of(a) == shape,
        Op::Determinant(a) => square(of(a)) && len == 1,
        Op::SortedDot(a, b) => of(a).len() == of(b).len() && len == 1,
    }
}

fn dual(dual: Option<&UserDual>, len: usize) -> bool {
    dual.is_some_and(|d| d.map.rows == len)
}
