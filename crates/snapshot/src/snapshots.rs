//! The folder of a driver's snapshots, `snapshots/<driver>`.
//!
//! A snapshot is a folder named by its key with a record of the layers it stands on. It is made elsewhere and
//! appears by rename. Unlike stored layers, an active snapshot holds what exists nowhere else: its record is
//! durable before it appears.

use disk::{Dir, EntryKind, Trash};
use serde::{Deserialize, Serialize};
use spec::DiffId;

use crate::driver::{Scratch, SnapshotFacts};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::staged::Place;

/// The record's name.
const RECORD: &str = "snapshot.json";

/// Bytes a record can have: 480 layers of 139 bytes, and room.
const RECORD_BYTES_MAX: u64 = 256 << 10;

/// What a snapshot is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The layers, bottom first.
    pub(crate) stack: Vec<DiffId>,
    /// Whether it can be written to.
    pub(crate) active: bool,
}

/// The snapshots of one driver.
#[derive(Debug)]
pub(crate) struct Snapshots {
    root: Dir,
    driver: &'static str,
}

/// A snapshot that was looked for, and is there or is to be made.
pub(crate) enum Wanted {
    There(Dir),
    /// A folder to fill, with the record in it.
    New(Place, Dir),
}

impl Snapshots {
    pub(crate) fn new(root: &Dir, driver: &'static str) -> Result<Snapshots> {
        Ok(Snapshots { root: root.try_clone()?, driver })
    }

    fn folder(&self) -> Result<Option<Dir>> {
        match self.root.dir_if_exists("snapshots")? {
            Some(snapshots) => Ok(snapshots.dir_if_exists(self.driver)?),
            None => Ok(None),
        }
    }

    /// Looks for a snapshot, and begins one when there is none.
    pub(crate) fn want(&self, key: &Key, record: &Record, scratch: &Scratch<'_>) -> Result<Wanted> {
        if let Some(found) = self.matching(key, record)? {
            return Ok(Wanted::There(found));
        }
        let (place, folder) = Place::make(scratch)?;
        let bytes = serde_json::to_vec(record).map_err(|e| damaged(&folder, &e))?;
        let file = folder.create(RECORD, 0o600)?;
        file.write_all_at(&bytes, 0)?;
        if record.active {
            file.sync()?;
            folder.sync()?;
        }
        Ok(Wanted::New(place, folder))
    }

    /// Gives a filled folder its name. When another process was quicker with the same, its is taken.
    pub(crate) fn publish(&self, key: &Key, record: &Record, place: &Place) -> Result<Dir> {
        let folder = self.root.ensure_dir("snapshots")?.ensure_dir(self.driver)?;
        if place.publish(&folder, key.as_str())? && record.active {
            folder.sync()?;
        }
        self.matching(key, record)?.ok_or_else(|| Error::SnapshotMissing(key.clone()))
    }

    fn matching(&self, key: &Key, record: &Record) -> Result<Option<Dir>> {
        match self.open(key) {
            Ok((folder, found)) if found == *record => Ok(Some(folder)),
            Ok(_) => Err(Error::SnapshotConflict(key.clone())),
            Err(Error::SnapshotMissing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A snapshot that exists.
    pub(crate) fn open(&self, key: &Key) -> Result<(Dir, Record)> {
        let missing = || Error::SnapshotMissing(key.clone());
        let folder = self.folder()?.ok_or_else(missing)?;
        let folder = folder.dir_if_exists(key.as_str())?.ok_or_else(missing)?;
        let bytes =
            folder.read(RECORD, RECORD_BYTES_MAX)?.ok_or_else(|| damaged(&folder, &"it is missing"))?;
        let record = serde_json::from_slice(&bytes).map_err(|e| damaged(&folder, &e))?;
        Ok((folder, record))
    }

    /// Where an active snapshot that exists is.
    pub(crate) fn open_active(&self, key: &Key) -> Result<(Dir, Record)> {
        match self.open(key)? {
            (folder, record) if record.active => Ok((folder, record)),
            _ => Err(Error::SnapshotConflict(key.clone())),
        }
    }

    /// Takes away a snapshot that cannot be used any more, so that it can be made anew.
    pub(crate) fn retire(&self, key: &Key, scratch: &Scratch<'_>) -> Result<()> {
        let Some(folder) = self.folder()? else { return Ok(()) };
        scratch.dir.remove_all(scratch.name)?;
        match folder.rename(key.as_str(), scratch.dir, scratch.name) {
            Err(error) if error.is_not_found() => Ok(()),
            result => {
                result?;
                Ok(scratch.dir.remove_all(scratch.name)?)
            }
        }
    }

    pub(crate) fn remove(&self, key: &Key, trash: &Trash) -> Result<bool> {
        match self.folder()? {
            Some(folder) => Ok(trash.take(&folder, key.as_str().as_ref())?),
            None => Ok(false),
        }
    }

    /// All of them; damaged ones are reported as errors, since what they stand on is not known.
    pub(crate) fn list(&self) -> Result<Vec<SnapshotFacts>> {
        let mut all = Vec::new();
        let Some(folder) = self.folder()? else { return Ok(all) };
        for entry in folder.entries()? {
            let key = entry.name.to_str().and_then(Key::parse);
            let (Some(key), EntryKind::Dir) = (key, entry.kind) else { continue };
            match self.open(&key) {
                Ok((_, record)) => {
                    all.push(SnapshotFacts { key, stack: record.stack, active: record.active });
                }
                Err(Error::SnapshotMissing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }
}

fn damaged(folder: &Dir, reason: &dyn std::fmt::Display) -> Error {
    Error::Damaged { path: folder.join(RECORD), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Digest;

    #[test]
    fn the_form_on_disk_is_this() {
        let record = Record { stack: vec![DiffId(Digest::of(b"x"))], active: true };
        let text = format!(r#"{{"stack":["{}"],"active":true}}"#, record.stack[0]);
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }

    #[test]
    fn a_key_stands_for_one_snapshot() {
        let temporary = tempfile::tempdir().unwrap();
        let root = Dir::open(temporary.path()).unwrap();
        let snapshots = Snapshots::new(&root, "test").unwrap();
        let scratch = Scratch { dir: &root, name: "scratch" };
        let key = Key::parse("k").unwrap();
        let record = Record { stack: vec![DiffId(Digest::of(b"x"))], active: false };
        assert!(snapshots.list().unwrap().is_empty());
        let Wanted::New(place, _) = snapshots.want(&key, &record, &scratch).unwrap() else {
            panic!("there before it was made");
        };
        snapshots.publish(&key, &record, &place).unwrap();
        drop(place);
        assert!(matches!(snapshots.want(&key, &record, &scratch).unwrap(), Wanted::There(_)));
        let other = Record { active: true, ..record.clone() };
        assert!(matches!(snapshots.want(&key, &other, &scratch), Err(Error::SnapshotConflict(_))));
        assert!(matches!(snapshots.open_active(&key), Err(Error::SnapshotConflict(_))));
        assert_eq!(snapshots.list().unwrap().len(), 1);
        let trash = Trash::new(root.make_dir("trash").unwrap());
        assert!(snapshots.remove(&key, &trash).unwrap());
        assert!(!snapshots.remove(&key, &trash).unwrap());
        assert!(matches!(snapshots.open(&key), Err(Error::SnapshotMissing(_))));
    }
}
