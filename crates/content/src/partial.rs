//! A download under way: it survives its process, the boot and the server it came from.
//!
//! ```text
//! partial/<algorithm>-<hex>/
//! ├── lock    held by the process that downloads
//! ├── data    the bytes so far, with holes
//! └── map     what of them is there
//! ```
//!
//! Several threads write ranges, one reads the whole in order while they do. The map is a text: a line
//! `size N`, a line `boot ID`, then `OFFSET LENGTH` for each piece written, and after each fsync of the data
//! `synced BYTES`, which vouches for the pieces in so many first bytes of the map: others may have been written
//! while the fsync went on. In the boot that wrote them all pieces count; after another one only those that are
//! vouched for, since the rest may have been lost. In the end the hash over all bytes decides anyway.

mod ranges;

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use disk::{Dir, EntryKind, File, Lock, LockMode, Trash};
use spec::Digest;

use crate::blobs::{BLOB_MODE, Blobs};
use crate::error::Result;
use ranges::Ranges;

/// A line of some 25 bytes for each piece of 64 KiB of a 256 GiB blob would be 100 MB; more is not ours.
const MAP_BYTES_MAX: u64 = 128 << 20;
/// Bytes between two syncs of the data: what a power cut can cost.
const SYNC_BYTES: u64 = 64 << 20;
/// Downloads that nobody has touched for this long are not going to be continued.
const AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// All downloads under way together; the oldest go first.
const BYTES_MAX: u64 = 64 << 30;

/// A download under way, held by this process alone.
pub struct Partial {
    parent: Dir,
    folder: Dir,
    key: String,
    _lock: Lock,
    data: File,
    digest: Digest,
    size: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    have: Ranges,
    claimed: Ranges,
    map: File,
    map_bytes: u64,
    unsynced: u64,
    ended: Option<String>,
}

