//! What stands on the machine while a program runs: its files, its network, its bundle; and its start.

use std::sync::Arc;
use std::thread::JoinHandle;

use disk::Dir;
use jiff::Timestamp;
use snapshot::mount_all;

use super::Job;
use super::ends::Ends;
use super::health::Checks;
use super::shared::Shared;
use super::spaces;
use crate::error::{Error, Result};
use crate::network::{Network, Networks};
use crate::oci::{self, Bundle};
use crate::process;
use crate::programs::find_gpu_hook;
use crate::record::{Container, Health, MountKind, Status};
use crate::volumes::Volumes;

/// A program that runs.
pub(super) struct Running {
    pub(super) pid: i32,
    pub(super) cgroup: String,
    pub(super) copiers: Vec<JoinHandle<()>>,
    pub(super) health: Option<Checks>,
    /// Holds the published ports.
    #[expect(dead_code, reason = "it is held, not looked at")]
    network: Network,
}

const ROOTFS: &str = "rootfs";
const CONFIG: &str = "config.json";
const PID: &str = "pid";
/// A number and perhaps a line break.
const PID_BYTES_MAX: u64 = 32;

/// Sets everything up and starts the program. `begun` is called when it is known to run, before its first word is
/// passed on. What stands when it fails is for [`super::clear`].
pub(super) fn begin(
    job: &Job,
    shared: &Arc<Shared>,
    size: Option<(u16, u16)>,
    begun: &mut dyn FnMut(),
) -> Result<Running> {
    let container = &job.container;
    let folder = disk::create_private(&job.run.container(&container.id))?;
    folder.remove_file(PID)?;
    let rootfs = folder.ensure_dir(ROOTFS)?;
    mount_files(job, &folder, &rootfs)?;
    let (network, network_state) =
        Networks::open(&job.root)?.set_up(&job.run, container, job.path.as_deref())?;
    let files = network.write_files(&job.dir, container)?;
    let told = network.variables();
    let cgroup = cgroup_of(container);
    let config = oci::config(&Bundle {
        container,
        rootfs: rootfs.path(),
        network: network.namespace(),
        hostname: network.hostname(),
        variables: &told,
        files: Some(&files),
        pid: spaces::of_pids(job)?,
        ipc: spaces::of_ipc(job)?,
        shm: spaces::shared_memory(job, &folder)?.as_deref(),
        cgroup: &cgroup,
        init: spaces::init(container, job.path.as_deref())?.as_deref(),
        gpu_hook: find_gpu_hook(job.path.as_deref()).as_deref(),
        rootless: crate::user_namespace::maps().as_ref(),
    })?;
    folder.replace_for_now(CONFIG, config.to_string().as_bytes(), 0o600)?;
    let (ends, theirs) = Ends::make(&folder, "console", container.config.tty, container.config.open_stdin)?;
    let (console, pid_file) = (ends.console_socket(), folder.join(PID));
    shared.runtime.run_detached(
        container.id.as_str(),
        folder.path(),
        &pid_file,
        console.as_deref(),
        theirs,
    )?;
    let pid = read_pid(&folder, PID)?;
    let connected = ends.connected()?;
    shared.streams.connect(connected.stdin, connected.terminal);
    if let Some((rows, columns)) = size {
        shared.streams.resize(rows, columns);
    }
    shared.change(|now| now.told = told);
    shared.write(|state| {
        state.status = Status::Running;
        state.pid = pid;
        state.pid_began = process::began(pid).unwrap_or(0);
        state.monitor = rustix::process::getpid().as_raw_nonzero().get();
        state.boot = disk::boot_id();
        state.started_at = Some(Timestamp::now());
        state.exit_code = 0;
        state.oom_killed = false;
        state.error.clear();
        state.runtime = shared.runtime.path.display().to_string();
        state.cgroup = if crate::user_namespace::is_inside() { String::new() } else { cgroup.clone() };
        state.network = network_state;
        state.health = container
            .config
            .healthcheck
            .as_ref()
            .map(|_| Health { status: "starting".to_owned(), ..Health::default() });
    })?;
    begun();
    let copier = |(from, stream)| {
        let shared = Arc::clone(shared);
        std::thread::spawn(move || shared.streams.copy(from, stream))
    };
    let copiers = connected.outputs.into_iter().map(copier).collect();
    let health = Checks::begin(shared);
    Ok(Running { pid, cgroup, copiers, health, network })
}

/// Mounts the container's own files, those of images, and volumes that are somewhere else.
fn mount_files(job: &Job, folder: &Dir, rootfs: &Dir) -> Result<()> {
    mount_all(&job.mounts, rootfs.path())?;
    for (number, mounts) in job.images.iter().enumerate() {
        mount_all(mounts, folder.ensure_dir(format!("image-{number}"))?.path())?;
    }
    let volumes = Volumes::open(&job.root)?;
    for mount in job.container.mounts.iter().filter(|mount| mount.kind == MountKind::Volume) {
        volumes.mount_source(&mount.name)?;
    }
    Ok(())
}

/// Its place among the cgroups: below one of ours, or below the one that was asked for.
fn cgroup_of(container: &Container) -> String {
    match container.host_config.cgroup_parent.trim_matches('/') {
        "" => format!("/strata/{}", container.id),
        parent => format!("/{parent}/{}", container.id),
    }
}

/// Reads the number that the runtime wrote.
pub(super) fn read_pid(folder: &Dir, name: &str) -> Result<i32> {
    let bytes = folder.read(name, PID_BYTES_MAX)?.unwrap_or_default();
    let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
    number.filter(|&pid| pid > 0).ok_or_else(|| Error::Record {
        path: folder.join(name),
        reason: "the runtime left no process id".to_owned(),
    })
}
