//! The dual function along a line.

use crate::core::Core;

/// Evaluations of the slope before the bracket is as good as it gets.
const EVALUATIONS: usize = 200;

/// A slope this small, relative to its terms, is rounding.
const ROUNDING: f64 = 1e-15;

/// Where the minimum along a line is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reached {
    At(f64),
    /// The function falls without end.
    Unbounded,
    /// It does not fall.
    Nowhere,
}

/// `a ↦ −min_x L(x, y + a d)`: convex and piecewise quadratic.
pub(super) struct Line<'a> {
    core: &'a Core,
    y: &'a [f64],
    d: &'a [f64],
    /// For the variables that move: x_j(a) = clip(base + a·rate), w = Cᵀd, bounds.
    moving: Vec<Moving>,
    /// What variables that do not move contribute to the slope.
    constant: f64,
}

struct Moving {
    base: f64,
    rate: f64,
    w: f64,
    lo: f64,
    hi: f64,
}

/// Slope and curvature, to the right where they jump, and the size of the slope's terms.
struct Value {
    slope: f64,
    curvature: f64,
    size: f64,
}

impl<'a> Line<'a> {
    /// From y along d; `cost` is q + Cᵀy.
    pub(super) fn new(core: &'a Core, p: &[f64], (y, d): (&'a [f64], &'a [f64]), cost: &[f64]) -> Self {
        let w = core.c.mul_transpose_vec(d);
        let mut moving = Vec::with_capacity(w.len());
        let mut constant = 0.0;
        for (j, &w) in w.iter().enumerate() {
            let (p, lo, hi) = (p[j], core.lo[j], core.hi[j]);
            if lo == hi {
                constant += w * lo;
            } else if w != 0.0 {
                moving.push(Moving { base: -cost[j] / p, rate: -w / p, w, lo, hi });
            }
        }
        Self { core, y, d, moving, constant }
    }

    fn at(&self, a: f64) -> Value {
        let mut out = Value { slope: -self.constant, curvature: 0.0, size: self.constant.abs() };
        for i in 0..self.d.len() {
            let d = self.d[i];
            if d == 0.0 {
                continue;
            }
            let y = self.y[i] + a * d;
            let (l, u) = (self.core.l[i], self.core.u[i]);
            let upper = y > 0.0 || y == 0.0 && d > 0.0;
            let end = if upper && u.is_finite() || !l.is_finite() { u } else { l };
            out.slope += d * end;
            out.size = out.size.max((d * end).abs());
        }
        let (mut sum, mut curvature, mut size) = (0.0, 0.0, 0.0_f64);
        for v in &self.moving {
            let free = v.base + a * v.rate;
            let x = free.max(v.lo).min(v.hi);
            let term = v.w * x;
            sum += term;
            size = size.max(term.abs());
            curvature += if x == free { -v.w * v.rate } else { 0.0 };
        }
        out.slope -= sum;
        out.curvature = curvature;
        out.size = out.size.max(size);
        out
    }

    /// The least a beyond `from` at which a variable leaves its bound.
    fn next(&self, from: f64) -> f64 {
        let mut least = f64::INFINITY;
        for v in &self.moving {
            let bound = if v.rate > 0.0 { v.lo } else { v.hi };
            let a = (bound - v.base) / v.rate;
            if a > from {
                least = least.min(a);
            }
        }
        least
    }

    /// How far the multipliers may move before one presses against an absent end.
    fn longest(&self) -> f64 {
        let mut longest = f64::INFINITY;
        for i in 0..self.d.len() {
            let (y, d) = (self.y[i], self.d[i]);
            let absent = if d > 0.0 { !self.core.u[i].is_finite() } else { !self.core.l[i].is_finite() };
            if d != 0.0 && absent {
                longest = longest.min((-y / d).max(0.0));
            }
        }
        longest
    }

    /// Minimizes by Newton's method on the slope, which is increasing and piecewise linear, within a shrinking bracket.
    pub(super) fn minimize(&self) -> Reached {
        let longest = self.longest();
        let start = self.at(0.0);
        let falls = start.slope < -ROUNDING * start.size;
        if !falls || longest == 0.0 {
            return Reached::Nowhere;
        }
        // The slope is negative at `low`, and positive at `high`.
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut a = 1.0_f64.min(longest);
        let mut width = f64::INFINITY;
        for k in 0..EVALUATIONS {
            let Value { slope, curvature, size } = self.at(a);
            if !slope.is_finite() {
                return Reached::Nowhere;
            }
            if slope.abs() <= ROUNDING * size || slope < 0.0 && a == longest {
                return Reached::At(a);
            }
            if slope < 0.0 {
                low = a;
            } else {
                high = a;
            }
            let mut next = if curvature > 0.0 {
                a - slope / curvature
            } else if slope < 0.0 {
                let next = self.next(a);
                if next == f64::INFINITY && longest == f64::INFINITY {
                    return Reached::Unbounded;
                }
                // On the far side of where the piece begins.
                next * (1.0 + f64::EPSILON)
            } else {
                low
            };
            next = next.min(longest);
            if curvature > 0.0 && (next - a).abs() <= 2.0 * f64::EPSILON * a {
                return Reached::At(a);
            }
            // The bracket has to shrink, whatever Newton's method does.
            let slow = k % 3 == 2 && high - low > 0.5 * std::mem::replace(&mut width, high - low);
            if !(low < next && next < high) || slow {
                next = if high.is_finite() { 0.5 * (low + high) } else { (2.0 * a).min(longest) };
            }
            if !(low < next && next < high) {
                break;
            }
            a = next;
        }
        // No number is between the ends of the bracket any more.
        Reached::At(if low > 0.0 { low } else { high })
    }
}
