//! The folder that files named in a model must stay in.

use super::reason;
use std::path::{Component, Path, PathBuf};

/// Where the files that a model names may be: its own folder, and folders opened on request.
#[derive(Clone, Debug, PartialEq)]
pub struct Folder {
    root: PathBuf,
    allowed: Vec<PathBuf>,
}

impl Folder {
    /// The folder of a model.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), allowed: Vec::new() }
    }

    /// Opens another folder: paths that lead there are allowed too.
    #[must_use]
    pub fn allow(mut self, folder: impl Into<PathBuf>) -> Self {
        self.allowed.push(folder.into());
        self
    }

    /// The file that a model's path means.
    ///
    /// # Errors
    /// In words, if the path leads out of the folder, or to no file.
    pub fn resolve(&self, path: &str) -> Result<PathBuf, (bool, String)> {
        let relative = Path::new(path);
        let plain = relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if self.allowed.is_empty() && (!plain || path.contains('\\')) {
            let message = "paths in a model stay inside its folder: no absolute paths and no `..`";
            return Err((true, message.to_owned()));
        }
        let absolute = |p: &Path| p.canonicalize();
        let file = absolute(&self.root.join(relative)).map_err(|e| (false, reason(&e)))?;
        let inside = std::iter::once(&self.root).chain(&self.allowed).any(|folder| {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            absolute(folder).is_ok_and(|folder| file.starts_with(folder))
        });
        if !inside {
            let message = "it leads out of the model's folder; `--allow-path FOLDER` opens another";
            return Err((true, message.to_owned()));
        }
        if !file.is_file() {
            return Err((false, "it is not a file".to_owned()));
        }
        Ok(file)
    }
}
