//! `rename`: a container gets another name.

use super::create::check_free;
use super::name;
use crate::engine::Engine;
use crate::error::{Error, Result};

impl Engine {
    /// Gives a container another name.
    ///
    /// # Errors
    /// When there is no such container, or the name is none or taken.
    pub fn rename_container(&self, text: &str, new_name: &str) -> Result<()> {
        if text.is_empty() || new_name.is_empty() {
            return Err(Error::invalid("Neither old nor new names may be empty"));
        }
        let new_name = new_name.strip_prefix('/').unwrap_or(new_name);
        // It is looked for before the store is made for it.
        self.container(text)?;
        let containers = self.containers_folder()?;
        let _names = containers.lock_names()?;
        let mut found = containers.find(text)?;
        name::check(new_name)?;
        if found.container.name == new_name {
            return Err(Error::invalid("Renaming a container with the same name as its current name"));
        }
        check_free(&containers, new_name)?;
        Ok(containers.rename(&mut found, new_name)?)
    }
}
