//! `fsck --repair`: damaged and missing blobs, fetched again from where they came.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use content::{Lease, Pin};
use images::{Checked, Finding, ImageStore, Index};
use registry_client::{Client, Wanted};
use spec::limits::{CONFIG_BYTES_MAX, INDEX_DEPTH_MAX, MANIFEST_BYTES_MAX};
use spec::{Descriptor, Digest, MediaType, Reference};
use transfer::Proving;

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Events;
use crate::remote::{RemoteBlob, pass_on_warnings};

/// What a repair found and did.
#[derive(Clone, Debug, Default)]
pub struct Repaired {
    /// The state of the store before.
    pub checked: Checked,
    /// Every finding and what became of it, also of those that showed only when others were mended.
    pub outcomes: Vec<(Finding, Outcome)>,
}

/// What became of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The right bytes are in place.
    Mended {
        /// The repository they came from.
        from: Reference,
    },
    /// Nothing needs it; the next removal takes it away.
    Unneeded,
    /// It is as it was.
    Failed {
        /// What sort of failure it was.
        kind: ErrorKind,
        /// Why, in words.
        reason: String,
    },
}

/// Where a blob can come from.
#[derive(Debug, Default)]
struct Source {
    /// Its size, where a document says so.
    size: Option<u64>,
    /// Repositories of the images that need it: those of digest references first.
    repositories: Vec<Reference>,
    /// Whether it is known to be a manifest or index.
    document: bool,
}

/// What a repair works with.
struct Repairing<'a> {
    engine: &'a Engine,
    store: &'a ImageStore,
    client: &'a Client,
    lease: &'a Lease,
    events: &'a dyn Events,
}

impl Engine {
    /// Checks the store, and fetches what is damaged or missing again. A damaged file is replaced by the right
    /// bytes in one step or stays; nothing else is touched.
    ///
    /// # Errors
    /// When the list of images cannot be read; that something cannot be mended is part of the answer.
    pub fn fsck_repair(&self, events: &dyn Events) -> Result<Repaired> {
        let Some(store) = self.existing_store()? else { return Ok(Repaired::default()) };
        let checked = store.check(|_| ())?;
        if checked.findings.is_empty() {
            return Ok(Repaired { checked, outcomes: Vec::new() });
        }
        self.warn_of_readable_credentials(events);
        let client = self.client(&self.cancel.child())?;
        let lease = store.content().lease()?;
        let repairing = Repairing { engine: self, store: &store, client: &client, lease: &lease, events };
        let outcomes = repairing.repair(&checked);
        pass_on_warnings(&client, events);
        self.check_cancelled()?;
        store.content().blobs().sync()?;
        Ok(Repaired { outcomes: outcomes?, checked })
    }
}

