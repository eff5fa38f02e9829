//! Which kernel this is.

/// The first two numbers of a version.
pub(super) type Version = (u32, u32);

/// That of this machine.
pub(super) fn own() -> Version {
    version(&rustix::system::uname().release().to_string_lossy()).unwrap_or((0, 0))
}

/// `4.8`, or the kernel's own `6.18.44-fc`.
pub(super) fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_read() {
        assert_eq!(version("6.18.44-fc-v669"), Some((6, 18)));
        assert_eq!(version("4.8"), Some((4, 8)));
        assert_eq!(version("4"), None);
        assert_eq!(version("x.y"), None);
        assert!(own() > (3, 0));
    }
}
