//! `manifest inspect`: manifests and indexes as a registry serves them.

use registry_client::{Client, Repository};
use spec::limits::MANIFESTS_WALKED_MAX;
use spec::{Descriptor, Document, Reference};

use super::inspect_remote::remote_config;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Events;
use crate::remote::{kind_of, pass_on_warnings, wanted};

/// A request to look at a manifest or index.
#[derive(Clone, Debug, Default)]
pub struct InspectManifest {
    /// What the user typed.
    pub reference: String,
    /// Whether the registry may be spoken to in the clear or without checking who it is.
    pub insecure: bool,
    /// Whether everything that an index points at is wanted too.
    pub verbose: bool,
}

/// What a registry serves for a reference.
#[derive(Clone, Debug)]
pub struct InspectedManifest {
    /// The reference that was asked for.
    pub reference: Reference,
    /// The manifest or index, as received.
    pub document: Document,
    /// When asked for: the manifest itself, or each that the index points at, in its order.
    pub parts: Vec<ManifestPart>,
}

/// One manifest, with its name.
#[derive(Clone, Debug)]
pub struct ManifestPart {
    /// The reference that was asked for, or its repository with the digest of an index's entry.
    pub reference: Reference,
    /// Kind, digest, size and platform: by the index's word, for a single manifest by its config.
    pub descriptor: Descriptor,
    /// The document, as received.
    pub document: Document,
}

impl Engine {
    /// Fetches a manifest or index, and what it points at if wanted; nothing is stored.
    ///
    /// # Errors
    /// When the reference cannot be meant, or the registry has no such thing or fails, in Docker's words.
    pub fn inspect_manifest(
        &self,
        request: &InspectManifest,
        events: &dyn Events,
    ) -> Result<InspectedManifest> {
        let reference = Reference::parse(&request.reference)?.digest_wins().or_latest();
        let insecure = request.insecure.then(|| reference.domain());
        let client = self.client_for(&self.cancel.child(), insecure)?;
        let result = self.inspect_with(&client, reference, request.verbose);
        pass_on_warnings(&client, events);
        result
    }

    fn inspect_with(
        &self,
        client: &Client,
        reference: Reference,
        verbose: bool,
    ) -> Result<InspectedManifest> {
        let failed = |error: registry_client::Error| self.manifest_error(&error, &reference);
        let repository = client.repository(&reference).map_err(failed)?;
        let document = repository.fetch_document(wanted(&reference)).map_err(failed)?.document;
        let parts = match &document {
            _ if !verbose => Vec::new(),
            Document::Manifest(_) => vec![single(self, client, &repository, &reference, &document)?],
            Document::Index(index) if index.manifests.len() > MANIFESTS_WALKED_MAX => {
                let text = format!(
                    "the index has {} entries, more than MANIFESTS_WALKED_MAX ({MANIFESTS_WALKED_MAX})",
                    index.manifests.len()
                );
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
            Document::Index(index) => {
                let entries = index.manifests.iter().map(|entry| {
                    self.check_cancelled()?;
                    let document = repository.fetch_child(entry).map_err(failed)?.document;
                    let reference = reference.with_digest(entry.digest.clone());
                    Ok(ManifestPart { reference, descriptor: entry.clone(), document })
                });
                entries.collect::<Result<Vec<ManifestPart>>>()?
            }
        };
        Ok(InspectedManifest { reference, document, parts })
    }

    /// Docker's words: what is hidden from us does not exist, and a server that is not there has no transport.
    fn manifest_error(&self, error: &registry_client::Error, reference: &Reference) -> Error {
        match kind_of(error) {
            // Nobody was asked for what is hidden yet.
            _ if matches!(error, registry_client::Error::NoPassword { .. }) => {
                self.pull_error(error, reference)
            }
            ErrorKind::NotFound | ErrorKind::Unauthorized => {
                let failed = Error::new(ErrorKind::NotFound, format!("no such manifest: {reference}"));
                self.with_hints(failed, error, reference)
            }
            ErrorKind::Unavailable if error.is_unreached() => Error::new(
                ErrorKind::Unavailable,
                format!("failed to configure transport: error pinging v2 registry: {error}"),
            ),
            _ => self.pull_error(error, reference),
        }
    }
}

fn single(
    engine: &Engine,
    client: &Client,
    repository: &Repository<'_>,
    reference: &Reference,
    document: &Document,
) -> Result<ManifestPart> {
    let mut descriptor = document.descriptor();
    if let Document::Manifest(manifest) = document {
        let config = remote_config(engine, client, repository, manifest)?;
        descriptor.platform = config.map(|config| config.platform());
    }
    Ok(ManifestPart { reference: reference.clone(), descriptor, document: document.clone() })
}
