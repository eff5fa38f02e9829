//! The programs of this machine that containers need.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::RunDir;
use crate::runtime::{Runtime, program};
use crate::{network, oci};

/// First processes that reap what nobody waits for, by the names that distributions have for them.
const INITS: [&str; 4] = ["docker-init", "tini-static", "catatonit", "/usr/libexec/podman/catatonit"];

/// What was found, and what was not.
#[derive(Debug)]
pub struct Programs {
    /// The runtimes, the one that is chosen first.
    pub runtimes: Vec<Runtime>,
    /// Why containers cannot be started, if so: there is no runtime, or the first one is too old.
    pub no_runtime: Option<String>,
    /// What makes bridge networks, or why there are none.
    pub network: Result<PathBuf, String>,
    /// What `--init` starts first, or why it cannot.
    pub init: Result<PathBuf, String>,
}

impl Programs {
    /// Looks for them along a path and where distributions put them.
    pub fn find(path: Option<&OsStr>, run: &RunDir) -> Programs {
        Programs {
            runtimes: Runtime::all(path, &run.runtime()),
            no_runtime: Runtime::find("", path, run.runtime()).err().map(|error| error.to_string()),
            network: network::program(path).map_err(|error| error.to_string()),
            init: find_init(path).ok_or_else(|| crate::Error::NoInit.to_string()),
        }
    }
}

/// The first process that is asked for with `--init`.
pub(crate) fn find_init(path: Option<&OsStr>) -> Option<PathBuf> {
    INITS.iter().find_map(|name| match name.starts_with('/') {
        true => Some(PathBuf::from(name)).filter(|path| path.exists()),
        false => program(name, path),
    })
}

/// NVIDIA's program that brings its devices.
pub(crate) fn find_gpu_hook(path: Option<&OsStr>) -> Option<PathBuf> {
    program(oci::GPU_HOOK, path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let run = RunDir::of(Path::new("/nonexistent"), Path::new("/nonexistent"));
        let programs = Programs::find(None, &run);
        let check = |missing: Option<&String>, package: &str| {
            assert!(missing.is_none_or(|text| text.contains(package)), "{missing:?}");
        };
        check(programs.no_runtime.as_ref(), "runc");
        check(programs.network.as_ref().err(), "package netavark");
        check(programs.init.as_ref().err(), "`tini`");
        assert!(!programs.runtimes.is_empty() || programs.no_runtime.is_some());
    }
}