impl Repairing<'_> {
    /// Mends in rounds: behind a document that was mended more may be missing.
    fn repair(&self, checked: &Checked) -> Result<Vec<(Finding, Outcome)>> {
        let mut outcomes: Vec<(Finding, Outcome)> = Vec::new();
        let mut tried: HashSet<Digest> = HashSet::new();
        let mut findings = checked.findings.clone();
        for _ in 0..=INDEX_DEPTH_MAX {
            let sources = sources(self.store, &self.store.index()?);
            let mut document_mended = false;
            for finding in findings {
                let digest = finding.to_fetch().filter(|digest| sources.contains_key(digest));
                let known = match digest {
                    Some(digest) => !tried.insert(digest.clone()),
                    None => outcomes.iter().any(|(known, _)| *known == finding),
                };
                if known {
                    continue;
                }
                // What seemed unneeded in an earlier round may not be any more.
                outcomes.retain(|(known, _)| known.to_fetch().is_none() || known.to_fetch() != digest);
                let outcome = self.mend(&finding, &sources);
                let size = digest.and_then(|digest| sources.get(digest)?.size);
                let small = size.is_none_or(|size| size <= CONFIG_BYTES_MAX);
                document_mended |= small && matches!(outcome, Outcome::Mended { .. });
                outcomes.push((finding, outcome));
            }
            if !document_mended || self.engine.cancel.is_cancelled() {
                break;
            }
            findings = self.store.check(|_| ())?.findings;
        }
        Ok(outcomes)
    }

    fn mend(&self, finding: &Finding, sources: &HashMap<Digest, Source>) -> Outcome {
        let failed = |kind, reason: String| Outcome::Failed { kind, reason };
        let Some(digest) = finding.to_fetch() else {
            let reason = "its bytes are what they have to be: fetching them again changes nothing";
            return failed(ErrorKind::Unsupported, reason.to_owned());
        };
        let Some(source) = sources.get(digest) else { return Outcome::Unneeded };
        let mut reasons: Vec<Error> = Vec::new();
        for repository in &source.repositories {
            match self.fetch(digest, source, repository) {
                Ok(()) => return Outcome::Mended { from: repository.clone() },
                Err(error) => reasons.push(error),
            }
            if self.engine.cancel.is_cancelled() {
                break;
            }
        }
        let names = source.repositories.iter().map(Reference::familiar);
        let tried = names.zip(&reasons).map(|(name, error)| format!("{name}: {error}"));
        match reasons.first() {
            Some(first) => failed(first.kind(), tried.collect::<Vec<String>>().join("; ")),
            None => failed(ErrorKind::NotFound, "no repository is known that it came from".to_owned()),
        }
    }

    fn fetch(&self, digest: &Digest, source: &Source, from: &Reference) -> Result<()> {
        self.lease.pin([Pin::Blob(digest.clone())])?;
        if source.document {
            return self.fetch_document(digest, from);
        }
        let Some(size) = source.size else { return self.fetch_document(digest, from) };
        match self.fetch_blob(digest, size, from) {
            // An index inside an index is not known to be one before it is here.
            Err(error) if error.kind() == ErrorKind::NotFound && size <= MANIFEST_BYTES_MAX => {
                self.fetch_document(digest, from).map_err(|_| error)
            }
            outcome => outcome,
        }
    }

    fn fetch_document(&self, digest: &Digest, from: &Reference) -> Result<()> {
        let failed = |error: registry_client::Error| self.engine.registry_error(&error);
        let repository = self.client.repository(from).map_err(failed)?;
        let fetched = repository.fetch_document(Wanted::Digest(digest)).map_err(failed)?;
        let bytes = fetched.document.bytes();
        let blobs = self.store.content().blobs();
        let mut writer = blobs.writer(self.lease, digest, bytes.len() as u64)?;
        io::Write::write_all(&mut writer, bytes)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("write {digest}: {error}")))?;
        Ok(writer.commit()?)
    }

    /// Fetches a config or layer. What arrived before an interruption is kept for the next try.
    fn fetch_blob(&self, digest: &Digest, size: u64, from: &Reference) -> Result<()> {
        let failed = |error: registry_client::Error| self.engine.registry_error(&error);
        let repository = self.client.repository(from).map_err(failed)?;
        let descriptor = Descriptor::new(MediaType::known(MediaType::OCI_LAYER), digest.clone(), size);
        let Some(partial) = self.store.content().partial(digest, size)? else {
            let text = "another process is fetching it".to_owned();
            return Err(Error::new(ErrorKind::Conflict, text));
        };
        let source = RemoteBlob::new(self.engine, &repository, &descriptor, self.events);
        source.bring(partial, self.store.content().blobs(), 1, &|| false, &|partial| {
            Proving::new(partial.reader(), &descriptor).finish()
        })
    }
}

/// Where each blob that images need can come from.
fn sources(store: &ImageStore, index: &Index) -> HashMap<Digest, Source> {
    let mut sources: HashMap<Digest, Source> = HashMap::new();
    for entries in index.by_image().into_values() {
        // Digest references say that the image was there under this very digest; a tag may be only ours.
        let mut repositories: BTreeMap<(bool, String), Reference> = BTreeMap::new();
        for reference in entries.iter().filter_map(|entry| entry.reference.as_ref()) {
            let name = reference.name_only();
            repositories.insert((reference.tag().is_some(), name.to_string()), name);
        }
        let reach = store.reach(entries.iter().copied());
        let unknown = reach.unknown.into_iter().map(|(digest, _)| (digest, None));
        for (digest, size) in
            reach.blobs.into_iter().map(|(digest, size)| (digest, Some(size))).chain(unknown)
        {
            let source = sources.entry(digest).or_default();
            source.size = source.size.or(size);
            for name in repositories.values() {
                if !source.repositories.contains(name) {
                    source.repositories.push(name.clone());
                }
            }
        }
        for entry in entries {
            for digest in entry.manifests.iter().chain([&entry.target.digest]) {
                sources.entry(digest.clone()).or_default().document = true;
            }
        }
    }
    sources
}
