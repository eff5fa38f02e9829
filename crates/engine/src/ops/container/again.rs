//! Running the command again where an ordinary user is root.

use std::ffi::OsString;
use std::process::Child;

use runner::user_namespace::Again;

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// Whether there are files of containers, or made for them: some of these only the user namespace can handle that
    /// they were made in.
    pub fn has_files_of_containers(&self) -> bool {
        let root = &self.settings.root.value;
        ["layers/vfs", "snapshots/vfs", "volumes"].iter().any(|name| root.join(name).exists())
    }

    /// Starts this program again, in the user namespace of the store's containers or in a new one.
    ///
    /// # Errors
    /// When the kernel does not allow that.
    pub fn start_in_user_namespace(&self, arguments: &[OsString]) -> Result<Child> {
        let found = self.containers()?;
        let monitors: Vec<i32> =
            found.iter().filter(|found| found.is_monitored).map(|found| found.state.monitor).collect();
        let again = Again { arguments, monitors: &monitors, path: self.settings.inputs.path.as_deref() };
        again.start().map_err(|error| {
            let text = format!("containers need a user namespace, which cannot be made: {error}");
            Error::new(ErrorKind::Denied, text).with_hint(
                "kernel.unprivileged_userns_clone, user.max_user_namespaces or a security policy may forbid it; root \
                 needs none",
            )
        })
    }
}
