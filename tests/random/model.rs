//! Random models as the tests know them: an expression tree that prints itself in the language.

use cvxlayer::program::Shape;
use std::fmt::{Display, Formatter, Result};

/// An expression with its shape.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) shape: Shape,
    pub(crate) kind: Kind,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Number(f64),
    Parameter(usize),
    Variable(usize),
    Let(usize),
    Call(Atom, Vec<Expr>),
}

/// An operation with its options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Atom {
    // Affine in each argument.
    Add,
    Subtract,
    Negate,
    Multiply,
    Divide,
    MatMul,
    Transpose,
    Sum,
    SumAxis(usize),
    Mean,
    Index(usize),
    Slice(usize, usize),
    Diff,
    Cumsum,
    Concatenate,
    CumsumAxis(usize),
    DiffAxis(usize),
    Flip,
    Roll(usize),
    Tile(usize),
    ReshapeC,
    ReshapeF,
    Trace,
    /// `diag`, of a matrix and of a vector.
    Diagonal,
    Vstack,
    UpperTri,
    /// A comprehension over the entries.
    SumOver,
    HstackOver,
    /// Multiples of the entries by two indices, enough of them that they are evaluated together.
    RampOver,
    /// Running sums of multiples, a comprehension in a comprehension.
    RunsOver,
    // Bilinear, the first factor data.
    Kron,
    Conv,
    Outer,
    Einsum,
    // Piecewise linear.
    MaxAxis(usize),
    MinAxis(usize),
    Norm1Axis(usize),
    MatrixNorm1,
    MatrixNormInf,
    /// Whether the inner and the outer norm are those of order infinity.
    MixedNorm(bool, bool),
    SumLargest(f64),
    SumSmallest(f64),
    Cvar(f64),
    DotSort,
    Cummax,
    Cummin,
    Ptp,
    TotalVariation,
    /// Functions that the model itself defines.
    Spread,
    Roughness,
    Hinge,
    QuantileLoss(f64),
    Scalene(f64, f64),
    MaxOver,
    MinOver,
    /// Distances of all pairs, by an index whose range depends on another.
    PairsOver,
    Abs,
    Pos,
    Neg,
    Max,
    Min,
    Maximum,
    Minimum,
    Norm1,
    NormInf,
    // Quadratic.
    Huber(f64),
    Square,
    SumSquares,
    QuadForm,
    /// `x.T @ P @ x`
    FormAsProduct,
    MatrixFrac,
    QuadOverLin,
    Variance,
    MeanSquares,
    SumSquaresAxis(usize),
    /// `norm(x, 2) ** 2`
    NormSquared,
    // Smooth.
    Exp,
    Log,
    Log1p,
    Logistic,
    LogSumExp,
    LogSumExpAxis(usize),
    Entropy,
    RelativeEntropy,
    KlDivergence,
    Sqrt,
    InvPos,
    Power(f64),
}

impl Expr {
    pub(crate) fn number(value: f64) -> Self {
        Self { shape: Shape::Scalar, kind: Kind::Number(value) }
    }

    pub(crate) fn call(shape: Shape, atom: Atom, arguments: Vec<Self>) -> Self {
        Self { shape, kind: Kind::Call(atom, arguments) }
    }

