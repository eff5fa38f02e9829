//! What is asked for when another program is to run.

use serde::{Deserialize, Serialize};

/// Another program for a container that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecAsked {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables besides the container's own.
    pub env: Vec<String>,
    /// Where it starts; the container's own place when not given.
    pub workdir: Option<String>,
    /// Who it is; the container's own user when not given.
    pub user: Option<String>,
    /// Whether it has all capabilities.
    pub privileged: bool,
    /// Whether it has a terminal.
    pub tty: bool,
}
