//! What can be seen of a step of an image's history.
use engine::ops::HistoryRow;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Column, Columns};
use crate::term::ellipsis::{DESCRIPTION_COLUMNS, ellipsis, short_id};
use crate::term::{size, time};

/// One step, and how it is to be seen.
#[derive(Debug, Clone)]
pub(crate) struct HistoryLine {
    pub(crate) row: HistoryRow,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) truncated: bool,
    pub(crate) human: bool,
}

/// The columns, by name.
pub(crate) static HISTORY_COLUMNS: Columns<HistoryLine> = Columns {
    type_name: "*image.historyContext",
    columns: &[
        Column { name: "Comment", header: "COMMENT", value: |line| line.row.comment.clone() },
        Column { name: "CreatedAt", header: "CREATED AT", value: HistoryLine::created_at },
        Column { name: "CreatedBy", header: "CREATED BY", value: HistoryLine::created_by },
        Column { name: "CreatedSince", header: "CREATED", value: HistoryLine::created_since },
        Column { name: "ID", header: "IMAGE", value: HistoryLine::id },
        Column { name: "Size", header: "SIZE", value: HistoryLine::size },
    ],
    bygone: &[],
    extras: &[],
};

impl HistoryLine {
    /// A step without a date counts as made when time began.
    fn created(&self) -> Timestamp {
        self.row.created.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn created_at(&self) -> String {
        time::rfc3339(self.created(), &self.zone)
    }

    fn created_since(&self) -> String {
        if self.human { time::history_ago(self.created(), self.now) } else { self.created_at() }
    }

    fn created_by(&self) -> String {
        let text = self.row.created_by.replace('\t', " ");
        if self.truncated { ellipsis(&text, DESCRIPTION_COLUMNS).into_owned() } else { text }
    }

    fn id(&self) -> String {
        let Some(id) = &self.row.image else { return "<missing>".to_owned() };
        let id = id.to_string();
        if self.truncated { short_id(&id).to_owned() } else { id }
    }

    fn size(&self) -> String {
        if self.human { size::short(self.row.size) } else { self.row.size.to_string() }
    }
}
