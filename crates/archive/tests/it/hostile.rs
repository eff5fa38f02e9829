//! ARC-1 to ARC-6 against archives that are built to break them, each with a twin that works.

use layer::tar::Kind;
use serde_json::json;
use spec::Digest;

use crate::forge::{Parts, Tar, blob, ids, names};

#[test]
fn arc_1_nothing_is_made_under_a_name_of_the_archive() {
    let parts = Parts::new();
    let strange = parts.tar().file("/tmp/strata-canary", "x").file("a/b/../c", "x");
    assert!(strange.refusal().contains("TAR-5"));
    let harmless = parts
        .tar()
        .file("/tmp/strata-canary", "x")
        .other("dev/null", Kind::CharDevice, "")
        .other("pipe", Kind::Fifo, "")
        .file("unknown", "x");
    assert_eq!(ids(&harmless.read().unwrap()), [parts.id()]);
    assert!(!std::path::Path::new("/tmp/strata-canary").exists());
}

#[test]
fn arc_1_documents_cannot_name_what_is_outside() {
    let parts = Parts::new();
    let files = || Tar::default().file("c.json", &parts.config).file("d/l", &parts.layer);
    let check = |config: &str, layer: &str, expect: Option<&str>| {
        let list = json!([{"Config": config, "RepoTags": null, "Layers": [layer]}]);
        let tar = files().json("manifest.json", &list);
        match expect {
            None => assert_eq!(ids(&tar.read().unwrap()), [parts.id()]),
            Some(expect) => assert!(tar.refusal().contains(expect), "{}", tar.refusal()),
        }
    };
    check("c.json", "d/l", None);
    check("./c.json", "d/./l", None);
    check("/c.json", "/d//l", None);
    check("../c.json", "d/l", Some("`../c.json`: is no name of a file in the archive (ARC-1)"));
    check("c.json", "d/../d/l", Some("ARC-1"));
    check("/etc/passwd", "d/l", Some("`/etc/passwd`: is not in the archive"));
    check("c.json", "/proc/self/environ", Some("is not in the archive"));
    check("d", "d/l", Some("is not in the archive"));
    check("", "d/l", Some("ARC-1"));
    check("c.json", "e\u{1b}[2J", Some("`e\\u{1b}[2J`: is not in the archive"));
}

#[test]
fn arc_2_what_says_what_the_rest_means_stands_once() {
    let parts = Parts::new();
    let layout = || parts.layout(&[parts.entry(json!(null))]);
    let check = |tar: &Tar, name: &str, other: &str| {
        let same = match name {
            "manifest.json" => parts.list().to_string(),
            "index.json" => json!({"schemaVersion": 2, "manifests": [parts.entry(json!(null))]}).to_string(),
            _ => json!({"imageLayoutVersion": "1.0.0"}).to_string(),
        };
        let twice = tar.clone().file(&format!("./{name}"), &same);
        assert_eq!(ids(&twice.read().unwrap()), [parts.id()], "{name}");
        let differs = tar.clone().file(name, other);
        assert!(differs.refusal().contains("ARC-2"), "{}", differs.refusal());
        let gone = tar.clone().other(name, Kind::Directory, "");
        assert!(gone.read().is_err());
    };
    check(&parts.tar(), "manifest.json", "[]");
    check(&parts.tar(), "manifest.json", &format!("{} ", parts.list()));
    check(&layout(), "index.json", "{}");
    check(&layout(), "oci-layout", "{\"imageLayoutVersion\":\"1.0.1\"}");
    // Three times, the odd one in the middle.
    let thrice = parts.tar().file("manifest.json", "[]").json("manifest.json", &parts.list());
    assert!(thrice.refusal().contains("ARC-2"));
}

#[test]
fn arc_2_of_other_names_the_last_one_counts() {
    let parts = Parts::new();
    let tar = Tar::default().file("l/layer.tar", "not this").file("c.json", "{}");
    let tar = tar.file("l/layer.tar", &parts.layer).file("c.json", &parts.config);
    assert_eq!(ids(&tar.json("manifest.json", &parts.list()).read().unwrap()), [parts.id()]);
}

#[test]
fn arc_2_an_entry_of_unknown_type_displaces_nothing() {
    let parts = Parts::new();
    let mut stranger = Tar::default().file("manifest.json", "[]").bytes();
    let (flag, sum) = (156, 148..156);
    assert_eq!(stranger[flag], b'0');
    stranger[flag] = b'Z';
    stranger[sum.clone()].fill(b' ');
    let total: u32 = stranger[..512].iter().map(|byte| u32::from(*byte)).sum();
    stranger[sum].copy_from_slice(format!("{total:06o}\0 ").as_bytes());
    let good = parts.tar().bytes();
    let bytes = [&good[..good.len() - 1024], &stranger].concat();
    assert_eq!(ids(&crate::forge::read(&bytes).unwrap()), [parts.id()]);
}

