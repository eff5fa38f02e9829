//! What containers wrote: files of JSON lines, in the form of Docker's `json-file` driver.
//!
//! A line of output is one entry; of a longer one every 16 KiB are an entry of their own, without a line break at
//! the end. With `max-size` a full file becomes `….1`, that one `….2`, and so on up to `max-file` files.

mod entry;
mod follow;
mod reader;
mod splitter;
mod writer;

pub use entry::{Entry, Stream};
pub use follow::follow;
pub use reader::{Selection, read};
pub(crate) use splitter::Splitter;
pub use writer::{LogOptions, Writer};

use crate::record::ContainerId;

/// The name of a container's log in its folder.
pub fn file_name(id: &ContainerId) -> String {
    format!("{id}-json.log")
}

/// The name of an older one, 1 being the one before.
fn older(name: &str, age: u32) -> String {
    if age == 0 { name.to_owned() } else { format!("{name}.{age}") }
}
