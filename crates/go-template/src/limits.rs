//! Bounds on what a template may cost. A format string is typed by a user, but it also comes from
//! configuration files and scripts, and must not be able to take the machine down.

/// Deepest nesting of control structures and parentheses. Real templates stay below ten; each level costs
/// the parser a few stack frames.
pub const NESTING_MAX: usize = 100;

/// Deepest nesting of running control structures, parentheses and `template` calls together. Go allows
/// 100000 calls because its stacks grow; ours must fit a thread's 2 MiB also in a debug build.
pub const DEPTH_MAX: usize = 500;

/// Most bytes that one execution may write, and longest string that it may build. One row or one inspected
/// object takes some kilobytes; this leaves room for a thousand times that and fits any machine.
pub const OUTPUT_BYTES_MAX: usize = 64 << 20;

/// Most elements that a list made by the template (`split`) may have.
pub const LIST_ITEMS_MAX: usize = 1 << 20;

/// Most steps that one execution may take, so that `{{range 9000000000}}{{end}}` ends within a second or two.
/// A step is a node, a round of a loop, or [`STEP_BYTES`] of what a function returned.
pub const STEPS_MAX: u64 = 10_000_000;

/// Bytes made by a function that count as a step: copying them costs about as much as visiting a node.
pub const STEP_BYTES: usize = 64;
