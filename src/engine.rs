//! The door to the engine: blocks in its form, solutions and derivatives in the program's.

use crate::derivative::place_name;
use crate::error::Error;
use altdiff::{
    Block, Cotangent, Csc, DerivativeOptions, Function, Place, Problem, SolutionTangent, Solver, Tangent,
};
use cvxlayer_program::{
    BlockKind, Blocks, MatrixBlock, Parameter, Program, SmoothFunction, SmoothTerm, VectorBlock,
};

pub use altdiff::{Control, Method, Plain, Progress, Residuals, Route, Settings, Status};

/// One number for every entry of the solver's data: a direction, or a derivative.
#[derive(Clone, Debug, Default)]
pub(crate) struct DataVector {
    /// All blocks but the constant.
    pub(crate) blocks: Tangent,
    /// The objective's constant, on which no solution depends.
    pub(crate) r: f64,
}

/// The solver's data at θ̂.
pub(crate) fn problem(blocks: &Blocks, theta_hat: &[f64]) -> Result<Problem, Error> {
    let mut out = template(blocks);
    renew(blocks, theta_hat, &mut out)?;
    Ok(out)
}

/// Replaces the numbers of a problem of the program's pattern by those at θ̂.
pub(crate) fn renew(blocks: &Blocks, theta_hat: &[f64], problem: &mut Problem) -> Result<(), Error> {
    for (_, block) in BLOCKS {
        renew_block(blocks, block, theta_hat, entries_mut(problem, block))?;
    }
    problem.r = constant(blocks, theta_hat)?;
    Ok(())
}

/// The numbers of one block at θ̂.
pub(crate) fn renew_block(
    blocks: &Blocks,
    which: Block,
    theta_hat: &[f64],
    values: &mut [f64],
) -> Result<(), Error> {
    block(blocks, which).apply_into(theta_hat, values);
    if which == Block::W {
        // A weight that is nonnegative but for rounding is no mistake of anybody's.
        for weight in values.iter_mut().filter(|w| **w < 0.0 && **w > -1e-12) {
            *weight = 0.0;
        }
    }
    let fault = |v: &f64| match which {
        Block::Gl | Block::Lo => v.is_nan() || *v == f64::INFINITY,
        Block::Gu | Block::Hi => v.is_nan() || *v == f64::NEG_INFINITY,
        Block::W => !v.is_finite() || *v < 0.0,
        _ => !v.is_finite(),
    };
    match values.iter().position(fault) {
        Some(entry) => Err(Error::NotFinite { block: which.name(), entry, value: values[entry], of: None }),
        None => Ok(()),
    }
}

/// Says in the user's terms which end of what is no number that an end may be, and by which parameters.
pub(crate) fn told(program: &Program, error: Error) -> Error {
    let Error::NotFinite { block: name, entry, value, .. } = error else { return error };
    let (place, end, of) = match name {
        "b" => (Place::Equality(entry), "side", &program.blocks.b),
        "gl" => (Place::RowLower(entry), "lower end", &program.blocks.gl),
        "gu" => (Place::RowUpper(entry), "upper end", &program.blocks.gu),
        "lo" => (Place::BoundLower(entry), "lower end", &program.blocks.lo),
        "hi" => (Place::BoundUpper(entry), "upper end", &program.blocks.hi),
        _ => return error,
    };
    let place = place_name(program, place);
    let mut of_place = if place.starts_with("the ") { place } else { format!("the {end} of {place}") };
    let moved = |p: &&Parameter| {
        let own = p.start..p.start + p.len();
        of.linear.row(entry).any(|(k, _)| own.contains(&k))
    };
    if let Some(parameter) = program.parameters.iter().find(moved) {
        of_place = format!("{of_place}, given by `{}`,", parameter.name);
    }
    Error::NotFinite { block: name, entry, value, of: Some(of_place) }
}

