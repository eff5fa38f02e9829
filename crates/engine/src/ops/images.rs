//! `images`: what is in the store.

use std::collections::HashSet;

use images::{Entry, ImageStore, Index};
use jiff::Timestamp;
use spec::{Descriptor, ImageId, Platform, Reference};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filters, Pattern};
use crate::ops::uses::Uses;

/// A request to list images.
#[derive(Clone, Debug, Default)]
pub struct ListImages {
    /// Also those that nothing refers to but others were made from.
    pub all: bool,
    /// `dangling`, `label`, `before`, `since`, `reference`, `until`.
    pub filters: Filters,
}

/// An image in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSummary {
    /// Its ID.
    pub id: ImageId,
    /// Its tags that the filters let through, by canonical text.
    pub tags: Vec<Reference>,
    /// Its digest references that the filters let through, by canonical text.
    pub digests: Vec<Reference>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Bytes of its files, unpacked.
    pub size: u64,
    /// Its platform.
    pub platform: Platform,
    /// What its references stand for: an index or a manifest.
    pub target: Descriptor,
    /// The image it was made from here.
    pub parent: Option<ImageId>,
    /// Containers and mounts that use it.
    pub used_by: usize,
}

const KEYS: &[&str] = &["dangling", "label", "before", "since", "reference", "until"];

impl Engine {
    /// Lists images, newest first; those of one second by their names.
    ///
    /// # Errors
    /// When a filter cannot be meant or the store cannot be read.
    pub fn images(&self, request: &ListImages) -> Result<Vec<ImageSummary>> {
        let plan = Plan::new(self, request)?;
        let Some(store) = self.existing_store()? else {
            return plan.needs_no_image().map(|()| Vec::new());
        };
        plan.list(&store, &store.index()?)
    }
}

/// An image without a date counts as made when time began.
fn created(summary: &ImageSummary) -> Timestamp {
    summary.created.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Names sort before images that have none.
fn sort_name(summary: &ImageSummary) -> (bool, String) {
    let first = summary.tags.first().or(summary.digests.first()).map(Reference::familiar);
    (first.is_none(), first.unwrap_or_default())
}

/// A request whose filters were read.
pub(crate) struct Plan<'r> {
    all: bool,
    filters: &'r Filters,
    dangling: Option<bool>,
    patterns: Vec<Pattern>,
    until: Option<Timestamp>,
}

impl<'r> Plan<'r> {
    pub(crate) fn new(engine: &Engine, request: &'r ListImages) -> Result<Plan<'r>> {
        let filters = &request.filters;
        filters.allow(KEYS)?;
        let pattern =
            |text| Pattern::parse(text).map_err(|e| Error::new(ErrorKind::InvalidArgument, e.to_string()));
        Ok(Plan {
            all: request.all,
            filters,
            dangling: filters.flag("dangling")?,
            patterns: filters.values("reference").map(pattern).collect::<Result<_>>()?,
            until: filters.until(engine.now(), &engine.host.zone)?,
        })
    }

    /// The images of a store that fit, in the order of a listing.
    pub(crate) fn list(&self, store: &ImageStore, index: &Index) -> Result<Vec<ImageSummary>> {
        let bounds = self.bounds(index)?;
        let uses = Uses::read(store)?;
        let parents: HashSet<&ImageId> =
            index.entries().iter().filter_map(|entry| entry.parent.as_ref()).collect();
        let mut listed = Vec::new();
        for (id, entries) in index.by_image() {
            let has_children = parents.contains(id);
            let Some(summary) = self.summary(id, &entries, has_children, &uses) else { continue };
            if bounds.hold(created(&summary)) && labels_hold(store, &entries, self.filters) {
                listed.push(summary);
            }
        }
        listed.sort_by_cached_key(|summary| {
            (std::cmp::Reverse(created(summary).as_second()), sort_name(summary), summary.id.clone())
        });
        Ok(listed)
    }

    /// In a store that is not there, images that a filter names are not there either.
    pub(crate) fn needs_no_image(&self) -> Result<()> {
        self.bounds(&Index::default()).map(|_| ())
    }

    fn bounds(&self, index: &Index) -> Result<Bounds> {
        let created_of = |text: &str| -> Result<Timestamp> {
            let found = index.resolve(text)?;
            let created = index.of_image(&found.image).find_map(|entry| entry.created);
            Ok(created.unwrap_or(Timestamp::UNIX_EPOCH))
        };
        let before = self.filters.values("before").map(created_of).collect::<Result<Vec<_>>>()?;
        let since = self.filters.values("since").map(created_of).collect::<Result<Vec<_>>>()?;
        Ok(Bounds { before: before.into_iter().chain(self.until).min(), since: since.into_iter().max() })
    }

    /// The image as it is listed, if it is.
    fn summary(
        &self,
        id: &ImageId,
        entries: &[&Entry],
        has_children: bool,
        uses: &Uses,
    ) -> Option<ImageSummary> {
        let first = *entries.first()?;
        let mut tags: Vec<Reference> = entries.iter().filter_map(|entry| entry.tag().cloned()).collect();
        let mut digests: Vec<Reference> =
            entries.iter().filter_map(|entry| entry.repo_digest().cloned()).collect();
        let nameless = tags.is_empty() && digests.is_empty();
        let listed = match self.dangling {
            Some(true) => tags.is_empty() && !has_children,
            Some(false) => !nameless,
            None => !nameless || self.all || !has_children,
        };
        if !self.patterns.is_empty() {
            tags.retain(|reference| self.reference_fits(reference));
            digests.retain(|reference| self.reference_fits(reference));
        }
        if !listed || (!self.patterns.is_empty() && tags.is_empty() && digests.is_empty()) {
            return None;
        }
        tags.sort_by_cached_key(Reference::to_string);
        digests.sort_by_cached_key(Reference::to_string);
        Some(ImageSummary {
            id: id.clone(),
            tags,
            digests,
            created: first.created,
            size: first.size,
            platform: first.platform.clone(),
            target: first.target.clone(),
            parent: first.parent.clone(),
            used_by: uses.count(id),
        })
    }

    fn reference_fits(&self, reference: &Reference) -> bool {
        let fits = |pattern: &Pattern| {
            pattern.matches(&reference.familiar()) || pattern.matches(&reference.familiar_name())
        };
        self.patterns.iter().any(fits)
    }
}

/// Whether an image's labels are those that are wanted. They are in the config, which is read only when they are
/// asked for.
pub(crate) fn labels_hold(store: &ImageStore, entries: &[&Entry], filters: &Filters) -> bool {
    if !filters.has("label") && !filters.has("label!") {
        return true;
    }
    let image = entries.first().and_then(|entry| store.image(entry).ok());
    image.is_some_and(|image| {
        let labels: Vec<(&str, &str)> = image.config.labels().collect();
        filters.labels_match(labels.iter().copied()) && !filters.labels_excluded(labels.iter().copied())
    })
}

/// Dates between which an image was made, both excluded.
struct Bounds {
    before: Option<Timestamp>,
    since: Option<Timestamp>,
}

impl Bounds {
    fn hold(&self, created: Timestamp) -> bool {
        self.before.is_none_or(|before| created < before) && self.since.is_none_or(|since| created > since)
    }
}
