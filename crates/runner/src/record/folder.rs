//! The folder that holds the records of all containers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use disk::{Dir, EntryKind, Lock, LockMode, Trash};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Container, ContainerId, State, Status};
use crate::error::{Error, Result};
use crate::process;

const RECORD: &str = "container.json";
const STATE: &str = "state.json";
const MONITOR: &str = "monitor.lock";
/// Held while names are given or taken away.
const NAMES: &str = "names.lock";
/// Shared by those who make containers or remove them.
const CHANGES: &str = "changes.lock";
/// What an image, its environment and every flag can amount to.
const RECORD_BYTES_MAX: u64 = 16 << 20;
/// Naming a container takes milliseconds; somebody who holds the lock for longer is stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// How Docker counts the end of a container whose end nobody saw.
pub const EXIT_UNSEEN: i32 = 255;

/// The records of all containers of a store.
#[derive(Debug)]
pub struct Containers {
    dir: Arc<Dir>,
}

/// A container that was found.
#[derive(Debug)]
pub struct Found {
    /// As it was created.
    pub container: Container,
    /// What is so now: also where its monitor was killed or the machine restarted.
    pub state: State,
    /// Whether its monitor lives.
    pub is_monitored: bool,
    /// The folder of all containers.
    home: Arc<Dir>,
}

impl Found {
    /// The container's folder. It is opened when it is wanted: lists are longer than processes may have files open.
    ///
    /// # Errors
    /// When the container went meanwhile.
    pub fn dir(&self) -> Result<Dir> {
        let id = self.container.id.as_str();
        self.home.dir_if_exists(id)?.ok_or_else(|| Error::NoSuchContainer(id.to_owned()))
    }

    /// Makes the caller the container's monitor, until the lock is dropped; nothing when it has one.
    ///
    /// # Errors
    /// [`Error::NoSuchContainer`] when the container went meanwhile, or the lock cannot be made.
    pub fn become_monitor(&self) -> Result<Option<Lock>> {
        let locked = become_monitor(&self.dir()?);
        // A folder that was open can be locked when it has no name any more.
        self.dir()?;
        locked
    }
}

/// What a record says about the name.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "Name", default)]
    name: String,
}

