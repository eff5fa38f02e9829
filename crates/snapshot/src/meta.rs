//! `meta.json`, the record of a stored layer.
//!
//! It is written before the layer's folder gets its name and never changed but for its `synced`. It is not
//! synced itself: a torn or lost record does not parse, and the layer is then treated as absent.

use disk::Dir;
use serde::{Deserialize, Serialize};
use spec::{ChainId, DiffId, Digest};

use crate::error::{Error, Result};
use crate::facts::LayerFacts;

/// The record's name.
const NAME: &str = "meta.json";

/// Bytes a record can have: what we write stays below 1 KiB.
const META_BYTES_MAX: u64 = 64 << 10;

/// What is recorded of a stored layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    /// The layer's diff ID, or the chain ID of the stack it belongs to.
    pub(crate) digest: Digest,
    /// Bytes of regular files.
    pub(crate) size: u64,
    /// Bytes of the stream.
    pub(crate) tar_bytes: u64,
    /// Bytes on disk.
    pub(crate) disk_bytes: u64,
    pub(crate) entries: u64,
    /// The boot in which it was stored.
    pub(crate) boot_id: String,
    /// Whether all files are durable, so that later boots may believe them (decision 17).
    pub(crate) synced: bool,
    /// Whom files could be given to; nothing where that was everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owners: Option<String>,
}

/// What decides whether files beside a record are as they should be: they are only for who finds the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circumstances {
    /// The boot.
    pub(crate) boot_id: String,
    /// Whom files can be given to; nothing where that is everybody.
    pub(crate) owners: Option<String>,
}

impl Meta {
    pub(crate) fn new(facts: &LayerFacts, now: &Circumstances) -> Meta {
        Meta {
            digest: facts.diff_id.digest().clone(),
            size: facts.size,
            tar_bytes: facts.tar_bytes,
            disk_bytes: facts.disk_bytes,
            entries: facts.entries,
            boot_id: now.boot_id.clone(),
            synced: false,
            owners: now.owners.clone(),
        }
    }

    /// The record of what a stack needs besides its layers.
    pub(crate) fn of_stack(chain_id: &ChainId, disk_bytes: u64, now: &Circumstances) -> Meta {
        Meta {
            digest: chain_id.digest().clone(),
            size: 0,
            tar_bytes: 0,
            disk_bytes,
            entries: 0,
            boot_id: now.boot_id.clone(),
            synced: false,
            owners: now.owners.clone(),
        }
    }

    /// Whether the files beside the record are durable or of this boot, and have the owners that they would get now.
    pub(crate) fn is_ready(&self, now: &Circumstances) -> bool {
        let is_whole = self.synced || (self.boot_id == now.boot_id && now.boot_id != UNKNOWN_BOOT);
        is_whole && self.owners == now.owners
    }

    pub(crate) fn facts(&self, ready: bool) -> LayerFacts {
        LayerFacts {
            diff_id: DiffId(self.digest.clone()),
            size: self.size,
            tar_bytes: self.tar_bytes,
            disk_bytes: self.disk_bytes,
            entries: self.entries,
            ready,
        }
    }

    pub(crate) fn write(&self, folder: &Dir) -> Result<()> {
        let bytes = serde_json::to_vec(self).map_err(|e| damaged(folder, &e))?;
        Ok(folder.create(NAME, 0o600)?.write_all_at(&bytes, 0)?)
    }

    /// Replaces the record by one that says that all files beside it are durable.
    pub(crate) fn mark_synced(&self, folder: &Dir) -> Result<()> {
        let synced = Meta { synced: true, ..self.clone() };
        let bytes = serde_json::to_vec(&synced).map_err(|e| damaged(folder, &e))?;
        Ok(folder.replace(NAME, &bytes, 0o600)?)
    }

    /// Reads the record of a folder; nothing when there is none or it was torn by a crash.
    pub(crate) fn read(folder: &Dir) -> Result<Option<Meta>> {
        let Some(bytes) = folder.read(NAME, META_BYTES_MAX)? else { return Ok(None) };
        Ok(serde_json::from_slice(&bytes).ok())
    }
}

/// What [`disk::boot_id`] says where the kernel has no word for it.
const UNKNOWN_BOOT: &str = "unknown";

fn damaged(folder: &Dir, error: &serde_json::Error) -> Error {
    Error::Damaged { path: folder.join(NAME), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Meta {
        Meta {
            digest: Digest::of(b"x"),
            size: 1,
            tar_bytes: 2,
            disk_bytes: 3,
            entries: 4,
            boot_id: "b".to_owned(),
            synced: false,
            owners: None,
        }
    }

    fn circumstances(boot_id: &str, owners: Option<&str>) -> Circumstances {
        Circumstances { boot_id: boot_id.to_owned(), owners: owners.map(str::to_owned) }
    }

    #[test]
    fn unsynced_layers_are_believed_in_their_own_boot_only() {
        let check = |synced: bool, made_in: &str, now: &str, expect: bool| {
            let meta = Meta { synced, boot_id: made_in.to_owned(), ..sample() };
            assert_eq!(meta.is_ready(&circumstances(now, None)), expect, "{synced} {made_in} {now}");
        };
        check(false, "b", "b", true);
        check(false, "a", "b", false);
        check(true, "a", "b", true);
        check(false, "unknown", "unknown", false);
    }

    #[test]
    fn files_with_other_owners_than_they_would_get_now_are_not_believed() {
        let check = |made_as: Option<&str>, now: Option<&str>, expect: bool| {
            let meta = Meta { owners: made_as.map(str::to_owned), synced: true, ..sample() };
            assert_eq!(meta.is_ready(&circumstances("b", now)), expect, "{made_as:?} {now:?}");
            let again: Meta = serde_json::from_str(&serde_json::to_string(&meta).unwrap()).unwrap();
            assert_eq!(again, meta);
        };
        check(None, None, true);
        check(Some("0 7 1"), Some("0 7 1"), true);
        check(Some("0 7 1"), None, false);
        check(None, Some("0 7 1"), false);
        check(Some("0 7 1"), Some("0 7 1, 1 100 9"), false);
    }

    #[test]
    fn the_form_on_disk_is_this() {
        let text = format!(
            r#"{{"digest":"{}","size":1,"tarBytes":2,"diskBytes":3,"entries":4,"bootId":"b","synced":false}}"#,
            sample().digest
        );
        assert_eq!(serde_json::to_string(&sample()).unwrap(), text);
        assert_eq!(serde_json::from_str::<Meta>(&text).unwrap(), sample());
    }

    #[test]
    fn torn_records_are_absent() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        assert_eq!(Meta::read(&dir).unwrap(), None);
        sample().write(&dir).unwrap();
        assert_eq!(Meta::read(&dir).unwrap(), Some(sample()));
        let whole = std::fs::read(temporary.path().join(NAME)).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(temporary.path().join(NAME), &whole[..cut]).unwrap();
            assert_eq!(Meta::read(&dir).unwrap(), None, "{cut}");
        }
        std::fs::write(temporary.path().join(NAME), vec![0; whole.len()]).unwrap();
        assert_eq!(Meta::read(&dir).unwrap(), None);
    }
}
