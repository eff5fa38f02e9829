//! An ordinary user that the machine need not know, with the ranges of numbers that the test gives them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::skip;

/// A user that no system has.
const UID: u32 = 54321;

/// An ordinary user, known in a mount namespace of the test's: there the files that say who may have which numbers are
/// the test's own.
pub struct OrdinaryUser {
    /// Keeps the namespaces until the test ends.
    holder: Child,
    /// Whether one of them is a user namespace.
    has_user_space: bool,
    _etc: tempfile::TempDir,
}

/// What such a user does not find on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Everything is there.
    Nothing,
    /// `newuidmap`.
    Mapper,
    /// What `newuidmap` is allowed to do more than who runs it.
    MapperPrivileges,
    /// User namespaces that ordinary users may make.
    Namespaces,
}

impl OrdinaryUser {
    /// One whose `/etc/subuid` and `/etc/subgid` have this content; nothing where a test cannot have one.
    ///
    /// # Panics
    /// When the files cannot be written.
    pub fn new(ranges: &str) -> Option<OrdinaryUser> {
        OrdinaryUser::lacking(ranges, Lack::Nothing)
    }

    /// One for whom something is not there.
    ///
    /// # Panics
    /// As [`OrdinaryUser::new`].
    pub fn lacking(ranges: &str, lack: Lack) -> Option<OrdinaryUser> {
        if !skip::root() || !["unshare", "nsenter", "setpriv"].into_iter().all(skip::installed) {
            return None;
        }
        if !["/etc/subuid", "/etc/subgid"].into_iter().all(|file| fs::exists(file).unwrap_or(false)) {
            skip::skip("needs the files /etc/subuid and /etc/subgid, of the package uidmap");
            return None;
        }
        let etc = tempfile::tempdir().expect("a temporary folder");
        let known = fs::read_to_string("/etc/passwd").expect("who is known here");
        let line = format!("tester:x:{UID}:{UID}::/nonexistent:/bin/sh\n");
        for (name, text) in [("passwd", known + &line), ("subuid", ranges.into()), ("subgid", ranges.into())]
        {
            fs::write(etc.path().join(name), text).expect("a file in the temporary folder");
        }
        let mut holder = hold(&etc, lack).ok()?;
        match tell(&mut holder, lack) {
            Ok(true) => Some(OrdinaryUser { holder, has_user_space: lack == Lack::Namespaces, _etc: etc }),
            _ => {
                drop((holder.kill(), holder.wait()));
                skip::skip("namespaces or mounts are not allowed here");
                None
            }
        }
    }

    /// Their number.
    pub fn uid(&self) -> u32 {
        UID
    }

    /// What stands before a command so that they run it, in this folder.
    pub fn words(&self, folder: &Path) -> Vec<String> {
        let space = |name: &str, file: &str| format!("--{name}=/proc/{}/ns/{file}", self.holder.id());
        let mut spaces = vec![space("mount", "mnt")];
        if self.has_user_space {
            spaces.extend([space("user", "user"), "--preserve-credentials".to_owned()]);
        }
        let user = UID.to_string();
        let as_user = ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"];
        // Whoever enters a mount namespace is at its root.
        let folder = folder.display().to_string();
        let enter = ["sh", "-c", "cd \"$0\" && exec \"$@\"", &folder];
        let entered = ["nsenter"].into_iter().chain(spaces.iter().map(String::as_str));
        entered.chain(as_user).chain(enter).map(str::to_owned).collect()
    }
}

impl Drop for OrdinaryUser {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}

/// Starts what keeps the namespaces. It says `ready` when it is told to go on.
fn hold(etc: &tempfile::TempDir, lack: Lack) -> std::io::Result<Child> {
    let missing = match lack {
        Lack::Nothing => "",
        Lack::Mapper => "mount --bind /dev/null \"$(command -v newuidmap)\" || exit",
        Lack::MapperPrivileges => {
            "cp \"$(command -v newuidmap)\" \"$0/mapper\" && chmod 755 \"$0/mapper\" && chmod 755 \"$0\" && \
             mount --bind \"$0/mapper\" \"$(command -v newuidmap)\" || exit"
        }
        Lack::Namespaces => "echo 0 > /proc/sys/user/max_user_namespaces || exit",
    };
    // Where both versions of cgroups are mounted there is a version of crun that starts nothing: it sees one.
    let script = format!(
        "for f in passwd subuid subgid; do mount --bind \"$0/$f\" /etc/$f || exit; done; {missing}
         umount /sys/fs/cgroup/unified 2>/dev/null; echo ready; exec sleep 86400"
    );
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if lack == Lack::Namespaces {
        // The setting holds for all that is below the user namespace in which it is made.
        command.arg("--user");
    }
    command.args(["sh", "-c", "read go && exec sh -c \"$1\" \"$0\""]).arg(etc.path()).arg(script);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

/// Gives the holder's user namespace everybody, and lets it go on; says whether it could.
fn tell(holder: &mut Child, lack: Lack) -> std::io::Result<bool> {
    let proc = format!("/proc/{}", holder.id());
    if lack == Lack::Namespaces {
        while fs::read_link(format!("{proc}/ns/user"))? == fs::read_link("/proc/self/ns/user")? {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        for map in ["uid_map", "gid_map"] {
            fs::write(format!("{proc}/{map}"), "0 0 4294967295")?;
        }
    }
    let mut said = String::new();
    if let (Some(mut stdin), Some(stdout)) = (holder.stdin.take(), holder.stdout.take()) {
        stdin.write_all(b"go\n")?;
        BufReader::new(stdout).read_line(&mut said)?;
    }
    Ok(said == "ready\n")
}