    pub(crate) fn is_constant(&self, model: &Model) -> bool {
        match &self.kind {
            Kind::Number(_) | Kind::Parameter(_) => true,
            Kind::Variable(_) => false,
            Kind::Let(k) => model.lets[*k].is_constant(model),
            Kind::Call(_, arguments) => arguments.iter().all(|a| a.is_constant(model)),
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            Kind::Number(v) if *v < 0.0 => write!(f, "({v:?})"),
            Kind::Number(v) => write!(f, "{v:?}"),
            Kind::Parameter(k) => write!(f, "p{k}"),
            Kind::Variable(k) => write!(f, "x{k}"),
            Kind::Let(k) => write!(f, "e{k}"),
            Kind::Call(atom, a) => match (atom, &a[..]) {
                (Atom::Add, [a, b]) => write!(f, "({a} + {b})"),
                (Atom::Subtract, [a, b]) => write!(f, "({a} - {b})"),
                (Atom::Negate, [a]) => write!(f, "(-{a})"),
                (Atom::Multiply, [a, b]) => write!(f, "({a} * {b})"),
                (Atom::Divide, [a, b]) => write!(f, "({a} / {b})"),
                (Atom::MatMul, [a, b]) => write!(f, "({a} @ {b})"),
                (Atom::Transpose, [a]) => write!(f, "{a}.T"),
                (Atom::SumAxis(axis), [a]) => write!(f, "sum({a}, axis={axis})"),
                (Atom::Index(i), [a]) => write!(f, "{a}[{i}]"),
                (Atom::Slice(from, to), [a]) => write!(f, "{a}[{from}:{to}]"),
                (Atom::Concatenate, [a, b]) => write!(f, "hstack({a}, {b})"),
                (Atom::LogSumExpAxis(axis), [a]) => write!(f, "log_sum_exp({a}, axis={axis})"),
                (Atom::Power(p), [a]) => write!(f, "({a} ** {p})"),
                (Atom::CumsumAxis(axis), [a]) => write!(f, "cumsum({a}, axis={axis})"),
                (Atom::DiffAxis(axis), [a]) => write!(f, "diff({a}, axis={axis})"),
                (Atom::Roll(k), [a]) => write!(f, "roll({a}, {k})"),
                (Atom::Tile(k), [a]) => write!(f, "tile({a}, {k})"),
                (Atom::ReshapeC, [a]) => write!(f, "reshape({a}, {}, order=\"C\")", axes(self.shape)),
                (Atom::ReshapeF, [a]) => write!(f, "reshape({a}, {}, order=\"F\")", axes(self.shape)),
                (Atom::SumOver, [a]) => write!(f, "sum({a}[k] for k in 0..{})", a.shape.len()),
                (Atom::MaxOver, [a]) => write!(f, "max({a}[k] for k in 0..{})", a.shape.len()),
                (Atom::MinOver, [a]) => write!(f, "min({a}[k] for k in 0..{})", a.shape.len()),
                (Atom::RampOver, [a]) => {
                    let n = a.shape.len();
                    write!(f, "sum(0.01 * (j - k) * {a}[k] for j in 0..12, k in 0..{n} if j != k)")
                }
                (Atom::RunsOver, [a]) => {
                    let n = a.shape.len();
                    write!(f, "hstack(sum((j + 1) * {a}[j] for j in 0..k + 1) for k in 0..{n})")
                }
                (Atom::PairsOver, [a]) => {
                    let n = a.shape.len();
                    write!(f, "sum(abs({a}[j] - {a}[k]) for j in 0..{n}, k in j + 1..{n})")
                }
                (Atom::HstackOver, [a]) => write!(f, "hstack({a}[k] for k in 0..{})", a.shape.len()),
                (Atom::Einsum, [a, b]) => write!(f, "einsum(\"ij,jk->ik\", {a}, {b})"),
                (Atom::MaxAxis(axis), [a]) => write!(f, "max({a}, axis={axis})"),
                (Atom::MinAxis(axis), [a]) => write!(f, "min({a}, axis={axis})"),
                (Atom::Norm1Axis(axis), [a]) => write!(f, "norm1({a}, axis={axis})"),
                (Atom::MatrixNorm1, [a]) => write!(f, "norm({a}, 1)"),
                (Atom::MatrixNormInf, [a]) => write!(f, "norm({a}, inf)"),
                (Atom::MixedNorm(inner, outer), [a]) => {
                    let order = |infinite: bool| if infinite { "inf" } else { "1" };
                    write!(f, "mixed_norm({a}, {}, {})", order(*inner), order(*outer))
                }
                (Atom::SumLargest(k), [a]) => write!(f, "sum_largest({a}, {k})"),
                (Atom::SumSmallest(k), [a]) => write!(f, "sum_smallest({a}, {k})"),
                (Atom::Cvar(beta), [a]) => write!(f, "cvar({a}, {beta:?})"),
                (Atom::QuantileLoss(tau), [a]) => write!(f, "quantile_loss({a}, {tau:?})"),
                (Atom::Scalene(alpha, beta), [a]) => write!(f, "scalene({a}, {alpha:?}, {beta:?})"),
                (Atom::FormAsProduct, [a, p]) => write!(f, "({a}.T @ {p} @ {a})"),
                (Atom::SumSquaresAxis(axis), [a]) => write!(f, "sum_squares({a}, axis={axis})"),
                (Atom::NormSquared, [a]) => write!(f, "(norm({a}, 2) ** 2)"),
                (Atom::Huber(m), [a]) => write!(f, "huber({a}, {m:?})"),
                (atom, arguments) => {
                    write!(f, "{}(", name(*atom))?;
                    for (k, a) in arguments.iter().enumerate() {
                        let comma = if k == 0 { "" } else { ", " };
                        write!(f, "{comma}{a}")?;
                    }
                    write!(f, ")")
                }
            },
        }
    }
}

