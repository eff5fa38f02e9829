//! `digest`: what a tag stands for in its registry now, by one request.

use registry_client::RateLimit;
use spec::{Descriptor, Reference};

use crate::engine::Engine;
use crate::error::Result;
use crate::event::Events;
use crate::remote::{pass_on_warnings, wanted};

/// What a reference stands for in its registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteDigest {
    /// The reference that was asked for.
    pub reference: Reference,
    /// Kind, digest and size of the index or manifest, as the registry states them.
    pub target: Descriptor,
    /// The pull limit, where the registry has one; asking for a digest does not use it up.
    pub rate_limit: Option<RateLimit>,
}

impl Engine {
    /// Asks a registry what a reference stands for, without fetching it.
    ///
    /// # Errors
    /// When the reference cannot be meant, or the registry has no such thing or fails, in the words of a pull.
    pub fn digest(&self, reference: &str, events: &dyn Events) -> Result<RemoteDigest> {
        let reference = Reference::parse(reference)?.digest_wins().or_latest();
        let client = self.client(&self.cancel.child())?;
        let repository = client.repository(&reference).map_err(|error| self.registry_error(&error))?;
        let resolved = repository.resolve(wanted(&reference));
        pass_on_warnings(&client, events);
        let resolved = resolved.map_err(|error| self.pull_error(&error, &reference))?;
        Ok(RemoteDigest { reference, target: resolved.descriptor, rate_limit: resolved.rate_limit })
    }
}
