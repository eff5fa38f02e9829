//! What a driver does with snapshots.

use crate::conformance::bench::Bench;
use crate::conformance::items::{dir, file, gone, symlink};
use crate::conformance::model::Item;
use crate::conformance::scan::{difference, scan};
use crate::{Changes, Error, Key, MountOption};

fn layers() -> Vec<Vec<Item>> {
    vec![
        vec![
            dir("").mode(0o711).owner(1, 2),
            dir("d").mode(0o750).time(3, 0),
            file("d/f", "lower"),
            file("g", ""),
        ],
        vec![file("d/new", "").mode(0o4755), gone("g")],
    ]
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

pub(crate) fn an_active_snapshot_keeps_what_is_written(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let stack = bench.store_all(&layers()).unwrap();
    let (one, two) = (key("one"), key("two"));
    let expected = bench.tree(&stack).unwrap();
    let mounts = bench.driver.prepare(&one, &stack, &bench.scratch()).unwrap();
    bench.mounted(&mounts, |at| {
        assert_eq!(difference(&expected, &scan(&at)), None, "the same as a view");
        std::fs::write(at.join("d/f"), "changed").unwrap();
        std::fs::write(at.join("mine"), "x").unwrap();
        std::fs::remove_file(at.join("d/new")).unwrap();
    });
    let other = bench.driver.prepare(&two, &stack, &bench.scratch()).unwrap();
    bench.mounted(&other, |at| assert_eq!(difference(&expected, &scan(&at)), None));
    assert_eq!(difference(&expected, &bench.tree(&stack).unwrap()), None, "layers never change");
    // The same again, by key and by what was asked for.
    for again in [
        bench.driver.mounts(&one, &bench.scratch()).unwrap(),
        bench.driver.prepare(&one, &stack, &bench.scratch()).unwrap(),
    ] {
        assert_eq!(again, mounts);
    }
    bench.mounted(&mounts, |at| {
        assert_eq!(std::fs::read_to_string(at.join("d/f")).unwrap(), "changed");
        assert!(!at.join("d/new").exists());
    });
    match bench.driver.changes(&one).unwrap() {
        Changes::Upper(upper) => assert!(upper.file_len("mine").unwrap().is_some()),
        Changes::Compare { before, now } => {
            assert_eq!(before, stack);
            assert!(now.file_len("mine").unwrap().is_some());
        }
    }
    assert!(bench.driver.remove(&one, &bench.trash()).unwrap());
    assert!(!bench.driver.remove(&one, &bench.trash()).unwrap());
    assert!(matches!(bench.driver.mounts(&one, &bench.scratch()), Err(Error::SnapshotMissing(_))));
}

pub(crate) fn a_key_stands_for_one_snapshot(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let stack = bench.store_all(&layers()).unwrap();
    let scratch = bench.scratch();
    bench.driver.view(&key("k"), &stack, &scratch).unwrap();
    let conflicts = [
        bench.driver.prepare(&key("k"), &stack, &scratch).unwrap_err(),
        bench.driver.view(&key("k"), &stack[..1], &scratch).unwrap_err(),
        bench.driver.changes(&key("k")).unwrap_err(),
    ];
    assert!(conflicts.iter().all(|error| matches!(error, Error::SnapshotConflict(_))), "{conflicts:?}");
    assert!(matches!(bench.driver.view(&key("empty"), &[], &scratch), Err(Error::EmptyStack)));
    bench.driver.prepare(&key("l"), &stack[..1], &scratch).unwrap();
    let snapshots = bench.driver.snapshots().unwrap();
    let seen: Vec<_> = snapshots.iter().map(|s| (s.key.as_str(), s.stack.len(), s.active)).collect();
    assert_eq!(seen, [("k", 2, false), ("l", 1, true)]);
}

pub(crate) fn a_stack_with_a_missing_layer_says_which(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let mut stack = bench.store_all(&layers()).unwrap();
    let missing = spec::DiffId(spec::Digest::of(b"missing"));
    stack.insert(1, missing.clone());
    let error = bench.driver.view(&key("k"), &stack, &bench.scratch()).unwrap_err();
    assert_eq!(error.missing_layer(), Some(&missing));
    assert!(bench.driver.snapshots().unwrap().is_empty());
    assert!(bench.scratch.is_empty().unwrap());
}

/// Views are read-only, without devices and setuid; options hold only what we made.
pub(crate) fn tar_22_views_give_nothing_away(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let hostile = "redirect_dir=on,upperdir=,:\\";
    let stack = bench
        .store_all(&[vec![file(hostile, ""), symlink("s", hostile)], vec![dir(hostile), file("m", "")]])
        .unwrap();
    let view = bench.driver.view(&key("v"), &stack, &bench.scratch()).unwrap();
    let active = bench.driver.prepare(&key("a"), &stack, &bench.scratch()).unwrap();
    for mount in view.iter().chain(&active) {
        if mount.kind == "overlay" {
            for option in ["redirect_dir", "metacopy", "index"] {
                let stated = |o: &MountOption| matches!(o, MountOption::Text(name, _) if *name == option);
                assert!(mount.options.iter().any(stated), "{option} is left to the kernel's defaults");
            }
        }
        for option in &mount.options {
            let MountOption::Path(_, path) = option else { continue };
            let below = path.strip_prefix(bench.path()).unwrap().to_str().unwrap();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'/';
            assert!(below.bytes().all(plain), "{below}");
        }
    }
    assert!(view.iter().all(|mount| mount.read_only));
    if !crate::testing::may_mount() {
        return;
    }
    bench.mounted(&view, |at| {
        let flags = rustix::fs::statvfs(&at).unwrap().f_flag;
        for flag in [
            rustix::fs::StatVfsMountFlags::RDONLY,
            rustix::fs::StatVfsMountFlags::NODEV,
            rustix::fs::StatVfsMountFlags::NOSUID,
        ] {
            assert!(flags.contains(flag), "{flags:?}");
        }
        let error = std::fs::write(at.join("new"), "").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    });
}
