//! Programs as JSON.

use crate::error::Error;
use crate::passes::validate;
use cvxlayer_program::{FORMAT, Program, VectorBlock};

/// Reads a serialized program and checks that it is consistent.
///
/// # Errors
/// [`Error::Format`] for a version that is not known, [`Error::Program`] for what is no program.
pub fn read_program(json: &str) -> Result<Program, Error> {
    #[derive(serde::Deserialize)]
    struct Header {
        format: Option<u64>,
    }
    // The version first: a later one need not look like this one at all.
    let header: Header = serde_json::from_str(json).map_err(|e| Error::Program(e.to_string()))?;
    match header.format {
        // Format 1 is this one without smooth terms.
        Some(format) if (1..=u64::from(FORMAT)).contains(&format) => {}
        Some(format) => return Err(Error::Format(format)),
        None => return Err(Error::Program("it has no `format`".to_owned())),
    }
    let mut program: Program = serde_json::from_str(json).map_err(|e| Error::Program(e.to_string()))?;
    program.format = FORMAT;
    if program.blocks.w.is_empty() {
        program.blocks.w = VectorBlock::constant(Vec::new(), program.lift.len());
    }
    validate(&program)?;
    Ok(program)
}

/// A program as JSON, with its `size` for readers who only want that.
pub fn write_program(program: &Program) -> String {
    #[derive(serde::Serialize)]
    struct Size {
        variables: usize,
        rows: usize,
        nonzeros: usize,
    }
    #[derive(serde::Serialize)]
    struct Document<'a> {
        size: Size,
        #[serde(flatten)]
        program: &'a Program,
    }
    let size = Size { variables: program.variables(), rows: program.rows(), nonzeros: program.nonzeros() };
    // Only maps with keys that are no text cannot be written, and a program has none.
    serde_json::to_string(&Document { size, program }).unwrap_or_default()
}
