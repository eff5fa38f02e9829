//! Names of snapshots.

use std::fmt;

/// The name of a snapshot, which is that of its owner: a container's id, or what a user mounted.
///
/// It is one plain file name: letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Box<str>);

/// Bytes of a key: a container's id has 64, and a file name may have 255.
const KEY_BYTES_MAX: usize = 128;

impl Key {
    /// Takes a text as a key; nothing when it is none.
    pub fn parse(text: &str) -> Option<Key> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        let ordinary = !text.is_empty()
            && text.len() <= KEY_BYTES_MAX
            && !text.starts_with(['.', '-'])
            && text.bytes().all(plain);
        ordinary.then(|| Key(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain_file_names() {
        let check = |text: &str, expect: bool| assert_eq!(Key::parse(text).is_some(), expect, "{text:?}");
        check("0f3a", true);
        check("view-1.2_x", true);
        check(&"a".repeat(128), true);
        check(&"a".repeat(129), false);
        check("", false);
        check(".", false);
        check("..", false);
        check(".hidden", false);
        check("-x", false);
        check("a/b", false);
        check("a\0", false);
        check("é", false);
    }
}
