//! A throw-away folder with the samples in it.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::error::{Error, ErrorKind, Result};

/// A folder that nobody else can enter, with `samples.tar` in it; gone when this is dropped.
#[derive(Debug)]
pub struct Workshop {
    parent: disk::Dir,
    name: String,
    folder: PathBuf,
    keep: bool,
}

impl Workshop {
    /// Makes the folder below `parent` and the archive of the samples, as if made before `now`.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn open(parent: &Path, now: Timestamp) -> Result<Workshop> {
        let parent = disk::Dir::open(parent)?;
        let name = format!("strata-demo-{}-{:x}", std::process::id(), now.as_nanosecond());
        let folder = parent.make_dir(&name)?;
        let workshop = Workshop { folder: folder.path().to_owned(), parent, name, keep: false };
        let failed =
            |e: std::io::Error| Error::new(ErrorKind::Internal, format!("make the sample images: {e}"));
        let mut file = folder.create("samples.tar", 0o600)?;
        super::archive(now).and_then(|bytes| file.write_all(&bytes)).map_err(failed)?;
        Ok(workshop)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Leaves the folder behind; where it is.
    pub fn keep(mut self) -> PathBuf {
        self.keep = true;
        self.folder.clone()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if !self.keep {
            // A temporary folder: what cannot be removed goes when the machine cleans up.
            let _ = self.parent.remove_all(&self.name);
        }
    }
}
