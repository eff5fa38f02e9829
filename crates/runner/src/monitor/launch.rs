//! Making a monitor: the command's side.

#![expect(clippy::disallowed_methods, reason = "starts this program as a monitor")]

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use disk::Dir;

use crate::control::{Answer, Ask, Attach, Connection, FailureKind, Listener};
use crate::error::{Error, Result};

/// Where a monitor that panics says so.
const WORDS: &str = "monitor.log";
/// What the C library is told about a process that lives long and does little: it keeps nothing that was freed, for
/// any of its threads, and large buffers by themselves.
const ALLOCATOR: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=65536",
);

/// A monitor to be made.
#[derive(Debug)]
pub struct Launch<'l> {
    /// The program and its arguments.
    pub command: &'l [OsString],
    /// The container's folder.
    pub dir: &'l Dir,
    /// Whether to be attached from before the program's first word.
    pub attach: Option<Attach>,
}

impl Launch<'_> {
    /// Starts the monitor and asks it to start the program.
    ///
    /// # Errors
    /// When no process can be made.
    pub fn launch(&self) -> Result<Connection> {
        let [program, arguments @ ..] = self.command else {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "there is no command for it")));
        };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        // Another start may be under way, and its monitor have words of its own in there.
        let words = self.dir.append(WORDS, 0o600)?.fd().try_clone_to_owned().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
        command.stderr(Stdio::from(words)).env(ALLOCATOR.0, ALLOCATOR.1);
        // It is never waited for: it outlives the command, or ends with it.
        command.spawn().map_err(failed)?;
        Connection::over(ours, &Ask::Launch { attach: self.attach }).map_err(failed)
    }
}

fn failed(source: io::Error) -> Error {
    Error::Process { doing: "start the container's monitor", source }
}

/// Tells whoever launched a monitor why it cannot be one.
pub fn refuse(launch: OwnedFd, message: &str) {
    let answer = Answer::Failed { kind: FailureKind::Other, message: message.to_owned() };
    // Who does not listen does not want to know.
    let _ = Listener::from_fd(launch).answer(&answer);
}
