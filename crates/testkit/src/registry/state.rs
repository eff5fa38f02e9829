//! What a registry holds: blobs, repositories with their manifests and tags, uploads under way.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::SearchEntry;
use super::content::Content;

/// A manifest as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// The `Content-Type` it is served with.
    pub media_type: String,
    /// The exact bytes.
    pub bytes: Vec<u8>,
}

/// One repository. Digests are texts, so that tests can plant what no honest client could.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    pub(crate) blobs: HashSet<String>,
    pub(crate) manifests: BTreeMap<String, StoredManifest>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Repository {
    /// The digest and manifest behind a tag or digest.
    pub(crate) fn manifest(&self, reference: &str) -> Option<(&str, &StoredManifest)> {
        let digest = self.tags.get(reference).map_or(reference, String::as_str);
        self.manifests.get_key_value(digest).map(|(digest, manifest)| (digest.as_str(), manifest))
    }
}

/// An upload under way.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) repository: String,
    pub(crate) bytes: Vec<u8>,
}

/// Everything a registry holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) blobs: HashMap<String, Content>,
    pub(crate) repositories: BTreeMap<String, Repository>,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) uploads_begun: u64,
    pub(crate) search: Option<Vec<SearchEntry>>,
}

impl State {
    pub(crate) fn repository_mut(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    pub(crate) fn put_blob(&mut self, repository: &str, digest: &str, content: Content) {
        self.blobs.insert(digest.to_owned(), content);
        self.repository_mut(repository).blobs.insert(digest.to_owned());
    }

    /// The blob, when the repository has it.
    pub(crate) fn blob(&self, repository: &str, digest: &str) -> Option<&Content> {
        let linked = self.repositories.get(repository)?.blobs.contains(digest);
        self.blobs.get(digest).filter(|_| linked)
    }
}
