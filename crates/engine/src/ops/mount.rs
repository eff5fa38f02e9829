//! `image mount` and `image umount`: a read-only view of an image's files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use images::{ImageStore, Index};
use serde_json::{Value, json};
use snapshot::{Key, Mount, Scratch, is_mount_point, mount_all, plain_directory, umount_all};
use spec::{Digest, ImageId};

use crate::engine::{Engine, entry_of};
use crate::error::{Error, ErrorKind, Result};

/// An image that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// The image.
    pub image: ImageId,
    /// Where its files are.
    pub target: PathBuf,
    /// The snapshot behind it.
    key: Key,
    /// Whether the folder is ours and goes with the mount.
    own_target: bool,
}

const FOLDER: &str = "mounts";
/// A record is a few hundred bytes.
const RECORD_BYTES_MAX: u64 = 64 << 10;

impl Engine {
    /// Makes a read-only view of an image, at `target` if one is given, and says where it is.
    ///
    /// # Errors
    /// When there is no such image, the storage driver keeps no files, or mounting is not allowed.
    pub fn mount_image(&self, text: &str, target: Option<&Path>) -> Result<PathBuf> {
        let (store, index, found) = self.store_and_index(text)?;
        let image = store.image(entry_of(&index, &found)?)?;
        let target = target.map(absolute).transpose()?;
        let key = key_for(&found.image, target.as_deref());
        if let Some(mounted) = records(&store)?.into_iter().find(|mounted| mounted.key == key) {
            if self.is_there(&store, &mounted)? {
                return Ok(mounted.target);
            }
            // Somebody else unmounted it, and left the record.
            self.forget(&store, &mounted)?;
        }
        let lease = store.content().lease()?;
        self.make_layers_ready(&store, &lease, &image)?;
        let name = lease.fresh_name();
        let scratch = Scratch { dir: lease.scratch(), name: &name };
        let mounts = store.driver().view(&key, image.config.diff_ids(), &scratch)?;
        let mounted = match (plain_directory(&mounts), target) {
            (Some(plain), None) => {
                Mounted { target: plain.to_owned(), own_target: false, image: found.image, key }
            }
            (_, target) => {
                let own_target = target.is_none();
                let target = match target {
                    Some(target) => target,
                    None => store.content().folder(FOLDER)?.ensure_dir(key.as_str())?.path().to_owned(),
                };
                Mounted { target, own_target, image: found.image, key }
            }
        };
        // The record comes first: a mount that nobody knows of could not be undone.
        write_record(&store, &mounted)?;
        let needs_mount = plain_directory(&mounts) != Some(mounted.target.as_path());
        if needs_mount && let Err(error) = mount_all(&mounts, &mounted.target) {
            self.forget(&store, &mounted)?;
            return Err(error.into());
        }
        Ok(mounted.target)
    }

    /// Undoes the mount at a folder, or every mount of an image; where they were. What begins like a path, and
    /// what an image is mounted at, is a folder.
    ///
    /// # Errors
    /// When nothing of that kind is mounted, or somebody works in the mount.
    pub fn umount(&self, what: &OsStr) -> Result<Vec<PathBuf>> {
        let folder = std::path::absolute(what).unwrap_or_else(|_| PathBuf::from(what));
        let Some(store) = self.existing_store()? else {
            return image_meant(&Index::default(), what, &folder).map(|_| Vec::new());
        };
        let mut mounted = records(&store)?;
        match mounted.iter().position(|mounted| mounted.target == folder) {
            Some(at) => mounted = vec![mounted.swap_remove(at)],
            None => {
                let image = image_meant(&store.index()?, what, &folder)?;
                mounted.retain(|mounted| mounted.image == image);
            }
        }
        if mounted.is_empty() {
            let text = format!("image {} is not mounted", what.display());
            return Err(Error::new(ErrorKind::NotFound, text));
        }
        mounted.into_iter().map(|mounted| self.undo(&store, mounted)).collect()
    }

    /// Undoes every mount of every image; which images and where they were.
    ///
    /// # Errors
    /// When somebody works in one of the mounts.
    pub fn umount_all_images(&self) -> Result<Vec<Mounted>> {
        let mounted = self.mounted_images()?;
        if let Some(store) = self.existing_store()? {
            mounted.iter().try_for_each(|mounted| self.undo(&store, mounted.clone()).map(|_| ()))?;
        }
        Ok(mounted)
    }

