//! Names of volumes.

/// What a file's name may have at most.
const BYTES_MAX: usize = 255;

/// Why a name cannot be a volume's; it is a folder's name too.
///
/// # Errors
/// Docker's words, without what stands before them.
pub(super) fn check(name: &str) -> Result<(), String> {
    if name.len() == 1 {
        return Err(
            "volume name is too short, names should be at least two alphanumeric characters".to_owned()
        );
    }
    if name.len() > BYTES_MAX {
        return Err(format!("volume name is too long: {} bytes, at most {BYTES_MAX} fit", name.len()));
    }
    let is_first = |b: &u8| b.is_ascii_alphanumeric();
    let is_further = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    match name.as_bytes() {
        [first, rest @ ..] if is_first(first) && rest.iter().all(is_further) => Ok(()),
        _ => Err(format!(
            "{name:?} includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are \
             allowed. If you intended to pass a host directory, use absolute path"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_docker_takes() {
        let invalid = |name: &str| {
            format!(
                "\"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" \
                 are allowed. If you intended to pass a host directory, use absolute path"
            )
        };
        for name in ["data", "a1", "0_.-", &"a".repeat(255)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", ".a", "-a", "a/b", "../up", "a b", "ä1", "a\u{0}"] {
            let expect = if name == "a\u{0}" { invalid("a\\0") } else { invalid(name) };
            assert_eq!(check(name), Err(expect), "{name}");
        }
        assert!(check("a").unwrap_err().starts_with("volume name is too short"));
        assert!(check(&"a".repeat(256)).unwrap_err().starts_with("volume name is too long: 256 bytes"));
    }
}
