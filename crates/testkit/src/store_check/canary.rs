//! A folder that hostile input aims at and must never reach.

use std::fs::{self, File, FileTimes, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, XattrFlags, mknodat, setxattr};

use super::compare::{Aspects, compare};
use super::tree::Tree;

/// A folder with one thing of each kind, and how it was when it was made.
#[derive(Debug)]
pub struct Canary {
    path: PathBuf,
    secret: String,
    before: Tree,
}

impl Canary {
    /// Makes the folder: files, a directory, links, a pipe and a socket, with modes, times and attributes
    /// that nobody sets by chance.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn plant(path: &Path) -> Canary {
        let secret = format!("canary-{:016x}", RandomState::new().hash_one(()));
        lay_out(path, &secret).expect("a folder for the canary");
        let before = Tree::read(path).expect("the canary's own tree");
        Canary { path: path.to_owned(), secret, before }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A text that is in its file `secret`, and nowhere else in the world.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// How it was when it was planted.
    pub fn before(&self) -> &Tree {
        &self.before
    }

    /// What has changed since; empty when nothing.
    ///
    /// # Errors
    /// When it cannot be read any more.
    pub fn changes(&self) -> io::Result<String> {
        Ok(compare(&self.before, &Tree::read(&self.path)?, &Aspects::all()))
    }

    /// Goes on only when nothing has changed.
    ///
    /// # Panics
    /// With what has changed.
    #[track_caller]
    pub fn check(&self) {
        match self.changes() {
            Ok(changes) => assert!(changes.is_empty(), "the canary was touched:\n{changes}"),
            Err(e) => panic!("the canary was touched: {e}"),
        }
    }
}

fn lay_out(path: &Path, secret: &str) -> io::Result<()> {
    fs::create_dir_all(path.join("dir/below"))?;
    let file = |name: &str, content: &str, mode: u32| {
        let path = path.join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(mode))
    };
    file("file", "untouched\n", 0o641)?;
    file("secret", secret, 0o600)?;
    file("dir/below/file", "deep\n", 0o604)?;
    fs::hard_link(path.join("file"), path.join("hardlink"))?;
    symlink("file", path.join("link"))?;
    symlink("dir", path.join("dirlink"))?;
    symlink("nowhere", path.join("dangling"))?;
    mknodat(CWD, path.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o620), 0)?;
    drop(UnixListener::bind(path.join("socket"))?);
    // Not every filesystem has attributes; where they are missing they cannot be damaged.
    let _ = setxattr(path.join("file"), "user.canary", b"sings", XattrFlags::empty());
    let long_ago = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_007, 123_456_789);
    for name in ["file", "secret", "dir/below/file", "dir/below", "dir", ""] {
        File::open(path.join(name))?.set_times(FileTimes::new().set_modified(long_ago))?;
    }
    Ok(())
}
