//! The names that a program written out as a `static` uses.

pub use cvxlayer_program::{
    Attributes, Binary, BlockKind, Blocks, Check, CheckKind, Columns, DefaultValue, Depends, Derived, Input,
    Lift, MatrixBlock, NamedNode, Node, Op, Parameter, Products, Program, Reduction, Role, Rows, Sense,
    Shape, Size, SmoothFunction, SmoothTerm, SolutionMap, SparseMap, Storage, Tape, Unary, UserDual,
    UserVariable, VectorBlock,
};
pub use std::borrow::Cow::Borrowed;
