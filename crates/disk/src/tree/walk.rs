//! Walking over a tree: no recursion, two descriptors at most, however deep it is (TAR-21).

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::folder::Folder;
use super::root::Tree;
use super::stat::{FileKind, Stat};
use crate::error::{Error, Result};
use crate::tree::Follow;

/// Something that a walk comes by. Names come in byte order, a directory before what is in it.
#[derive(Debug)]
pub enum Step<'w> {
    /// Something that is no directory.
    Entry {
        /// The directory that it is in.
        folder: &'w Folder,
        /// Its path below the root.
        path: &'w [u8],
        /// Its name, the last component of the path.
        name: &'w [u8],
        /// What it is.
        stat: Stat,
    },
    /// A directory, before what is in it.
    Enter {
        /// The directory itself.
        folder: &'w Folder,
        /// Its path below the root, empty for the root.
        path: &'w [u8],
        /// What is known about it.
        stat: Stat,
    },
    /// The same directory, after what is in it.
    Leave {
        /// The directory itself.
        folder: &'w Folder,
        /// Its path below the root.
        path: &'w [u8],
        /// What was known about it when it was entered.
        stat: Stat,
    },
}

/// A walk over a tree. Links are not followed; mounts are an error, unless they are asked for.
#[derive(Debug)]
pub struct Walk {
    folder: Folder,
    across_mounts: bool,
    levels: Vec<Level>,
    path: Vec<u8>,
    name_len: usize,
    state: State,
}

#[derive(Debug)]
struct Level {
    stat: Stat,
    path_len: usize,
    names: std::vec::IntoIter<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Inside,
    /// The directory of the last level was left, but the walk still stands in it.
    Left,
    Ended,
}

impl Walk {
    /// A walk over a whole tree, its root included.
    ///
    /// # Errors
    /// When the root cannot be opened.
    pub fn new(tree: &Tree) -> Result<Walk> {
        let folder = tree.folder(b"", Follow::Never)?;
        let (levels, path) = (Vec::new(), Vec::new());
        Ok(Walk { folder, across_mounts: false, levels, path, name_len: 0, state: State::Start })
    }

    /// The same, which goes on into what is mounted below.
    ///
    /// # Errors
    /// When the root cannot be opened.
    pub fn across_mounts(tree: &Tree) -> Result<Walk> {
        Ok(Walk { across_mounts: true, ..Walk::new(tree)? })
    }

    /// Goes on; nothing when the whole tree was seen.
    ///
    /// # Errors
    /// When something cannot be read, or is moved away meanwhile.
    #[expect(clippy::should_implement_trait, reason = "lends, as no Iterator can")]
    pub fn next(&mut self) -> Result<Option<Step<'_>>> {
        match self.state {
            State::Start => return self.enter().map(Some),
            State::Ended => return Ok(None),
            State::Left => {
                if !self.climb()? {
                    return Ok(None);
                }
            }
            State::Inside => {}
        }
        loop {
            let Some(level) = self.levels.last_mut() else { return Ok(None) };
            self.path.truncate(level.path_len);
            let Some(name) = level.names.next() else {
                self.state = State::Left;
                let stat = level.stat;
                return Ok(Some(Step::Leave { folder: &self.folder, path: &self.path, stat }));
            };
            // Gone since the names were read.
            let Some(stat) = self.folder.stat(&name)? else { continue };
            push_component(&mut self.path, &name);
            self.name_len = name.len();
            if stat.kind == FileKind::Dir {
                let opened = match self.across_mounts {
                    true => self.folder.tree()?.folder(&name, Follow::Never),
                    false => self.folder.folder(&name),
                };
                self.folder = match opened {
                    // Gone since it was looked at.
                    Err(error) if error.is_not_found() => continue,
                    opened => opened?,
                };
                return self.enter().map(Some);
            }
            let name = &self.path[self.path.len() - self.name_len..];
            return Ok(Some(Step::Entry { folder: &self.folder, path: &self.path, name, stat }));
        }
    }

    fn enter(&mut self) -> Result<Step<'_>> {
        let stat = self.folder.own_stat()?;
        let names = self.folder.names()?.into_iter();
        self.levels.push(Level { stat, path_len: self.path.len(), names });
        self.state = State::Inside;
        Ok(Step::Enter { folder: &self.folder, path: &self.path, stat })
    }

    /// Goes back to the directory above, which has to be the one the walk came from; false above the root.
    fn climb(&mut self) -> Result<bool> {
        self.levels.pop();
        let Some(level) = self.levels.last() else {
            self.state = State::Ended;
            return Ok(false);
        };
        let mut path = self.folder.path().to_owned();
        path.pop();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(self.folder.fd(), c"..", flags, Mode::empty())
            .map_err(|e| Error::new("open", &path, e))?;
        self.folder = Folder::new(fd, path);
        if self.folder.own_stat()?.id != level.stat.id {
            return Err(Error::new("open", self.folder.path(), Errno::STALE));
        }
        self.state = State::Inside;
        Ok(true)
    }
}

fn push_component(path: &mut Vec<u8>, name: &[u8]) {
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}
