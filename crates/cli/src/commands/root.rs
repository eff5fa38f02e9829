//! The program itself: its global flags and its first level of commands.
use super::{
    complete, completion, container, demo, digest, fsck, help, history, image, images, import, info, inspect,
    load, login, logout, manifest, monitor, network, outdated, ps, pull, push, registry, rm, save, search,
    system, tag, tags, version, volume,
};
use std::ffi::OsString;
use std::path::PathBuf;

use crate::Environment;
use crate::flags::{Action, Command, Flag};

/// The table of all commands.
pub fn root() -> &'static Command {
    &ROOT
}

static ROOT: Command = Command {
    name: "strata",
    arguments: "[OPTIONS] COMMAND [ARG...]",
    short: "Container images without a daemon",
    flags: FLAGS,
    action: Action::Group(&[
        &ps::PS,
        &pull::PULL,
        &push::PUSH,
        &images::IMAGES,
        &login::LOGIN,
        &logout::LOGOUT,
        &search::SEARCH,
        &version::VERSION,
        &info::INFO,
        &container::PORT,
        &container::STATS,
        &container::TOP,
        &container::CONTAINER,
        &image::IMAGE,
        &manifest::MANIFEST,
        &network::NETWORK,
        &registry::REGISTRY,
        &system::SYSTEM,
        &volume::VOLUME,
        &completion::COMPLETION,
        &container::ATTACH,
        &container::CP,
        &container::COMMIT,
        &container::DIFF,
        &container::CREATE,
        &container::EXEC,
        &container::EXPORT,
        &container::RUN,
        &container::KILL,
        &container::LOGS,
        &container::PAUSE,
        &container::RENAME,
        &container::RESTART,
        &container::RM,
        &container::START,
        &container::STOP,
        &container::UNPAUSE,
        &container::WAIT,
        &demo::DEMO,
        &digest::DIGEST,
        &fsck::FSCK,
        &history::HISTORY,
        &import::IMPORT,
        &inspect::INSPECT,
        &load::LOAD,
        &outdated::OUTDATED,
        &rm::RMI,
        &save::SAVE,
        &tag::TAG,
        &tags::TAGS,
        &complete::COMPLETE,
        &monitor::MONITOR,
        &help::HELP,
    ]),
    ..Command::USUAL
};

static FLAGS: &[Flag] = &[
    Flag::path("config", "Location of client config files").computed(config_dir),
    Flag::text("context", "Name of the context to use; accepted, there is no daemon").short('c').hidden(),
    Flag::bool("debug", "Enable debug mode").short('D'),
    Flag::list("host", "Daemon socket to connect to; accepted, there is no daemon").short('H').hidden(),
    Flag::text("log-level", r#"Set the logging level ("debug", "info", "warn", "error", "fatal")"#)
        .short('l')
        .preset("info")
        .choices(&["debug", "info", "warn", "error", "fatal"]),
    Flag::bool("tls", "Use TLS; accepted, there is no daemon").hidden(),
    Flag::path("tlscacert", "Trust certs signed only by this CA; accepted, there is no daemon").hidden(),
    Flag::path("tlscert", "Path to TLS certificate file; accepted, there is no daemon").hidden(),
    Flag::path("tlskey", "Path to TLS key file; accepted, there is no daemon").hidden(),
    Flag::bool("tlsverify", "Use TLS and verify the remote; accepted, there is no daemon").hidden(),
    Flag::bool("version", "Print version information and quit").short('v'),
    Flag::path("root", "Directory of the image store").computed(|env| env.var("STRATA_ROOT")),
    Flag::text("storage-driver", "Storage driver to use"),
    Flag::list("registry-mirror", "Registry mirror to try first"),
    Flag::list("insecure-registry", "Registry to reach without TLS or without verifying it"),
    Flag::path("daemon-config", "Configuration file to read instead of daemon.json"),
];

/// Docker's configuration directory; a relative one when there is no home.
fn config_dir(env: &Environment) -> Option<OsString> {
    let home = || env.path("HOME").map(|home| home.join(".docker").into_os_string());
    let given = env.path("DOCKER_CONFIG").map(PathBuf::into_os_string);
    given.or_else(home).or_else(|| Some(".docker".into()))
}
