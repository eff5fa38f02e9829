//! Looking for a runtime.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Runtime, RuntimeError};

/// Where distributions put runtimes, for those whose PATH is short.
const USUAL: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Known runtimes and the oldest version of each that is trusted. runc before 1.1.5 let `/proc` and `/sys` be
/// replaced (CVE-2023-27561, CVE-2023-28642), crun before 1.4.4 gave inheritable capabilities (CVE-2022-27650), youki
/// before 0.5.7 let masked paths be redirected (CVE-2025-62161, CVE-2025-62596).
const MINIMUM: [(&str, &str); 3] = [("runc", "1.1.5"), ("crun", "1.4.4"), ("youki", "0.5.7")];

impl Runtime {
    /// The runtime that is asked for, by name or absolute path; without one the first that is found. Its own files
    /// go to `state`.
    ///
    /// # Errors
    /// When there is none, or it is too old.
    pub fn find(asked: &str, path: Option<&OsStr>, state: PathBuf) -> Result<Runtime, RuntimeError> {
        if asked.is_empty() {
            let mut found = Runtime::all(path, &state).into_iter();
            return found.next().ok_or_else(|| RuntimeError::None(NONE.to_owned()))?.checked();
        }
        let file = match asked.starts_with('/') {
            true => Some(PathBuf::from(asked)).filter(|file| is_program(file)),
            false => program(asked, path),
        };
        let unknown = || RuntimeError::None(format!("unknown or invalid runtime name: {asked}"));
        Runtime::at(file.ok_or_else(unknown)?, state)?.checked()
    }

    /// All known runtimes that are here, the one that is chosen first.
    pub fn all(path: Option<&OsStr>, state: &Path) -> Vec<Runtime> {
        // crun is the fastest, but knows only one version of cgroups at a time.
        let order = if has_unified_cgroups() { ["crun", "runc", "youki"] } else { ["runc", "crun", "youki"] };
        let found = order.iter().filter_map(|name| program(name, path));
        found.filter_map(|file| Runtime::at(file, state.to_owned()).ok()).collect()
    }

    fn at(path: PathBuf, state: PathBuf) -> Result<Runtime, RuntimeError> {
        let failed = |source| RuntimeError::Run { path: path.display().to_string(), source };
        let output = Command::new(&path).arg("--version").stdin(Stdio::null()).output().map_err(failed)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (name, version) = read_version(&text);
        let named = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Runtime { name: name.unwrap_or(named), path, version, state })
    }

    fn checked(self) -> Result<Runtime, RuntimeError> {
        let minimum = MINIMUM.iter().find(|(name, _)| *name == self.name).map(|(_, minimum)| *minimum);
        match minimum {
            Some(minimum) if number(&self.version) < number(minimum) => Err(RuntimeError::TooOld {
                name: self.name,
                version: self.version,
                path: self.path.display().to_string(),
                minimum,
            }),
            _ => Ok(self),
        }
    }
}

const NONE: &str = "no OCI runtime was found, which starts containers: install the package `runc` or `crun`, or name one with --runtime";

/// Whether this machine has only cgroups of version 2.
pub(crate) fn has_unified_cgroups() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

/// `runc version 1.1.5+ds1` and `crun version 1.8.1`.
fn read_version(text: &str) -> (Option<String>, String) {
    let mut words = text.lines().next().unwrap_or_default().split_ascii_whitespace();
    let name = words.next().map(str::to_owned);
    let version = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default();
    (name, version.to_owned())
}

/// `1.1.5+ds1` as numbers to compare.
fn number(version: &str) -> Vec<u32> {
    let numbers = version.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    numbers.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// A program by its name.
pub(crate) fn program(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    let folders = path.map(std::env::split_paths).into_iter().flatten();
    let all = folders.filter(|folder| folder.is_absolute()).chain(USUAL.iter().map(PathBuf::from));
    all.map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        let check = |text: &str, name: &str, version: &str| {
            assert_eq!(read_version(text), (Some(name.to_owned()), version.to_owned()));
        };
        check("runc version 1.1.5+ds1\ncommit: x\n", "runc", "1.1.5+ds1");
        check("crun version 1.8.1\n", "crun", "1.8.1");
        assert!(number("1.1.5+ds1") >= number("1.1.5"));
        assert!(number("1.1.12") > number("1.1.5"));
        assert!(number("1.1.4") < number("1.1.5"));
        assert!(number("") < number("1.1.5"));
    }
}
