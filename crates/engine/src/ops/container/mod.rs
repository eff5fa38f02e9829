//! Operations on containers, one file each.

mod create;
mod store;

pub use create::{CreateContainer, Created, PullPolicy};
