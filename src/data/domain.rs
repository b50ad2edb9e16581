//! Whether a value is one that its declaration allows.

use super::array::{Array, Entries};
use super::value_error::{ValueFault, place};
use crate::tape::{smallest_eigenvalue, symmetric_part};
use cvxlayer_program::{CheckKind, Parameter, Shape, Storage};
use std::borrow::Cow;

/// Asymmetry up to this, relative to the largest entry, is rounding.
const ASYMMETRY: f64 = 1e-10;
/// Eigenvalues of the wrong sign up to this, relative to the norm, are rounding.
const DEFINITENESS: f64 = 1e-8;

/// The entries of a value that a parameter stores, in order.
pub(crate) fn stored_entries<'a>(
    parameter: &Parameter,
    value: &'a Array,
) -> Result<Cow<'a, [f64]>, ValueFault> {
    let declared = parameter.shape.axes();
    let axes = value.axes();
    if matches!(parameter.storage, Storage::Diagonal) && axes == &declared[..1] {
        return Ok(value.all());
    }
    if axes != declared {
        let declared = match parameter.shape {
            Shape::Scalar => "a number".to_owned(),
            shape => shape.to_string(),
        };
        return Err(ValueFault::Shape { given: axes.to_vec(), declared });
    }
    match (&parameter.storage, value.entries()) {
        (Storage::Dense, _) => Ok(value.all()),
        (Storage::Diagonal, Entries::Diagonal(diagonal)) => Ok(diagonal.into()),
        (Storage::Sparse { rows, cols }, Entries::Sparse { row, col, value })
            if (rows, cols) == (row, col) =>
        {
            Ok(value.into())
        }
        _ => {
            // A dense array that holds nothing outside the entries that are stored.
            let mut dense = value.to_dense();
            let stored = parameter.positions().iter().map(|&at| std::mem::take(&mut dense[at])).collect();
            match dense.iter().position(|&v| v != 0.0) {
                None => Ok(Cow::Owned(stored)),
                Some(entry) => {
                    Err(ValueFault::OutsidePattern { at: place(axes, entry), value: dense[entry] })
                }
            }
        }
    }
}

/// Whether stored entries satisfy the declaration; ranges, which may be parametric, are checked elsewhere.
pub(crate) fn check(parameter: &Parameter, entries: &[f64]) -> Result<(), ValueFault> {
    let at = |i: usize| place(&parameter.shape.axes(), parameter.position(i));
    let bad = |v: f64| v.is_nan() || (v.is_infinite() && !parameter.allows_infinity);
    // Counted by chunks, which is faster than to stop at the first.
    let all_finite = |chunk: &[f64]| chunk.iter().map(|v| u64::from(!v.is_finite())).sum::<u64>() == 0;
    let first = entries.chunks(64).position(|chunk| !all_finite(chunk)).map_or(entries.len(), |k| 64 * k);
    if let Some(i) = (first..entries.len()).find(|&i| bad(entries[i])) {
        return Err(ValueFault::NotFinite { at: at(i), value: entries[i] });
    }
    let a = &parameter.attributes;
    let rules = [
        (a.nonneg, "nonneg", 1.0, true),
        (a.nonpos, "nonpos", -1.0, true),
        (a.pos, "pos", 1.0, false),
        (a.neg, "neg", -1.0, false),
    ];
    for (_, rule, sign, zero) in rules.into_iter().filter(|rule| rule.0) {
        if let Some(i) = entries.iter().position(|&v| sign * v < 0.0 || (v == 0.0 && !zero)) {
            return Err(ValueFault::Domain { rule: rule.to_owned(), at: at(i), value: entries[i] });
        }
    }
    if a.symmetric || a.psd || a.nsd {
        let n = parameter.shape.as_rows().0;
        let full = match parameter.storage {
            Storage::Dense => Cow::Borrowed(entries),
            _ => Cow::Owned(expand(parameter, entries)),
        };
        symmetric(&full, n)?;
        if a.psd {
            definite(&full, n, "psd")?;
        }
        if a.nsd {
            definite(&full, n, "nsd")?;
        }
    }
    Ok(())
}

/// The full array, row by row, of stored entries.
pub(crate) fn expand(parameter: &Parameter, entries: &[f64]) -> Vec<f64> {
    if matches!(parameter.storage, Storage::Dense) {
        return entries.to_vec();
    }
    let mut full = vec![0.0; parameter.shape.len()];
    for (at, &value) in parameter.positions().into_iter().zip(entries) {
        full[at] = value;
    }
    full
}

/// Whether a value on the lift's tape satisfies a condition.
pub(crate) fn check_node(kind: CheckKind, shape: Shape, value: &[f64]) -> Result<(), ValueFault> {
    holds(kind, shape, value).map_err(|fault| ValueFault::Required(Box::new(fault)))
}

fn holds(kind: CheckKind, shape: Shape, value: &[f64]) -> Result<(), ValueFault> {
    let entry = |rule: &str, holds: fn(f64) -> bool| match value.iter().position(|&v| !holds(v)) {
        Some(i) => {
            Err(ValueFault::Domain { rule: rule.to_owned(), at: place(&shape.axes(), i), value: value[i] })
        }
        None => Ok(()),
    };
    let n = shape.as_rows().0;
    match kind {
        CheckKind::Psd => symmetric(value, n).and_then(|()| definite(value, n, "psd")),
        CheckKind::Nsd => symmetric(value, n).and_then(|()| definite(value, n, "nsd")),
        CheckKind::Nonneg => entry("nonneg", |v| v >= 0.0),
        CheckKind::Pos => entry("pos", |v| v > 0.0),
        CheckKind::NonZero => entry("non-zero", |v| v != 0.0),
        _ => Ok(()),
    }
}

