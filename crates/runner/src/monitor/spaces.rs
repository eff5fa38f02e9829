//! What a program shares with other containers or the machine, and the program that looks after it.

#![expect(clippy::disallowed_methods, reason = "memory that containers share is mounted here")]

use std::ffi::OsStr;
use std::path::PathBuf;

use disk::Dir;
use rustix::mount::{MountFlags, mount};

use super::Job;
use crate::error::{Error, Result};
use crate::oci::Space;
use crate::programs::find_init;
use crate::record::{Container, ContainerId, Containers};

/// The folder of memory that others may share.
const SHM: &str = "shm";
/// Bytes of it when nobody says otherwise.
const SHM_BYTES: i64 = 64 << 20;

/// Where process numbers come from.
pub(super) fn of_pids(job: &Job) -> Result<Space> {
    space(job, "PID", &job.container.host_config.pid_mode)
}

/// Where semaphores and queues come from.
pub(super) fn of_ipc(job: &Job) -> Result<Space> {
    space(job, "IPC", &job.container.host_config.ipc_mode)
}

fn space(job: &Job, what: &'static str, mode: &str) -> Result<Space> {
    match mode {
        "host" => Ok(Space::Host),
        mode => match mode.strip_prefix("container:") {
            Some(other) => Ok(Space::Of(running(job, what, other)?)),
            None => Ok(Space::Own),
        },
    }
}

/// The process of another container that runs.
fn running(job: &Job, what: &'static str, id: &str) -> Result<i32> {
    let found = Containers::open(&job.root)?.find(id)?;
    if !found.state.status.is_running() {
        return Err(Error::NotShared { what, id: found.container.id.to_string() });
    }
    Ok(found.state.pid)
}

/// The folder of memory that is shared: its own where others may have it, or another's.
pub(super) fn shared_memory(job: &Job, folder: &Dir) -> Result<Option<PathBuf>> {
    let container = &job.container;
    match container.host_config.ipc_mode.as_str() {
        "shareable" => own_memory(container, folder).map(Some),
        "host" => Ok(Some(PathBuf::from("/dev/shm"))),
        mode => {
            let other = mode.strip_prefix("container:").and_then(ContainerId::parse);
            Ok(other.map(|other| job.run.container(&other).join(SHM)).filter(|path| path.exists()))
        }
    }
}

fn own_memory(container: &Container, folder: &Dir) -> Result<PathBuf> {
    let path = folder.ensure_dir(SHM)?.path().to_owned();
    let size = match container.host_config.shm_size {
        0 => SHM_BYTES,
        size => size,
    };
    let options = format!("mode=1777,size={size}");
    let options = std::ffi::CString::new(options).unwrap_or_default();
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("shm", &path, "tmpfs", flags, Some(options.as_c_str()))
        .map_err(|errno| disk::Error::new("mount", &path, errno))?;
    Ok(path)
}

/// The first process, where one is wanted that is not the container's own.
pub(super) fn init(container: &Container, path: Option<&OsStr>) -> Result<Option<PathBuf>> {
    if container.host_config.init != Some(true) {
        return Ok(None);
    }
    find_init(path).map(Some).ok_or(Error::NoInit)
}