impl Partial {
    /// Opens the download of a blob, or nothing when another process is at it.
    pub(crate) fn open(parent: &Dir, digest: &Digest, size: u64) -> Result<Option<Partial>> {
        let key = format!("{}-{}", digest.algorithm().as_str(), digest.hex());
        let Some((folder, lock)) = lock_folder(parent, &key)? else { return Ok(None) };
        let data = folder.file_mut("data", 0o600)?;
        let have = read_map(&folder, size)?;
        // What is here from before is vouched for anew: the next power cut must not cost it.
        if have.bytes() > 0 {
            data.sync()?;
        }
        let map = write_map(&folder, size, &have)?;
        let map_bytes = map.len()?;
        let state = State { have, claimed: Ranges::default(), map, map_bytes, unsynced: 0, ended: None };
        Ok(Some(Partial {
            parent: parent.try_clone()?,
            folder,
            key,
            _lock: lock,
            data,
            digest: digest.clone(),
            size,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// The blob being downloaded.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that are there.
    pub fn present(&self) -> u64 {
        self.state().have.bytes()
    }

    /// Takes the next piece that nobody is fetching, at most `bytes_max` long; nothing when there is none.
    pub fn claim(&self, bytes_max: u64) -> Option<Range<u64>> {
        let mut state = self.state();
        let gap = state.have.union(&state.claimed).first_gap(self.size)?;
        let claim = gap.start..gap.end.min(gap.start.saturating_add(bytes_max));
        state.claimed.insert(claim.clone());
        Some(claim)
    }

    /// Gives back a claim: what of it was not written can be claimed again.
    pub fn release(&self, claim: &Range<u64>) {
        self.state().claimed.remove(claim);
    }

    /// Writes a piece.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        if end > self.size {
            let found = format!("at least {end} bytes");
            let expected = format!("{} bytes", self.size);
            return Err(crate::Error::Mismatch { digest: self.digest.clone(), expected, found });
        }
        self.data.write_all_at(bytes, offset)?;
        self.data.start_writeback(offset, bytes.len() as u64);
        let sync_due = {
            let mut state = self.state();
            state.record(&format!("{offset} {}\n", bytes.len()))?;
            state.have.insert(offset..end);
            state.unsynced += bytes.len() as u64;
            state.unsynced >= SYNC_BYTES
        };
        self.changed.notify_all();
        if sync_due { self.sync() } else { Ok(()) }
    }

    /// Makes what was written so far durable, and says so in the map.
    fn sync(&self) -> Result<()> {
        let pieces = {
            let mut state = self.state();
            state.unsynced = 0;
            state.map_bytes
        };
        self.data.sync()?;
        let mut state = self.state();
        state.record(&format!("synced {pieces}\n"))?;
        Ok(state.map.sync()?)
    }

    /// Ends the download: whoever reads is told why.
    pub fn end(&self, reason: impl Into<String>) {
        self.state().ended.get_or_insert_with(|| reason.into());
        self.changed.notify_all();
    }

    /// Why the download ended early, if it did.
    pub fn ended(&self) -> Option<String> {
        self.state().ended.clone()
    }

    /// Reads the bytes in order, waiting for those that are not there yet.
    pub fn reader(&self) -> PartialReader<'_> {
        PartialReader { partial: self, offset: 0 }
    }

    /// Forgets everything that was downloaded: it was not what was asked for.
    ///
    /// # Errors
    /// When the files cannot be cut.
    pub fn restart(&self) -> Result<()> {
        let mut state = self.state();
        self.data.set_len(0)?;
        state.have = Ranges::default();
        state.claimed = Ranges::default();
        state.map = write_map(&self.folder, self.size, &state.have)?;
        state.map_bytes = state.map.len()?;
        state.unsynced = 0;
        state.ended = None;
        Ok(())
    }

    /// Makes the bytes a blob. The caller has read them all and found their hash to fit.
    ///
    /// # Errors
    /// When they cannot be made durable or renamed.
    pub fn publish(self, blobs: &Blobs) -> Result<()> {
        self.data.set_len(self.size)?;
        self.data.set_mode(BLOB_MODE)?;
        self.data.sync()?;
        blobs.publish(&self.folder, "data", &self.digest)?;
        self.discard()
    }

    /// Removes the download.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn discard(self) -> Result<()> {
        Ok(self.parent.remove_all(&self.key)?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something at `offset`; the bytes that can be read from there.
    fn wait_for(&self, offset: u64) -> io::Result<u64> {
        let mut state = self.state();
        loop {
            let available = state.have.run_from(offset);
            if available > 0 || offset >= self.size {
                return Ok(available);
            }
            if let Some(reason) = &state.ended {
                return Err(io::Error::other(reason.clone()));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn record(&mut self, line: &str) -> Result<()> {
        self.map.write_all_at(line.as_bytes(), self.map_bytes)?;
        self.map_bytes += line.len() as u64;
        Ok(())
    }
}

/// Reads a download in order while it goes on.
pub struct PartialReader<'p> {
    partial: &'p Partial,
    offset: u64,
}

impl Read for PartialReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.partial.wait_for(self.offset)?;
        let length = usize::try_from(available).unwrap_or(usize::MAX).min(buffer.len());
        if length == 0 {
            return Ok(0);
        }
        let n = self.partial.data.read_at(&mut buffer[..length], self.offset)?;
        if n == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the partial download was cut from outside",
            ));
        }
        self.offset += n as u64;
        Ok(n)
    }
}

/// Locks the folder of a download, making it when it is missing; nothing when another process has it.
fn lock_folder(parent: &Dir, key: &str) -> Result<Option<(Dir, Lock)>> {
    loop {
        let folder = parent.ensure_dir(key)?;
        let lock = match folder.try_lock("lock", LockMode::Exclusive) {
            Ok(Some(lock)) => lock,
            Ok(None) => return Ok(None),
            // The folder was removed between the two calls, by the one who finished the download.
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        };
        // A lock in a folder that was removed meanwhile keeps nobody out: only the one in place counts.
        let in_place = parent.dir_if_exists(key)?.map(|dir| dir.file_id("lock")).transpose()?.flatten();
        if in_place == Some(lock.file().id()?) {
            lock.sign()?;
            return Ok(Some((folder, lock)));
        }
    }
}

