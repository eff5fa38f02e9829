//! What can be seen of a volume: in a listing, and by `inspect`.
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use engine::ops::VolumeSummary;
use go_template::{Field, StructType, Type};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Column, Columns, Extra, Inspected};
use crate::term::{size, time};

static NO_LABELS: LazyLock<BTreeMap<String, String>> = LazyLock::new(BTreeMap::new);

/// A volume, and what is known of its use.
#[derive(Debug, Clone)]
pub(crate) struct ListedVolume {
    pub(crate) volume: VolumeSummary,
    /// Bytes of its files, and how many containers refer to it, where that was computed.
    pub(crate) usage: Option<(u64, usize)>,
}

impl ListedVolume {
    fn used(&self, text: impl Fn((u64, usize)) -> String) -> String {
        self.usage.map_or_else(|| time::UNKNOWN.to_owned(), text)
    }
}

/// The columns, by name. What only volumes of a cluster have is not available.
pub(crate) static VOLUME_COLUMNS: Columns<ListedVolume> = Columns {
    type_name: "*formatter.volumeContext",
    columns: &[
        Column { name: "Availability", header: "AVAILABILITY", value: |_| time::UNKNOWN.to_owned() },
        Column { name: "Driver", header: "DRIVER", value: |row| row.volume.driver.to_owned() },
        Column { name: "Group", header: "GROUP", value: |_| time::UNKNOWN.to_owned() },
        Column { name: "Labels", header: "LABELS", value: |row| labels_text(labels(&row.volume)) },
        Column { name: "Links", header: "LINKS", value: |row| row.used(|(_, links)| links.to_string()) },
        Column {
            name: "Mountpoint",
            header: "MOUNTPOINT",
            value: |row| row.volume.mountpoint.display().to_string(),
        },
        Column { name: "Name", header: "VOLUME NAME", value: |row| row.volume.name.clone() },
        Column { name: "Scope", header: "SCOPE", value: |row| row.volume.scope.to_owned() },
        Column { name: "Size", header: "SIZE", value: |row| row.used(|(bytes, _)| size::long(bytes)) },
        Column { name: "Status", header: "STATUS", value: |_| time::UNKNOWN.to_owned() },
    ],
    bygone: &[],
    extras: &[Extra::Label(|row| labels(&row.volume))],
};

fn labels(volume: &VolumeSummary) -> &BTreeMap<String, String> {
    volume.labels.as_ref().unwrap_or(&NO_LABELS)
}

fn labels_text(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

static VOLUME: StructType = StructType {
    name: "volume.Volume",
    fields: &[
        Field::omit_empty("ClusterVolume", "ClusterVolume", Type::Pointer(&CLUSTER_VOLUME)),
        Field::omit_empty("CreatedAt", "CreatedAt", Type::String),
        Field::new("Driver", "Driver", Type::String),
        Field::new("Labels", "Labels", Type::STRING_MAP),
        Field::new("Mountpoint", "Mountpoint", Type::String),
        Field::new("Name", "Name", Type::String),
        Field::new("Options", "Options", Type::STRING_MAP),
        Field::new("Scope", "Scope", Type::String),
        Field::omit_empty("Status", "Status", Type::Map(&Type::String, &Type::Any)),
        Field::omit_empty("UsageData", "UsageData", Type::Pointer(&USAGE_DATA)),
    ],
    methods: &[],
};

static CLUSTER_VOLUME: Type =
    Type::Struct(&StructType { name: "volume.ClusterVolume", fields: &[], methods: &[] });

static USAGE_DATA: Type = Type::Struct(&StructType {
    name: "volume.UsageData",
    fields: &[Field::new("RefCount", "RefCount", Type::INT64), Field::new("Size", "Size", Type::INT64)],
    methods: &[],
});

/// A volume as `inspect` shows it.
pub(crate) fn volume_document(volume: &VolumeSummary, zone: &TimeZone) -> Inspected {
    let document: Value = json!({
        "CreatedAt": time::rfc3339(volume.created, zone),
        "Driver": volume.driver,
        "Labels": volume.labels,
        "Mountpoint": volume.mountpoint.to_string_lossy(),
        "Name": volume.name,
        "Options": volume.options,
        "Scope": volume.scope,
    });
    Inspected::of(document, Type::Struct(&VOLUME))
}

/// The order in which people count: `v2` before `v10`.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (number_a, number_b) = (digits(a), digits(b));
        if !number_a.is_empty() && !number_b.is_empty() {
            let (value_a, value_b) = (without_zeros(number_a), without_zeros(number_b));
            // Of numbers with as many digits the larger one is later by its text; of equal ones that with more zeros.
            let order = value_a.len().cmp(&value_b.len()).then(value_a.cmp(value_b));
            let order = order.then(number_a.len().cmp(&number_b.len()));
            if order.is_ne() {
                return order;
            }
            (a, b) = (&a[number_a.len()..], &b[number_b.len()..]);
            continue;
        }
        match (a, b) {
            ([first_a, rest_a @ ..], [first_b, rest_b @ ..]) if first_a == first_b => {
                (a, b) = (rest_a, rest_b)
            }
            ([first_a, ..], [first_b, ..]) => {
                let digit_first = first_b.is_ascii_digit().cmp(&first_a.is_ascii_digit());
                return digit_first.then(first_a.cmp(first_b));
            }
            _ => return a.len().cmp(&b.len()),
        }
    }
}

fn digits(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_people_count() {
        let ordered = ["", "1", "01", "2", "10", "10a", "a", "a1", "a1b", "a01", "a2", "a10", "aa", "b", "ä"];
        for (at, one) in ordered.iter().enumerate() {
            for (other_at, other) in ordered.iter().enumerate() {
                assert_eq!(natural_order(one, other), at.cmp(&other_at), "{one} {other}");
            }
        }
    }
}
