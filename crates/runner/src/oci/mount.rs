//! What is mounted in a container, in Docker's order: the kernel's file systems, then everything else with the
//! shallow before the deep.

use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};
use serde_json::{Value, json};

use super::OciError;
use super::place::{Places, text};
use super::propagation::Propagation;
use super::security::SecurityOptions;
use super::tmpfs;
use super::{Bundle, Space, kernel};
use crate::error::{Error, Result};
use crate::record::{MountKind, MountPoint};

/// 64 MiB, Docker's size of `/dev/shm`.
const SHM_BYTES: i64 = 64 << 20;
/// Where Docker puts the init process.
pub(super) const INIT: &str = "/sbin/docker-init";
/// Since then a mount can be made read-only with all that is mounted below.
const KERNEL_WITH_RECURSIVE: kernel::Version = (5, 12);

/// A mount of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    destination: String,
    kind: &'static str,
    source: String,
    options: Vec<String>,
}

/// All mounts of a container, and how mounts of this machine show in it.
pub(super) struct Mounts {
    pub(super) list: Vec<Value>,
    pub(super) propagation: Option<&'static str>,
}

/// Decides them, and makes the places that they are mounted on.
pub(super) fn of(bundle: &Bundle<'_>, security: &SecurityOptions, places: &Places) -> Result<Mounts> {
    let mut propagation = Propagation::default();
    let mut wanted = asked(bundle, &mut propagation)?;
    wanted.sort_by_key(|mount| mount.destination.split('/').filter(|name| !name.is_empty()).count());
    let mut mounts = usual(bundle, security, &wanted);
    mounts.extend(wanted);
    if let Some(init) = bundle.init.filter(|_| bundle.pid == Space::Own) {
        mounts.push(bind(INIT, text(init)?, &["bind", "ro"]));
    }
    make_places(places, &mut mounts)?;
    let list = mounts.iter().map(Mount::value).collect();
    Ok(Mounts { list, propagation: propagation.of_root() })
}

/// What the kernel fills, unless something else is wanted there.
fn usual(bundle: &Bundle<'_>, security: &SecurityOptions, wanted: &[Mount]) -> Vec<Mount> {
    let host = &bundle.container.host_config;
    let is_wanted = |path: &str| wanted.iter().any(|mount| mount.destination == path);
    let shm_size = format!("size={}", if host.shm_size > 0 { host.shm_size } else { SHM_BYTES });
    let sys_ro: &[&str] = if host.privileged { &[] } else { &["ro"] };
    let cgroup_ro: &[&str] = if security.writable_cgroups.unwrap_or(host.privileged) { &[] } else { &["ro"] };
    let hidden = ["nosuid", "noexec", "nodev"];
    let mut mounts = vec![
        mount("/proc", "proc", "proc", &[&hidden]),
        mount("/dev", "tmpfs", "tmpfs", &[&["nosuid", "strictatime", "mode=755", "size=65536k"]]),
        mount(
            "/dev/pts",
            "devpts",
            "devpts",
            &[
                &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
                if has_terminal_group(bundle) { &["gid=5"] } else { &[] },
            ],
        ),
        mount("/sys", "sysfs", "sysfs", &[&hidden, sys_ro]),
        mount("/sys/fs/cgroup", "cgroup", "cgroup", &[cgroup_ro, &hidden]),
        mount("/dev/mqueue", "mqueue", "mqueue", &[&hidden]),
        mount("/dev/shm", "tmpfs", "shm", &[&hidden, &["mode=1777", &shm_size]]),
    ];
    if bundle.rootless.is_some() {
        rootless(bundle, &mut mounts, sys_ro);
    }
    mounts.retain(|mount| {
        let is_below_wanted = mount.destination.starts_with("/dev/") && is_wanted("/dev");
        let is_unwanted = mount.destination == "/dev/shm" && host.ipc_mode == "none";
        !(is_below_wanted || is_unwanted || is_wanted(&mount.destination))
    });
    mounts
}

