//! `export`: a container's files as one archive.

use std::io::Write;
use std::path::Path;

use layer::tar::Writer;

use super::files::{Archive, Packing};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// How a failure begins that is about the file to write, not about the container.
pub const EXPORT_FAILED: &str = "failed to export container: ";

impl Engine {
    /// Writes a container's files into a stream, sorted by name; what is mounted in it stays out.
    ///
    /// # Errors
    /// When there is no such container, or the stream does not take it.
    pub fn export_container(&self, text: &str, out: &mut dyn Write) -> Result<()> {
        let found = self.container(text)?;
        let files = self.container_files(&found, false)?;
        let mut archive = Archive(Writer::new(out));
        Packing::new(self, &files.view, &mut archive).pack(b"", b"")?;
        archive.finish()
    }

    /// Writes a container's files into a file, which appears when it is complete.
    ///
    /// # Errors
    /// As [`Engine::export_container`], or when there can be no such file.
    pub fn export_container_to(&self, text: &str, path: &Path) -> Result<()> {
        let failed = |error: disk::OutputError| {
            Error::new(ErrorKind::InvalidArgument, format!("{EXPORT_FAILED}{error}"))
        };
        let mut file = disk::Output::create(path).map_err(failed)?;
        self.export_container(text, &mut file)?;
        file.commit().map_err(failed)
    }
}
