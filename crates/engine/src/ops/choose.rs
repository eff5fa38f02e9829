//! The manifest for a platform, out of an index and of indexes inside it.

use spec::limits::INDEX_DEPTH_MAX;
use spec::{Descriptor, Document, Manifest, Platform, PlatformMatcher};

use crate::error::{Error, ErrorKind, Result};

/// A manifest and the platform that the index gives it.
pub(crate) struct Chosen {
    pub(crate) manifest: Manifest,
    pub(crate) stated: Option<Platform>,
}

/// Chooses the manifest for `platform`, else one that `host` can run, if there is one; `fetch` brings what an index
/// points at.
pub(crate) fn choose(
    target: &Document,
    platform: Option<&Platform>,
    host: &Platform,
    mut fetch: impl FnMut(&Descriptor) -> Result<Document>,
) -> Result<Option<Chosen>> {
    let matcher = match platform {
        Some(platform) => PlatformMatcher::exactly(platform),
        None => PlatformMatcher::runnable_on(host),
    };
    let mut document = target.clone();
    let mut stated = None;
    for _ in 0..INDEX_DEPTH_MAX {
        match document {
            Document::Manifest(manifest) => return Ok(Some(Chosen { manifest, stated })),
            Document::Index(index) => {
                let Some(chosen) = index.choose(&matcher) else { return Ok(None) };
                stated = chosen.platform.clone();
                document = fetch(chosen)?;
            }
        }
    }
    let text = format!("indexes nested deeper than INDEX_DEPTH_MAX ({INDEX_DEPTH_MAX})");
    Err(Error::new(ErrorKind::Corrupt, text))
}

/// That there is none, in Docker's words, and what there is instead.
pub(crate) fn no_match(target: &Document, wanted: &Platform) -> Error {
    let offered: Vec<String> = match target {
        Document::Index(index) => index.platforms().map(Platform::to_string).collect(),
        Document::Manifest(_) => Vec::new(),
    };
    let text = format!("no matching manifest for {wanted} in the manifest list entries");
    let error = Error::new(ErrorKind::NotFound, text);
    if offered.is_empty() { error } else { error.with_hint(format!("there is: {}", offered.join(", "))) }
}
