//! Options of the local driver: what may be given, and what `o` means to the kernel.

use std::collections::BTreeMap;

use rustix::mount::MountFlags;

/// Refuses options that the driver does not have, or that need others.
///
/// # Errors
/// Docker's words, without what stands before them.
pub(super) fn check(options: &BTreeMap<String, String>) -> Result<(), String> {
    if let Some(unknown) =
        options.keys().find(|key| !matches!(key.as_str(), "type" | "o" | "device" | "size"))
    {
        return Err(format!("invalid option: {unknown:?}"));
    }
    if options.contains_key("size") {
        return Err("quota size requested but no quota support".to_owned());
    }
    for (option, needed) in [("device", "type"), ("type", "device"), ("o", "device"), ("o", "type")] {
        if options.contains_key(option) && !options.contains_key(needed) {
            return Err(format!("missing required option: {needed:?}"));
        }
    }
    Ok(())
}

/// `o`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) flags: MountFlags,
    /// Whether a place is mounted, and not a file system; with what is mounted below it or not.
    pub(super) bind: Option<Bind>,
    /// What the file system itself is told.
    pub(super) data: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bind {
    Single,
    Recursive,
}

impl Flags {
    /// Takes the words of `mount -o` that mean something to the kernel; the others are for the file system.
    pub(super) fn parse(text: &str) -> Flags {
        let mut parsed = Flags { flags: MountFlags::empty(), bind: None, data: String::new() };
        let mut data = Vec::new();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match word {
                "bind" => parsed.bind = Some(Bind::Single),
                "rbind" => parsed.bind = Some(Bind::Recursive),
                "defaults" => {}
                _ => match flag(word) {
                    Some((flag, true)) => parsed.flags |= flag,
                    Some((flag, false)) => parsed.flags -= flag,
                    None => data.push(word),
                },
            }
        }
        parsed.data = data.join(",");
        parsed
    }
}

/// What a word sets or takes away.
fn flag(word: &str) -> Option<(MountFlags, bool)> {
    Some(match word {
        "ro" => (MountFlags::RDONLY, true),
        "rw" => (MountFlags::RDONLY, false),
        "nosuid" => (MountFlags::NOSUID, true),
        "suid" => (MountFlags::NOSUID, false),
        "nodev" => (MountFlags::NODEV, true),
        "dev" => (MountFlags::NODEV, false),
        "noexec" => (MountFlags::NOEXEC, true),
        "exec" => (MountFlags::NOEXEC, false),
        "sync" => (MountFlags::SYNCHRONOUS, true),
        "async" => (MountFlags::SYNCHRONOUS, false),
        "dirsync" => (MountFlags::DIRSYNC, true),
        "noatime" => (MountFlags::NOATIME, true),
        "atime" => (MountFlags::NOATIME, false),
        "nodiratime" => (MountFlags::NODIRATIME, true),
        "diratime" => (MountFlags::NODIRATIME, false),
        "relatime" => (MountFlags::RELATIME, true),
        "norelatime" => (MountFlags::RELATIME, false),
        "strictatime" => (MountFlags::STRICTATIME, true),
        "nostrictatime" => (MountFlags::STRICTATIME, false),
        _ => return None,
    })
}

/// Options as they can be shown: a password is nobody's business.
pub(super) fn without_password(data: &str) -> String {
    let hide = |word: &str| match word.split_once('=') {
        Some(("password", _)) => "password=********".to_owned(),
        _ => word.to_owned(),
    };
    data.split(',').map(hide).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_docker() {
        let check_all = |options: &[(&str, &str)], expect: Result<(), &str>| {
            let options =
                options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(check(&options), expect.map_err(str::to_owned), "{options:?}");
        };
        check_all(&[], Ok(()));
        check_all(&[("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=1m")], Ok(()));
        check_all(&[("foo", "bar")], Err("invalid option: \"foo\""));
        check_all(&[("type", "tmpfs")], Err("missing required option: \"device\""));
        check_all(&[("device", "/srv")], Err("missing required option: \"type\""));
        check_all(&[("o", "bind")], Err("missing required option: \"device\""));
        check_all(&[("size", "1g")], Err("quota size requested but no quota support"));
    }

    #[test]
    fn words_of_mount_are_taken_apart() {
        let check = |text: &str, flags: MountFlags, bind: Option<Bind>, data: &str| {
            assert_eq!(Flags::parse(text), Flags { flags, bind, data: data.to_owned() }, "{text}");
        };
        check("", MountFlags::empty(), None, "");
        check("bind,ro", MountFlags::RDONLY, Some(Bind::Single), "");
        check("rbind", MountFlags::empty(), Some(Bind::Recursive), "");
        check("size=100m,uid=1000,noexec,ro,rw", MountFlags::NOEXEC, None, "size=100m,uid=1000");
        check("addr=192.0.2.1,,nolock,defaults", MountFlags::empty(), None, "addr=192.0.2.1,nolock");
    }

    #[test]
    fn passwords_are_hidden() {
        assert_eq!(without_password("username=a,password=b,vers=3"), "username=a,password=********,vers=3");
        assert_eq!(without_password(""), "");
    }
}