fn symmetric(full: &[f64], n: usize) -> Result<(), ValueFault> {
    let margin = ASYMMETRY * norm(full);
    for i in 0..n {
        for j in 0..i {
            let (value, mirrored) = (full[i * n + j], full[j * n + i]);
            if (value - mirrored).abs() > margin {
                return Err(ValueFault::Asymmetric { at: (i, j), value, mirrored });
            }
        }
    }
    Ok(())
}

fn definite(full: &[f64], n: usize, rule: &'static str) -> Result<(), ValueFault> {
    let sign = if rule == "psd" { 1.0 } else { -1.0 };
    if n <= SMALL && factors(full, n, sign) {
        return Ok(());
    }
    let signed: Vec<f64> = full.iter().map(|v| sign * v).collect();
    // A Cholesky factorization of the slightly shifted matrix costs far less than eigenvalues, which only failure needs.
    let margin = DEFINITENESS * frobenius(full);
    let mut shifted = symmetric_part(&signed, n);
    for i in 0..n {
        shifted[i * n + i] += 0.5 * margin;
    }
    if crate::tape::is_positive_definite(&shifted, n) {
        return Ok(());
    }
    let smallest = smallest_eigenvalue(&signed, n);
    if smallest >= -margin {
        Ok(())
    } else {
        Err(ValueFault::Indefinite { rule, eigenvalue: sign * smallest })
    }
}

/// Up to this order, matrices are factored on the stack.
const SMALL: usize = 16;

/// Whether a small symmetric matrix times `sign`, shifted by half the margin, has a Cholesky factor.
fn factors(full: &[f64], n: usize, sign: f64) -> bool {
    let shift = 0.5 * DEFINITENESS * frobenius(full);
    let mut l = [[0.0; SMALL]; SMALL];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let entry = 0.5 * sign * (full[i * n + j] + full[j * n + i]);
            if i > j {
                l[i][j] = (entry - dot) / l[j][j];
                continue;
            }
            let pivot = entry + shift - dot;
            if pivot.is_nan() || pivot <= 0.0 {
                return false;
            }
            l[i][i] = pivot.sqrt();
        }
    }
    true
}

fn norm(full: &[f64]) -> f64 {
    full.iter().fold(0.0, |m, v| m.max(v.abs()))
}

/// The Frobenius norm.
fn frobenius(full: &[f64]) -> f64 {
    full.iter().map(|v| v * v).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cvxlayer_program::Attributes;

    fn parameter(shape: Shape, storage: Storage, attributes: Attributes) -> Parameter {
        Parameter {
            name: "p".into(),
            shape,
            storage,
            start: 0,
            attributes,
            default: None,
            allows_infinity: false,
            doc: None,
        }
    }

    #[test]
    fn definiteness_has_the_stated_tolerance() {
        let psd = Attributes { psd: true, ..Attributes::default() };
        let p = parameter(Shape::Matrix(2, 2), Storage::Dense, psd);
        assert_eq!(check(&p, &[1.0, 1.0, 1.0, 1.0]), Ok(()));
        assert_eq!(check(&p, &[0.0, 0.0, 0.0, 0.0]), Ok(()));
        assert_eq!(check(&p, &[1.0, 0.0, 0.0, -1e-9]), Ok(()));
        assert!(matches!(check(&p, &[1.0, 0.0, 0.0, -1e-7]), Err(ValueFault::Indefinite { .. })));
        assert!(matches!(check(&p, &[1.0, 2.0, 2.0, 1.0]), Err(ValueFault::Indefinite { .. })));
        assert!(matches!(check(&p, &[1.0, 0.1, 0.2, 1.0]), Err(ValueFault::Asymmetric { at: (1, 0), .. })));
        assert_eq!(check(&p, &[1.0, 1e-12, 0.0, 1.0]), Ok(()));
    }

    #[test]
    fn values_are_brought_into_storage() {
        let diagonal = parameter(Shape::Matrix(2, 2), Storage::Diagonal, Attributes::default());
        assert_eq!(stored_entries(&diagonal, &vec![1.0, 2.0].into()), Ok(vec![1.0, 2.0].into()));
        let full = Array::dense(vec![2, 2], vec![1.0, 0.0, 0.0, 2.0]).unwrap();
        assert_eq!(stored_entries(&diagonal, &full), Ok(vec![1.0, 2.0].into()));
        let off = Array::dense(vec![2, 2], vec![1.0, 3.0, 0.0, 2.0]).unwrap();
        assert!(matches!(stored_entries(&diagonal, &off), Err(ValueFault::OutsidePattern { .. })));
        let storage = Storage::Sparse { rows: vec![0, 1].into(), cols: vec![1, 0].into() };
        let sparse = parameter(Shape::Matrix(2, 2), storage, Attributes::default());
        let given = Array::sparse(2, 2, vec![(1, 0, 5.0)]).unwrap();
        assert_eq!(stored_entries(&sparse, &given), Ok(vec![0.0, 5.0].into()));
        assert!(matches!(stored_entries(&sparse, &1.0.into()), Err(ValueFault::Shape { .. })));
    }

    #[test]
    fn domains() {
        let nonneg = Attributes { nonneg: true, ..Attributes::default() };
        let p = parameter(Shape::Vector(2), Storage::Dense, nonneg);
        assert_eq!(check(&p, &[0.0, 1.0]), Ok(()));
        assert!(matches!(check(&p, &[0.0, -1.0]), Err(ValueFault::Domain { .. })));
        assert!(matches!(check(&p, &[0.0, f64::NAN]), Err(ValueFault::NotFinite { .. })));
        assert!(matches!(check(&p, &[0.0, f64::INFINITY]), Err(ValueFault::NotFinite { .. })));
    }
}
