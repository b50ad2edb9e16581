//! The active set: at which end each constraint holds with equality.

use crate::core::Core;

/// At which end a constraint is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Side {
    /// At its lower end.
    Lower = -1,
    /// At neither.
    #[default]
    Inactive = 0,
    /// At its upper end.
    Upper = 1,
    /// Both ends are equal: an equality.
    Equal = 2,
}

impl Side {
    /// Whether the constraint holds with equality.
    pub(crate) fn on(self) -> bool {
        self != Self::Inactive
    }

    /// The end the constraint sits at.
    pub(crate) fn value(self, lower: f64, upper: f64) -> f64 {
        if self == Self::Lower { lower } else { upper }
    }
}

/// The active set over the rows of [A; G] and the bounds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ActiveSet {
    /// One per row.
    pub rows: Vec<Side>,
    /// One per variable.
    pub vars: Vec<Side>,
}

impl ActiveSet {
    /// The equalities alone.
    pub(crate) fn equalities(core: &Core) -> Self {
        let side = |(l, u): (&f64, &f64)| if l == u { Side::Equal } else { Side::Inactive };
        Self {
            rows: core.l.iter().zip(&core.u).map(side).collect(),
            vars: core.lo.iter().zip(&core.hi).map(side).collect(),
        }
    }

    /// Makes another problem's set fit this one: equalities are as they are here, absent ends are inactive.
    pub(crate) fn fit(&mut self, core: &Core) {
        let fit = |side: &mut Side, l: f64, u: f64| {
            *side = match *side {
                _ if l == u => Side::Equal,
                Side::Lower if l.is_finite() => Side::Lower,
                Side::Upper if u.is_finite() => Side::Upper,
                _ => Side::Inactive,
            };
        };
        self.rows.resize(core.m(), Side::Inactive);
        self.vars.resize(core.n(), Side::Inactive);
        for i in 0..core.m() {
            fit(&mut self.rows[i], core.l[i], core.u[i]);
        }
        for i in 0..core.n() {
            fit(&mut self.vars[i], core.lo[i], core.hi[i]);
        }
    }

    /// Number of constraints that are not at the same end in both.
    pub(crate) fn distance(&self, other: &Self) -> usize {
        let apart = |a: &[Side], b: &[Side]| a.iter().zip(b).filter(|(a, b)| a != b).count();
        apart(&self.rows, &other.rows)
            + apart(&self.vars, &other.vars)
            + self.rows.len().abs_diff(other.rows.len())
            + self.vars.len().abs_diff(other.vars.len())
    }

    /// Which rows are active, as a mask.
    pub(crate) fn row_mask(&self) -> Vec<bool> {
        self.rows.iter().map(|s| s.on()).collect()
    }

    /// Which variables are free, as a mask.
    pub(crate) fn free_mask(&self) -> Vec<bool> {
        self.vars.iter().map(|s| !s.on()).collect()
    }
}