impl Containers {
    /// The folder below a store's root, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Dir) -> Result<Containers> {
        Ok(Containers { dir: Arc::new(root.ensure_dir("containers")?) })
    }

    /// The folder below a store's root, if there is one.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_existing(root: &Dir) -> Result<Option<Containers>> {
        Ok(root.dir_if_exists("containers")?.map(|dir| Containers { dir: Arc::new(dir) }))
    }

    /// Keeps others from giving names to containers, and from taking them away, until it is dropped.
    ///
    /// # Errors
    /// When somebody else does it for too long.
    pub fn lock_names(&self) -> Result<Lock> {
        Ok(self.dir.lock(NAMES, LockMode::Exclusive, PATIENCE)?)
    }

    /// Says that files without a container, or a container without files, are on their way to be otherwise, until it
    /// is dropped: held while a container is made or removed.
    ///
    /// # Errors
    /// When somebody clears up for too long.
    pub fn changing(&self) -> Result<Lock> {
        Ok(self.dir.lock(CHANGES, LockMode::Shared, PATIENCE)?)
    }

    /// Keeps containers from being made and removed until it is dropped, so that what has no record is known to be
    /// left over; nothing while somebody makes or removes one.
    ///
    /// # Errors
    /// When the system cannot lock.
    pub fn still(&self) -> Result<Option<Lock>> {
        Ok(self.dir.try_lock(CHANGES, LockMode::Exclusive)?)
    }

    /// All ids, in no order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> Result<Vec<ContainerId>> {
        let folders = self.dir.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::Dir);
        Ok(folders.filter_map(|entry| ContainerId::parse(entry.name.to_str()?)).collect())
    }

    /// Whether there is a container with this id.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn has(&self, id: &ContainerId) -> Result<bool> {
        Ok(self.dir.dir_if_exists(id.as_str())?.is_some())
    }

    /// All containers, newest first. One that goes meanwhile is left out.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn list(&self) -> Result<Vec<Found>> {
        let (list, damaged) = self.list_readable()?;
        damaged.into_iter().next().map_or(Ok(list), Err)
    }

    /// All containers whose records can be read, newest first, and why others cannot.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list_readable(&self) -> Result<(Vec<Found>, Vec<Error>)> {
        let (mut list, mut damaged) = (Vec::new(), Vec::new());
        for id in self.ids()? {
            match self.get(&id) {
                Ok(found) => list.extend(found),
                Err(error) => damaged.push(error),
            }
        }
        list.sort_by(|a, b| {
            b.container.created.cmp(&a.container.created).then(a.container.id.cmp(&b.container.id))
        });
        Ok((list, damaged))
    }

    /// The container with this id, if there is one.
    ///
    /// # Errors
    /// When its record cannot be read.
    pub fn get(&self, id: &ContainerId) -> Result<Option<Found>> {
        let Some(dir) = self.dir.dir_if_exists(id.as_str())? else { return Ok(None) };
        let Some(container) = read::<Container>(&dir, RECORD)? else { return Ok(None) };
        let state = read_state(&dir)?;
        let is_monitored = match state.status.is_running().then(|| become_monitor(&dir)) {
            None | Some(Ok(Some(_))) => false,
            Some(Ok(None)) => true,
            Some(Err(_)) if !self.has(id)? => return Ok(None),
            Some(Err(error)) => return Err(error),
        };
        let state = if is_monitored { state } else { unwatched(state) };
        Ok(Some(Found { container, state, is_monitored, home: Arc::clone(&self.dir) }))
    }

    /// The container that a text means: its id, its name, or the beginning of an id that only one has.
    ///
    /// # Errors
    /// [`Error::NoSuchContainer`], [`Error::Ambiguous`], or a record that cannot be read.
    pub fn find(&self, text: &str) -> Result<Found> {
        let not_found = || Error::NoSuchContainer(text.to_owned());
        let ids = self.ids()?;
        if let Some(id) = ContainerId::parse(text).filter(|id| ids.contains(id)) {
            return self.get(&id)?.ok_or_else(not_found);
        }
        let name = text.strip_prefix('/').unwrap_or(text);
        if let Some(id) = self.named(name)? {
            return self.get(&id)?.ok_or_else(not_found);
        }
        let mut matching = ids.iter().filter(|id| !text.is_empty() && id.as_str().starts_with(text));
        match (matching.next(), matching.next()) {
            (Some(id), None) => self.get(id)?.ok_or_else(not_found),
            (Some(_), Some(_)) => Err(Error::Ambiguous(text.to_owned())),
            (None, _) => Err(not_found()),
        }
    }

    /// Who has this name.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn named(&self, name: &str) -> Result<Option<ContainerId>> {
        for id in self.ids()? {
            if self.name_of(&id)?.is_some_and(|of_id| of_id == name) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// All names that are taken.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self) -> Result<HashSet<String>> {
        self.ids()?.iter().filter_map(|id| self.name_of(id).transpose()).collect()
    }

    fn name_of(&self, id: &ContainerId) -> Result<Option<String>> {
        let Some(dir) = self.dir.dir_if_exists(id.as_str())? else { return Ok(None) };
        // One that cannot be read has no name: the others must be found all the same.
        Ok(read::<Named>(&dir, RECORD).unwrap_or_default().map(|named| named.name))
    }

    /// Makes a container's folder with what `fill` puts into it, in one step. The caller holds the lock of names
    /// and has seen that this one is free.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn create(&self, container: &Container, fill: impl FnOnce(&Dir) -> Result<()>) -> Result<Dir> {
        let draft = format!(".{}", container.id);
        let dir = self.dir.make_dir(&draft)?;
        let made = write(&dir, RECORD, container).and_then(|()| fill(&dir));
        let published = made.and_then(|()| Ok(self.dir.rename(&draft, &self.dir, container.id.as_str())?));
        if let Err(error) = published {
            self.dir.remove_all(&draft)?;
            return Err(error);
        }
        self.dir.sync()?;
        Ok(self.dir.dir(container.id.as_str())?)
    }

    /// Gives a container another name. The caller holds the lock of names.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn rename(&self, found: &mut Found, name: &str) -> Result<()> {
        name.clone_into(&mut found.container.name);
        write(&found.dir()?, RECORD, &found.container)
    }

    /// Removes a container's folder; nothing of it runs any more.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn remove(&self, id: &ContainerId, trash: &Trash) -> Result<bool> {
        Ok(trash.take(&self.dir, id.as_str().as_ref())?)
    }

    /// Folders of containers that were never finished.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn remove_drafts(&self) -> Result<usize> {
        let _names = self.lock_names()?;
        let is_draft = |name: &str| name.strip_prefix('.').is_some_and(|id| ContainerId::parse(id).is_some());
        let mut removed = 0;
        for entry in self.dir.entries()? {
            if entry.name.to_str().is_some_and(is_draft) {
                self.dir.remove_all(&entry.name)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// Writes a container's state; only its monitor does, and whoever found that it has none. One that a restart of the
/// machine voids is not made durable; one that finds the disk full goes where the last one is.
///
/// # Errors
/// When the disk is read-only, or full from the beginning.
pub fn write_state(dir: &Dir, state: &State) -> Result<()> {
    let bytes = encode(dir, STATE, state)?;
    let written = if state.status.is_running() || state.status == Status::Removing {
        dir.replace_for_now(STATE, &bytes, 0o600)
    } else {
        dir.replace_alone(STATE, &bytes, 0o600)
    };
    match written {
        // Blanks behind a document say nothing.
        Err(error) if error.is_full() => Ok(dir.overwrite(STATE, &bytes, b' ')?),
        written => Ok(written?),
    }
}

/// The state as it was written.
///
/// # Errors
/// When it cannot be read.
pub fn read_state(dir: &Dir) -> Result<State> {
    let Some(bytes) = dir.read(STATE, RECORD_BYTES_MAX)? else { return Ok(State::default()) };
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    match serde_json::from_slice(&bytes[..end]) {
        // The machine lost its power while the container ran.
        Err(error) if error.is_eof() => {
            Ok(State { status: Status::Exited, exit_code: EXIT_UNSEEN, ..State::default() })
        }
        parsed => parsed.map_err(|error| damaged(dir, STATE, &error)),
    }
}

/// Makes the caller the container's monitor, until the lock is dropped; nothing when it has one.
///
/// # Errors
/// When the lock cannot be made.
pub fn become_monitor(dir: &Dir) -> Result<Option<Lock>> {
    Ok(dir.try_lock(MONITOR, LockMode::Exclusive)?)
}

/// What is so of a container without a monitor: its program may go on, or has ended unseen.
fn unwatched(state: State) -> State {
    let is_running = state.status.is_running();
    if !is_running
        || (state.status != Status::Restarting && process::is_alive(state.pid, state.pid_began, &state.boot))
    {
        return state;
    }
    State { status: Status::Exited, pid: 0, exit_code: EXIT_UNSEEN, ..state }
}

fn read<T: DeserializeOwned>(dir: &Dir, name: &str) -> Result<Option<T>> {
    let Some(bytes) = dir.read(name, RECORD_BYTES_MAX)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(dir, name, &error))
}

fn write<T: Serialize>(dir: &Dir, name: &str, value: &T) -> Result<()> {
    Ok(dir.replace_alone(name, &encode(dir, name, value)?, 0o600)?)
}

fn encode<T: Serialize>(dir: &Dir, name: &str, value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| damaged(dir, name, &error))
}

fn damaged(dir: &Dir, name: &str, error: &serde_json::Error) -> Error {
    Error::Record { path: dir.join(name), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_was_lost_is_the_last_one_or_an_end_that_nobody_saw() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = Dir::open(tmp.path()).unwrap();
        assert_eq!(read_state(&dir).unwrap(), State::default());
        let exited = State { status: Status::Exited, exit_code: 3, ..State::default() };
        for state in [exited, State { status: Status::Running, pid: 7, ..State::default() }] {
            write_state(&dir, &state).unwrap();
            assert_eq!(read_state(&dir).unwrap(), state);
        }
        let unseen = State { status: Status::Exited, exit_code: EXIT_UNSEEN, ..State::default() };
        for lost in [&b""[..], b"{\"Status\":\"ru", b"{\"Status\":\"running\",\0\0\0", &[0; 4096]] {
            std::fs::write(tmp.path().join(STATE), lost).unwrap();
            assert_eq!(read_state(&dir).unwrap(), unseen);
        }
        // What is whole and makes no sense was not lost.
        std::fs::write(tmp.path().join(STATE), "{\"Status\":\"asleep\"}").unwrap();
        assert!(read_state(&dir).unwrap_err().to_string().contains("state.json"));
    }
}
