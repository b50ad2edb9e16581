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

    /// How far the two variables of a product move at a step.
    pub fn product_steps(step: i64) -> (i64, i64) {
        let unused = 64 - INDEX_BITS;
        let second = (step << unused) >> unused;
        ((step - second) >> INDEX_BITS, second)
    }

    /// A smooth term.
    pub fn smooth(k: usize) -> Self {
        Self(SMOOTH | k as u64)
    }

    /// The column some steps further on.
    #[must_use]
    pub fn moved(self, steps: i64) -> Self {
        Self(self.0.wrapping_add(steps as u64))
    }

    /// How many steps lead to another column.
    pub fn distance(self, to: Self) -> i64 {
        to.0.wrapping_sub(self.0) as i64
    }

    /// The solver's variable that it is.
    pub fn index(self) -> usize {
        self.0 as usize - 1
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
