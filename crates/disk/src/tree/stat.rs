//! What the system knows about a file.

use rustix::fs::FileType;

use super::metadata::{Owner, Time};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
}

impl FileKind {
    pub(super) fn of(file_type: FileType) -> Option<FileKind> {
        Some(match file_type {
            FileType::RegularFile => FileKind::File,
            FileType::Directory => FileKind::Dir,
            FileType::Symlink => FileKind::Symlink,
            FileType::CharacterDevice => FileKind::CharDevice,
            FileType::BlockDevice => FileKind::BlockDevice,
            FileType::Fifo => FileKind::Fifo,
            FileType::Socket => FileKind::Socket,
            FileType::Unknown => return None,
        })
    }
}

/// The status of a file, of a link itself where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner and group.
    pub owner: Owner,
    /// Bytes.
    pub size: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Last modification.
    pub mtime: Time,
    /// Names.
    pub links: u64,
    /// Device and inode number: the same for the same file.
    pub id: (u64, u64),
    /// Major and minor number of a device.
    pub device: (u32, u32),
}

impl Stat {
    pub(super) fn of(stat: &rustix::fs::Stat) -> Stat {
        Stat {
            // The kernel knows no other types, so that "socket" stands for nothing else.
            kind: FileKind::of(FileType::from_raw_mode(stat.st_mode)).unwrap_or(FileKind::Socket),
            mode: stat.st_mode & 0o7777,
            owner: Owner { uid: stat.st_uid, gid: stat.st_gid },
            size: u64::try_from(stat.st_size).unwrap_or(0),
            disk_bytes: u64::try_from(stat.st_blocks).unwrap_or(0) * 512,
            mtime: Time {
                seconds: stat.st_mtime,
                nanoseconds: u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
            },
            links: stat.st_nlink,
            id: (stat.st_dev, stat.st_ino),
            device: (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)),
        }
    }
}
