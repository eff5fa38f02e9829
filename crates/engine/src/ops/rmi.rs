//! `rmi`: names and images go, and what nothing reaches any more.

use std::collections::HashSet;

use images::{Entry, Found, ImageStore, Index, Reach};
use runner::record::ContainerId;
use snapshot::{Key, StoredKind};
use spec::{ChainId, ImageId, Reference};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::uses::{Use, Uses};

/// A request to remove names or images.
#[derive(Clone, Debug, Default)]
pub struct RemoveImages {
    /// Also when it has several names, or a container that does not run uses it.
    pub force: bool,
    /// Leave the images alone that this one was made from.
    pub no_prune: bool,
}

/// One line of what was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A name.
    Untagged(Reference),
    /// An image.
    Image(ImageId),
    /// A layer, by its place in the stack.
    Layer(ChainId),
}

/// What a removal did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// What went, in the order Docker prints it.
    pub removed: Vec<Removed>,
    /// What comes back.
    pub freed: Freed,
    /// Why nothing comes back, if so: what a damaged image needs is not known, and must not go with another one.
    pub held_back: Option<String>,
}

/// Bytes that come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Files of the layers that went, unpacked: the figure that Docker gives.
    pub layer_bytes: u64,
    /// What the disk really gets back: files of blobs and of stored layers.
    pub disk_bytes: u64,
}

/// Where a removal gets to before the store is written: everything below works on a list in memory.
pub(crate) struct Removing<'s> {
    store: &'s ImageStore,
    uses: Uses,
    request: &'s RemoveImages,
    /// With all layers of the images that went: which of them others keep shows when it is known what is left.
    removed: Vec<Removed>,
}

impl Engine {
    /// Removes what each of these names, one after the other: a reference goes, and with the last one the image;
    /// an ID takes all of them. What went, and why each of the others did not: when there is no such image, or it
    /// is in use or has several names and `force` was not given, in Docker's words.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn remove_images(&self, texts: &[&str], request: &RemoveImages) -> Result<(Removal, Vec<Error>)> {
        let Some(store) = self.existing_store()? else { return Ok(nothing_there(texts)) };
        let mut removing = Removing::new(&store, request, &HashSet::new())?;
        let mut errors = Vec::new();
        let written = store.update(|index| {
            errors = removing.remove_each(index, texts);
            // A list that stays as it is need not be written: who may only read hears why nothing went.
            match errors.pop_if(|_| removing.removed.is_empty()) {
                Some(error) => Err(error),
                None => Ok(()),
            }
        });
        match written {
            Err(error) if removing.removed.is_empty() => errors.push(error),
            written => written?,
        }
        Ok((removing.finish(self)?, errors))
    }

    /// What removing these, one after the other, would do; nothing is changed. What can be removed is reported
    /// together, so that what only these share counts as coming back, and why each of the others cannot.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn would_remove(&self, texts: &[&str], request: &RemoveImages) -> Result<(Removal, Vec<Error>)> {
        self.would_remove_after(texts, request, &HashSet::new())
    }

    /// The same, as if these containers were gone.
    pub(crate) fn would_remove_after(
        &self,
        texts: &[&str],
        request: &RemoveImages,
        gone: &HashSet<ContainerId>,
    ) -> Result<(Removal, Vec<Error>)> {
        let Some(store) = self.existing_store()? else { return Ok(nothing_there(texts)) };
        let index = store.index()?;
        let mut after = index.clone();
        let mut removing = Removing::new(&store, request, gone)?;
        let errors = removing.remove_each(&mut after, texts);
        let mut left = store.reach(after.entries());
        let snapshots = store.driver().snapshots()?.into_iter();
        let is_gone = |key: &Key| ContainerId::parse(key.as_str()).is_some_and(|id| gone.contains(&id));
        left.hold_snapshots(&snapshots.filter(|snapshot| !is_gone(&snapshot.key)).collect::<Vec<_>>());
        let removed = without_layers(removing.removed, &left.stacks);
        let held_back = left.held_back(&after);
        let freed = match held_back {
            Some(_) => Freed::default(),
            None => freed(&store, index.entries(), after.entries(), &left)?,
        };
        Ok((Removal { removed, freed, held_back }, errors))
    }
}

