//! A container's mounts, decided: which volumes are made for it, and where everything comes from.

use images::ImageStore;
use runner::record::Container;

use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// Decides a container's mounts and makes the volumes that are missing; the names of those.
    pub(super) fn decide_mounts(
        &self,
        _store: &ImageStore,
        _container: &mut Container,
    ) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Removes volumes that were made for a container that is not to be.
    pub(super) fn forget_volumes(&self, _store: &ImageStore, _made: &[String]) {}

    /// Removes the volumes that were made for a container and have no name of their own, unless others use them.
    pub(super) fn remove_own_volumes(&self, _store: &ImageStore, _container: &Container) -> Result<()> {
        Ok(())
    }
}
