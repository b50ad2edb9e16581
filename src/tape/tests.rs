//! Every operation against central differences, and the adjoint identity.

use super::*;
use cvxlayer_program::{Binary, Input, NodeId, Op, Reduction, SparseMap, Unary};
use proptest::prelude::*;

const A: Input = Input::Parameter(0);
const B: Input = Input::Parameter(1);

/// One operation on one or two inputs; `positive` if it wants positive operands.
struct Case {
    name: String,
    tape: Tape,
    result: NodeId,
    positive: bool,
}

fn case(
    name: impl Into<String>,
    shapes: &[Shape],
    positive: bool,
    shape: Shape,
    op: impl Fn(&mut Tape, &[NodeId]) -> Op,
) -> Case {
    let mut tape = Tape::default();
    let inputs: Vec<_> =
        shapes.iter().zip([A, B]).map(|(&shape, name)| tape.push(Op::Input(name), shape)).collect();
    let op = op(&mut tape, &inputs);
    let result = tape.push(op, shape);
    Case { name: name.into(), tape, result, positive }
}

fn cases() -> Vec<Case> {
    use Shape::{Matrix, Scalar, Vector};
    let mut out = Vec::new();
    let v = Vector(6);
    for f in [
        Unary::Neg,
        Unary::Abs,
        Unary::Pos,
        Unary::Sign,
        Unary::Exp,
        Unary::Log,
        Unary::Log1p,
        Unary::Sqrt,
        Unary::Square,
        Unary::Reciprocal,
        Unary::Sin,
        Unary::Cos,
        Unary::Tan,
        Unary::Tanh,
        Unary::Floor,
        Unary::Ceil,
        Unary::Round,
        Unary::Logistic,
        Unary::Entropy,
        Unary::XExp,
        Unary::LogNormalCdf,
    ] {
        let positive = matches!(
            f,
            Unary::Log | Unary::Log1p | Unary::Sqrt | Unary::Entropy | Unary::Reciprocal | Unary::Tan
        );
        out.push(case(format!("{f:?}"), &[v], positive, v, |_, i| Op::Unary(f, i[0])));
    }
    for f in [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Max,
        Binary::Min,
        Binary::Pow,
        Binary::RelativeEntropy,
        Binary::Huber,
    ] {
        let positive = matches!(f, Binary::Div | Binary::Pow | Binary::RelativeEntropy | Binary::Huber);
        out.push(case(format!("{f:?}"), &[v, v], positive, v, |_, i| Op::Binary(f, i[0], i[1])));
        out.push(case(format!("{f:?} scalar"), &[Scalar, v], positive, v, |_, i| Op::Binary(f, i[0], i[1])));
        out.push(case(format!("{f:?} by scalar"), &[v, Scalar], positive, v, |_, i| {
            Op::Binary(f, i[0], i[1])
        }));
    }
    for r in [
        Reduction::Sum,
        Reduction::Product,
        Reduction::Max,
        Reduction::Min,
        Reduction::SumLargest(1.5),
        Reduction::SumLargest(2.0),
        Reduction::Norm2,
        Reduction::LogSumExp,
    ] {
        out.push(case(format!("{r:?}"), &[v], false, Vector(2), |_, i| Op::Reduce(r, i[0], 3)));
    }
    for exponent in [2.0, 3.0, 0.5, -1.5, 0.0] {
        out.push(case(format!("** {exponent}"), &[v], true, v, |_, i| Op::Power(i[0], exponent)));
    }
    let (m, k, n) = (2, 3, 4);
    for (a, b, c) in [
        (Matrix(m, k), Matrix(k, n), Matrix(m, n)),
        (Vector(k), Matrix(k, n), Vector(n)),
        (Matrix(m, k), Vector(k), Vector(m)),
        (Vector(k), Vector(k), Scalar),
    ] {
        out.push(case(format!("{a} @ {b}"), &[a, b], false, c, |_, i| Op::MatMul(i[0], i[1])));
    }
    let index = vec![3, 0, u32::MAX, 3];
    out.push(case("gather", &[v], false, Vector(4), |_, i| Op::Gather(i[0], index.clone().into())));
    out.push(case("concat", &[v, Vector(2)], false, Vector(14), |_, i| {
        Op::Concat(vec![i[1], i[0], i[0]].into())
    }));
    out.push(case("cummax", &[v], false, v, |_, i| Op::CumulativeMax(i[0], 3)));
    let map = SparseMap::from_triplets(2, 6, vec![(0, 1, 2.0), (1, 5, -1.0), (1, 0, 0.5)]);
    out.push(case("linear", &[v], false, Vector(2), |_, i| Op::Linear(i[0], map.clone())));
    let square = Matrix(3, 3);
    out.push(case("inverse", &[square], false, square, |_, i| Op::Inverse(i[0])));
    out.push(case("det", &[square], false, Scalar, |_, i| Op::Determinant(i[0])));
    // A Aᵀ + I is positive definite.
    out.push(case("cholesky", &[square], false, square, |tape, i| {
        let t = tape.push(Op::Gather(i[0], vec![0, 3, 6, 1, 4, 7, 2, 5, 8].into()), square);
        let gram = tape.push(Op::MatMul(i[0], t), square);
        let eye = tape.push(Op::Constant(vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0].into()), square);
        Op::Cholesky(tape.push(Op::Binary(Binary::Add, gram, eye), square))
    }));
    out.push(case("dotsort", &[v, v], false, Scalar, |_, i| Op::SortedDot(i[0], i[1])));
    out
}

fn inputs(case: &Case) -> Vec<Shape> {
    let shape = |name: Input| case.tape.nodes.iter().find(|n| n.op == Op::Input(name)).map(|n| n.shape);
    [A, B].into_iter().filter_map(shape).collect()
}

