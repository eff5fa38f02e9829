//! Volumes whose files are somewhere else: another folder, memory, a server. They are mounted while containers run
//! that use them, once for all of them.

#![expect(clippy::disallowed_methods, reason = "volumes from elsewhere are mounted here")]

use std::ffi::CString;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use disk::LockMode;
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
use rustix::mount::{
    MountFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_remount, unmount as unmount_at,
};

use super::options::{Bind, Flags, without_password};
use super::{DATA, Volume, VolumeError, Volumes};
use crate::error::Result;
use crate::record::{ContainerId, Containers};
use crate::run_dir::RunDir;

/// Held in a volume's folder while it is mounted or unmounted.
const LOCK: &str = "mount.lock";
/// A server that does not answer keeps the kernel waiting.
const PATIENCE: Duration = Duration::from_secs(180);

impl Volumes {
    /// The path of a volume's files, mounted when they are somewhere else. [`Volumes::release`] undoes that.
    ///
    /// # Errors
    /// `get …: no such volume`, or what the volume stands for cannot be mounted.
    pub fn mount_source(&self, name: &str) -> Result<PathBuf> {
        let volume = self.get(name)?;
        let dir = self.dir_of(name)?;
        let path = dir.join(DATA);
        if volume.is_mounted_from_elsewhere() {
            let _lock = dir.lock(LOCK, LockMode::Exclusive, PATIENCE)?;
            if !is_mount_point(&path) {
                mount_on(&volume, &path)?;
            }
        }
        Ok(path)
    }

    /// Unmounts a volume that a container used, unless others that run use it as well. One that is not mounted, or
    /// not there, is fine.
    ///
    /// # Errors
    /// When a record cannot be read, or the system says no.
    pub fn release(&self, name: &str, by: &ContainerId, containers: &Containers, run: &RunDir) -> Result<()> {
        let Some(volume) = self.find_volume(name)? else { return Ok(()) };
        if !volume.is_mounted_from_elsewhere() {
            return Ok(());
        }
        let dir = self.dir_of(name)?;
        let _lock = dir.lock(LOCK, LockMode::Exclusive, PATIENCE)?;
        for user in super::folder::users(containers, name)?.into_iter().filter(|user| user != by) {
            // The run folder is there from before a start until after the end.
            if run.container(&user).exists() {
                return Ok(());
            }
        }
        unmount(&volume, &dir.join(DATA))
    }

    fn find_volume(&self, name: &str) -> Result<Option<Volume>> {
        match self.get(name) {
            Err(crate::Error::Volume(VolumeError::NoSuchVolume(_))) => Ok(None),
            found => found.map(Some),
        }
    }
}

/// Takes away everything that is mounted on a volume.
pub(super) fn unmount(volume: &Volume, path: &Path) -> Result<()> {
    while volume.is_mounted_from_elsewhere() && is_mount_point(path) {
        unmount_at(path, UnmountFlags::NOFOLLOW | UnmountFlags::DETACH)
            .map_err(|errno| disk::Error::new("unmount", path, errno))?;
    }
    Ok(())
}

