//! Collecting what nothing refers to: online, without a lock, as much as was deleted.
//!
//! Decisions are metadata's, each in one transaction with what it takes away. Bytes are removed after that is
//! durable, by keys that nobody can be given again; a death in between leaves them in the trash.
//! `tests/protocol.rs` runs through every order of the steps of push, mount, delete, read and collection.

use std::time::Duration;

use super::Registry;
use crate::blobs::BlobKey;
use crate::clock::milliseconds;
use crate::error::Result;
use crate::metadata::{Collected, Grace};

/// Entries looked at in one transaction: others who write wait that long.
const STEP: usize = 64;
/// Keys of the trash whose bytes are removed before they are forgotten together.
const TRASH: usize = 256;
/// A file that nobody knows and that was written this recently may be an upload that has just begun.
const STRANGER_AGE_MIN: Duration = Duration::from_secs(3_600);

/// What a collection has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Unfinished uploads that were too old.
    pub uploads: u64,
    /// What left the metadata.
    pub collected: Collected,
    /// Files, or other keys of the blob backend, that were removed.
    pub keys: u64,
}

impl Registry {
    /// Ends old uploads, takes away what nothing refers to, removes its bytes.
    pub(crate) async fn collect(&self, grace: Duration) -> Result<Swept> {
        let now = self.clock.now();
        let ago = |duration: Duration| now.saturating_sub(milliseconds(duration));
        let grace = Grace { orphaned_before: ago(grace), untagged_before: self.policy.untagged.map(ago) };
        let mut swept = Swept::default();
        loop {
            let ended = self.metadata.expire(ago(self.policy.upload_idle), STEP, now).await?;
            swept.uploads += ended;
            if ended == 0 {
                break;
            }
        }
        loop {
            let step = self.metadata.collect(grace, now, STEP).await?;
            add(&mut swept.collected, step);
            if step.examined == 0 {
                break;
            }
        }
        swept.keys = self.empty_trash().await?;
        Ok(swept)
    }

    async fn empty_trash(&self) -> Result<u64> {
        let mut removed = 0;
        loop {
            let keys = self.metadata.trash(TRASH).await?;
            if keys.is_empty() {
                return Ok(removed);
            }
            for key in &keys {
                self.blobs.remove(key).await?;
            }
            removed += keys.len() as u64;
            self.metadata.emptied(keys).await?;
        }
    }

    /// Removes bytes that the metadata does not know and that were written before a time, after the machine went
    /// down: it may have lost the row of an upload and kept its file. Lists keys, reads no blob; never on the way
    /// of a request.
    pub(crate) async fn remove_strangers(&self, written_before: i64) -> Result<u64> {
        let mut removed = 0;
        let mut part = 0;
        loop {
            let keys = self.blobs.keys(part).await?;
            for key in self.strangers(keys.keys, written_before).await? {
                self.blobs.remove(&key).await?;
                removed += 1;
            }
            part += 1;
            if part >= keys.parts {
                return Ok(removed);
            }
        }
    }

    /// When a file must have been written at the latest to be nobody's, where a server may be running.
    pub(crate) fn stranger_written_before(&self) -> i64 {
        self.clock.now().saturating_sub(milliseconds(STRANGER_AGE_MIN))
    }

    /// Those of some keys that nobody knows and that were written before a time.
    pub(crate) async fn strangers(
        &self,
        keys: Vec<(BlobKey, u64, u64)>,
        written_before: i64,
    ) -> Result<Vec<BlobKey>> {
        let old = |seconds: u64| i64::try_from(seconds).is_ok_and(|seconds| seconds < written_before / 1_000);
        let keys: Vec<BlobKey> =
            keys.into_iter().filter(|(_, written, _)| old(*written)).map(|(key, ..)| key).collect();
        if keys.is_empty() { Ok(keys) } else { self.metadata.strangers(keys).await }
    }
}

fn add(all: &mut Collected, step: Collected) {
    all.examined += step.examined;
    all.manifests += step.manifests;
    all.unlinked += step.unlinked;
    all.blobs += step.blobs;
    all.bytes += step.bytes;
}
