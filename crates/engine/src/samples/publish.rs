//! Samples in a registry, which then stands in for Docker Hub.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::engine::Engine;
use crate::error::Result;
use crate::event::Silent;
use crate::ops::{LoadSource, Push};

/// The sample whose digest is asked for in the demonstration.
const PINNED: &str = "library/alpine";

impl Engine {
    /// The same engine with its store at another place.
    #[must_use]
    pub fn at(mut self, root: PathBuf) -> Engine {
        self.settings.root.value = root;
        self
    }

    /// Pushes every sample of `samples.tar` in `folder` to the registry at `host`, under its own path. The digest
    /// that alpine has there.
    ///
    /// # Errors
    /// When the archive cannot be loaded or the registry does not take something.
    pub fn publish_samples(&self, folder: &Path, host: &str) -> Result<String> {
        self.load(LoadSource::Path(folder.join("samples.tar")), None, &Silent)?;
        let mut pinned = String::new();
        for name in super::names() {
            let path = name.strip_prefix("docker.io/").unwrap_or(name);
            let target = format!("{host}/{path}");
            self.tag(name, &target)?;
            let request = Push { reference: target, all_tags: false, platform: None };
            let pushed = self.push(&request, &Silent)?;
            if path.starts_with(PINNED) {
                pinned = pushed.images.first().map_or_else(String::new, |image| image.digest.to_string());
            }
        }
        Ok(pinned)
    }
}

/// Writes a `daemon.json` into `folder` that makes the registry at `url` the mirror of Docker Hub.
///
/// # Errors
/// When it cannot be written.
pub fn write_daemon_config(folder: &Path, url: &str) -> Result<()> {
    let config = json!({"registry-mirrors": [url]});
    Ok(disk::Dir::open(folder)?.replace("daemon.json", config.to_string().as_bytes(), 0o600)?)
}
