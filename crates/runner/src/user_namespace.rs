//! A user namespace in which an ordinary user is root: what mounts files and makes containers without privileges.
//!
//! The command is run again in it. Where a container of the same store runs already, its namespace is joined, so that
//! its mounts are seen; else a new one is made, with the ranges that `/etc/subuid` and `/etc/subgid` give the user,
//! or with the user alone.

#![expect(clippy::disallowed_methods, reason = "starts this program again, and programs that map users")]
#![expect(unsafe_code, reason = "a namespace is entered between fork and exec")]

mod ids;
mod settings;

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{getgid, getpid, getuid};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::oci::{IdMap, IdMaps};

pub use settings::why_none;

use ids::Maps;

/// The variable that tells the command whose namespace it is in: the user's number outside.
pub const VARIABLE: &str = "STRATA_USER_NAMESPACE";
/// A map has at most 340 lines of 36 bytes.
const MAP_BYTES_MAX: u64 = 16 << 10;

/// The command to run again.
#[derive(Debug)]
pub struct Again<'a> {
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// Monitors of containers of the store, one of whose namespaces is joined.
    pub monitors: &'a [i32],
    /// Where programs are looked for.
    pub path: Option<&'a OsStr>,
}

/// Whether this process is root of a user namespace that is not the machine's.
pub fn is_inside() -> bool {
    maps().is_some()
}

/// Whether who runs this is root nowhere, and so has to be in a namespace first.
pub fn is_needed() -> bool {
    !rustix::process::geteuid().is_root()
}

/// Who is who in the namespace of this process; nothing in the machine's own.
pub fn maps() -> Option<IdMaps> {
    let read = |name: &str| {
        let bytes = disk::read_named(&Path::new("/proc/self").join(name), MAP_BYTES_MAX).ok()?;
        Some(parse_map(&String::from_utf8_lossy(&bytes)))
    };
    let maps = IdMaps { uids: read("uid_map")?, gids: read("gid_map")? };
    let is_machines = matches!(maps.uids[..], [IdMap { inside: 0, outside: 0, count: u32::MAX }]);
    (!is_machines).then_some(maps)
}

fn parse_map(text: &str) -> Vec<IdMap> {
    let numbers = |line: &str| line.split_whitespace().map(|n| n.parse().ok()).collect::<Option<Vec<u32>>>();
    let maps = text.lines().filter_map(|line| match numbers(line)?[..] {
        [inside, outside, count] => Some(IdMap { inside, outside, count }),
        _ => None,
    });
    maps.collect()
}

/// Why a user has no numbers besides their own, whose name outside the namespace is this; nothing where they have some.
pub fn why_alone(uid: u32, path: Option<&OsStr>) -> Option<String> {
    match Maps::of_user(uid, uid, path) {
        Maps::Alone { why, .. } => Some(why),
        Maps::Ranges { .. } => None,
    }
}

/// Whether the namespace of this process has nobody but its root.
pub fn is_alone() -> bool {
    let is_one = |maps: &[IdMap]| maps.iter().map(|map| u64::from(map.count)).sum::<u64>() == 1;
    maps().is_some_and(|maps| is_one(&maps.uids) || is_one(&maps.gids))
}