/// An ordinary user mounts no `sysfs` of the machine's network and no `proc` of its processes, and has no cgroups of
/// version 1.
fn rootless(bundle: &Bundle<'_>, mounts: &mut Vec<Mount>, read_only: &[&str]) {
    let is_host = matches!(bundle.network, crate::network::Namespace::Host);
    let has_cgroups = crate::runtime::has_unified_cgroups();
    mounts.retain(|mount| mount.kind != "cgroup" || has_cgroups);
    if let Some(sys) = mounts.iter_mut().find(|mount| mount.kind == "sysfs" && is_host) {
        let options = [&["rbind", "nosuid", "noexec", "nodev"], read_only].concat();
        *sys = bind("/sys", "/sys", &options);
    }
    if let Some(proc) = mounts.iter_mut().find(|mount| mount.kind == "proc" && bundle.pid == Space::Host) {
        *proc = bind("/proc", "/proc", &["rbind", "nosuid", "noexec", "nodev"]);
    }
}

/// The group of terminals, which a container of an ordinary user may not have.
fn has_terminal_group(bundle: &Bundle<'_>) -> bool {
    const TTY: u32 = 5;
    let has = |map: &super::IdMap| (map.inside..map.inside.saturating_add(map.count)).contains(&TTY);
    bundle.rootless.is_none_or(|maps| maps.gids.iter().any(has))
}

/// What is asked for, and the files and memory that every container has: binds, volumes and images, generated files,
/// shared memory, tmpfs.
fn asked(bundle: &Bundle<'_>, propagation: &mut Propagation) -> Result<Vec<Mount>> {
    let container = bundle.container;
    let mut mounts = Vec::new();
    for point in container.mounts.iter().filter(|point| point.kind != MountKind::Tmpfs) {
        mounts.push(of_point(bundle, point, propagation)?);
    }
    let is_taken = |path: &str| {
        container.host_config.tmpfs.contains_key(path)
            || container.mounts.iter().any(|point| point.destination == path)
    };
    let writable: &[&str] = if container.host_config.readonly_rootfs { &["ro"] } else { &[] };
    if let Some(files) = bundle.files {
        for (path, file) in [
            ("/etc/resolv.conf", &files.resolv_conf),
            ("/etc/hostname", &files.hostname),
            ("/etc/hosts", &files.hosts),
        ] {
            if !is_taken(path) {
                mounts.push(bind(path, text(file)?, &[&["rbind"], writable, &["rprivate"]].concat()));
            }
        }
    }
    let shm = match bundle.ipc {
        Space::Host => Some(Path::new("/dev/shm")),
        _ => bundle.shm,
    };
    if let Some(shm) = shm.filter(|_| !is_taken("/dev/shm")) {
        mounts.push(bind("/dev/shm", text(shm)?, &["rbind", "rprivate"]));
    }
    for (path, options) in &container.host_config.tmpfs {
        mounts.push(memory(path, options)?);
    }
    for point in container.mounts.iter().filter(|point| point.kind == MountKind::Tmpfs) {
        let read_only = if point.rw { "" } else { "ro," };
        mounts.push(memory(&point.destination, &format!("{read_only}{}", point.mode))?);
    }
    Ok(mounts)
}

fn memory(path: &str, options: &str) -> Result<Mount> {
    let options = tmpfs::options(options)?;
    Ok(Mount { destination: path.to_owned(), kind: "tmpfs", source: "tmpfs".to_owned(), options })
}

fn of_point(bundle: &Bundle<'_>, point: &MountPoint, propagation: &mut Propagation) -> Result<Mount> {
    let shows = shows(bundle, point, propagation)?;
    let mut options = vec![if point.non_recursive { "bind" } else { "rbind" }];
    if !point.rw || point.kind == MountKind::Image {
        options.push(if has_recursive_read_only() { "rro" } else { "ro" });
    }
    if !shows.is_empty() {
        options.push(shows);
    }
    if bundle.rootless.is_some() {
        options.extend(locked(Path::new(&point.source)));
    }
    Ok(bind(&point.destination, &point.source, &options))
}

/// Whether later mounts show through it. Where it holds the files of containers, what is unmounted here goes there as
/// well, unless the user says otherwise: one container would keep the files of all others.
fn shows<'p>(bundle: &Bundle<'_>, point: &'p MountPoint, propagation: &mut Propagation) -> Result<&'p str> {
    if should_follow(bundle.rootfs, point) && propagation.see(&point.source, "rslave").is_ok() {
        return Ok("rslave");
    }
    propagation.see(&point.source, &point.propagation)?;
    Ok(&point.propagation)
}

