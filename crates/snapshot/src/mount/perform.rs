//! Doing what a [`Mount`] says, and undoing it.
//!
//! Directories are handed to the kernel by descriptor wherever a string would be too short for them or could
//! be read as more than one: `lowerdir+` takes any number of them (Linux 6.5), and kernels without it are
//! given the numbers of open descriptors, relative to `/proc/self/fd`, which keeps 500 of them below the one
//! page that a mount's options may have.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use disk::Dir;
use disk::tree::{Follow, Tree};
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, mount_bind, mount_remount, move_mount, unmount,
};

use crate::error::{Error, Result};
use crate::mount::{Mount, MountOption, legacy};

/// Bytes of a value that `fsconfig` takes, without the NUL.
const FSCONFIG_VALUE_BYTES_MAX: usize = 255;

/// Performs the mounts at a directory, in order. When one fails, those before it are undone.
///
/// # Errors
/// When the kernel refuses: without privileges it always does.
pub fn mount_all(mounts: &[Mount], at: &Path) -> Result<()> {
    for (done, mount) in mounts.iter().enumerate() {
        if let Err(error) = mount_one(mount, at) {
            // The first error is the one to tell.
            let _ = umount_all(&mounts[..done], at);
            return Err(error);
        }
    }
    Ok(())
}

/// Undoes the mounts at a directory, last first; what is not mounted is fine.
///
/// # Errors
/// When one is in use.
pub fn umount_all(mounts: &[Mount], at: &Path) -> Result<()> {
    for mount in mounts.iter().rev() {
        let target = at.join(&mount.target);
        match unmount_patiently(&target) {
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => {}
            Err(errno) => return Err(refused(mount, &target, "unmount", errno)),
        }
    }
    Ok(())
}

/// Whether something is mounted at a directory. A kernel that cannot tell (before Linux 5.8) is taken to say yes.
///
/// # Errors
/// When the directory cannot be looked at; one that is not there has no mount.
pub fn is_mount_point(at: &Path) -> Result<bool> {
    const MOUNT_ROOT: StatxAttributes = StatxAttributes::MOUNT_ROOT;
    match statx(CWD, at, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()) {
        Ok(stat) if stat.stx_attributes_mask.contains(MOUNT_ROOT) => {
            Ok(stat.stx_attributes.contains(MOUNT_ROOT))
        }
        Ok(_) | Err(Errno::NOSYS) => Ok(true),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
        Err(errno) => Err(disk::Error::new("stat", at, errno).into()),
    }
}

