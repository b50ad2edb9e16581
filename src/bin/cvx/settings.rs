//! How to solve.

use clap::{Args, ValueEnum};
use cvxlayer::{Control, Method, Plain, Settings};
use std::time::{Duration, Instant};

/// How to solve.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Solver")]
pub(crate) struct Solver {
    /// The forward method
    #[arg(long, value_enum, default_value_t = Forward::Auto)]
    method: Forward,
    /// Largest relative residual of a solved problem [default: 1e-9]
    #[arg(long, value_name = "X")]
    tolerance: Option<f64>,
    /// Give up after so many iterations
    #[arg(long, value_name = "N")]
    max_iterations: Option<usize>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<f64>,
    /// Run the published alternating recursion literally, for study: no scaling, adaptation or exact finish
    #[arg(long)]
    plain: bool,
    /// The step ρ of the plain recursion, or of the alternating method [default: 1, or chosen]
    #[arg(long, value_name = "R")]
    rho: Option<f64>,
    /// The number of steps of the plain recursion [default: 1000]
    #[arg(long, value_name = "K", requires = "plain")]
    steps: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Forward {
    /// Chosen by structure, switched when progress stalls
    Auto,
    /// The alternating recursion of Alt-Diff, finished exactly
    Alternating,
    /// Active-set pivoting in the dual
    ActiveSet,
    /// A proximal interior-point method, finished exactly
    Interior,
    /// Newton's method on the dual of the rows, where P is diagonal and they are few
    DualNewton,
}

impl Forward {
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Auto => Method::Auto,
            Self::Alternating => Method::Alternating,
            Self::ActiveSet => Method::ActiveSet,
            Self::Interior => Method::Interior,
            Self::DualNewton => Method::DualNewton,
        }
    }
}

impl Solver {
    pub(crate) fn settings(&self) -> Settings {
        let standard = if self.plain { Settings::paper() } else { Settings::default() };
        let plain = Plain::default();
        Settings {
            method: if self.method == Forward::Auto { standard.method } else { self.method.method() },
            tolerance: self.tolerance.unwrap_or(standard.tolerance),
            max_iterations: self.max_iterations.or(standard.max_iterations),
            rho: if self.plain { None } else { self.rho },
            plain: self.plain.then(|| Plain {
                rho: self.rho.unwrap_or(plain.rho),
                steps: self.steps.unwrap_or(plain.steps),
            }),
            ..standard
        }
    }

    /// A callback that stops the solve when its time is up.
    pub(crate) fn clock(&self) -> impl FnMut(&cvxlayer::Progress) -> Control + use<> {
        let limit = self.time_limit.and_then(|s| Duration::try_from_secs_f64(s).ok());
        let start = Instant::now();
        move |_| match limit {
            Some(limit) if start.elapsed() >= limit => Control::OutOfTime,
            _ => Control::Continue,
        }
    }
}

/// The name of a method, as the option has it.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Alternating => "alternating",
        Method::ActiveSet => "active-set",
        Method::Interior => "interior",
        Method::DualNewton => "dual-newton",
        Method::Outside => "outside",
        _ => "auto",
    }
}
