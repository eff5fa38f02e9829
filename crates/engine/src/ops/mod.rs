//! The operations, one file each: resolve, plan, perform, publish, report.

mod history;
mod images;
mod inspect;
mod prune;
mod rmi;
mod tag;
mod uses;

pub use history::HistoryRow;
pub use images::{ImageSummary, ListImages};
pub use inspect::InspectedImage;
pub use prune::{PruneImages, Pruned};
pub use rmi::{Freed, Removal, RemoveImages, Removed};
