//! `system prune`: what nobody needs goes: containers, volumes, images.

use std::collections::HashSet;

use crate::engine::Engine;
use crate::error::Result;
use crate::filter::Filters;
use crate::ops::container::{PruneContainers, PrunedContainers};
use crate::ops::prune::{PruneImages, Pruned};
use crate::ops::volume::{PruneVolumes, PrunedVolumes};

/// A request to remove what nobody needs.
#[derive(Clone, Debug, Default)]
pub struct PruneSystem {
    /// All images that no container uses, not only those without a tag.
    pub all: bool,
    /// Volumes without a name of their own, too.
    pub volumes: bool,
    /// `until`, `label`, `label!`.
    pub filters: Filters,
    /// Change nothing, only say what would go.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunedSystem {
    /// Containers that did not run.
    pub containers: PrunedContainers,
    /// Volumes, where they were to go.
    pub volumes: PrunedVolumes,
    /// Images.
    pub images: Pruned,
}

impl Engine {
    /// Removes containers that do not run, then what they were the last to need. The networks that there are stay.
    ///
    /// # Errors
    /// When a filter cannot be meant or the store cannot be written; what went by then stays gone.
    pub fn prune_system(&self, request: &PruneSystem) -> Result<PrunedSystem> {
        let PruneSystem { all, filters, dry_run, .. } = request.clone();
        let of_containers = PruneContainers { filters: filters.clone(), dry_run };
        let containers = self.prune_containers(&of_containers)?;
        let gone: HashSet<_> = containers.ids.iter().cloned().collect();
        let of_volumes = PruneVolumes { filters: filters.clone(), dry_run };
        let volumes = match request.volumes {
            true => self.prune_volumes_after(&of_volumes, &gone)?,
            false => PrunedVolumes::default(),
        };
        let images = self.prune_images_after(&PruneImages { all, filters, dry_run }, &gone)?;
        Ok(PrunedSystem { containers, volumes, images })
    }
}
