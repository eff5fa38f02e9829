//! For who operates a registry: look at a root, collect, verify; with a server on it or without one.
//!
//! Everything goes through the same metadata as the server's requests, so a server that runs meanwhile sees a
//! change as it sees another request's.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use spec::{Digest, Digester};

use crate::access::explain_access as explain;
pub use crate::access::{Action, Explanation};
use crate::blobs::BlobKey;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::limits::PAGE_ITEMS_MAX;
use crate::metadata::{Blob, Page, Place, Selector};
pub use crate::metadata::{Facts, Usage};
use crate::name::RepositoryName;
use crate::registry::Registry;
pub use crate::registry::collect::Swept;
use crate::store::Root;

/// Bytes read at once to verify a blob.
const READ_BYTES: usize = 1 << 20;

/// A repository in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: RepositoryName,
    /// What it holds.
    pub usage: Usage,
    /// What is said about it.
    pub facts: Facts,
}

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Rows of the metadata contradict each other.
    Contradiction(String),
    /// A blob's bytes are not there.
    Missing(Digest),
    /// A blob's bytes, or a manifest's, are not those of its digest.
    Damaged {
        /// The digest.
        digest: Digest,
        /// What was found instead.
        found: String,
    },
    /// Bytes that nothing knows: harmless, and removed on request.
    Stranger(BlobKey),
}

/// How closely is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Rows, and that each blob is there with its size.
    Sizes,
    /// All bytes as well.
    Bytes,
}

/// The repositories of a root, what they hold, what is said about them.
///
/// # Errors
/// When the root cannot be read; so everywhere here.
pub fn ls(root: &Path) -> Result<Vec<Listed>> {
    on(root, async |registry: &Registry| {
        let mut listed = Vec::new();
        let mut last = String::new();
        loop {
            let page = Page { last: &last, limit: PAGE_ITEMS_MAX };
            let names = registry.metadata.repositories(page).await?;
            let Some(name) = names.last() else { return Ok(listed) };
            name.as_str().clone_into(&mut last);
            for name in names {
                // It may have gone since it was listed.
                let Some(usage) = registry.metadata.usage(&name).await? else { continue };
                let facts = registry.metadata.facts(&name).await?.unwrap_or_default();
                listed.push(Listed { name, usage, facts });
            }
        }
    })
}

/// The tags of a repository; nothing when there is no such repository.
///
/// # Errors
/// As [`ls`].
pub fn tags(root: &Path, repository: &RepositoryName) -> Result<Option<Vec<String>>> {
    on(root, async |registry: &Registry| {
        let mut tags: Vec<String> = Vec::new();
        loop {
            let last = tags.last().cloned().unwrap_or_default();
            let page = Page { last: &last, limit: PAGE_ITEMS_MAX };
            match registry.metadata.tags(repository, page).await? {
                None => return Ok(None),
                Some(page) if page.is_empty() => return Ok(Some(tags)),
                Some(page) => tags.extend(page),
            }
        }
    })
}

/// The sum over all repositories, shared bytes counted once.
///
/// # Errors
/// As [`ls`].
pub fn du(root: &Path) -> Result<Usage> {
    on(root, async |registry: &Registry| registry.metadata.total().await)
}

/// Collects what nothing refers to. With a grace of zero everything that can go goes, pushes under way
/// included: for a server that is stopped.
///
/// # Errors
/// As [`ls`].
pub fn gc(config: &Config, grace: Duration) -> Result<Swept> {
    with(config, async |registry: &Registry| registry.collect(grace).await)
}

/// Whether a server is running on a root.
///
/// # Errors
/// As [`ls`].
pub fn is_served(root: &Path) -> Result<bool> {
    Root::is_served(root)
}

/// Looks for what is wrong.
///
/// # Errors
/// As [`ls`]; what is found is no error.
pub fn verify(root: &Path, depth: Depth) -> Result<Vec<Finding>> {
    on(root, async |registry: &Registry| {
        let found = registry.metadata.contradictions(PAGE_ITEMS_MAX).await?;
        let mut findings: Vec<Finding> = found.into_iter().map(Finding::Contradiction).collect();
        verify_blobs(registry, depth, &mut findings).await?;
        verify_manifests(registry, &mut findings).await?;
        verify_keys(registry, &mut findings).await?;
        Ok(findings)
    })
}

