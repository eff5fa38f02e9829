//! Operations on containers, one file each.

mod again;
mod attach;
mod binds;
mod cgroup;
mod check;
mod create;
mod fsck;
mod inspect;
mod list;
mod logs;
mod merge;
mod monitor;
mod mounts;
mod name;
mod platform;
mod prune;
mod rename;
mod rm;
mod select;
mod size;
mod start;
mod stop;
mod store;

pub use create::{CreateContainer, Created, PullPolicy};
pub use fsck::ContainerFinding;
pub use inspect::InspectedContainer;
pub(crate) use list::summaries;
pub use list::{ContainerSummary, ListContainers, Port};
pub use logs::ReadLogs;
pub use prune::{PruneContainers, PrunedContainers};
pub use rm::RemoveContainer;
pub use size::ContainerSize;
pub use start::NotStarted;
pub use stop::StopContainer;
pub(crate) use store::containers_of;
