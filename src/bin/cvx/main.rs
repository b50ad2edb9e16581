//! The command `cvx`: checks, shows, solves and differentiates models.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the command is where output is printed")]

mod atoms;
mod canon;
mod check;
mod explain;
mod failure;
mod file;
mod fix;
mod fmt;
mod grad;
mod input;
mod number;
mod output;
mod qp;
mod report;
mod settings;
mod solve;
mod tree;

use clap::{Parser, Subcommand};
use failure::Failure;
use std::process::ExitCode;

/// Keeps the memory of dense problems from one to the next.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Convex problems with parameters: check, solve and differentiate them.
///
/// A model in a .cvx file states variables, parameters, an objective and constraints. `cvx solve` finds the optimum
/// for given parameters; `cvx grad` tells how anything at the optimum moves when the parameters do.
#[derive(Debug, Parser)]
#[command(name = "cvx", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cvx check portfolio.cvx
  cvx solve portfolio.cvx --data portfolio.json
  cvx solve portfolio.cvx --data portfolio.json --param gamma=2 --json
  cvx grad  portfolio.cvx --data portfolio.json --of 'mu.T @ w'
  cvx canon portfolio.cvx --data portfolio.json --check portfolio.canon
  cvx atoms huber
  cvx explain E0301
  cvx fmt portfolio.cvx

Exit status:
  0 solved, or fine    1 `--check` found a difference    2 bad input
  3 infeasible         4 unbounded                             5 a limit was reached";

// Each command's own type says what it does.
#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Canon(canon::Canon),
    Solve(solve::Solve),
    Grad(grad::Grad),
    Atoms(atoms::Atoms),
    Explain(explain::Explain),
    Fmt(fmt::Fmt),
    Qp(qp::Qp),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check(command) => command.run(),
        Command::Canon(command) => command.run(),
        Command::Solve(command) => command.run(),
        Command::Grad(command) => command.run(),
        Command::Atoms(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Fmt(command) => command.run(),
        Command::Qp(command) => command.run(),
    };
    result.unwrap_or_else(Failure::report)
}
