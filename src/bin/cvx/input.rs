//! What the subcommands read: a model or a program, and values.

use crate::failure::Failure;
use crate::output;
use clap::Args;
use cvxlayer::program::Program;
use cvxlayer::{Bound, Data, Error, Layer, Model, Params, Settings};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A model and the values for it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Input {
    /// The model (.cvx), or a program that `cvx canon --json` wrote (.json)
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) values: Values,
}

/// Values by name.
#[derive(Clone, Debug, Args)]
pub(crate) struct Values {
    /// A file of values by name: .json, .toml or .npz; may be repeated, and later files win
    #[arg(long = "data", short = 'd', value_name = "FILE")]
    pub(crate) data: Vec<PathBuf>,
    /// One value, as JSON or from a file (.csv, .npy, .npz, .mtx, .json); wins over files
    #[arg(long = "param", short = 'p', value_name = "NAME=VALUE|NAME=@FILE")]
    pub(crate) params: Vec<String>,
    /// Let the model name files in this folder too, besides its own
    #[arg(long = "allow-path", value_name = "FOLDER")]
    pub(crate) allow: Vec<PathBuf>,
}

impl Values {
    /// Reads everything that was given.
    pub(crate) fn read(&self) -> Result<Data, Error> {
        let mut data = Data::new();
        for path in &self.data {
            data.read_file(path)?;
        }
        for argument in &self.params {
            data.read_argument(argument)?;
        }
        Ok(data)
    }

    pub(crate) fn model(&self, path: &Path) -> Result<Model, Error> {
        let model = Model::from_file(path)?;
        Ok(self.allow.iter().fold(model, Model::allow))
    }
}

/// A model from its text, or a program without it.
#[derive(Debug)]
pub(crate) enum Loaded {
    Model(Box<Model>),
    Program(Box<Program>),
}

impl Input {
    /// Reads the model or program. Its mistakes come before those of values.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        if self.model.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            let origin = self.model.display().to_string();
            let text = cvxlayer::data::read_text(&self.model, LARGEST_PROGRAM)?;
            let program =
                cvxlayer::read_program(&text).map_err(|e| Failure::Message(format!("{origin}: {e}")))?;
            return Ok(Loaded::Program(Box::new(program)));
        }
        Ok(Loaded::Model(Box::new(self.values.model(&self.model)?)))
    }
}

/// Programs larger than this are not read.
const LARGEST_PROGRAM: u64 = 4 << 30;

/// A layer with the parameters to solve it at.
#[derive(Debug)]
pub(crate) struct Ready<'a> {
    pub(crate) layer: Layer,
    pub(crate) params: Params,
    /// Values bound to the model, if there is one.
    pub(crate) bound: Option<Bound<'a>>,
    /// From text to layer, without reading data.
    pub(crate) compile: Duration,
}

impl Loaded {
    /// Binds values and compiles; `read` is how long it took to read the model.
    pub(crate) fn ready(
        &self,
        data: &Data,
        settings: Settings,
        read: Duration,
    ) -> Result<Ready<'_>, Failure> {
        let start = Instant::now();
        match self {
            Self::Model(model) => {
                let bound = model.bind(data)?;
                bound.complete()?;
                let layer = bound.layer(settings)?;
                let params = bound.params().clone();
                Ok(Ready { layer, params, bound: Some(bound), compile: read + start.elapsed() })
            }
            Self::Program(program) => {
                let params = Params::from_data(data, program);
                let layer = Layer::new((**program).clone(), settings)?;
                Ok(Ready { layer, params, bound: None, compile: read + start.elapsed() })
            }
        }
    }

    /// Points an error about values at declarations, where there is a text.
    pub(crate) fn explain(&self, error: Error) -> Failure {
        Failure::Input(match self {
            Self::Model(model) => model.explain(error),
            Self::Program(_) => error,
        })
    }

    /// Shows what is suspicious in a model.
    pub(crate) fn warn(&self) {
        if let Self::Model(model) = self {
            output::diagnostics(model.source(), model.warnings());
        }
    }
}
