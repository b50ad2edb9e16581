//! Rows of A and G as they are collected.

use super::affine::Term;
use super::column::Basis;
use cvxlayer_program::{Role, Rows, Text};

/// Rows `lower ≤ terms ≤ upper` (inequalities) or `terms == upper` (equalities), with who they belong to.
#[derive(Debug, Default)]
pub struct RowSet {
    /// `(row, column, parameter, coefficient)` of the matrix.
    pub entries: Vec<(u32, u32, u32, f64)>,
    /// The terms of each lower end; `None` where there is none.
    pub lower: Vec<Option<Vec<Term>>>,
    /// The terms of each upper end; `None` where there is none.
    pub upper: Vec<Option<Vec<Term>>>,
    owners: Vec<(Text, Role)>,
    owner_of: Vec<u32>,
}

impl RowSet {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.lower.len()
    }

    /// Adds the variable part of `terms` as a row; the ends are as given, and the constant part of `terms` moves there.
    pub fn push(
        &mut self,
        owner: u32,
        terms: &[Term],
        lower: Option<Vec<Term>>,
        upper: Option<Vec<Term>>,
    ) -> usize {
        self.owner_of.push(owner);
        let row = self.len();
        let mut constant = Vec::new();
        for term in terms {
            match term.column.basis() {
                Basis::Variable(j) => {
                    self.entries.push((row as u32, j as u32, term.parameter, term.coefficient));
                }
                Basis::One => constant.push(Term { coefficient: -term.coefficient, ..*term }),
                Basis::Product(..) | Basis::Smooth(_) => {
                    unreachable!("the class check keeps quadratic and smooth terms out of constraints")
                }
            }
        }
        let shift = |end: Option<Vec<Term>>| {
            end.map(|mut terms| {
                terms.extend_from_slice(&constant);
                super::affine::merge(&mut terms);
                terms
            })
        };
        self.lower.push(shift(lower));
        self.upper.push(shift(upper));
        row
    }

    /// Somebody whose rows will be pushed.
    pub fn owner(&mut self, name: impl Into<Text>, role: Role) -> u32 {
        let owner = (name.into(), role);
        if self.owners.last() != Some(&owner) {
            self.owners.push(owner);
        }
        self.owners.len() as u32 - 1
    }

    /// Runs of rows with the same owner.
    pub fn origins(&self) -> Vec<Rows> {
        let mut out: Vec<(u32, Rows)> = Vec::new();
        for (row, &owner) in self.owner_of.iter().enumerate() {
            match out.last_mut() {
                Some((last, rows)) if *last == owner => rows.len += 1,
                _ => {
                    let (name, role) = self.owners[owner as usize].clone();
                    out.push((owner, Rows { name, role, start: row, len: 1 }));
                }
            }
        }
        out.into_iter().map(|(_, rows)| rows).collect()
    }
}