fn should_follow(rootfs: &Path, point: &MountPoint) -> bool {
    let is_usual = point.propagation == "rprivate" && !point.mode.contains("private");
    is_usual && rootfs.starts_with(&point.source)
}

fn has_recursive_read_only() -> bool {
    kernel::own() >= KERNEL_WITH_RECURSIVE
}

/// What a mount has on this machine, and an ordinary user cannot take away.
fn locked(source: &Path) -> Vec<&'static str> {
    let flags = statvfs(source).map_or(StatVfsMountFlags::empty(), |stat| stat.f_flag);
    let known = [
        (StatVfsMountFlags::NODEV, "nodev"),
        (StatVfsMountFlags::NOSUID, "nosuid"),
        (StatVfsMountFlags::NOEXEC, "noexec"),
        (StatVfsMountFlags::RDONLY, "ro"),
        (StatVfsMountFlags::NOATIME, "noatime"),
        (StatVfsMountFlags::RELATIME, "relatime"),
    ];
    known.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| *name).collect()
}

/// Makes what is mounted on, where the container's own files have no such place. What lies in another mount can only
/// be made there, which the runtime does from inside.
fn make_places(places: &Places, mounts: &mut [Mount]) -> Result<()> {
    let destinations: Vec<String> = mounts.iter().map(|mount| mount.destination.clone()).collect();
    for mount in mounts {
        let path = mount.destination.as_str();
        if matches!(path, "/proc" | "/sys" | "/dev") {
            places.make_kernel_dir(&path[1..])?;
            continue;
        }
        let is_below = |other: &String| path != other && Path::new(path).starts_with(other);
        if destinations.iter().any(is_below) {
            continue;
        }
        let made = match mount.kind {
            "bind" if !Path::new(&mount.source).is_dir() => places.make_file(path),
            // Runtimes give memory the mode of the folder that it is mounted on, and their own where there is none.
            "tmpfs" => places.make_above(path),
            _ => places.make_dir(path),
        };
        let way = made.map_err(|error| file_and_folder(error, &mount.source, path))?;
        let kernels = [["proc"], ["sys"], ["dev"]];
        if kernels.iter().any(|names| way.begins_with(names)) {
            let reason = "leads into the kernel's files".to_owned();
            return Err(OciError::Place { path: path.to_owned(), reason }.into());
        }
        // Without the image's links there is nothing left for the runtime to follow.
        mount.destination = way.path()?;
    }
    Ok(())
}

/// Docker's words where a file meets a folder.
fn file_and_folder(error: Error, source: &str, path: &str) -> Error {
    let (source_path, path) = (source.to_owned(), path.to_owned());
    match error {
        Error::Oci(OciError::NotDirectory(_) | OciError::Directory(_)) => {
            OciError::FileAndFolder { source_path, path }.into()
        }
        error => error,
    }
}

fn mount(destination: &str, kind: &'static str, source: &str, options: &[&[&str]]) -> Mount {
    let options = options.concat().into_iter().map(str::to_owned).collect();
    Mount { destination: destination.to_owned(), kind, source: source.to_owned(), options }
}

fn bind(destination: &str, source: &str, options: &[&str]) -> Mount {
    mount(destination, "bind", source, &[options])
}

impl Mount {
    fn value(&self) -> Value {
        json!({"destination": self.destination, "type": self.kind, "source": self.source, "options": self.options})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_that_hold_containers_follow_the_machine() {
        let check = |source: &str, mode: &str, propagation: &str, expect: bool| {
            let point = MountPoint {
                kind: MountKind::Bind,
                source: source.to_owned(),
                mode: mode.to_owned(),
                propagation: propagation.to_owned(),
                ..MountPoint::default()
            };
            let rootfs = Path::new("/run/strata/1/2/rootfs");
            assert_eq!(should_follow(rootfs, &point), expect, "{source} {mode} {propagation}");
        };
        check("/", "", "rprivate", true);
        check("/run", "ro", "rprivate", true);
        check("/run/strata", "", "rprivate", true);
        check("/ru", "", "rprivate", false);
        check("/srv", "", "rprivate", false);
        check("/", "ro,rprivate", "rprivate", false);
        check("/", "rshared", "rshared", false);
        check("/", "", "", false);
    }
}
