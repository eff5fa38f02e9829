use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use spec::{Document, ImageConfig, MediaType};

use super::*;
use crate::Registry;
use crate::registry::Content;
use crate::skip::{installed, root};

/// Runs a program and gives its stdout; panics with its stderr when it fails.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn sample() -> Image {
    let base = Layer::gzip(vec![
        Entry::dir("etc"),
        Entry::file("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        Entry::noise("big", 1, 5000),
    ]);
    let top = Layer::zstd(vec![Entry::whiteout("etc/passwd"), Entry::opaque("var")]);
    Image::new(vec![base, top]).label("stage", "prod").env("A", "b c").command(&["/bin/sh"])
}

#[test]
fn the_same_bytes_every_time() {
    let digests = |image: Image| (image.build().digest().clone(), image.build().id().clone());
    assert_eq!(digests(sample()), digests(sample()));
    assert_ne!(digests(sample()), digests(sample().oci()));
}

#[test]
fn documents_are_what_they_say() {
    for image in [sample(), sample().oci()] {
        let built = image.build();
        let media_type = built.root.descriptor.media_type.clone();
        let document = Document::parse(&built.root.bytes, Some(media_type.as_str())).unwrap();
        let Document::Manifest(manifest) = document else { panic!("an index") };
        assert_eq!(manifest.config.digest, *built.id().digest());
        assert_eq!(manifest.layers.len(), 2);
        let config = ImageConfig::parse(&built.images[0].config.bytes).unwrap();
        let diff_ids: Vec<_> = image.layers().map(|layer| layer.diff_id().clone()).collect();
        assert_eq!(config.diff_ids(), diff_ids);
        assert_eq!(config.labels().collect::<Vec<_>>(), [("stage", "prod")]);
        assert_eq!(config.history().iter().filter(|entry| !entry.empty_layer).count(), 2);
        assert_eq!(config.history().last().unwrap().created_by, r#"CMD ["/bin/sh"]"#);
        assert_eq!(config.created(), image.created);
    }
}

#[test]
fn layers_unpack_to_their_tar() {
    let inflate = |layer: &Layer| {
        let bytes = layer.blob().to_vec().unwrap();
        let mut out = Vec::new();
        match layer.codec() {
            Codec::None => out = bytes,
            Codec::Gzip => drop(flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap()),
            Codec::Zstd => out = zstd::decode_all(&bytes[..]).unwrap(),
        }
        out
    };
    // One that fits in memory and one that does not.
    for len in [3000, 20 << 20] {
        for codec in [Codec::None, Codec::Gzip, Codec::Zstd] {
            let layer = Layer::noise("data", 5, len, codec);
            let tar = inflate(&layer);
            assert!(layer.diff_id().digest().matches(&tar));
            assert_eq!(tar.len() as u64, layer.tar().len());
            let (name, bytes) = read_tar(&tar[..]).unwrap().remove(0);
            assert_eq!(name, "data");
            assert!(bytes == Content::Synthetic { seed: 5, len }.to_vec().unwrap());
        }
    }
}

#[test]
fn gnu_tar_reads_every_kind_of_entry() {
    if !installed("tar") {
        return;
    }
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(120));
    let entries = [
        Entry::dir(&"d".repeat(90)),
        Entry::file(&long, "long").mtime(1_700_000_000, 123_456_789),
        Entry::file("naïve", "utf-8").mode(0o4711).mtime(-5, 500_000_000),
        Entry::symlink("link", &"t".repeat(130)),
        Entry::hardlink("other", "naïve"),
        Entry::new("pipe", Kind::Fifo, 0o600),
        Entry::file("empty", ""),
        Entry::file("attributes", "x").xattr("user.note", b"a\nb"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.tar");
    std::fs::write(&archive, tar(&entries).to_vec().unwrap()).unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    run("tar", &["--xattrs", "-xpf", archive.to_str().unwrap(), "-C", out.to_str().unwrap()]);
    assert_eq!(std::fs::read(out.join(&long)).unwrap(), b"long");
    let meta = std::fs::symlink_metadata(out.join(&long)).unwrap();
    assert_eq!((meta.mtime(), meta.mtime_nsec()), (1_700_000_000, 123_456_789));
    let meta = std::fs::symlink_metadata(out.join("naïve")).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.nlink()), (0o4711, 2));
    assert_eq!((meta.mtime(), meta.mtime_nsec()), (-5, 500_000_000));
    assert_eq!(std::fs::read_link(out.join("link")).unwrap(), Path::new(&"t".repeat(130)));
    assert_eq!(std::fs::symlink_metadata(out.join("pipe")).unwrap().mode() & 0o170_777, 0o010_600);
    let mut value = [0; 16];
    let count = rustix::fs::getxattr(out.join("attributes"), "user.note", &mut value).unwrap_or(0);
    assert!(count == 0 || &value[..count] == b"a\nb", "{value:?}");
}