/// An archive whose layer is reached by `links` symbolic links, one after the other.
fn chain(parts: &Parts, links: usize) -> Tar {
    let mut tar = parts.tar().without("l/layer.tar").file(&format!("{links}/layer.tar"), &parts.layer);
    for link in 0..links {
        tar = tar.symlink(&format!("{link}/layer.tar"), &format!("../{}/layer.tar", link + 1));
    }
    let list = json!([{"Config": "c.json", "RepoTags": ["t:1"], "Layers": ["0/layer.tar"]}]);
    tar.without("manifest.json").json("manifest.json", &list)
}

#[test]
fn arc_3_links_are_followed_within_and_not_for_ever() {
    let parts = Parts::new();
    for links in [0, 1, 8] {
        assert_eq!(ids(&chain(&parts, links).read().unwrap()), [parts.id()], "{links}");
    }
    let refusal = chain(&parts, 9).refusal();
    assert_eq!(refusal, "invalid archive: `0/layer.tar`: more than LINK_HOPS_MAX (8) links (ARC-3)");
    let circle =
        parts.tar().symlink("l/layer.tar", "../m/layer.tar").symlink("m/layer.tar", "../l/layer.tar");
    assert!(circle.refusal().contains("LINK_HOPS_MAX"));
    let itself = parts.tar().symlink("l/layer.tar", "layer.tar");
    assert!(itself.refusal().contains("LINK_HOPS_MAX"));
    let hard = parts.tar().without("l/layer.tar").file("m", &parts.layer);
    assert_eq!(ids(&hard.other("l/layer.tar", Kind::HardLink, "m").read().unwrap()), [parts.id()]);
}

#[test]
fn arc_3_links_lead_nowhere_else() {
    let parts = Parts::new();
    let folder = tempfile::tempdir().unwrap();
    let canary = folder.path().join("secret");
    std::fs::write(&canary, "do-not-tell").unwrap();
    let canary = canary.to_str().unwrap();
    let check = |target: &str, expect: &str| {
        for name in ["c.json", "l/layer.tar"] {
            let refusal = parts.tar().symlink(name, target).refusal();
            assert_eq!(refusal, format!("invalid archive: `{name}`: {expect} (ARC-3)"), "{target}");
        }
    };
    check(canary, "a link that leads out of the archive");
    check(&format!("../..{canary}"), "a link that leads out of the archive");
    check("../../../../../../etc/passwd", "a link that leads out of the archive");
    check("nowhere", "a link to something that is not in the archive");
    let refusal = parts.tar().other("c.json", Kind::HardLink, canary).refusal();
    assert_eq!(refusal, "invalid archive: `c.json`: a link to something that is not in the archive (ARC-3)");
    for kind in [Kind::Directory, Kind::Fifo, Kind::CharDevice] {
        let refusal = parts.tar().other("m", kind, "").symlink("c.json", "m").refusal();
        assert!(refusal.contains("not a file"), "{refusal}");
    }
    // A link that nobody needs may lead anywhere.
    let harmless = parts.tar().symlink("x", canary).symlink("y", "../../z");
    assert_eq!(ids(&harmless.read().unwrap()), [parts.id()]);
}

#[test]
fn arc_4_what_is_missing_or_unknown_is_named() {
    let parts = Parts::new();
    let layout = || parts.layout(&[parts.entry(json!(null))]);
    let check = |tar: Tar, expect: &str| assert_eq!(tar.refusal(), expect);
    let lacks = "invalid archive: does not contain a manifest.json or index.json";
    check(Tar::default(), lacks);
    check(Tar::default().file("etc/passwd", "x"), lacks);
    check(layout().without("index.json"), lacks);
    check(layout().without("oci-layout"), lacks);
    check(parts.tar().without("c.json"), "invalid archive: `c.json`: is not in the archive");
    check(parts.tar().without("l/layer.tar"), "invalid archive: `l/layer.tar`: is not in the archive");
    let version = |text: &str| layout().without("oci-layout").file("oci-layout", text);
    check(version("{\"imageLayoutVersion\":\"2.0.0\"}"), "unsupported OCI layout version `2.0.0`");
    assert!(version("{}").refusal().contains("imageLayoutVersion"));
    assert!(version("").refusal().contains("`oci-layout`"));
    let (layer, manifest) = (Digest::of(&parts.layer), Digest::of(parts.manifest().to_string().as_bytes()));
    let missing = format!("blob {layer} of image {manifest} is missing");
    check(layout().without(&blob(&parts.layer)), &missing);
    let gone = layout().without(&blob(parts.manifest().to_string().as_bytes()));
    check(gone, &format!("blob {manifest} of image {manifest} is missing"));
}

