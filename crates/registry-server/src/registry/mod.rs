//! What the registry does, apart from how it is asked: behaviour over metadata and blobs.
//!
//! Whether the caller may do it was settled before; switches that hold for everybody (read-only, no deletion)
//! are checked here, where the change is made (SRV-3).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spec::RegistryErrorCode as Code;

use crate::blobs::BlobBackend;
use crate::clock::Clock;
use crate::metadata::Metadata;
use crate::refusal::{Answered, Refusal};

pub(crate) mod collect;
pub(crate) mod manifests;
pub(crate) mod outline;
pub(crate) mod pull;
mod receive;
pub(crate) mod uploads;

/// Whether something is done at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It is.
    On,
    /// It is not, for nobody.
    Off,
}

/// What holds for everybody.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Whether anything may be changed.
    pub writes: Switch,
    /// Whether anything may be deleted.
    pub deletes: Switch,
    /// Whether an index may list manifests that are not here.
    pub sparse_indexes: Switch,
    /// Whether an image may name blobs that are not here.
    pub sparse_images: Switch,
    /// Bytes up to which a blob stays beside the metadata.
    pub inline_bytes_max: u64,
    /// Uploads that one subject may have open.
    pub uploads_open_max: u64,
    /// How long an upload may rest.
    pub upload_idle: Duration,
    /// How long content stays that nothing refers to yet.
    pub grace: Duration,
    /// How long manifests without a name stay; for ever when there is none.
    pub untagged: Option<Duration>,
}

/// A registry.
pub(crate) struct Registry {
    pub metadata: Arc<dyn Metadata>,
    pub blobs: Arc<dyn BlobBackend>,
    pub clock: Clock,
    pub policy: Policy,
    /// Uploads that a request is writing to now: there is one writer (SRV-7).
    pub(in crate::registry) writing: Arc<Mutex<HashSet<String>>>,
}

impl Registry {
    pub(crate) fn new(
        metadata: Arc<dyn Metadata>,
        blobs: Arc<dyn BlobBackend>,
        clock: Clock,
        policy: Policy,
    ) -> Registry {
        Registry { metadata, blobs, clock, policy, writing: Arc::default() }
    }

    /// Refuses changes when there are to be none.
    pub(in crate::registry) fn check_writes(&self) -> Answered<()> {
        match self.policy.writes {
            Switch::On => Ok(()),
            Switch::Off => Err(Refusal::new(Code::Unsupported, "the registry is read-only")),
        }
    }

    /// Refuses deletions when there are to be none.
    pub(in crate::registry) fn check_deletes(&self) -> Answered<()> {
        self.check_writes()?;
        match self.policy.deletes {
            Switch::On => Ok(()),
            Switch::Off => Err(Refusal::new(Code::Unsupported, "deletion is switched off here")),
        }
    }

    /// How many uploads are being written to now.
    pub(crate) fn writing(&self) -> usize {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
