use spec::{Descriptor, Digest, Platform};

use super::*;

fn entry(name: Option<&str>, image: &str) -> Entry {
    let target = Descriptor::of(MediaType::known(MediaType::OCI_MANIFEST), image.as_bytes());
    Entry {
        reference: name.map(|name| Reference::parse(name).unwrap().or_latest()),
        manifests: vec![target.digest.clone()],
        target,
        image: ImageId(Digest::of(image.as_bytes())),
        platform: Platform::new("linux", "arm", Some("v7")),
        created: Some("2026-11-23T07:02:29.496880906Z".parse().unwrap()),
        size: 2_370_847,
        tagged: None,
        parent: None,
    }
}

fn index(entries: &[Entry]) -> Index {
    let mut index = Index::default();
    entries.iter().for_each(|entry| index.set(entry.clone()));
    index
}

fn names(index: &Index) -> Vec<String> {
    let name = |entry: &Entry| {
        entry.reference.as_ref().map_or_else(|| format!("<{}>", entry.image.0.short()), Reference::familiar)
    };
    let mut names: Vec<String> = index.entries().iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn what_is_written_is_read_again() {
    let mut windows = entry(None, "c");
    windows.platform =
        Platform { os_version: Some("10.0.20348.1726".into()), ..Platform::new("windows", "amd64", None) };
    let written = index(&[
        entry(Some("alpine"), "a"),
        entry(Some("x.y/z@sha256:22f8f28be2ba51f34917973a0da5c57ee45e1389387bacb3ba6f5d81440417b4"), "b"),
        windows,
    ]);
    let read = Index::parse(&written.to_bytes()).unwrap();
    assert_eq!(read.entries(), written.entries());
}

/// The first format's bytes: a newer program has to read them for ever.
#[test]
fn format_1_is_read() {
    let bytes = include_bytes!("../../tests/index-format-1.json");
    let index = Index::parse(bytes).unwrap();
    assert_eq!(names(&index), ["<c83fe0d76a30>", "alpine:latest"]);
    assert_eq!(index.entries()[0].size, 2_063_594);
    assert_eq!(index.entries()[0].platform.to_string(), "linux/amd64");
    assert_eq!(index.foreign().count(), 1);
}

#[test]
fn disk_9_entries_of_others_are_kept_and_not_believed() {
    let text =
        r#"{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:x","size":1},{"k":[1]}]}"#;
    let index = Index::parse(text.as_bytes()).unwrap();
    assert_eq!(index.entries().len(), 0);
    let again = Index::parse(&index.to_bytes()).unwrap();
    assert_eq!(again.foreign().collect::<Vec<_>>(), index.foreign().collect::<Vec<_>>());
    assert!(Index::parse(b"{\"schemaVersion\":2").is_err());
}

#[test]
fn a_tag_that_moves_leaves_a_dangling_image() {
    let mut index = index(&[entry(Some("dodge:challenger"), "a")]);
    index.set(entry(Some("dodge:challenger"), "b"));
    assert_eq!(names(&index), [format!("<{}>", Digest::of(b"a").short()), "dodge:challenger".into()]);
    index.set(entry(Some("again"), "a"));
    assert_eq!(names(&index), ["again:latest", "dodge:challenger"]);
    index.set(entry(None, "a"));
    index.set(entry(Some("again"), "a"));
    assert_eq!(names(&index), ["again:latest", "dodge:challenger"]);
    index.unname(&Reference::parse("again:latest").unwrap());
    assert_eq!(names(&index).len(), 2);
    index.remove(&ImageId(Digest::of(b"a")));
    assert_eq!(names(&index), ["dodge:challenger"]);
}

#[test]
fn resolves_ids_then_names_then_beginnings() {
    let index = index(&[entry(Some("alpine"), "a"), entry(Some("ca"), "b"), entry(Some("x:1"), "b")]);
    let a = ImageId(Digest::of(b"a"));
    let b = ImageId(Digest::of(b"b"));
    let check = |text: &str, image: &ImageId, reference: Option<&str>| {
        let found = index.resolve(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(found.image, *image, "{text}");
        assert_eq!(found.reference.map(|r| r.familiar()).as_deref(), reference, "{text}");
    };
    check("alpine", &a, Some("alpine:latest"));
    check("docker.io/library/alpine:latest", &a, Some("alpine:latest"));
    check(a.0.hex(), &a, None);
    check(a.0.as_str(), &a, None);
    check(&a.0.hex()[..12], &a, None);
    check(&format!("sha256:{}", &a.0.hex()[..5]), &a, None);
    // A name wins over the beginning of an ID: that of "a" is ca978112….
    check("ca", &b, Some("ca:latest"));
    check("c", &a, None);
    let refuse = |text: &str, expect: &str| {
        assert_eq!(index.resolve(text).unwrap_err().to_string(), expect, "{text}");
    };
    refuse("nosuch", "No such image: nosuch:latest");
    refuse("x", "No such image: x:latest");
    refuse("Nosuch", "invalid reference format: repository name (library/Nosuch) must be lowercase");
    refuse(&format!("sha256:{}", "0".repeat(64)), &format!("No such image: sha256:{}", "0".repeat(64)));
}

#[test]
fn an_ambiguous_beginning_finds_nothing() {
    // Two IDs that begin alike: found by trying.
    let first = |text: &str| Digest::of(text.as_bytes()).hex()[..1].to_owned();
    let twin = (0..1000).map(|n| n.to_string()).find(|text| first(text) == first("a")).unwrap();
    let index = index(&[entry(Some("one"), "a"), entry(Some("two"), &twin)]);
    assert!(index.resolve(&first("a")).is_err());
    assert!(index.resolve(&Digest::of(b"a").hex()[..10]).is_ok());
}