impl<'s> Removing<'s> {
    pub(crate) fn new(
        store: &'s ImageStore,
        request: &'s RemoveImages,
        gone: &HashSet<ContainerId>,
    ) -> Result<Removing<'s>> {
        Ok(Removing { store, uses: Uses::read_without(store, gone)?, request, removed: Vec::new() })
    }

    /// Removes what nothing reaches any more, now that the list of images is written.
    pub(crate) fn finish(self, engine: &Engine) -> Result<Removal> {
        let image_gone = |removed: &Removed| !matches!(removed, Removed::Untagged(_));
        match self.removed.iter().any(image_gone) {
            true => self.sweep(engine),
            false => Ok(Removal { removed: self.removed, ..Removal::default() }),
        }
    }

    /// The same, also when no image is gone: what operations that broke off left behind goes too.
    pub(crate) fn sweep(self, engine: &Engine) -> Result<Removal> {
        let swept = engine.sweep(self.store)?;
        let disk_bytes = swept.blob_bytes + swept.unpacked_bytes;
        let freed = Freed { layer_bytes: swept.layer_bytes, disk_bytes };
        let removed = without_layers(self.removed, &swept.stacks_left);
        Ok(Removal { removed, freed, held_back: swept.held_back })
    }

    /// Removes them one after the other; why each of the others could not be.
    pub(crate) fn remove_each(&mut self, index: &mut Index, texts: &[&str]) -> Vec<Error> {
        texts.iter().filter_map(|text| self.remove(index, text).err()).collect()
    }

    fn remove(&mut self, index: &mut Index, text: &str) -> Result<()> {
        let found = index.resolve(text)?;
        match &found.reference {
            Some(reference) => self.remove_reference(index, text, reference.clone(), &found.image),
            None => self.remove_by_id(index, &found),
        }
    }

    fn remove_reference(
        &mut self,
        index: &mut Index,
        text: &str,
        reference: Reference,
        image: &ImageId,
    ) -> Result<()> {
        let references = index.references(image);
        if !self.request.force
            && is_single(&references)
            && let Some(user) = self.uses.of(image).first()
        {
            let short = image.0.short();
            return Err(conflict(format!(
                "unable to remove repository reference {text:?} (must force) - {user} is using its referenced image {short}"
            )));
        }
        self.untag(index, &reference);
        let same_repository = |other: &&Reference| other.name() == reference.name();
        let left = index.references(image);
        let tag_left = left.iter().filter(same_repository).any(|other| other.tag().is_some());
        if reference.tag().is_some() && !tag_left {
            for digest in left.iter().filter(same_repository) {
                self.untag(index, digest);
            }
        }
        if index.references(image).is_empty()
            && !self.has_children(index, image)
            && self.user_in_the_way(image).is_none()
        {
            self.delete(index, image);
        }
        Ok(())
    }

    fn remove_by_id(&mut self, index: &mut Index, found: &Found) -> Result<()> {
        let image = &found.image;
        let references = index.references(image);
        let refuse = |how: &str, reason: &dyn std::fmt::Display| {
            Err(conflict(format!("unable to delete {} ({how}) - {reason}", image.0.short())))
        };
        if self.has_children(index, image) {
            return refuse("cannot be forced", &"image has dependent child images");
        }
        let used_by = |user: &Use| format!("image is being used by {}", user.in_full());
        if let Some(user) = self.uses.of(image).iter().find(|user| user.is_hard()) {
            return refuse("cannot be forced", &used_by(user));
        }
        if !self.request.force && !references.is_empty() && !is_single(&references) {
            return refuse("must be forced", &"image is referenced in multiple repositories");
        }
        if let Some(user) = self.user_in_the_way(image) {
            return refuse("must be forced", &used_by(user));
        }
        for reference in &references {
            self.untag(index, reference);
        }
        self.delete(index, image);
        Ok(())
    }

    fn untag(&mut self, index: &mut Index, reference: &Reference) {
        if index.unname(reference).is_some() {
            self.removed.push(Removed::Untagged(reference.clone()));
        }
    }

    /// Takes the image out with its layers, top first, and goes on with its parent if nothing holds that.
    fn delete(&mut self, index: &mut Index, image: &ImageId) {
        let mut next = Some(image.clone());
        while let Some(image) = next.take() {
            let Some(entry) = index.of_image(&image).next().cloned() else { return };
            index.remove(&image);
            self.removed.push(Removed::Image(image));
            // One whose documents are damaged has no layers that could be named.
            let chain_ids = self.store.image(&entry).map(|image| image.config.chain_ids());
            let layers = chain_ids.unwrap_or_default().into_iter().rev().map(Removed::Layer);
            self.removed.extend(layers);
            let parent = entry.parent.filter(|_| !self.request.no_prune);
            next = parent.filter(|parent| {
                index.references(parent).is_empty()
                    && !self.has_children(index, parent)
                    && self.uses.of(parent).is_empty()
            });
        }
    }

    /// Who keeps an image from being deleted: anybody, or with force those that run.
    fn user_in_the_way(&self, image: &ImageId) -> Option<&Use> {
        self.uses.of(image).iter().find(|user| user.is_hard() || !self.request.force)
    }

    fn has_children(&self, index: &Index, image: &ImageId) -> bool {
        index.entries().iter().any(|entry| entry.parent.as_ref() == Some(image))
    }
}