/// The objective's constant at θ̂.
pub(crate) fn constant(blocks: &Blocks, theta_hat: &[f64]) -> Result<f64, Error> {
    let mut constant = [0.0];
    blocks.r.apply_into(theta_hat, &mut constant);
    if constant[0].is_finite() {
        Ok(constant[0])
    } else {
        Err(Error::NotFinite { block: "r", entry: 0, value: constant[0], of: None })
    }
}

/// The blocks of the program and of the engine.
pub(crate) const BLOCKS: [(BlockKind, Block); 10] = [
    (BlockKind::P, Block::P),
    (BlockKind::Q, Block::Q),
    (BlockKind::A, Block::A),
    (BlockKind::B, Block::B),
    (BlockKind::G, Block::G),
    (BlockKind::Gl, Block::Gl),
    (BlockKind::Gu, Block::Gu),
    (BlockKind::Lo, Block::Lo),
    (BlockKind::Hi, Block::Hi),
    (BlockKind::W, Block::W),
];

/// The program's map to a block's entries.
pub(crate) fn block(blocks: &Blocks, which: Block) -> &VectorBlock {
    match which {
        Block::P => &blocks.p.entries,
        Block::Q => &blocks.q,
        Block::A => &blocks.a.entries,
        Block::B => &blocks.b,
        Block::G => &blocks.g.entries,
        Block::Gl => &blocks.gl,
        Block::Gu => &blocks.gu,
        Block::Lo => &blocks.lo,
        Block::Hi => &blocks.hi,
        Block::W => &blocks.w,
    }
}

/// The entries of a problem's block.
pub(crate) fn entries(problem: &Problem, which: Block) -> &[f64] {
    match which {
        Block::P => &problem.p.values,
        Block::Q => &problem.q,
        Block::A => &problem.a.values,
        Block::B => &problem.b,
        Block::G => &problem.g.values,
        Block::Gl => &problem.gl,
        Block::Gu => &problem.gu,
        Block::Lo => &problem.lo,
        Block::Hi => &problem.hi,
        Block::W => &problem.w,
    }
}

fn entries_mut(problem: &mut Problem, which: Block) -> &mut [f64] {
    match which {
        Block::P => &mut problem.p.values,
        Block::Q => &mut problem.q,
        Block::A => &mut problem.a.values,
        Block::B => &mut problem.b,
        Block::G => &mut problem.g.values,
        Block::Gl => &mut problem.gl,
        Block::Gu => &mut problem.gu,
        Block::Lo => &mut problem.lo,
        Block::Hi => &mut problem.hi,
        Block::W => &mut problem.w,
    }
}

/// A problem with the program's pattern to analyse: its constant parts, bounds aside.
pub(crate) fn template(blocks: &Blocks) -> Problem {
    let constant = |block: &MatrixBlock| csc(block, block.entries.constant.to_vec());
    let p = constant(&blocks.p);
    let (n, m, k) = (blocks.q.len(), blocks.b.len(), blocks.gl.len());
    let terms = blocks.smooth.iter().map(smooth_term).collect();
    Problem::new(n)
        .quadratic(p, vec![0.0; n])
        .equalities(constant(&blocks.a), vec![0.0; m])
        .inequalities(constant(&blocks.g), vec![f64::NEG_INFINITY; k], vec![f64::INFINITY; k])
        .smooth(terms, vec![0.0; blocks.smooth.len()])
}

fn smooth_term(term: &SmoothTerm) -> altdiff::SmoothTerm {
    let function = match term.function {
        SmoothFunction::NegativeLog => Function::NegativeLog,
        SmoothFunction::NegativeEntropy => Function::NegativeEntropy,
        SmoothFunction::Exp => Function::Exp,
        SmoothFunction::Logistic => Function::Logistic,
        SmoothFunction::Power(p) => Function::Power(p),
        SmoothFunction::XExp => Function::XExp,
        SmoothFunction::NegativeLogNormalCdf => Function::NegativeLogNormalCdf,
        _ => unreachable!("a program is validated, and knows no other function"),
    };
    altdiff::SmoothTerm { function, column: term.column as usize }
}

