//! Podman's and Buildah's storage.

use std::path::Path;
use std::process::Command;

use super::run;

/// Podman or Buildah with a storage in a folder.
pub struct Storage {
    folder: tempfile::TempDir,
    driver: &'static str,
}

impl Storage {
    /// A fresh one; only root can have it without further set-up.
    ///
    /// # Panics
    /// When there is no room in `/var/tmp`.
    #[expect(clippy::new_without_default, reason = "it makes folders")]
    pub fn new() -> Storage {
        let folder = tempfile::Builder::new().prefix("storage").tempdir_in("/var/tmp");
        let folder = folder.expect("a folder in /var/tmp");
        let driver = if overlay_works(folder.path()) { "overlay" } else { "vfs" };
        Storage { folder, driver }
    }

    /// Runs `podman …` or `buildah …` on this storage and gives what it printed.
    ///
    /// # Panics
    /// With what it said, when it failed.
    #[track_caller]
    pub fn run(&self, line: &str) -> String {
        run(&self.line(line))
    }

    /// `podman …` or `buildah …` with the options that lead to this storage.
    ///
    /// # Panics
    /// When there is nothing behind the program's name.
    pub fn line(&self, line: &str) -> String {
        let (program, rest) = line.split_once(' ').expect("a program and what it is to do");
        let path = self.folder.path().display();
        let driver = self.driver;
        let events =
            if program == "podman" { "--events-backend none --cgroup-manager cgroupfs " } else { "" };
        format!("{program} --root {path}/root --runroot {path}/run --storage-driver {driver} {events}{rest}")
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
        std::fs::create_dir_all(path(name)).expect("a folder");
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
    std::fs::remove_dir_all(folder.join("try")).expect("the folder goes");
    works
}
