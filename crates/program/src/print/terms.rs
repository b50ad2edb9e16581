//! Sums of terms: coefficients that are affine in θ̂, times products of columns.

use super::names::{Names, factor, sign};
use super::number::{Hash, Rounded};
use crate::{SmoothFunction, VectorBlock};
use core::fmt::{self, Write};

/// A sum with more terms is abbreviated.
const TERMS: usize = 8;

/// What a coefficient multiplies.
#[derive(Clone, Copy)]
pub(super) enum Of {
    One,
    Column(usize),
    Square(usize),
    Product(usize, usize),
    Smooth(SmoothFunction, usize),
}

/// A term of a sum: `scale` times an entry of a block, times columns.
#[derive(Clone, Copy)]
pub(super) struct Term<'a> {
    pub(super) block: &'a VectorBlock,
    pub(super) entry: usize,
    pub(super) scale: f64,
    pub(super) of: Of,
}

impl Term<'_> {
    fn is_zero(&self) -> bool {
        self.block.constant[self.entry] == 0.0 && !self.block.is_parametric(self.entry)
    }

    /// Writes the term with its sign.
    fn write(&self, out: &mut dyn Write, names: &Names, first: bool) -> fmt::Result {
        let constant = self.scale * self.block.constant[self.entry];
        let mut linear = self.block.linear.row(self.entry);
        let (one, second) = (linear.next(), linear.next());
        let bare = matches!(self.of, Of::One);
        match (constant != 0.0, one, second) {
            (_, None, _) => {
                sign(out, constant, first)?;
                if bare {
                    return write!(out, "{}", Rounded(if constant < 0.0 { -constant } else { constant }));
                }
                factor(out, constant)?;
            }
            (false, Some((entry, c)), None) => {
                let c = self.scale * c;
                sign(out, c, first)?;
                factor(out, c)?;
                names.entry(out, entry, 0)?;
                if !bare {
                    out.write_char('*')?;
                }
            }
            _ => {
                sign(out, 1.0, first)?;
                if !bare {
                    out.write_char('(')?;
                }
                let mut start = true;
                if constant != 0.0 {
                    write!(out, "{}", Rounded(constant))?;
                    start = false;
                }
                for (entry, c) in self.block.linear.row(self.entry) {
                    let c = self.scale * c;
                    sign(out, c, start)?;
                    factor(out, c)?;
                    names.entry(out, entry, 0)?;
                    start = false;
                }
                if !bare {
                    out.write_str(")*")?;
                }
            }
        }
        match self.of {
            Of::One => Ok(()),
            Of::Column(j) => names.column(out, j),
            Of::Square(j) => {
                names.column(out, j)?;
                out.write_str("**2")
            }
            Of::Smooth(function, j) => {
                let power = match function {
                    SmoothFunction::NegativeLog => return wrapped(out, names, "log", j),
                    SmoothFunction::NegativeEntropy => return wrapped(out, names, "entr", j),
                    SmoothFunction::Exp => return wrapped(out, names, "exp", j),
                    SmoothFunction::Logistic => return wrapped(out, names, "logistic", j),
                    SmoothFunction::XExp => return wrapped(out, names, "xexp", j),
                    SmoothFunction::NegativeLogNormalCdf => return wrapped(out, names, "log_normcdf", j),
                    SmoothFunction::Power(p) => p,
                };
                names.column(out, j)?;
                write!(out, "**{}", Rounded(power))
            }
            Of::Product(i, j) => {
                names.column(out, i)?;
                out.write_char('*')?;
                names.column(out, j)
            }
        }
    }
}

impl SmoothFunction {
    /// Whether the function is the negative of what its name says.
    pub(super) fn is_negated(self) -> bool {
        match self {
            Self::NegativeLog | Self::NegativeEntropy | Self::NegativeLogNormalCdf => true,
            Self::Power(p) => p > 0.0 && p < 1.0,
            _ => false,
        }
    }
}

fn wrapped(out: &mut dyn Write, names: &Names, function: &str, column: usize) -> fmt::Result {
    write!(out, "{function}(")?;
    names.column(out, column)?;
    out.write_char(')')
}

/// Writes a sum that is zero if it has no terms.
pub(super) fn sum<'a>(
    out: &mut dyn Write,
    names: &Names,
    terms: impl Iterator<Item = Term<'a>> + Clone,
) -> fmt::Result {
    if terms.clone().all(|t| t.is_zero()) { out.write_char('0') } else { more(out, names, terms, true) }
}

/// Writes terms of a sum, abbreviated if they are many: a hash of what is left out shows that it has changed.
pub(super) fn more<'a>(
    out: &mut dyn Write,
    names: &Names,
    terms: impl Iterator<Item = Term<'a>> + Clone,
    first: bool,
) -> fmt::Result {
    let terms = terms.filter(|t| !t.is_zero());
    let count = terms.clone().count();
    if count <= TERMS {
        return terms.enumerate().try_for_each(|(k, t)| t.write(out, names, first && k == 0));
    }
    let mut hash = Hash::new();
    for (k, term) in terms.enumerate() {
        if k < TERMS - 3 {
            term.write(out, names, first && k == 0)?;
        } else if k < count - 1 {
            term.write(&mut hash, names, false)?;
        } else {
            write!(out, " + … {} terms {hash} …", count - TERMS + 2)?;
            term.write(out, names, false)?;
        }
    }
    Ok(())
}

/// Writes one entry of a vector as an expression of the parameters.
pub(super) fn value(out: &mut dyn Write, names: &Names, block: &VectorBlock, entry: usize) -> fmt::Result {
    let term = Term { block, entry, scale: 1.0, of: Of::One };
    sum(out, names, core::iter::once(term))
}
