//! Numbers for random vectors: the same ones every time.

/// Marsaglia's xorshift generator (2003), from a fixed start.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Uniform on [−½, ½).
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }

    /// 1 or −1.
    pub(crate) fn sign(&mut self) -> f64 {
        if self.next() & (1 << 40) == 0 { 1.0 } else { -1.0 }
    }

    /// A size between ½ and 3/2 of either sign: no entry of a vector of these is small.
    pub(crate) fn weight(&mut self) -> f64 {
        (self.uniform() + 1.0) * self.sign()
    }
}
