//! Running the command again where an ordinary user is root.

use std::ffi::OsString;
use std::process::Child;

use runner::user_namespace::{self, Again};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// Whether there are files of containers, or made for them: some of these only the user namespace can handle that
    /// they were made in.
    pub fn has_files_of_containers(&self) -> bool {
        let root = &self.settings.root.value;
        let has_volumes = || {
            let entries = disk::Dir::open(&root.join("volumes")).and_then(|folder| folder.entries());
            entries.is_ok_and(|entries| entries.iter().any(|entry| entry.kind == disk::EntryKind::Dir))
        };
        snapshot::has_files_of_users(root) || has_volumes()
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
            let hint = user_namespace::why_none().unwrap_or_else(|| {
                "a security policy may forbid it, or newuidmap and newgidmap lack the privileges of the package uidmap; \
                 root needs none"
                    .to_owned()
            });
            Error::new(ErrorKind::Internal, text).with_hint(hint)
        })
    }

    /// Whether who runs this is not the machine's root: cgroups and networks are not theirs.
    pub fn is_ordinary_user(&self) -> bool {
        self.host.uid != 0 || user_namespace::is_inside()
    }

    /// What is to be known of an image's files where root is alone.
    pub(super) fn others_are_root(&self) -> Option<String> {
        let why = self.why_root_alone().filter(|_| user_namespace::is_alone())?;
        Some(format!(
            "all files of the image belong to root, since root is alone in your user namespace: {why}"
        ))
    }

    /// Why an ordinary user's containers have nobody but root; nothing where they have others.
    pub fn why_root_alone(&self) -> Option<String> {
        let path = self.settings.inputs.path.as_deref();
        user_namespace::why_alone(self.host.uid, path).filter(|_| self.is_ordinary_user())
    }
}
