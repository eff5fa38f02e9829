//! Whether containers can run here at all.

use runner::runtime::Runtime;
use runner::user_namespace;

use crate::engine::Engine;

impl Engine {
    /// Why containers cannot run here; nothing where they can.
    pub fn why_no_containers(&self) -> Option<String> {
        if let Some(why) = user_namespace::why_none().filter(|_| self.is_ordinary_user()) {
            return Some(format!("They need a user namespace: {why}."));
        }
        let path = self.settings.inputs.path.as_deref();
        Runtime::find("", path, self.run_dir().runtime()).err().map(|error| error.to_string())
    }
}
