//! The operations, one file each: resolve, plan, perform, publish, report.

mod history;
mod images;
mod info;
mod inspect;
mod load;
mod mount;
mod prune;
mod pull;
mod ready;
mod rmi;
mod save;
mod tag;
mod tree;
mod usage;
mod uses;

pub use history::HistoryRow;
pub use images::{ImageSummary, ListImages};
pub use info::Info;
pub use inspect::InspectedImage;
pub use load::{LoadSource, Loaded, LoadedImage};
pub use mount::Mounted;
pub use prune::{PruneImages, Pruned};
pub use pull::{Pull, Pulled, PulledImage};
pub use rmi::{Freed, Removal, RemoveImages, Removed};
pub use save::{SAVE_FAILED, Save};
pub use tag::parse_target as parse_tag_target;
pub use tree::{ImageTree, TreePlatform};
pub use usage::{DiskUsage, ImageUsage};
