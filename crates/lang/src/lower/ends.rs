//! Ends of ranges, entry by entry: of rows, and of variables.

use super::affine::{Affine, Term};
use super::column::Column;

/// One end of each of many ranges: affine in the parameters, or absent.
#[derive(Debug)]
pub struct Ends {
    /// What stands for an end that is not there.
    absent: f64,
    state: Vec<State>,
    /// The numeric part of each end.
    pub constant: Vec<f64>,
    /// `(end, parameter, coefficient)`.
    pub linear: Vec<(u32, u32, f64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Number,
    Parametric,
}

impl Ends {
    /// No ends; `absent` is what stands for one that is not there.
    pub fn new(absent: f64) -> Self {
        Self { absent, state: Vec::new(), constant: Vec::new(), linear: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.constant.len()
    }

    /// Appends ends that are this number, or absent, until there are `len`.
    pub fn resize(&mut self, len: usize, value: Option<f64>) {
        self.constant.resize(len, value.unwrap_or(self.absent));
        self.state.resize(len, if value.is_some() { State::Number } else { State::Absent });
    }

    /// Whether an end is absent.
    pub fn is_free(&self, i: usize) -> bool {
        self.state[i] == State::Absent
    }

    /// The number that an end is.
    pub fn number(&self, i: usize) -> Option<f64> {
        (self.state[i] == State::Number).then(|| self.constant[i])
    }

    /// Gives an end that is absent a value.
    pub fn set(&mut self, i: usize, terms: impl IntoIterator<Item = Term>) {
        self.constant[i] = 0.0;
        self.state[i] = State::Number;
        self.add(i, terms);
    }

    /// Gives an end that is absent a number.
    pub fn set_number(&mut self, i: usize, value: f64) {
        self.constant[i] = value;
        self.state[i] = State::Number;
    }

    /// Adds terms without a variable to an end.
    pub fn add(&mut self, i: usize, terms: impl IntoIterator<Item = Term>) {
        for term in terms {
            debug_assert_eq!(term.column, Column::ONE);
            self.add_one(i, term.parameter, term.coefficient);
        }
    }

    fn add_one(&mut self, i: usize, parameter: u32, coefficient: f64) {
        if parameter == 0 {
            self.constant[i] += coefficient;
        } else {
            self.state[i] = State::Parametric;
            self.linear.push((i as u32, parameter, coefficient));
        }
    }

    /// Subtracts what an array has beside variables from the ends from `first` on.
    pub fn subtract(&mut self, first: usize, array: &Affine) {
        for block in array.blocks().unwrap_or_default().iter().filter(|b| !b.has_variable()) {
            if block.is_parametric() {
                self.linear.reserve(block.size());
            }
            block.for_each(|i, _, parameter, coefficient| self.add_one(first + i, parameter, -coefficient));
        }
    }
}
