//! Models: from text and data to a layer.

mod bind;
mod constant;
mod diagnose;

pub use bind::Bound;
pub use diagnose::ModelError;

use crate::data::Data;
use crate::error::Error;
use cvxlayer_lang::{CheckedModel, Diagnostic, Source};

/// A model that was read and checked.
///
/// ```
/// use cvxlayer::{Data, Model, Settings};
/// # fn main() -> Result<(), cvxlayer::Error> {
/// let model = Model::from_text("param y; var x; minimize square(x - y); subject to cap: x <= 1;")?;
/// let mut data = Data::new();
/// data.set("y", 3.0);
/// let bound = model.bind(&data)?;
/// let layer = bound.layer(Settings::default())?;
/// let solution = layer.solve(bound.params())?;
/// assert!((solution.duals["cap"].scalar().unwrap() - 4.0).abs() < 1e-9);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    source: Source,
    checked: CheckedModel,
    warnings: Vec<Diagnostic>,
    #[cfg(feature = "files")]
    folder: Option<crate::data::Folder>,
}

impl Model {
    /// Reads and checks a model.
    ///
    /// # Errors
    /// [`Error::Model`] with everything that is wrong with the text.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        Self::from_source(Source::new("model", text))
    }

    /// Reads and checks a named text; the name is what messages show.
    ///
    /// # Errors
    /// [`Error::Model`] with everything that is wrong with the text.
    pub fn from_source(source: Source) -> Result<Self, Error> {
        let checked = cvxlayer_lang::check(source.text());
        if checked.has_errors() {
            return Err(ModelError::new(source, checked.diagnostics).into());
        }
        Ok(Self {
            source,
            checked: checked.model,
            warnings: checked.diagnostics,
            #[cfg(feature = "files")]
            folder: None,
        })
    }

    /// Reads and checks the model in a file. Files that it names are sought in its folder.
    ///
    /// # Errors
    /// [`Error::Data`] if the file cannot be read, [`Error::Model`] with everything that is wrong with its text.
    #[cfg(feature = "files")]
    pub fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let origin = path.display().to_string();
        let text = crate::data::read_text(path, LARGEST_TEXT)?;
        let mut model = Self::from_source(Source::new(origin, text))?;
        model.folder = Some(crate::data::Folder::new(path.parent().unwrap_or(path)));
        Ok(model)
    }

    /// Opens another folder for files that the model names.
    #[cfg(feature = "files")]
    #[must_use]
    pub fn allow(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        let known = self.folder.take().unwrap_or_else(|| crate::data::Folder::new("."));
        self.folder = Some(known.allow(folder));
        self
    }

    /// The text and its name.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The model as the compiler sees it.
    pub fn checked(&self) -> &CheckedModel {
        &self.checked
    }

    /// What is suspicious in the model.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Binds values: of parameters, of constants that have none in the model, and of sizes.
    ///
    /// Parameters may be left out, if their shapes are not needed, and given to
    /// [`Layer::solve`](crate::Layer::solve).
    ///
    /// # Errors
    /// [`Error::Model`] with every value that does not fit its declaration.
    pub fn bind(&self, data: &Data) -> Result<Bound<'_>, Error> {
        Bound::new(self, data)
    }

    /// Points errors about values at the declarations they concern.
    pub fn explain(&self, error: Error) -> Error {
        diagnose::explain(self, error)
    }

    fn error(&self, diagnostics: Vec<Diagnostic>) -> Error {
        ModelError::new(self.source.clone(), diagnostics).into()
    }
}

/// Models larger than this are not read.
#[cfg(feature = "files")]
const LARGEST_TEXT: u64 = 64 << 20;
