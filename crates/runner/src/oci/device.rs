//! Devices of this machine in a container, and who may use which.

use std::path::Path;

use rustix::fs::{FileType, lstat, major, minor};
use serde_json::{Value, json};

use super::OciError;
use crate::record::{DeviceAsked, HostConfig};

/// `full`, `null`, `urandom`, `random`, `tty`, `console`: what every container has.
const USUAL: [(u32, u32); 6] = [(1, 5), (1, 3), (1, 9), (1, 8), (5, 0), (5, 1)];
/// `fuse`, which was there once.
const FUSE: (u32, u32) = (10, 229);
/// Folders of `/dev` that are not the machine's devices.
const NOT_DEVICES: [&str; 7] = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"];
/// Devices below one folder; a machine has some hundred.
const DEVICES_MAX: usize = 10_000;
/// Folders below `/dev` lie three deep at most.
const DEPTH_MAX: usize = 16;

/// Devices that are made in a container, and rules for its cgroup.
#[derive(Debug, Default)]
pub(super) struct Devices {
    pub(super) made: Vec<Value>,
    pub(super) rules: Vec<Value>,
}

/// A device of this machine.
struct Device {
    kind: &'static str,
    major: u32,
    minor: u32,
    mode: u32,
    uid: u32,
    gid: u32,
}

/// Everything about devices.
pub(super) fn of(host: &HostConfig) -> Result<Devices, OciError> {
    let mut devices = Devices { made: Vec::new(), rules: usual() };
    if host.privileged {
        below(Path::new("/dev"), "/dev", 0, &mut |device, path| {
            if device.kind != "p" && path != "/dev/console" {
                devices.made.push(device.made(path));
            }
        });
        let elsewhere = |asked: &&DeviceAsked| asked.path_on_host != asked.path_in_container;
        for asked in host.devices.iter().filter(elsewhere) {
            gather(asked, &mut |device, path| devices.made.push(device.made(path)))?;
        }
        devices.rules.push(json!({"allow": true, "access": "rwm"}));
        return Ok(devices);
    }
    for asked in &host.devices {
        let Devices { made, rules } = &mut devices;
        gather(asked, &mut |device, path| {
            made.push(device.made(path));
            rules.push(device.rule(&asked.cgroup_permissions));
        })?;
    }
    for text in &host.device_cgroup_rules {
        devices.rules.push(rule(text)?);
    }
    Ok(devices)
}

/// Refuses rules that are none.
pub(super) fn check_rules(texts: &[String]) -> Result<(), OciError> {
    texts.iter().try_for_each(|text| rule(text).map(drop))
}

fn usual() -> Vec<Value> {
    let rule = |allow: bool, (major, minor): (u32, u32)| json!({"allow": allow, "type": "c", "major": major, "minor": minor, "access": "rwm"});
    let mut rules = vec![json!({"allow": false, "access": "rwm"})];
    rules.extend(USUAL.iter().map(|numbers| rule(true, *numbers)));
    rules.push(rule(false, FUSE));
    rules
}

/// A device, or all devices below a folder.
fn gather(asked: &DeviceAsked, found: &mut dyn FnMut(&Device, &str)) -> Result<(), OciError> {
    let refuse = |reason: String| OciError::Device { path: asked.path_on_host.clone(), reason };
    let source =
        std::fs::canonicalize(&asked.path_on_host).map_err(|error| refuse(disk::errno_text(&error)))?;
    let target =
        if asked.path_in_container.is_empty() { &asked.path_on_host } else { &asked.path_in_container };
    if let Some(device) = Device::at(&source) {
        found(&device, target);
        return Ok(());
    }
    let mut number = 0;
    if source.is_dir() {
        below(&source, target, 0, &mut |device, path| {
            number += 1;
            found(device, path);
        });
    }
    if number == 0 { Err(refuse("not a device node".to_owned())) } else { Ok(()) }
}

/// Walks over the devices below a folder, in the order of their names.
fn below(folder: &Path, target: &str, depth: usize, found: &mut dyn FnMut(&Device, &str)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut names: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name())).take(DEVICES_MAX).collect();
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let Some(name) = name.to_str() else { continue };
        let inside = format!("{}/{name}", target.trim_end_matches('/'));
        if let Some(device) = Device::at(&path) {
            found(&device, &inside);
        } else if depth < DEPTH_MAX
            && !NOT_DEVICES.contains(&name)
            && lstat(&path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
        {
            below(&path, &inside, depth + 1, found);
        }
    }
}

