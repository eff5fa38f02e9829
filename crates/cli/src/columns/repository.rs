//! What can be seen of a repository of our own registry.
use registry_server::operate::Listed;

use super::{Column, Columns};
use crate::term::ellipsis::{DESCRIPTION_COLUMNS, ellipsis};
use crate::term::size;

/// A repository, and how it is to be seen.
#[derive(Debug, Clone)]
pub(crate) struct HeldRepository {
    pub(crate) listed: Listed,
    pub(crate) truncated: bool,
}

/// The columns, by name.
pub(crate) static REPOSITORY_COLUMNS: Columns<HeldRepository> = Columns {
    type_name: "*formatter.repositoryContext",
    columns: &[
        Column {
            name: "Automated",
            header: "AUTOMATED",
            value: |held| held.listed.facts.automated.to_string(),
        },
        Column { name: "Blobs", header: "BLOBS", value: |held| held.listed.usage.blobs.to_string() },
        Column { name: "Bytes", header: "BYTES", value: |held| held.listed.usage.bytes.to_string() },
        Column { name: "Description", header: "DESCRIPTION", value: HeldRepository::description },
        Column {
            name: "Manifests",
            header: "MANIFESTS",
            value: |held| held.listed.usage.manifests.to_string(),
        },
        Column { name: "Name", header: "NAME", value: |held| held.listed.name.to_string() },
        Column { name: "Official", header: "OFFICIAL", value: |held| held.listed.facts.official.to_string() },
        Column {
            name: "OwnBytes",
            header: "OWN BYTES",
            value: |held| held.listed.usage.own_bytes.to_string(),
        },
        Column { name: "OwnSize", header: "OWN SIZE", value: |held| size::long(held.listed.usage.own_bytes) },
        Column { name: "Size", header: "SIZE", value: |held| size::long(held.listed.usage.bytes) },
        Column { name: "Stars", header: "STARS", value: |held| held.listed.facts.stars.to_string() },
        Column { name: "Tags", header: "TAGS", value: |held| held.listed.usage.tags.to_string() },
    ],
    bygone: &[],
    extras: &[],
};

impl HeldRepository {
    fn description(&self) -> String {
        let text = self.listed.facts.description.replace(['\n', '\r'], " ");
        if self.truncated { ellipsis(&text, DESCRIPTION_COLUMNS).into_owned() } else { text }
    }
}
