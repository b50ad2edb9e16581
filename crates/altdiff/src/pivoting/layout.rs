//! Which constraints are held as equalities and which take part in the search.

use crate::active::{ActiveSet, Side};
use crate::core::Core;

/// Constraints of the stacked problem by number: its rows, then the bounds of its variables. Those without a finite end
/// are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub n: usize,
    pub m: usize,
    /// Constraints whose ends are equal.
    pub equal: Vec<usize>,
    /// The other ones.
    pub unequal: Vec<usize>,
    /// Place of each constraint in the order variables, equal, unequal; `usize::MAX` for those left out.
    pub place: Vec<usize>,
}

/// How a constraint takes part.
#[derive(PartialEq)]
enum Part {
    Equal,
    Unequal,
    Out,
}

impl Layout {
    pub(crate) fn new(core: &Core) -> Self {
        let mut layout = Self::default();
        layout.renew(core);
        layout
    }

    /// A layout that no other one of the same shape exceeds: all constraints after the first `equalities` unequal.
    pub(crate) fn widest(n: usize, m: usize, equalities: usize) -> Self {
        let mut equal: Vec<usize> = Vec::with_capacity(m + n);
        equal.extend(0..equalities);
        Self { n, m, equal, unequal: (equalities..m + n).collect(), place: (n..2 * n + m).collect() }
    }

    /// Takes the layout of another problem, in the memory there is.
    pub(crate) fn renew(&mut self, core: &Core) {
        (self.n, self.m) = (core.n(), core.m());
        self.equal.clear();
        self.unequal.clear();
        let held = core.l.iter().zip(&core.u).filter(|(l, u)| l == u).count();
        self.equal.reserve(held);
        self.unequal.reserve(self.m - held);
        for k in 0..self.m + self.n {
            match part(core, k) {
                Part::Equal => self.equal.push(k),
                Part::Unequal => self.unequal.push(k),
                Part::Out => {}
            }
        }
        self.place.clear();
        self.place.resize(self.m + self.n, usize::MAX);
        for (i, &k) in self.equal.iter().chain(&self.unequal).enumerate() {
            self.place[k] = self.n + i;
        }
    }

    /// Whether a problem of the same shape has this layout.
    pub(crate) fn fits(&self, core: &Core) -> bool {
        let first = self.n + self.equal.len();
        self.n == core.n()
            && self.m == core.m()
            && (0..self.m + self.n).all(|k| {
                let expected = match self.place[k] {
                    usize::MAX => Part::Out,
                    place if place < first => Part::Equal,
                    _ => Part::Unequal,
                };
                part(core, k) == expected
            })
    }

    /// Order of the matrix: variables and constraints that take part.
    pub(crate) fn order(&self) -> usize {
        self.n + self.equal.len() + self.unequal.len()
    }
}

/// The ends of a constraint.
#[inline]
pub(super) fn ends(core: &Core, k: usize) -> (f64, f64) {
    let m = core.m();
    if k < m { (core.l[k], core.u[k]) } else { (core.lo[k - m], core.hi[k - m]) }
}

/// A constraint's entry in vectors over rows and over bounds.
#[inline]
pub(super) fn entry<T: Copy>(rows: &[T], bounds: &[T], k: usize) -> T {
    if k < rows.len() { rows[k] } else { bounds[k - rows.len()] }
}

/// As [`entry`], to be written to.
#[inline]
pub(super) fn entry_mut<'a, T>(rows: &'a mut [T], bounds: &'a mut [T], k: usize) -> &'a mut T {
    let m = rows.len();
    if k < m { &mut rows[k] } else { &mut bounds[k - m] }
}

/// The side of a constraint in an active set; inactive where the set is too short.
pub(super) fn side(active: &ActiveSet, m: usize, k: usize) -> Side {
    let found = if k < m { active.rows.get(k) } else { active.vars.get(k - m) };
    found.copied().unwrap_or_default()
}

fn part(core: &Core, k: usize) -> Part {
    let (l, u) = ends(core, k);
    if l == u {
        Part::Equal
    } else if l.is_finite() || u.is_finite() {
        Part::Unequal
    } else {
        Part::Out
    }
}