/// What a removal answers where there is no store.
fn nothing_there(texts: &[&str]) -> (Removal, Vec<Error>) {
    let missing = |text: &&str| Index::default().resolve(text).err().map(Error::from);
    (Removal::default(), texts.iter().filter_map(missing).collect())
}

/// What went, without the layers that are left; one that several images took with them went with the last.
fn without_layers(removed: Vec<Removed>, left: &HashSet<ChainId>) -> Vec<Removed> {
    let mut named = HashSet::new();
    let went = |removed: &Removed| match removed {
        Removed::Layer(chain_id) => !left.contains(chain_id) && named.insert(chain_id.clone()),
        Removed::Untagged(_) | Removed::Image(_) => true,
    };
    let mut gone: Vec<Removed> = removed.into_iter().rev().filter(went).collect();
    gone.reverse();
    gone
}

/// Bytes that come back when the entries of `before` that are not in `after`, which reaches `left`, go.
fn freed(store: &ImageStore, before: &[Entry], after: &[Entry], left: &Reach) -> Result<Freed> {
    let kept: HashSet<&ImageId> = after.iter().map(|entry| &entry.image).collect();
    let gone = store.reach(before.iter().filter(|entry| !kept.contains(&entry.image)));
    let gone = gone.without(left);
    let mut freed = Freed::default();
    for digest in gone.blobs.keys() {
        freed.disk_bytes += store.content().blobs().disk_bytes(digest)?;
    }
    for diff_id in &gone.layers {
        let facts = store.driver().facts(std::slice::from_ref(diff_id))?;
        freed.layer_bytes += facts.map_or(0, |facts| facts.size);
    }
    for stored in store.driver().walk()? {
        let goes = match &stored.kind {
            StoredKind::Layer(diff_id) => gone.layers.contains(diff_id),
            StoredKind::Stack(chain_id) => gone.stacks.contains(chain_id),
        };
        if goes && let Some(folder) = stored.folder.dir_if_exists(&stored.name)? {
            freed.disk_bytes += disk::tree::disk_usage(&disk::tree::Tree::at(&folder)?)?;
        }
    }
    Ok(freed)
}

/// All in one repository, with one tag at most.
fn is_single(references: &[Reference]) -> bool {
    let Some(first) = references.first() else { return false };
    let tags = references.iter().filter(|reference| reference.tag().is_some()).count();
    tags <= 1 && references.iter().all(|reference| reference.name() == first.name())
}

fn conflict(text: String) -> Error {
    Error::new(ErrorKind::Conflict, format!("conflict: {text}"))
}

#[cfg(test)]
mod tests {
    use spec::Digest;

    use super::*;

    #[test]
    fn a_layer_goes_with_the_last_image_that_has_it() {
        let image = |text: &str| Removed::Image(ImageId(Digest::of(text.as_bytes())));
        let chain_id = |text: &str| ChainId(Digest::of(text.as_bytes()));
        let layer = |text: &str| Removed::Layer(chain_id(text));
        let removed = vec![
            image("a"),
            layer("own"),
            layer("shared"),
            layer("kept"),
            image("b"),
            layer("shared"),
            layer("kept"),
        ];
        let expect = vec![image("a"), layer("own"), image("b"), layer("shared")];
        assert_eq!(without_layers(removed, &HashSet::from([chain_id("kept")])), expect);
    }
}
