//! The list of all images: `index.json`, the only mutable pointer of the store.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use spec::{AnyReference, ImageId, MediaType, Reference};

use crate::entry::{Entry, Stored};
use crate::error::{Error, Result};

/// The entries of the store, as they were at one moment.
#[derive(Clone, Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
    /// Entries that another program wrote: kept as they are, and what they reach is spared.
    foreign: Vec<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
    manifests: Vec<Box<RawValue>>,
}

/// What a user's text stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The image.
    pub image: ImageId,
    /// The reference it was found by; nothing when it was an ID or the beginning of one.
    pub reference: Option<Reference>,
}

impl Index {
    /// Parses the file.
    ///
    /// # Errors
    /// When it is no index at all; single entries that are not ours are kept aside.
    pub(crate) fn parse(bytes: &[u8]) -> std::result::Result<Index, serde_json::Error> {
        let file: File = serde_json::from_slice(bytes)?;
        let mut index = Index::default();
        for raw in file.manifests {
            match serde_json::from_str::<Stored>(raw.get()).ok().and_then(Entry::from_stored) {
                Some(entry) => index.entries.push(entry),
                None => index.foreign.push(raw),
            }
        }
        Ok(index)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Plain strings and numbers: this cannot fail.
        let raw = |entry: &Entry| serde_json::value::to_raw_value(&entry.to_stored()).ok();
        let file = File {
            schema_version: 2,
            media_type: Some(MediaType::OCI_INDEX.to_owned()),
            manifests: self.entries.iter().filter_map(raw).chain(self.foreign.iter().cloned()).collect(),
        };
        serde_json::to_vec(&file).unwrap_or_default()
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Entries of other programs, as they stand in the file.
    pub fn foreign(&self) -> impl Iterator<Item = &str> {
        self.foreign.iter().map(|raw| raw.get())
    }

    /// The entries by image.
    pub fn by_image(&self) -> HashMap<&ImageId, Vec<&Entry>> {
        let mut images: HashMap<&ImageId, Vec<&Entry>> = HashMap::new();
        for entry in &self.entries {
            images.entry(&entry.image).or_default().push(entry);
        }
        images
    }

    /// The entries of one image.
    pub fn of_image<'i>(&'i self, image: &'i ImageId) -> impl Iterator<Item = &'i Entry> {
        self.entries.iter().filter(move |entry| entry.image == *image)
    }

    /// The references of one image: tags and digests, in the order of their canonical text.
    pub fn references(&self, image: &ImageId) -> Vec<Reference> {
        let mut references: Vec<Reference> =
            self.of_image(image).filter_map(|entry| entry.reference.clone()).collect();
        references.sort_by_cached_key(Reference::to_string);
        references
    }

    /// The entry of a reference.
    pub fn get(&self, reference: &Reference) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.reference.as_ref() == Some(reference))
    }

    /// Finds what a user's text names: a whole ID, else a reference, else the unambiguous beginning of an ID.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`] with Docker's words, also for an ambiguous beginning; [`Error::Reference`] when
    /// the text cannot name anything.
    pub fn resolve(&self, text: &str) -> Result<Found> {
        let by_id = |image: &ImageId| Found { image: image.clone(), reference: None };
        let reference = match AnyReference::parse(text)? {
            AnyReference::Digest(digest) => {
                let found = self.entries.iter().find(|entry| entry.image.0 == digest);
                let missing = || Error::NoSuchImage(digest.to_string());
                return found.map(|entry| by_id(&entry.image)).ok_or_else(missing);
            }
            AnyReference::Named(reference) => reference.digest_wins().or_latest(),
        };
        if let Some(entry) = self.get(&reference) {
            return Ok(Found { image: entry.image.clone(), reference: Some(reference) });
        }
        match self.by_prefix(text) {
            Some(image) => Ok(by_id(image)),
            None => Err(Error::NoSuchImage(reference.familiar())),
        }
    }

    fn by_prefix(&self, text: &str) -> Option<&ImageId> {
        let prefix = text.strip_prefix("sha256:").unwrap_or(text);
        if prefix.is_empty() || !prefix.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut found: Option<&ImageId> = None;
        for entry in self.entries.iter().filter(|entry| entry.image.0.hex().starts_with(prefix)) {
            if found.is_some_and(|image| *image != entry.image) {
                return None;
            }
            found = Some(&entry.image);
        }
        found
    }

    /// Puts an entry in. One with a reference takes it over from whoever had it: an image that loses its
    /// last one so becomes dangling. One without is only kept when nothing refers to its image.
    pub fn set(&mut self, entry: Entry) {
        match &entry.reference {
            Some(reference) => {
                let displaced = self.take(|other| other.reference.as_ref() == Some(reference));
                if let Some(displaced) = displaced.filter(|displaced| displaced.image != entry.image) {
                    self.keep_dangling(displaced);
                }
                self.entries.retain(|other| other.reference.is_some() || other.image != entry.image);
                self.entries.push(entry);
            }
            None => self.keep_dangling(entry),
        }
    }

    /// Puts an entry in as [`Index::set`] does; what was recorded here about its image stays.
    pub fn set_known(&mut self, entry: Entry) {
        let known = self.of_image(&entry.image).next();
        let known = known.map(|known| (known.tagged, known.parent.clone()));
        let (tagged, parent) = known.unwrap_or((entry.tagged, entry.parent.clone()));
        self.set(Entry { tagged, parent, ..entry });
    }

    /// Takes a reference away; the image is dangling when it was the last one. The entry that was there.
    pub fn unname(&mut self, reference: &Reference) -> Option<Entry> {
        let entry = self.take(|entry| entry.reference.as_ref() == Some(reference))?;
        self.keep_dangling(entry.clone());
        Some(entry)
    }

    /// Removes an image with all its references.
    pub fn remove(&mut self, image: &ImageId) {
        self.entries.retain(|entry| entry.image != *image);
    }

    /// Changes every entry of an image.
    pub fn change(&mut self, image: &ImageId, change: impl Fn(&mut Entry)) {
        self.entries.iter_mut().filter(|entry| entry.image == *image).for_each(change);
    }

    fn take(&mut self, which: impl Fn(&Entry) -> bool) -> Option<Entry> {
        self.entries.iter().position(which).map(|at| self.entries.remove(at))
    }

    fn keep_dangling(&mut self, entry: Entry) {
        if self.of_image(&entry.image).next().is_none() {
            self.entries.push(entry.nameless());
        }
    }
}

#[cfg(test)]
mod tests;
