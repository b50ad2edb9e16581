//! A model with values bound to its names.

use super::constant::{constant, diagonal, pattern};
use super::{Model, ModelError, diagnose};
use crate::data::{Array, Data, Datum, ValueError, ValueFault};
use crate::derivative::Expression;
use crate::engine::Settings;
use crate::error::Error;
use crate::layer::Layer;
use crate::params::{Params, nearest};
use crate::passes;
use cvxlayer_lang::diagnostics::codes;
use cvxlayer_lang::{Diagnostic, Inputs, Source};
use cvxlayer_program::Program;
use std::borrow::Cow;

/// A model with values bound to its names, ready to be compiled.
#[derive(Clone, Debug)]
pub struct Bound<'m> {
    model: &'m Model,
    inputs: Inputs,
    params: Params,
}

impl<'m> Bound<'m> {
    pub(super) fn new(model: &'m Model, data: &Data) -> Result<Self, Error> {
        let mut bound = Self { model, inputs: Inputs::default(), params: Params::new() };
        let mut errors = Vec::new();
        bound.read_files(&mut errors);
        for (name, datum) in data.iter() {
            if let Err(fault) = bound.take(name, datum) {
                errors.push(bound.refuse(name, Some(&datum.origin), fault));
            }
        }
        if errors.is_empty() { Ok(bound) } else { Err(model.error(errors)) }
    }

    /// The values of parameters that were given.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Checks that every parameter has a value or a default.
    ///
    /// # Errors
    /// [`Error::Model`] with all that have none.
    pub fn complete(&self) -> Result<&Self, Error> {
        let missing: Vec<_> =
            self.missing().map(|name| self.refuse(name, None, ValueFault::Missing)).collect();
        if missing.is_empty() { Ok(self) } else { Err(self.model.error(missing)) }
    }

    fn missing(&self) -> impl Iterator<Item = &str> {
        let checked = &self.model.checked;
        let needed = checked.parameters.iter().filter(|p| p.default.is_none()).map(|p| &p.name);
        needed.map(String::as_str).filter(|name| self.params.get(name).is_none())
    }

    /// Compiles the model.
    ///
    /// # Errors
    /// [`Error::Model`] if sizes, constants or indices do not fit.
    pub fn program(&self) -> Result<Program, Error> {
        let lowered = cvxlayer_lang::lower(&self.model.checked, &self.inputs).map_err(|errors| {
            // A size that is not known for want of a value is the lesser news.
            let sizes =
                errors.iter().all(|e| e.code == codes::UNKNOWN_SIZE || e.code == codes::MISSING_PATTERN);
            match self.complete() {
                Err(missing) if sizes => missing,
                _ => self.model.error(errors),
            }
        })?;
        passes::fold(lowered).map_err(|e| self.model.explain(e))
    }

    /// Compiles the model to a layer.
    ///
    /// # Errors
    /// As [`program`](Self::program), and if the engine refuses the settings.
    pub fn layer(&self, settings: Settings) -> Result<Layer, Error> {
        Layer::new(self.program()?, settings).map_err(|e| self.model.explain(e))
    }

    /// Compiles an expression of variables, lets, duals, `objective` and parameters; it need not be convex.
    ///
    /// # Errors
    /// [`Error::Model`] with everything that is wrong with the text; places are in it.
    pub fn expression(&self, program: &Program, text: &str) -> Result<Expression, Error> {
        let text = &quoted_positions(text);
        cvxlayer_lang::lower_expression(&self.model.checked, &self.inputs, program, text)
            .map(Expression::from)
            .map_err(|errors| ModelError::new(Source::new("the expression", text), errors).into())
    }

    /// Reads the files that the model names.
    fn read_files(&mut self, errors: &mut Vec<Diagnostic>) {
        for declared in &self.model.checked.constants {
            let Some(path) = &declared.file else { continue };
            let refuse = |code, message: String| {
                Diagnostic::error(code, format!("`{path}`: {message}")).at(declared.file_span, "named here")
            };
            match self.read_file(path, &declared.name) {
                Ok(datum) => {
                    if let Err(fault) = self.take_constant(&declared.name, &datum) {
                        errors.push(self.refuse(&declared.name, Some(&datum.origin), fault));
                    }
                }
                Err((outside, message)) => {
                    errors.push(refuse(
                        if outside { codes::FILE_OUTSIDE } else { codes::UNREADABLE_FILE },
                        message,
                    ));
                }
            }
        }
    }

