//! Elementwise functions of data without a curvature.

use crate::atoms::prelude::*;

const NEITHER: fn(Interval) -> Monotonicity = |_| Monotonicity::Neither;
const BETWEEN_ONES: fn(Interval) -> Interval = |_| Interval::new(-1.0, 1.0);

/// `sin`
pub static SIN: Elementwise = Elementwise {
    row: &Row {
        name: "sin",
        signature: "sin(p)",
        summary: "sine",
        formula: "sin pᵢ",
        example: "param p[2]; var x[2]; minimize sum_squares(x - sin(p));",
        ..Row::DATA
    },
    function: Unary::Sin,
    image: BETWEEN_ONES,
    monotonicity: NEITHER,
};

/// `cos`
pub static COS: Elementwise = Elementwise {
    row: &Row {
        name: "cos",
        signature: "cos(p)",
        summary: "cosine",
        formula: "cos pᵢ",
        example: "param p[2]; var x[2]; minimize sum_squares(x - cos(p));",
        ..Row::DATA
    },
    function: Unary::Cos,
    image: BETWEEN_ONES,
    monotonicity: NEITHER,
};

/// `tan`
pub static TAN: Elementwise = Elementwise {
    row: &Row {
        name: "tan",
        signature: "tan(p)",
        summary: "tangent",
        formula: "tan pᵢ",
        example: "param p[2]; var x[2]; minimize sum_squares(x - tan(p));",
        ..Row::DATA
    },
    function: Unary::Tan,
    image: |_| Interval::ALL,
    monotonicity: NEITHER,
};

/// `tanh`
pub static TANH: Elementwise = Elementwise {
    row: &Row {
        name: "tanh",
        signature: "tanh(p)",
        summary: "hyperbolic tangent",
        formula: "tanh pᵢ",
        sign: "that of p",
        example: "param p[2]; var x[2]; minimize sum_squares(x - tanh(p));",
        ..Row::DATA
    },
    function: Unary::Tanh,
    image: |x| Interval { nonzero: x.excludes_zero(), ..x.map_increasing(f64::tanh) },
    monotonicity: NEITHER,
};

/// `sign`
pub static SIGN: Elementwise = Elementwise {
    row: &Row {
        name: "sign",
        signature: "sign(p)",
        summary: "sign; its slope is 0 and it has no derivative at 0",
        formula: "1 above 0, -1 below, 0 at 0",
        sign: "that of p",
        example: "param p[2]; var x[2]; minimize sum_squares(x - sign(p));",
        ..Row::DATA
    },
    function: Unary::Sign,
    image: |x| {
        let sign = |v: f64| if v == 0.0 { 0.0 } else { v.signum() };
        Interval { nonzero: x.excludes_zero(), ..x.map_increasing(sign) }
    },
    monotonicity: NEITHER,
};

/// `floor`
pub static FLOOR: Elementwise = Elementwise {
    row: &Row {
        name: "floor",
        signature: "floor(p)",
        summary: "largest integer below; its slope is 0 between the steps",
        formula: "⌊pᵢ⌋",
        example: "param p; var x; minimize square(x - floor(p));",
        ..Row::DATA
    },
    function: Unary::Floor,
    image: |x| x.map_increasing(f64::floor),
    monotonicity: NEITHER,
};

/// `ceil`
pub static CEIL: Elementwise = Elementwise {
    row: &Row {
        name: "ceil",
        signature: "ceil(p)",
        summary: "smallest integer above; its slope is 0 between the steps",
        formula: "⌈pᵢ⌉",
        example: "param p; var x; minimize square(x - ceil(p));",
        ..Row::DATA
    },
    function: Unary::Ceil,
    image: |x| x.map_increasing(f64::ceil),
    monotonicity: NEITHER,
};

/// `round`
pub static ROUND: Elementwise = Elementwise {
    row: &Row {
        name: "round",
        signature: "round(p)",
        summary: "nearest integer, halves to even; its slope is 0 between the steps",
        formula: "the integer next to pᵢ",
        example: "param p; var x; minimize square(x - round(p));",
        ..Row::DATA
    },
    function: Unary::Round,
    image: |x| x.map_increasing(f64::round_ties_even),
    monotonicity: NEITHER,
};

/// The product of entries, over all axes or one.
#[derive(Debug)]
pub struct Prod;

static PROD: Row = Row {
    name: "prod",
    signature: "prod(p, axis=, keepdims=)",
    options: &["axis", "keepdims"],
    summary: "product of entries",
    formula: "Πᵢ pᵢ",
    shape: "a scalar, or without the axis",
    sign: "nonneg for nonneg p",
    example: "param p[3]; var x; minimize square(x - prod(p));",
    ..Row::DATA
};

impl Atom for Prod {
    fn row(&self) -> &'static Row {
        &PROD
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        call.reduced()
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        let own = call.interval(0);
        if own.is_nonneg() { Interval { nonzero: own.is_pos(), ..Interval::NONNEG } } else { Interval::ALL }
    }

    fn graph(&self, call: &Application<'_>, _lower: &mut Lower<'_>) -> Lowered<Affine> {
        Err(outside(call))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let a = tape.value(&call.arguments[0])?;
        let axis = call.axis(tape.shape(a).rank());
        Ok(tape.reduce(Reduction::Product, a, axis, call.shape))
    }
}
