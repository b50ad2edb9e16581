//! What goes into and comes out of a derivative.

use crate::problem::{dot, norm_inf};
use crate::{Block, Degeneracy, Problem};

/// By which route a derivative is computed. They agree (to 1e-9) wherever the solution is differentiable.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Route {
    /// One refined solve with the reduced KKT matrix of the active set, whose factorization the finish left behind.
    #[default]
    ReducedKkt,
    /// The differentiated alternating recursion at the fixed active set, run to convergence (Sun et al. 2023, §4);
    /// reverse mode is its exact transpose.
    Alternating,
    /// The alternating recursion cut off after so many steps; the result carries its error.
    Truncated {
        /// Steps of the recursion.
        steps: usize,
    },
    /// The alternating recursion cut off as soon as its relative error is below a tolerance.
    TruncatedTo {
        /// Largest error of the linear system's solution relative to its largest entry.
        tolerance: f64,
    },
    /// The derivative as an equality-constrained quadratic program, solved by this engine (Pan et al. 2024, eq. 7).
    Bpqp,
}

/// How to differentiate.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivativeOptions {
    /// The route. Default [`Route::ReducedKkt`].
    pub route: Route,
    /// Whether to look for what makes the derivative ill defined ([`Gradient::harmful`]); costs a few more solves.
    /// Default true.
    pub examine: bool,
}

impl Default for DerivativeOptions {
    fn default() -> Self {
        Self { route: Route::ReducedKkt, examine: true }
    }
}

impl From<Route> for DerivativeOptions {
    fn from(route: Route) -> Self {
        Self { route, ..Self::default() }
    }
}

/// A cotangent of the solution: the derivative of a scalar by every output. An empty vector stands for zeros.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cotangent {
    /// By x, n.
    pub x: Vec<f64>,
    /// By λ, m.
    pub lambda: Vec<f64>,
    /// By ν of the lower ends of G, p.
    pub nu_lower: Vec<f64>,
    /// By ν of the upper ends of G, p.
    pub nu_upper: Vec<f64>,
    /// By μ of the lower bounds, n.
    pub mu_lower: Vec<f64>,
    /// By μ of the upper bounds, n.
    pub mu_upper: Vec<f64>,
}

impl Cotangent {
    /// The cotangent of a scalar that depends on x alone.
    pub fn x(x: Vec<f64>) -> Self {
        Self { x, ..Self::default() }
    }

    /// The blocks, those of x and of the multipliers.
    pub(super) fn blocks(&self) -> [&Vec<f64>; 6] {
        [&self.x, &self.lambda, &self.nu_lower, &self.nu_upper, &self.mu_lower, &self.mu_upper]
    }
}

/// One number for every entry of the data: a direction in which the data move (see [`crate::Solution::jvp`]), or the
/// derivative of some quantity by the data. An empty vector stands for zeros.
///
/// Entries of `p`, `a`, `g` lie on the stored pattern of P (upper triangle), A and G. An off-diagonal entry of P that
/// is stored once stands for both of its mirror images, in both senses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tangent {
    /// Entries of P's stored upper triangle.
    pub p: Vec<f64>,
    /// Entries of q.
    pub q: Vec<f64>,
    /// The smooth terms' weights.
    pub w: Vec<f64>,
    /// Stored entries of A.
    pub a: Vec<f64>,
    /// Entries of b.
    pub b: Vec<f64>,
    /// Stored entries of G.
    pub g: Vec<f64>,
    /// Entries of gl.
    pub gl: Vec<f64>,
    /// Entries of gu.
    pub gu: Vec<f64>,
    /// Entries of lo.
    pub lo: Vec<f64>,
    /// Entries of hi.
    pub hi: Vec<f64>,
}

impl Tangent {
    /// The largest entry.
    pub(crate) fn largest(&self) -> f64 {
        largest(&self.blocks())
    }

    /// Zeros shaped like the problem's data.
    pub fn zeros(problem: &Problem) -> Self {
        Self {
            p: vec![0.0; problem.p.nnz()],
            q: vec![0.0; problem.q.len()],
            w: vec![0.0; problem.w.len()],
            a: vec![0.0; problem.a.nnz()],
            b: vec![0.0; problem.b.len()],
            g: vec![0.0; problem.g.nnz()],
            gl: vec![0.0; problem.gl.len()],
            gu: vec![0.0; problem.gu.len()],
            lo: vec![0.0; problem.lo.len()],
            hi: vec![0.0; problem.hi.len()],
        }
    }

    /// The sum of products with another one.
    pub fn dot(&self, other: &Self) -> f64 {
        product(self.blocks(), other.blocks())
    }

    /// All blocks.
    pub(crate) fn blocks(&self) -> [&Vec<f64>; 10] {
        let Self { p, q, w, a, b, g, gl, gu, lo, hi } = self;
        [p, q, w, a, b, g, gl, gu, lo, hi]
    }