fn csc(block: &MatrixBlock, values: Vec<f64>) -> Csc {
    let index = |list: &[u32]| list.iter().map(|&i| i as usize).collect();
    Csc {
        nrows: block.rows,
        ncols: block.cols,
        col_ptr: index(&block.col_ptr),
        row_idx: index(&block.row_idx),
        values,
    }
}

/// How the data move when θ̂ does.
pub(crate) fn data_tangent(blocks: &Blocks, moved: &[f64]) -> DataVector {
    let Blocks { p, q, r, a, b, g, gl, gu, lo, hi, smooth: _, w } = blocks;
    DataVector {
        blocks: Tangent {
            p: p.entries.apply_tangent(moved),
            q: q.apply_tangent(moved),
            a: a.entries.apply_tangent(moved),
            b: b.apply_tangent(moved),
            g: g.entries.apply_tangent(moved),
            gl: gl.apply_tangent(moved),
            gu: gu.apply_tangent(moved),
            lo: lo.apply_tangent(moved),
            hi: hi.apply_tangent(moved),
            w: w.apply_tangent(moved),
        },
        r: r.apply_tangent(moved)[0],
    }
}

/// The adjoint of [`data_tangent`]: adds what a cotangent of the data means for θ̂.
pub(crate) fn data_adjoint(blocks: &Blocks, bar: &DataVector, theta_hat: &mut [f64]) {
    let Blocks { p, q, r, a, b, g, gl, gu, lo, hi, smooth: _, w } = blocks;
    let t = &bar.blocks;
    for (block, bar) in [
        (&p.entries, &t.p),
        (q, &t.q),
        (&a.entries, &t.a),
        (b, &t.b),
        (&g.entries, &t.g),
        (gl, &t.gl),
        (gu, &t.gu),
        (lo, &t.lo),
        (hi, &t.hi),
        (w, &t.w),
    ] {
        // An empty cotangent stands for zeros.
        if !bar.is_empty() {
            block.apply_adjoint(bar, theta_hat);
        }
    }
    r.apply_adjoint(&[bar.r], theta_hat);
}

/// The stacked multipliers `[λ | ν_lower | ν_upper | μ_lower | μ_upper]`.
pub(crate) fn stack(parts: [&[f64]; 5]) -> Vec<f64> {
    parts.concat()
}

/// The multipliers of a solution, stacked.
pub(crate) fn multipliers(s: &altdiff::Solution) -> Vec<f64> {
    stack([&s.lambda, &s.nu_lower, &s.nu_upper, &s.mu_lower, &s.mu_upper])
}

/// How the multipliers move, stacked.
pub(crate) fn multiplier_tangent(s: &SolutionTangent) -> Vec<f64> {
    stack([&s.lambda, &s.nu_lower, &s.nu_upper, &s.mu_lower, &s.mu_upper])
}

/// The engine's cotangent from one of x and one of the stacked multipliers.
pub(crate) fn cotangent(program: &Program, x: Vec<f64>, stacked: &[f64]) -> Cotangent {
    if stacked.iter().all(|v| *v == 0.0) {
        return Cotangent::x(x);
    }
    let (n, m, k) = (program.variables(), program.blocks.b.len(), program.blocks.gl.len());
    let part = |start: usize, len: usize| stacked[start..start + len].to_vec();
    Cotangent {
        x,
        lambda: part(0, m),
        nu_lower: part(m, k),
        nu_upper: part(m + k, k),
        mu_lower: part(m + 2 * k, n),
        mu_upper: part(m + 2 * k + n, n),
    }
}

/// The objective `½xᵀPx + qᵀx + r + wᵀφ(x)` as a function of x and of the data.
pub(crate) struct Objective<'a> {
    pub(crate) problem: &'a Problem,
    pub(crate) x: &'a [f64],
    /// The solution whose multipliers x has.
    pub(crate) solved: &'a altdiff::Solution,
}

