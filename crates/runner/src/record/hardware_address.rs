//! The address of an interface on its wire.

use std::fmt;

/// Six bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardwareAddress([u8; 6]);

impl HardwareAddress {
    /// Reads `02:42:ac:11:00:02`, `02-42-ac-11-00-02` or `0242.ac11.0002`.
    pub fn parse(text: &str) -> Option<HardwareAddress> {
        let (separator, digits) = match text.as_bytes().get(2)? {
            b':' => (':', 2),
            b'-' => ('-', 2),
            _ => ('.', 4),
        };
        let groups: Vec<&str> = text.split(separator).collect();
        let is_hex = |group: &&str| group.len() == digits && group.bytes().all(|b| b.is_ascii_hexdigit());
        if groups.len() * digits != 12 || !groups.iter().all(is_hex) {
            return None;
        }
        let number = u64::from_str_radix(&groups.concat(), 16).ok()?;
        let [_, _, bytes @ ..] = number.to_be_bytes();
        Some(HardwareAddress(bytes))
    }

    /// Whether an interface can have it: not one of a group.
    pub fn is_single(self) -> bool {
        self.0[0] & 1 == 0
    }
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_have_three_spellings() {
        for text in ["02:42:ac:11:00:02", "02-42-AC-11-00-02", "0242.ac11.0002"] {
            assert_eq!(HardwareAddress::parse(text).unwrap().to_string(), "02:42:ac:11:00:02", "{text}");
        }
        for text in [
            "",
            "nope",
            "02:42:ac:11:00",
            "02:42:ac:11:00:02:03",
            "02:42-ac:11:00:02",
            "02:42:ac:11:00:0g",
            "02:42:ac:11:00:+2",
            "2:42:ac:11:00:02",
            "0242ac110002",
        ] {
            assert_eq!(HardwareAddress::parse(text), None, "{text}");
        }
        assert!(HardwareAddress::parse("02:00:00:00:00:01").unwrap().is_single());
        assert!(!HardwareAddress::parse("01:00:5e:00:00:01").unwrap().is_single());
    }
}
