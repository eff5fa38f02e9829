//! Bounds on what a template may cost. A format string is typed by a user, but it also comes from
//! configuration files and scripts, and must not be able to take the machine down.

/// Deepest nesting of control structures and parentheses. Real templates stay below ten; each level costs
/// the parser a few stack frames.
pub const NESTING_MAX: usize = 200;

/// Deepest nesting of running control structures, parentheses and `template` calls together. Go allows
/// 100000 calls because its stacks grow; ours must fit a thread's 2 MiB also in a debug build.
pub const DEPTH_MAX: usize = 500;

/// Most bytes that one execution may write, and longest string that it may build. The JSON of ten thousand
/// images is about a quarter of this.
pub const OUTPUT_BYTES_MAX: usize = 64 << 20;

/// Most elements that a list made by the template (`split`) may have.
pub const LIST_ITEMS_MAX: usize = 1 << 20;

/// Most nodes that one execution may visit, so that `{{range 9000000000}}{{end}}` ends: some seconds of work.
pub const STEPS_MAX: u64 = 50_000_000;
