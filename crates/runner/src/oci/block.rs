//! `linux.resources.blockIO`: what a container may take of disks.

use rustix::fs::{major, minor, stat};
use serde_json::{Map, Value, json};

use super::OciError;
use crate::record::{HostConfig, ThrottleDevice};

/// Empty where nothing was asked for.
pub(super) fn of(host: &HostConfig) -> Result<Map<String, Value>, OciError> {
    let mut block = Map::new();
    if host.blkio_weight != 0 {
        block.insert("weight".to_owned(), json!(host.blkio_weight));
    }
    let weights = host.blkio_weight_device.iter();
    let weights = weights.map(|device| numbered(&device.path, "weight", json!(device.weight)));
    insert(&mut block, "weightDevice", weights.collect::<Result<_, _>>()?);
    for (name, devices) in [
        ("throttleReadBpsDevice", &host.blkio_device_read_bps),
        ("throttleWriteBpsDevice", &host.blkio_device_write_bps),
        ("throttleReadIOPSDevice", &host.blkio_device_read_iops),
        ("throttleWriteIOPSDevice", &host.blkio_device_write_iops),
    ] {
        let rate = |device: &ThrottleDevice| numbered(&device.path, "rate", json!(device.rate));
        insert(&mut block, name, devices.iter().map(rate).collect::<Result<_, _>>()?);
    }
    Ok(block)
}

fn insert(block: &mut Map<String, Value>, name: &str, devices: Vec<Value>) {
    if !devices.is_empty() {
        block.insert(name.to_owned(), Value::Array(devices));
    }
}

/// A device by its numbers: the kernel knows no paths.
fn numbered(path: &str, name: &str, value: Value) -> Result<Value, OciError> {
    let failed = |error: rustix::io::Errno| OciError::BlockDevice {
        path: path.to_owned(),
        reason: disk::errno_text(&error.into()),
    };
    let device = stat(path).map_err(failed)?.st_rdev;
    Ok(json!({"major": major(device), "minor": minor(device), name: value}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::WeightDevice;

    #[test]
    fn disks_go_by_their_numbers() {
        let rate = |rate| vec![ThrottleDevice { path: "/dev/null".to_owned(), rate }];
        let host = HostConfig {
            blkio_weight: 300,
            blkio_weight_device: vec![WeightDevice { path: "/dev/zero".to_owned(), weight: 100 }],
            blkio_device_read_bps: rate(1),
            blkio_device_write_bps: rate(2),
            blkio_device_read_iops: rate(u64::MAX),
            blkio_device_write_iops: rate(4),
            ..HostConfig::default()
        };
        let to_null = |rate: u64| json!([{"major": 1, "minor": 3, "rate": rate}]);
        let expect = json!({
            "weight": 300,
            "weightDevice": [{"major": 1, "minor": 5, "weight": 100}],
            "throttleReadBpsDevice": to_null(1),
            "throttleWriteBpsDevice": to_null(2),
            "throttleReadIOPSDevice": to_null(u64::MAX),
            "throttleWriteIOPSDevice": to_null(4),
        });
        assert_eq!(Value::Object(of(&host).unwrap()), expect);
        assert!(of(&HostConfig::default()).unwrap().is_empty());
    }

    #[test]
    fn a_disk_that_is_not_there_is_refused_in_dockers_words() {
        let nope = ThrottleDevice { path: "/dev/nope".to_owned(), rate: 1 };
        let host = HostConfig { blkio_device_read_bps: vec![nope], ..HostConfig::default() };
        assert_eq!(of(&host).unwrap_err().to_string(), "stat /dev/nope: no such file or directory");
    }
}
