//! What `-v` says: `source:target:options`, in the daemon's reading of it.

use runner::record::{MountKind, MountPoint};

use crate::error::{Error, Result};

/// One `-v` with a source, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bind {
    /// A path here, or a volume's name.
    pub(super) source: String,
    /// The mount as it will be, but for where the volume is.
    pub(super) mount: MountPoint,
    /// Whether the volume stays empty where the image has files.
    pub(super) no_copy: bool,
}

/// Reads one; refusals are Docker's.
pub(super) fn parse(text: &str) -> Result<Bind> {
    let invalid = || Error::invalid(format!("invalid volume specification: '{text}'"));
    let parts: Vec<&str> = text.splitn(4, ':').collect();
    let (source, target, options) = match parts[..] {
        [source, target] => (source, target, ""),
        [source, target, options] => (source, target, options),
        _ => return Err(invalid()),
    };
    if source.is_empty() || target.is_empty() {
        return Err(invalid());
    }
    let kind = if source.starts_with('/') { MountKind::Bind } else { MountKind::Volume };
    let destination = destination(text, kind, target)?;
    let mut mount =
        MountPoint { kind, destination, rw: true, mode: options.to_owned(), ..MountPoint::default() };
    let mut no_copy = false;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match (option, kind) {
            ("ro", _) => mount.rw = false,
            ("rw" | "z" | "Z" | "consistent" | "cached" | "delegated", _) => {}
            ("nocopy", MountKind::Volume) => no_copy = true,
            ("private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave", MountKind::Bind) => {
                option.clone_into(&mut mount.propagation);
            }
            _ => return Err(Error::invalid(format!("invalid mode: {options}"))),
        }
    }
    match kind {
        MountKind::Bind if mount.propagation.is_empty() => "rprivate".clone_into(&mut mount.propagation),
        MountKind::Volume if mount.mode.is_empty() => "z".clone_into(&mut mount.mode),
        _ => {}
    }
    Ok(Bind { source: source.to_owned(), mount, no_copy })
}

/// A mount's target: absolute, and not the root itself.
pub(super) fn destination(text: &str, kind: MountKind, target: &str) -> Result<String> {
    if !target.starts_with('/') {
        let kind = super::mounts::word(kind);
        return Err(Error::invalid(format!(
            "invalid volume specification: '{text}': invalid mount config for type \"{kind}\": invalid mount path: \
             '{target}' mount path must be absolute"
        )));
    }
    let clean = clean(target);
    if clean == "/" {
        return Err(Error::invalid(format!(
            "invalid volume specification: '{text}': invalid mount config for type \"{}\": invalid specification: \
             destination can't be '/'",
            super::mounts::word(kind)
        )));
    }
    Ok(clean)
}

/// A path without `.`, `..` and doubled slashes, as Go's `path.Clean` has it.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_and_volumes_are_told_apart() {
        let bind = parse("/src:/dst:ro,rshared").unwrap();
        assert_eq!(
            (bind.mount.kind, bind.mount.rw, bind.mount.propagation.as_str()),
            (MountKind::Bind, false, "rshared")
        );
        let volume = parse("data:/a/../dst/:nocopy").unwrap();
        assert_eq!((volume.mount.destination.as_str(), volume.no_copy), ("/dst", true));
        assert_eq!(parse("data:/dst").unwrap().mount.mode, "z");
        assert_eq!(parse("/a:/b").unwrap().mount.propagation, "rprivate");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let check =
            |text: &str, expect: &str| assert_eq!(parse(text).unwrap_err().to_string(), expect, "{text}");
        check("a", "invalid volume specification: 'a'");
        check(":/b", "invalid volume specification: ':/b'");
        check("/a:/b:ro:x", "invalid volume specification: '/a:/b:ro:x'");
        check("/a:/b:nope", "invalid mode: nope");
        check("/a:/b:nocopy", "invalid mode: nocopy");
        check("v:/b:rshared", "invalid mode: rshared");
        check(
            "/a:b",
            "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' mount \
             path must be absolute",
        );
        check(
            "v:/x/..",
            "invalid volume specification: 'v:/x/..': invalid mount config for type \"volume\": invalid specification: \
             destination can't be '/'",
        );
    }
}
