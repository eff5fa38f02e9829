//! From a path to a directory, in one resolution that cannot leave the root (TAR-6).

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// What to do with symbolic links on the way, the last component included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// A link is an error.
    Never,
    /// Links are followed as a process would whose root this is: `/` and `..` lead to the root at most.
    InRoot,
}

impl Follow {
    fn flags(self) -> ResolveFlags {
        match self {
            Follow::Never => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
            Follow::InRoot => ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
        }
    }
}

/// The kernel gives up with EAGAIN when something in the tree is renamed at the wrong moment; so often is
/// not by chance.
const TRIES_MAX: usize = 128;

/// Links that are followed on the way to one directory; the kernel's number.
const LINKS_MAX: usize = 40;

/// Directories above the current one that are held open where the kernel cannot resolve by itself and links
/// may lead upwards.
const LEVELS_MAX: usize = 512;

const DIR_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const STEP_FLAGS: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Set once the kernel has said that it does not know openat2 (before 5.6).
static IS_OLD_KERNEL: AtomicBool = AtomicBool::new(false);

pub(super) fn open_dir(root: BorrowedFd<'_>, path: &[u8], follow: Follow) -> rustix::io::Result<OwnedFd> {
    if !IS_OLD_KERNEL.load(Ordering::Relaxed) {
        match by_kernel(root, path, follow.flags()) {
            Err(Errno::NOSYS) => IS_OLD_KERNEL.store(true, Ordering::Relaxed),
            // What filters that do not know the call say; if it was meant, the other way says it again.
            Err(Errno::PERM) => {}
            result => return result,
        }
    }
    by_component(root, path, follow)
}

/// Opens a directory in another one, neither through a link nor onto another mount.
pub(super) fn open_child(parent: BorrowedFd<'_>, name: &[u8]) -> rustix::io::Result<OwnedFd> {
    if !IS_OLD_KERNEL.load(Ordering::Relaxed) {
        match by_kernel(parent, name, Follow::Never.flags() | ResolveFlags::NO_XDEV) {
            Err(Errno::NOSYS) => IS_OLD_KERNEL.store(true, Ordering::Relaxed),
            Err(Errno::PERM) => {}
            result => return result,
        }
    }
    let fd = rustix::fs::openat(parent, name, DIR_FLAGS | OFlags::NOFOLLOW, Mode::empty())?;
    if rustix::fs::fstat(&fd)?.st_dev != rustix::fs::fstat(parent)?.st_dev {
        return Err(Errno::XDEV);
    }
    Ok(fd)
}

fn by_kernel(root: BorrowedFd<'_>, path: &[u8], resolve: ResolveFlags) -> rustix::io::Result<OwnedFd> {
    let path = if path.is_empty() { b"." } else { path };
    for _ in 1..TRIES_MAX {
        match rustix::fs::openat2(root, path, DIR_FLAGS, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
    rustix::fs::openat2(root, path, DIR_FLAGS, Mode::empty(), resolve)
}

/// The same, one component at a time. Directories on the way are held, so that `..` goes back to where the
/// way came from, not to where the directory may have been moved.
pub(super) fn by_component(root: BorrowedFd<'_>, path: &[u8], follow: Follow) -> rustix::io::Result<OwnedFd> {
    let mut way: Vec<OwnedFd> = Vec::new();
    let mut ahead: VecDeque<Vec<u8>> = components(path).collect();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == b".." {
            if follow == Follow::Never {
                return Err(Errno::XDEV);
            }
            way.pop();
            continue;
        }
        let here = way.last().map_or(root, |fd| fd.as_fd());
        let fd = rustix::fs::openat(here, &name[..], STEP_FLAGS, Mode::empty())?;
        match FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) {
            FileType::Directory => {
                if follow == Follow::Never {
                    way.clear();
                }
                way.push(fd);
            }
            FileType::Symlink if follow == Follow::InRoot => {
                links += 1;
                let target = rustix::fs::readlinkat(&fd, c"", Vec::new())?.into_bytes();
                if target.first() == Some(&b'/') {
                    way.clear();
                }
                for component in components(&target).rev() {
                    ahead.push_front(component);
                }
            }
            FileType::Symlink => return Err(Errno::LOOP),
            _ => return Err(Errno::NOTDIR),
        }
        if links > LINKS_MAX || way.len() > LEVELS_MAX {
            return Err(Errno::LOOP);
        }
    }
    let here = way.last().map_or(root, |fd| fd.as_fd());
    rustix::fs::openat(here, c".", DIR_FLAGS, Mode::empty())
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    path.split(|b| *b == b'/').filter(|name| !matches!(*name, b"" | b".")).map(<[u8]>::to_vec)
}
