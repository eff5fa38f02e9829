//! `inspect --remote`: everything about an image in a registry but its layers.

use spec::{Descriptor, Document, ImageConfig, Manifest, Platform, Reference};

use super::choose::{Chosen, choose, no_match};
use crate::engine::Engine;
use crate::error::Result;
use crate::event::Events;
use crate::remote::{fetch_config, pass_on_warnings, wanted};

/// A request to look at an image in a registry.
#[derive(Clone, Debug, Default)]
pub struct InspectRemote {
    /// What the user typed.
    pub reference: String,
    /// The platform to choose instead of the machine's.
    pub platform: Option<Platform>,
}

/// What a reference stands for in its registry.
#[derive(Clone, Debug)]
pub struct RemoteImage {
    /// The reference that was asked for.
    pub reference: Reference,
    /// The index or manifest, as received.
    pub target: Document,
    /// The images that an index offers, with their platforms; none of a single manifest.
    pub offered: Vec<Descriptor>,
    /// The image for the platform; nothing when an index has none for this machine and none was asked for.
    pub image: Option<RemoteDocuments>,
}

/// One image's documents.
#[derive(Clone, Debug)]
pub struct RemoteDocuments {
    /// The platform, by the index's word where there is one.
    pub platform: Platform,
    /// The manifest, as received.
    pub manifest: Manifest,
    /// The config, as received; nothing of an artifact that is no image.
    pub config: Option<ImageConfig>,
}

impl Engine {
    /// Looks at an image in its registry without pulling it: documents only, nothing is stored.
    ///
    /// # Errors
    /// When the reference cannot be meant, the registry refuses or fails, in the words of a pull, or no platform
    /// fits the one that was asked for.
    pub fn inspect_remote(&self, request: &InspectRemote, events: &dyn Events) -> Result<RemoteImage> {
        let reference = Reference::parse(&request.reference)?.digest_wins().or_latest();
        let client = self.client(&self.cancel.child())?;
        let result = self.look_at(&client, reference, request.platform.as_ref());
        pass_on_warnings(&client, events);
        result
    }

    fn look_at(
        &self,
        client: &registry_client::Client,
        reference: Reference,
        platform: Option<&Platform>,
    ) -> Result<RemoteImage> {
        let failed = |error: registry_client::Error| self.pull_error(&error, &reference);
        let repository = client.repository(&reference).map_err(failed)?;
        let target = repository.fetch_document(wanted(&reference)).map_err(failed)?.document;
        let chosen = choose(&target, platform, &self.host.platform, |child| {
            self.check_cancelled()?;
            Ok(repository.fetch_child(child).map_err(failed)?.document)
        });
        let image = match (chosen?, platform) {
            (Some(chosen), _) => Some(documents(self, client, &repository, chosen)?),
            (None, Some(platform)) => return Err(no_match(&target, platform)),
            (None, None) => None,
        };
        let offered = match &target {
            Document::Manifest(_) => Vec::new(),
            Document::Index(index) => {
                index.manifests.iter().filter(|entry| !entry.is_attestation()).cloned().collect()
            }
        };
        Ok(RemoteImage { reference, target, offered, image })
    }
}

fn documents(
    engine: &Engine,
    client: &registry_client::Client,
    repository: &registry_client::Repository<'_>,
    chosen: Chosen,
) -> Result<RemoteDocuments> {
    let Chosen { manifest, stated } = chosen;
    let config = remote_config(engine, client, repository, &manifest)?;
    let platform = stated.or_else(|| config.as_ref().map(ImageConfig::platform));
    let platform = platform.unwrap_or_else(|| Platform::new("unknown", "unknown", None));
    Ok(RemoteDocuments { platform, manifest, config })
}

/// The config of a manifest; nothing of an artifact.
pub(crate) fn remote_config(
    engine: &Engine,
    client: &registry_client::Client,
    repository: &registry_client::Repository<'_>,
    manifest: &Manifest,
) -> Result<Option<ImageConfig>> {
    if !manifest.is_image() {
        return Ok(None);
    }
    fetch_config(engine, client, repository, &manifest.config).map(Some)
}
