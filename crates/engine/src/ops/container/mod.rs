//! Operations on containers, one file each.

mod attach;
mod check;
mod create;
mod logs;
mod merge;
mod monitor;
mod mounts;
mod name;
mod platform;
mod rename;
mod rm;
mod start;
mod stop;
mod store;

pub use create::{CreateContainer, Created, PullPolicy};
pub use logs::ReadLogs;
pub use rm::RemoveContainer;
pub use start::NotStarted;
pub use stop::StopContainer;
pub(crate) use store::containers_of;
