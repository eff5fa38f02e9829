//! How a command ends when it does not end well.

/// Result of a command.
pub type Outcome = Result<(), Failure>;

/// A command that did not succeed: the exit code, and what standard error still has to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The process's exit code.
    pub exit: u8,
    /// Printed to standard error with a final newline; `None` when everything has been said.
    pub message: Option<String>,
}

impl Failure {
    /// Exit code of an ordinary error.
    pub const ERROR: u8 = 1;
    /// Exit code of a template that cannot be parsed, in the inspect commands.
    pub const TEMPLATE: u8 = 64;
    /// Exit code of an unknown or invalid flag.
    pub const FLAG: u8 = 125;

    /// An ordinary error: exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self::with_exit(Self::ERROR, message)
    }

    /// An error with an exit code of its own.
    pub fn with_exit(exit: u8, message: impl Into<String>) -> Self {
        Self { exit, message: Some(message.into()) }
    }

    /// An exit code and nothing more to say.
    pub fn silent(exit: u8) -> Self {
        Self { exit, message: None }
    }
}
