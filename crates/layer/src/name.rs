//! Names in archives (TAR-5): bytes, made of components, relative to the root of the tree.

use crate::error::EntryFault;
use crate::limits::{NAME_BYTES_MAX, PATH_BYTES_MAX, PATH_DEPTH_MAX};

/// Brings a name into its one form, in place: no leading, doubled or trailing slash, no `.` component.
/// The root becomes the empty name.
///
/// # Errors
/// A `..` component, a NUL, or a limit on names, paths or depth.
pub(crate) fn normalise(name: &mut Vec<u8>) -> Result<(), EntryFault> {
    if name.contains(&0) {
        return Err(EntryFault::Malformed { rule: "TAR-2", what: "a NUL in a name" });
    }
    let mut end = 0;
    let mut depth = 0;
    let mut at = 0;
    while at < name.len() {
        let next = name[at..].iter().position(|b| *b == b'/').map_or(name.len(), |n| at + n);
        let component = at..next;
        at = next + 1;
        match &name[component.clone()] {
            b"" | b"." => continue,
            b".." => return Err(EntryFault::Malformed { rule: "TAR-5", what: "a `..` in a name" }),
            plain => within("NAME_BYTES_MAX", NAME_BYTES_MAX, plain.len() as u64)?,
        }
        if end > 0 {
            name[end] = b'/';
            end += 1;
        }
        let len = component.len();
        name.copy_within(component, end);
        end += len;
        depth += 1;
    }
    name.truncate(end);
    within("PATH_BYTES_MAX", PATH_BYTES_MAX, end as u64)?;
    within("PATH_DEPTH_MAX", PATH_DEPTH_MAX, depth)
}

/// Refuses a value over its limit.
pub(crate) fn within(limit: &'static str, max: u64, found: u64) -> Result<(), EntryFault> {
    if found > max { Err(EntryFault::Limit { limit, max, found }) } else { Ok(()) }
}

/// Splits a normalised, non-empty name into its parent (empty for the root) and its last component.
pub(crate) fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|b| *b == b'/') {
        Some(slash) => (&name[..slash], &name[slash + 1..]),
        None => (&[], name),
    }
}

/// The name of something in a directory, itself empty for the root: what [`split`] takes apart.
pub(crate) fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    if parent.is_empty() { name.to_vec() } else { [parent, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_5_names_have_one_form() {
        let check = |name: &[u8], expect: &[u8]| {
            let mut name = name.to_vec();
            normalise(&mut name).unwrap();
            assert_eq!(name, expect);
        };
        check(b"a", b"a");
        check(b"./a/b", b"a/b");
        check(b"/a//b/", b"a/b");
        check(b"./", b"");
        check(b".", b"");
        check(b"/", b"");
        check(b"a/./b/.", b"a/b");
        check(b"...", b"...");
        check(b"a\\..\\b", b"a\\..\\b");
        check(b"\xff\xfe/\x01", b"\xff\xfe/\x01");
        check(b"..a/b..", b"..a/b..");
        check(&[b'n'; 255], &[b'n'; 255]);
        check(&b"d/".repeat(1024), &b"d/".repeat(1024)[..2047]);
    }

    #[test]
    fn tar_5_and_tar_4_names_that_are_refused() {
        let check = |name: &[u8], expect: &str| {
            let fault = normalise(&mut name.to_vec()).unwrap_err().to_string();
            assert!(fault.contains(expect), "{fault}");
        };
        for name in [&b".."[..], b"../a", b"a/..", b"a/../b", b"/..", b"./../", b"a/b/../../.."] {
            check(name, "TAR-5");
        }
        check(b"a\0b", "TAR-2");
        check(&[b'n'; 256], "NAME_BYTES_MAX");
        check(&b"d/".repeat(1025), "PATH_DEPTH_MAX");
        check(&[&[b'n'; 200][..], b"/"].concat().repeat(21), "PATH_BYTES_MAX");
    }

    #[test]
    fn splits_parent_and_component_and_joins_them() {
        assert_eq!(split(b"a/b/c"), (&b"a/b"[..], &b"c"[..]));
        assert_eq!(split(b"a"), (&b""[..], &b"a"[..]));
        for name in [&b"a/b/c"[..], b"a"] {
            let (parent, component) = split(name);
            assert_eq!(join(parent, component), name);
        }
    }
}