fn name(atom: Atom) -> &'static str {
    match atom {
        Atom::Sum => "sum",
        Atom::Mean => "mean",
        Atom::Diff => "diff",
        Atom::Cumsum => "cumsum",
        Atom::Flip => "flip",
        Atom::Trace => "trace",
        Atom::Diagonal => "diag",
        Atom::Vstack => "vstack",
        Atom::UpperTri => "upper_tri",
        Atom::Kron => "kron",
        Atom::Conv => "conv",
        Atom::Outer => "outer",
        Atom::DotSort => "dotsort",
        Atom::Cummax => "cummax",
        Atom::Cummin => "cummin",
        Atom::Ptp => "ptp",
        Atom::TotalVariation => "tv",
        Atom::Spread => "spread",
        Atom::Roughness => "roughness",
        Atom::Hinge => "hinge",
        Atom::MatrixFrac => "matrix_frac",
        Atom::QuadOverLin => "quad_over_lin",
        Atom::Variance => "variance",
        Atom::MeanSquares => "mean_squares",
        Atom::Abs => "abs",
        Atom::Pos => "pos",
        Atom::Neg => "neg",
        Atom::Max => "max",
        Atom::Min => "min",
        Atom::Maximum => "maximum",
        Atom::Minimum => "minimum",
        Atom::Norm1 => "norm1",
        Atom::NormInf => "norm_inf",
        Atom::Square => "square",
        Atom::SumSquares => "sum_squares",
        Atom::QuadForm => "quad_form",
        Atom::Exp => "exp",
        Atom::Log => "log",
        Atom::Log1p => "log1p",
        Atom::Logistic => "logistic",
        Atom::LogSumExp => "log_sum_exp",
        Atom::Entropy => "entr",
        Atom::RelativeEntropy => "rel_entr",
        Atom::KlDivergence => "kl_div",
        Atom::InvPos => "inv_pos",
        Atom::Sqrt => "sqrt",
        _ => unreachable!("{atom:?} is printed by an operator"),
    }
}

/// A declared parameter and its value, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) shape: Shape,
    pub(crate) attribute: &'static str,
    pub(crate) value: Vec<f64>,
}

/// A declared variable, a point that is feasible, and its bounds.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) shape: Shape,
    pub(crate) feasible: Vec<f64>,
    pub(crate) bounds: Option<(f64, f64)>,
}

/// `left relation right`, where one side adds a parameter of its own: the larger side, or the right one.
#[derive(Clone, Debug)]
pub(crate) struct Constraint {
    pub(crate) left: Expr,
    pub(crate) relation: Relation,
    pub(crate) right: Expr,
    pub(crate) room: usize,
    /// Whether it is written entry by entry, under a `for`.
    pub(crate) each: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Relation {
    AtMost,
    AtLeast,
    Equal,
}

/// A whole model with the values of its parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) lets: Vec<Expr>,
    pub(crate) objective: Option<Expr>,
    pub(crate) maximize: bool,
    pub(crate) constraints: Vec<Constraint>,
}

fn axes(shape: Shape) -> String {
    match shape {
        Shape::Scalar => String::new(),
        Shape::Vector(n) => format!("[{n}]"),
        Shape::Matrix(m, n) => format!("[{m}, {n}]"),
    }
}

impl Display for Model {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "fn spread(v) = max(v) - min(v);\nfn roughness(v) = sum(abs(diff(v)));")?;
        for (k, p) in self.parameters.iter().enumerate() {
            writeln!(f, "param p{k}{} {};", axes(p.shape), p.attribute)?;
        }
        for (k, x) in self.variables.iter().enumerate() {
            let range = x.bounds.map_or(String::new(), |(lo, hi)| format!(" in [{lo:?}, {hi:?}]"));
            writeln!(f, "var x{k}{}{range};", axes(x.shape))?;
        }
        for (k, e) in self.lets.iter().enumerate() {
            writeln!(f, "let e{k} = {e};")?;
        }
        if let Some(objective) = &self.objective {
            let sense = if self.maximize { "maximize" } else { "minimize" };
            writeln!(f, "{sense} {objective};")?;
        }
        writeln!(f, "subject to")?;
        for c in &self.constraints {
            let relation = match c.relation {
                Relation::AtMost => "<=",
                Relation::AtLeast => ">=",
                Relation::Equal => "==",
            };
            if c.each {
                let n = c.left.shape.len();
                writeln!(f, "  {}[k] {relation} {}[k] for k in 0..{n};", c.left, c.right)?;
            } else {
                writeln!(f, "  {} {relation} {};", c.left, c.right)?;
            }
        }
        Ok(())
    }
}
