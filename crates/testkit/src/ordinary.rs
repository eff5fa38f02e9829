//! An ordinary user that the machine need not know, with the ranges of numbers that the test gives them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::skip;

/// A user that no system has.
const UID: u32 = 54321;

/// An ordinary user, known in a mount namespace of the test's: there the files that say who may have which numbers are
/// the test's own.
pub struct OrdinaryUser {
    /// Keeps the namespace until the test ends.
    holder: Child,
    _etc: tempfile::TempDir,
}

impl OrdinaryUser {
    /// One whose `/etc/subuid` and `/etc/subgid` have this content; nothing where a test cannot have one.
    ///
    /// # Panics
    /// When the files cannot be written.
    pub fn new(ranges: &str) -> Option<OrdinaryUser> {
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
        // Where both versions of cgroups are mounted there is a version of crun that starts nothing: it sees one.
        let script = "for f in passwd subuid subgid; do mount --bind \"$0/$f\" /etc/$f || exit; done; \
                      umount /sys/fs/cgroup/unified 2>/dev/null; echo ready; exec sleep 86400";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]).arg(etc.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut user = OrdinaryUser { holder: command.spawn().ok()?, _etc: etc };
        let mut said = String::new();
        BufReader::new(user.holder.stdout.take()?).read_line(&mut said).ok()?;
        if said != "ready\n" {
            skip::skip("mounts are not allowed here");
            return None;
        }
        Some(user)
    }

    /// Their number.
    pub fn uid(&self) -> u32 {
        UID
    }

    /// What stands before a command so that they run it, in this folder.
    pub fn words(&self, folder: &Path) -> Vec<String> {
        let namespace = format!("--mount=/proc/{}/ns/mnt", self.holder.id());
        let user = UID.to_string();
        let as_user = ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"];
        // Whoever enters a mount namespace is at its root.
        let folder = folder.display().to_string();
        let enter = ["sh", "-c", "cd \"$0\" && exec \"$@\"", &folder];
        ["nsenter", &namespace].iter().chain(&as_user).chain(&enter).map(|word| (*word).to_owned()).collect()
    }
}

impl Drop for OrdinaryUser {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
