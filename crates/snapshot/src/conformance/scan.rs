//! A tree as it really is on disk.

use std::collections::HashMap;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use layer::tar::{Device, Kind, Time};

use crate::conformance::model::{Node, Tree};

/// Reads everything below a directory.
pub(crate) fn scan(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut queue = vec![Vec::new()];
    while let Some(path) = queue.pop() {
        let full = root.join(std::ffi::OsStr::from_bytes(&path));
        let node = unlocked(&full, || node(&full));
        if node.kind == Kind::Directory {
            // Who is not root has to let himself in. The tree is thrown away after the scan.
            if node.mode & 0o700 != 0o700 && !rustix::process::geteuid().is_root() {
                let mode = std::fs::Permissions::from_mode(node.mode | 0o700);
                std::fs::set_permissions(&full, mode).unwrap();
            }
            for entry in std::fs::read_dir(&full).unwrap() {
                let name = entry.unwrap().file_name().into_vec();
                queue.push(if path.is_empty() { name } else { [&path, &b"/"[..], &name].concat() });
            }
        }
        tree.insert(path, node);
    }
    tree
}

/// Looks at something whose mode keeps its owner out, who is not root.
fn unlocked(path: &Path, look: impl FnOnce() -> Node) -> Node {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    let (mode, is_file) = (metadata.mode() & 0o7777, metadata.is_file());
    if !is_file || mode & 0o400 != 0 || rustix::process::geteuid().is_root() {
        return look();
    }
    let set_mode = |mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set_mode(mode | 0o400);
    let node = look();
    set_mode(mode);
    Node { mode, ..node }
}

fn node(path: &Path) -> Node {
    let metadata = std::fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file_type = metadata.file_type();
    let kind = match file_type {
        t if t.is_dir() => Kind::Directory,
        t if t.is_file() => Kind::File,
        t if t.is_symlink() => Kind::Symlink,
        t if t.is_fifo() => Kind::Fifo,
        t if t.is_char_device() => Kind::CharDevice,
        t if t.is_block_device() => Kind::BlockDevice,
        _ => panic!("{} is of a kind that no layer has", path.display()),
    };
    let data = match kind {
        Kind::File => std::fs::read(path).unwrap(),
        Kind::Symlink => std::fs::read_link(path).unwrap().into_os_string().into_vec(),
        _ => Vec::new(),
    };
    let has_device = matches!(kind, Kind::CharDevice | Kind::BlockDevice);
    let number = if has_device { metadata.rdev() } else { 0 };
    let device = Device { major: rustix::fs::major(number), minor: rustix::fs::minor(number) };
    Node {
        kind,
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
        mtime: Time { seconds: metadata.mtime(), nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap() },
        xattrs: xattrs(path),
        data,
        device,
        inode: if kind == Kind::Directory { 0 } else { metadata.ino() },
    }
}

fn xattrs(path: &Path) -> std::collections::BTreeMap<Vec<u8>, Vec<u8>> {
    let mut names = vec![0; 64 << 10];
    let listed = rustix::fs::llistxattr(path, &mut names[..]).unwrap_or(0);
    let value = |name: &[u8]| {
        let mut value = vec![0; 64 << 10];
        let len = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap();
        value.truncate(len);
        value
    };
    names[..listed]
        .split(|b| *b == 0)
        .filter(|name| !name.is_empty())
        .map(|name| (name.to_vec(), value(name)))
        .collect()
}

/// Says where two trees differ; nothing when they do not. Which names are one file counts, not its number.
pub(crate) fn difference(expected: &Tree, found: &Tree) -> Option<String> {
    let mut lines = Vec::new();
    let show = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    for path in expected.keys().filter(|path| !found.contains_key(*path)) {
        lines.push(format!("missing: {:?}", show(path)));
    }
    let (groups, found_groups) = (groups(expected), groups(found));
    for (path, node) in found {
        let Some(wanted) = expected.get(path) else {
            lines.push(format!("unexpected: {:?} {node:?}", show(path)));
            continue;
        };
        let comparable = Node { inode: 0, ..node.clone() };
        if comparable != (Node { inode: 0, ..wanted.clone() }) {
            lines.push(format!("{:?}: wanted {wanted:?}, found {node:?}", show(path)));
        }
        if node.kind == wanted.kind && found_groups.get(&path[..]) != groups.get(&path[..]) {
            lines.push(format!("{:?}: linked to other names than it should", show(path)));
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// For each file the first of its names.
fn groups(tree: &Tree) -> HashMap<&[u8], &[u8]> {
    let mut first: HashMap<u64, &[u8]> = HashMap::new();
    let files = tree.iter().filter(|(_, node)| node.kind != Kind::Directory);
    files.map(|(path, node)| (&path[..], *first.entry(node.inode).or_insert(path))).collect()
}
