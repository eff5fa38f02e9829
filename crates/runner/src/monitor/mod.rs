//! The process that stays with a container while it runs: it prepares the machine, has the runtime start the
//! program, keeps what it writes, answers whoever asks on its socket, and clears up when the program has ended.
//!
//! Nothing else holds state of a running container, so that whatever else is killed, the container goes on. When
//! the monitor itself is killed, the next command that changes the container clears up after it (`clear`).

mod cgroup;
mod clear;
mod ends;
mod exec;
mod health;
mod launch;
mod life;
mod memory;
mod restart;
mod serve;
mod shared;
mod spaces;
mod stage;
mod stop;
mod streams;

use std::ffi::OsString;
use std::os::fd::OwnedFd;

use disk::Dir;
use snapshot::Mount;

use crate::error::{Error, Result};
use crate::record::Container;
use crate::run_dir::RunDir;

pub use clear::{clear, clear_folder, kill_unwatched};
pub use launch::{Launch, refuse};

/// What a monitor is given.
#[derive(Debug)]
pub struct Job {
    /// The container.
    pub container: Container,
    /// Its folder.
    pub dir: Dir,
    /// The store's root, for networks and volumes.
    pub root: Dir,
    /// The store's run folder.
    pub run: RunDir,
    /// What makes the container's files.
    pub mounts: Vec<Mount>,
    /// What makes the files of each image that is mounted in it, in the order of its mounts; they go to `image-0` and
    /// so on in its run folder.
    pub images: Vec<Vec<Mount>>,
    /// Where programs are looked for.
    pub path: Option<OsString>,
}

/// Is the monitor of a container, from its start until nothing of it runs any more. `launch` is the conversation
/// with whoever wants it started; `remove` removes the container once it has ended, for `--rm`, or says why it cannot.
///
/// # Errors
/// When there is nobody to talk to or the container has a monitor already; what fails later is said to the asker.
pub fn monitor(
    job: &Job,
    launch: OwnedFd,
    remove: &dyn Fn() -> std::result::Result<(), String>,
) -> Result<()> {
    detach()
        .map_err(|source| Error::Process { doing: "leave the terminal's session", source: source.into() })?;
    life::live(job, launch, remove)
}

/// Makes this a process of its own: no terminal, no folder, and the parent of whatever the runtime leaves behind.
fn detach() -> rustix::io::Result<()> {
    // Who leads a session already is as far from the terminal as it can be.
    let _ = rustix::process::setsid();
    rustix::process::chdir("/")?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
}
