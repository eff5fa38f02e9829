//! Which extended attributes of a layer are taken over (TAR-13).

use crate::error::EntryFault;
use crate::tar::{Entry, Kind, Xattr};

pub(crate) const CAPABILITY: &[u8] = b"security.capability";
pub(crate) const ACL_ACCESS: &[u8] = b"system.posix_acl_access";
pub(crate) const ACL_DEFAULT: &[u8] = b"system.posix_acl_default";

/// The attributes of an entry that are to be kept: `user.*`, access lists and file capabilities, where the
/// kernel has a place for them. Everything else, above all what would steer overlayfs or a security module,
/// vanishes without an error.
pub fn kept_xattrs(entry: &Entry) -> impl Iterator<Item = &Xattr> {
    entry.xattrs.iter().filter(|xattr| is_kept(&xattr.name, entry.kind))
}

fn is_kept(name: &[u8], kind: Kind) -> bool {
    let is_dir = kind == Kind::Directory;
    match name {
        CAPABILITY => kind == Kind::File,
        ACL_ACCESS => !matches!(kind, Kind::Symlink | Kind::HardLink),
        ACL_DEFAULT => is_dir,
        _ => (is_dir || kind == Kind::File) && is_user(name),
    }
}

fn is_user(name: &[u8]) -> bool {
    name.strip_prefix(b"user.").is_some_and(|rest| !rest.is_empty() && !rest.starts_with(b"overlay."))
}

/// Refuses access lists and capabilities that the kernel would refuse, or might misread.
pub(crate) fn validate(entry: &Entry) -> Result<(), EntryFault> {
    let what = entry.xattrs.iter().find_map(|xattr| match &xattr.name[..] {
        CAPABILITY if !is_capability(&xattr.value) => Some("a malformed file capability"),
        ACL_ACCESS | ACL_DEFAULT if !is_acl(&xattr.value) => Some("a malformed access list"),
        _ => None,
    });
    match what {
        Some(what) => Err(EntryFault::Malformed { rule: "TAR-13", what }),
        None => Ok(()),
    }
}

/// `struct vfs_cap_data` (Linux, `uapi/linux/capability.h`), revision 2 or 3.
fn is_capability(value: &[u8]) -> bool {
    const EFFECTIVE: u32 = 1;
    let Some(magic) = value.first_chunk() else { return false };
    match u32::from_le_bytes(*magic) & !EFFECTIVE {
        0x0200_0000 => value.len() == 20,
        0x0300_0000 => value.len() == 24,
        _ => false,
    }
}

/// `struct posix_acl_xattr_header` and entries (Linux, `uapi/linux/posix_acl_xattr.h`), in the kernel's order:
/// owner, named users, group, named groups, mask, others.
fn is_acl(value: &[u8]) -> bool {
    let Some((2, entries)) =
        value.split_first_chunk().map(|(version, rest)| (u32::from_le_bytes(*version), rest))
    else {
        return false;
    };
    if !entries.len().is_multiple_of(8) {
        return false;
    }
    let mut stage = 0;
    let mut is_mask_needed = false;
    for entry in entries.chunks_exact(8) {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let permissions = u16::from_le_bytes([entry[2], entry[3]]);
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        let is_named = matches!(tag, 0x02 | 0x08);
        is_mask_needed |= is_named;
        if permissions > 7 || (is_named && id == u32::MAX) {
            return false;
        }
        stage = match (tag, stage) {
            (0x01, 0) => 1,
            (0x02, 1) => 1,
            (0x04, 1) => 2,
            (0x08, 2) => 2,
            (0x10, 2) => 3,
            (0x20, 2) if !is_mask_needed => 4,
            (0x20, 3) => 4,
            _ => return false,
        };
    }
    // No entries at all is an empty list, which takes the attribute away.
    entries.is_empty() || stage == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut value = 2u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            value.extend_from_slice(&tag.to_le_bytes());
            value.extend_from_slice(&permissions.to_le_bytes());
            value.extend_from_slice(&id.to_le_bytes());
        }
        value
    }

    #[test]
    fn tar_13_access_lists() {
        const NONE: u32 = u32::MAX;
        let minimal = [(1, 6, NONE), (4, 4, NONE), (0x20, 4, NONE)];
        let named = [(1, 7, NONE), (2, 5, 1000), (4, 4, NONE), (8, 4, 5), (0x10, 7, NONE), (0x20, 0, NONE)];
        assert!(is_acl(&acl(&[])));
        assert!(is_acl(&acl(&minimal)));
        assert!(is_acl(&acl(&named)));
        let without = |i: usize| acl(&[&named[..i], &named[i + 1..]].concat());
        for i in [0, 2, 4, 5] {
            assert!(!is_acl(&without(i)), "without entry {i}");
        }
        assert!(!is_acl(&acl(&[minimal[1], minimal[0], minimal[2]])));
        assert!(!is_acl(&acl(&[(1, 8, NONE), minimal[1], minimal[2]])));
        assert!(!is_acl(&acl(&[named[0], (2, 5, NONE), named[2], named[4], named[5]])));
        assert!(!is_acl(&acl(&minimal)[..27]));
        assert!(!is_acl(&[1, 0, 0, 0]));
        assert!(!is_acl(&[]));
    }

    #[test]
    fn tar_13_capabilities() {
        let value = |magic: u32, len: usize| {
            let mut value = vec![0; len];
            value[..4].copy_from_slice(&magic.to_le_bytes());
            value
        };
        assert!(is_capability(&value(0x0200_0001, 20)));
        assert!(is_capability(&value(0x0200_0000, 20)));
        assert!(is_capability(&value(0x0300_0001, 24)));
        for (magic, len) in
            [(0x0100_0001, 12), (0x0200_0001, 24), (0x0300_0000, 20), (0x0200_0002, 20), (0, 20)]
        {
            assert!(!is_capability(&value(magic, len)), "{magic:x} {len}");
        }
        assert!(!is_capability(&[]));
    }
}
