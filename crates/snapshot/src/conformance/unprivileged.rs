//! The suite once more, as an ordinary user without any set-up (decision 18).

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use layer::tar::Kind;

use crate::conformance::model::{Node, Tree};

/// What becomes of a tree when it belongs to whoever unpacks it: no owners, no devices, no capabilities.
pub(crate) fn as_this_user(tree: Tree) -> Tree {
    if rustix::process::geteuid().is_root() {
        return tree;
    }
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let is_kept = |node: &Node| !matches!(node.kind, Kind::CharDevice | Kind::BlockDevice);
    let own = |mut node: Node| {
        node.xattrs.remove(&b"security.capability"[..]);
        Node { uid, gid, ..node }
    };
    tree.into_iter().filter(|(_, node)| is_kept(node)).map(|(path, node)| (path, own(node))).collect()
}

/// Nobody's number on every Linux.
const NOBODY: u32 = 65534;

#[test]
fn an_ordinary_user_gets_the_same_trees() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: this is an ordinary user already, the suite itself is this test");
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (program, home) = (temporary.path().join("suite"), temporary.path().join("tmp"));
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    let output = Command::new(&program)
        .args(["conformance::vfs::", "conformance::cold::", "choice::"])
        .args(["--skip", "at_any_call", "--skip", "random"])
        .current_dir(&home)
        .env("TMPDIR", &home)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("conformance::vfs::implied_parents_take_what_is_below ... ok"), "{text}");
}
