//! What a term multiplies: nothing, a variable, a product of two variables, or a smooth term.

/// A basis function of the objective and the rows, packed into 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column(u64);

/// What a [`Column`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The number 1.
    One,
    /// A solver variable.
    Variable(usize),
    /// The product of two solver variables, the first not after the second.
    Product(usize, usize),
    /// A smooth term, by its number.
    Smooth(usize),
}

const INDEX_BITS: u32 = 31;
const PRODUCT: u64 = 1 << 62;
const SMOOTH: u64 = 1 << 63;

impl Column {
    /// The number 1.
    pub const ONE: Self = Self(0);

    /// A solver variable.
    pub fn variable(j: usize) -> Self {
        Self(j as u64 + 1)
    }

    /// The product of two solver variables.
    pub fn product(j: usize, k: usize) -> Self {
        Self(PRODUCT | ((j.min(k) as u64) << INDEX_BITS) | j.max(k) as u64)
    }

    /// A smooth term.
    pub fn smooth(k: usize) -> Self {
        Self(SMOOTH | k as u64)
    }

    /// What it stands for.
    pub fn basis(self) -> Basis {
        let mask = (1u64 << INDEX_BITS) - 1;
        if self.0 == 0 {
            Basis::One
        } else if self.0 & SMOOTH != 0 {
            Basis::Smooth((self.0 & !SMOOTH) as usize)
        } else if self.0 & PRODUCT == 0 {
            Basis::Variable(self.0 as usize - 1)
        } else {
            Basis::Product(((self.0 >> INDEX_BITS) & mask) as usize, (self.0 & mask) as usize)
        }
    }

    /// The product of two columns; a checked model multiplies nothing beyond two variables.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        match (self.basis(), other.basis()) {
            (Basis::One, _) => other,
            (_, Basis::One) => self,
            (Basis::Variable(j), Basis::Variable(k)) => Self::product(j, k),
            _ => unreachable!("the class check admits no product of more than two variables"),
        }
    }
}
