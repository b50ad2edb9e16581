//! Programs written by hand, so that the run-time is tested without the compiler.

use cvxlayer::program::{
    Attributes, Binary, Blocks, Columns, DefaultValue, Depends, Derived, FORMAT, Input, Lift, List,
    MatrixBlock, NamedNode, Op, Parameter, Products, Program, Reduction, Role, Rows, Sense, Shape,
    SolutionMap, SparseMap, Storage, Tape, Unary, UserDual, UserVariable, VectorBlock,
};

/// The number of assets.
pub(crate) const N: usize = 3;
/// Positions in θ: `mu`, `gamma`, `S` row by row, `cap`, `t`.
pub(crate) const GAMMA: usize = N;
pub(crate) const S: usize = N + 1;
pub(crate) const CAP: usize = S + N * N;
pub(crate) const T: usize = CAP + 1;
const THETA: usize = T + 1;
const EXP_T: usize = THETA;
const PRODUCTS: usize = THETA + 1;
const THETA_HAT: usize = PRODUCTS + N * (N + 1) / 2;

/// ```text
/// maximize mu.T @ w − gamma * quad_form(w, S)
/// subject to  budget: sum(w) == 1;  pair: w[0] + w[1] <= cap;
/// var w[3] in [0, exp(t)];   let risk = w.T @ S @ w;   let top = max(w) * gamma;
/// ```
pub(crate) fn portfolio() -> Program {
    let mut start = 0;
    let mut parameters = Vec::new();
    let psd = Attributes { psd: true, ..Attributes::default() };
    let nonneg = Attributes { nonneg: true, ..Attributes::default() };
    for (name, shape, attributes, default) in [
        ("mu", Shape::Vector(N), Attributes::default(), None),
        ("gamma", Shape::Scalar, nonneg, Some(DefaultValue(vec![1.0].into()))),
        ("S", Shape::Matrix(N, N), psd, None),
        ("cap", Shape::Scalar, Attributes::default(), None),
        ("t", Shape::Scalar, Attributes::default(), Some(DefaultValue(vec![0.0].into()))),
    ] {
        let storage = Storage::Dense;
        let name = name.into();
        parameters.push(Parameter {
            name,
            shape,
            storage,
            start,
            attributes,
            default,
            allows_infinity: false,
            doc: None,
        });
        start += shape.len();
    }
    let mut tape = Tape::default();
    let t = tape.push(Op::Input(Input::Parameter(4)), Shape::Scalar);
    let exp = tape.push(Op::Unary(Unary::Exp, t), Shape::Scalar);
    let derived =
        Derived { node: exp, start: EXP_T, len: 1, text: "exp(t)".into(), reason: "not affine".into() };
    let lift = Lift { tape, derived: vec![derived].into(), products: products(), theta: THETA };
    Program {
        format: FORMAT,
        doc: Some("A small portfolio.".into()),
        sense: Sense::Maximize,
        sizes: Vec::new().into(),
        parameters: parameters.into(),
        lift,
        checks: Vec::new().into(),
        blocks: blocks(),
        depends: Depends::default(),
        columns: vec![Columns { name: "w".into(), role: Role::User, start: 0, len: N }].into(),
        equality_rows: vec![Rows { name: "budget".into(), role: Role::User, start: 0, len: 1 }].into(),
        inequality_rows: vec![Rows { name: "pair".into(), role: Role::User, start: 0, len: 1 }].into(),
        solution: solution(),
        values: values().0,
        lets: values().1.into(),
    }
}

/// `gamma * (S[i, j] + S[j, i])` for the upper triangle, by columns.
fn products() -> Products {
    let mut out = Products { ptr: vec![0].into(), ..Products::default() };
    for j in 0..N {
        for i in 0..=j {
            for at in [S + i * N + j, S + j * N + i] {
                out.left.to_mut().push(GAMMA as u32);
                out.right.to_mut().push(at as u32);
                out.coefficient.to_mut().push(1.0);
            }
            let end = out.left.len() as u32;
            out.ptr.to_mut().push(end);
        }
    }
    out
}

fn linear(rows: usize, triplets: Vec<(u32, u32, f64)>) -> SparseMap {
    SparseMap::from_triplets(rows, THETA_HAT, triplets)
}