    /// As [`blocks`](Self::blocks), in the same order.
    pub(crate) fn blocks_mut(&mut self) -> [&mut Vec<f64>; 10] {
        let Self { p, q, w, a, b, g, gl, gu, lo, hi } = self;
        [p, q, w, a, b, g, gl, gu, lo, hi]
    }
}

/// The derivative of a scalar of the solution by all data (vector–Jacobian product).
///
/// The scalar's derivative is the same for every admissible multiplier and every choice at weakly active rows iff no
/// parameter moves any of the quantities in `harmful`. So for a parameter t with data tangent δ(t) the derivative is
/// well defined if no [`Harm::stands`] for δ(t); if `harmful` is empty it is for every parameter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gradient {
    /// By the stored upper triangle of P.
    pub p: Vec<f64>,
    /// By q.
    pub q: Vec<f64>,
    /// By the smooth terms' weights.
    pub w: Vec<f64>,
    /// By the stored entries of A.
    pub a: Vec<f64>,
    /// By b.
    pub b: Vec<f64>,
    /// By the stored entries of G.
    pub g: Vec<f64>,
    /// By gl.
    pub gl: Vec<f64>,
    /// By gu.
    pub gu: Vec<f64>,
    /// By lo.
    pub lo: Vec<f64>,
    /// By hi.
    pub hi: Vec<f64>,
    /// What can make the derivative ill defined. Empty also when it was not examined.
    pub harmful: Vec<Harm>,
    /// Relative residual of the derivative's linear system.
    pub residual: f64,
    /// Where the route truncates or the residual is more than rounding, the largest error of an entry relative to the largest
    /// entry, to rounding: what is left of the reduced KKT system, solved for. Else 0.
    pub error_estimate: f64,
}

/// The largest absolute value of several vectors.
fn largest(blocks: &[&Vec<f64>]) -> f64 {
    blocks.iter().map(|b| norm_inf(b)).fold(0.0, f64::max)
}

/// The sum of products of several vectors.
fn product<const N: usize>(one: [&Vec<f64>; N], other: [&Vec<f64>; N]) -> f64 {
    one.iter().zip(other).map(|(a, b)| dot(a, b)).sum()
}

impl Gradient {
    pub(super) fn largest(&self) -> f64 {
        largest(&self.blocks())
    }

    /// The blocks, in the order of [`Tangent::blocks`].
    fn blocks(&self) -> [&Vec<f64>; 10] {
        let Self { p, q, w, a, b, g, gl, gu, lo, hi, harmful: _, residual: _, error_estimate: _ } = self;
        [p, q, w, a, b, g, gl, gu, lo, hi]
    }

    /// The entries of a block.
    pub fn block(&self, block: Block) -> &[f64] {
        match block {
            Block::P => &self.p,
            Block::Q => &self.q,
            Block::A => &self.a,
            Block::B => &self.b,
            Block::G => &self.g,
            Block::Gl => &self.gl,
            Block::Gu => &self.gu,
            Block::Lo => &self.lo,
            Block::Hi => &self.hi,
            Block::W => &self.w,
        }
    }

    /// The derivative along a data tangent: the sum of products.
    pub fn along(&self, tangent: &Tangent) -> f64 {
        product(self.blocks(), tangent.blocks())
    }
}

impl From<Gradient> for Tangent {
    fn from(gradient: Gradient) -> Self {
        let Gradient { p, q, w, a, b, g, gl, gu, lo, hi, .. } = gradient;
        Self { p, q, w, a, b, g, gl, gu, lo, hi }
    }
}

impl From<Tangent> for Gradient {
    fn from(tangent: Tangent) -> Self {
        let Tangent { p, q, w, a, b, g, gl, gu, lo, hi } = tangent;
        Self { p, q, w, a, b, g, gl, gu, lo, hi, ..Self::default() }
    }
}

/// Why a derivative can be ill defined.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// Weakly active constraints: slack and multiplier are both zero. `rate` is that of the slack, with the constraints
    /// taken as inactive; of constraints on a variable that is free, that of a combination of slacks in which it cancels;
    /// of many constraints, that of a random combination of slacks, which moves iff one of them does.
    WeaklyActive(Vec<Place>),
    /// Active constraints depend on each other; data that move `rate` make them inconsistent or turn one about the
    /// other, or the multipliers asked for are not unique.
    Dependent(Vec<Place>),
    /// The solution is not unique in these variables; data that move `rate` make it jump, or what was asked for is
    /// itself not unique.
    NotUnique(Vec<usize>),
    /// The two ends of a constraint coincide, and data that move them apart act one-sidedly.
    Pinned(Place),
    /// The slope of a smooth term by this variable is infinite where the variable is.
    InfiniteSlope(usize),
    /// The active set could not be confirmed to the accuracy needed.
    Unproved,
    /// The derivative's linear system could not be solved well enough: an entry may be off by this, relative to the
    /// largest one.
    Inexact(f64),
}

