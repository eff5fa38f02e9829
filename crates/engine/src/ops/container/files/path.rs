//! Paths as people type them: what they say about directories, and their parts. Text only, nothing is looked up.

/// Without empty components, `.` and `..`; as seen from the root, which `..` does not leave. Relative, empty for the
/// root.
pub(super) fn clean(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in components(path) {
        match part {
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

/// The components that mean something.
pub(super) fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|part| !matches!(*part, b"" | b"."))
}

/// Whether the path is that of a directory's content: it ends in `.`.
pub(super) fn is_content(path: &[u8]) -> bool {
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |at| at + 1);
    // An empty path means a directory's content too, as in Docker.
    matches!(&path[..end], b"." | b"") && !path.starts_with(b"/") || path[..end].ends_with(b"/.")
}

/// Whether the path says that it is a directory's.
pub(super) fn says_directory(path: &[u8]) -> bool {
    path.ends_with(b"/") || is_content(path)
}

/// The folder and the name of a clean path; nothing for the root.
pub(super) fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.is_empty() {
        return None;
    }
    match path.iter().rposition(|b| *b == b'/') {
        Some(slash) => Some((&path[..slash], &path[slash + 1..])),
        None => Some((b"", path)),
    }
}

/// A clean path with a relative one behind it.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_vec(),
        (_, true) => folder.to_vec(),
        _ => [folder, b"/", name].concat(),
    }
}

/// What is left of a clean path below another one; nothing when it is not below, empty when it is the same.
pub(super) fn below<'p>(path: &'p [u8], folder: &[u8]) -> Option<&'p [u8]> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"/") }
}

/// For messages: absolute, in the words of whoever stands at the root.
pub(super) fn shown(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}

/// The name that what is copied from a path has in an archive.
pub(super) fn archive_name(path: &[u8]) -> Vec<u8> {
    if is_content(path) {
        return b".".to_vec();
    }
    let clean = clean(path);
    split(&clean).map_or_else(|| b".".to_vec(), |(_, name)| name.to_vec())
}

/// The folder and the name that a path is to be made with, both clean; the name is `.` for a directory's content.
pub(super) fn split_entry(path: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let clean = clean(path);
    if is_content(path) {
        return (clean, b".".to_vec());
    }
    let (folder, name) = split(&clean).unwrap_or_default();
    (folder.to_vec(), name.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_taken_apart() {
        let check = |path: &str, expect: &str, content, directory, name: &str| {
            let bytes = path.as_bytes();
            assert_eq!(String::from_utf8(clean(bytes)).unwrap(), expect, "{path}");
            assert_eq!((is_content(bytes), says_directory(bytes)), (content, directory), "{path}");
            assert_eq!(String::from_utf8(archive_name(bytes)).unwrap(), name, "{path}");
        };
        check("/a//b/", "a/b", false, true, "b");
        check("a/./b/.", "a/b", true, true, ".");
        check("/../../a/..", "", false, false, ".");
        check("/", "", false, true, ".");
        check("", "", true, true, ".");
        check("a/./", "a", true, true, ".");
        check("x.", "x.", false, false, "x.");
    }

    #[test]
    fn below_goes_by_whole_names() {
        assert_eq!(below(b"data/x", b"data"), Some(&b"x"[..]));
        assert_eq!(below(b"data", b"data"), Some(&b""[..]));
        assert_eq!(below(b"database", b"data"), None);
        assert_eq!(below(b"data", b""), Some(&b"data"[..]));
    }
}
