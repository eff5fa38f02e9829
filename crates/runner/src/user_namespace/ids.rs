//! The numbers that a user may have in a namespace of their own.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::oci::IdMap;
use crate::runtime::program;

/// A site's list of ranges; each has some 20 bytes.
const RANGES_BYTES_MAX: u64 = 16 << 20;
/// Lines that the kernel takes in a map.
const LINES_MAX: usize = 340;

/// The maps that a user may have, and who writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Maps {
    /// The user alone.
    Alone {
        uid: u32,
        gid: u32,
        /// Why there are no ranges.
        why: String,
    },
    /// With ranges, which two privileged programs write.
    Ranges { newuidmap: PathBuf, newgidmap: PathBuf, uids: Vec<IdMap>, gids: Vec<IdMap> },
}

impl Maps {
    pub(super) fn of_user(uid: u32, gid: u32, path: Option<&OsStr>) -> Maps {
        match Maps::ranges_of(uid, gid, |name| program(name, path)) {
            Ok(maps) => maps,
            Err(why) => Maps::Alone { uid, gid, why },
        }
    }

    fn ranges_of(uid: u32, gid: u32, find: impl Fn(&str) -> Option<PathBuf>) -> Result<Maps, String> {
        let mapper = |name: &str| {
            find(name).ok_or_else(|| format!("{name} is not installed: it comes in the package uidmap"))
        };
        let (newuidmap, newgidmap) = (mapper("newuidmap")?, mapper("newgidmap")?);
        let names = names_of(uid);
        let ranges = |file: &str, own: u32| {
            let bytes = disk::read_named(Path::new(file), RANGES_BYTES_MAX).unwrap_or_default();
            with_ranges(own, &String::from_utf8_lossy(&bytes), &names).ok_or_else(|| {
                let name = names.first().map_or("", String::as_str);
                format!("{file} has no range of numbers for this user, such as `{name}:100000:65536`")
            })
        };
        let (uids, gids) = (ranges("/etc/subuid", uid)?, ranges("/etc/subgid", gid)?);
        Ok(Maps::Ranges { newuidmap, newgidmap, uids, gids })
    }

    pub(super) fn write(&self, pid: i32) -> io::Result<()> {
        match self {
            Maps::Alone { uid, gid, .. } => {
                let write = |name: &str, text: String| {
                    let file = format!("/proc/{pid}/{name}");
                    File::options().write(true).open(file)?.write_all(text.as_bytes())
                };
                write("setgroups", "deny".to_owned())?;
                write("uid_map", format!("0 {uid} 1"))?;
                write("gid_map", format!("0 {gid} 1"))
            }
            Maps::Ranges { newuidmap, newgidmap, uids, gids } => {
                run_mapper(newuidmap, pid, uids)?;
                run_mapper(newgidmap, pid, gids)
            }
        }
    }
}

fn run_mapper(program: &Path, pid: i32, maps: &[IdMap]) -> io::Result<()> {
    let numbers = maps.iter().flat_map(|map| [map.inside, map.outside, map.count]);
    let output = Command::new(program).arg(pid.to_string()).args(numbers.map(|n| n.to_string())).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{}: {said}", program.display())))
}

/// What a user is called: the number, and the name where there is one.
fn names_of(uid: u32) -> Vec<String> {
    let bytes = disk::read_named(Path::new("/etc/passwd"), RANGES_BYTES_MAX).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let number = uid.to_string();
    let named = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    named.into_iter().chain([number]).collect()
}

/// The user as root, and after that the ranges that a list gives them; nothing when it gives none. What the kernel would
/// refuse is left out: numbers that are there already, and more lines than it takes.
fn with_ranges(own: u32, list: &str, names: &[String]) -> Option<Vec<IdMap>> {
    let mut maps = vec![IdMap { inside: 0, outside: own, count: 1 }];
    let mut next = 1_u32;
    for line in list.lines() {
        let [name, start, count] = line.trim().split(':').collect::<Vec<_>>()[..] else { continue };
        let (Ok(outside), Ok(count)) = (start.parse::<u32>(), count.parse::<u32>()) else { continue };
        let (Some(end), Some(following)) = (outside.checked_add(count), next.checked_add(count)) else {
            continue;
        };
        let overlaps = |map: &IdMap| outside < map.outside.saturating_add(map.count) && map.outside < end;
        if !names.iter().any(|known| known == name) || count == 0 || maps.iter().any(overlaps) {
            continue;
        }
        maps.push(IdMap { inside: next, outside, count });
        next = following;
        if maps.len() == LINES_MAX {
            break;
        }
    }
    (maps.len() > 1).then_some(maps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_user_one_after_the_other() {
        let names = ["joe".to_owned(), "1000".to_owned()];
        let list = "jane:100000:65536\njoe:200000:65536\n1000:400000:10\njoe:x:1\njoe:1:0\nshort\n";
        let map = |inside, outside, count| IdMap { inside, outside, count };
        let expect = vec![map(0, 1000, 1), map(1, 200_000, 65536), map(65537, 400_000, 10)];
        assert_eq!(with_ranges(1000, list, &names), Some(expect));
        assert_eq!(with_ranges(1000, "jane:100000:65536\n", &names), None);
        assert_eq!(with_ranges(1000, "joe:4294967295:2\n", &names), None);
    }

    #[test]
    fn what_the_kernel_would_refuse_is_left_out() {
        let names = ["joe".to_owned()];
        let map = |inside, outside, count| IdMap { inside, outside, count };
        let check = |list: &str, expect: &[IdMap]| {
            let found = with_ranges(1000, list, &names);
            assert_eq!(found.unwrap_or_default(), expect, "{list}");
        };
        let own = map(0, 1000, 1);
        check("joe:200:65536\n", &[]);
        check("joe:2000:10\njoe:2005:10\njoe:2010:5\n", &[own, map(1, 2000, 10), map(11, 2010, 5)]);
        check(
            "joe:2000:4294960000\njoe:1:900\n",
            &[own, map(1, 2000, 4_294_960_000), map(4_294_960_001, 1, 900)],
        );
        check(
            "joe:2000:4294960000\njoe:1:900\njoe:900:90000\n",
            &[own, map(1, 2000, 4_294_960_000), map(4_294_960_001, 1, 900)],
        );
        for malformed in
            ["joe:2000", "joe:2000:1:1", "joe:-1:5", "joe::", ":2000:5", "joe:0x10:5", "joe:99999999999:1"]
        {
            check(malformed, &[]);
        }
        let many: String = (0..1000).map(|n| format!("joe:{}:1\n", 5000 + 2 * n)).collect();
        assert_eq!(with_ranges(1000, &many, &names).map(|maps| maps.len()), Some(LINES_MAX));
    }

    #[test]
    fn without_ranges_it_is_said_what_is_missing() {
        let why = |has_mappers: bool| {
            let find = |name: &str| has_mappers.then(|| Path::new("/usr/bin").join(name));
            Maps::ranges_of(4_000_000_000, 4_000_000_000, find).unwrap_err()
        };
        assert_eq!(why(false), "newuidmap is not installed: it comes in the package uidmap");
        assert!(
            why(true).starts_with("/etc/subuid has no range")
                && why(true).contains("`4000000000:100000:65536`")
        );
    }
}
