//! Stores, homes and streams that are not as one would like them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use testkit::image::{Codec, Image, Layer};
use testkit::registry::Fault;
use testkit::{Registry, Scratch, skip};

use crate::{expect_no_scraps, expect_nothing_left, image, registry_with, scratch};

/// A file system of its own, for as long as the test runs.
struct Tmpfs<'p>(&'p Path);

impl<'p> Tmpfs<'p> {
    /// Mounts one of this size; nothing where that is not allowed.
    fn mount(path: &'p Path, options: &str) -> Option<Tmpfs<'p>> {
        if !skip::root() || !mount(&["-t", "tmpfs", "-o", options, "tmpfs"], path) {
            skip::skip("cannot mount a tmpfs");
            return None;
        }
        Some(Tmpfs(path))
    }

    fn remount(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], self.0), "remount {options}");
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn mount(arguments: &[&str], path: &Path) -> bool {
    Command::new("mount").args(arguments).arg(path).status().is_ok_and(|status| status.success())
}

/// Everything that needs no registry but one, in a row.
fn use_everything(scratch: &Scratch, registry: &Registry) {
    let name = format!("{}/library/demo", registry.host());
    scratch.run(&format!("pull -q {name}")).expect_success();
    scratch.run(&format!("tag {name} mine")).expect_success();
    assert_eq!(scratch.run("images -q mine").expect_success().stdout.len(), 13);
    scratch.run("inspect mine").expect_success();
    scratch.run("history mine").expect_success();
    scratch.run("save -o mine.tar mine").expect_success();
    scratch.run(&format!("rmi mine {name}")).expect_success();
    assert_eq!(scratch.run("load -i mine.tar").expect_success().stdout, "Loaded image: mine:latest\n");
    scratch.run(&format!("tag mine {}/mine", registry.host())).expect_success();
    scratch.run(&format!("push -q {}/mine", registry.host())).expect_success();
    scratch.run(&format!("rmi mine {}/mine", registry.host())).expect_success();
    fs::remove_file(scratch.work().join("mine.tar")).unwrap();
}

#[test]
fn an_ordinary_user_can_do_everything() {
    let Some(scratch) = scratch().as_nobody() else { return };
    let registry = registry_with(&image());
    use_everything(&scratch, &registry);
    expect_nothing_left(&scratch, "as an ordinary user");
}

#[test]
fn a_home_is_not_needed() {
    let Some(scratch) = scratch().as_nobody() else { return };
    let scratch = scratch.without_env("HOME").without_env("DOCKER_CONFIG");
    let registry = registry_with(&image());
    use_everything(&scratch, &registry);
    expect_nothing_left(&scratch, "without HOME");
}

#[test]
fn a_home_need_not_be_writable() {
    let Some(scratch) = scratch().as_nobody() else { return };
    for folder in ["home/.docker", "home"] {
        fs::set_permissions(scratch.path(folder), fs::Permissions::from_mode(0o555)).unwrap();
    }
    let registry = registry_with(&image());
    use_everything(&scratch, &registry);
    expect_nothing_left(&scratch, "with a read-only home");
    assert_eq!(fs::read_dir(scratch.home().join(".docker")).unwrap().count(), 0);
}

#[test]
fn without_a_place_to_write_in_the_home_another_is_found() {
    let Some(scratch) = scratch().as_nobody() else { return };
    fs::set_permissions(scratch.home(), fs::Permissions::from_mode(0o555)).unwrap();
    let scratch = scratch.without_env("STRATA_ROOT");
    let info = scratch.run("info --format '{{.DockerRootDir}}'");
    info.expect_success();
    assert!(info.stdout.starts_with("/var/tmp/strata-"), "{info}");
}

#[test]
fn a_store_on_a_read_only_disk_is_read() {
    let registry = registry_with(&image());
    let scratch = scratch();
    let root = scratch.root();
    let Some(disk) = Tmpfs::mount(&root, "size=100m,mode=700") else { return };
    let name = format!("{}/library/demo", registry.host());
    scratch.run(&format!("pull -q {name}")).expect_success();
    disk.remount("ro");
    reads(&scratch, &name);
    let refused = "nothing can be written there: --root or STRATA_ROOT chooses another place for the store";
    for line in [format!("tag {name} mine"), format!("rmi {name}"), format!("pull -q {name}:other")] {
        let outcome = scratch.run(&line);
        outcome.expect_exit(1);
        assert!(outcome.stderr.contains(refused), "{outcome}");
    }
    disk.remount("rw");
    scratch.run(&format!("rmi {name}")).expect_success();
    expect_nothing_left(&scratch, "on a disk that was read-only");
}