impl Objective<'_> {
    /// What the constraints' multipliers make of the slope by stationarity, `−Aᵀλ − Gᵀν − μ`.
    fn price(&self) -> Vec<f64> {
        let (problem, s) = (self.problem, self.solved);
        let apart = |upper: &[f64], lower: &[f64]| -> Vec<f64> {
            upper.iter().zip(lower).map(|(u, l)| u - l).collect()
        };
        let mut out = apart(&s.mu_lower, &s.mu_upper);
        problem.a.mul_transpose_add(-1.0, &s.lambda, &mut out);
        problem.g.mul_transpose_add(-1.0, &apart(&s.nu_upper, &s.nu_lower), &mut out);
        out
    }

    /// `Px + q + ∇(wᵀφ)`, exactly zero where the terms cancel but for rounding, and where what the multipliers make of it
    /// is no more than its difference from that, which is the solver's residual: at a weakly active constraint, or along a
    /// direction that is free, the rest of a slope that vanishes would look like one that depends on the choice there.
    pub(crate) fn slope(&self) -> Vec<f64> {
        /// A rest relative to the terms.
        const ROUNDING: f64 = 1e-13;
        let mut out = self.problem.p.mul_symmetric_vec(self.x);
        let mut sizes: Vec<f64> = out.iter().map(|o| o.abs()).collect();
        for ((o, size), q) in out.iter_mut().zip(&mut sizes).zip(&self.problem.q) {
            *o += q;
            *size += q.abs();
        }
        let mut steep = vec![false; out.len()];
        for (term, weight) in self.problem.smooth.iter().zip(&self.problem.w).filter(|(_, w)| **w != 0.0) {
            let slope = term.function.slope(self.x[term.column]);
            // Where it is infinite, at the end of the domain, x does not move.
            if slope.is_finite() {
                out[term.column] += weight * slope;
                sizes[term.column] += (weight * slope).abs();
            } else {
                steep[term.column] = true;
            }
        }
        for (j, (o, price)) in out.iter_mut().zip(self.price()).enumerate() {
            let residual = !steep[j] && price.abs() <= (*o - price).abs();
            if residual || o.abs() <= ROUNDING * sizes[j] {
                *o = 0.0;
            }
        }
        out
    }

    /// The derivative by the data, times `weight`, added to `bar`.
    pub(crate) fn add_data_slope(&self, weight: f64, bar: &mut DataVector) {
        let x = self.x;
        for ((i, j, _), o) in self.problem.p.iter().zip(&mut bar.blocks.p) {
            *o += weight * if i == j { 0.5 * x[i] * x[i] } else { x[i] * x[j] };
        }
        for (o, v) in bar.blocks.q.iter_mut().zip(x) {
            *o += weight * v;
        }
        for (term, o) in self.problem.smooth.iter().zip(&mut bar.blocks.w) {
            let value = term.function.value(x[term.column]);
            if value.is_finite() {
                *o += weight * value;
            }
        }
        bar.r += weight;
    }

    /// How the objective moves with x and the data.
    pub(crate) fn tangent(&self, x: &[f64], data: &DataVector) -> f64 {
        let mut by_data = DataVector { blocks: Tangent::zeros(self.problem), r: 0.0 };
        self.add_data_slope(1.0, &mut by_data);
        let by_x: f64 = self.slope().iter().zip(x).map(|(s, d)| s * d).sum();
        by_x + by_data.blocks.dot(&data.blocks) + data.r
    }
}

/// A solver for the program's pattern.
pub(crate) fn solver(blocks: &Blocks, settings: Settings) -> Result<Solver, Error> {
    Ok(Solver::new(&template(blocks), settings)?)
}

/// The derivative options of a route.
pub(crate) fn options(route: Route) -> DerivativeOptions {
    DerivativeOptions { route, examine: true }
}
