//! What can be seen of a tag that has moved in its registry.
use engine::ops::{ComparedTag, There};

use super::{Column, Columns};

/// A tag, what it stands for here, and what it stands for there by now.
#[derive(Debug, Clone)]
pub(crate) struct MovedTag {
    image: String,
    here: String,
    there: String,
}

/// The columns, by name.
pub(crate) static MOVED_COLUMNS: Columns<MovedTag> = Columns {
    type_name: "*formatter.outdatedContext",
    columns: &[
        Column { name: "Here", header: "HERE", value: |tag| tag.here.clone() },
        Column { name: "Image", header: "IMAGE", value: |tag| tag.image.clone() },
        Column { name: "There", header: "IN THE REGISTRY", value: |tag| tag.there.clone() },
    ],
    bygone: &[],
    extras: &[],
};

impl MovedTag {
    /// The tag, if it has moved.
    pub(crate) fn of(tag: &ComparedTag) -> Option<Self> {
        let There::Moved(there) = &tag.there else { return None };
        let here = tag.here.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Some(Self { image: tag.reference.familiar(), here, there: there.to_string() })
    }
}
