//! θ̂ in terms of what is left of it when some of it is known.

use crate::tape::Evaluation;
use cvxlayer_program::{Products, Program};
use std::collections::BTreeMap;

/// An old entry of θ̂ as an affine function of the new ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Affine {
    pub(super) constant: f64,
    pub(super) terms: Vec<(u32, f64)>,
}

impl Affine {
    fn constant(constant: f64) -> Self {
        Self { constant, terms: Vec::new() }
    }

    fn entry(at: u32) -> Self {
        Self { constant: 0.0, terms: vec![(at, 1.0)] }
    }
}

/// How the old θ̂ reads in the new one.
pub(super) struct Folding {
    /// The new length of θ.
    pub(super) theta: usize,
    /// One for each old entry.
    pub(super) entries: Vec<Affine>,
    /// The products that are still products.
    pub(super) products: Products,
}

impl Folding {
    pub(super) fn new(
        program: &Program,
        theta: &[f64],
        pinned: &[bool],
        varies: &[bool],
        evaluation: &Evaluation,
    ) -> Self {
        let mut entries = Vec::with_capacity(program.lift.len());
        let mut next = 0_u32;
        let mut fresh = |entries: &mut Vec<Affine>| {
            entries.push(Affine::entry(next));
            next += 1;
        };
        for (p, pinned) in program.parameters.iter().zip(pinned) {
            for &value in &theta[p.start..p.start + p.len()] {
                if *pinned {
                    entries.push(Affine::constant(value));
                } else {
                    fresh(&mut entries);
                }
            }
        }
        let new_theta = entries.iter().filter(|e| !e.terms.is_empty()).count();
        for d in program.lift.derived.iter() {
            for &value in evaluation.value(d.node) {
                if varies[d.node as usize] {
                    fresh(&mut entries);
                } else {
                    entries.push(Affine::constant(value));
                }
            }
        }
        let mut products = Building::new(next);
        for k in 0..program.lift.products.len() {
            let folded = products.fold(program.lift.products.terms(k), &entries);
            entries.push(folded);
        }
        Self { theta: new_theta, entries, products: products.done }
    }
}

/// Products under construction.
struct Building {
    /// Where the first product is in the new θ̂.
    start: u32,
    done: Products,
}

impl Building {
    fn new(start: u32) -> Self {
        Self { start, done: Products::default() }
    }

    /// One old product: its bilinear part becomes a new product, the rest is affine.
    fn fold(&mut self, terms: impl Iterator<Item = (f64, usize, usize)>, entries: &[Affine]) -> Affine {
        let mut constant = 0.0;
        let mut linear: BTreeMap<u32, f64> = BTreeMap::new();
        let mut bilinear: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        for (c, left, right) in terms {
            let (left, right) = (&entries[left], &entries[right]);
            constant += c * left.constant * right.constant;
            for &(at, a) in &left.terms {
                *linear.entry(at).or_default() += c * a * right.constant;
                for &(other, b) in &right.terms {
                    *bilinear.entry((at.min(other), at.max(other))).or_default() += c * a * b;
                }
            }
            for &(at, b) in &right.terms {
                *linear.entry(at).or_default() += c * left.constant * b;
            }
        }
        bilinear.retain(|_, c| *c != 0.0);
        linear.retain(|_, c| *c != 0.0);
        let mut terms: Vec<(u32, f64)> = linear.into_iter().collect();
        if !bilinear.is_empty() {
            terms.push((self.start + self.done.len() as u32, 1.0));
            if self.done.ptr.is_empty() {
                self.done.ptr.to_mut().push(0);
            }
            for ((left, right), c) in bilinear {
                self.done.left.to_mut().push(left);
                self.done.right.to_mut().push(right);
                self.done.coefficient.to_mut().push(c);
            }
            let end = self.done.left.len() as u32;
            self.done.ptr.to_mut().push(end);
        }
        Affine { constant, terms }
    }
}
