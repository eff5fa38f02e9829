//! What is unpacked is what GNU tar and umoci unpack: paths, kinds, modes, owners, times, attributes, links and
//! contents of a Debian root, with each driver.

use std::path::Path;

use testkit::peers::{Storage, installed, run};
use testkit::store_check::{Aspects, Tree};
use testkit::{Scratch, skip};

use crate::debian;
use crate::pushed::expect_same_when_pushed_again;
use crate::registry::Distribution;
use crate::scratch;

/// The tree of an image in the store, as `image mount` shows it.
fn mounted(scratch: &Scratch, image: &str) -> Tree {
    let mount = scratch.run(&format!("image mount {image}"));
    mount.expect_success();
    let tree = Tree::read(Path::new(mount.stdout.trim_end())).unwrap();
    scratch.run(&format!("image umount {image}")).expect_success();
    tree
}

/// Goes on only when the image shows this tree with every driver.
fn expect_tree(image: &str, expect: &Tree) {
    for driver in ["overlay2", "vfs"] {
        let scratch = scratch().globals(&["--storage-driver", driver]);
        let pull = scratch.run(&format!("pull -q {image}"));
        if driver == "overlay2" && !pull.success() && pull.stderr.contains("overlay") {
            skip::skip("the kernel does not stack folders here");
            continue;
        }
        pull.expect_success();
        expect.expect_same(&mounted(&scratch, image), &Aspects::of_image());
        scratch.run("fsck").expect_success();
        scratch.run(&format!("rmi {image}")).expect_success();
    }
}

#[test]
fn a_debian_root_is_unpacked_as_gnu_tar_and_umoci_unpack_it() {
    if !skip::root() || !installed(&["docker-registry", "skopeo", "umoci"]) {
        return;
    }
    let tar = debian::tar();
    let work = tempfile::Builder::new().prefix("trees").tempdir_in("/var/tmp").unwrap();
    let at = work.path().display();
    std::fs::create_dir(work.path().join("tar")).unwrap();
    run(&format!(
        "tar --extract --file {} --preserve-permissions --xattrs --xattrs-include=* --numeric-owner -C {at}/tar",
        tar.display()
    ));
    let expect = Tree::read(&work.path().join("tar")).unwrap();
    assert!(expect.nodes.len() > debian::ENTRIES_MIN, "only {} entries", expect.nodes.len());

    run(&format!("umoci init --layout {at}/layout"));
    run(&format!("umoci new --image {at}/layout:debian"));
    run(&format!("umoci raw add-layer --image {at}/layout:debian {}", tar.display()));
    run(&format!("umoci unpack --image {at}/layout:debian {at}/bundle"));
    let unpacked = Tree::read(&work.path().join("bundle/rootfs")).unwrap();
    expect.expect_same(&unpacked, &Aspects::of_image());
    drop(unpacked);

    let registry = Distribution::start();
    let image = format!("{}/debian:zstd", registry.host);
    run(&format!(
        "skopeo copy --quiet --dest-tls-verify=false --dest-compress-format zstd --format oci oci:{at}/layout:debian docker://{image}"
    ));
    expect_tree(&image, &expect);
    expect_same_when_pushed_again(&registry, "debian", "zstd");
}

#[test]
fn layers_that_change_what_is_below_are_merged_as_umoci_merges_them() {
    if !skip::root() || !installed(&["docker-registry", "skopeo", "umoci", "buildah"]) {
        return;
    }
    let tar = debian::tar();
    let work = tempfile::Builder::new().prefix("trees").tempdir_in("/var/tmp").unwrap();
    let at = work.path().display();
    let buildah = Storage::new();
    let container = buildah.run("buildah from scratch").trim().to_owned();
    buildah.run(&format!("buildah add --quiet {container} {} /", tar.display()));
    buildah.run(&format!("buildah commit --quiet {container} below"));
    let container = buildah.run("buildah from below").trim().to_owned();
    let root = buildah.run(&format!("buildah mount {container}"));
    change(Path::new(root.trim()));
    buildah.run(&format!("buildah commit --quiet {container} above"));

    let registry = Distribution::start();
    let image = format!("{}/debian:changed", registry.host);
    buildah.run(&format!("buildah push --quiet --tls-verify=false --format v2s2 above docker://{image}"));
    run(&format!(
        "skopeo copy --quiet --src-tls-verify=false docker://{image} oci:{at}/layout:debian --format oci"
    ));
    run(&format!("umoci unpack --image {at}/layout:debian {at}/bundle"));
    let expect = Tree::read(&work.path().join("bundle/rootfs")).unwrap();
    assert!(expect.nodes.contains_key(Path::new("odd/new")), "the upper layer is not there");
    assert!(!expect.nodes.contains_key(Path::new("odd/pipe")), "the whiteout was not obeyed");
    expect_tree(&image, &expect);
    expect_same_when_pushed_again(&registry, "debian", "changed");
}

/// What an upper layer can do to a lower one: add, replace, remove, and change only what is known about a thing.
fn change(root: &Path) {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    let path = |name: &str| root.join(name);
    std::fs::write(path("odd/new"), "new\n").unwrap();
    std::fs::write(path("odd/file"), "changed\n").unwrap();
    std::fs::remove_file(path("odd/pipe")).unwrap();
    std::fs::set_permissions(path("odd"), std::fs::Permissions::from_mode(0o1750)).unwrap();
    chown(path("odd/second name"), Some(7), Some(8)).unwrap();
    // A folder becomes a link, one goes with all that is in it, one is made anew.
    std::fs::remove_dir_all(path("usr/share/doc")).unwrap();
    symlink("locale", path("usr/share/doc")).unwrap();
    for name in ["usr/share/perl", "usr/share/i18n"].map(path).iter().filter(|path| path.exists()) {
        std::fs::remove_dir_all(name).unwrap();
    }
    std::fs::create_dir(path("usr/share/i18n")).unwrap();
    std::fs::write(path("usr/share/i18n/one"), "1").unwrap();
}
