//! What an atom's rules see of a call before sizes are bound.

use crate::check::interval::Interval;
use crate::check::size::{Agreement, Poly};
use crate::check::tree::{Facts, NodeId, OptionValue, Tree};
use crate::diagnostics::Code;
use crate::diagnostics::codes;
use std::cell::RefCell;

/// A call whose arguments are checked.
#[derive(Debug)]
pub struct Call<'a> {
    /// The tree that holds the arguments.
    pub tree: &'a Tree,
    /// The arguments.
    pub arguments: &'a [NodeId],
    /// The options by name.
    pub options: &'a [(String, OptionValue)],
    /// Sizes that must turn out to be zero once they are bound.
    pub requirements: RefCell<Vec<Poly>>,
}

/// Why an atom refuses its arguments.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The rule.
    pub code: Code,
    /// What is wrong, in a line.
    pub message: Box<str>,
    /// Remarks on arguments.
    pub labels: Vec<(usize, String)>,
    /// What to do about it.
    pub help: Option<Box<str>>,
}

impl Refusal {
    /// Shapes that do not fit.
    pub fn shape(message: impl Into<String>) -> Self {
        Self { code: codes::SHAPE_MISMATCH, message: message.into().into(), labels: Vec::new(), help: None }
    }

    /// An argument or option that the atom cannot use.
    pub fn argument(message: impl Into<String>) -> Self {
        Self { code: codes::BAD_ARGUMENT, message: message.into().into(), labels: Vec::new(), help: None }
    }

    /// Remarks on an argument.
    #[must_use]
    pub fn label(mut self, argument: usize, text: impl Into<String>) -> Self {
        self.labels.push((argument, text.into()));
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into().into());
        self
    }
}

impl<'a> Call<'a> {
    /// A call of these arguments.
    pub fn new(tree: &'a Tree, arguments: &'a [NodeId], options: &'a [(String, OptionValue)]) -> Self {
        Self { tree, arguments, options, requirements: RefCell::default() }
    }

    /// The facts of an argument.
    pub fn facts(&self, argument: usize) -> &'a Facts {
        self.tree.facts(self.arguments[argument])
    }

    /// The shape of an argument.
    pub fn shape(&self, argument: usize) -> &'a [Poly] {
        self.tree.shape(self.arguments[argument])
    }

    /// The range of an argument's entries.
    pub fn interval(&self, argument: usize) -> Interval {
        self.facts(argument).interval
    }

    /// The shape of an argument in the user's words.
    pub fn show(&self, argument: usize) -> String {
        self.tree.show_shape(self.shape(argument))
    }

    /// The number of entries of an argument, if it is known.
    pub fn count(&self, argument: usize) -> Option<i64> {
        self.shape(argument).iter().try_fold(1i64, |product, size| product.checked_mul(size.as_constant()?))
    }

    /// A number that is known from the text: a literal, or arithmetic on literals.
    pub fn number(&self, argument: usize) -> Option<f64> {
        let facts = self.facts(argument);
        facts.interval.as_point().filter(|_| facts.variable_free() && self.shape(argument).is_empty())
    }

    /// Whether two sizes agree, now or as a requirement on sizes to be bound.
    pub fn agree(&self, a: &Poly, b: &Poly) -> bool {
        match a.agrees(b) {
            Agreement::Always => true,
            Agreement::Never => false,
            Agreement::If(difference) => {
                self.requirements.borrow_mut().push(difference);
                true
            }
        }
    }

    /// An option that must be an integer.
    ///
    /// # Errors
    /// If it is something else.
    pub fn integer_option(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.options.iter().find(|(n, _)| n == name) {
            None => Ok(None),
            Some((_, OptionValue::Number(bits))) if bits.get().fract() == 0.0 => Ok(Some(bits.get() as i64)),
            Some(_) => Err(Refusal::argument(format!("`{name}` must be an integer that the text states"))),
        }
    }

    /// The axis option, counted from 0, for an argument with this many axes.
    ///
    /// # Errors
    /// If there is no such axis.
    pub fn axis(&self, rank: usize) -> Result<Option<usize>, Refusal> {
        let Some(axis) = self.integer_option("axis")? else { return Ok(None) };
        let positive = if axis < 0 { axis + rank as i64 } else { axis };
        if (0..rank as i64).contains(&positive) {
            Ok(Some(positive as usize))
        } else {
            Err(Refusal::argument(format!(
                "`axis={axis}` is out of range: the argument has {rank} {}",
                if rank == 1 { "axis" } else { "axes" }
            ))
            .label(0, format!("this has shape {}", self.show(0))))
        }
    }

    /// Whether an option is set: `1` or `true`.
    pub fn flag(&self, name: &str) -> bool {
        match self.options.iter().find(|(n, _)| n == name) {
            Some((_, OptionValue::Number(bits))) => bits.get() != 0.0,
            Some((_, OptionValue::Text(text))) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// A text option.
    pub fn text_option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find(|(n, _)| n == name).and_then(|(_, v)| match v {
            OptionValue::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The shape that all arguments broadcast to, as in NumPy.
    ///
    /// # Errors
    /// If there is none.
    pub fn broadcast(&self) -> Result<Vec<Poly>, Refusal> {
        let mut shape = self.shape(0).to_vec();
        for k in 1..self.arguments.len() {
            shape = super::broadcast(self, &shape, self.shape(k)).ok_or_else(|| {
                let mut refusal = Refusal::shape(format!(
                    "shapes {} and {} do not broadcast",
                    self.tree.show_shape(&shape),
                    self.show(k)
                ));
                for argument in [k - 1, k] {
                    refusal = refusal.label(argument, format!("this has shape {}", self.show(argument)));
                }
                refusal
            })?;
        }
        Ok(shape)
    }
}
