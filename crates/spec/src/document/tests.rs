use serde_json::{Value, json};

use super::*;

fn descriptor(media_type: &str, content: &str) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(content.as_bytes()).as_str(), "size": content.len()})
}

fn manifest() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": descriptor(MediaType::OCI_CONFIG, "c"),
        "layers": [descriptor(MediaType::OCI_LAYER_GZIP, "l")],
    })
}

fn index() -> Value {
    json!({"schemaVersion": 2, "manifests": [descriptor(MediaType::OCI_MANIFEST, "m")]})
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

fn parse(value: &Value, announced: Option<&str>) -> Result<Document, DocumentError> {
    Document::parse(value.to_string().as_bytes(), announced)
}

#[test]
fn keeps_the_bytes_and_their_digest() {
    let bytes = format!(" {} \n", manifest());
    let document = Document::parse(bytes.as_bytes(), None).unwrap();
    assert_eq!(document.bytes(), bytes.as_bytes());
    assert_eq!(*document.digest(), Digest::of(bytes.as_bytes()));
    assert_eq!(document.children().len(), 2);
    assert_eq!(document.descriptor().size, bytes.len() as u64);
}

#[test]
fn doc_3_one_document_one_meaning() {
    assert!(parse(&manifest(), None).is_ok());
    assert!(parse(&manifest(), Some(MediaType::OCI_MANIFEST)).is_ok());
    assert!(parse(&manifest(), Some("application/json")).is_ok());
    assert!(parse(&index(), None).is_ok());
    assert!(parse(&index(), Some(MediaType::DOCKER_INDEX)).is_ok());
    let refuse = |value: &Value, announced| {
        assert!(parse(value, announced).is_err(), "{value} as {announced:?}");
    };
    refuse(&manifest(), Some(MediaType::DOCKER_MANIFEST));
    refuse(&manifest(), Some(MediaType::OCI_INDEX));
    refuse(&index(), Some(MediaType::OCI_MANIFEST));
    refuse(&with(manifest(), "mediaType", json!(MediaType::OCI_INDEX)), None);
    refuse(&with(manifest(), "mediaType", json!("text/html")), None);
    refuse(&with(manifest(), "mediaType", json!("a b")), None);
    refuse(&with(manifest(), "manifests", json!([])), None);
    refuse(&with(manifest(), "manifests", Value::Null), None);
    refuse(&with(index(), "layers", json!([])), None);
    refuse(&with(index(), "config", Value::Null), None);
    refuse(&with(manifest(), "schemaVersion", json!(1)), None);
    refuse(&with(manifest(), "schemaVersion", json!(3)), None);
    refuse(&with(manifest(), "fsLayers", json!([])), None);
    refuse(&json!({"schemaVersion": 2}), None);
    refuse(&json!([]), None);
}

#[test]
fn doc_2_required_members_are_there_and_sane() {
    for (name, member) in [
        ("layers", Value::Null),
        ("layers", json!({})),
        ("layers", json!([null])),
        ("config", Value::Null),
        ("config", json!([])),
        ("Layers", json!([])),
        ("annotations", json!({"a": 1})),
        ("subject", json!({"digest": "sha256:x"})),
    ] {
        assert!(parse(&with(manifest(), name, member.clone()), None).is_err(), "{name} {member}");
    }
    for (name, member) in [("annotations", Value::Null), ("subject", Value::Null), ("x", json!([{}]))] {
        assert!(parse(&with(manifest(), name, member.clone()), None).is_ok(), "{name} {member}");
    }
    for size in [json!(-1), json!(1.5), json!("1"), json!(u64::MAX), Value::Null] {
        let layer = with(descriptor(MediaType::OCI_LAYER, "x"), "size", size.clone());
        assert!(parse(&with(manifest(), "layers", json!([layer])), None).is_err(), "{size}");
    }
}

#[test]
fn doc_11_digests_are_checked_when_read() {
    for digest in ["sha256:baddigest", "sha256:../x", "md5:d41d8cd98f00b204e9800998ecf8427e", ""] {
        let subject = with(descriptor(MediaType::OCI_MANIFEST, "s"), "digest", json!(digest));
        assert!(parse(&with(manifest(), "subject", subject), None).is_err(), "{digest}");
    }
}

#[test]
fn doc_1_limits_hold_at_their_edge() {
    let layers = |n: usize| with(manifest(), "layers", json!(vec![descriptor(MediaType::OCI_LAYER, "x"); n]));
    assert!(parse(&layers(LAYERS_PER_IMAGE_MAX), None).is_ok());
    assert_eq!(parse(&layers(481), None).unwrap_err(), DocumentError::TooManyLayers(481));
    let padded = |n: usize| {
        let text = manifest().to_string();
        let pad = " ".repeat(n - text.len());
        text + &pad
    };
    let limit = usize::try_from(MANIFEST_BYTES_MAX).unwrap();
    assert!(Document::parse(padded(limit).as_bytes(), None).is_ok());
    assert!(Document::parse(padded(limit + 1).as_bytes(), None).is_err());
}

#[test]
fn ref_6_one_digest_has_one_size() {
    let layer = descriptor(MediaType::OCI_LAYER, "x");
    let twice = json!([layer, layer]);
    assert!(parse(&with(manifest(), "layers", twice), None).is_ok());
    let lying = json!([layer, with(layer.clone(), "size", json!(7))]);
    assert!(matches!(parse(&with(manifest(), "layers", lying), None), Err(DocumentError::TwoSizes(_))));
}

#[test]
fn doc_4_choice_skips_attestations() {
    let host = Platform::new("linux", "amd64", None);
    let entry = |content: &str, os: &str, architecture: &str| {
        let entry = descriptor(MediaType::OCI_MANIFEST, content);
        with(entry, "platform", json!({"os": os, "architecture": architecture}))
    };
    let attested = with(
        entry("att", "linux", "amd64"),
        "annotations",
        json!({"vnd.docker.reference.type": "attestation-manifest"}),
    );
    let list = json!([
        attested,
        entry("u", "unknown", "unknown"),
        entry("arm", "linux", "arm64"),
        entry("amd", "linux", "amd64")
    ]);
    let Ok(Document::Index(index)) = parse(&with(index(), "manifests", list), None) else { panic!() };
    let chosen = index.choose(&PlatformMatcher::runnable_on(&host)).unwrap();
    assert_eq!(chosen.digest, Digest::of(b"amd"));
    assert_eq!(
        index.platforms().map(ToString::to_string).collect::<Vec<_>>(),
        ["linux/arm64", "linux/amd64"]
    );
}

#[test]
fn ref_7_inlined_content_is_what_the_descriptor_says() {
    let layer = |data: &str| with(descriptor(MediaType::OCI_LAYER, "hello"), "data", json!(data));
    let check = |data: &str, expect: bool| {
        let layers = json!([layer(data)]);
        assert_eq!(parse(&with(manifest(), "layers", layers), None).is_ok(), expect, "{data}");
    };
    check("aGVsbG8=", true);
    check("aGVsbE8=", false);
    check("aGVsbG8h", false);
    check("", false);
    check("not base64", false);
}