#[test]
fn gnu_tar_reads_owners_and_devices() {
    if !installed("tar") {
        return;
    }
    let entries = [
        Entry::file("far", "").owner(3_000_000_000, 5),
        Entry::new("null", Kind::CharDevice(1, 3), 0o666),
        Entry::new("disk", Kind::BlockDevice(8, 300), 0o660),
    ];
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), tar(&entries).to_vec().unwrap()).unwrap();
    let listing = run("tar", &["--numeric-owner", "-tvf", file.path().to_str().unwrap()]);
    let columns: Vec<Vec<&str>> = listing.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(columns[0][..3], ["-rw-r--r--", "3000000000/5", "0"]);
    assert_eq!(columns[1][..3], ["crw-rw-rw-", "0/0", "1,3"]);
    assert_eq!(columns[2][..3], ["brw-rw----", "0/0", "8,300"]);
}

#[test]
fn indexes_name_platforms_and_attestations() {
    let images =
        ["linux/amd64", "linux/arm/v7", "windows/amd64"].map(|platform| sample().platform(platform).build());
    let built = Index::new(images.to_vec()).oci().attested().build();
    let media_type = MediaType::known(MediaType::OCI_INDEX);
    let Document::Index(index) = Document::parse(&built.root.bytes, Some(media_type.as_str())).unwrap()
    else {
        panic!("a manifest");
    };
    let platform = |at: usize| index.manifests[at].platform.as_ref().unwrap().to_string();
    assert_eq!(index.manifests.len(), 6);
    assert_eq!([platform(0), platform(2), platform(4)], ["linux/amd64", "linux/arm/v7", "windows/amd64"]);
    assert!(index.manifests[1].is_attestation() && !index.manifests[0].is_attestation());
    assert_eq!(built.for_platform("linux/arm/v7").unwrap().platform.variant.as_deref(), Some("v7"));
    assert_eq!(built.manifests().len(), 7);
}

/// One image of one platform, and an index of two.
fn pushed() -> (Registry, Built, Built) {
    let registry = Registry::new();
    let one = sample().oci().build();
    one.push(&registry, "team/app", &["1", "latest"]);
    let arm = sample().oci().platform("linux/arm64").build();
    let docker = Image::new(vec![Layer::gzip(vec![Entry::dir("bin")])]).build();
    let several = Index::new(vec![docker, arm]).build();
    several.push(&registry, "team/multi", &["1"]);
    (registry, one, several)
}

#[test]
fn foreign_layers_stay_away_from_registries() {
    let foreign = Layer::gzip(vec![Entry::dir("Files")]).foreign(&["https://mcr.microsoft.com/x"]);
    let built = Image::new(vec![foreign.clone()]).build();
    let registry = Registry::new();
    built.push(&registry, "w", &["1"]);
    assert_eq!(registry.blob("w", foreign.digest()), None);
    let text = String::from_utf8(built.root.bytes).unwrap();
    assert!(
        text.contains(MediaType::DOCKER_FOREIGN_LAYER_GZIP) && text.contains("https://mcr.microsoft.com/x")
    );
}