fn is_mount_point(path: &Path) -> bool {
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn mount_on(volume: &Volume, path: &Path) -> Result<()> {
    let kind = volume.option("type");
    let device = volume.option("device");
    let mut options = Flags::parse(volume.option("o"));
    let mounted = match options.bind {
        Some(bind) => mount_place(bind, device, path, options.flags),
        None => {
            if matches!(kind, "nfs" | "nfs4" | "cifs") {
                options.data = with_address(&options.data);
            }
            mount_file_system(kind, device, path, &options)
        }
    };
    mounted.map_err(|errno| {
        VolumeError::Mount {
            device: device.to_owned(),
            target: path.display().to_string(),
            options: without_password(&options.data),
            source: errno.into(),
        }
        .into()
    })
}

fn mount_place(bind: Bind, device: &str, path: &Path, flags: MountFlags) -> rustix::io::Result<()> {
    match bind {
        Bind::Single => mount_bind(device, path)?,
        Bind::Recursive => mount_bind_recursive(device, path)?,
    }
    if flags.is_empty() {
        return Ok(());
    }
    // The kernel takes no other flags in the first step.
    mount_remount(path, MountFlags::BIND | flags, c"").inspect_err(|_| {
        let _ = unmount_at(path, UnmountFlags::DETACH);
    })
}

fn mount_file_system(kind: &str, device: &str, path: &Path, options: &Flags) -> rustix::io::Result<()> {
    let data = CString::new(options.data.as_str()).map_err(|_| rustix::io::Errno::INVAL)?;
    mount(device, path, kind, options.flags, Some(data.as_c_str()))
}

/// The kernel knows no names: a server's name becomes its address.
fn with_address(data: &str) -> String {
    let resolve = |word: &str| {
        let name = word.strip_prefix("addr=").filter(|name| name.parse::<IpAddr>().is_err())?;
        let address = (name, 0).to_socket_addrs().ok()?.next()?;
        Some(format!("addr={}", address.ip()))
    };
    data.split(',').map(|word| resolve(word).unwrap_or_else(|| word.to_owned())).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use disk::{Dir, Trash};

    use super::*;
    use crate::network::{container_for_tests, with_mounts_of_its_own};
    use crate::record::{MountKind, MountPoint};
    use crate::volumes::VolumeAsked;

    fn asked(name: &str, options: &[(&str, &str)]) -> VolumeAsked {
        let options: BTreeMap<String, String> =
            options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        VolumeAsked { name: name.to_owned(), options, ..VolumeAsked::default() }
    }

    #[test]
    fn files_from_elsewhere_are_mounted_once() {
        with_mounts_of_its_own(mount_once);
    }

    fn mount_once() {
        let tmp = tempfile::tempdir().unwrap();
        let root = Dir::open(tmp.path()).unwrap();
        let volumes = Volumes::open(&root).unwrap();
        let containers = Containers::open(&root).unwrap();
        let run = RunDir::of(&tmp.path().join("run"), tmp.path());
        let elsewhere = tmp.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::write(elsewhere.join("file"), "there").unwrap();
        let device = elsewhere.to_str().unwrap();
        volumes
            .create(
                &asked("bound", &[("type", "none"), ("device", device), ("o", "bind,ro")]),
                jiff::Timestamp::UNIX_EPOCH,
            )
            .unwrap();
        volumes
            .create(
                &asked("memory", &[("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=64k")]),
                jiff::Timestamp::UNIX_EPOCH,
            )
            .unwrap();

        let bound = volumes.mount_source("bound").unwrap();
        assert_eq!(std::fs::read_to_string(bound.join("file")).unwrap(), "there");
        assert!(std::fs::write(bound.join("other"), "").is_err(), "it is read-only");
        let memory = volumes.mount_source("memory").unwrap();
        std::fs::write(memory.join("kept"), "x").unwrap();
        assert_eq!(volumes.mount_source("memory").unwrap(), memory);
        assert!(memory.join("kept").exists(), "it was not mounted again");

        let mut container = container_for_tests();
        container.mounts.push(MountPoint {
            kind: MountKind::Volume,
            name: "memory".to_owned(),
            ..MountPoint::default()
        });
        containers.create(&container, |_| Ok(())).unwrap();
        let other = ContainerId::from_bytes(&[1; 32]);
        std::fs::create_dir_all(run.container(&container.id)).unwrap();
        volumes.release("memory", &other, &containers, &run).unwrap();
        assert!(is_mount_point(&memory), "somebody else still uses it");
        volumes.release("memory", &container.id, &containers, &run).unwrap();
        assert!(!is_mount_point(&memory));
        volumes.release("nope", &other, &containers, &run).unwrap();

        let trash = Trash::new(root.make_dir("trash").unwrap());
        volumes.remove("bound", None, &trash).unwrap();
        assert!(elsewhere.join("file").exists(), "what was mounted stays");
    }

    #[test]
    fn what_cannot_be_mounted_is_told() {
        with_mounts_of_its_own(mount_nothing);
    }

    fn mount_nothing() {
        let tmp = tempfile::tempdir().unwrap();
        let volumes = Volumes::open(&Dir::open(tmp.path()).unwrap()).unwrap();
        let options = [("type", "none"), ("device", "/no/such/place"), ("o", "bind")];
        volumes.create(&asked("bound", &options), jiff::Timestamp::UNIX_EPOCH).unwrap();
        let refused = volumes.mount_source("bound").unwrap_err().to_string();
        let target = volumes.data_path("bound");
        let expect = format!("failed to mount local volume: mount /no/such/place:{}: ", target.display());
        assert!(refused.starts_with(&expect), "{refused}");
    }

    #[test]
    fn addresses_stay_and_names_are_looked_up() {
        assert_eq!(with_address("addr=192.0.2.1,nolock"), "addr=192.0.2.1,nolock");
        assert_eq!(with_address("addr=localhost"), with_address("addr=localhost").replace("localhost", ""));
        assert_eq!(with_address(""), "");
    }
}
