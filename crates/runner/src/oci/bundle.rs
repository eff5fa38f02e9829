//! What a configuration is made from.

use std::path::Path;

use crate::network::{Files, Namespace};
use crate::record::Container;

/// A container about to start: its record, and what stands on the machine for it.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'b> {
    /// As it was created. Sources of its mounts are absolute and there.
    pub container: &'b Container,
    /// Where its files are mounted.
    pub rootfs: &'b Path,
    /// Its network.
    pub network: &'b Namespace,
    /// The machine's name inside; empty with the machine's own names.
    pub hostname: &'b str,
    /// Variables that tell of other containers; the container's own come after them.
    pub variables: &'b [String],
    /// Generated files for `/etc`.
    pub files: Option<&'b Files>,
    /// Where its process numbers come from.
    pub pid: Space,
    /// Where its semaphores and queues come from.
    pub ipc: Space,
    /// A folder of memory for `/dev/shm` that others may share; its own and nobody else's without one.
    pub shm: Option<&'b Path>,
    /// Its cgroup, below the root of each hierarchy: `/strata/<id>`.
    pub cgroup: &'b str,
    /// A program of this machine that is its first process, for `--init`.
    pub init: Option<&'b Path>,
    /// NVIDIA's program that brings its devices, where it is installed.
    pub gpu_hook: Option<&'b Path>,
    /// Who is who in the user namespace that this process is in, where an ordinary user runs it.
    pub rootless: Option<&'b IdMaps>,
}

/// Where a kind of names comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// New ones.
    #[default]
    Own,
    /// The machine's.
    Host,
    /// Those of the process with this number.
    Of(i32),
}

/// Who of a container is who on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdMaps {
    /// Users.
    pub uids: Vec<IdMap>,
    /// Groups.
    pub gids: Vec<IdMap>,
}

/// A run of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdMap {
    /// The first in the container.
    pub inside: u32,
    /// The first on this machine.
    pub outside: u32,
    /// How many.
    pub count: u32,
}