fn blocks() -> Blocks {
    let upper: Vec<(u32, u32)> = (0..N as u32).flat_map(|j| (0..=j).map(move |i| (i, j))).collect();
    let nnz = upper.len();
    let p = MatrixBlock {
        rows: N,
        cols: N,
        col_ptr: (0..=N as u32).map(|j| j * (j + 1) / 2).collect(),
        row_idx: upper.iter().map(|e| e.0).collect(),
        entries: VectorBlock {
            constant: vec![0.0; nnz].into(),
            linear: linear(nnz, (0..nnz as u32).map(|e| (e, PRODUCTS as u32 + e, 1.0)).collect()),
        },
    };
    let ones = |cols: &[u32]| MatrixBlock {
        rows: 1,
        cols: N,
        col_ptr: (0..=N as u32).map(|j| cols.iter().filter(|&&c| c < j).count() as u32).collect(),
        row_idx: vec![0; cols.len()].into(),
        entries: VectorBlock::constant(vec![1.0; cols.len()], THETA_HAT),
    };
    let one = |constant: f64, triplets| VectorBlock {
        constant: vec![constant].into(),
        linear: linear(1, triplets),
    };
    Blocks {
        p,
        q: VectorBlock {
            constant: vec![0.0; N].into(),
            linear: linear(N, (0..N as u32).map(|i| (i, i, -1.0)).collect()),
        },
        r: VectorBlock::constant(vec![0.0], THETA_HAT),
        a: ones(&[0, 1, 2]),
        b: VectorBlock::constant(vec![1.0], THETA_HAT),
        g: ones(&[0, 1]),
        gl: VectorBlock::constant(vec![f64::NEG_INFINITY], THETA_HAT),
        gu: one(0.0, vec![(0, CAP as u32, 1.0)]),
        lo: VectorBlock::constant(vec![0.0; N], THETA_HAT),
        smooth: List::default(),
        w: VectorBlock::constant(Vec::new(), THETA_HAT),
        hi: VectorBlock {
            constant: vec![0.0; N].into(),
            linear: linear(N, (0..N as u32).map(|i| (i, EXP_T as u32, 1.0)).collect()),
        },
    }
}

fn solution() -> SolutionMap {
    let multipliers = 1 + 2 + 2 * N;
    let dual = |label: &'static str, at: u32, sign: f64| UserDual {
        label: label.into(),
        axes: Vec::new().into(),
        map: SparseMap::from_triplets(1, multipliers, vec![(0, at, sign)]),
    };
    let (lower, upper) = (3, 3 + N as u32);
    let bounds = (0..N as u32).flat_map(|i| [(i, upper + i, 1.0), (i, lower + i, -1.0)]).collect();
    SolutionMap {
        variables: vec![UserVariable {
            name: "w".into(),
            shape: Shape::Vector(N),
            columns: (0..N as u32).collect(),
            doc: None,
        }]
        .into(),
        duals: vec![dual("budget", 0, 1.0), dual("pair", 2, 1.0)].into(),
        bounds: vec![UserDual {
            label: "w".into(),
            axes: vec![N].into(),
            map: SparseMap::from_triplets(N, multipliers, bounds),
        }]
        .into(),
    }
}

fn values() -> (Tape, Vec<NamedNode>) {
    let mut tape = Tape::default();
    let w = tape.push(Op::Input(Input::Variable(0)), Shape::Vector(N));
    let s = tape.push(Op::Input(Input::Parameter(2)), Shape::Matrix(N, N));
    let sw = tape.push(Op::MatMul(s, w), Shape::Vector(N));
    let risk = tape.push(Op::MatMul(w, sw), Shape::Scalar);
    let gamma = tape.push(Op::Input(Input::Parameter(1)), Shape::Scalar);
    let largest = tape.push(Op::Reduce(Reduction::Max, w, N), Shape::Scalar);
    let top = tape.push(Op::Binary(Binary::Mul, largest, gamma), Shape::Scalar);
    let named =
        |name: &'static str, node| NamedNode { name: name.into(), node, shape: Shape::Scalar, doc: None };
    let lets = vec![named("risk", risk), named("top", top)];
    (tape, lets)
}
