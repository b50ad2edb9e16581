//! Adjoints of samples side by side, and the gradients that follow from them.

use super::Block;
use super::group::Group;
use super::system::{Sides, System, WidePoint};
use super::wide::{LANES, Wide};
use crate::active::Side;
use crate::derivative::{at, check_cotangent, signed};
use crate::kernel::{Kernel, vectorized};
use crate::{Cotangent, Csc, Error};
use std::ops::Range;

/// Refinements of an adjoint.
const REFINEMENTS: usize = 3;

/// The adjoints d = −K⁻¹v of a group; zero for samples that have none, or not here.
#[derive(Debug)]
pub(super) struct GroupAdjoint {
    pub(super) d: WidePoint,
    pub(super) residual: Wide,
    /// What is wrong with the samples' cotangents.
    pub(super) failed: [Option<Error>; LANES],
}

/// The cotangents of a group's samples.
pub(super) type Lanes<'a> = [Option<&'a Cotangent>; LANES];

impl Group {
    /// The adjoints of the samples' cotangents.
    pub(super) fn adjoint(&self, cotangents: &Lanes<'_>) -> GroupAdjoint {
        let together = self.together();
        let layout = &together.layout;
        let (n, m, me) = (layout.n, layout.m, together.equalities);
        let mut failed = [const { None }; LANES];
        let mut x = vec![Wide::default(); n];
        let mut ends = vec![Wide::default(); layout.order() - n];
        for (lane, v) in cotangents.iter().enumerate() {
            let Some(v) = *v else { continue };
            if let Err(error) = check_cotangent(v, n, me, m - me) {
                failed[lane] = Some(error);
                continue;
            }
            for (x, v) in x.iter_mut().zip(&v.x) {
                x.0[lane] = -v;
            }
            if [&v.lambda, &v.nu_lower, &v.nu_upper, &v.mu_lower, &v.mu_upper].iter().all(|v| v.is_empty()) {
                continue;
            }
            for (c, &k) in layout.equal.iter().chain(&layout.unequal).enumerate() {
                let (lower, upper) = match k {
                    k if k < me => (0.0, at(&v.lambda, k)),
                    k if k < m => (at(&v.nu_lower, k - me), at(&v.nu_upper, k - me)),
                    k => (at(&v.mu_lower, k - m), at(&v.mu_upper, k - m)),
                };
                let side = match self.side[c].0[lane] {
                    0.0 => Side::Inactive,
                    -1.0 => Side::Lower,
                    _ => Side::Upper,
                };
                ends[c].0[lane] = -signed(side, 0.0, lower, upper);
            }
        }
        let system = System { together, active: &self.active };
        let mut room = system.room();
        room.step[..n].copy_from_slice(&x);
        room.step[n..].copy_from_slice(&ends);
        let energy = system.solve(&mut room);
        let mut d = WidePoint::zeros(n, m);
        system.add(&mut d, &room.step);
        let sides = Sides { x: &x, ends: &ends, on: &self.on() };
        let residual = system.refine(&sides, &mut d, &energy, REFINEMENTS, &mut room);
        GroupAdjoint { d, residual, failed }
    }
}

/// Adds to a block's gradient the sum over the samples of the groups.
pub(super) fn add_sum(block: Block, groups: &[(&Group, GroupAdjoint)], out: &mut [f64]) {
    let Some((first, _)) = groups.first() else { return };
    let together = first.together();
    let (layout, core, me) = (&together.layout, &together.core, together.equalities);
    let m = layout.m;
    let entries = |pattern: &Csc, rows: Range<usize>, out: &mut [f64]| {
        vectorized::<Outer, _>((pattern, rows, block == Block::P, groups, out));
    };
    match block {
        Block::P => entries(&core.p, 0..layout.n, out),
        Block::A => entries(&core.c, 0..me, out),
        Block::G => entries(&core.c, me..m, out),
        Block::Q => {
            for (_, adjoint) in groups {
                for (o, d) in out.iter_mut().zip(&adjoint.d.x) {
                    *o += total(d);
                }
            }
        }
        Block::B => {
            for (_, adjoint) in groups {
                for (o, d) in out.iter_mut().zip(&adjoint.d.y[..me]) {
                    *o -= total(d);
                }
            }
        }
        Block::Gl | Block::Gu | Block::Lo | Block::Hi => {
            let (rows, end) = match block {
                Block::Gl => (me..m, -1.0),
                Block::Gu => (me..m, 1.0),
                Block::Lo => (m..m + layout.n, -1.0),
                _ => (m..m + layout.n, 1.0),
            };
            let places = layout.equal.iter().chain(&layout.unequal).enumerate();
            for (c, &k) in places.filter(|(_, k)| rows.contains(k)) {
                for (group, adjoint) in groups {
                    let moved = adjoint.d.multiplier(k);
                    let held = group.side[c].with(moved, |side, d| if side == end { d } else { 0.0 });
                    out[k - rows.start] -= total(&held);
                }
            }
        }
        Block::W => {}
    }
}

/// The sum over samples.
#[inline(always)]
fn total(v: &Wide) -> f64 {
    v.0.iter().sum()
}

/// A pattern, the rows that are asked for, whether it is that of a symmetric matrix, and where to add the sum.
type Sum<'a> = (&'a Csc, Range<usize>, bool, &'a [(&'a Group, GroupAdjoint)], &'a mut [f64]);

struct Outer;

impl<'a> Kernel<Sum<'a>> for Outer {
    type Output = ();

    #[inline(always)]
    fn run(arguments: Sum<'a>) {
        outer(arguments);
    }
}

/// Adds `Σ d_y xᵀ + y d_xᵀ` on the stored entries of the given rows; of a symmetric matrix `Σ d_x xᵀ + x d_xᵀ`, an
/// off-diagonal entry standing for both of its mirror images.
#[inline(always)]
fn outer((pattern, rows, symmetric, groups, out): Sum<'_>) {
    let mut next = out.iter_mut();
    for j in 0..pattern.ncols {
        let entries = &pattern.row_idx[pattern.col_ptr[j]..pattern.col_ptr[j + 1]];
        let from = entries.partition_point(|&i| i < rows.start);
        let to = entries.partition_point(|&i| i < rows.end);
        for (&i, o) in entries[from..to].iter().zip(&mut next) {
            let mut sum = Wide::default();
            for (group, adjoint) in groups {
                let (at, d) = (&group.point, &adjoint.d);
                let (moved, held) = if symmetric { (&d.x, &at.x) } else { (&d.y, &at.y) };
                sum.add_product(&moved[i], &at.x[j]);
                sum.add_product(&held[i], &d.x[j]);
            }
            *o += if symmetric && i == j { 0.5 * total(&sum) } else { total(&sum) };
        }
    }
}
