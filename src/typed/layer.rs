//! The typed layer.

use super::{Problem, Solved};
use crate::data::{ValueError, ValueFault, check, declaration};
use crate::engine::{Control, Settings};
use crate::error::Error;
use crate::layer::Layer;
use crate::lifting::Lifted;
use crate::params::Params;
use crate::passes;
use cvxlayer_program::{Parameter, Program, Shape, Storage};
use std::fmt;
use std::marker::PhantomData;

/// A layer whose parameters and solutions are the structs of a [`Problem`].
pub struct TypedLayer<P> {
    layer: Layer,
    problem: PhantomData<fn() -> P>,
}

impl<P> Clone for TypedLayer<P> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.clone(), problem: PhantomData }
    }
}

impl<P> fmt::Debug for TypedLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layer.fmt(f)
    }
}

impl<P: Problem> TypedLayer<P> {
    /// Makes a layer of the problem's program.
    ///
    /// # Errors
    /// If an expression without parameters has no value, or the engine refuses the constant parts or the settings.
    pub fn new(program: Program, settings: Settings) -> Result<Self, Error> {
        Ok(Self { layer: Layer::new(passes::fold(program)?, settings)?, problem: PhantomData })
    }

    /// Compiles a model's text with what it leaves open, and makes a layer of it; the name is what messages show.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if what is given does not fit the model.
    #[cfg(feature = "lang")]
    pub fn compile(name: &str, text: &str, data: &crate::Data, settings: Settings) -> Result<Self, Error> {
        let model = crate::Model::from_source(cvxlayer_lang::Source::new(name, text))?;
        let layer = model.bind(data)?.layer(settings)?;
        Ok(Self { layer, problem: PhantomData })
    }

    /// The layer without types.
    pub fn untyped(&self) -> &Layer {
        &self.layer
    }

    /// Parameters at their defaults; zero (or empty) where there is none.
    pub fn defaults(&self) -> P::Params {
        let mut out = P::zero_params();
        for (i, parameter) in self.layer.program().parameters.iter().enumerate() {
            let Some(default) = &parameter.default else { continue };
            let Some(field) = P::parameter_mut(&mut out, i) else { continue };
            let entries: Vec<f64> = match default.0[..] {
                [value] => vec![value; parameter.len()],
                _ => parameter.positions().iter().map(|&at| default.0[at]).collect(),
            };
            field.read(&stored_shape(parameter).axes(), &entries);
        }
        out
    }

    /// Solves the problem at the given parameters.
    ///
    /// # Errors
    /// As [`Layer::solve`].
    pub fn solve(&self, params: &P::Params) -> Result<Solved<P>, Error> {
        self.solve_from(params, None)
    }

    /// As [`solve`](Self::solve), starting from an earlier solution.
    ///
    /// # Errors
    /// As [`Layer::solve`].
    pub fn solve_from(&self, params: &P::Params, warm: Option<&Solved<P>>) -> Result<Solved<P>, Error> {
        let lifted = self.lifted(params)?;
        let warm = warm.map(Solved::untyped);
        Ok(Solved::new(self.layer.solve_lifted(lifted, warm, &mut |_| Control::Continue)?))
    }

    /// Solves the problem at each of several parameters; see [`Layer::solve_batch`].
    pub fn solve_batch(&self, batch: &[P::Params]) -> Vec<Result<Solved<P>, Error>> {
        let lifted = batch.iter().map(|params| self.lifted(params)).collect();
        let solved = self.layer.solve_lifted_batch(lifted);
        solved.into_iter().map(|solution| solution.map(Solved::new)).collect()
    }

    fn lifted(&self, params: &P::Params) -> Result<Lifted, Error> {
        let program = self.layer.program();
        let mut theta = vec![0.0; program.lift.theta];
        theta_into::<P>(program, params, &mut theta)?;
        Lifted::at(program, theta, &Params::new())
    }
}

/// The shape of the entries that are stored of a parameter.
pub(super) fn stored_shape(parameter: &Parameter) -> Shape {
    match parameter.storage {
        Storage::Dense => parameter.shape,
        _ => Shape::Vector(parameter.len()),
    }
}

/// Hands over the sizes of a shape's axes.
pub(super) fn with_axes(shape: Shape, read: &mut dyn FnMut(&[usize])) {
    match shape {
        Shape::Scalar => read(&[]),
        Shape::Vector(n) => read(&[n]),
        Shape::Matrix(m, n) => read(&[m, n]),
    }
}

/// θ, from the fields of the parameters' struct. Every value that does not fit is reported.
pub(super) fn theta_into<P: Problem>(
    program: &Program,
    params: &P::Params,
    theta: &mut [f64],
) -> Result<(), Error> {
    let mut errors = Vec::new();
    for (i, parameter) in program.parameters.iter().enumerate() {
        let entries = &mut theta[parameter.start..parameter.start + parameter.len()];
        let shape = stored_shape(parameter);
        let fault = match P::parameter(params, i).or_else(|| P::constant(i)) {
            None => Err(ValueFault::Missing),
            Some(field) if !field.fits(shape) => {
                let declared = match shape {
                    Shape::Scalar => "a number".to_owned(),
                    shape => shape.to_string(),
                };
                Err(ValueFault::Shape { given: field.axes(), declared })
            }
            Some(field) => {
                field.write(entries);
                check(parameter, entries)
            }
        };
        if let Err(fault) = fault {
            let (name, declaration) = (parameter.name.to_string(), declaration(parameter));
            errors.push(ValueError { name, origin: None, declaration, fault });
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Values(errors)) }
}