#[test]
fn arc_4_lists_are_strict() {
    let parts = Parts::new();
    let check = |text: &str, expect: &str| {
        let refusal = parts.tar().without("manifest.json").file("manifest.json", text).refusal();
        assert!(refusal.contains(expect), "{refusal}");
    };
    check("", "EOF");
    check("null", "null, expected a list");
    check("{}", "expected a list");
    check("[1]", "manifest.json[0] is a number");
    check("[{}]", "manifest.json[0] has no \"Config\"");
    check("[{\"Config\":\"c.json\",\"Config\":\"c.json\"}]", "stands twice");
    check("[{\"config\":\"c.json\"}]", "could be read as \"Config\"");
    check("[{\"Config\":\"c.json\",\"Layers\":[1]}]", "Layers: an item is not a string");
    check(&format!("{} x", parts.list()), "trailing");
    check("\u{feff}[]", "manifest.json: expected value");
    check(&"[".repeat(100_000), "manifest.json");
    let index = |text: &str, expect: &str| {
        let refusal = parts.layout(&[]).without("index.json").file("index.json", text).refusal();
        assert!(refusal.contains(expect), "{refusal}");
    };
    index("[]", "expected an object");
    index("{\"schemaVersion\":2}", "no \"manifests\"");
    index("{\"manifests\":[]}", "no \"schemaVersion\"");
    index("{\"schemaVersion\":1,\"manifests\":[]}", "\"schemaVersion\" is \"1\", not 2");
    index("{\"schemaVersion\":2,\"manifests\":null}", "null, expected a list");
    index("{\"schemaVersion\":2,\"Manifests\":[]}", "could be read as \"manifests\"");
    index("{\"schemaVersion\":2,\"manifests\":[],\"manifests\":[]}", "stands twice");
    index("{\"schemaVersion\":2,\"mediaType\":\"x/y\",\"manifests\":[]}", "\"mediaType\" is");
    index("{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:x\"}]}", "index.json.manifests[0]");
}

#[test]
fn arc_4_a_truncated_archive_is_refused_wherever_it_ends() {
    let parts = Parts::new();
    let whole = parts.tar().bytes();
    // The list comes last: without the end mark the archive still has everything.
    let end = whole.len() - 1024;
    let content_end = 512 + parts.config.len();
    let blocks = (0..whole.len()).step_by(512).flat_map(|at| [at, at + 1, at + 511]);
    for cut in blocks.chain((0..whole.len()).step_by(37)).chain([whole.len()]) {
        match crate::forge::read(&whole[..cut]) {
            Ok(_) => assert!(cut >= end - 512, "{cut}"),
            Err(error) => {
                assert!(cut < whole.len(), "{cut}");
                let text = error.to_string();
                // Between two entries nothing shows but that something is missing.
                let is_between =
                    cut % 512 == 0 || (content_end..content_end.next_multiple_of(512)).contains(&cut);
                let expect = if is_between { "invalid archive" } else { "unexpected EOF" };
                assert!(text.starts_with(expect) || text == "unexpected EOF", "{cut}: {text}");
            }
        }
    }
    assert_eq!(crate::forge::read(b"junk\n").unwrap_err().to_string(), "unexpected EOF");
    let noise = [b'x'; 2048];
    assert!(crate::forge::text(&crate::forge::read(&noise).unwrap_err()).contains("check sum"));
}

#[test]
fn arc_5_ids_come_from_bytes() {
    let parts = Parts::new();
    // Named as if it were something else.
    let other = Digest::of(b"other");
    let name = format!("{}.json", other.hex());
    let list = json!([{"Config": name, "RepoTags": ["t:1"], "Layers": ["l/layer.tar"]}]);
    let tar = Tar::default().file(&name, &parts.config).file("l/layer.tar", &parts.layer);
    assert_eq!(ids(&tar.json("manifest.json", &list).read().unwrap()), [parts.id()]);
}