    /// Reads a file of the model's folder; an error says whether the path is the matter.
    #[cfg(feature = "files")]
    fn read_file(&self, path: &str, name: &str) -> Result<Datum, (bool, String)> {
        /// What a model from a stranger may make us read.
        const LARGEST: u64 = 1 << 30;
        let Some(folder) = &self.model.folder else {
            return Err((
                false,
                "a model without a folder cannot read files; give the value with the data".to_owned(),
            ));
        };
        let file = folder.resolve(path)?;
        crate::data::read_value(&file, Some(name), LARGEST)
            .map(|datum| Datum { origin: path.to_owned(), ..datum })
            .map_err(|error| match error {
                Error::Data { message, .. } => (false, message),
                other => (false, other.to_string()),
            })
    }

    #[cfg(not(feature = "files"))]
    #[expect(clippy::unused_self, reason = "its twin reads files beside the model")]
    fn read_file(&self, _path: &str, _name: &str) -> Result<Datum, (bool, String)> {
        Err((false, "files are not read here; give the value with the data".to_owned()))
    }

    /// Takes a value for a name.
    fn take(&mut self, name: &str, datum: &Datum) -> Result<(), ValueFault> {
        if !datum.origin.is_empty() {
            self.inputs.origins.insert(name.to_owned(), datum.origin.clone());
        }
        let checked = &self.model.checked;
        if let Some(declared) = checked.parameters.iter().find(|p| p.name == name) {
            let value = in_rank(datum, declared.shape.len());
            let value = diagonal(&declared.kind, &value).into_owned();
            self.inputs.shapes.insert(name.to_owned(), value.axes().to_vec());
            if declared.kind.sparse {
                self.inputs.patterns.insert(name.to_owned(), pattern(&value));
            }
            match datum.origin.as_str() {
                "" => self.params.set(name, value),
                origin => self.params.set_from(name, value, origin),
            };
            return Ok(());
        }
        if checked.constants.iter().any(|c| c.name == name) {
            return self.take_constant(name, datum);
        }
        if checked.dims.iter().any(|d| d.name == name) || checked.sizes.iter().any(|s| s.name == name) {
            let value = datum.value.scalar().filter(|v| v.fract() == 0.0 && (0.0..4e9).contains(v));
            let Some(value) = value else {
                let given = datum.value.values().first().copied().unwrap_or(f64::NAN);
                return Err(ValueFault::Domain {
                    rule: "a size".to_owned(),
                    at: String::new(),
                    value: given,
                });
            };
            self.inputs.sizes.insert(name.to_owned(), value as usize);
            return Ok(());
        }
        let known = checked.parameters.iter().map(|p| p.name.as_str());
        let known = known.chain(checked.constants.iter().map(|c| c.name.as_str()));
        let known = known.chain(checked.dims.iter().map(|d| d.name.as_str()));
        Err(ValueFault::Unknown(nearest(name, known).map(str::to_owned)))
    }

    fn take_constant(&mut self, name: &str, datum: &Datum) -> Result<(), ValueFault> {
        let Some(declared) = self.model.checked.constants.iter().find(|c| c.name == name) else {
            return Err(ValueFault::Unknown(None));
        };
        if declared.init.is_some() {
            return Err(ValueFault::Fixed);
        }
        let value = constant(declared, &in_rank(datum, declared.shape.len()))?;
        if !datum.origin.is_empty() {
            self.inputs.origins.insert(name.to_owned(), datum.origin.clone());
        }
        self.inputs.shapes.insert(name.to_owned(), value.shape.clone());
        self.inputs.constants.insert(name.to_owned(), value);
        Ok(())
    }

    fn refuse(&self, name: &str, origin: Option<&str>, fault: ValueFault) -> Diagnostic {
        let origin = origin.filter(|o| !o.is_empty()).map(str::to_owned);
        let error = ValueError { name: name.to_owned(), origin, declaration: String::new(), fault };
        diagnose::diagnostic(self.model, &error)
    }
}

/// A value in the rank that its declaration has, if it is from a table.
fn in_rank(datum: &Datum, rank: usize) -> Cow<'_, Array> {
    if datum.table { datum.value.of_rank(rank) } else { Cow::Borrowed(&datum.value) }
}

/// `dual(#1)` with the position, which is no name of the language, as a text.
fn quoted_positions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split("(#");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (position, rest) = part.split_at(end);
        out.extend(["(\"#", position, "\"", rest]);
    }
    out
}
