//! `container prune`: containers that do not run go.

use runner::record::{ContainerId, Containers, Found};

use super::rm::RemoveContainer;
use super::store::containers_of;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::filter::Filters;

/// A request to remove containers that do not run.
#[derive(Clone, Debug, Default)]
pub struct PruneContainers {
    /// `until`, `label`, `label!`.
    pub filters: Filters,
    /// Change nothing, only say what would go.
    pub dry_run: bool,
}

/// Containers that were removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunedContainers {
    /// Their ids, newest first.
    pub ids: Vec<ContainerId>,
    /// Bytes of the files that they wrote.
    pub bytes: u64,
}

const KEYS: &[&str] = &["until", "label", "label!"];

impl Engine {
    /// Removes all containers that do not run; one that cannot be removed is passed over.
    ///
    /// # Errors
    /// When a filter cannot be meant or a record cannot be read.
    pub fn prune_containers(&self, request: &PruneContainers) -> Result<PrunedContainers> {
        let filters = &request.filters;
        filters.allow(KEYS)?;
        if filters.values("until").count() > 1 {
            return Err(Error::invalid("more than one until filter specified"));
        }
        let until = filters.until(self.now(), &self.host.zone)?;
        let mut pruned = PrunedContainers::default();
        let Some(store) = self.existing_store()? else { return Ok(pruned) };
        let goes = |found: &Found| {
            let labels = || found.container.config.labels.iter().map(|(name, value)| (&**name, &**value));
            !found.state.status.is_running()
                && until.is_none_or(|until| found.container.created <= until)
                && filters.labels_match(labels())
                && !filters.labels_excluded(labels())
        };
        if !request.dry_run
            && let Some(containers) = Containers::open_existing(store.content().root())?
        {
            self.unfinished(&store, &containers, true)?;
        }
        for found in containers_of(&store)?.into_iter().filter(goes) {
            self.check_cancelled()?;
            let bytes = self.container_size(&store, &found)?.written;
            let id = found.container.id;
            // One that was started or removed meanwhile is passed over.
            let removes = || self.remove_container(id.as_str(), &RemoveContainer::default()).is_ok();
            if request.dry_run || removes() {
                pruned.bytes += bytes;
                pruned.ids.push(id);
            }
        }
        Ok(pruned)
    }
}
