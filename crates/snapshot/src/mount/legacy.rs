//! `mount(2)` for kernels before 6.5.
//!
//! All options have to fit on one page there. Directories are therefore named by the numbers of descriptors
//! we hold open, relative to `/proc/self/fd`: four bytes a directory instead of a hundred.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::MountFlags;
use rustix::thread::UnshareFlags;

use crate::mount::perform::{descriptor_path, open_path};
use crate::mount::{Mount, MountOption};

/// Performs one mount of a file system at an open directory.
pub(super) fn mount(mount: &Mount, target: &OwnedFd) -> rustix::io::Result<()> {
    let mut held = Vec::new();
    let options = CString::new(option_text(mount, &mut held)?).map_err(|_| Errno::INVAL)?;
    let target = descriptor_path(target);
    // The working directory belongs to the whole process, but for a thread that asked for one of its own.
    std::thread::scope(|scope| {
        let mounting = scope.spawn(|| in_descriptors(mount, &target, &options));
        mounting.join().unwrap_or(Err(Errno::IO))
    })
}

fn in_descriptors(mount: &Mount, target: &str, options: &CString) -> rustix::io::Result<()> {
    own_working_directory()?;
    rustix::process::chdir("/proc/self/fd")?;
    let flags = match mount.read_only {
        true => MountFlags::RDONLY | MountFlags::NODEV | MountFlags::NOSUID,
        false => MountFlags::empty(),
    };
    rustix::mount::mount(mount.source.as_path(), target, mount.kind, flags, options.as_c_str())
}

#[expect(unsafe_code, reason = "unshare is unsafe for flags that this call does not use")]
fn own_working_directory() -> rustix::io::Result<()> {
    // SAFETY: `FS` gives the calling thread, which was started for this mount alone, its own working
    // directory; no descriptor and no memory that others rely on changes hands.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::FS) }
}

/// `name=value,…`, with all `lowerdir+` joined to the one `lowerdir` that is known here.
fn option_text(mount: &Mount, held: &mut Vec<OwnedFd>) -> rustix::io::Result<String> {
    let mut lower = String::new();
    let mut rest = String::new();
    for option in &mount.options {
        match option {
            MountOption::Text(name, value) => rest.push_str(&format!(",{name}={value}")),
            MountOption::Path("lowerdir+", path) => {
                let separator = if lower.is_empty() { "lowerdir=" } else { ":" };
                lower.push_str(&format!("{separator}{}", hold(path, held)?));
            }
            MountOption::Path(name, path) => rest.push_str(&format!(",{name}={}", hold(path, held)?)),
        }
    }
    lower.push_str(&rest);
    Ok(lower.trim_start_matches(',').to_owned())
}

fn hold(path: &Path, held: &mut Vec<OwnedFd>) -> rustix::io::Result<i32> {
    let file = open_path(path)?;
    let number = file.as_raw_fd();
    held.push(file);
    Ok(number)
}