/// How often, and how long apart, a busy mount is tried again.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// A process that another thread is starting holds copies of all our descriptors until it runs its program,
/// and so makes a mount busy for a moment that nobody uses.
fn unmount_patiently(target: &Path) -> rustix::io::Result<()> {
    for _ in 1..TRIES {
        match unmount(target, UnmountFlags::NOFOLLOW) {
            Err(Errno::BUSY) => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
    unmount(target, UnmountFlags::NOFOLLOW)
}

fn mount_one(mount: &Mount, at: &Path) -> Result<()> {
    let target = open_target(mount, at)?;
    match mount.kind {
        "bind" => bind(mount, at, &target),
        _ => match new_mount(mount, at, &target) {
            Err(Refusal::Unknown) => legacy::mount(mount, &target)
                .map_err(|errno| refused(mount, &at.join(&mount.target), "mount", errno)),
            Err(Refusal::Error(error)) => Err(error),
            Ok(()) => Ok(()),
        },
    }
}

/// The mount point itself is the caller's to name; what is below it may be the image's, and no link of it is
/// followed.
fn open_target(mount: &Mount, at: &Path) -> Result<OwnedFd> {
    let folder = Tree::open(at)?.folder(mount.target.as_os_str().as_encoded_bytes(), Follow::Never)?;
    let target = folder.fd().try_clone_to_owned();
    Ok(target.map_err(|e| disk::Error::new("dup", at.join(&mount.target), e))?)
}

/// Opens what an option names.
pub(super) fn open_path(path: &Path) -> rustix::io::Result<OwnedFd> {
    let number = |error: disk::Error| error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
    let dir = Dir::open(path).map_err(number)?;
    dir.fd().try_clone_to_owned().map_err(|_| Errno::MFILE)
}

/// Binds a directory, by descriptor names so that the target is the one that was opened.
fn bind(mount: &Mount, at: &Path, target: &OwnedFd) -> Result<()> {
    let place = at.join(&mount.target);
    mount_bind(&mount.source, descriptor_path(target)).map_err(|e| refused(mount, &place, "bind", e))?;
    if !mount.read_only {
        return Ok(());
    }
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NODEV | MountFlags::NOSUID;
    mount_remount(&place, flags, "").map_err(|errno| {
        let _ = unmount(&place, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
        refused(mount, &place, "make read-only", errno)
    })
}

/// Why the newer calls did not do it.
enum Refusal {
    /// This kernel does not know them, or not what they were told.
    Unknown,
    Error(Error),
}

fn new_mount(mount: &Mount, at: &Path, target: &OwnedFd) -> std::result::Result<(), Refusal> {
    let place = at.join(&mount.target);
    let error = |step: &str, errno| Refusal::Error(refused(mount, &place, step, errno));
    let context = match fsopen(mount.kind, FsOpenFlags::FSOPEN_CLOEXEC) {
        Err(Errno::NOSYS) => return Err(Refusal::Unknown),
        result => result.map_err(|e| error("open file system", e))?,
    };
    configure(mount, &context, &place)?;
    fsconfig_create(&context).map_err(|e| error(&kernel_words("create", &context), e))?;
    let mut attributes = MountAttrFlags::empty();
    if mount.read_only {
        attributes = MountAttrFlags::MOUNT_ATTR_RDONLY
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOSUID;
    }
    let tree = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
        .map_err(|e| error(&kernel_words("create mount", &context), e))?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(&tree, "", target, "", flags).map_err(|e| error("attach", e))
}

fn configure(mount: &Mount, context: &OwnedFd, place: &Path) -> std::result::Result<(), Refusal> {
    let source = MountOption::Path("source", mount.source.clone());
    for option in std::iter::once(&source).chain(&mount.options) {
        match set_option(context, option) {
            // Older kernels know one `lowerdir` only.
            Err(Errno::INVAL) if matches!(option, MountOption::Path("lowerdir+", _)) => {
                return Err(Refusal::Unknown);
            }
            result => result.map_err(|errno| {
                Refusal::Error(refused(mount, place, &kernel_words("set option", context), errno))
            })?,
        }
    }
    Ok(())
}

fn set_option(context: &OwnedFd, option: &MountOption) -> rustix::io::Result<()> {
    match option {
        MountOption::Text(name, value) => fsconfig_set_string(context.as_fd(), *name, *value),
        MountOption::Path(name, path) if is_plain(path) => {
            fsconfig_set_string(context.as_fd(), *name, path.as_path())
        }
        MountOption::Path(name, path) => {
            fsconfig_set_string(context.as_fd(), *name, descriptor_path(&open_path(path)?))
        }
    }
}

/// Whether a path can be given as it is: short enough, and with nothing that some option parser splits at.
fn is_plain(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.len() <= FSCONFIG_VALUE_BYTES_MAX
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(b))
}

pub(super) fn descriptor_path(file: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// What was being done, with what the kernel wrote about it into the file system's context.
fn kernel_words(step: &str, context: &OwnedFd) -> String {
    let mut buffer = [0; 512];
    match rustix::io::read(context, &mut buffer) {
        Ok(n) if n > 0 => format!("{step} ({})", String::from_utf8_lossy(&buffer[..n]).trim()),
        _ => step.to_owned(),
    }
}

fn refused(mount: &Mount, target: &Path, step: &str, errno: Errno) -> Error {
    Error::Mount { kind: mount.kind, target: target.to_owned(), step: step.to_owned(), source: errno.into() }
}

/// Whether this process may make file systems of a kind; mounts nothing.
pub(crate) fn kernel_offers(kind: &str) -> bool {
    fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).is_ok()
}
