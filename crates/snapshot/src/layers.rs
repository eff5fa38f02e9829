//! The folder of a driver's stored layers, `layers/<driver>`.
//!
//! A layer's folder is made elsewhere and appears here by rename, with its record in it. Nothing in it changes
//! afterwards. The folder itself is made when the first layer is published: looking needs no right to write.

use disk::{Dir, EntryKind};
use spec::{Algorithm, ChainId, DiffId, Digest};

use crate::drivers::owners;
use crate::error::{Error, Result};
use crate::facts::{LayerFacts, Stored, StoredKind};
use crate::meta::{Circumstances, Meta};
use crate::staged::{Place, Staged};

/// Where what belongs to stacks lies; no digest has this name.
const STACKS: &str = "stacks";

/// What the word of a layer's record needs to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The record is all there is to a layer: it is whole or it does not parse.
    Record,
    /// There are files beside it, lost with the machine unless synced.
    Files,
}

/// The stored layers of one driver.
#[derive(Debug)]
pub(crate) struct Layers {
    root: Dir,
    driver: &'static str,
    trust: Trust,
    now: Circumstances,
}

impl Layers {
    pub(crate) fn new(root: &Dir, driver: &'static str, trust: Trust) -> Result<Layers> {
        // Records speak of nobody's files.
        let owners = if trust == Trust::Files { owners() } else { None };
        let now = Circumstances { boot_id: disk::boot_id(), owners };
        Ok(Layers { root: root.try_clone()?, driver, trust, now })
    }

    fn folder(&self) -> Result<Option<Dir>> {
        match self.root.dir_if_exists("layers")? {
            Some(layers) => Ok(layers.dir_if_exists(self.driver)?),
            None => Ok(None),
        }
    }

    fn ensure_folder(&self) -> Result<Dir> {
        Ok(self.root.ensure_dir("layers")?.ensure_dir(self.driver)?)
    }

    fn is_ready(&self, meta: &Meta) -> bool {
        self.trust == Trust::Record || meta.is_ready(&self.now)
    }

    /// Writes the record of a layer whose files are complete.
    pub(crate) fn seal(&self, folder: &Dir, facts: LayerFacts, place: Place) -> Result<Staged> {
        Meta::new(&facts, &self.now).write(folder)?;
        Ok(Staged::new(facts, place))
    }

    /// Makes a staged layer visible; what is there already stays, unless it cannot be believed any more.
    pub(crate) fn publish(&self, staged: &Staged) -> Result<()> {
        self.publish_at(&self.ensure_folder()?, staged.place(), staged.facts.diff_id.digest().hex())
    }

    fn publish_at(&self, folder: &Dir, place: &Place, name: &str) -> Result<()> {
        // Each round ends it, or somebody else has made progress.
        while !place.publish(folder, name)? {
            if self.holds(folder, name)? {
                return Ok(());
            }
            self.retire(folder, place, name)?;
        }
        Ok(())
    }

    /// Whether what has the name can be used.
    fn holds(&self, folder: &Dir, name: &str) -> Result<bool> {
        let Some(found) = folder.dir_if_exists(name)? else { return Ok(false) };
        Ok(Meta::read(&found)?.is_some_and(|meta| self.is_ready(&meta)))
    }

    /// Takes a layer away that is not believed any more. If another process has just replaced it by a good
    /// one, that one is put back.
    fn retire(&self, folder: &Dir, place: &Place, name: &str) -> Result<()> {
        let old = format!("{}.old", place.name());
        place.parent().remove_all(&old)?;
        match folder.rename(name, place.parent(), &old) {
            Err(error) if error.is_not_found() => return Ok(()),
            result => result?,
        }
        if self.holds(place.parent(), &old)? {
            place.parent().rename_new(&old, folder, name)?;
        }
        match place.parent().remove_all(&old) {
            // It has files of numbers that the user no longer has; the lease takes it along into the trash.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
            result => Ok(result?),
        }
    }

    fn meta(&self, diff_id: &DiffId) -> Result<Option<(Dir, Meta)>> {
        match self.folder()? {
            Some(folder) => find(&folder, diff_id.digest()),
            None => Ok(None),
        }
    }

    /// The facts of a stack's topmost layer, if it is or was stored.
    pub(crate) fn facts_of_top(&self, stack: &[DiffId]) -> Result<Option<LayerFacts>> {
        let Some(diff_id) = stack.last() else { return Ok(None) };
        Ok(self.meta(diff_id)?.map(|(_, meta)| meta.facts(self.is_ready(&meta))))
    }

