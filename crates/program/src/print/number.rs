//! Numbers rounded to six significant digits, and a hash of what is left out.

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

/// A number rounded to six significant digits, in its shortest form.
pub(super) struct Rounded(pub(super) f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if !value.is_finite() {
            return f.write_str(if value.is_nan() {
                "nan"
            } else if value > 0.0 {
                "inf"
            } else {
                "-inf"
            });
        }
        if value == 0.0 {
            return f.write_str("0");
        }
        // Whole numbers of up to six digits need no rounding, and most coefficients are such.
        let whole = value as i64;
        if whole as f64 == value && whole.unsigned_abs() < 1_000_000 {
            return write!(f, "{whole}");
        }
        let scientific = format!("{value:.5e}");
        let rounded: f64 = scientific.parse().unwrap_or(value);
        let size = if rounded < 0.0 { -rounded } else { rounded };
        if (1e-4..1e6).contains(&size) { write!(f, "{rounded}") } else { write!(f, "{rounded:e}") }
    }
}

/// A stable 32-bit hash of the text written to it.
pub(super) struct Hash(u64);

impl Hash {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Write for Hash {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for byte in s.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:08x}", (self.0 ^ (self.0 >> 32)) as u32)
    }
}

/// Text up to a size; further text is refused.
pub(super) struct Bounded {
    pub(super) text: String,
    pub(super) limit: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.text.len() + s.len() > self.limit {
            return Err(fmt::Error);
        }
        self.text.push_str(s);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Rounded;
    use alloc::string::ToString;

    #[test]
    fn six_digits() {
        let cases = [
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333"),
            (-2.0, "-2"),
            (123_456_789.0, "1.23457e8"),
            (1e-9, "1e-9"),
            (0.000_123_456_78, "0.000123457"),
            (f64::NEG_INFINITY, "-inf"),
            (-0.0, "0"),
            (999_999.9, "1e6"),
        ];
        for (value, text) in cases {
            assert_eq!(Rounded(value).to_string(), text);
        }
    }
}