/// Relative residual of its linear system up to which a derivative is exact without a closer look.
const ROUNDING: f64 = 1e-13;

/// Whether a system solved to this relative residual may leave a derivative off.
pub(crate) fn in_doubt(residual: f64) -> bool {
    residual.is_nan() || residual > ROUNDING
}

/// A constraint of the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Row of Ax = b.
    Equality(usize),
    /// Lower end of a row of G.
    RowLower(usize),
    /// Upper end of a row of G.
    RowUpper(usize),
    /// Both ends, equal, of a row of G.
    RowFixed(usize),
    /// Lower bound of a variable.
    BoundLower(usize),
    /// Upper bound of a variable.
    BoundUpper(usize),
    /// Both bounds, equal, of a variable.
    BoundFixed(usize),
}

/// A reason why the derivative that was asked for may not exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Harm {
    /// Why, and where.
    pub cause: Cause,
    /// The derivative by the data of the quantity that must not move, its largest entry ±1; `None`: what was asked for
    /// has no derivative at all, whatever moves. Rates are right to about 1e-9: compare `|rate · δ|` with 1e-7 ‖δ‖∞.
    pub rate: Option<Box<Tangent>>,
    /// Where harm is done only by moving two quantities together, the second one's rate: dependent constraints that turn
    /// about each other (`rate`) contradict each other once x moves (`with`). Data that move both need not do the harm, and
    /// inequalities that a search for a point between them would clear are suspected of it: [`crate::Solution::turned`]
    /// tells for a direction, in problems of up to 1,000 variables and rows by such a search.
    pub with: Option<Box<Tangent>>,
}

impl Harm {
    /// Harm by whatever moves.
    pub(crate) fn always(cause: Cause) -> Self {
        Self { cause, rate: None, with: None }
    }

    /// Whether data that move along `tangent` do the harm.
    pub fn stands(&self, tangent: &Tangent) -> bool {
        let moves = |rate: &Option<Box<Tangent>>| {
            rate.as_ref().is_none_or(|r| r.dot(tangent).abs() > MOVED * tangent.largest())
        };
        moves(&self.rate) && moves(&self.with)
    }

    /// The rates there are.
    pub(crate) fn rates_mut(&mut self) -> impl Iterator<Item = &mut Tangent> {
        self.rate.iter_mut().chain(&mut self.with).map(|rate| &mut **rate)
    }
}

/// A rate along a direction, relative to the direction's largest entry, that is more than rounding.
pub(super) const MOVED: f64 = 1e-7;

/// How the solution moves when the data do (Jacobian–vector product).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SolutionTangent {
    /// Of x, n.
    pub x: Vec<f64>,
    /// Of λ, m.
    pub lambda: Vec<f64>,
    /// Of ν of the lower ends of G, p.
    pub nu_lower: Vec<f64>,
    /// Of ν of the upper ends of G, p.
    pub nu_upper: Vec<f64>,
    /// Of μ of the lower bounds, n.
    pub mu_lower: Vec<f64>,
    /// Of μ of the upper bounds, n.
    pub mu_upper: Vec<f64>,
    /// What makes the tangent ill defined along this direction. Empty also when it was not examined.
    pub harmful: Vec<Cause>,
    /// In which directions the solution or its multipliers are not unique: what reads them has no tangent, whichever way
    /// the data move. Empty also when it was not examined.
    pub free: Vec<Freedom>,
    /// Relative residual of the derivative's linear system.
    pub residual: f64,
    /// Where the route truncates or the residual is more than rounding, the largest error of an entry relative to the largest
    /// entry; else 0.
    pub error_estimate: f64,
}

/// A direction in which the solution, or its multipliers, can move while the data stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Freedom {
    /// [`Cause::NotUnique`] for directions of x, [`Cause::Dependent`] for those of multipliers, [`Cause::Pinned`] for the
    /// two parts of one that is 0.
    pub cause: Cause,
    /// The direction.
    pub along: SolutionTangent,
}

impl SolutionTangent {
    pub(super) fn largest(&self) -> f64 {
        largest(&self.blocks())
    }

    /// x and the multipliers.
    fn blocks(&self) -> [&Vec<f64>; 6] {
        [&self.x, &self.lambda, &self.nu_lower, &self.nu_upper, &self.mu_lower, &self.mu_upper]
    }

    /// The sum of products with a cotangent.
    pub fn dot(&self, cotangent: &Cotangent) -> f64 {
        product(self.blocks(), cotangent.blocks())
    }
}

impl Degeneracy {
    /// Whether the solution map is differentiable in every direction: nothing is weakly active, dependent or not
    /// unique, and no constraint has two ends that coincide.
    pub fn is_clean(&self) -> bool {
        self.weakly_active.is_empty()
            && self.dependent.is_empty()
            && self.not_unique.is_empty()
            && self.pinned.is_empty()
            && self.proved
    }
}
