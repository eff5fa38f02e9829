//! The keys that leave a container running and go.

use crate::Failure;

/// What Docker's are when nobody says otherwise.
const USUAL: &str = "ctrl-p,ctrl-q";

/// A sequence of keys, and how much of it has been typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DetachKeys {
    keys: Vec<u8>,
    typed: usize,
}

impl DetachKeys {
    /// Reads `ctrl-p,ctrl-q`: letters, or `ctrl-` with one of `a-z @ [ \ ] ^ _`; the usual ones when empty.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let given = if text.is_empty() { USUAL } else { text };
        let keys: Option<Vec<u8>> = given.split(',').map(key).collect();
        let keys = keys.ok_or_else(|| {
            Failure::new(format!("Error response from daemon: Invalid escape keys ({text}) provided"))
        })?;
        Ok(Self { keys, typed: 0 })
    }

    /// Takes what was typed: what of it is meant for the program, and whether the sequence is complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut meant = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.keys.get(self.typed) == Some(&byte) {
                self.typed += 1;
                if self.typed == self.keys.len() {
                    return (meant, true);
                }
                continue;
            }
            meant.extend_from_slice(&self.keys[..self.typed]);
            self.typed = usize::from(self.keys.first() == Some(&byte) && self.keys.len() > 1);
            if self.typed == 0 {
                meant.push(byte);
            }
        }
        (meant, false)
    }
}

fn key(text: &str) -> Option<u8> {
    if let &[byte] = text.as_bytes() {
        return Some(byte);
    }
    match text.strip_prefix("ctrl-")?.as_bytes() {
        &[letter @ b'a'..=b'z'] => Some(letter - b'a' + 1),
        b"@" => Some(0),
        b"[" => Some(27),
        b"\\" => Some(28),
        b"]" => Some(29),
        b"^" => Some(30),
        b"_" => Some(31),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_read() {
        let keys = |text: &str| DetachKeys::parse(text).map(|keys| keys.keys);
        assert_eq!(keys("").unwrap(), [16, 17]);
        assert_eq!(keys("ctrl-a,d").unwrap(), [1, b'd']);
        assert_eq!(keys("ctrl-@,ctrl-_").unwrap(), [0, 31]);
        for text in ["ctrl-", "ctrl-A", "ab", "a,,b", "ctrl-ab"] {
            assert!(keys(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_the_sequence_reaches_the_program() {
        let check = |chunks: &[&[u8]], expect: &[u8], leaves: bool| {
            let mut keys = DetachKeys::parse("").unwrap();
            let mut meant = Vec::new();
            let mut left = false;
            for chunk in chunks {
                let (more, is_complete) = keys.take(chunk);
                meant.extend(more);
                left |= is_complete;
            }
            assert_eq!((meant.as_slice(), left), (expect, leaves));
        };
        check(&[b"ls\n"], b"ls\n", false);
        check(&[b"a\x10\x11b"], b"a", true);
        check(&[b"\x10", b"\x11"], b"", true);
        check(&[b"\x10a"], b"\x10a", false);
        check(&[b"\x10\x10\x11"], b"\x10", true);
        check(&[b"\x10\x10a"], b"\x10\x10a", false);
    }
}
