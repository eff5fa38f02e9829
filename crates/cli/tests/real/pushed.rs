//! Images as Skopeo, Buildah and Podman push them: pulled, and pushed to another repository byte for byte.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use testkit::peers::{Storage, installed, run};
use testkit::skip;

use crate::registry::Distribution;
use crate::scratch;

/// A root with busybox in it.
pub(crate) fn busybox_root(folder: &Path) {
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::copy("/usr/bin/busybox", folder.join("bin/busybox")).unwrap();
    for applet in ["sh", "ls", "cat", "wget"] {
        symlink("busybox", folder.join("bin").join(applet)).unwrap();
    }
    fs::create_dir(folder.join("tmp")).unwrap();
    run(&format!("chmod 1777 {}/tmp", folder.display()));
}

/// An OCI layout `layout:busybox` in a folder.
pub(crate) fn busybox_layout(folder: &Path) {
    let at = folder.display();
    busybox_root(&folder.join("root"));
    run(&format!("tar --create --file {at}/root.tar --owner 0 --group 0 --sort name -C {at}/root ."));
    run(&format!("umoci init --layout {at}/layout"));
    run(&format!("umoci new --image {at}/layout:busybox"));
    run(&format!("umoci raw add-layer --image {at}/layout:busybox {at}/root.tar"));
    run(&format!("umoci config --image {at}/layout:busybox --config.cmd /bin/sh --architecture amd64"));
}

/// Pulls `source` and pushes it as another repository: both are the same afterwards.
pub(crate) fn expect_same_when_pushed_again(registry: &Distribution, source: &str, tag: &str) {
    let host = &registry.host;
    let scratch = scratch();
    let copy = format!("copy-of/{source}");
    scratch.run(&format!("pull -q {host}/{source}:{tag}")).expect_success();
    let digest = registry.tag(source, tag);
    let shown = scratch.run(&format!("images --digests --format '{{{{.Digest}}}}' {host}/{source}"));
    assert!(shown.stdout.contains(&digest), "{shown}");
    scratch.run(&format!("tag {host}/{source}:{tag} {host}/{copy}:{tag}")).expect_success();
    let pushed = scratch.run(&format!("push {host}/{copy}:{tag}"));
    pushed.expect_success();
    let size = registry.bytes(&digest).len();
    let last = format!("{tag}: digest: {digest} size: {size}\n");
    assert!(pushed.stdout.ends_with(&last), "{last}{pushed}");
    assert_eq!(registry.tag(&copy, tag), digest, "{source}:{tag}");
    assert!(registry.blobs(&copy).is_subset(&registry.blobs(source)), "{source}:{tag}");
    assert!(registry.manifests(&copy).is_subset(&registry.manifests(source)), "{source}:{tag}");
    // Elsewhere nothing can be mounted: every byte is sent.
    let other = Distribution::start();
    scratch.run(&format!("tag {host}/{source}:{tag} {}/far:{tag}", other.host)).expect_success();
    scratch.run(&format!("push -q {}/far:{tag}", other.host)).expect_success();
    assert_eq!(other.tag("far", tag), digest, "{source}:{tag} elsewhere");
    for blob in other.blobs("far") {
        let digest = format!("sha256:{blob}");
        assert!(other.bytes(&digest) == registry.bytes(&digest), "{digest} of {source}:{tag}");
    }
    scratch.run("fsck").expect_success();
}

#[test]
fn what_skopeo_pushes_goes_through_byte_for_byte() {
    if !installed(&["docker-registry", "skopeo", "umoci", "busybox"]) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    busybox_layout(work.path());
    let registry = Distribution::start();
    for (tag, options) in [
        ("oci-gzip", "--format oci --dest-compress-format gzip"),
        ("oci-zstd", "--format oci --dest-compress-format zstd"),
        ("docker-gzip", "--format v2s2 --dest-compress-format gzip"),
    ] {
        run(&format!(
            "skopeo copy --quiet {options} --dest-tls-verify=false oci:{}/layout:busybox docker://{}/skopeo:{tag}",
            work.path().display(),
            registry.host
        ));
        expect_same_when_pushed_again(&registry, "skopeo", tag);
    }
}

#[test]
fn what_podman_and_buildah_push_goes_through_byte_for_byte() {
    if !skip::root() || !installed(&["docker-registry", "umoci", "podman", "buildah", "busybox"]) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    busybox_layout(work.path());
    let registry = Distribution::start();
    let storage = Storage::new();
    storage.run(&format!("podman import --quiet {}/root.tar localhost/busybox", work.path().display()));
    for program in ["podman", "buildah"] {
        for (tag, options) in [
            ("oci-gzip", "--format oci --compression-format gzip"),
            ("oci-zstd", "--format oci --compression-format zstd"),
            ("docker-gzip", "--format v2s2 --compression-format gzip"),
        ] {
            storage.run(&format!(
                "{program} push --quiet {options} --tls-verify=false localhost/busybox docker://{}/{program}:{tag}",
                registry.host
            ));
            expect_same_when_pushed_again(&registry, program, tag);
        }
    }
}

#[test]
fn an_image_for_many_platforms_goes_through_byte_for_byte() {
    if !skip::root() || !installed(&["docker-registry", "umoci", "buildah", "busybox"]) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    busybox_root(&work.path().join("root"));
    let (registry, storage) = (Distribution::start(), Storage::new());
    let host = &registry.host;
    for format in ["oci", "v2s2"] {
        storage.run(&format!("buildah manifest create {format}"));
        for platform in ["amd64", "arm64"] {
            let container = storage.run(&format!("buildah from --arch {platform} scratch")).trim().to_owned();
            fs::write(work.path().join("root/platform"), platform).unwrap();
            storage.run(&format!("buildah add --quiet {container} {} /", work.path().join("root").display()));
            storage.run(&format!("buildah config --arch {platform} --os linux --cmd /bin/sh {container}"));
            let kind = if format == "oci" { "oci" } else { "docker" };
            storage.run(&format!(
                "buildah commit --quiet --format {kind} --manifest {format} {container} {format}-{platform}"
            ));
        }
        storage.run(&format!(
            "buildah manifest push --all --quiet --tls-verify=false --format {format} {format} docker://{host}/many:{format}"
        ));
        let scratch = scratch();
        let name = format!("{host}/many:{format}");
        for platform in ["linux/arm64", "linux/amd64"] {
            scratch.run(&format!("pull -q --platform {platform} {name}")).expect_success();
            let shown = scratch.run(&format!("inspect -f '{{{{.Os}}}}/{{{{.Architecture}}}}' {name}"));
            assert_eq!(shown.stdout, format!("{platform}\n"), "{shown}");
        }
        scratch.run(&format!("tag {name} {host}/many-again:{format}")).expect_success();
        scratch.run(&format!("push -q {host}/many-again:{format}")).expect_success();
        assert_eq!(registry.tag("many", format), registry.tag("many-again", format));
        scratch.run("fsck").expect_success();
    }
    assert_eq!(registry.manifests("many"), registry.manifests("many-again"));
    assert_eq!(registry.blobs("many"), registry.blobs("many-again"));
}
