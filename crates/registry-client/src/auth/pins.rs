//! Which token server a registry's credentials were given to, remembered (NET-5).

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Bytes of the file: thousands of registries fit.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Remembers which token server a registry's credentials were given to.
pub trait RealmPins: Send + Sync {
    /// The host that is known for a registry.
    ///
    /// # Errors
    /// Says in words why it cannot be known.
    fn pinned(&self, registry: &str) -> Result<Option<String>, String>;

    /// Remembers it.
    ///
    /// # Errors
    /// Says in words why it cannot.
    fn pin(&self, registry: &str, host: &str) -> Result<(), String>;
}

/// Pins for the life of the process.
#[derive(Debug, Default)]
pub struct MemoryPins(Mutex<HashMap<String, String>>);

impl RealmPins for MemoryPins {
    fn pinned(&self, registry: &str) -> Result<Option<String>, String> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(registry).cloned())
    }

    fn pin(&self, registry: &str, host: &str) -> Result<(), String> {
        let mut pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.insert(registry.to_owned(), host.to_owned());
        Ok(())
    }
}

/// Pins in a file: a JSON object of registries and hosts.
#[derive(Debug)]
pub struct FilePins {
    folder: PathBuf,
    name: String,
    /// Pins of this process, where the file cannot be written (a home that is read-only).
    memory: MemoryPins,
}

impl FilePins {
    /// Pins in the file `name` of a folder, made when the first pin is.
    pub fn new(folder: PathBuf, name: &str) -> FilePins {
        FilePins { folder, name: name.to_owned(), memory: MemoryPins::default() }
    }

    fn read(&self) -> Result<BTreeMap<String, String>, String> {
        let path = self.folder.join(&self.name);
        match disk::read_named(&path, FILE_BYTES_MAX) {
            Ok(bytes) => {
                spec::json::from_slice_strict(&bytes).map_err(|e| format!("{}: {e}", path.display()))
            }
            Err(error) if error.is_not_found() => Ok(BTreeMap::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn write(&self, pins: &BTreeMap<String, String>) -> Result<(), disk::Error> {
        let mut text = serde_json::to_string_pretty(pins).unwrap_or_default();
        text.push('\n');
        disk::create_private(&self.folder)?.replace(&self.name, text.as_bytes(), 0o600)
    }
}

impl RealmPins for FilePins {
    fn pinned(&self, registry: &str) -> Result<Option<String>, String> {
        match self.memory.pinned(registry)? {
            Some(host) => Ok(Some(host)),
            None => Ok(self.read()?.remove(registry)),
        }
    }

    fn pin(&self, registry: &str, host: &str) -> Result<(), String> {
        self.memory.pin(registry, host)?;
        let mut pins = self.read()?;
        if pins.get(registry).is_some_and(|known| known == host) {
            return Ok(());
        }
        pins.insert(registry.to_owned(), host.to_owned());
        match self.write(&pins) {
            Err(error) if error.is_read_only() => Ok(()),
            outcome => outcome.map_err(|error| error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_5_pins_outlive_the_process() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("strata");
        let pins = || FilePins::new(folder.clone(), "realms.json");
        assert_eq!(pins().pinned("reg"), Ok(None));
        pins().pin("reg", "auth.example").unwrap();
        pins().pin("other", "auth.other").unwrap();
        assert_eq!(pins().pinned("reg"), Ok(Some("auth.example".to_owned())));
        let text = std::fs::read_to_string(folder.join("realms.json")).unwrap();
        assert_eq!(text, "{\n  \"other\": \"auth.other\",\n  \"reg\": \"auth.example\"\n}\n");
        std::fs::write(folder.join("realms.json"), "[]").unwrap();
        assert!(pins().pinned("reg").is_err());
    }
}
