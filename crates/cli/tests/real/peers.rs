//! The other programs, each with a storage of its own.

use std::path::Path;
use std::process::{Command, Output};

use testkit::scratch::split;
use testkit::skip;

/// In place of the passwords that whoever runs the tests may have.
const NO_PASSWORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/no-passwords.json");

/// Runs a command line and gives what it printed.
///
/// # Panics
/// With what it said, when it failed.
#[track_caller]
pub(crate) fn run(line: &str) -> String {
    let output = try_run(line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command line, which may fail.
pub(crate) fn try_run(line: &str) -> Output {
    let words = split(line);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("REGISTRY_AUTH_FILE", NO_PASSWORDS).output().unwrap()
}

/// Whether all these programs are there; says which is not.
pub(crate) fn installed(programs: &[&str]) -> bool {
    programs.iter().all(|program| skip::installed(program))
}

/// Podman or Buildah with a storage in a folder.
pub(crate) struct Storage {
    folder: tempfile::TempDir,
    driver: &'static str,
}

impl Storage {
    /// A fresh one; only root can have it without further set-up.
    pub(crate) fn new() -> Storage {
        let folder = tempfile::Builder::new().prefix("storage").tempdir_in("/var/tmp").unwrap();
        let driver = if overlay_works(folder.path()) { "overlay" } else { "vfs" };
        Storage { folder, driver }
    }

    /// `podman …` or `buildah …` with the options that lead to this storage.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> String {
        let (program, rest) = line.split_once(' ').unwrap();
        let path = self.folder.path().display();
        let driver = self.driver;
        let events =
            if program == "podman" { "--events-backend none --cgroup-manager cgroupfs " } else { "" };
        run(&format!(
            "{program} --root {path}/root --runroot {path}/run --storage-driver {driver} {events}{rest}"
        ))
    }
}

impl Drop for Storage {
    /// What is still mounted would keep the folder from being removed.
    fn drop(&mut self) {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        let ours: Vec<&str> =
            points.filter(|point| Path::new(point).starts_with(self.folder.path())).collect();
        for point in ours.iter().rev() {
            drop(Command::new("umount").arg(point).output());
        }
    }
}

/// Whether this kernel stacks folders of that file system.
fn overlay_works(folder: &Path) -> bool {
    let path = |name: &str| folder.join("try").join(name);
    for name in ["lower", "upper", "work", "merged"] {
        std::fs::create_dir_all(path(name)).unwrap();
    }
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        path("lower").display(),
        path("upper").display(),
        path("work").display()
    );
    let merged = path("merged").display().to_string();
    let mount = Command::new("mount").args(["-t", "overlay", "-o", &options, "overlay", &merged]).output();
    let works = mount.is_ok_and(|output| output.status.success());
    if works {
        run(&format!("umount {merged}"));
    }
    std::fs::remove_dir_all(folder.join("try")).unwrap();
    works
}
