//! A program as the text of a Rust constant expression.
//!
//! The names are those of `cvxlayer::typed::emit`. Structs are taken apart field by field, so that a new field of a
//! program cannot be forgotten here.

use cvxlayer_program::{
    Attributes, Binary, BlockKind, Blocks, Check, CheckKind, Columns, DefaultValue, Depends, Derived, Input,
    Lift, List, MatrixBlock, NamedNode, Node, Op, Parameter, Products, Program, Reduction, Role, Rows, Sense,
    Shape, Size, SmoothFunction, SmoothTerm, SolutionMap, SparseMap, Storage, Tape, Text, Unary, UserDual,
    UserVariable, VectorBlock,
};
use std::fmt::Write as _;

/// The expression whose value is the program.
pub(crate) fn expression(program: &Program) -> String {
    let mut out = String::new();
    program.embed(&mut out);
    out
}

trait Embed {
    fn embed(&self, out: &mut String);
}

/// Writes a value as `Debug` shows it, which is how Rust reads it.
macro_rules! as_shown {
    ($($name:ident $prefix:literal),* $(,)?) => {$(
        impl Embed for $name {
            fn embed(&self, out: &mut String) {
                // Writing to a string cannot fail.
                let _ = write!(out, concat!($prefix, "{:?}"), self);
            }
        }
    )*};
}

as_shown!(
    u32 "", usize "", bool "",
    Shape "Shape::", Unary "Unary::", Binary "Binary::", Reduction "Reduction::", CheckKind "CheckKind::",
    SmoothFunction "SmoothFunction::", BlockKind "BlockKind::", Sense "Sense::", Role "Role::", Input "Input::",
);

macro_rules! field_by_field {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Embed for $name {
            fn embed(&self, out: &mut String) {
                let Self { $($field),* } = self;
                out.push_str(concat!(stringify!($name), "{"));
                $(
                    out.push_str(concat!(stringify!($field), ": "));
                    $field.embed(out);
                    out.push(',');
                )*
                out.push('}');
            }
        }
    )*};
}

field_by_field! {
    Program {
        format, doc, sense, sizes, parameters, lift, checks, blocks, depends, columns, equality_rows,
        inequality_rows, solution, values, lets,
    }
    Size { name, value }
    Parameter { name, shape, storage, start, attributes, default, allows_infinity, doc }
    Attributes { nonneg, nonpos, pos, neg, symmetric, psd, nsd, range }
    Lift { tape, derived, products, theta }
    Tape { nodes }
    Node { op, shape }
    NamedNode { name, node, shape, doc }
    Derived { node, start, len, text, reason }
    Products { ptr, left, right, coefficient }
    Check { node, kind, text }
    Blocks { p, q, r, a, b, g, gl, gu, lo, hi, smooth, w }
    SmoothTerm { function, column }
    VectorBlock { constant, linear }
    MatrixBlock { rows, cols, col_ptr, row_idx, entries }
    SparseMap { rows, cols, row_ptr, col_idx, values }
    Depends { blocks }
    Columns { name, role, start, len }
    Rows { name, role, start, len }
    SolutionMap { variables, duals, bounds }
    UserVariable { name, shape, columns, doc }
    UserDual { label, axes, map }
}

impl Embed for f64 {
    fn embed(&self, out: &mut String) {
        if self.is_finite() {
            let _ = write!(out, "{self:?}");
        } else if self.is_nan() {
            out.push_str("::core::primitive::f64::NAN");
        } else {
            out.push_str(if *self > 0.0 { "" } else { "-" });
            out.push_str("::core::primitive::f64::INFINITY");
        }
    }
}

impl Embed for Text {
    fn embed(&self, out: &mut String) {
        let _ = write!(out, "Borrowed({self:?})");
    }
}

impl<T: Embed> Embed for Option<T> {
    fn embed(&self, out: &mut String) {
        match self {
            None => out.push_str("::core::option::Option::None"),
            Some(value) => {
                out.push_str("::core::option::Option::Some(");
                value.embed(out);
                out.push(')');
            }
        }
    }
}

impl<T: Embed + Clone> Embed for List<T> {
    fn embed(&self, out: &mut String) {
        out.push_str("Borrowed(&[");
        for value in self.iter() {
            value.embed(out);
            out.push(',');
        }
        out.push_str("])");
    }
}

impl<A: Embed, B: Embed> Embed for (A, B) {
    fn embed(&self, out: &mut String) {
        out.push('(');
        self.0.embed(out);
        out.push(',');
        self.1.embed(out);
        out.push(')');
    }
}

impl Embed for DefaultValue {
    fn embed(&self, out: &mut String) {
        call(out, "DefaultValue", &[&self.0]);
    }
}

impl Embed for Storage {
    fn embed(&self, out: &mut String) {
        match self {
            Self::Dense => out.push_str("Storage::Dense"),
            Self::Diagonal => out.push_str("Storage::Diagonal"),
            Self::Sparse { rows, cols } => {
                out.push_str("Storage::Sparse{rows: ");
                rows.embed(out);
                out.push_str(",cols: ");
                cols.embed(out);
                out.push('}');
            }
        }
    }
}

impl Embed for Op {
    fn embed(&self, out: &mut String) {
        match self {
            Self::Constant(list) => call(out, "Op::Constant", &[list]),
            Self::Input(input) => call(out, "Op::Input", &[input]),
            Self::Unary(f, a) => call(out, "Op::Unary", &[f, a]),
            Self::Binary(f, a, b) => call(out, "Op::Binary", &[f, a, b]),
            Self::Power(a, exponent) => call(out, "Op::Power", &[a, exponent]),
            Self::MatMul(a, b) => call(out, "Op::MatMul", &[a, b]),
            Self::Gather(a, index) => call(out, "Op::Gather", &[a, index]),
            Self::Concat(all) => call(out, "Op::Concat", &[all]),
            Self::Reduce(r, a, group) => call(out, "Op::Reduce", &[r, a, group]),
            Self::CumulativeMax(a, group) => call(out, "Op::CumulativeMax", &[a, group]),
            Self::Linear(a, map) => call(out, "Op::Linear", &[a, map]),
            Self::Inverse(a) => call(out, "Op::Inverse", &[a]),
            Self::Cholesky(a) => call(out, "Op::Cholesky", &[a]),
            Self::Determinant(a) => call(out, "Op::Determinant", &[a]),
            Self::SortedDot(a, b) => call(out, "Op::SortedDot", &[a, b]),
        }
    }
}

fn call(out: &mut String, name: &str, arguments: &[&dyn Embed]) {
    out.push_str(name);
    out.push('(');
    for argument in arguments {
        argument.embed(out);
        out.push(',');
    }
    out.push(')');
}
