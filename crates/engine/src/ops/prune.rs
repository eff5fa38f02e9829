//! `image prune`: images that nobody needs go.

use std::collections::HashSet;

use images::{Entry, ImageStore, Index};
use jiff::Timestamp;
use runner::record::ContainerId;
use spec::ImageId;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::filter::Filters;
use crate::ops::images::labels_hold;
use crate::ops::rmi::{Removal, RemoveImages, Removing};
use crate::ops::uses::Uses;

/// A request to remove unused images.
#[derive(Clone, Debug, Default)]
pub struct PruneImages {
    /// All that nobody uses, not only those without a tag.
    pub all: bool,
    /// `until`, `label`, `label!`.
    pub filters: Filters,
    /// Change nothing, only say what would go.
    pub dry_run: bool,
}

/// What was removed, or would be.
pub type Pruned = Removal;

const KEYS: &[&str] = &["until", "label", "label!", "dangling"];

impl Engine {
    /// Removes images that nobody needs.
    ///
    /// # Errors
    /// When a filter cannot be meant or the store cannot be written.
    pub fn prune_images(&self, request: &PruneImages) -> Result<Pruned> {
        self.prune_images_after(request, &HashSet::new())
    }

    /// The same, as if these containers were gone.
    pub(crate) fn prune_images_after(
        &self,
        request: &PruneImages,
        gone: &HashSet<ContainerId>,
    ) -> Result<Pruned> {
        let filters = request.filters.clone().with("dangling", if request.all { "false" } else { "true" });
        filters.allow(KEYS)?;
        filters.flag("dangling")?;
        let until = filters.until(self.now(), &self.host.zone)?;
        let Some(store) = self.existing_store()? else { return Ok(Pruned::default()) };
        let index = store.index()?;
        let candidates = candidates(&store, &index, request.all, &filters, until, gone)?;
        let force = RemoveImages { force: true, ..RemoveImages::default() };
        let texts: Vec<String> = candidates.iter().map(ImageId::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if request.dry_run {
            return Ok(self.would_remove_after(&texts, &force, gone)?.0);
        }
        let mut removing = Removing::new(&store, &force, gone)?;
        store.update(|index| {
            // One that is in use or gone by now is passed over.
            removing.remove_each(index, &texts);
            Ok::<(), Error>(())
        })?;
        removing.sweep(self)
    }
}

fn candidates(
    store: &ImageStore,
    index: &Index,
    all: bool,
    filters: &Filters,
    until: Option<Timestamp>,
    gone: &HashSet<ContainerId>,
) -> Result<Vec<ImageId>> {
    let uses = Uses::read_without(store, gone)?;
    let parents: HashSet<&ImageId> =
        index.entries().iter().filter_map(|entry| entry.parent.as_ref()).collect();
    let unused = |id: &ImageId, entries: &[&Entry]| {
        let dangling = entries.iter().all(|entry| entry.tag().is_none());
        (all || dangling) && !parents.contains(id) && uses.of(id).is_empty()
    };
    let mut found: Vec<(Option<Timestamp>, ImageId)> = Vec::new();
    for (id, entries) in index.by_image() {
        let created = entries.first().and_then(|entry| entry.created);
        let old = until.is_none_or(|until| created.is_some_and(|created| created <= until));
        if unused(id, &entries) && old && labels_hold(store, &entries, filters) {
            found.push((created, id.clone()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}
