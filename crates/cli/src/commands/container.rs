//! `strata container`: the commands that manage containers.
mod asked;
mod attach;
mod commit;
mod connections;
mod cp;
mod creating;
mod detach_keys;
mod diff;
mod each;
mod exec;
mod export;
mod logs;
mod port;
mod rename;
mod rm;
mod run;
mod running;
mod shared_flags;
mod start;
mod stats;
mod stop;
mod streams;
mod top;
mod wait;

pub(super) use attach::ATTACH;
pub(super) use commit::COMMIT;
pub(super) use cp::CP;
pub(super) use diff::DIFF;
pub(super) use exec::EXEC;
pub(super) use export::EXPORT;
pub(super) use logs::LOGS;
pub(super) use port::PORT;
pub(super) use rename::RENAME;
pub(super) use rm::RM;
pub(super) use run::{CREATE, RUN};
pub(super) use start::START;
pub(super) use stats::STATS;
pub(super) use stop::{KILL, PAUSE, RESTART, STOP, UNPAUSE};
pub(super) use top::TOP;
pub(super) use wait::WAIT;

use super::{inspect, prune_containers, ps};
use crate::flags::{Action, Command, Section};

/// `strata container`
pub(super) static CONTAINER: Command = Command {
    name: "container",
    short: "Manage containers",
    section: Section::Management,
    action: Action::Group(&[
        &attach::CONTAINER_ATTACH,
        &cp::CONTAINER_CP,
        &commit::CONTAINER_COMMIT,
        &diff::CONTAINER_DIFF,
        &run::CONTAINER_CREATE,
        &exec::CONTAINER_EXEC,
        &export::CONTAINER_EXPORT,
        &run::CONTAINER_RUN,
        &inspect::CONTAINER_INSPECT,
        &stop::CONTAINER_KILL,
        &logs::CONTAINER_LOGS,
        &ps::CONTAINER_LS,
        &stop::CONTAINER_PAUSE,
        &port::CONTAINER_PORT,
        &prune_containers::CONTAINER_PRUNE,
        &rename::CONTAINER_RENAME,
        &stop::CONTAINER_RESTART,
        &rm::CONTAINER_RM,
        &start::CONTAINER_START,
        &stats::CONTAINER_STATS,
        &stop::CONTAINER_STOP,
        &top::CONTAINER_TOP,
        &stop::CONTAINER_UNPAUSE,
        &wait::CONTAINER_WAIT,
    ]),
    ..Command::USUAL
};
