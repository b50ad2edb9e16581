//! Values of parameters, by name.

use crate::data::{
    Array, Data, ValueError, ValueFault, check, check_node, declaration, place, stored_entries,
};
use crate::named::Named;
use crate::tape::Evaluation;
use cvxlayer_program::{NodeId, Parameter, Program};
use std::borrow::Cow;

/// Values of parameters, by name; what is not given takes its default.
///
/// ```
/// use cvxlayer::Params;
/// let mut params = Params::new();
/// params.set("gamma", 0.5).set("mu", vec![0.1, 0.2]);
/// assert_eq!(params.get("gamma").and_then(|g| g.scalar()), Some(0.5));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    values: Named<Given>,
}

#[derive(Clone, Debug, PartialEq)]
struct Given {
    value: Array,
    origin: Option<String>,
}

impl Params {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Array>) -> &mut Self {
        self.values.insert(name, Given { value: value.into(), origin: None });
        self
    }

    /// Gives a value and says where it came from, for messages.
    pub fn set_from(
        &mut self,
        name: impl Into<String>,
        value: Array,
        origin: impl Into<String>,
    ) -> &mut Self {
        self.values.insert(name, Given { value, origin: Some(origin.into()) });
        self
    }

    /// The values that were read, for a program; tables become vectors where the program says so.
    pub fn from_data(data: &Data, program: &Program) -> Self {
        let mut out = Self::new();
        for (name, datum) in data.iter() {
            let rank = program.position(name).map(|i| program.parameters[i].shape.rank());
            let value = match rank {
                Some(rank) if datum.table => datum.value.of_rank(rank).into_owned(),
                _ => datum.value.clone(),
            };
            let origin = Some(datum.origin.clone()).filter(|o| !o.is_empty());
            out.values.insert(name, Given { value, origin });
        }
        out
    }

    /// The value given for a name.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.values.get(name).map(|given| &given.value)
    }

    /// Where the value of a name came from.
    pub fn origin(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(|given| given.origin.as_deref())
    }

    /// All values, in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.values.iter().map(|(name, given)| (name, &given.value))
    }

    /// The names that values were given for, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.names()
    }

    /// These values, and those of `other` where there is none.
    pub(crate) fn or(&self, other: &Self) -> Self {
        let mut out = self.clone();
        for (name, given) in other.values.iter().filter(|(name, _)| self.get(name).is_none()) {
            out.values.insert(name, given.clone());
        }
        out
    }

    fn error(&self, name: &str, declaration: String, fault: ValueFault) -> ValueError {
        let origin = self.origin(name).map(str::to_owned);
        ValueError { name: name.to_owned(), origin, declaration, fault }
    }

    /// θ: the stored entries of all parameters, in order. Every value that does not fit is reported.
    pub(crate) fn theta(&self, parameters: &[Parameter]) -> Result<Vec<f64>, Vec<ValueError>> {
        let mut theta = Vec::new();
        let mut errors: Vec<ValueError> = self
            .values
            .names()
            .filter(|name| !parameters.iter().any(|p| p.name == *name))
            .map(|name| {
                let nearest = nearest(name, parameters.iter().map(|p| p.name.as_ref()));
                self.error(name, String::new(), ValueFault::Unknown(nearest.map(str::to_owned)))
            })
            .collect();
        for parameter in parameters {
            match self.entries(parameter) {
                Ok(entries) => theta.extend_from_slice(&entries),
                Err(fault) => errors.push(self.error(&parameter.name, declaration(parameter), fault)),
            }
        }
        if errors.is_empty() { Ok(theta) } else { Err(errors) }
    }

    /// The stored entries of one parameter.
    pub(crate) fn entries(&self, parameter: &Parameter) -> Result<Cow<'_, [f64]>, ValueFault> {
        let entries = match (self.get(&parameter.name), &parameter.default) {
            (Some(value), _) => stored_entries(parameter, value)?,
            (None, Some(default)) if default.0.len() == 1 => vec![default.0[0]; parameter.len()].into(),
            (None, Some(default)) => parameter.positions().iter().map(|&at| default.0[at]).collect(),
            (None, None) => return Err(ValueFault::Missing),
        };
        check(parameter, &entries)?;
        Ok(entries)
    }

    /// Checks ranges and asserted conditions, which live on the lift's tape, at some of its nodes.
    pub(crate) fn check_lifted(
        &self,
        program: &Program,
        lift: &Evaluation,
        theta: &[f64],
        which: impl Fn(NodeId) -> bool,
    ) -> Vec<ValueError> {
        let mut errors = Vec::new();
        for parameter in program.parameters.iter() {
            let range = parameter.attributes.range.filter(|&(lo, hi)| which(lo) && which(hi));
            let Some((lo, hi)) = range else { continue };
            let entries = &theta[parameter.start..parameter.start + parameter.len()];
            let end = |node: u32, at: usize| {
                let end = lift.value(node);
                if end.len() == 1 { end[0] } else { end[at] }
            };
            let outside = |&(at, &value): &(usize, &f64)| !(end(lo, at) <= value && value <= end(hi, at));
            let placed = entries.iter().enumerate().map(|(i, value)| (parameter.position(i), value));
            if let Some((at, &value)) = placed.into_iter().find(outside) {
                let fault = ValueFault::Domain {
                    rule: format!("in [{}, {}]", end(lo, at), end(hi, at)),
                    at: place(&parameter.shape.axes(), at),
                    value,
                };
                errors.push(self.error(&parameter.name, declaration(parameter), fault));
            }
        }
        for check in program.checks.iter().filter(|c| which(c.node)) {
            let shape = program.lift.tape.shape(check.node);
            if let Err(fault) = check_node(check.kind, shape, lift.value(check.node)) {
                errors.push(self.error(&check.text, String::new(), fault));
            }
        }
        errors
    }
}

/// The candidate that was probably meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|c| (distance(name, c), c))
        .filter(|(d, c)| *d <= (name.chars().count().max(c.chars().count()) / 3).max(1))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// The number of single-letter changes between two names, case aside.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let change = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        let known = ["gamma", "mu", "F"];
        assert_eq!(nearest("gama", known.into_iter()), Some("gamma"));
        assert_eq!(nearest("f", known.into_iter()), Some("F"));
        assert_eq!(nearest("sigma2", known.into_iter()), None);
    }
}
