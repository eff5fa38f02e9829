//! Values as terminal text. Everything here is a pure function or a plain state machine; [`crate::Ui`] writes.
pub mod ellipsis;
pub mod escape;
pub mod json;
pub mod progress;
pub(crate) mod raw;
pub mod size;
pub mod table;
pub mod time;
pub mod tree;
