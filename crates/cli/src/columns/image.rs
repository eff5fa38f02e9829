//! What can be seen of an image in a listing.
use std::rc::Rc;

use engine::Engine;
use engine::ops::ImageSummary;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use spec::{ImageId, Reference};

use super::{Column, Columns};
use crate::term::ellipsis::short_id;
use crate::term::{size, time};

const NONE: &str = "<none>";
const UNKNOWN: &str = "N/A";

/// One row: an image under one of its names.
#[derive(Debug, Clone)]
pub(crate) struct ImageRow {
    /// The repository.
    pub(crate) repository: String,
    /// The tag.
    pub(crate) tag: String,
    /// The digest it has in the repository.
    pub(crate) digest: String,
    /// What all rows of the image have in common.
    pub(crate) image: Rc<ListedImage>,
}

/// An image, and how it is to be seen.
#[derive(Debug)]
pub(crate) struct ListedImage {
    pub(crate) id: ImageId,
    pub(crate) created: Option<Timestamp>,
    pub(crate) size: u64,
    pub(crate) used_by: usize,
    /// Bytes of its layers that others have too, where that was computed.
    pub(crate) shared: Option<u64>,
    pub(crate) full_id: bool,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
}

/// The columns, by name.
pub(crate) static IMAGE_COLUMNS: Columns<ImageRow> = Columns {
    type_name: "*formatter.imageContext",
    columns: &[
        Column { name: "Containers", header: "CONTAINERS", value: |row| row.image.used_by.to_string() },
        Column {
            name: "CreatedAt",
            header: "CREATED AT",
            value: |row| time::created_at(row.image.created(), &row.image.zone),
        },
        Column {
            name: "CreatedSince",
            header: "CREATED",
            value: |row| time::ago(row.image.created(), row.image.now),
        },
        Column { name: "Digest", header: "DIGEST", value: |row| row.digest.clone() },
        Column { name: "ID", header: "IMAGE ID", value: |row| row.image.shown_id() },
        Column { name: "Repository", header: "REPOSITORY", value: |row| row.repository.clone() },
        Column {
            name: "SharedSize",
            header: "SHARED SIZE",
            value: |row| row.image.shared.map_or_else(|| UNKNOWN.to_owned(), size::long),
        },
        Column { name: "Size", header: "SIZE", value: |row| size::short(row.image.size) },
        Column { name: "Tag", header: "TAG", value: |row| row.tag.clone() },
        Column {
            name: "UniqueSize",
            header: "UNIQUE SIZE",
            value: |row| row.image.unique().map_or_else(|| UNKNOWN.to_owned(), size::long),
        },
        Column { name: "VirtualSize", header: "SIZE", value: |row| size::long(row.image.size) },
    ],
    bygone: &[],
    extras: &[],
};

impl ListedImage {
    /// The image of a listing, seen now and here.
    pub(crate) fn new(summary: &ImageSummary, engine: &Engine, full_id: bool) -> Self {
        Self {
            id: summary.id.clone(),
            created: summary.created,
            size: summary.size,
            used_by: summary.used_by,
            shared: None,
            full_id,
            now: engine.now(),
            zone: engine.host.zone.clone(),
        }
    }

    /// Whole seconds, as the daemon's answer has them; the epoch where the image says nothing.
    fn created(&self) -> Timestamp {
        let second = self.created.map_or(0, Timestamp::as_second);
        Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn shown_id(&self) -> String {
        let id = self.id.to_string();
        if self.full_id { id } else { short_id(&id).to_owned() }
    }

    fn unique(&self) -> Option<u64> {
        self.shared.map(|shared| self.size.saturating_sub(shared))
    }
}

/// How digests show among an image's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digests {
    /// Not at all.
    Hidden,
    /// Beside each tag, because a template asks for them.
    BesideTags,
    /// Also as rows of their own.
    Shown,
}

/// The rows of one image: one for each tag, or for each tag and digest of its repository; by repository, then
/// tag.
pub(crate) fn image_rows(summary: &ImageSummary, image: &Rc<ListedImage>, digests: Digests) -> Vec<ImageRow> {
    let row = |repository: String, tag: &str, digest: &str| ImageRow {
        repository,
        tag: tag.to_owned(),
        digest: digest.to_owned(),
        image: Rc::clone(image),
    };
    if summary.tags.is_empty() && summary.digests.is_empty() {
        return vec![row(NONE.to_owned(), NONE, NONE)];
    }
    let of_same = |other: &Reference, list: &[Reference]| -> Vec<String> {
        let same = list.iter().filter(|reference| reference.name() == other.name());
        same.filter_map(|reference| reference.digest().map(ToString::to_string)).collect()
    };
    let mut rows = Vec::new();
    for reference in &summary.tags {
        let tag = reference.tag().unwrap_or(NONE);
        let beside = match digests {
            Digests::Hidden => Vec::new(),
            Digests::BesideTags | Digests::Shown => of_same(reference, &summary.digests),
        };
        if beside.is_empty() {
            rows.push(row(reference.familiar_name(), tag, NONE));
        }
        rows.extend(beside.iter().map(|digest| row(reference.familiar_name(), tag, digest)));
    }
    let mut alone: Option<String> = None;
    for reference in &summary.digests {
        let name = reference.name();
        if summary.tags.iter().any(|tagged| tagged.name() == name) {
            continue;
        }
        match (digests, reference.digest()) {
            (Digests::Shown, Some(digest)) => {
                rows.push(row(reference.familiar_name(), NONE, &digest.to_string()));
            }
            _ if alone.as_ref() == Some(&name) => {}
            _ => rows.push(row(reference.familiar_name(), NONE, "")),
        }
        alone = Some(name);
    }
    rows.sort_by(|a, b| (&a.repository, &a.tag, &a.digest).cmp(&(&b.repository, &b.tag, &b.digest)));
    rows
}
