//! Whose credentials are shown to registries: those of Docker's configuration folder.

use std::path::PathBuf;
use std::sync::Arc;

use registry_client::{ConfigKeychain, FilePins, HelperPrograms, MemoryPins, RealmPins};

use crate::engine::Engine;
use crate::event::{Event, Events};

/// Beside the credentials: which token servers they were given to (NET-5).
const PINS_FILE: &str = "strata-realms.json";
/// The home of those who have none: nothing can be read or kept there.
const NO_HOME: &str = "/nonexistent/.docker";

impl Engine {
    /// The credentials of the user's configuration. Nothing is read before a registry asks for them.
    pub(crate) fn keychain(&self) -> ConfigKeychain {
        let folder = self.settings.docker_config.clone().unwrap_or_else(|| NO_HOME.into());
        let variable = self.settings.inputs.auth_config.clone();
        let path = self.settings.inputs.path.clone().unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        ConfigKeychain::new(folder, variable, HelperPrograms::new(folders))
    }

    /// The token servers that credentials were given to.
    pub(crate) fn realm_pins(&self) -> Arc<dyn RealmPins> {
        match &self.settings.docker_config {
            Some(folder) => Arc::new(FilePins::new(folder.clone(), PINS_FILE)),
            None => Arc::new(MemoryPins::default()),
        }
    }

    /// Tells of a file of credentials that others can read (KEY-1).
    pub(crate) fn warn_of_readable_credentials(&self, events: &dyn Events) {
        if let Some(warning) = self.keychain().warning() {
            events.emit(Event::Warning(warning));
        }
    }
}
