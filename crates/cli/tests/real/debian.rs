//! A Debian root as a tar file, made once and kept between runs.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, XattrFlags, mknodat, setxattr};
use testkit::peers::run;
use testkit::skip;

/// How many things a root has at least.
pub(crate) const ENTRIES_MIN: usize = 10_000;
/// Debian's package mirror may be slow, and may not be there.
const DEBOOTSTRAP_SECONDS: u32 = 400;
const SUITE: &str = "bookworm";
/// Many small files, and programs that people run in containers.
const INCLUDE: &str = "--include=python3,perl,locales,nginx-light,redis-server";

/// The tar file of a root with more than [`ENTRIES_MIN`] entries: Debian's by debootstrap where that works, else
/// a part of this machine's `/usr`.
pub(crate) fn tar() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(folder).unwrap();
    let lock = File::create(folder.join("debian-root.lock")).unwrap();
    lock.lock().unwrap();
    let tar = folder.join("debian-programs.tar");
    if tar.exists() {
        return tar;
    }
    let work = tempfile::Builder::new().prefix("root").tempdir_in("/var/tmp").unwrap();
    let root = work.path().join("root");
    if !debootstrap(&root) {
        skip::skip("no debootstrap: a part of /usr takes the place of Debian's root");
        copy_usr(&root);
    }
    add_oddities(&root);
    // What an interrupted run leaves behind has another name.
    let unfinished = tar.with_extension("new");
    run(&format!(
        "tar --create --file {} --format posix --xattrs --xattrs-include=* --numeric-owner --sort name -C {} \
         --exclude ./var/cache/apt/* --exclude ./var/lib/apt/lists/* .",
        unfinished.display(),
        root.display()
    ));
    fs::rename(unfinished, &tar).unwrap();
    tar
}

fn debootstrap(root: &Path) -> bool {
    if !skip::root() || !skip::installed("debootstrap") {
        return false;
    }
    let mut command = Command::new("timeout");
    command.arg(DEBOOTSTRAP_SECONDS.to_string()).arg("debootstrap").arg("--variant=minbase");
    command.args([INCLUDE, SUITE]).arg(root);
    let made = command.output().is_ok_and(|output| output.status.success());
    if !made {
        let _ = fs::remove_dir_all(root);
    }
    made
}

/// Small files, links and folders of this machine, enough of them.
fn copy_usr(root: &Path) {
    fs::create_dir_all(root).unwrap();
    let script = format!(
        "cd / && find usr/share usr/lib usr/include -xdev -readable '(' -type f -size -200k -o -type l -o -type d -executable ')' \
         2>/dev/null | sort | head -n {} | tar -c --no-recursion -T - | tar -x -C {}",
        ENTRIES_MIN + 2_000,
        root.display()
    );
    let status = Command::new("sh").args(["-c", &script]).status().unwrap();
    assert!(status.success(), "{script}");
}

/// What Debian happens not to have.
fn add_oddities(root: &Path) {
    let odd = root.join("odd");
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("file"), "odd\n").unwrap();
    fs::write(odd.join("ein Name mit Ümläuten \n und Zeilenende"), "").unwrap();
    fs::write(odd.join("x".repeat(200)), "long").unwrap();
    fs::hard_link(odd.join("file"), odd.join("second name")).unwrap();
    symlink("y".repeat(1_000), odd.join("link to a long name")).unwrap();
    mknodat(CWD, odd.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o640), 0).unwrap();
    // Only where the file system has attributes.
    let _ = setxattr(odd.join("file"), "user.comment", b"odd\0bytes\xff", XattrFlags::empty());
    let hole = File::create(odd.join("mostly a hole")).unwrap();
    hole.set_len(1 << 20).unwrap();
}
