//! Who a program is: users and groups by name or number, looked up in the image's own files (RUN-4).

use std::io::Read;
use std::path::Path;

use super::OciError;
use super::place::Places;
use crate::error::Result as RunnerResult;

/// The highest number of a user or group; the kernel's own go further, and -1 is among them.
pub(super) const ID_MAX: u32 = i32::MAX as u32;
const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";
/// Some 100,000 users.
const FILE_BYTES_MAX: u64 = 8 << 20;
/// A group with some 100,000 members.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Who a program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// All groups, the own one first.
    pub(super) groups: Vec<u32>,
    pub(super) home: String,
}

/// The users and groups of an image.
struct Accounts {
    users: Vec<Entry>,
    groups: Vec<Group>,
}

struct Entry {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

/// Looks up `user[:group]`, empty for root, and groups besides.
pub(super) fn look_up(rootfs: &Path, asked: &str, extra: &[String]) -> RunnerResult<User> {
    let places = Places::open(rootfs)?;
    let accounts = Accounts {
        users: lines(&read(&places, PASSWD)?, PASSWD)?.filter_map(Entry::parse).collect(),
        groups: lines(&read(&places, GROUP)?, GROUP)?.filter_map(Group::parse).collect(),
    };
    Ok(accounts.find(asked, extra)?)
}

impl Accounts {
    fn find(&self, asked: &str, extra: &[String]) -> Result<User, OciError> {
        let mut parts = asked.split(':');
        let (user, group) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let entry = self.user(user);
        let uid = match entry {
            Some(entry) => entry.uid,
            None if user.is_empty() => 0,
            None => number(user).ok_or_else(|| OciError::NoSuchUser(user.to_owned()))??,
        };
        let own = entry.map_or(0, |entry| entry.gid);
        let gid = if group.is_empty() { own } else { self.group(group, OciError::NoSuchGroup)? };
        let mut groups = vec![gid];
        if let (Some(entry), true) = (entry, group.is_empty()) {
            let has = |group: &&Group| group.members.contains(&entry.name);
            groups.extend(self.groups.iter().filter(has).map(|group| group.gid));
        }
        for name in extra {
            groups.push(self.group(name, OciError::NoSuchExtraGroup)?);
        }
        let mut seen = std::collections::HashSet::new();
        groups.retain(|gid| seen.insert(*gid));
        let home = self.users.iter().find(|entry| entry.uid == uid).map_or("/", |entry| &entry.home);
        Ok(User { uid, gid, groups, home: if home.is_empty() { "/".to_owned() } else { home.to_owned() } })
    }

    /// The first one counts. What looks like a number is one.
    fn user(&self, asked: &str) -> Option<&Entry> {
        let number = if asked.is_empty() { Some(0) } else { asked.parse::<i64>().ok() };
        self.users.iter().find(|entry| match number {
            Some(number) => i64::from(entry.uid) == number,
            None => entry.name == asked,
        })
    }

    fn group(&self, asked: &str, unknown: fn(String) -> OciError) -> Result<u32, OciError> {
        match number(asked) {
            Some(gid) => gid,
            None => {
                let found = self.groups.iter().find(|group| group.name == asked);
                found.map(|group| group.gid).ok_or_else(|| unknown(asked.to_owned()))
            }
        }
    }
}

/// A number, if it is one.
fn number(text: &str) -> Option<Result<u32, OciError>> {
    let number: i64 = text.parse().ok()?;
    let id = u32::try_from(number).ok().filter(|id| *id <= ID_MAX);
    Some(id.ok_or(OciError::IdRange))
}

/// An id of a line; a line without a clean one is nobody's.
fn id(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id <= ID_MAX)
}

impl Entry {
    fn parse(line: &str) -> Option<Entry> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
        let (uid, gid) = (id(fields.nth(1)?)?, id(fields.next()?)?);
        let home = fields.nth(1).unwrap_or_default().to_owned();
        Some(Entry { name, uid, gid, home })
    }
}

