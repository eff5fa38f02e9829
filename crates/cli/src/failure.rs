//! How a command ends when it does not end well.
use engine::{Error, ErrorKind};

use crate::term::escape;

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

    /// Exit code of what SIGINT ended.
    pub const INTERRUPTED: u8 = 130;

    /// The engine's answer to a request, told as Docker's client tells its daemon's.
    pub fn daemon(error: &Error) -> Self {
        Self::told("Error response from daemon: ", error)
    }

    /// The engine's failure at something that Docker's client does itself, or finds in a stream of messages.
    pub fn client(error: &Error) -> Self {
        Self::told("", error)
    }

    fn told(prefix: &str, error: &Error) -> Self {
        let mut message = format!("{prefix}{}", escape::layout(&error.to_string()));
        for hint in hints(error) {
            message.push_str("\nhint: ");
            message.push_str(&escape::layout(hint));
        }
        Self::new(message)
    }

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

/// The ways out that are shown. Where Docker has words for a failure they are the whole answer, so that
/// scripts that read them find nothing else.
fn hints(error: &Error) -> &[String] {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Unauthorized | ErrorKind::Denied => &[],
        _ => error.hints(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_follow_where_docker_has_no_words() {
        let check = |kind, expect: &str| {
            let error = Error::new(kind, "no room\x1b").with_hint("buy a disk");
            assert_eq!(Failure::daemon(&error).message.as_deref(), Some(expect));
        };
        check(ErrorKind::Internal, "Error response from daemon: no room\\x1b\nhint: buy a disk");
        check(ErrorKind::NotFound, "Error response from daemon: no room\\x1b");
    }
}
