//! Names inside an archive, and the names of the images in it.

use layer::EntryName;
use spec::{AnyReference, Descriptor, Digest, Reference, ReferenceError};

use crate::error::{Error, Result};

/// Brings a name that a document gives for a file into the form that the table has (TAR-5): relative, without
/// `.` and doubled slashes; nothing when it has `..`, or when nothing is left.
pub(crate) fn normalise(name: &str) -> Option<Vec<u8>> {
    join(b"", name.trim_start_matches('/').as_bytes()).filter(|_| name.split('/').all(|part| part != ".."))
}

/// The name that `target` means from `folder`; nothing when it is absolute, leads out of the root or to it.
pub(crate) fn join(folder: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    if target.first() == Some(&b'/') {
        return None;
    }
    let mut name = folder.to_vec();
    for part in target.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if name.is_empty() => return None,
            b".." => name.truncate(parent(&name).len()),
            part => {
                if !name.is_empty() {
                    name.push(b'/');
                }
                name.extend_from_slice(part);
            }
        }
    }
    (!name.is_empty()).then_some(name)
}

/// The folder of a name, empty for the root.
pub(crate) fn parent(name: &[u8]) -> &[u8] {
    name.iter().rposition(|b| *b == b'/').map_or(&[], |slash| &name[..slash])
}

/// Where a layout keeps a blob.
pub(crate) fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().as_str(), digest.hex())
}

/// What containerd, Docker and BuildKit write the full name into.
pub(crate) const IMAGE_NAME: &str = "io.containerd.image.name";
/// What OCI has: Docker writes the tag into it, Podman, Buildah and Skopeo whatever they were told, most often
/// the full name.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The name that an entry of a layout's index gives its image, if it gives one (ARC-6).
///
/// # Errors
/// When it means to and does not.
pub(crate) fn annotated(entry: &Descriptor) -> Result<Option<Reference>> {
    let text = |key| entry.annotations.get(key).map(String::as_str).filter(|text| !text.is_empty());
    if let Some(full) = text(IMAGE_NAME) {
        return parse(full);
    }
    match text(REF_NAME) {
        // A lone word is a tag without a repository.
        Some(name) if name.contains(['/', ':']) => parse(name),
        _ => Ok(None),
    }
}

/// A full name; without a tag it is `latest`, with nothing but a digest it names nothing.
fn parse(text: &str) -> Result<Option<Reference>> {
    match AnyReference::parse(text).map_err(|source| bad(text, source))? {
        AnyReference::Digest(_) => Ok(None),
        AnyReference::Named(name) => {
            let name = name.or_latest();
            let tag = name.tag().map(|tag| name.with_tag(tag));
            tag.transpose().map_err(|source| bad(text, source))
        }
    }
}

/// A name out of `RepoTags` or `repositories`, which has to have a tag and nothing else.
///
/// # Errors
/// When it has not.
pub(crate) fn tagged(text: &str) -> Result<Reference> {
    let name = Reference::parse(text).map_err(|source| bad(text, source))?;
    // A repository named like an algorithm would make the name a digest.
    if name.tag().is_some() && name.digest().is_none() && Digest::parse(text).is_err() {
        Ok(name)
    } else {
        Err(bad(text, ReferenceError::Format))
    }
}

/// The reason may quote the name: only when that can be shown as it is.
fn bad(text: &str, source: ReferenceError) -> Error {
    let is_plain = text.len() <= SHOWN_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    let source = if is_plain { source } else { ReferenceError::Format };
    Error::Name { name: EntryName::new(text.as_bytes()), source }
}

/// Bytes of foreign text that a message shows.
const SHOWN_BYTES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arc_1_names_in_documents_have_one_form() {
        let check = |name: &str, expect: Option<&str>| {
            assert_eq!(normalise(name).as_deref(), expect.map(str::as_bytes), "{name}");
        };
        check("a/b", Some("a/b"));
        check("./a//b/", Some("a/b"));
        check("/a", Some("a"));
        check("", None);
        check("/", None);
        check("..", None);
        check("a/../b", None);
        check("../a", None);
        check("..a", Some("..a"));
    }

    #[test]
    fn arc_3_links_lead_within() {
        let check = |folder: &str, target: &str, expect: Option<&str>| {
            let found = join(folder.as_bytes(), target.as_bytes());
            assert_eq!(found.as_deref(), expect.map(str::as_bytes), "{folder} {target}");
        };
        check("a", "../b/layer.tar", Some("b/layer.tar"));
        check("", "b", Some("b"));
        check("a/b", "./c", Some("a/b/c"));
        check("a/b", "../../c", Some("c"));
        check("a/b", "../../../c", None);
        check("a", "/etc/passwd", None);
        check("a", "..", None);
    }

    fn entry(annotations: &[(&str, &str)]) -> Descriptor {
        let media_type = spec::MediaType::known(spec::MediaType::OCI_MANIFEST);
        let mut entry = Descriptor::of(media_type, b"");
        let text = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        entry.annotations = annotations.iter().map(text).collect();
        entry
    }

    #[test]
    fn annotations_name_images_as_their_writers_mean_it() {
        let check = |annotations: &[(&str, &str)], expect: Option<&str>| {
            let name = annotated(&entry(annotations)).unwrap();
            assert_eq!(name.map(|name| name.to_string()).as_deref(), expect, "{annotations:?}");
        };
        check(&[], None);
        check(&[(REF_NAME, "latest")], None);
        check(&[(REF_NAME, "")], None);
        check(&[(REF_NAME, "docker.io/library/alpine:3")], Some("docker.io/library/alpine:3"));
        check(&[(REF_NAME, "localhost/t:1")], Some("localhost/t:1"));
        check(&[(REF_NAME, "localhost/t")], Some("localhost/t:latest"));
        check(&[(REF_NAME, "alpine:3")], Some("docker.io/library/alpine:3"));
        check(&[(IMAGE_NAME, "quay.io/a/b:v1"), (REF_NAME, "v1")], Some("quay.io/a/b:v1"));
        check(&[(IMAGE_NAME, "alpine")], Some("docker.io/library/alpine:latest"));
        let digest = Digest::of(b"").to_string();
        check(&[(REF_NAME, &digest)], None);
        check(&[(REF_NAME, &format!("quay.io/a/b@{digest}"))], None);
        check(&[(REF_NAME, &format!("quay.io/a/b:v1@{digest}"))], Some("quay.io/a/b:v1"));
    }

    #[test]
    fn arc_6_bad_names_are_refused() {
        for bad in ["a/Case:1", "a/b:-", "a//b", "../x:1", "a b/c", "a/b:1\u{1b}[31m"] {
            assert!(annotated(&entry(&[(IMAGE_NAME, bad)])).is_err(), "{bad}");
            assert!(annotated(&entry(&[(REF_NAME, bad)])).is_err(), "{bad}");
            assert!(tagged(bad).is_err(), "{bad}");
        }
        let digest = Digest::of(b"").to_string();
        for bad in ["alpine", &format!("alpine@{digest}"), &format!("alpine:1@{digest}"), &digest] {
            assert!(tagged(bad).is_err(), "{bad}");
        }
        assert!(tagged("alpine:1").is_ok());
        let error = tagged("a\u{1b}b:1").unwrap_err().to_string();
        assert_eq!(error, "image name `a\\u{1b}b:1`");
    }
}
