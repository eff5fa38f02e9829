//! What can be seen of each kind of object: one table per kind, whose rows drive tables, templates and JSON.
mod container;
mod format;
mod history;
mod image;
mod info;
mod inspect;
mod listing;
mod moved;
mod object;
mod repository;
mod search;
mod usage;
mod version;

pub(crate) use container::{CONTAINER_COLUMNS, ListedContainer};
pub(crate) use format::Format;
pub(crate) use history::{HISTORY_COLUMNS, HistoryLine};
pub(crate) use image::{Digests, IMAGE_COLUMNS, ImageRow, ListedImage, image_rows};
pub(crate) use info::InfoFacts;
pub(crate) use inspect::Inspected;
pub(crate) use listing::{Column, Columns, Extra, Row, listing};
pub(crate) use moved::{MOVED_COLUMNS, MovedTag};
pub(crate) use object::{Object, Part, object_text, parse_object_template};
pub(crate) use repository::{HeldRepository, REPOSITORY_COLUMNS};
pub(crate) use search::{FoundRepository, SEARCH_COLUMNS};
pub(crate) use usage::{USAGE_COLUMNS, usage_lines};
pub(crate) use version::VersionFacts;
