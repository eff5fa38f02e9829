//! Why a container cannot be described to a runtime, in Docker's words where it has some.

use std::path::PathBuf;

use super::user::ID_MAX;

/// Why a container cannot be described to a runtime.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The image has no user of this name.
    #[error("unable to find user {0}: no matching entries in passwd file")]
    NoSuchUser(String),
    /// The image has no group of this name.
    #[error("unable to find group {0}: no matching entries in group file")]
    NoSuchGroup(String),
    /// The image has no group of this name, which was asked for besides.
    #[error("Unable to find group {0}: no matching entries in group file")]
    NoSuchExtraGroup(String),
    /// A number that names nobody.
    #[error("uids and gids must be in range 0-{ID_MAX}")]
    IdRange,
    /// A limit of processes above the user's own.
    #[error("ulimit {name}={asked} is above what this user may have, {most}: only root raises it")]
    UlimitAboveOwn {
        /// `nofile`.
        name: String,
        /// What was asked for.
        asked: String,
        /// The user's own hard limit.
        most: u64,
    },
    /// An ordinary user's namespace does not have this number.
    #[error(
        "{what} {id} of the container is nobody in your user namespace: have a range of numbers in {file}, or choose \
         another with --user"
    )]
    Unmapped {
        /// `user` or `group`.
        what: &'static str,
        /// The number.
        id: u32,
        /// Where ranges are.
        file: &'static str,
    },
    /// The image's file of users or groups is not one.
    #[error("read {file} of the image: {reason}")]
    Accounts {
        /// `etc/passwd` or `etc/group`.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A variable that no program can be given.
    #[error("environment variable {shown}: {reason}")]
    Variable {
        /// Its name, shortened.
        shown: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something else stands where the program would start.
    #[error("Cannot mkdir: {0} is not a directory")]
    WorkdirNotDirectory(String),
    /// A program would start in a folder that depends on where one is.
    #[error("OCI runtime exec failed: exec failed: Cwd must be an absolute path")]
    RelativeWorkdir,
    /// Something else stands where a folder must be.
    #[error("mount point {0}: is not a directory")]
    NotDirectory(String),
    /// A folder stands where a file must be.
    #[error("mount point {0}: is a directory")]
    Directory(String),
    /// A place that cannot be mounted on.
    #[error("mount point {path}: {reason}")]
    Place {
        /// The path in the container.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A folder would be mounted on a file, or a file on a folder.
    #[error(
        "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: \
         unable to start container process: error during container init: error mounting {source_path:?} to rootfs at \
         {path:?}: not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the \
         specified host path exists and is the expected type"
    )]
    FileAndFolder {
        /// The path on this machine.
        source_path: String,
        /// The path in the container.
        path: String,
    },
    /// No such capability.
    #[error("invalid {option}: unknown capability: {name:?}")]
    NoSuchCapability {
        /// `CapAdd` or `CapDrop`.
        option: &'static str,
        /// Its name, in full.
        name: String,
    },
    /// This machine, or the user, does not have it to give.
    #[error(
        "invalid {option}: capability not supported by your kernel or not available in the current environment: {name:?}"
    )]
    CapabilityUnavailable {
        /// `CapAdd` or `CapDrop`.
        option: &'static str,
        /// Its name, in full.
        name: String,
    },
    /// `--security-opt` without a value.
    #[error("invalid --security-opt 1: {0:?}")]
    SecurityOption(String),
    /// `--security-opt` with a name or value that does not exist.
    #[error("invalid --security-opt 2: {0:?}")]
    SecurityOptionValue(String),
    /// A profile that is not one.
    #[error("Decoding seccomp profile failed: {0}")]
    Seccomp(String),
    /// A tmpfs does not have it.
    #[error("invalid tmpfs option [{0:?}]")]
    TmpfsOption(String),
    /// Mounts below the source would not show.
    #[error("path {path} is mounted on {mount} but it is not a {wanted} mount")]
    Propagation {
        /// The source.
        path: String,
        /// Where its file system is mounted.
        mount: String,
        /// `shared`, or `shared or slave`.
        wanted: &'static str,
    },
    /// A device that is not there or is none.
    #[error("error gathering device information while adding custom device {path:?}: {reason}")]
    Device {
        /// Its path on this machine.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A disk that is to be limited is not there.
    #[error("stat {path}: {reason}")]
    BlockDevice {
        /// Its path on this machine.
        path: String,
        /// Why it cannot be looked at.
        reason: String,
    },
    /// No driver brings these devices.
    #[error("could not select device driver {driver:?} with capabilities: {capabilities}")]
    DeviceDriver {
        /// The driver that was asked for, if one was.
        driver: String,
        /// What they must be able to do.
        capabilities: String,
    },
    /// Devices that are both counted and named.
    #[error("cannot set both Count and DeviceIDs on device request")]
    DeviceCount,
    /// A device rule that is not one.
    #[error("invalid device cgroup rule format: '{0}'")]
    DeviceRule(String),
    /// A kernel parameter that is the whole machine's.
    #[error("sysctl '{0}' is not allowed")]
    Sysctl(String),
    /// A share that is none.
    #[error("invalid CPU shares ({0}): value must be a positive integer")]
    CpuShares(i64),
    /// A limit of processes that does not exist.
    #[error("invalid ulimit type: {0}")]
    Ulimit(String),
    /// A path that a document cannot hold.
    #[error("{0} is not UTF-8")]
    Path(PathBuf),
}