#[test]
fn a_store_that_may_not_be_written_is_read() {
    let Some(scratch) = scratch().as_nobody() else { return };
    let registry = registry_with(&image());
    let name = format!("{}/library/demo", registry.host());
    scratch.run(&format!("pull -q {name}")).expect_success();
    let chmod = |mode: &str| {
        let status = Command::new("chmod").args(["-R", mode]).arg(scratch.root()).status().unwrap();
        assert!(status.success());
    };
    chmod("a-w");
    reads(&scratch, &name);
    let outcome = scratch.run(&format!("tag {name} mine"));
    outcome.expect_exit(1);
    assert!(outcome.stderr.contains("hint: "), "{outcome}");
    chmod("u+w");
    scratch.run(&format!("rmi {name}")).expect_success();
    expect_nothing_left(&scratch, "in a store that was read-only");
}

/// What has to work in a store that cannot be written.
fn reads(scratch: &Scratch, name: &str) {
    assert_eq!(scratch.run(&format!("images -q {name}")).expect_success().stdout.len(), 13);
    for line in ["inspect", "history", "save -o out.tar"] {
        scratch.run(&format!("{line} {name}")).expect_success();
    }
    for line in ["images", "info", "version", "system df", "fsck"] {
        scratch.run(line).expect_success();
    }
}

#[test]
fn a_store_of_a_newer_format_is_left_alone() {
    let scratch = scratch();
    let registry = registry_with(&image());
    let name = format!("{}/library/demo", registry.host());
    scratch.run(&format!("pull -q {name}")).expect_success();
    let file = scratch.root().join("store.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, text.replacen("\"format\": 1", "\"format\": 2", 1)).unwrap();
    assert_ne!(fs::read_to_string(&file).unwrap(), text);
    for line in ["images", "inspect x", "pull -q x", "rmi x", "image prune -f", "fsck", "system df"] {
        let outcome = scratch.run(line);
        outcome.expect_exit(1);
        assert!(outcome.stdout.is_empty() || outcome.stdout == "[]\n", "{outcome}");
        assert!(outcome.stderr.contains("format 2"), "{outcome}");
    }
    fs::write(&file, text).unwrap();
    assert_eq!(scratch.run(&format!("images -q {name}")).expect_success().stdout.len(), 13);
}

#[test]
fn an_image_that_cannot_fit_is_refused_before_a_layer_is_asked_for() {
    let scratch = scratch();
    let root = scratch.root();
    let Some(_disk) = Tmpfs::mount(&root, "size=70m,mode=700") else { return };
    let registry = registry_with(&Image::new(vec![Layer::noise("big", 5, 8 << 20, Codec::None)]).build());
    let outcome = scratch.run(&format!("pull -q {}/library/demo", registry.host()));
    outcome.expect_exit(1);
    assert!(outcome.stderr.contains("not enough space at "), "{outcome}");
    assert!(
        outcome.stderr.contains(" bytes are missing\nhint: `strata image prune -a --dry-run`"),
        "{outcome}"
    );
    assert!(registry.bytes_sent("GET", "/v2/*/blobs/*") < 10_000, "{:#?}", registry.requests());
    expect_nothing_left(&scratch, "an image that cannot fit");
}

#[test]
fn a_disk_that_fills_up_during_a_pull_is_told_and_left_clean() {
    let scratch = scratch();
    let root = scratch.root();
    let Some(_disk) = Tmpfs::mount(&root, "size=80m,mode=700") else { return };
    let registry = registry_with(&Image::new(vec![Layer::noise("big", 6, 4 << 20, Codec::None)]).build());
    registry.on("GET", "/v2/*/blobs/*").after(1).then(Fault::BytesPerSecond(4 << 20));
    let pull = format!("pull -q {}/library/demo", registry.host());
    let running = scratch.start(&pull);
    assert!(registry.wait(Duration::from_secs(60), |requests| requests.len() > 3), "no layer is asked for");
    let filler = root.join("filler");
    fs::write(&filler, vec![1; 80 << 20]).unwrap_err();
    let outcome = running.wait();
    outcome.expect_exit(1);
    assert!(outcome.stderr.contains("no space left on device"), "{outcome}");
    assert!(outcome.stderr.contains("\nhint: the disk is full: `strata system df` shows"), "{outcome}");
    fs::remove_file(filler).unwrap();
    expect_nothing_left(&scratch, "on a full disk");
    scratch.run(&pull).expect_success();
    expect_no_scraps(&scratch, "on a disk that was full");
}

#[test]
fn a_stdout_that_is_closed_or_full_is_no_panic() {
    let registry = registry_with(&image());
    let scratch = scratch().mirror(&registry);
    let check = |line: &str, status: i32, expect: &str| {
        let outcome = scratch.shell(line);
        outcome.expect_exit(status);
        assert!(outcome.stderr == expect, "{outcome}");
    };
    check("strata pull demo >&-; echo $? >&2", 0, "0\n");
    check("strata images >&-", 0, "");
    check("strata images 2>&- >&-", 0, "");
    check("strata images | true", 0, "");
    if Path::new("/dev/full").exists() {
        check("strata images >/dev/full", 1, "write /dev/stdout: no space left on device\n");
        check("strata save demo >/dev/full", 1, "write /dev/stdout: no space left on device\n");
    }
    scratch.run("fsck").expect_success();
}