#[test]
fn skopeo_pulls_what_was_pushed_and_pushes_it_back() {
    if !installed("skopeo") {
        return;
    }
    let (registry, one, several) = pushed();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("docker://{}/{name}", registry.host());
    let plain = ["--src-tls-verify=false", "--dest-tls-verify=false", "--insecure-policy"];
    let copy = |arguments: &[&str]| {
        run("skopeo", &[&["copy", "-q"], &plain[..2], &plain[2..], arguments].concat());
    };
    let layout = format!("oci:{}:x", folder.path().join("layout").display());
    copy(&[&at("team/app:1"), &layout]);
    copy(&["--preserve-digests", &layout, &at("back/app:1")]);
    assert_eq!(registry.resolve("back/app", "1").as_ref(), Some(one.digest()));
    copy(&["--all", "--preserve-digests", &at("team/multi:1"), &at("back/multi:1")]);
    assert_eq!(registry.resolve("back/multi", "1").as_ref(), Some(several.digest()));
    let tags = run("skopeo", &["list-tags", "--tls-verify=false", &at("team/app")]);
    assert!(tags.contains("\"latest\""), "{tags}");
}

#[test]
fn skopeo_reads_layouts_and_archives() {
    if !installed("skopeo") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let built = sample().oci().build();
    let check = |source: String| {
        let config: serde_json::Value =
            serde_json::from_str(&run("skopeo", &["inspect", "--config", &source])).unwrap();
        let expect: serde_json::Value = serde_json::from_slice(&built.images[0].config.bytes).unwrap();
        assert_eq!(config["rootfs"], expect["rootfs"], "{source}");
    };
    let layout = folder.path().join("layout");
    built.write_layout(&layout, "docker.io/library/app:1").unwrap();
    check(format!("oci:{}", layout.display()));
    for form in [ArchiveForm::Blobs, ArchiveForm::Folders] {
        let file = folder.path().join(format!("{form:?}.tar"));
        built.write_docker_archive(&file, &["app:1"], form).unwrap();
        check(format!("docker-archive:{}", file.display()));
    }
}

#[test]
fn umoci_unpacks_a_layout() {
    if !installed("umoci") || !root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    let layers = vec![
        Layer::gzip(vec![
            Entry::dir("etc"),
            Entry::file("etc/a", "a"),
            Entry::file("etc/b", "b").owner(5, 6),
        ]),
        Layer::gzip(vec![Entry::dir("etc"), Entry::whiteout("etc/a")]),
    ];
    Image::new(layers).oci().build().write_layout(&layout, "1").unwrap();
    let bundle = folder.path().join("bundle");
    run("umoci", &["raw", "unpack", "--image", &format!("{}:1", layout.display()), bundle.to_str().unwrap()]);
    assert!(!bundle.join("etc/a").exists());
    let meta = std::fs::metadata(bundle.join("etc/b")).unwrap();
    assert_eq!((meta.uid(), meta.gid(), meta.len()), (5, 6, 1));
}

/// Run where this machine can, or an emulator is installed.
#[test]
fn programs_say_their_line() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    for (architecture, is_native) in
        [("amd64", cfg!(target_arch = "x86_64")), ("arm64", cfg!(target_arch = "aarch64"))]
    {
        let emulator = if architecture == "amd64" { "qemu-x86_64-static" } else { "qemu-aarch64-static" };
        if !is_native && !installed(emulator) {
            continue;
        }
        let run = |then| {
            let path = folder.path().join(format!("{architecture}-{then:?}"));
            std::fs::write(&path, program(architecture, "hello\n", then).unwrap()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            let emulator = if is_native { "" } else { emulator };
            let line = format!("timeout --signal=INT 1 {emulator} {}", path.display());
            std::process::Command::new("sh").args(["-c", &line]).output().unwrap()
        };
        let ended = run(Then::Ends);
        assert_eq!((ended.status.code(), ended.stdout), (Some(0), b"hello\n".to_vec()), "{architecture}");
        let slept = run(Then::Sleeps);
        // What `timeout` says of a program that it had to end.
        assert_eq!((slept.status.code(), slept.stdout), (Some(124), b"hello\n".to_vec()), "{architecture}");
    }
    assert_eq!(program("s390x", "hello\n", Then::Ends), None);
}
