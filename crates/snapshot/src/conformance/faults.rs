//! Every call that changes the disk is made the last one of a process, or made to fail, in turn; the store
//! must be in order each time, and the next try must succeed (DISK-6).

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use disk::Dir;
use spec::DiffId;

use crate::conformance::bench::Bench;
use crate::conformance::items::{dir, file, gone, link, opaque, symlink};
use crate::conformance::model::{Item, merged};
use crate::conformance::scan::difference;
use crate::{Key, Result};

/// What the child is told.
const DRIVER: &str = "SNAPSHOT_TEST_DRIVER";
const ROOT: &str = "SNAPSHOT_TEST_ROOT";
const FAULT: &str = "SNAPSHOT_TEST_FAULT";
/// What the child says of the number of fault points it passed.
const CALLS: &str = "calls: ";
/// What it says when a fault made it give up in an orderly way.
const GAVE_UP: &str = "gave up: ";

fn layers() -> Vec<Vec<Item>> {
    vec![
        vec![dir("").mode(0o711), dir("d").mode(0o750), file("d/f", "content"), symlink("s", "d"), dir("e")],
        vec![file("d/new", "").mode(0o4755), gone("s"), link("copy", "d/f"), opaque("e")],
    ]
}

/// All that is done under faults: two layers come in, an image is looked at, a container is prepared.
fn work(bench: &Bench) -> Result<()> {
    let stack = bench.store_all(&layers())?;
    if bench.driver.about().has_trees {
        bench.driver.view(&Key::parse("view").unwrap(), &stack, &bench.scratch())?;
        bench.driver.prepare(&Key::parse("active").unwrap(), &stack, &bench.scratch())?;
        bench.driver.remove(&Key::parse("view").unwrap(), &bench.trash())?;
    }
    Ok(())
}

/// The process that faults befall: started by the loops below, it does nothing otherwise.
#[test]
fn child() {
    let (Ok(driver), Ok(root), Ok(fault)) =
        (std::env::var(DRIVER), std::env::var(ROOT), std::env::var(FAULT))
    else {
        return;
    };
    let bench = Bench::at(&driver, Path::new(&root)).unwrap();
    let (at, action) = disk::fault::parse(&fault).unwrap();
    disk::fault::arm(at, action);
    let result = work(&bench);
    println!("\n{CALLS}{}", disk::fault::disarm());
    if let Err(error) = result {
        println!("{GAVE_UP}{error}");
    }
}

fn run_child(driver: &str, root: &Path, fault: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["conformance::faults::child", "--exact", "--nocapture"])
        .env(DRIVER, driver)
        .env(ROOT, root)
        .env(FAULT, fault)
        .output()
        .unwrap()
}

/// What is visible must be whole, whatever became of the rest.
fn check_store(driver: &str, root: &Path) {
    let Some(bench) = Bench::at(driver, root) else { return };
    for stored in bench.driver.walk().unwrap() {
        assert!(stored.ready, "{:?} is visible but not whole", stored.kind);
    }
    bench.driver.snapshots().unwrap();
    // The scratch space goes with its lease.
    for entry in bench.scratch.entries().unwrap() {
        bench.scratch.remove_all(&entry.name).unwrap();
    }
    work(&bench).unwrap();
    if !bench.driver.about().has_trees {
        return;
    }
    let expected = merged(&layers()).unwrap();
    let stack: Vec<DiffId> = bench.store_all(&layers()).unwrap();
    assert_eq!(difference(&expected, &bench.tree(&stack).unwrap()), None);
    let mounts = bench.driver.mounts(&Key::parse("active").unwrap(), &bench.scratch()).unwrap();
    let active = bench.mounted(&mounts, |at| crate::conformance::scan::scan(&at));
    assert_eq!(difference(&expected, &active), None);
}

/// In memory where that can be had: a thousand stores that sync would wait for the disk all the time.
fn fresh_root() -> tempfile::TempDir {
    let temporary = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let root = Dir::open(temporary.path()).unwrap();
    for name in ["scratch", "trash", "at"] {
        root.make_dir(name).unwrap();
    }
    temporary
}

/// More calls than the work can make.
const CALLS_MAX: u32 = 2_000;

/// Runs something for call 1, 2, …, until it says that there are no more; several at a time, since it mostly
/// waits for the disk.
fn for_each_call(run: impl Fn(u32) -> bool + Sync) {
    let (next, is_done) = (AtomicU32::new(1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let call = next.fetch_add(1, Ordering::SeqCst);
                    assert!(call < CALLS_MAX, "the work does not come to an end");
                    if !run(call) {
                        assert!(call > 10, "the work passes only {call} fault points");
                        is_done.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
}

pub(crate) fn a_kill_at_any_call_leaves_the_store_in_order(driver: &str) {
    if Bench::new(driver).is_none() {
        return;
    }
    for_each_call(|call| {
        let temporary = fresh_root();
        let output = run_child(driver, temporary.path(), &format!("kill:{call}"));
        let was_killed = output.status.signal() == Some(9);
        assert!(was_killed || output.status.success(), "{output:?}");
        check_store(driver, temporary.path());
        was_killed
    });
}

pub(crate) fn a_failure_at_any_call_leaves_nothing_behind(driver: &str) {
    if Bench::new(driver).is_none() {
        return;
    }
    // ENOSPC once, then EIO from there on.
    for fault in ["fail:{}:28", "fail-from:{}:5"] {
        for_each_call(|call| {
            let temporary = fresh_root();
            let output = run_child(driver, temporary.path(), &fault.replace("{}", &call.to_string()));
            assert!(output.status.success(), "{output:?}");
            let left = std::fs::read_dir(temporary.path().join("scratch")).unwrap().count();
            // When nothing can be removed any more, it is left to the sweep.
            assert!(left == 0 || fault.starts_with("fail-from"), "{call} leaves {left} in scratch");
            check_store(driver, temporary.path());
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let calls = text.lines().find_map(|line| line.strip_prefix(CALLS)).unwrap();
            let happened = call <= calls.parse().unwrap();
            assert!(happened || !text.contains(GAVE_UP), "failed without a fault: {text}");
            happened
        });
    }
}
