//! The file system that a store lies on, by the name Docker's `info` has for it.

use disk::Dir;

use crate::error::Result;

/// Magic numbers of `statfs(2)` and Docker's names for them.
const NAMES: [(u64, &str); 18] = [
    (0xef53, "extfs"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x794c_7630, "overlayfs"),
    (0x2fc1_2fc1, "zfs"),
    (0xf2f5_2010, "f2fs"),
    (0x6969, "nfs"),
    (0x6573_5546, "fuse"),
    (0x8584_58f6, "ramfs"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x7371_7368, "squashfs"),
    (0x5265_4973, "reiserfs"),
    (0x3153_464a, "jfs"),
    (0x6163_6673, "acfs"),
    (0xf15f, "ecryptfs"),
    (0x6175_6673, "aufs"),
];

/// The name of the file system a directory lies on.
pub(crate) fn backing_file_system(dir: &Dir) -> Result<String> {
    let stat = rustix::fs::fstatfs(dir.fd()).map_err(|e| disk::Error::new("statfs", dir.path(), e))?;
    // The kernel's type differs between machines; the numbers have 32 bits.
    let magic = u64::try_from(stat.f_type).unwrap_or(0) & 0xffff_ffff;
    let name = NAMES.iter().find(|(number, _)| *number == magic).map_or("<unknown>", |(_, name)| name);
    Ok(name.to_owned())
}

/// Whether a directory's listing says what its entries are.
pub(crate) fn supports_entry_types(dir: &Dir) -> Result<bool> {
    let error = |e: rustix::io::Errno| disk::Error::new("readdir", dir.path(), e);
    let mut entries = rustix::fs::Dir::read_from(dir.fd()).map_err(error)?;
    match entries.next() {
        Some(entry) => Ok(entry.map_err(error)?.file_type() != rustix::fs::FileType::Unknown),
        None => Ok(true),
    }
}
