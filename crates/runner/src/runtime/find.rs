//! Looking for a runtime.

#![expect(clippy::disallowed_methods, reason = "asks runtimes for their version")]

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Runtime, RuntimeError, known};

/// Where distributions put programs, for those whose PATH is short.
const USUAL: [&str; 7] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/libexec"];
/// Known runtimes and the oldest version of each that is trusted; distributions mend later holes under the old number.
/// runc before 1.1.5 let `/proc` and `/sys` be replaced (CVE-2023-27561, CVE-2023-28642), crun before 1.4.4 gave
/// inheritable capabilities (CVE-2022-27650), youki before 0.5.7 let masked paths be redirected (CVE-2025-62161,
/// CVE-2025-62596).
const MINIMUM: [(&str, &str); 3] = [("runc", "1.1.5"), ("crun", "1.4.4"), ("youki", "0.5.7")];
/// Where only cgroups of version 2 are, the fastest comes first.
const UNIFIED_ORDER: [&str; 3] = ["crun", "runc", "youki"];
/// crun refuses machines that have cgroups of both versions.
const HYBRID_ORDER: [&str; 3] = ["runc", "crun", "youki"];

impl Runtime {
    /// The runtime that is asked for, by name or absolute path; without one the first that is good enough. Its own
    /// files go to `state`.
    ///
    /// # Errors
    /// When there is none, or it is too old.
    pub fn find(asked: &str, path: Option<&OsStr>, state: PathBuf) -> Result<Runtime, RuntimeError> {
        if asked.is_empty() {
            return Runtime::first(path, &state);
        }
        let file = match asked.starts_with('/') {
            true => Some(PathBuf::from(asked)).filter(|file| is_program(file)),
            false => program(asked, path).filter(|_| !asked.contains('/')),
        };
        let unknown = || RuntimeError::Unknown(asked.to_owned());
        Runtime::at(file.ok_or_else(unknown)?, state)?.checked()
    }

    fn first(path: Option<&OsStr>, state: &Path) -> Result<Runtime, RuntimeError> {
        let mut refused = None;
        for file in order().iter().filter_map(|name| program(name, path)) {
            match Runtime::at(file, state.to_owned()).and_then(Runtime::checked) {
                Ok(runtime) => return Ok(runtime),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or(RuntimeError::None))
    }

    /// All known runtimes that are here, good enough or not, the one that is chosen first.
    pub fn all(path: Option<&OsStr>, state: &Path) -> Vec<Runtime> {
        let found = order().into_iter().filter_map(|name| program(name, path));
        found.filter_map(|file| Runtime::at(file, state.to_owned()).ok()).collect()
    }

    fn at(path: PathBuf, state: PathBuf) -> Result<Runtime, RuntimeError> {
        let text = match known::recall(&path, &state) {
            Some(text) => text,
            None => ask(&path, &state)?,
        };
        let (name, version) = read_version(&text);
        let named = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Runtime { name: name.unwrap_or(named), path, version, state })
    }

    /// This one, where it is not too old.
    ///
    /// # Errors
    /// When it is.
    pub fn checked(self) -> Result<Runtime, RuntimeError> {
        let minimum = MINIMUM.iter().find(|(name, _)| *name == self.name).map(|(_, minimum)| *minimum);
        match minimum {
            Some(minimum) if number(&self.version) < number(minimum) => {
                Err(RuntimeError::TooOld { name: self.name, version: self.version, path: self.path, minimum })
            }
            _ => Ok(self),
        }
    }
}

/// What a program says of itself.
fn ask(path: &Path, state: &Path) -> Result<String, RuntimeError> {
    let failed = |source| RuntimeError::Run { path: path.to_owned(), source };
    let output = Command::new(path).arg("--version").stdin(Stdio::null()).output().map_err(failed)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        known::keep(path, state, &text);
    }
    Ok(text)
}

/// The name of the runtime that is tried first when none is asked for, if there is one; it is not run.
pub fn usual_name(path: Option<&OsStr>) -> Option<&'static str> {
    order().into_iter().find(|name| program(name, path).is_some())
}