fn evaluate(case: &Case, values: &[Vec<f64>]) -> Evaluation {
    Evaluation::new(&case.tape, &|input| match input {
        Input::Parameter(i) => values[i as usize].clone(),
        _ => unreachable!("the cases read parameters"),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn derivatives(entries in prop::collection::vec(0.1_f64..2.0, 64), signs in prop::collection::vec(any::<bool>(), 64)) {
        for case in cases() {
            let mut next = 0;
            let mut draw = |signed: bool, shape: Shape| -> Vec<f64> {
                (0..shape.len()).map(|_| {
                    next = (next + 1) % 64;
                    if signed && signs[next] { -entries[next] } else { entries[next] }
                }).collect()
            };
            let shapes = inputs(&case);
            let at: Vec<_> = shapes.iter().map(|&s| draw(!case.positive, s)).collect();
            let direction: Vec<_> = shapes.iter().map(|&s| draw(true, s)).collect();
            let value = evaluate(&case, &at);
            if !value.faults().is_empty() || !value.probes(&case.tape, None, 1e-4).is_empty() {
                continue;
            }
            let tangents = value.tangent(&case.tape, &|input| match input {
                Input::Parameter(i) => Some(direction[i as usize].clone()),
                _ => None,
            });
            let tangent = tangents[case.result as usize].clone().unwrap();

            let h = 1e-6;
            let shifted = |sign: f64| {
                let moved: Vec<Vec<f64>> = at.iter().zip(&direction)
                    .map(|(a, d)| a.iter().zip(d).map(|(a, d)| a + sign * h * d).collect()).collect();
                evaluate(&case, &moved)
            };
            let (up, down) = (shifted(1.0), shifted(-1.0));
            for (i, t) in tangent.iter().enumerate() {
                let difference = (up.value(case.result)[i] - down.value(case.result)[i]) / (2.0 * h);
                let scale = 1.0 + t.abs().max(value.value(case.result)[i].abs());
                prop_assert!((difference - t).abs() < 1e-4 * scale * scale, "{}: {t} against {difference}", case.name);
            }

            let cotangent = draw(true, case.tape.shape(case.result));
            let bars = value.adjoint(&case.tape, [(case.result, cotangent.as_slice())]);
            let back = Evaluation::inputs(&case.tape, &bars);
            let left: f64 = tangent.iter().zip(&cotangent).map(|(t, c)| t * c).sum();
            let mut right = 0.0;
            let mut scale = tangent.iter().zip(&cotangent).map(|(t, c)| (t * c).abs()).fold(1.0, f64::max);
            for (input, bar) in &back {
                let Input::Parameter(i) = input else { unreachable!() };
                for (b, d) in bar.iter().zip(&direction[*i as usize]) {
                    right += b * d;
                    scale = scale.max((b * d).abs());
                }
            }
            prop_assert!((left - right).abs() <= 1e-12 * scale, "{}: {left} against {right}", case.name);
        }
    }
}

#[test]
fn faults_name_the_node_that_caused_them() {
    let mut tape = Tape::default();
    let a = tape.push(Op::Input(A), Shape::Scalar);
    let log = tape.push(Op::Unary(Unary::Log, a), Shape::Scalar);
    tape.push(Op::Unary(Unary::Neg, log), Shape::Scalar);
    let evaluation = Evaluation::new(&tape, &|_| vec![0.0]);
    assert_eq!(evaluation.faults(), [Fault { node: log, kind: FaultKind::NotFinite }]);
    let evaluation = Evaluation::new(&tape, &|_| vec![f64::INFINITY]);
    assert_eq!(evaluation.faults(), []);
}

#[test]
fn probes_say_what_must_move() {
    let mut tape = Tape::default();
    let a = tape.push(Op::Input(A), Shape::Vector(3));
    let b = tape.push(Op::Input(B), Shape::Scalar);
    let max = tape.push(Op::Binary(Binary::Max, a, b), Shape::Vector(3));
    let values = [vec![1.0, 2.0, 0.0], vec![2.0]];
    let evaluation = Evaluation::new(&tape, &|input| match input {
        Input::Parameter(i) => values[i as usize].clone(),
        _ => unreachable!(),
    });
    let probes = evaluation.probes(&tape, None, 0.0);
    assert_eq!(probes.len(), 1);
    assert_eq!((probes[0].node, probes[0].kind), (max, Irregularity::Kink));
    let [(first, of_a), (second, of_b)] = &probes[0].weights[..] else { panic!("two operands") };
    assert_eq!((*first, *second), (a, b));
    assert_eq!((of_a[0], of_a[2]), (0.0, 0.0));
    assert_eq!(of_a[1], -of_b[0]);
    let bars = evaluation.adjoint(&tape, [(max, [1.0, 0.0, 1.0].as_slice())]);
    assert_eq!(evaluation.probes(&tape, Some(&bars), 0.0), []);
}

#[test]
fn empty_arrays_are_fine() {
    let mut tape = Tape::default();
    let a = tape.push(Op::Input(A), Shape::Vector(0));
    let sum = tape.push(Op::Reduce(Reduction::Sum, a, 0), Shape::Scalar);
    let m = tape.push(Op::Input(B), Shape::Matrix(2, 0));
    let product = tape.push(Op::MatMul(m, a), Shape::Vector(2));
    let evaluation = Evaluation::new(&tape, &|_| vec![]);
    assert_eq!((evaluation.value(sum), evaluation.value(product)), (&[0.0][..], &[0.0, 0.0][..]));
    let bars = evaluation.adjoint(&tape, [(product, [1.0, 1.0].as_slice())]);
    assert_eq!(bars[a as usize].as_deref(), Some(&[][..]));
}