impl Group {
    fn parse(line: &str) -> Option<Group> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
        let gid = id(fields.nth(1)?)?;
        let members = fields.next().unwrap_or_default().split(',').map(|name| name.trim().to_owned());
        Some(Group { name, gid, members: members.filter(|name| !name.is_empty()).collect() })
    }
}

/// A file of accounts; an image without it has none.
fn read(places: &Places, file: &'static str) -> RunnerResult<String> {
    let Some(opened) = places.open_file(file)? else { return Ok(String::new()) };
    let refuse = |reason: String| OciError::Accounts { file, reason };
    let mut bytes = Vec::new();
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(refuse(format!("has more than {FILE_BYTES_MAX} bytes")).into());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn lines<'t>(text: &'t str, file: &'static str) -> Result<impl Iterator<Item = &'t str>, OciError> {
    match text.lines().position(|line| line.len() > LINE_BYTES_MAX) {
        Some(at) => {
            let reason = format!("line {} has more than {LINE_BYTES_MAX} bytes", at + 1);
            Err(OciError::Accounts { file, reason })
        }
        None => Ok(text.lines().map(str::trim).filter(|line| !line.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\n\n  daemon:x:1:1::/:/bin/false  \napp:x:1000:1001:App:/srv/app:\
        /bin/sh\n123:x:77:78::/n:/bin/sh\nbad:x:abc:0::/:\nlow:x:-1:0::/:\nhigh:x:2147483648:0::/:\nshort:x\n:x:5:5::/:\n\
        bare:x:6:6\n";
    const GROUPS: &str = "root:x:0:\nbin:x:1:root,daemon\nadm:x:4:root, app\napp:x:1001:\nextra:x:2000:app,other\n\
        bad:x:x:app\nsame:x:1001:app\n";

    fn image(users: Option<&str>, groups: Option<&str>) -> tempfile::TempDir {
        let tmp = tempfile::tempdir().unwrap();
        std::fs::create_dir(tmp.path().join("etc")).unwrap();
        for (name, text) in [("etc/passwd", users), ("etc/group", groups)] {
            if let Some(text) = text {
                std::fs::write(tmp.path().join(name), text).unwrap();
            }
        }
        tmp
    }

    fn found(tmp: &tempfile::TempDir, asked: &str, extra: &[&str]) -> Result<String, String> {
        let extra: Vec<String> = extra.iter().map(|text| (*text).to_owned()).collect();
        let user = look_up(tmp.path(), asked, &extra).map_err(|error| error.to_string())?;
        Ok(format!("{}:{} {:?} {}", user.uid, user.gid, user.groups, user.home))
    }

    #[test]
    fn run_4_users_and_groups_are_looked_up_in_the_image() {
        let tmp = image(Some(USERS), Some(GROUPS));
        let check = |asked: &str, extra: &[&str], expect: &str| {
            assert_eq!(found(&tmp, asked, extra).unwrap(), expect, "{asked} {extra:?}");
        };
        check("", &[], "0:0 [0, 1, 4] /root");
        check("root", &[], "0:0 [0, 1, 4] /root");
        check("app", &[], "1000:1001 [1001, 4, 2000] /srv/app");
        check("1000", &[], "1000:1001 [1001, 4, 2000] /srv/app");
        check("app:extra", &[], "1000:2000 [2000] /srv/app");
        check("app:7", &[], "1000:7 [7] /srv/app");
        check("5000", &[], "5000:0 [0] /");
        check("5000:bin", &[], "5000:1 [1] /");
        check("123", &[], "123:0 [0] /");
        check("app", &["extra", "77", "77", "bin"], "1000:1001 [1001, 4, 2000, 77, 1] /srv/app");
        check(":bin", &[], "0:1 [1] /root");
        check("bare", &[], "6:6 [6] /");
        check("app:bin:more", &[], "1000:1 [1] /srv/app");
        check("2147483647:2147483647", &[], "2147483647:2147483647 [2147483647] /");
    }

    #[test]
    fn run_4_nobody_becomes_root_by_mistake() {
        let tmp = image(Some(USERS), Some(GROUPS));
        let refused = |asked: &str, extra: &[&str], expect: &str| {
            assert_eq!(found(&tmp, asked, extra).unwrap_err(), expect, "{asked} {extra:?}");
        };
        refused("nosuch", &[], "unable to find user nosuch: no matching entries in passwd file");
        refused("Root", &[], "unable to find user Root: no matching entries in passwd file");
        for name in ["bad", "low", "high", "short"] {
            refused(name, &[], &format!("unable to find user {name}: no matching entries in passwd file"));
        }
        refused("app:nogroup", &[], "unable to find group nogroup: no matching entries in group file");
        refused("app:bad", &[], "unable to find group bad: no matching entries in group file");
        refused("app", &["nogrp"], "Unable to find group nogrp: no matching entries in group file");
        for number in ["-1", "2147483648", "4294967296", "0:4294967296", "0:-1"] {
            refused(number, &[], "uids and gids must be in range 0-2147483647");
        }
        refused("app", &["4294967296"], "uids and gids must be in range 0-2147483647");
        let big = "18446744073709551616";
        refused(big, &[], &format!("unable to find user {big}: no matching entries in passwd file"));
    }

    #[test]
    fn run_4_files_of_accounts_are_plain_bounded_and_the_images_own() {
        let empty = image(None, None);
        assert_eq!(found(&empty, "", &[]).unwrap(), "0:0 [0] /");
        assert_eq!(found(&empty, "7:8", &["9"]).unwrap(), "7:8 [8, 9] /");
        assert!(found(&empty, "root", &[]).unwrap_err().starts_with("unable to find user root"));

        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("passwd"), "evil:x:0:0::/:\n").unwrap();
        let linked = image(None, None);
        symlink(outside.path().join("passwd"), linked.path().join("etc/passwd")).unwrap();
        assert!(found(&linked, "evil", &[]).unwrap_err().starts_with("unable to find user evil"));
        // The harmless twin: a link that stays inside.
        let inside = image(None, None);
        std::fs::write(inside.path().join("users"), "app:x:5:6::/:\n").unwrap();
        symlink("/users", inside.path().join("etc/passwd")).unwrap();
        assert_eq!(found(&inside, "app", &[]).unwrap(), "5:6 [6] /");

        let fifo = image(None, None);
        let path = fifo.path().join("etc/passwd");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, rustix::fs::Mode::RWXU, 0).unwrap();
        assert!(found(&fifo, "app", &[]).unwrap_err().contains("not a regular file"));

        let large = image(Some(&"a:x:1:1::/:\n".repeat(700_000)), None);
        assert_eq!(
            found(&large, "a", &[]).unwrap_err(),
            "read etc/passwd of the image: has more than 8388608 bytes"
        );
        let long = image(Some(&format!("a:x:1:1::/:\nb:{}\n", "x".repeat(LINE_BYTES_MAX))), None);
        assert_eq!(
            found(&long, "a", &[]).unwrap_err(),
            "read etc/passwd of the image: line 2 has more than 1048576 bytes"
        );
    }

    proptest! {
        #[test]
        fn run_4_whatever_stands_in_the_files_only_root_is_root(
            users in "([a-c]{0,2}:x:[0-9-]{0,11}:[0-9]{0,11}:{0,3}\n){0,4}",
            asked in "[a-c]{1,2}",
        ) {
            let accounts = Accounts { users: users.lines().filter_map(Entry::parse).collect(), groups: Vec::new() };
            let is_root = |line: &&str| {
                let mut fields = line.split(':');
                fields.next() == Some(&asked) && fields.nth(1).is_some_and(|uid| !uid.is_empty()
                    && !uid.starts_with('-') && uid.bytes().all(|byte| byte == b'0'))
            };
            if let Ok(user) = accounts.find(&asked, &[]) && user.uid == 0 {
                prop_assert!(users.lines().any(|line| is_root(&line)));
            }
        }
    }
}