#[test]
fn arc_5_documents_are_proven() {
    let parts = Parts::new();
    let layout = || parts.layout(&[parts.entry(json!(null))]);
    let manifest = parts.manifest().to_string();
    let name = blob(manifest.as_bytes());
    let swapped = manifest.replace("amd64", "arm64").replace("schemaVersion\":2", "schemaVersion\":3");
    assert_eq!(swapped.len(), manifest.len());
    let refusal = layout().file(&name, &swapped).refusal();
    let (expected, found) = (Digest::of(manifest.as_bytes()), Digest::of(swapped.as_bytes()));
    assert_eq!(refusal, format!("blob {expected}: expected {expected}, found {found}"));
    let refusal = layout().file(&name, format!("{manifest} ")).refusal();
    assert_eq!(
        refusal,
        format!("blob {expected}: expected {} bytes, found {} bytes", manifest.len(), manifest.len() + 1)
    );
    let config = String::from_utf8(parts.config.clone()).unwrap().replace("amd64", "arm64");
    assert!(layout().file(&blob(&parts.config), config).refusal().contains(parts.id().as_str()));
    let short = layout().file(&blob(&parts.layer), &parts.layer[..512]);
    assert!(short.refusal().contains("found 512 bytes"));
}

#[test]
fn arc_5_as_many_layers_as_diff_ids() {
    let parts = Parts::new();
    let list = json!([{"Config": "c.json", "RepoTags": null, "Layers": ["l/layer.tar", "l/layer.tar"]}]);
    let refusal = parts.tar().without("manifest.json").json("manifest.json", &list).refusal();
    assert_eq!(refusal, "invalid manifest, layers length mismatch: expected 2, got 1");
    let mut manifest = parts.manifest();
    manifest["layers"] = json!([]);
    let bytes = manifest.to_string();
    let entry = json!({
        "mediaType": spec::MediaType::OCI_MANIFEST, "digest": Digest::of(bytes.as_bytes()), "size": bytes.len(),
    });
    let refusal = parts.layout(&[entry]).file(&blob(bytes.as_bytes()), &bytes).refusal();
    assert_eq!(refusal, "invalid manifest, layers length mismatch: expected 0, got 1");
}

#[test]
fn arc_5_a_wrong_diff_id_is_found_by_who_takes_the_layer_in() {
    let parts = Parts::new();
    let mut layer = parts.layer.clone();
    layer[700] ^= 1;
    let archive = parts.tar().file("l/layer.tar", &layer).read().unwrap();
    let contents = archive.contents(&archive.images()[0]).unwrap();
    let last = contents.blobs.last().unwrap();
    assert_eq!(last.digest, Digest::of(&parts.layer));
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut archive.blob(&last.digest).unwrap().unwrap(), &mut bytes).unwrap();
    assert!(!last.digest.matches(&bytes));
}

#[test]
fn arc_6_one_bad_name_refuses_the_archive() {
    let parts = Parts::new();
    let list = |names: &[&str]| json!([{"Config": "c.json", "RepoTags": names, "Layers": ["l/layer.tar"]}]);
    let check = |name: &str, expect: &str| {
        let tar = parts.tar().without("manifest.json").json("manifest.json", &list(&["good:1", name]));
        assert_eq!(tar.refusal(), format!("image name `{name}`: {expect}"));
    };
    check("Bad:1", "invalid reference format: repository name (library/Bad) must be lowercase");
    check("a b:1", "invalid reference format");
    check("../x:1", "invalid reference format");
    check("notag", "invalid reference format");
    let hex = "a".repeat(64);
    check(&hex, &format!("invalid repository name ({hex}), cannot specify 64-byte hexadecimal strings"));
    let good = parts
        .tar()
        .without("manifest.json")
        .json("manifest.json", &list(&["good:1", "docker.io/library/x:2"]));
    assert_eq!(names(&good.read().unwrap()), [["good:1", "x:2"]]);
    for key in ["io.containerd.image.name", "org.opencontainers.image.ref.name"] {
        let refusal = parts.layout(&[parts.entry(json!({ key: "a/B:1" }))]).refusal();
        assert!(refusal.starts_with("image name `a/B:1`: invalid reference format"), "{refusal}");
    }
}

#[test]
fn arc_6_a_name_is_one_images() {
    let (one, two) =
        (Parts::new(), Parts { config: b"{\"rootfs\":{\"diff_ids\":[]}}".to_vec(), layer: vec![] });
    let item =
        |config: &str, layers: &[&str]| json!({"Config": config, "RepoTags": ["t:1"], "Layers": layers});
    let list = json!([item("c.json", &["l/layer.tar"]), item("d.json", &[])]);
    let tar = one.tar().without("manifest.json").file("d.json", &two.config).json("manifest.json", &list);
    assert!(tar.refusal().starts_with("image name t:1 stands for sha256:"), "{}", tar.refusal());
    let list = json!([item("c.json", &["l/layer.tar"]), item("c.json", &["l/layer.tar"])]);
    let twin = one.tar().without("manifest.json").json("manifest.json", &list);
    assert_eq!(names(&twin.read().unwrap()), [["t:1"]]);
}
