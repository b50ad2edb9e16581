//! Numbers and times for humans.

use std::time::Duration;

/// A number with six significant digits.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan".to_owned()
        } else if value > 0.0 {
            "inf".to_owned()
        } else {
            "-inf".to_owned()
        };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if (1e-4..1e7).contains(&rounded.abs()) { format!("{rounded}") } else { format!("{rounded:e}") }
}

/// A small number, of which only the size matters.
pub(crate) fn size(value: f64) -> String {
    if value == 0.0 || !value.is_finite() { number(value) } else { format!("{value:.1e}") }
}

/// A time with its unit.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let three = |value: f64| match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    };
    match seconds {
        s if s >= 0.9995 => format!("{} s", three(s)),
        s if s >= 0.000_999_5 => format!("{} ms", three(s * 1e3)),
        s => format!("{} µs", three(s * 1e6)),
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!(number(1.0 / 3.0), "0.333333");
        assert_eq!(number(-0.0), "0");
        assert_eq!(number(1.25e-9), "1.25e-9");
        assert_eq!(size(3.21e-12), "3.2e-12");
        assert_eq!(time(Duration::from_micros(1234)), "1.23 ms");
        assert_eq!(time(Duration::from_nanos(1500)), "1.50 µs");
        assert_eq!(time(Duration::from_secs(12)), "12.0 s");
    }
}
