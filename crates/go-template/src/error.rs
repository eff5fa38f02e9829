//! Why a template could not be parsed or executed, in Go's words.

use std::fmt;

/// A template error. `Display` gives Go's whole text, which starts with `template: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The template text is malformed.
    Parse(String),
    /// The template does not fit the data.
    Execute(String),
}

impl Error {
    /// The text after `template: `.
    pub fn text(&self) -> &str {
        match self {
            Error::Parse(text) | Error::Execute(text) => text,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template: {}", self.text())
    }
}

impl std::error::Error for Error {}