    /// The folder of a layer that can be used.
    pub(crate) fn open(&self, diff_id: &DiffId) -> Result<Dir> {
        match self.meta(diff_id)? {
            Some((folder, meta)) if self.is_ready(&meta) => Ok(folder),
            _ => Err(Error::LayerMissing { driver: self.driver, diff_id: diff_id.clone() }),
        }
    }

    /// What a stack needs besides its layers, if that was made and can be used.
    pub(crate) fn open_stack(&self, chain_id: &ChainId) -> Result<Option<Dir>> {
        let Some(folder) = self.folder()? else { return Ok(None) };
        let Some(stacks) = folder.dir_if_exists(STACKS)? else { return Ok(None) };
        let found = find(&stacks, chain_id.digest())?;
        Ok(found.filter(|(_, meta)| self.is_ready(meta)).map(|(folder, _)| folder))
    }

    /// Makes visible what a stack needs besides its layers.
    pub(crate) fn publish_stack(
        &self,
        chain_id: &ChainId,
        made: &Dir,
        place: &Place,
        disk_bytes: u64,
    ) -> Result<Dir> {
        Meta::of_stack(chain_id, disk_bytes, &self.now).write(made)?;
        let stacks = self.ensure_folder()?.ensure_dir(STACKS)?;
        self.publish_at(&stacks, place, chain_id.digest().hex())?;
        Ok(stacks.dir(chain_id.digest().hex())?)
    }

    /// Marks a merged tree as complete: one that must outlive this boot is synced first.
    pub(crate) fn seal_snapshot(&self, folder: &Dir, chain_id: &ChainId, durable: bool) -> Result<()> {
        if durable {
            rustix::fs::syncfs(folder.fd()).map_err(|e| disk::Error::new("sync", folder.path(), e))?;
        }
        Meta::of_stack(chain_id, 0, &self.now).write(folder)
    }

    /// Whether a merged tree can be believed.
    pub(crate) fn believes(&self, folder: &Dir, chain_id: &ChainId) -> Result<bool> {
        let meta = Meta::read(folder)?;
        Ok(meta.is_some_and(|meta| meta.digest == *chain_id.digest() && self.is_ready(&meta)))
    }

    /// Where a layer is, or would be.
    pub(crate) fn path(&self, diff_id: &DiffId) -> std::path::PathBuf {
        self.root.path().join("layers").join(self.driver).join(diff_id.digest().hex())
    }

    /// Everything in the folder.
    pub(crate) fn walk(&self) -> Result<Vec<Stored>> {
        let mut all = Vec::new();
        let Some(folder) = self.folder()? else { return Ok(all) };
        self.walk_folder(&folder, |digest| StoredKind::Layer(DiffId(digest)), &mut all)?;
        if let Some(stacks) = folder.dir_if_exists(STACKS)? {
            self.walk_folder(&stacks, |digest| StoredKind::Stack(ChainId(digest)), &mut all)?;
        }
        Ok(all)
    }

    fn walk_folder(
        &self,
        folder: &Dir,
        kind: impl Fn(Digest) -> StoredKind,
        all: &mut Vec<Stored>,
    ) -> Result<()> {
        for entry in folder.entries()? {
            let digest = entry.name.to_str().and_then(digest_of_hex);
            let (Some(digest), EntryKind::Dir) = (digest, entry.kind) else { continue };
            // What vanishes meanwhile was swept by somebody else.
            let Some(found) = folder.dir_if_exists(&entry.name)? else { continue };
            let meta = Meta::read(&found)?;
            all.push(Stored {
                kind: kind(digest),
                ready: meta.as_ref().is_some_and(|meta| self.is_ready(meta)),
                disk_bytes: meta.map_or(0, |meta| meta.disk_bytes),
                folder: folder.try_clone()?,
                name: entry.name,
            });
        }
        Ok(())
    }
}

/// What has the name of a digest, with its record, if that speaks of the same.
fn find(folder: &Dir, digest: &Digest) -> Result<Option<(Dir, Meta)>> {
    let Some(found) = folder.dir_if_exists(digest.hex())? else { return Ok(None) };
    Ok(Meta::read(&found)?.filter(|meta| meta.digest == *digest).map(|meta| (found, meta)))
}

/// The digest whose digits a folder's name is: their number tells the algorithm.
fn digest_of_hex(hex: &str) -> Option<Digest> {
    [Algorithm::Sha256, Algorithm::Sha512]
        .into_iter()
        .find(|algorithm| algorithm.hex_len() == hex.len())
        .and_then(|algorithm| Digest::parse(&format!("{}:{hex}", algorithm.as_str())).ok())
}
