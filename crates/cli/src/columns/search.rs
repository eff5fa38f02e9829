//! What can be seen of a repository that a search found.
use engine::SearchResult;

use super::{Column, Columns};
use crate::term::ellipsis::{DESCRIPTION_COLUMNS, ellipsis};

/// A result, and how it is to be seen.
#[derive(Debug, Clone)]
pub(crate) struct FoundRepository {
    pub(crate) result: SearchResult,
    pub(crate) truncated: bool,
    /// Whether it goes into JSON, where Docker has a word for what a table leaves empty.
    pub(crate) in_json: bool,
}

/// The columns, by name.
pub(crate) static SEARCH_COLUMNS: Columns<FoundRepository> = Columns {
    type_name: "*registry.searchContext",
    columns: &[
        Column { name: "Description", header: "DESCRIPTION", value: FoundRepository::description },
        Column { name: "IsOfficial", header: "OFFICIAL", value: FoundRepository::is_official },
        Column { name: "Name", header: "NAME", value: |found| found.result.name.clone() },
        Column { name: "StarCount", header: "STARS", value: |found| found.result.star_count.to_string() },
    ],
    // Docker had it until version 28.
    bygone: &[Column { name: "IsAutomated", header: "AUTOMATED", value: FoundRepository::is_automated }],
    extras: &[],
};

impl FoundRepository {
    fn description(&self) -> String {
        let text = self.result.description.replace(['\n', '\r'], " ");
        if self.truncated { ellipsis(&text, DESCRIPTION_COLUMNS).into_owned() } else { text }
    }

    fn is_official(&self) -> String {
        self.mark(self.result.is_official)
    }

    fn is_automated(&self) -> String {
        self.mark(self.result.is_automated)
    }

    fn mark(&self, is: bool) -> String {
        let text = match (is, self.in_json) {
            (true, true) => "true",
            (false, true) => "false",
            (true, false) => "[OK]",
            (false, false) => "",
        };
        text.to_owned()
    }
}
