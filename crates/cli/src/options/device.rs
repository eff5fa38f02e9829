//! Devices of this machine: `/dev/fuse:/dev/fuse:rwm`.

use engine::record::DeviceAsked;

/// Reads one.
///
/// # Errors
/// `bad format for path: …`, `bad mode specified: …`
pub(crate) fn device(text: &str) -> Result<DeviceAsked, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts[..] {
        [source] => (source, source, "rwm"),
        [source, mode] if is_mode(mode) => (source, source, mode),
        [source, target] => (source, target, "rwm"),
        [source, target, mode] => (source, target, mode),
        _ => return Err(format!("bad format for path: {text}")),
    };
    if !is_mode(mode) {
        return Err(format!("bad mode specified: {mode}"));
    }
    let target = if target.is_empty() { source } else { target };
    if !target.starts_with('/') {
        return Err(format!("{target} is not an absolute path"));
    }
    Ok(DeviceAsked {
        path_on_host: source.to_owned(),
        path_in_container: target.to_owned(),
        cgroup_permissions: mode.to_owned(),
    })
}

/// Of `r`, `w` and `m`, each once.
fn is_mode(text: &str) -> bool {
    let counts = |letter: char| text.matches(letter).count() <= 1;
    !text.is_empty() && text.chars().all(|c| "rwm".contains(c)) && "rwm".chars().all(counts)
}

/// Checks a rule: `c 1:3 rwm`.
///
/// # Errors
/// `invalid device cgroup format '…'`
pub(crate) fn device_rule(text: &str) -> Result<(), String> {
    let number = |text: &str| text == "*" || !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_rule = match text.split(' ').collect::<Vec<_>>()[..] {
        ["a" | "b" | "c", numbers, mode] => {
            let modes = !mode.is_empty() && mode.len() <= 3 && mode.chars().all(|c| "rwm".contains(c));
            modes && numbers.split_once(':').is_some_and(|(major, minor)| number(major) && number(minor))
        }
        _ => false,
    };
    if is_rule { Ok(()) } else { Err(format!("invalid device cgroup format '{text}'")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_up_to_three_parts() {
        let check = |text: &str, expect: [&str; 3]| {
            let device = device(text).unwrap();
            let found = [device.path_on_host, device.path_in_container, device.cgroup_permissions];
            assert_eq!(found, expect, "{text}");
        };
        check("/dev/a", ["/dev/a", "/dev/a", "rwm"]);
        check("/dev/a:rw", ["/dev/a", "/dev/a", "rw"]);
        check("/dev/a:/dev/b", ["/dev/a", "/dev/b", "rwm"]);
        check("/dev/a:/dev/b:r", ["/dev/a", "/dev/b", "r"]);
        assert_eq!(device("a:b:c:d").unwrap_err(), "bad format for path: a:b:c:d");
        assert_eq!(device("/dev/a:/dev/b:x").unwrap_err(), "bad mode specified: x");
        assert_eq!(device("/dev/a:b").unwrap_err(), "b is not an absolute path");
    }

    #[test]
    fn rules_are_checked() {
        for text in ["c 1:3 rwm", "a *:* rwm", "b 8:* r"] {
            device_rule(text).unwrap();
        }
        for text in ["", "x 1:3 r", "c 1 r", "c 1:3", "c 1:3 x", "c 1:3 rwmr"] {
            assert_eq!(device_rule(text), Err(format!("invalid device cgroup format '{text}'")));
        }
    }
}
