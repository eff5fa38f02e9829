//! The folder of all volumes of a store.

use std::path::PathBuf;
use std::time::Duration;

use disk::tree::{Follow, Tree, file_bytes};
use disk::{Dir, EntryKind, Lock, LockMode, Trash};
use jiff::Timestamp;

use super::volume::{ANONYMOUS, LOCAL, Volume, VolumeAsked};
use super::{VolumeError, name, options};
use crate::error::{Error, Result};
use crate::record::{ContainerId, Containers, MountKind};

const FOLDER: &str = "volumes";
const RECORD: &str = "volume.json";
/// Where the files are, in a volume's folder.
pub const DATA: &str = "_data";
/// Labels and options are typed by hand.
const RECORD_BYTES_MAX: u64 = 4 << 20;
/// No volume's name begins with a dot.
const LOCK: &str = ".lock";
const DRAFT: &str = ".new-";
/// Copying an image's files into a new volume can take its time.
const PATIENCE: Duration = Duration::from_secs(120);
/// As Docker has it: anybody in the container may look in.
const DATA_MODE: u32 = 0o755;

/// The volumes of a store.
#[derive(Debug)]
pub struct Volumes {
    dir: Dir,
}

impl Volumes {
    /// The folder below a store's root, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Dir) -> Result<Volumes> {
        Ok(Volumes { dir: root.ensure_dir(FOLDER)? })
    }

    /// The folder below a store's root, if there is one.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_existing(root: &Dir) -> Result<Option<Volumes>> {
        Ok(root.dir_if_exists(FOLDER)?.map(|dir| Volumes { dir }))
    }

    /// Keeps volumes from being removed until it is dropped: from before a container's volumes are made until the
    /// container is recorded, and with it who uses them.
    ///
    /// # Errors
    /// When somebody removes volumes for too long.
    pub fn keep(&self) -> Result<Lock> {
        Ok(self.dir.lock(LOCK, LockMode::Shared, PATIENCE)?)
    }

    /// All volumes, by name.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn list(&self) -> Result<Vec<Volume>> {
        let mut list = Vec::new();
        for entry in self.dir.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::Dir) {
            let Some(name) = entry.name.to_str().filter(|name| name::check(name).is_ok()) else { continue };
            list.extend(self.find(name)?);
        }
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(list)
    }

    /// The volume of this name.
    ///
    /// # Errors
    /// `get …: no such volume`, or a record that cannot be read.
    pub fn get(&self, name: &str) -> Result<Volume> {
        let found = if name::check(name).is_ok() { self.find(name)? } else { None };
        found.ok_or_else(|| VolumeError::NoSuchVolume(name.to_owned()).into())
    }

    fn find(&self, name: &str) -> Result<Option<Volume>> {
        let Some(dir) = self.dir.dir_if_exists(name)? else { return Ok(None) };
        let Some(bytes) = dir.read(RECORD, RECORD_BYTES_MAX)? else { return Ok(None) };
        let damaged =
            |error: serde_json::Error| Error::Record { path: dir.join(RECORD), reason: error.to_string() };
        let volume: Volume = serde_json::from_slice(&bytes).map_err(damaged)?;
        // What the folder is called counts.
        Ok(Some(Volume { name: name.to_owned(), ..volume }))
    }

    /// The volume that is wanted: the one that is there, else a new one, made `now`.
    ///
    /// # Errors
    /// What cannot be meant, in Docker's words, or the disk says no.
    pub fn create(&self, asked: &VolumeAsked, now: Timestamp) -> Result<Volume> {
        let mut labels = asked.labels.clone();
        let mut name = asked.name.clone();
        if name.is_empty() {
            name = ContainerId::from_bytes(&disk::random_bytes()).to_string();
            labels.insert(ANONYMOUS.to_owned(), String::new());
        }
        let invalid = |reason: String| VolumeError::Invalid { name: name.clone(), reason };
        name::check(&name).map_err(invalid)?;
        if !matches!(asked.driver.as_str(), "" | LOCAL) {
            return Err(VolumeError::Driver { name, driver: asked.driver.clone() }.into());
        }
        if let Some(found) = self.find(&name)? {
            return Ok(found);
        }
        options::check(&asked.options).map_err(invalid)?;
        let some = |map: std::collections::BTreeMap<String, String>| (!map.is_empty()).then_some(map);
        let volume =
            Volume { name, created: now, labels: some(labels), options: some(asked.options.clone()) };
        self.publish(volume)
    }

    /// Makes it under another name and gives it its own in one step; who was faster has made it for both.
    fn publish(&self, volume: Volume) -> Result<Volume> {
        let draft = format!("{DRAFT}{}", ContainerId::from_bytes(&disk::random_bytes()).short());
        let dir = self.dir.make_dir(&draft)?;
        let made = fill(&dir, &volume);
        let published = made.and_then(|()| Ok(self.dir.rename_new(&draft, &self.dir, &volume.name)?));
        match published {
            Ok(true) => {
                self.dir.sync()?;
                Ok(volume)
            }
            Ok(false) => {
                self.dir.remove_all(&draft)?;
                self.get(&volume.name)
            }
            Err(error) => {
                let _ = self.dir.remove_all(&draft);
                Err(error)
            }
        }
    }

    /// Removes a volume that no container refers to, running or not.
    ///
    /// # Errors
    /// `get …: no such volume`, `remove …: volume is in use - […]`, or the disk says no.
    pub fn remove(&self, name: &str, containers: Option<&Containers>, trash: &Trash) -> Result<()> {
        let _alone = self.dir.lock(LOCK, LockMode::Exclusive, PATIENCE)?;
        let volume = self.get(name)?;
        let users = containers.map(|containers| users(containers, name)).transpose()?.unwrap_or_default();
        if !users.is_empty() {
            let containers = users.iter().map(ToString::to_string).collect();
            return Err(VolumeError::InUse { name: name.to_owned(), containers }.into());
        }
        let dir = self.dir.dir(name)?;
        super::mount::unmount(&volume, &dir.join(DATA))?;
        trash.take(&self.dir, name.as_ref())?;
        Ok(())
    }

    /// Where a volume's files are, or are mounted.
    pub fn data_path(&self, name: &str) -> PathBuf {
        self.dir.join(name).join(DATA)
    }

    /// A volume's folder.
    pub(super) fn dir_of(&self, name: &str) -> Result<Dir> {
        Ok(self.dir.dir(name)?)
    }

    /// Bytes of a volume's files, each once however many names it has; what is mounted in it does not count. A volume
    /// that goes meanwhile has none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn size(&self, volume: &Volume) -> Result<u64> {
        if volume.is_mounted_from_elsewhere() {
            return Ok(0);
        }
        match self.bytes_of(volume) {
            Err(_) if self.dir.dir_if_exists(&volume.name)?.is_none() => Ok(0),
            bytes => bytes,
        }
    }

    fn bytes_of(&self, volume: &Volume) -> Result<u64> {
        Ok(file_bytes(&self.dir_of(&volume.name)?.dir(DATA)?, &|_| true)?)
    }

    /// Removes what was begun and never got a name; how many there were.
    ///
    /// # Errors
    /// When the folder cannot be read or something in it not be removed.
    pub fn remove_drafts(&self) -> Result<usize> {
        let _alone = self.dir.lock(LOCK, LockMode::Exclusive, PATIENCE)?;
        let mut removed = 0;
        for entry in self.dir.entries()? {
            if entry.name.to_str().is_some_and(|name| name.starts_with(DRAFT)) {
                self.dir.remove_all(&entry.name)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn fill(dir: &Dir, volume: &Volume) -> Result<()> {
    let bytes = serde_json::to_vec(volume)
        .map_err(|error| Error::Record { path: dir.join(RECORD), reason: error.to_string() })?;
    let data = dir.make_dir(DATA)?;
    Tree::at(&data)?.folder(b"", Follow::Never)?.set_mode(DATA_MODE)?;
    Ok(dir.replace(RECORD, &bytes, 0o600)?)
}

/// The containers that refer to a volume, by id.
pub(super) fn users(containers: &Containers, name: &str) -> Result<Vec<ContainerId>> {
    let uses = |mounts: &[crate::record::MountPoint]| {
        mounts.iter().any(|mount| mount.kind == MountKind::Volume && mount.name == name)
    };
    let found = containers.list()?.into_iter().filter(|found| uses(&found.container.mounts));
    let mut ids: Vec<ContainerId> = found.map(|found| found.container.id).collect();
    ids.sort();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::container_for_tests;
    use crate::record::MountPoint;

    struct Fixture {
        tmp: tempfile::TempDir,
        root: Dir,
        volumes: Volumes,
        trash: Trash,
    }

    impl Fixture {
        fn new() -> Fixture {
            let tmp = tempfile::tempdir().unwrap();
            let root = Dir::open(tmp.path()).unwrap();
            let volumes = Volumes::open(&root).unwrap();
            let trash = Trash::new(root.make_dir("trash").unwrap());
            Fixture { tmp, root, volumes, trash }
        }

        fn create(&self, name: &str) -> Volume {
            self.volumes
                .create(
                    &VolumeAsked { name: name.to_owned(), ..VolumeAsked::default() },
                    Timestamp::UNIX_EPOCH,
                )
                .unwrap()
        }

        fn names(&self) -> Vec<String> {
            self.volumes.list().unwrap().into_iter().map(|volume| volume.name).collect()
        }
    }

    #[test]
    fn volumes_are_made_once() {
        use std::os::unix::fs::PermissionsExt;
        let fixture = Fixture::new();
        let first = fixture.create("data");
        std::fs::write(fixture.volumes.data_path("data").join("file"), "x").unwrap();
        assert_eq!(fixture.create("data"), first);
        assert_eq!(fixture.volumes.get("data").unwrap(), first);
        assert_eq!((first.labels.as_ref(), first.options.as_ref()), (None, None));
        let mode = std::fs::metadata(fixture.volumes.data_path("data")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, DATA_MODE);
        assert_eq!(std::fs::read_to_string(fixture.volumes.data_path("data").join("file")).unwrap(), "x");
    }

    #[test]
    fn volumes_without_a_name_get_one() {
        let fixture = Fixture::new();
        let volume = fixture.create("");
        assert!(ContainerId::parse(&volume.name).is_some(), "{}", volume.name);
        assert!(volume.is_anonymous());
        assert!(!fixture.create("data").is_anonymous());
        assert_eq!(fixture.names().len(), 2);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let fixture = Fixture::new();
        let check = |name: &str, driver: &str, option: Option<&str>, expect: &str| {
            let options = option.map(|key| (key.to_owned(), String::new())).into_iter().collect();
            let asked = VolumeAsked {
                name: name.to_owned(),
                driver: driver.to_owned(),
                options,
                ..VolumeAsked::default()
            };
            assert_eq!(
                fixture.volumes.create(&asked, Timestamp::UNIX_EPOCH).unwrap_err().to_string(),
                expect
            );
        };
        check(
            "data",
            "flocker",
            None,
            "create data: error looking up volume plugin flocker: plugin \"flocker\" not found",
        );
        check("data", "local", Some("foo"), "create data: invalid option: \"foo\"");
        let short =
            "create a: volume name is too short, names should be at least two alphanumeric characters";
        check("a", "", None, short);
        assert_eq!(fixture.volumes.get("nope").unwrap_err().to_string(), "get nope: no such volume");
        assert_eq!(
            fixture.volumes.get("../volumes").unwrap_err().to_string(),
            "get ../volumes: no such volume"
        );
        assert!(fixture.names().is_empty());
    }

    #[test]
    fn volumes_in_use_stay() {
        let fixture = Fixture::new();
        fixture.create("data");
        let containers = Containers::open(&fixture.root).unwrap();
        let mut container = container_for_tests();
        let mount = MountPoint { kind: MountKind::Volume, name: "data".to_owned(), ..MountPoint::default() };
        container.mounts.push(mount);
        containers.create(&container, |_| Ok(())).unwrap();
        let refused = fixture.volumes.remove("data", Some(&containers), &fixture.trash).unwrap_err();
        assert_eq!(refused.to_string(), format!("remove data: volume is in use - [{}]", container.id));
        containers.remove(&container.id, &fixture.trash).unwrap();
        fixture.volumes.remove("data", Some(&containers), &fixture.trash).unwrap();
        assert!(fixture.names().is_empty());
        let refused = fixture.volumes.remove("data", Some(&containers), &fixture.trash).unwrap_err();
        assert_eq!(refused.to_string(), "get data: no such volume");
    }

    #[test]
    fn whoever_makes_a_container_keeps_its_volumes() {
        let fixture = Fixture::new();
        fixture.create("data");
        let kept = fixture.volumes.keep().unwrap();
        let also = Volumes::open(&fixture.root).unwrap();
        let _also_kept = also.keep().unwrap();
        assert!(also.dir.try_lock(LOCK, LockMode::Exclusive).unwrap().is_none());
        drop((kept, _also_kept));
        assert!(also.dir.try_lock(LOCK, LockMode::Exclusive).unwrap().is_some());
    }

    #[test]
    fn drafts_and_strangers_are_no_volumes() {
        let fixture = Fixture::new();
        let folder = fixture.tmp.path().join(FOLDER);
        std::fs::create_dir(folder.join(format!("{DRAFT}1"))).unwrap();
        std::fs::create_dir(folder.join("stranger")).unwrap();
        std::os::unix::fs::symlink("/etc", folder.join("link")).unwrap();
        fixture.create("b2");
        fixture.create("a1");
        assert_eq!(fixture.names(), ["a1", "b2"]);
        assert_eq!(fixture.volumes.remove_drafts().unwrap(), 1);
        assert!(folder.join("stranger").exists());
    }

    #[test]
    fn bytes_are_counted_once() {
        let fixture = Fixture::new();
        let volume = fixture.create("data");
        let data = fixture.volumes.data_path("data");
        std::fs::create_dir(data.join("d")).unwrap();
        std::fs::write(data.join("d/a"), "12345").unwrap();
        std::fs::hard_link(data.join("d/a"), data.join("b")).unwrap();
        std::fs::write(data.join("c"), "123").unwrap();
        assert_eq!(fixture.volumes.size(&volume).unwrap(), 8);
    }
}
