//! Facts, failures, and what is left behind.

use layer::{Error, Whiteouts};
use testkit::forge::{Archive, Block};

use crate::scene::{Scene, apply, chain, scan};

#[test]
fn facts_are_those_of_docker() {
    let layer = Archive::new()
        .dir("d")
        .file("d/a", vec![0; 5000])
        .file("d/b", "x")
        .hardlink("d/c", "d/a")
        .symlink("s", "d/a")
        .file(".wh.gone", "")
        .end();
    let facts = scan(&layer).unwrap();
    assert_eq!((facts.entries, facts.bytes), (6, 5001));
    assert_eq!(facts.disk_bytes, 8192 + 4096 + 4096);
    assert_eq!(facts.diff_id.0, spec::Digest::of(&layer));
    assert_eq!(facts.implied, [b"".to_vec()]);
}

#[test]
fn a_directory_that_is_not_empty_is_refused() {
    let scene = Scene::new();
    let root = scene.root();
    std::fs::write(root.join("there"), "before").unwrap();
    let error = apply(&Archive::new().file("a", "").end(), &root, Whiteouts::Overlay).unwrap_err();
    assert!(matches!(error, Error::Directory(_)));
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 1);
}

#[test]
fn refusals_name_the_entry() {
    let layer = Archive::new().file("fine", "").file("bad\x1b[31m/..", "").end();
    let error = scan(&layer).unwrap_err();
    assert_eq!(chain(&error), "layer entry 2 `bad\\u{1b}[31m/..`: a `..` in a name (TAR-5)");
}

#[test]
fn faults_of_the_disk_are_not_the_layers() {
    let scene = Scene::new();
    let root = scene.root();
    // A name that the disk cannot take although it is within our limits: none is known, so a directory that
    // is gone has to do.
    let tree = disk::tree::Tree::open(&root).unwrap();
    std::fs::remove_dir(&root).unwrap();
    let policy = layer::Policy {
        privileges: crate::scene::privileges(),
        whiteouts: Whiteouts::Remove,
        limits: layer::Limits::default(),
    };
    let error = layer::apply(&Archive::new().file("a", "").end()[..], &tree, &policy).unwrap_err();
    assert!(matches!(error, Error::Apply { .. }) && !error.is_content(), "{error:?}");
}

/// Runs a test in a process of its own, after a shell command; returns there at once.
fn run_alone(test: &str, before: &str) -> bool {
    const MARK: &str = "LAYER_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let status = std::process::Command::new("sh")
        .args(["-c", &format!("{before}; exec \"$0\" {test} --exact")])
        .arg(std::env::current_exe().unwrap())
        .env(MARK, "1")
        .status()
        .unwrap();
    assert!(status.success());
    false
}

#[test]
fn faults_at_any_call_are_reported_and_touch_nothing_else() {
    // Fault points are the whole process's too.
    if !run_alone("apply::faults_at_any_call_are_reported_and_touch_nothing_else", ":") {
        return;
    }
    let scene = Scene::new();
    let lower = Archive::new().file("d/a", "x").dir("d/b").file("d/b/c", "y").symlink("s", "d").end();
    let upper = Archive::new()
        .pax(&[("SCHILY.xattr.user.a", "v")])
        .entry(Block::new(b'0', "d/a").owner(5, 5).mode(0o4755), "new")
        .header(Block::new(b'6', "fifo").mode(0o600))
        .symlink("d/s", "t")
        .hardlink("h", "d/a")
        .hardlink("copy", "d/b/c")
        .file("s/x", "")
        .file("d/.wh.b", "")
        .file("e/.wh..wh..opq", "")
        .end();
    for whiteouts in [Whiteouts::Remove, Whiteouts::Overlay] {
        let mut calls = 0;
        for at in 1.. {
            let root = scene.root();
            if whiteouts == Whiteouts::Remove {
                apply(&lower, &root, whiteouts).unwrap();
            }
            disk::fault::arm(at, disk::fault::Action::FailOnce(5));
            let outcome = apply(&upper, &root, whiteouts);
            calls = disk::fault::disarm();
            match outcome {
                Err(error) => assert!(!error.is_content(), "call {at}: {}", chain(&error)),
                Ok(_) => assert!(calls < at, "call {at} of {calls} failed without a word"),
            }
            if calls < at {
                break;
            }
        }
        assert!(calls > 20, "{calls} calls pass fault points");
    }
    scene.run(&upper).unwrap();
}

#[test]
fn umask_does_not_matter() {
    // The umask is the whole process's, so that this needs one of its own.
    run_alone("apply::umask_does_not_matter", "umask 0077");
    let scene = Scene::new();
    let modes = [0o777, 0o666, 0o4755, 0o000, 0o1777];
    let layer = modes.iter().fold(Archive::new(), |archive, mode| {
        archive
            .entry(Block::new(b'0', format!("f{mode:o}")).mode(*mode), "x")
            .header(Block::new(b'5', format!("d{mode:o}")).mode(*mode))
            .header(Block::new(b'6', format!("p{mode:o}")).mode(*mode))
    });
    let tree = scene.tree(&layer.end());
    for mode in modes {
        for kind in ["f", "d", "p"] {
            let name = format!("{kind}{mode:o}");
            assert_eq!(tree.nodes[std::path::Path::new(&name)].mode, u32::try_from(mode).unwrap(), "{name}");
        }
    }
}

#[test]
fn tar_20_memory_does_not_grow_with_a_file() {
    // Peak memory of this process is shared with other tests, so the bound is on what is held in flight.
    struct Zeros(u64);
    impl std::io::Read for Zeros {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = out.len().min(usize::try_from(self.0).unwrap_or(usize::MAX));
            assert!(n <= 1 << 20, "asked for {n} bytes at once");
            out[..n].fill(0);
            self.0 -= n as u64;
            Ok(n)
        }
    }
    let header = Archive::new().header(Block::new(b'0', "big").size(1 << 30)).bytes();
    let stream = std::io::Read::chain(&header[..], Zeros(1 << 30));
    assert_eq!(layer::scan(stream, &layer::Limits::default()).unwrap().bytes, 1 << 30);
}
