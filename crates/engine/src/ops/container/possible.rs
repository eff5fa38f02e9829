//! Whether containers can run here at all.

use runner::runtime::Runtime;

use crate::engine::Engine;

impl Engine {
    /// Why containers cannot run here; nothing where they can.
    pub fn why_no_containers(&self) -> Option<String> {
        if self.host.uid != 0 {
            return Some("Run it as root to see them.".to_owned());
        }
        let path = self.settings.inputs.path.as_deref();
        Runtime::find("", path, self.run_dir().runtime()).err().map(|error| error.to_string())
    }
}