impl Device {
    /// What is at a path, if that is a device.
    fn at(path: &Path) -> Option<Device> {
        let stat = lstat(path).ok()?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::CharacterDevice => "c",
            FileType::BlockDevice => "b",
            FileType::Fifo => "p",
            _ => return None,
        };
        let (major, minor) = (major(stat.st_rdev), minor(stat.st_rdev));
        Some(Device { kind, major, minor, mode: stat.st_mode & 0o7777, uid: stat.st_uid, gid: stat.st_gid })
    }

    fn made(&self, path: &str) -> Value {
        json!({"path": path, "type": self.kind, "major": self.major, "minor": self.minor, "fileMode": self.mode,
            "uid": self.uid, "gid": self.gid})
    }

    fn rule(&self, access: &str) -> Value {
        json!({"allow": true, "type": self.kind, "major": self.major, "minor": self.minor, "access": access})
    }
}

/// `c 1:3 rwm`, with `*` for any number.
fn rule(text: &str) -> Result<Value, OciError> {
    let refuse = || OciError::DeviceRule(text.to_owned());
    let fields: Vec<&str> = text.split(' ').collect();
    let [kind @ ("a" | "b" | "c"), numbers, access] = fields[..] else { return Err(refuse()) };
    let (major, minor) = numbers.split_once(':').ok_or_else(refuse)?;
    let number = |text: &str| match text {
        "*" => Some(-1),
        _ => Some(text)
            .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|text| text.parse().ok()),
    };
    let (major, minor): (i64, i64) = number(major).zip(number(minor)).ok_or_else(refuse)?;
    if !(1..=3).contains(&access.len()) || !access.bytes().all(|letter| b"rwm".contains(&letter)) {
        return Err(refuse());
    }
    Ok(json!({"allow": true, "type": kind, "major": major, "minor": minor, "access": access}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(source: &str, target: &str, access: &str) -> HostConfig {
        let device = DeviceAsked {
            path_on_host: source.to_owned(),
            path_in_container: target.to_owned(),
            cgroup_permissions: access.to_owned(),
        };
        HostConfig { devices: vec![device], ..HostConfig::default() }
    }

    #[test]
    fn devices_are_made_with_their_numbers() {
        let tmp = tempfile::tempdir().unwrap();
        let link = tmp.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for source in ["/dev/null", link.to_str().unwrap()] {
            let devices = of(&asked(source, "/dev/xnull", "r")).unwrap();
            assert_eq!(devices.made.len(), 1);
            let made = &devices.made[0];
            assert_eq!((&made["path"], &made["type"]), (&json!("/dev/xnull"), &json!("c")));
            assert_eq!((&made["major"], &made["minor"]), (&json!(1), &json!(3)));
            let rule = json!({"allow": true, "type": "c", "major": 1, "minor": 3, "access": "r"});
            assert_eq!(devices.rules.last(), Some(&rule));
        }
        assert_eq!(of(&HostConfig::default()).unwrap().rules.len(), 8);
    }

    #[test]
    fn folders_bring_their_devices() {
        let tmp = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tmp.path().join("a/b")).unwrap();
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, tmp.path().join("a/b/one"), fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
        std::fs::write(tmp.path().join("a/file"), "").unwrap();
        let devices = of(&asked(tmp.path().join("a").to_str().unwrap(), "/dev/all", "rwm")).unwrap();
        assert_eq!(devices.made.len(), 1);
        assert_eq!(devices.made[0]["path"], "/dev/all/b/one");
    }

    #[test]
    fn what_is_no_device_is_refused_in_dockers_words() {
        let refused = |source: &str, expect: &str| {
            let error = of(&asked(source, source, "rwm")).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("error gathering device information while adding custom device {expect}")
            );
        };
        refused("/dev/nope", "\"/dev/nope\": no such file or directory");
        refused("/etc/passwd", "\"/etc/passwd\": not a device node");
    }

    #[test]
    fn privileged_containers_have_all_devices() {
        let host = HostConfig { privileged: true, ..HostConfig::default() };
        let devices = of(&host).unwrap();
        let has = |path: &str| devices.made.iter().any(|device| device["path"] == path);
        assert!(has("/dev/null") && !has("/dev/console") && !has("/dev/pts/0"));
        assert_eq!(devices.rules.last(), Some(&json!({"allow": true, "access": "rwm"})));
    }

    #[test]
    fn rules_are_read() {
        let check = |text: &str, major: i64, minor: i64| {
            let access = text.rsplit(' ').next().unwrap();
            let expect =
                json!({"allow": true, "type": &text[..1], "major": major, "minor": minor, "access": access});
            assert_eq!(rule(text).unwrap(), expect);
        };
        check("c 1:3 mr", 1, 3);
        check("a *:* rwm", -1, -1);
        check("b 8:* r", 8, -1);
        for text in
            ["c 1:3", "d 1:3 r", "c 1 r", "c 1:-3 r", "c 1:3 x", "c 1:3 rwmr", "c  1:3 r", "c +1:3 r", ""]
        {
            let expect = format!("invalid device cgroup rule format: '{text}'");
            assert_eq!(rule(text).unwrap_err().to_string(), expect);
        }
    }
}
