//! What this kernel can limit: what it cannot is left out, with a warning in Docker's words.

use std::path::Path;

use runner::record::HostConfig;

/// Where hierarchies of cgroups are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";
/// Some names, or a list of numbers.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// What a kernel can limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kernel<'k> {
    cgroups: &'k Path,
    /// Only cgroups of version 2.
    is_unified: bool,
}

impl Kernel<'static> {
    /// The one that runs.
    pub(super) fn own() -> Kernel<'static> {
        Kernel::at(Path::new(CGROUPS))
    }
}

impl<'k> Kernel<'k> {
    fn at(cgroups: &'k Path) -> Kernel<'k> {
        Kernel { cgroups, is_unified: cgroups.join("cgroup.controllers").exists() }
    }

    /// Whether a controller has one of these files in its root, or is one of version 2.
    fn has(self, controller: &str, files: &[&str]) -> bool {
        if self.is_unified {
            return self.text("cgroup.controllers").split_whitespace().any(|name| name == controller);
        }
        let controller = if controller == "io" { "blkio" } else { controller };
        files.iter().any(|file| self.cgroups.join(controller).join(file).exists())
    }

    fn text(self, file: &str) -> String {
        let bytes = disk::read_named(&self.cgroups.join(file), FILE_BYTES_MAX).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    /// What stands in the first of these files that says something; nothing when none does.
    pub(super) fn first_text(self, files: &[&str]) -> String {
        files.iter().map(|file| self.text(file)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Whether there is a scheduler for real time that divides.
    pub(super) fn has_real_time(self) -> bool {
        !self.is_unified && self.has("cpu", &["cpu.rt_period_us"])
    }

    /// Leaves out what cannot be limited here, and says so.
    pub(super) fn fit(self, host: &mut HostConfig) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |is_so: bool, what: &str, then: &str| {
            if is_so {
                let text =
                    format!("Your kernel does not support {what} or the cgroup is not mounted. {then}");
                warnings.push(text);
            }
            is_so
        };
        let has_swappiness = !self.is_unified && self.has("memory", &["memory.swappiness"]);
        let is_swappy = host.memory_swappiness.is_some_and(|share| share >= 0);
        if warn(
            is_swappy && !has_swappiness,
            "memory swappiness capabilities",
            "Memory swappiness discarded.",
        ) {
            host.memory_swappiness = None;
        }
        let has_weight = self.has("io", &["blkio.weight", "blkio.bfq.io_service_bytes"]);
        if warn(host.blkio_weight != 0 && !has_weight, "Block I/O weight", "Weight discarded.") {
            host.blkio_weight = 0;
        }
        let weights = &mut host.blkio_weight_device;
        // Weights at single disks are those of an older scheduler; the newer one has them only at disks that use it.
        let has_weights = self.has("io", &["blkio.weight_device"]);
        if warn(!weights.is_empty() && !has_weights, "Block I/O weight_device", "Weight-device discarded.") {
            weights.clear();
        }
        for (devices, file, what) in [
            (&mut host.blkio_device_read_bps, "read_bps", ["BPS Block I/O read limit", "BPS read"]),
            (&mut host.blkio_device_write_bps, "write_bps", ["BPS Block I/O write limit", "BPS write"]),
            (&mut host.blkio_device_read_iops, "read_iops", ["IOPS Block read limit", "IOPS read"]),
            (&mut host.blkio_device_write_iops, "write_iops", ["IOPS Block write limit", "IOPS write"]),
        ] {
            let has = self.has("io", &[&format!("blkio.throttle.{file}_device")]);
            let then = format!("Block I/O {} limit discarded.", what[1]);
            if warn(!devices.is_empty() && !has, what[0], &then) {
                devices.clear();
            }
        }
        if host.oom_kill_disable && self.is_unified {
            host.oom_kill_disable = false;
            warnings
                .push("Your kernel does not support OomKillDisable. OomKillDisable discarded.".to_owned());
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use runner::record::{ThrottleDevice, WeightDevice};

    use super::*;

    /// A machine with these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let tmp = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tmp.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        tmp
    }

    fn asked() -> HostConfig {
        let throttle = || vec![ThrottleDevice { path: "/dev/null".to_owned(), rate: 1 }];
        HostConfig {
            memory_swappiness: Some(10),
            oom_kill_disable: true,
            blkio_weight: 300,
            blkio_weight_device: vec![WeightDevice { path: "/dev/null".to_owned(), weight: 100 }],
            blkio_device_read_bps: throttle(),
            blkio_device_write_bps: throttle(),
            blkio_device_read_iops: throttle(),
            blkio_device_write_iops: throttle(),
            ..HostConfig::default()
        }
    }

    #[test]
    fn what_a_kernel_cannot_limit_is_left_out_with_dockers_warning() {
        let bare = machine(&[]);
        let mut host = asked();
        let no = "Your kernel does not support";
        let then = "or the cgroup is not mounted.";
        let expect = [
            format!("{no} memory swappiness capabilities {then} Memory swappiness discarded."),
            format!("{no} Block I/O weight {then} Weight discarded."),
            format!("{no} Block I/O weight_device {then} Weight-device discarded."),
            format!("{no} BPS Block I/O read limit {then} Block I/O BPS read limit discarded."),
            format!("{no} BPS Block I/O write limit {then} Block I/O BPS write limit discarded."),
            format!("{no} IOPS Block read limit {then} Block I/O IOPS read limit discarded."),
            format!("{no} IOPS Block write limit {then} Block I/O IOPS write limit discarded."),
        ];
        assert_eq!(Kernel::at(bare.path()).fit(&mut host), expect);
        assert_eq!(host, HostConfig { oom_kill_disable: true, ..HostConfig::default() });
    }

    #[test]
    fn what_a_kernel_can_limit_stays() {
        let files = [
            "memory/memory.swappiness",
            "blkio/blkio.bfq.io_service_bytes",
            "blkio/blkio.weight_device",
            "blkio/blkio.throttle.read_bps_device",
            "blkio/blkio.throttle.write_bps_device",
            "blkio/blkio.throttle.read_iops_device",
            "blkio/blkio.throttle.write_iops_device",
            "cpu/cpu.rt_period_us",
        ];
        let first = machine(&files.map(|name| (name, "")));
        let mut host = asked();
        assert_eq!(Kernel::at(first.path()).fit(&mut host), Vec::<String>::new());
        assert_eq!(host, asked());
        assert!(Kernel::at(first.path()).has_real_time());
        let second = machine(&[("cgroup.controllers", "cpuset cpu io memory pids\n")]);
        let warnings = Kernel::at(second.path()).fit(&mut host);
        assert!(warnings.len() == 2 && warnings[1].contains("OomKillDisable"), "{warnings:?}");
        assert!(host.memory_swappiness.is_none() && host.blkio_weight == 300 && !host.oom_kill_disable);
        assert!(!Kernel::at(second.path()).has_real_time());
    }
}
