//! Bounds that keep hostile text from costing unbounded time or memory.

/// The largest text that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// How deep brackets, signs and powers may nest.
///
/// Pest and the tree builder recurse once for each level, and an overflow of the stack would abort the process, so
/// the depth is bounded on the tokens, before either runs. Measured in a debug build a level takes under 8 KiB.
pub const MAX_NESTING: usize = 100;

/// How many diagnostics are kept; nobody reads more.
pub const MAX_DIAGNOSTICS: usize = 100;