impl Again<'_> {
    /// Starts the command in the namespace, with this process's streams.
    ///
    /// # Errors
    /// Why the kernel does not allow it.
    pub fn start(&self) -> io::Result<Child> {
        let mut command = Command::new("/proc/self/exe");
        command.arg0("strata").args(self.arguments).env(VARIABLE, getuid().as_raw().to_string());
        let joined = self.monitors.iter().find_map(|&pid| Spaces::of(pid).ok());
        match joined {
            Some(spaces) => join(command, spaces),
            None => self.make(command),
        }
    }

    /// Makes a new namespace. Its maps are written from here, by a thread of its own, since starting the command waits
    /// until it runs.
    fn make(&self, mut command: Command) -> io::Result<Child> {
        let (born, tell_born) = pipe_with(PipeFlags::CLOEXEC)?;
        let (mapped, tell_mapped) = pipe_with(PipeFlags::CLOEXEC)?;
        let of_parent = [born.as_raw_fd(), tell_mapped.as_raw_fd()];
        let maps = Maps::of_user(getuid().as_raw(), getgid().as_raw(), self.path);
        let mapper = std::thread::spawn(move || map(born, tell_mapped, &maps));
        let (mut tell_born, mut mapped) = (File::from(tell_born), File::from(mapped));
        let enter = move || {
            // With these open it would wait for itself when the parent fails.
            for fd in of_parent {
                // SAFETY: the child's copies, which nothing in it owns.
                unsafe { rustix::io::close(fd) };
            }
            // SAFETY: this process was just made and has one thread.
            unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER)? };
            tell_born.write_all(&getpid().as_raw_nonzero().get().to_ne_bytes())?;
            let mut answer = [0];
            mapped.read_exact(&mut answer)?;
            // SAFETY: as above.
            unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS)? };
            let keep_to_itself =
                rustix::mount::MountPropagationFlags::PRIVATE | rustix::mount::MountPropagationFlags::REC;
            Ok(rustix::mount::mount_change("/", keep_to_itself)?)
        };
        // SAFETY: only system calls, nothing that another thread of the parent could hold.
        unsafe { command.pre_exec(enter) };
        let child = command.spawn();
        // Its ends of the pipes are closed with it, so that the mapper does not wait for a command that never was.
        drop(command);
        let mapping = mapper.join().unwrap_or_else(|_| Err(io::Error::other("the mapper failed")));
        match (child, mapping) {
            (Ok(child), Ok(())) => Ok(child),
            // Why it could not be mapped says more than that the command did not start.
            (Err(_), Err(error)) => Err(error),
            (Err(error), _) => Err(error),
            (Ok(_), Err(error)) => Err(error),
        }
    }
}

/// Namespaces of a process, held open.
struct Spaces {
    user: OwnedFd,
    mount: OwnedFd,
}

impl Spaces {
    fn of(pid: i32) -> io::Result<Spaces> {
        let open = |name: &str| File::open(format!("/proc/{pid}/ns/{name}")).map(OwnedFd::from);
        Ok(Spaces { user: open("user")?, mount: open("mnt")? })
    }
}

fn join(mut command: Command, spaces: Spaces) -> io::Result<Child> {
    let here = CString::new(std::env::current_dir()?.into_os_string().into_encoded_bytes())?;
    let enter = move || {
        move_into_link_name_space(spaces.user.as_fd(), Some(LinkNameSpaceType::User))?;
        move_into_link_name_space(spaces.mount.as_fd(), Some(LinkNameSpaceType::Mount))?;
        // Who enters a mount namespace is at its root.
        Ok(rustix::process::chdir(here.as_c_str())?)
    };
    // SAFETY: only system calls, nothing that another thread of the parent could hold.
    unsafe { command.pre_exec(enter) };
    command.spawn()
}

/// Writes the maps of the process that says it is there.
fn map(born: OwnedFd, tell_mapped: OwnedFd, maps: &Maps) -> io::Result<()> {
    let mut pid = [0; 4];
    File::from(born).read_exact(&mut pid).map_err(|_| {
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the kernel does not let this user make a user namespace",
        )
    })?;
    maps.write(i32::from_ne_bytes(pid))?;
    File::from(tell_mapped).write_all(b"+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_as_the_kernel_shows_them() {
        let map = |inside, outside, count| IdMap { inside, outside, count };
        assert_eq!(
            parse_map("         0       1000          1\n 1 100000 65536\n"),
            [map(0, 1000, 1), map(1, 100_000, 65536)]
        );
        assert_eq!(parse_map("nothing\n"), []);
    }
}
