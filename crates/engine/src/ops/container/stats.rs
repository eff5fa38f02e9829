//! `stats`: what a container uses of the machine.

use runner::counters::{Counters, processes_of};
use runner::record::{ContainerId, Found};

use super::top::cgroup_of;
use crate::engine::Engine;
use crate::error::Result;

/// What was counted of a container at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: String,
    /// The counters; nothing while it does not run.
    pub counters: Option<Counters>,
    /// Bytes of memory that it may use: the machine's where that is not limited.
    pub memory_limit: u64,
}

impl Engine {
    /// Counts what a container uses, now.
    ///
    /// # Errors
    /// When there is no such container, or its record cannot be read.
    pub fn sample_container(&self, text: &str) -> Result<Sample> {
        Ok(self.sample(&self.container(text)?))
    }

    /// Counts what each container uses, now; also those that do not run when `all` are asked for.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn sample_containers(&self, all: bool) -> Result<Vec<Sample>> {
        let found = self.containers()?.into_iter().filter(|found| all || found.state.status.is_running());
        Ok(found.map(|found| self.sample(&found)).collect())
    }

    fn sample(&self, found: &Found) -> Sample {
        let state = &found.state;
        let has_own_network = found.container.host_config.network_mode != "host";
        let pid = Some(state.pid).filter(|pid| has_own_network && *pid > 0);
        let counters = state.status.is_running().then(|| match cgroup_of(found) {
            Some(cgroup) => Counters::read(&cgroup, pid),
            None => Counters::add_up(&processes_of(state.pid), pid),
        });
        let limit = counters.and_then(|counters| counters.memory_limit);
        Sample {
            id: found.container.id.clone(),
            name: found.container.name.clone(),
            memory_limit: match counters {
                Some(_) => limit.unwrap_or(u64::MAX).min(self.host.memory),
                None => 0,
            },
            counters,
        }
    }
}

impl Sample {
    /// Hundredths of one processor that it used since an earlier sample, on a machine with so many.
    #[expect(clippy::cast_precision_loss, reason = "a ratio of which two digits are shown")]
    pub fn cpu_percent(&self, before: &Sample, cpus: usize) -> f64 {
        let (Some(now), Some(then)) = (self.counters, before.counters) else { return 0.0 };
        let used = now.cpu.saturating_sub(then.cpu) as f64;
        let machine = now.machine_cpu.saturating_sub(then.machine_cpu) as f64;
        if machine > 0.0 { used / machine * cpus as f64 * 100.0 } else { 0.0 }
    }

    /// Hundredths of the memory that it may use.
    #[expect(clippy::cast_precision_loss, reason = "a ratio of which two digits are shown")]
    pub fn memory_percent(&self) -> f64 {
        let memory = self.counters.map_or(0, |counters| counters.memory);
        if self.memory_limit == 0 { 0.0 } else { memory as f64 / self.memory_limit as f64 * 100.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(cpu: u64, machine_cpu: u64, memory: u64) -> Sample {
        let counters = Counters { cpu, machine_cpu, memory, ..Counters::default() };
        let id = ContainerId::from_bytes(&[1; 32]);
        Sample { id, name: "a".to_owned(), counters: Some(counters), memory_limit: 200 }
    }

    #[test]
    fn shares_are_of_one_processor_and_of_what_is_allowed() {
        let (before, now) = (sample(1_000, 10_000, 50), sample(2_500, 14_000, 50));
        assert!((now.cpu_percent(&before, 4) - 150.0).abs() < 1e-9);
        assert!((before.cpu_percent(&now, 4)).abs() < 1e-9);
        assert!((now.cpu_percent(&now, 4)).abs() < 1e-9);
        assert!((now.memory_percent() - 25.0).abs() < 1e-9);
        let gone = Sample { counters: None, memory_limit: 0, ..now.clone() };
        assert!(gone.cpu_percent(&before, 4).abs() < 1e-9 && gone.memory_percent().abs() < 1e-9);
    }
}
