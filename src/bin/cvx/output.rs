//! Where text goes: results to standard output, everything else to standard error.

use cvxlayer::lang::diagnostics::render::{self, Style};
use cvxlayer::lang::{Diagnostic, Source};
use serde::Serialize;
use std::io::{self, Write};

/// Prints a result; styles are dropped where they would not show.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints text that has no styles.
pub(crate) fn plain(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints an object as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints an error. If even that fails, there is nobody left to tell.
pub(crate) fn error(message: &str) {
    let _ = writeln!(anstream::stderr(), "{}: {message}", style("31;1", "error"));
}

/// Prints diagnostics with the part of the text that they are about.
pub(crate) fn diagnostics(source: &Source, diagnostics: &[Diagnostic]) {
    let _ = anstream::stderr().write_all(render::render_all(source, diagnostics, Style::Coloured).as_bytes());
}

/// Text for a heading.
pub(crate) fn bold(text: &str) -> String {
    style("1", text)
}

/// Text of less importance.
pub(crate) fn dim(text: &str) -> String {
    style("2", text)
}

fn style(code: &str, text: &str) -> String {
    format!("\x1b[{code}m{text}\x1b[0m")
}
