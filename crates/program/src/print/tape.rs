//! Nodes of tapes as expressions.

use super::number::{Bounded, Hash, Rounded};
use crate::{Binary, Input, NodeId, Op, Program, Reduction, Tape, Unary};
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

/// Expressions that would be longer are given by a hash.
const LENGTH: usize = 90;

/// A node as an expression, or a hash of the nodes up to it.
pub(super) fn node(program: &Program, tape: &Tape, id: NodeId) -> String {
    let mut out = Bounded { text: String::new(), limit: LENGTH };
    if write(&mut out, program, tape, id).is_ok() {
        return out.text;
    }
    let mut hash = Hash::new();
    for node in &tape.nodes[..=id as usize] {
        // Writing to a hash never fails.
        let _ = write!(hash, "{:?}{:?}", node.op, node.shape);
    }
    format!("… {} operations {hash}", id + 1)
}

fn write(out: &mut dyn Write, program: &Program, tape: &Tape, id: NodeId) -> fmt::Result {
    let of = |out: &mut dyn Write, a: NodeId| write(out, program, tape, a);
    let call = |out: &mut dyn Write, name: &str, operands: &[NodeId]| {
        write!(out, "{name}(")?;
        for (k, a) in operands.iter().enumerate() {
            if k > 0 {
                out.write_str(", ")?;
            }
            of(out, *a)?;
        }
        out.write_char(')')
    };
    let infix = |out: &mut dyn Write, a: NodeId, op: &str, b: NodeId| {
        out.write_char('(')?;
        of(out, a)?;
        write!(out, " {op} ")?;
        of(out, b)?;
        out.write_char(')')
    };
    match &tape.nodes[id as usize].op {
        Op::Constant(list) if list.len() == 1 => write!(out, "{}", Rounded(list[0])),
        Op::Constant(list) => {
            out.write_char('[')?;
            for (k, v) in list.iter().enumerate() {
                write!(out, "{}{}", if k > 0 { ", " } else { "" }, Rounded(*v))?;
            }
            out.write_char(']')
        }
        Op::Input(input) => match input {
            Input::Parameter(i) => out.write_str(&program.parameters[*i as usize].name),
            Input::Variable(i) => out.write_str(&program.solution.variables[*i as usize].name),
            Input::Dual(i) => write!(out, "dual({})", program.solution.duals[*i as usize].label),
            Input::BoundDual(i) => write!(out, "bounds({})", program.solution.bounds[*i as usize].label),
            Input::Objective => out.write_str("objective"),
        },
        Op::Unary(Unary::Neg, a) => {
            out.write_char('-')?;
            of(out, *a)
        }
        Op::Unary(f, a) => call(out, unary(*f), &[*a]),
        Op::Binary(f, a, b) => match f {
            Binary::Add => infix(out, *a, "+", *b),
            Binary::Sub => infix(out, *a, "-", *b),
            Binary::Mul => infix(out, *a, "*", *b),
            Binary::Div => infix(out, *a, "/", *b),
            Binary::Pow => infix(out, *a, "**", *b),
            Binary::Max => call(out, "maximum", &[*a, *b]),
            Binary::Min => call(out, "minimum", &[*a, *b]),
            Binary::RelativeEntropy => call(out, "rel_entr", &[*a, *b]),
            Binary::Huber => call(out, "huber", &[*a, *b]),
        },
        Op::Power(a, exponent) => {
            of(out, *a)?;
            write!(out, "**{}", Rounded(*exponent))
        }
        Op::MatMul(a, b) => infix(out, *a, "@", *b),
        Op::Gather(a, index) => {
            of(out, *a)?;
            let mut text = Bounded { text: String::new(), limit: 24 };
            if write!(text, "{index:?}").is_ok() {
                return out.write_str(&text.text);
            }
            let mut hash = Hash::new();
            write!(hash, "{index:?}")?;
            write!(out, "[{} entries {hash}]", index.len())
        }
        Op::Concat(all) => call(out, "concatenate", all),
        Op::Reduce(r, a, group) => {
            call(out, reduction(*r), &[*a])?;
            if tape.shape(*a).len() == *group { Ok(()) } else { write!(out, "/{group}") }
        }
        Op::CumulativeMax(a, _) => call(out, "cummax", &[*a]),
        Op::Linear(a, map) => {
            let mut hash = Hash::new();
            write!(hash, "{map:?}")?;
            call(out, "linear", &[*a])?;
            write!(out, "{hash}")
        }
        Op::Inverse(a) => call(out, "inv", &[*a]),
        Op::Cholesky(a) => call(out, "chol", &[*a]),
        Op::Determinant(a) => call(out, "det", &[*a]),
        Op::SortedDot(a, b) => call(out, "dotsort", &[*a, *b]),
    }
}

fn unary(f: Unary) -> &'static str {
    match f {
        Unary::Neg => "-",
        Unary::Abs => "abs",
        Unary::Pos => "pos",
        Unary::Sign => "sign",
        Unary::Exp => "exp",
        Unary::Log => "log",
        Unary::Log1p => "log1p",
        Unary::Sqrt => "sqrt",
        Unary::Square => "square",
        Unary::Reciprocal => "inv_pos",
        Unary::Sin => "sin",
        Unary::Cos => "cos",
        Unary::Tan => "tan",
        Unary::Tanh => "tanh",
        Unary::Floor => "floor",
        Unary::Ceil => "ceil",
        Unary::Round => "round",
        Unary::Logistic => "logistic",
        Unary::Entropy => "entr",
        Unary::XExp => "xexp",
        Unary::LogNormalCdf => "log_normcdf",
    }
}

fn reduction(r: Reduction) -> &'static str {
    match r {
        Reduction::Sum => "sum",
        Reduction::Product => "prod",
        Reduction::Max => "max",
        Reduction::Min => "min",
        Reduction::SumLargest(_) => "sum_largest",
        Reduction::Norm2 => "norm2",
        Reduction::LogSumExp => "log_sum_exp",
    }
}
