//! The Dockerfile language; so far the instructions that change what an image runs, as the `--change` option of
//! `import` and `commit` takes them.
//!
//! Text becomes typed [`Change`]s, and these are applied to an image's run config. Both follow what Docker does,
//! its wording of refusals included. Nothing here reads a file, a clock or the environment, and what any text
//! may cost is bounded ([`limits`]).
//!
//! ```
//! let changes = dockerfile::Changes::parse(&["ENV A=1".to_owned(), "CMD echo hi".to_owned()])?;
//! let mut run = serde_json::Map::new();
//! changes.apply(&mut run)?;
//! assert_eq!(run["Env"], serde_json::json!(["A=1"]));
//! assert_eq!(run["Cmd"], serde_json::json!(["/bin/sh", "-c", "echo hi"]));
//! # Ok::<(), dockerfile::Error>(())
//! ```

mod change;
mod duration;
mod error;
mod expand;
mod flags;
mod health;
mod json_form;
pub mod limits;
mod ports;
mod quote;
mod run_config;
mod signal;
mod source;
mod words;

pub use change::{Change, Changes, CommandLine};
pub use error::{Error, Result};
pub use health::HealthCheck;