    /// The images that are mounted.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn mounted_images(&self) -> Result<Vec<Mounted>> {
        self.existing_store()?.map_or(Ok(Vec::new()), |store| records(&store))
    }

    /// Whether what a record says is so: a mount may have been undone behind our back.
    fn is_there(&self, store: &ImageStore, mounted: &Mounted) -> Result<bool> {
        let mounts = mounts_of(store, mounted)?;
        Ok(plain_directory(&mounts) == Some(mounted.target.as_path()) || is_mount_point(&mounted.target)?)
    }

    fn undo(&self, store: &ImageStore, mounted: Mounted) -> Result<PathBuf> {
        let mounts = mounts_of(store, &mounted)?;
        if plain_directory(&mounts) != Some(mounted.target.as_path()) {
            umount_all(&mounts, &mounted.target)?;
        }
        self.forget(store, &mounted)?;
        Ok(mounted.target)
    }

    /// Removes a view and the record of its mount.
    pub(crate) fn forget(&self, store: &ImageStore, mounted: &Mounted) -> Result<()> {
        let trash = store.content().trash()?;
        store.driver().remove(&mounted.key, &trash)?;
        let folder = store.content().folder(FOLDER)?;
        folder.remove_file(format!("{}.json", mounted.key))?;
        if mounted.own_target {
            folder.remove_all(mounted.key.as_str())?;
        }
        Ok(trash.empty()?)
    }
}

/// The image that is to be unmounted, no image being mounted at `folder`.
fn image_meant(index: &Index, what: &OsStr, folder: &Path) -> Result<ImageId> {
    let nothing_there = format!("no image is mounted at {}", folder.display());
    // No image has a name that begins like a path.
    let Some(text) = what.to_str().filter(|text| !text.starts_with(['/', '.'])) else {
        return Err(Error::new(ErrorKind::NotFound, nothing_there));
    };
    let found = index.resolve(text).map_err(Error::from);
    // A bare word may have been meant as either.
    let neither = |error: Error| Error::new(error.kind(), format!("{error}, and {nothing_there}"));
    found.map(|found| found.image).map_err(neither)
}

fn mounts_of(store: &ImageStore, mounted: &Mounted) -> Result<Vec<Mount>> {
    let lease = store.content().lease()?;
    let name = lease.fresh_name();
    Ok(store.driver().mounts(&mounted.key, &Scratch { dir: lease.scratch(), name: &name })?)
}

/// The mounts of this boot; those of an earlier one are gone with it.
pub(crate) fn records(store: &ImageStore) -> Result<Vec<Mounted>> {
    let boot = disk::boot_id();
    Ok(all_records(store)?.into_iter().filter(|(_, of)| *of == boot).map(|(mounted, _)| mounted).collect())
}

/// Every record that can be read, with the boot it was made in.
pub(crate) fn all_records(store: &ImageStore) -> Result<Vec<(Mounted, String)>> {
    let Some(folder) = store.content().root().dir_if_exists(FOLDER)? else { return Ok(Vec::new()) };
    let mut mounted = Vec::new();
    for entry in folder.entries()? {
        if !entry.name.to_string_lossy().ends_with(".json") {
            continue;
        }
        let Some(bytes) = folder.read(&entry.name, RECORD_BYTES_MAX)? else { continue };
        mounted.extend(spec::json::parse_strict(&bytes).ok().and_then(|value| read_record(&value)));
    }
    mounted.sort_by(|(a, _), (b, _)| a.target.cmp(&b.target));
    Ok(mounted)
}

fn read_record(value: &Value) -> Option<(Mounted, String)> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let mounted = Mounted {
        image: ImageId(Digest::parse(text("image")?).ok()?),
        target: PathBuf::from(text("target")?),
        key: Key::parse(text("key")?)?,
        own_target: value.get("ownTarget").and_then(Value::as_bool)?,
    };
    Some((mounted, text("boot")?.to_owned()))
}

fn write_record(store: &ImageStore, mounted: &Mounted) -> Result<()> {
    let target = mounted.target.to_str();
    let target = target.ok_or_else(|| Error::invalid("the mount point's name is not UTF-8"))?;
    let record = json!({
        "boot": disk::boot_id(),
        "image": mounted.image,
        "key": mounted.key.as_str(),
        "ownTarget": mounted.own_target,
        "target": target,
    });
    let folder = store.content().folder(FOLDER)?;
    Ok(folder.replace_alone(format!("{}.json", mounted.key), record.to_string().as_bytes(), 0o600)?)
}

/// One view for each image and mount point.
fn key_for(image: &ImageId, target: Option<&Path>) -> Key {
    let place = target.map_or_else(|| "own".to_owned(), |target| target.display().to_string());
    let text = format!("view-{}-{}", image.0.short(), Digest::of(place.as_bytes()).short());
    // Hexadecimal digits and dashes: always a key.
    Key::parse(&text).unwrap_or_else(|| unreachable!("{text} is a key"))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|e| disk::Error::new("open", path, e).into())
}
