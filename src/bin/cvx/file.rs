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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("m.cvx");
        std::fs::write(&path, "var y;").expect("a file");
        assert!(matches!(replace(&path, "var x;", "var z;"), Err(Failure::Message(_))));
        assert_eq!(read(&path).expect("a text"), "var y;");
        replace(&path, "var y;", "var z;").expect("it is as it was");
        assert_eq!(read(&path).expect("a text"), "var z;");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("m.cvx"), folder.path().join("link.cvx"));
        std::fs::write(&file, "a").expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("its mode");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        replace(&link, "a", "b").expect("it is as it was");
        assert!(link.symlink_metadata().expect("the link").is_symlink());
        assert_eq!(read(&file).expect("a text"), "b");
        assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o640);
    }
}
