//! What the kernel counts for a container, in whatever version of cgroups the machine has.

use std::path::Path;

/// Whether this machine has only cgroups of version 2.
pub(crate) fn is_unified() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}
