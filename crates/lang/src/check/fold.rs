//! Arithmetic on numbers that the text states.

/// The value of an atom of scalars, where the checker may need it (exponents, positions, literal bounds).
pub fn scalar(atom: &str, arguments: &[f64]) -> Option<f64> {
    let value = match (atom, arguments) {
        ("add", all) => all.iter().sum(),
        ("negative", [a]) => -a,
        ("multiply", [a, b]) => a * b,
        ("divide", [a, b]) if *b != 0.0 => a / b,
        ("power", [a, b]) => a.powf(*b),
        ("abs", [a]) => a.abs(),
        ("sqrt", [a]) => a.sqrt(),
        ("exp", [a]) => a.exp(),
        ("log", [a]) => a.ln(),
        ("floor", [a]) => a.floor(),
        ("ceil", [a]) => a.ceil(),
        ("round", [a]) => a.round_ties_even(),
        ("square", [a]) => a * a,
        ("sign", [a]) => {
            if *a == 0.0 {
                0.0
            } else {
                a.signum()
            }
        }
        ("pos", [a]) => a.max(0.0),
        ("neg", [a]) => (-a).max(0.0),
        ("maximum", all) if !all.is_empty() => all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ("minimum", all) if !all.is_empty() => all.iter().copied().fold(f64::INFINITY, f64::min),
        _ => return None,
    };
    (!value.is_nan()).then_some(value)
}
