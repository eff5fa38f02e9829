//! What every command gets besides its arguments.
use crate::{Environment, Ui};

/// The outside world of one invocation: the streams and the environment.
#[derive(Debug)]
pub struct Context {
    /// The standard streams.
    pub ui: Ui,
    /// The environment variables.
    pub env: Environment,
}
