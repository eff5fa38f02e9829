//! What can be seen of a container's use of the machine.
use engine::ops::container::Sample;

use super::{Column, Columns};
use crate::term::size;

/// A container's use of the machine over a moment.
#[derive(Debug, Clone)]
pub(crate) struct UsedBy {
    /// The container as it was named, else its short id.
    pub(crate) named: String,
    /// What was counted; nothing when that failed.
    pub(crate) sample: Option<Sample>,
    /// Hundredths of one processor.
    pub(crate) cpu_percent: f64,
    /// Whether ids are shown whole.
    pub(crate) in_full: bool,
}

/// Shown for what could not be counted.
const UNKNOWN: &str = "--";

/// The columns, by name.
pub(crate) static STATS_COLUMNS: Columns<UsedBy> = Columns {
    type_name: "*container.statsContext",
    columns: &[
        Column {
            name: "BlockIO",
            header: "BLOCK I/O",
            value: |row| row.pair(|c| (c.read, c.written), size::short, UNKNOWN),
        },
        Column { name: "CPUPerc", header: "CPU %", value: |row| row.percent(|_| row.cpu_percent) },
        Column { name: "Container", header: "CONTAINER", value: |row| row.named.clone() },
        Column { name: "ID", header: "CONTAINER ID", value: UsedBy::id },
        Column { name: "MemPerc", header: "MEM %", value: |row| row.percent(Sample::memory_percent) },
        Column { name: "MemUsage", header: "MEM USAGE / LIMIT", value: UsedBy::memory },
        Column {
            name: "Name",
            header: "NAME",
            value: |row| row.sample.as_ref().map_or(UNKNOWN, |sample| &sample.name).to_owned(),
        },
        Column {
            name: "NetIO",
            header: "NET I/O",
            value: |row| row.pair(|c| (c.received, c.sent), size::short, UNKNOWN),
        },
        Column {
            name: "PIDs",
            header: "PIDS",
            value: |row| row.counted(UNKNOWN, |counters| counters.processes.to_string()),
        },
    ],
    bygone: &[],
    extras: &[],
};

impl UsedBy {
    /// A text of the counters, zero where it does not run.
    fn counted(&self, unknown: &str, text: impl Fn(engine::counters::Counters) -> String) -> String {
        let sample = self.sample.as_ref();
        sample.map_or_else(|| unknown.to_owned(), |sample| text(sample.counters.unwrap_or_default()))
    }

    fn pair(
        &self,
        of: impl Fn(engine::counters::Counters) -> (u64, u64),
        show: fn(u64) -> String,
        unknown: &str,
    ) -> String {
        self.counted(unknown, |counters| {
            let (a, b) = of(counters);
            format!("{} / {}", show(a), show(b))
        })
    }

    fn percent(&self, of: impl Fn(&Sample) -> f64) -> String {
        self.sample.as_ref().map_or_else(|| UNKNOWN.to_owned(), |sample| format!("{:.2}%", of(sample)))
    }

    fn id(&self) -> String {
        let Some(sample) = &self.sample else { return String::new() };
        if self.in_full { sample.id.as_str() } else { sample.id.short() }.to_owned()
    }

    fn memory(&self) -> String {
        let limit = self.sample.as_ref().map_or(0, |sample| sample.memory_limit);
        self.pair(|counters| (counters.memory, limit), size::binary, "-- / --")
    }
}

#[cfg(test)]
mod tests {
    use engine::counters::Counters;
    use engine::record::ContainerId;

    use super::*;
    use crate::columns::{Format, listing};

    #[test]
    fn use_is_told_as_docker_tells_it() {
        let id = ContainerId::from_bytes(&[0x99; 32]);
        let counters = Counters {
            memory: 999_000,
            received: 1234,
            sent: 10,
            read: 4096,
            processes: 3,
            ..Counters::default()
        };
        let sample =
            Sample { id, name: "web".to_owned(), counters: Some(counters), memory_limit: 2_000_000_000 };
        let row = UsedBy { named: "w".to_owned(), sample: Some(sample), cpu_percent: 150.0, in_full: false };
        let gone = UsedBy { sample: None, ..row.clone() };
        let all = "{{.Container}} {{.ID}} {{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}";
        let found = listing(&STATS_COLUMNS, &[row, gone], &Format::parse(all, "")).unwrap();
        let expect = "w 999999999999 web 150.00% 975.6KiB / 1.863GiB 0.05% 1.23kB / 10B 4.1kB / 0B 3\n\
                      w  -- -- -- / -- -- -- -- --\n";
        assert_eq!(found, expect);
    }
}
