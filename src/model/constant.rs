//! Values of constants, as the compiler takes them.

use crate::data::{Array, Entries, ValueFault, check, place, stored_entries};
use cvxlayer_lang::check::model::{Constant, ParameterKind};
use cvxlayer_program::{Attributes, Parameter, Shape, Storage};
use std::borrow::Cow;
use std::sync::Arc;

/// Checks a constant's value against its declaration, sizes apart, and hands it over.
pub(super) fn constant(declared: &Constant, value: &Array) -> Result<cvxlayer_lang::Array, ValueFault> {
    let value = diagonal(&declared.kind, value);
    let shape = value.shape().unwrap_or(Shape::Scalar);
    let kind = &declared.kind;
    let square = shape.rank() == 2 && shape.as_rows().0 == shape.as_rows().1;
    if (kind.symmetric || kind.psd || kind.nsd || kind.diag) && !square {
        return Err(ValueFault::Shape {
            given: value.axes().to_vec(),
            declared: "a square matrix".to_owned(),
        });
    }
    let parameter = Parameter {
        name: declared.name.clone().into(),
        shape,
        storage: storage(&value, kind.diag),
        start: 0,
        attributes: Attributes {
            nonneg: kind.nonneg,
            nonpos: kind.nonpos,
            pos: kind.pos,
            neg: kind.neg,
            symmetric: kind.symmetric,
            psd: kind.psd,
            nsd: kind.nsd,
            range: None,
        },
        default: None,
        allows_infinity: true,
        doc: None,
    };
    let entries = stored_entries(&parameter, &value)?;
    check(&parameter, &entries)?;
    if let Some(i) = entries.iter().position(|v| kind.int && v.fract() != 0.0) {
        let at = place(&shape.axes(), parameter.positions()[i]);
        return Err(ValueFault::Domain { rule: "int".to_owned(), at, value: entries[i] });
    }
    let entries = match &parameter.storage {
        Storage::Dense => cvxlayer_lang::Entries::Dense(entries.into()),
        Storage::Diagonal => {
            let rows: Arc<[u32]> = (0..entries.len() as u32).collect();
            cvxlayer_lang::Entries::Sparse { cols: rows.clone(), rows, values: entries.into() }
        }
        Storage::Sparse { rows, cols } => {
            let (rows, cols) = (Arc::from(&rows[..]), Arc::from(&cols[..]));
            cvxlayer_lang::Entries::Sparse { rows, cols, values: entries.into() }
        }
    };
    Ok(cvxlayer_lang::Array { shape: shape.axes(), entries })
}

/// The diagonal of a `diag` matrix may be given as a vector.
pub(super) fn diagonal<'a>(kind: &ParameterKind, value: &'a Array) -> Cow<'a, Array> {
    if kind.diag && value.axes().len() == 1 {
        Cow::Owned(Array::diagonal(value.to_dense()))
    } else {
        Cow::Borrowed(value)
    }
}

fn storage(value: &Array, diagonal: bool) -> Storage {
    match value.entries() {
        Entries::Diagonal(_) => Storage::Diagonal,
        _ if diagonal => Storage::Diagonal,
        Entries::Dense(_) => Storage::Dense,
        Entries::Sparse { row, col, .. } => Storage::Sparse { rows: row.clone(), cols: col.clone() },
    }
}

/// The places of a value's non-zero entries, by row and then column.
pub(super) fn pattern(value: &Array) -> (Vec<u32>, Vec<u32>) {
    match value.entries() {
        Entries::Sparse { row, col, .. } => (row.to_vec(), col.to_vec()),
        Entries::Diagonal(d) => ((0..d.len() as u32).collect(), (0..d.len() as u32).collect()),
        Entries::Dense(values) => {
            let n = value.axes().last().copied().unwrap_or(1).max(1);
            let at = values.iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(e, _)| e);
            at.map(|e| ((e / n) as u32, (e % n) as u32)).unzip()
        }
    }
}
