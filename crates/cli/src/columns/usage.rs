//! What can be seen of the store's use of the disk.
use engine::ops::DiskUsage;

use super::{Column, Columns};
use crate::term::size;

/// One kind of thing that takes room.
#[derive(Debug, Clone, Default)]
pub(crate) struct UsageLine {
    kind: &'static str,
    total: usize,
    active: usize,
    bytes: u64,
    reclaimable: u64,
    percent: bool,
}

/// The columns, by name.
pub(crate) static USAGE_COLUMNS: Columns<UsageLine> = Columns {
    type_name: "*formatter.diskUsageImagesContext",
    columns: &[
        Column { name: "Active", header: "ACTIVE", value: |line| line.active.to_string() },
        Column { name: "Reclaimable", header: "RECLAIMABLE", value: UsageLine::reclaimable },
        Column { name: "Size", header: "SIZE", value: |line| size::long(line.bytes) },
        Column { name: "TotalCount", header: "TOTAL", value: |line| line.total.to_string() },
        Column { name: "Type", header: "TYPE", value: |line| line.kind.to_owned() },
    ],
    bygone: &[],
    extras: &[],
};

impl UsageLine {
    /// Things of one kind: the bytes of each, and whether it is in use.
    fn of(kind: &'static str, things: impl Iterator<Item = (u64, bool)>) -> Self {
        let mut line = Self { kind, percent: true, ..Self::default() };
        for (bytes, active) in things {
            line.total += 1;
            line.active += usize::from(active);
            line.bytes += bytes;
            line.reclaimable += if active { 0 } else { bytes };
        }
        line
    }

    fn reclaimable(&self) -> String {
        let bytes = size::long(self.reclaimable);
        if !self.percent || self.bytes == 0 {
            return bytes;
        }
        let percent = u128::from(self.reclaimable) * 100 / u128::from(self.bytes);
        format!("{bytes} ({percent}%)")
    }
}

/// The four rows that Docker shows; build caches there are none.
pub(crate) fn usage_lines(usage: &DiskUsage) -> [UsageLine; 4] {
    let images = UsageLine {
        kind: "Images",
        total: usage.images.len(),
        active: usage.active(),
        bytes: usage.layer_bytes,
        reclaimable: usage.reclaimable(),
        percent: true,
    };
    let sizes = usage.containers.iter().map(|container| {
        let bytes = container.size.unwrap_or_default().written;
        (bytes, container.state.status.is_running())
    });
    let volumes = usage.volumes.iter().map(|volume| (volume.bytes, volume.links > 0));
    let builds = UsageLine { kind: "Build Cache", ..UsageLine::default() };
    [images, UsageLine::of("Containers", sizes), UsageLine::of("Local Volumes", volumes), builds]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_shown_in_percent_of_something() {
        let check = |bytes, reclaimable, expect: &str| {
            let line = UsageLine { bytes, reclaimable, percent: true, ..UsageLine::default() };
            assert_eq!(line.reclaimable(), expect);
        };
        check(2_370_847, 2_063_594, "2.064MB (87%)");
        check(0, 0, "0B");
        check(100, 0, "0B (0%)");
        check(u64::MAX, u64::MAX, "18.45EB (100%)");
    }
}
