//! Bounds that keep hostile text from costing unbounded time or memory.

/// The largest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// How deep brackets, signs and powers may nest.
///
/// Pest and the tree builder recurse once for each level, and an overflow of the stack would abort the process, so
/// the depth is bounded on the tokens, before either runs. Without optimization a level was measured to take up to
/// 16 KiB, so that the whole stays within 1 MiB, half of what a thread gets by default.
pub const MAX_NESTING: usize = 64;

/// How many diagnostics are returned; nobody reads more.
pub const MAX_DIAGNOSTICS: usize = 100;

/// How many diagnostics are collected. More than are returned, since they are found stage by stage, and the first ones
/// of the text are wanted.
pub const MAX_FINDINGS: usize = 1000;
