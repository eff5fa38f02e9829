//! One entry of a log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a program wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output, or its terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// An entry: a line of output, or 16 KiB of a longer one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What was written; bytes that are not UTF-8 have been replaced.
    pub log: String,
    /// Where.
    pub stream: Stream,
    /// When it was read.
    pub time: Timestamp,
    /// What the log options `labels` and `env` chose.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub attrs: std::collections::BTreeMap<String, String>,
}

impl Entry {
    /// An entry as it stands in a file; nothing when it is none, as after a full disk.
    pub(super) fn parse(line: &[u8]) -> Option<Entry> {
        serde_json::from_slice(line).ok()
    }
}