fn order() -> [&'static str; 3] {
    if has_unified_cgroups() { UNIFIED_ORDER } else { HYBRID_ORDER }
}

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
    let mut numbers: Vec<u32> = numbers.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    // So that 1.1 is not older than 1.1.0.
    numbers.resize(numbers.len().max(3), 0);
    numbers
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
        check("youki version 0.5.7\n", "youki", "0.5.7");
        assert_eq!(read_version(""), (None, String::new()));
        assert!(number("1.1.5+ds1") >= number("1.1.5"));
        assert!(number("1.1.12") > number("1.1.5"));
        assert!(number("1.2") > number("1.1.5"));
        assert!(number("1.1.4") < number("1.1.5"));
        assert!(number("1.1.5-rc.1") >= number("1.1.5"));
        assert!(number("1.2") >= number("1.2.0"));
        assert!(number("") < number("1.1.5"));
    }

    /// Programs that say what they are.
    fn programs(list: &[(&str, &str)]) -> tempfile::TempDir {
        let tmp = tempfile::tempdir().unwrap();
        for (name, says) in list {
            let path = tmp.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        tmp
    }

    fn found(asked: &str, tmp: &tempfile::TempDir) -> Result<String, String> {
        let found = Runtime::find(asked, Some(tmp.path().as_os_str()), PathBuf::from("/run/none"));
        found.map(|runtime| runtime.version).map_err(|error| error.to_string())
    }

    #[test]
    fn run_5_runtimes_with_known_holes_are_refused() {
        let old = programs(&[
            ("runc", "runc version 1.1.4"),
            ("crun", "crun version 1.4.3"),
            ("own", "own version 0.1"),
        ]);
        for (name, version, minimum) in [("runc", "1.1.4", "1.1.5"), ("crun", "1.4.3", "1.4.4")] {
            let path = old.path().join(name);
            let expect = format!(
                "{name} {version} at {} is older than {minimum}: holes through which programs got out of containers were \
                 mended since; upgrade the package {name}, or choose another runtime with --runtime",
                path.display()
            );
            assert_eq!(found(name, &old).unwrap_err(), expect);
            assert_eq!(found(path.to_str().unwrap(), &old).unwrap_err(), expect);
        }
        // The harmless twins.
        let new = programs(&[("runc", "runc version 1.1.5+ds1"), ("crun", "crun version 1.4.4")]);
        assert_eq!(found("runc", &new).unwrap(), "1.1.5+ds1");
        assert_eq!(found("crun", &new).unwrap(), "1.4.4");
        assert_eq!(found("own", &old).unwrap(), "0.1", "who names another one wants it");
        let mixed = programs(&[("runc", "runc version 1.1.4"), ("crun", "crun version 1.4.4")]);
        assert_eq!(found("", &mixed).unwrap(), "1.4.4", "the next one is good enough");
    }

    #[test]
    fn a_runtime_is_asked_again_when_its_file_has_changed() {
        let (tmp, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = tmp.path().join("runc");
        let write = |at: &Path, version: &str| {
            std::fs::write(
                at,
                format!("#!/bin/sh\necho asked >> {}.log\necho 'runc version {version}'\n", path.display()),
            )
            .unwrap();
            std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        let check = |version: &str, times: usize| {
            let found = Runtime::find("runc", Some(tmp.path().as_os_str()), state.path().to_owned());
            assert_eq!(
                found.map(|runtime| runtime.version).map_err(|error| error.to_string()),
                Ok(version.to_owned())
            );
            let asked = std::fs::read_to_string(tmp.path().join("runc.log")).unwrap();
            assert_eq!(asked.lines().count(), times, "{version}");
        };
        write(&path, "1.2.0");
        check("1.2.0", 1);
        check("1.2.0", 1);
        // As a package is upgraded, and by whoever writes to the file itself.
        write(&tmp.path().join("new"), "1.2.1");
        std::fs::rename(tmp.path().join("new"), &path).unwrap();
        check("1.2.1", 2);
        write(&path, "1.2.2");
        check("1.2.2", 3);
        check("1.2.2", 3);
        std::fs::remove_dir_all(state.path()).unwrap();
        check("1.2.2", 4);
    }

    #[test]
    fn runtimes_are_named_as_users_name_them() {
        let tmp = programs(&[("runc", "runc version 1.2.0"), ("crun", "crun version 1.20")]);
        let first = if has_unified_cgroups() { "1.20" } else { "1.2.0" };
        assert_eq!(found("", &tmp).unwrap(), first);
        assert_eq!(found("nosuch", &tmp).unwrap_err(), "unknown or invalid runtime name: nosuch");
        assert_eq!(found("/nosuch", &tmp).unwrap_err(), "unknown or invalid runtime name: /nosuch");
        assert_eq!(found("./runc", &tmp).unwrap_err(), "unknown or invalid runtime name: ./runc");
        let all = Runtime::all(Some(tmp.path().as_os_str()), Path::new("/run/none"));
        let all: Vec<&str> =
            all.iter().map(|runtime| runtime.name.as_str()).filter(|name| *name != "youki").collect();
        assert_eq!(all, if has_unified_cgroups() { ["crun", "runc"] } else { ["runc", "crun"] });
    }
}
