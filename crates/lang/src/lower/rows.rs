//! Rows of A and G as they are collected.

use super::affine::{Affine, Block, Term};
use super::column::Basis;
use super::ends::Ends;
use cvxlayer_program::{Role, Rows, Text};

/// Rows `lower ≤ terms ≤ upper` (inequalities) or `terms == upper` (equalities), with who they belong to.
#[derive(Debug)]
pub struct RowSet {
    /// `(row, column, parameter, coefficient)` of the matrix.
    pub entries: Vec<(u32, u32, u32, f64)>,
    /// Terms of the matrix in a pattern.
    pub blocks: Vec<Block>,
    /// The lower end of each row.
    pub lower: Ends,
    /// The upper end of each row.
    pub upper: Ends,
    owners: Vec<(Text, Role)>,
    /// Runs of rows of one owner: the owner, and how many.
    runs: Vec<(u32, usize)>,
}

/// Which ends rows have, besides the constant part of their terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `terms ≤ 0`
    AtMost,
    /// `terms ≥ 0`
    AtLeast,
    /// `terms == 0`
    Equal,
}

impl RowSet {
    /// No rows.
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            blocks: Vec::new(),
            lower: Ends::new(f64::NEG_INFINITY),
            upper: Ends::new(f64::INFINITY),
            owners: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.lower.len()
    }

    fn owned(&mut self, owner: u32, rows: usize) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == owner => *count += rows,
            _ => self.runs.push((owner, rows)),
        }
    }

    /// Adds the variable part of `terms` as a row; the ends are as given, and the constant part of `terms` moves there.
    pub fn push(
        &mut self,
        owner: u32,
        terms: &[Term],
        lower: Option<&[Term]>,
        upper: Option<&[Term]>,
    ) -> usize {
        self.owned(owner, 1);
        let row = self.len();
        for (ends, given) in [(&mut self.lower, lower), (&mut self.upper, upper)] {
            ends.resize(row + 1, given.map(|_| 0.0));
            ends.add(row, given.unwrap_or_default().iter().copied());
        }
        for term in terms {
            match term.column.basis() {
                Basis::Variable(j) => {
                    self.entries.push((row as u32, j as u32, term.parameter, term.coefficient));
                }
                Basis::One => {
                    let moved = Term { coefficient: -term.coefficient, ..*term };
                    for (ends, given) in [(&mut self.lower, lower), (&mut self.upper, upper)] {
                        if given.is_some() {
                            ends.add(row, [moved]);
                        }
                    }
                }
                Basis::Product(..) | Basis::Smooth(_) => {
                    unreachable!("the class check keeps quadratic and smooth terms out of constraints")
                }
            }
        }
        row
    }

    /// Adds a row for each entry of an array, and gives the first one's number.
    pub fn push_all(&mut self, owner: u32, array: &Affine, side: Side) -> usize {
        let first = self.len();
        let Some(blocks) = array.blocks().filter(|_| array.is_distinct()) else {
            for i in 0..array.shape.len() {
                let zero = &[][..];
                let (lower, upper) = match side {
                    Side::AtMost | Side::Equal => (None, Some(zero)),
                    Side::AtLeast => (Some(zero), None),
                };
                self.push(owner, array.row(i), lower, upper);
            }
            return first;
        };
        let len = first + array.shape.len();
        self.owned(owner, array.shape.len());
        let (given, absent) = match side {
            Side::AtMost | Side::Equal => (&mut self.upper, &mut self.lower),
            Side::AtLeast => (&mut self.lower, &mut self.upper),
        };
        absent.resize(len, None);
        given.resize(len, Some(0.0));
        given.subtract(first, array);
        let moved = |b: &Block| Block { entry: b.entry + first as i64, ..b.clone() };
        self.blocks.extend(blocks.iter().filter(|b| b.has_variable()).map(moved));
        first
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
        let mut start = 0;
        let run = |&(owner, len): &(u32, usize)| {
            let (name, role) = self.owners[owner as usize].clone();
            start += len;
            Rows { name, role, start: start - len, len }
        };
        self.runs.iter().filter(|(_, len)| *len > 0).map(run).collect()
    }
}
