//! The one error of this crate: what was being done, to which path, and what the system said.

use std::io;
use std::path::{Path, PathBuf};

/// An operation on a path that failed; reads as Go's path errors do (`open /x: no such file or directory`).
#[derive(Debug, thiserror::Error)]
#[error("{operation} {}: {}", path.display(), errno_text(source))]
pub struct Error {
    operation: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// What every function here returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `operation` (a verb such as `open`) on `path`.
    pub fn new(operation: &'static str, path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Error {
        Error { operation, path: path.into(), source: source.into() }
    }

    /// The same failure, said of another operation.
    pub(crate) fn during(self, operation: &'static str) -> Error {
        Error { operation, ..self }
    }

    /// The path that was worked on.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of the system's error.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// The system's number of the error, where it has one.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.raw_os_error()
    }

    /// Whether the path was not there.
    pub fn is_not_found(&self) -> bool {
        self.kind() == io::ErrorKind::NotFound
    }

    /// Whether the disk or a quota is full.
    pub fn is_full(&self) -> bool {
        matches!(self.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// Whether nothing can be written there, for want of permission or because the file system is read-only.
    pub fn is_read_only(&self) -> bool {
        matches!(self.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        io::Error::new(error.kind(), error)
    }
}

/// The system's words for an error, as Go writes them: no capital, no number.
pub fn errno_text(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(code) = error.raw_os_error() else { return text };
    let text = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !text[first.len_utf8()..].starts_with(|c: char| c.is_uppercase()) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_go() {
        let check = |code: i32, expect: &str| {
            assert_eq!(errno_text(&io::Error::from_raw_os_error(code)), expect);
        };
        check(2, "no such file or directory");
        check(28, "no space left on device");
        check(13, "permission denied");
        let error = Error::new("open", "/x", io::Error::from_raw_os_error(2));
        assert_eq!(error.to_string(), "open /x: no such file or directory");
        assert!(error.is_not_found());
    }
}