fn read_map(folder: &Dir, size: u64) -> Result<Ranges> {
    let bytes = folder.read("map", MAP_BYTES_MAX)?.unwrap_or_default();
    let data = folder.file_len("data")?.unwrap_or(0);
    Ok(parse_map(&String::from_utf8_lossy(&bytes), size, data, &disk::boot_id()))
}

/// What of a download is there, as its map says; nothing when the map is of another size or damaged.
fn parse_map(text: &str, size: u64, data_bytes: u64, boot: &str) -> Ranges {
    let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let (Some(size_line), Some(boot_line)) = (lines.next(), lines.next()) else { return Ranges::default() };
    if size_line != format!("size {size}") {
        return Ranges::default();
    }
    let mut whole = boot_line == format!("boot {boot}");
    let mut at = (size_line.len() + boot_line.len() + 2) as u64;
    let mut vouched = 0;
    let mut pieces = Vec::new();
    for line in lines {
        match parse_line(line) {
            Some(Line::Synced(bytes)) => vouched = vouched.max(bytes.min(at)),
            Some(Line::Piece(piece)) if piece.end <= data_bytes.min(size) => pieces.push((at, piece)),
            _ => {
                whole = false;
                break;
            }
        }
        at += line.len() as u64 + 1;
    }
    let mut have = Ranges::default();
    for (at, piece) in pieces {
        if whole || at < vouched {
            have.insert(piece);
        }
    }
    have
}

/// A line of a map behind its first two.
enum Line {
    Piece(Range<u64>),
    Synced(u64),
}

fn parse_line(line: &str) -> Option<Line> {
    let (first, second) = line.split_once(' ')?;
    let second = second.parse::<u64>().ok()?;
    if first == "synced" {
        return Some(Line::Synced(second));
    }
    let offset = first.parse::<u64>().ok()?;
    Some(Line::Piece(offset..offset.checked_add(second)?))
}

/// Writes the map anew, as short as it can be; the data is durable.
fn write_map(folder: &Dir, size: u64, have: &Ranges) -> Result<File> {
    let mut text = format!("size {size}\nboot {}\n", disk::boot_id());
    for piece in have.iter() {
        text.push_str(&format!("{} {}\n", piece.start, piece.end - piece.start));
    }
    text.push_str(&format!("synced {}\n", text.len()));
    folder.replace_alone("map", text.as_bytes(), 0o600)?;
    Ok(folder.file_mut("map", 0o600)?)
}

/// Bytes that downloads under way hold, for listings of disk usage.
pub(crate) fn usage(root: &Dir) -> Result<u64> {
    let Some(parent) = root.dir_if_exists("partial")? else { return Ok(0) };
    let mut bytes = 0;
    for entry in parent.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::Dir) {
        if let Some(folder) = parent.dir_if_exists(&entry.name)? {
            bytes += folder.file_blocks("data")?.unwrap_or(0);
        }
    }
    Ok(bytes)
}

/// Removes downloads that nobody continues: too old, or beyond what all of them may hold.
pub(crate) fn expire(root: &Dir, trash: &Trash) -> Result<()> {
    let Some(parent) = root.dir_if_exists("partial")? else { return Ok(()) };
    let mut idle = Vec::new();
    for entry in parent.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::Dir) {
        let Some(folder) = parent.dir_if_exists(&entry.name)? else { continue };
        let touched = folder.modified("map")?.unwrap_or(SystemTime::UNIX_EPOCH);
        idle.push((touched, folder.file_blocks("data")?.unwrap_or(0), entry.name));
    }
    idle.sort_by_key(|(touched, ..)| std::cmp::Reverse(*touched));
    let now = SystemTime::now();
    let mut kept = 0;
    for (touched, bytes, name) in idle {
        kept += bytes;
        let old = now.duration_since(touched).unwrap_or_default() > AGE_MAX;
        if !old && kept <= BYTES_MAX {
            continue;
        }
        let Some(folder) = parent.dir_if_exists(&name)? else { continue };
        // Held until the folder is out of the way: nobody goes on with a download that is going.
        if let Some(_held) = folder.try_lock("lock", LockMode::Exclusive)? {
            trash.take(&parent, &name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
