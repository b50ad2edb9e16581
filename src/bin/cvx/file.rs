//! Models as files that are read and changed.

use crate::failure::Failure;
use cvxlayer::Error;
use std::io::Write;
use std::path::Path;

/// Models larger than this are not read.
const LARGEST: u64 = 64 << 20;

/// Reads a model.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    cvxlayer::data::read_text(path, LARGEST)
}

/// Puts a new text in the place of the one that was read. Refuses if the file has changed since then; a failure leaves
/// the file as it was.
pub(crate) fn replace(path: &Path, before: &str, after: &str) -> Result<(), Failure> {
    if read(path)? != before {
        let message = format!("{}: the file was changed meanwhile, so it is left alone", path.display());
        return Err(Failure::Message(message));
    }
    let refuse = |error: std::io::Error| {
        Failure::Message(format!("{}: the file cannot be written: {error}", path.display()))
    };
    // A link keeps being one: what it leads to is replaced.
    let target = path.canonicalize().map_err(refuse)?;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = target.with_file_name(name);
    let write = || {
        let mut file = std::fs::File::create_new(&beside)?;
        file.write_all(after.as_bytes())?;
        file.set_permissions(std::fs::metadata(&target)?.permissions())?;
        file.sync_all()?;
        std::fs::rename(&beside, &target)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        refuse(error)
    })
}
