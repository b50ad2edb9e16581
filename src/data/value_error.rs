//! What can be wrong with a given value.

use cvxlayer_program::{Attributes, Parameter, Storage};
use std::fmt;

/// A value that does not fit what the model declares.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct ValueError {
    /// The name of the value.
    pub name: String,
    /// Where the value came from: a file and the place in it, or the command line.
    pub origin: Option<String>,
    /// The declaration, as in the model; empty if there is none.
    pub declaration: String,
    /// What is wrong.
    pub fault: ValueFault,
}

/// What is wrong with a given value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueFault {
    /// `param a;` without a value
    Missing,
    /// a value for a name that is not declared; with the nearest declared one
    Unknown(Option<String>),
    /// a value for `const a = 1;`
    Fixed,
    /// `[1, 2]` for `a[3]`
    Shape {
        /// The sizes given.
        given: Vec<usize>,
        /// The shape declared.
        declared: String,
    },
    /// `nan`, or `inf` where it has no meaning
    NotFinite {
        /// The entry.
        at: String,
        /// Its value.
        value: f64,
    },
    /// `-1` for a `nonneg` one
    Domain {
        /// The attribute.
        rule: String,
        /// The entry.
        at: String,
        /// Its value.
        value: f64,
    },
    /// `[[1, 2], [3, 4]]` for a `symmetric` one
    Asymmetric {
        /// The entry, and
        at: (usize, usize),
        /// its value and
        value: f64,
        /// that of its mirror image.
        mirrored: f64,
    },
    /// `[[1, 2], [2, 1]]` for a `psd` one; the eigenvalue of the wrong sign
    Indefinite {
        /// `psd` or `nsd`.
        rule: &'static str,
        /// The eigenvalue.
        eigenvalue: f64,
    },
    /// What an expression needs of a value, such as `psd_wrap(S)`, and nothing declares
    Required(Box<ValueFault>),
    /// A non-zero entry outside the diagonal of a `diag`, or the pattern of a `sparse` one
    OutsidePattern {
        /// The entry.
        at: String,
        /// Its value.
        value: f64,
    },
}

/// Of a name that nothing declares, this many characters are shown.
const LONGEST_NAME: usize = 60;

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.fault {
            ValueFault::Missing => write!(f, "`{name}` has no value")?,
            ValueFault::Unknown(nearest) => {
                let shown: String = name.chars().take(LONGEST_NAME).collect();
                let more = if shown.len() < name.len() { "…" } else { "" };
                write!(f, "the model declares no parameter, constant or size `{shown}{more}`")?;
                if let Some(nearest) = nearest {
                    write!(f, "; did you mean `{nearest}`?")?;
                }
            }
            ValueFault::Fixed => {
                write!(f, "the model itself gives the value of `{name}`, so none may be given")?;
            }
            ValueFault::Shape { given, declared } => {
                write!(f, "`{name}` has the shape {}, but is declared {declared}", axes(given))?;
            }
            ValueFault::NotFinite { at, value } => {
                write!(f, "`{name}{at}` is {value}, which is no finite number")?;
            }
            ValueFault::Required(fault) => match &**fault {
                ValueFault::Domain { rule, at, value } => {
                    write!(f, "`{name}{at}` is {value}, but must be {rule} here")?;
                }
                ValueFault::Indefinite { rule, eigenvalue } => {
                    write!(f, "`{name}` must be {rule} here, but has the eigenvalue {eigenvalue:.6e}")?;
                }
                ValueFault::Asymmetric { at: (i, j), value, mirrored } => write!(
                    f,
                    "`{name}` must be symmetric here, but its entry [{i}, {j}] is {value} and [{j}, {i}] is {mirrored}"
                )?,
                other => write!(f, "`{name}` does not fit here: {other:?}")?,
            },
            ValueFault::Domain { rule, at, value } => {
                write!(f, "`{name}{at}` is {value}, but `{name}` is declared {rule}")?;
            }
            ValueFault::Asymmetric { at: (i, j), value, mirrored } => write!(
                f,
                "`{name}` is declared symmetric, but `{name}[{i}, {j}]` is {value} and `{name}[{j}, {i}]` is {mirrored}"
            )?,
            ValueFault::Indefinite { rule, eigenvalue } => {
                write!(f, "`{name}` is declared {rule}, but has the eigenvalue {eigenvalue:.6e}")?;
            }
            ValueFault::OutsidePattern { at, value } => {
                write!(f, "`{name}{at}` is {value}, but this entry is zero by the declaration of `{name}`")?;
            }
        }
        if let Some(origin) = &self.origin {
            write!(f, " (from {origin})")?;
        }
        Ok(())
    }
}

/// `a scalar`, `[3]`, `[2, 3]`.
fn axes(sizes: &[usize]) -> String {
    if sizes.is_empty() { "of a number".to_owned() } else { format!("{sizes:?}") }
}

/// The place of an entry: nothing for a scalar, `[3]`, `[1, 2]`.
pub(crate) fn place(axes: &[usize], mut entry: usize) -> String {
    let mut index = vec![0; axes.len()];
    for (slot, &n) in index.iter_mut().zip(axes).rev() {
        *slot = entry % n.max(1);
        entry /= n.max(1);
    }
    if index.is_empty() { String::new() } else { format!("{index:?}") }
}

/// A parameter's declaration, as a model would state it.
pub(crate) fn declaration(p: &Parameter) -> String {
    let shape = if p.shape.rank() == 0 { String::new() } else { p.shape.to_string() };
    let mut out = format!("param {}{shape}", p.name);
    let Attributes { nonneg, nonpos, pos, neg, symmetric, psd, nsd, range } = &p.attributes;
    let words = [
        (*nonneg, "nonneg"),
        (*nonpos, "nonpos"),
        (*pos, "pos"),
        (*neg, "neg"),
        (*symmetric && !*psd && !*nsd, "symmetric"),
        (*psd, "psd"),
        (*nsd, "nsd"),
        (matches!(p.storage, Storage::Diagonal), "diag"),
        (matches!(p.storage, Storage::Sparse { .. }), "sparse"),
        (range.is_some(), "in […]"),
    ];
    for (_, word) in words.iter().filter(|(on, _)| *on) {
        out.push(' ');
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_value_place_and_origin() {
        let error = ValueError {
            name: "d".into(),
            origin: Some("data.json, d[3]".into()),
            declaration: "param d[6] nonneg".into(),
            fault: ValueFault::Domain { rule: "nonneg".into(), at: place(&[6], 3), value: -1.0 },
        };
        assert_eq!(error.to_string(), "`d[3]` is -1, but `d` is declared nonneg (from data.json, d[3])");
        assert_eq!(place(&[2, 3], 5), "[1, 2]");
        assert_eq!(place(&[], 0), "");
    }
}
