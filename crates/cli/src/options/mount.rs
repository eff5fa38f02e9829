//! `--mount`: `type=bind,source=/a,target=/b,readonly`.

use engine::record::{MountAsked, MountKind};

use super::bytes;

/// Reads one; a source that begins with a dot is one of the working folder.
///
/// # Errors
/// What Docker says of it.
pub(crate) fn mount(text: &str, absolute: impl Fn(&str) -> String) -> Result<MountAsked, String> {
    let mut asked = MountAsked::default();
    let mut of_kind = Vec::new();
    for field in fields(text)? {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_lowercase(), Some(value)),
            None => (field.to_lowercase(), None),
        };
        take(&mut asked, &mut of_kind, &field, &key, value)?;
    }
    if asked.target.is_empty() {
        return Err("target is required".to_owned());
    }
    check_kind(&asked, &of_kind)?;
    if asked.kind == MountKind::Bind && asked.source.starts_with('.') {
        asked.source = absolute(&asked.source);
    }
    Ok(asked)
}

/// The fields of a line of comma-separated values, which may be quoted.
fn fields(text: &str) -> Result<Vec<String>, String> {
    let fields = crate::flags::comma_separated(text)?;
    if fields.is_empty() { Err("EOF".to_owned()) } else { Ok(fields) }
}

/// What a field belongs to when it is not for every kind.
type OfKind = (MountKind, &'static str);

fn take(
    asked: &mut MountAsked,
    of_kind: &mut Vec<OfKind>,
    field: &str,
    key: &str,
    value: Option<&str>,
) -> Result<(), String> {
    let flag = |value: Option<&str>| match value {
        None => Ok(true),
        Some(value) => go_bool(value).ok_or_else(|| format!("invalid value for {key}: {value}")),
    };
    match (key, value) {
        ("readonly" | "ro", value) => asked.read_only = flag(value)?,
        ("volume-nocopy", value) => {
            asked.no_copy = flag(value)?;
            of_kind.push((MountKind::Volume, "volume"));
        }
        ("bind-nonrecursive", value) => {
            asked.non_recursive = flag(value)?;
            of_kind.push((MountKind::Bind, "bind"));
        }
        (_, None) => return Err(format!("invalid field '{field}' must be a key=value pair")),
        ("type", Some(value)) => {
            asked.kind = match value.to_lowercase().as_str() {
                "bind" => MountKind::Bind,
                "volume" => MountKind::Volume,
                "tmpfs" => MountKind::Tmpfs,
                "image" => MountKind::Image,
                other => {
                    return Err(format!("mount type \"{other}\" is not one of bind, volume, tmpfs, image"));
                }
            };
        }
        ("source" | "src", Some(value)) => value.clone_into(&mut asked.source),
        ("target" | "dst" | "destination", Some(value)) => value.clone_into(&mut asked.target),
        ("consistency", Some(_)) => {}
        (_, Some(value)) => return take_of_kind(asked, of_kind, key, value),
    }
    Ok(())
}

fn take_of_kind(
    asked: &mut MountAsked,
    of_kind: &mut Vec<OfKind>,
    key: &str,
    value: &str,
) -> Result<(), String> {
    let pair = || match value.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (value.to_owned(), String::new()),
    };
    match key {
        "bind-propagation" => {
            value.to_lowercase().clone_into(&mut asked.propagation);
            of_kind.push((MountKind::Bind, "bind"));
        }
        "bind-recursive" => {
            asked.non_recursive = match value {
                "enabled" | "writable" | "readonly" => false,
                "disabled" => true,
                other => {
                    return Err(format!(
                        "invalid value for bind-recursive: {other}: must be one of enabled, disabled, writable, readonly"
                    ));
                }
            };
            of_kind.push((MountKind::Bind, "bind"));
        }
        "volume-subpath" => {
            value.clone_into(&mut asked.subpath);
            of_kind.push((MountKind::Volume, "volume"));
        }
        "volume-driver" => {
            value.clone_into(&mut asked.driver);
            of_kind.push((MountKind::Volume, "volume"));
        }
        "volume-label" => {
            asked.labels.extend([pair()]);
            of_kind.push((MountKind::Volume, "volume"));
        }
        "volume-opt" => {
            asked.driver_options.extend([pair()]);
            of_kind.push((MountKind::Volume, "volume"));
        }
        "image-subpath" => {
            value.clone_into(&mut asked.subpath);
            of_kind.push((MountKind::Image, "image"));
        }
        "tmpfs-size" => {
            asked.tmpfs_size = bytes(value).map_err(|_| format!("invalid value for {key}: {value}"))?;
            of_kind.push((MountKind::Tmpfs, "tmpfs"));
        }
        "tmpfs-mode" => {
            let mode = u32::from_str_radix(value, 8);
            asked.tmpfs_mode = mode.map_err(|_| format!("invalid value for {key}: {value}"))?;
            of_kind.push((MountKind::Tmpfs, "tmpfs"));
        }
        _ => return Err(format!("unexpected key '{key}' in '{key}={value}'")),
    }
    Ok(())
}

fn check_kind(asked: &MountAsked, of_kind: &[OfKind]) -> Result<(), String> {
    let word = match asked.kind {
        MountKind::Bind => "bind",
        MountKind::Volume => "volume",
        MountKind::Tmpfs => "tmpfs",
        MountKind::Image => "image",
    };
    match of_kind.iter().find(|(kind, _)| *kind != asked.kind) {
        Some((_, options)) => Err(format!("cannot mix '{options}-*' options with mount type '{word}'")),
        None => Ok(()),
    }
}

fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MountAsked, String> {
        mount(text, |path| format!("/here/{path}"))
    }

    #[test]
    fn mounts_are_read() {
        let asked = read("type=bind,source=./a,target=/b,readonly").unwrap();
        assert_eq!(
            (asked.kind, asked.source.as_str(), asked.read_only),
            (MountKind::Bind, "/here/./a", true)
        );
        let asked = read("src=v,dst=/b,volume-nocopy,\"volume-label=a=b,c\"").unwrap();
        assert_eq!((asked.kind, asked.no_copy), (MountKind::Volume, true));
        assert_eq!(asked.labels.get("a").map(String::as_str), Some("b,c"));
        let asked = read("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770").unwrap();
        assert_eq!((asked.tmpfs_size, asked.tmpfs_mode), (1 << 20, 0o1770));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let check = |text: &str, expect: &str| assert_eq!(read(text).unwrap_err(), expect, "{text}");
        check("type=bind,source=/a", "target is required");
        check("type=bind,nope,target=/b", "invalid field 'nope' must be a key=value pair");
        check("type=bind,nope=1,target=/b", "unexpected key 'nope' in 'nope=1'");
        check("type=bind,target=/b,volume-nocopy", "cannot mix 'volume-*' options with mount type 'bind'");
        check("type=tmpfs,target=/b,tmpfs-size=x", "invalid value for tmpfs-size: x");
        check("target=/b,readonly=maybe", "invalid value for readonly: maybe");
    }
}
