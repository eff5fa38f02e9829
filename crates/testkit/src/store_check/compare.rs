//! The difference between two trees, for people.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;

use super::tree::{Node, NodeKind, Tree};

/// Differences that are listed before the rest is only counted.
const LISTED_MAX: usize = 50;

/// What a comparison looks at, beside names, kinds and contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aspects {
    /// Permission bits. (Symbolic links have none that mean anything.)
    pub modes: bool,
    /// Owners and groups.
    pub owners: bool,
    /// Modification times of what is not a directory.
    pub times: bool,
    /// Modification times of directories.
    pub dir_times: bool,
    /// Which names are links to the same thing.
    pub links: bool,
    /// Extended attributes.
    pub xattrs: bool,
    /// Extended attributes that do not count: beginnings of names.
    pub ignored_xattrs: Vec<String>,
    /// Whether times are rounded down to seconds, as archives without fractions have them.
    pub whole_seconds: bool,
    /// Whether the root's own mode, owner, time and attributes count.
    pub root: bool,
}

impl Aspects {
    /// Everything.
    pub fn all() -> Aspects {
        Aspects {
            modes: true,
            owners: true,
            times: true,
            dir_times: true,
            links: true,
            xattrs: true,
            ignored_xattrs: Vec::new(),
            whole_seconds: false,
            root: true,
        }
    }

    /// What an unpacked image must have right: everything, except the root's own data, attributes that belong
    /// to the machine, and fractions of seconds.
    pub fn of_image() -> Aspects {
        let ignored = ["security.selinux", "trusted.overlay.", "user.overlay."].map(str::to_owned);
        Aspects { ignored_xattrs: ignored.into(), whole_seconds: true, root: false, ..Aspects::all() }
    }

    /// What an ordinary user can have right: no owners.
    pub fn of_ordinary_user() -> Aspects {
        Aspects { owners: false, ..Aspects::of_image() }
    }
}

impl Tree {
    /// Goes on only when both trees are the same.
    ///
    /// # Panics
    /// With a list of differences.
    #[track_caller]
    pub fn expect_same(&self, actual: &Tree, aspects: &Aspects) {
        let differences = compare(self, actual, aspects);
        assert!(differences.is_empty(), "the trees differ:\n{differences}");
    }
}

/// What `actual` has differently from `expected`, a line for each path: `-` missing, `+` not expected, `~`
/// different. Empty when nothing.
pub fn compare(expected: &Tree, actual: &Tree, aspects: &Aspects) -> String {
    let mut lines = Vec::new();
    for (path, node) in &expected.nodes {
        match actual.nodes.get(path) {
            None => lines.push(format!("- {} ({})", show(path), kind(&node.kind))),
            Some(other) => {
                let changes = changes(path, node, other, aspects);
                if !changes.is_empty() {
                    lines.push(format!("~ {}: {}", show(path), changes.join(", ")));
                }
            }
        }
    }
    let unexpected = actual.nodes.iter().filter(|(path, _)| !expected.nodes.contains_key(*path));
    lines.extend(unexpected.map(|(path, node)| format!("+ {} ({})", show(path), kind(&node.kind))));
    let mut text = String::new();
    for line in lines.iter().take(LISTED_MAX) {
        let _ = writeln!(text, "{line}");
    }
    if lines.len() > LISTED_MAX {
        let _ = writeln!(text, "… and {} more", lines.len() - LISTED_MAX);
    }
    text
}

fn show(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}

fn changes(path: &Path, expected: &Node, actual: &Node, aspects: &Aspects) -> Vec<String> {
    let mut changes = Vec::new();
    let mut differ = |name: &str, expected: String, actual: String| {
        if expected != actual {
            changes.push(format!("{name} {expected} → {actual}"));
        }
    };
    differ("is", kind(&expected.kind), kind(&actual.kind));
    if path.as_os_str().is_empty() && !aspects.root {
        return changes;
    }
    let is_dir = expected.kind == NodeKind::Dir;
    if aspects.modes && !matches!(expected.kind, NodeKind::Symlink(_)) {
        differ("mode", format!("{:04o}", expected.mode), format!("{:04o}", actual.mode));
    }
    if aspects.owners {
        let owner = |node: &Node| format!("{}:{}", node.uid, node.gid);
        differ("owner", owner(expected), owner(actual));
    }
    if if is_dir { aspects.dir_times } else { aspects.times } {
        differ("mtime", time(expected, aspects), time(actual, aspects));
    }
    if aspects.links {
        let link = |node: &Node| node.link_to.as_deref().map_or("itself".to_owned(), show);
        differ("the same as", link(expected), link(actual));
    }
    if aspects.xattrs {
        differ("attributes", attributes(expected, aspects), attributes(actual, aspects));
    }
    changes
}

fn kind(kind: &NodeKind) -> String {
    match kind {
        NodeKind::File(size, digest) => format!("file of {size} bytes {}", digest.short()),
        NodeKind::Dir => "directory".to_owned(),
        NodeKind::Symlink(target) => format!("link to {}", target.display()),
        NodeKind::Fifo => "pipe".to_owned(),
        NodeKind::Socket => "socket".to_owned(),
        NodeKind::CharDevice(device) => format!("character device {device:#x}"),
        NodeKind::BlockDevice(device) => format!("block device {device:#x}"),
    }
}

fn time(node: &Node, aspects: &Aspects) -> String {
    let (seconds, nanos) = node.mtime;
    if aspects.whole_seconds { seconds.to_string() } else { format!("{seconds}.{nanos:09}") }
}

fn attributes(node: &Node, aspects: &Aspects) -> String {
    let counts = |name: &OsStr| {
        let name = name.to_string_lossy();
        !aspects.ignored_xattrs.iter().any(|prefix| name.starts_with(prefix.as_str()))
    };
    let attributes = node.xattrs.iter().filter(|(name, _)| counts(name));
    let shown = attributes.map(|(name, value)| format!("{}={}", name.display(), value.escape_ascii()));
    format!("[{}]", shown.collect::<Vec<_>>().join(" "))
}