/// Removes bytes that nothing knows. How many keys there were.
///
/// # Errors
/// As [`ls`].
pub fn remove_strangers(root: &Path) -> Result<u64> {
    on(root, async |registry: &Registry| registry.remove_strangers(registry.stranger_written_before()).await)
}

/// What is said about a repository.
///
/// # Errors
/// As [`ls`].
pub fn facts(root: &Path, repository: &RepositoryName) -> Result<Option<Facts>> {
    on(root, async |registry: &Registry| registry.metadata.facts(repository).await)
}

/// Says something about a repository, which need not hold anything yet.
///
/// # Errors
/// As [`ls`].
pub fn describe(root: &Path, repository: &RepositoryName, facts: Facts) -> Result<()> {
    on(root, async |registry: &Registry| {
        registry.metadata.describe(repository, facts, registry.clock.now()).await
    })
}

/// What a user may do in a repository under a configuration, and why.
pub fn explain_access(config: &Config, user: Option<&str>, repository: &RepositoryName) -> Explanation {
    explain(config.rules().as_deref(), user, repository)
}

fn on<T>(root: &Path, work: impl AsyncFnOnce(&Registry) -> Result<T>) -> Result<T> {
    with(&Config::new(root), work)
}

fn with<T>(config: &Config, work: impl AsyncFnOnce(&Registry) -> Result<T>) -> Result<T> {
    let root = Root::open(&config.root)?;
    let registry = Registry::new(root.metadata(), root.blobs(), config.clock.clone(), config.policy());
    wait(work(&registry))
}

fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Error::Threads)?;
    runtime.block_on(work)
}

async fn verify_blobs(registry: &Registry, depth: Depth, findings: &mut Vec<Finding>) -> Result<()> {
    let mut last = String::new();
    loop {
        let page = Page { last: &last, limit: PAGE_ITEMS_MAX };
        let blobs = registry.metadata.blobs(page).await?;
        let Some(blob) = blobs.last() else { return Ok(()) };
        blob.digest.as_str().clone_into(&mut last);
        for blob in blobs {
            findings.extend(verify_blob(registry, depth, &blob).await?);
        }
    }
}

async fn verify_blob(registry: &Registry, depth: Depth, blob: &Blob) -> Result<Option<Finding>> {
    let damaged = |found: String| Some(Finding::Damaged { digest: blob.digest.clone(), found });
    let key = match &blob.place {
        Place::Inline(bytes) if blob.digest.matches(bytes) => return Ok(None),
        Place::Inline(_) => return Ok(damaged("other bytes in the database".to_owned())),
        Place::Stored(key) => key,
    };
    let Some(reader) = registry.blobs.open(key).await? else {
        // Collected since it was listed, or gone.
        let known = registry.metadata.strangers(vec![key.clone()]).await?.is_empty();
        return Ok(known.then(|| Finding::Missing(blob.digest.clone())));
    };
    if reader.size() != blob.size {
        return Ok(damaged(format!("{} bytes instead of {}", reader.size(), blob.size)));
    }
    if depth == Depth::Sizes {
        return Ok(None);
    }
    let mut digester = Digester::new(blob.digest.algorithm());
    while digester.bytes() < blob.size {
        let bytes = reader.read(digester.bytes(), READ_BYTES).await?;
        if bytes.is_empty() {
            break;
        }
        digester.update(&bytes);
    }
    let found = digester.finish();
    Ok(if found == blob.digest { None } else { damaged(format!("bytes of {found}")) })
}

async fn verify_manifests(registry: &Registry, findings: &mut Vec<Finding>) -> Result<()> {
    let mut after = 0;
    loop {
        let page = registry.metadata.all_manifests(after, 100).await?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after = *last;
        for (_, repository, digest) in page {
            let selector = Selector::Digest(digest.clone());
            let found = registry.metadata.manifest(&repository, &selector).await?;
            if found.is_some_and(|manifest| !digest.matches(&manifest.bytes)) {
                let found = format!("other bytes in repository {repository}");
                findings.push(Finding::Damaged { digest, found });
            }
        }
    }
}

async fn verify_keys(registry: &Registry, findings: &mut Vec<Finding>) -> Result<()> {
    let mut part = 0;
    let written_before = registry.stranger_written_before();
    loop {
        let keys = registry.blobs.keys(part).await?;
        let strangers = registry.strangers(keys.keys, written_before).await?;
        findings.extend(strangers.into_iter().map(Finding::Stranger));
        part += 1;
        if part >= keys.parts {
            return Ok(());
        }
    }
}
