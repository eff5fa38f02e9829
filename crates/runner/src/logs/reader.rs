//! Reading a log.

use disk::{Dir, File};
use jiff::Timestamp;

use super::{Entry, older};
use crate::error::Result;

/// Read at once; more than one entry.
const CHUNK_BYTES: usize = 128 << 10;
/// What `max-file` may sensibly be.
const FILES_MAX: u32 = 1000;

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only so many at the end; all when nothing is said.
    pub tail: Option<usize>,
    /// Not those before.
    pub since: Option<Timestamp>,
    /// Not those after.
    pub until: Option<Timestamp>,
}

impl Selection {
    /// Whether an entry's time is wanted.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time <= until)
    }
}

/// The entries of the log `name` in `dir`, oldest first; none when there is no log.
///
/// # Errors
/// When it cannot be read.
pub fn read(dir: &Dir, name: &str, selection: &Selection) -> Result<Vec<Entry>> {
    Ok(read_on(dir, name, selection)?.0)
}

/// A log's newest file, and where its next line will begin.
pub(super) type Growing = (File, u64);

/// The same, with the file that grows and where its next line will begin.
pub(super) fn read_on(dir: &Dir, name: &str, selection: &Selection) -> Result<(Vec<Entry>, Option<Growing>)> {
    let mut files = Vec::new();
    for age in 0..FILES_MAX {
        match dir.file_if_exists(older(name, age))? {
            Some(file) => files.push(file),
            None => break,
        }
    }
    let (mut entries, mut end) = (Vec::new(), 0);
    for file in files.iter().rev() {
        let start = if files.len() == 1 { tail_start(file, selection)? } else { 0 };
        let mut lines = Lines::new(file, start);
        lines.read(|line| entries.extend(Entry::parse(line).filter(|entry| selection.has(entry))))?;
        end = lines.whole();
    }
    let extra = selection.tail.map_or(0, |tail| entries.len().saturating_sub(tail));
    entries.drain(..extra);
    Ok((entries, files.into_iter().next().map(|file| (file, end))))
}

/// Where to begin, when only the last lines are wanted whatever their time: found from the end.
fn tail_start(file: &File, selection: &Selection) -> Result<u64> {
    let Some(tail) = selection.tail.filter(|_| selection.until.is_none()) else { return Ok(0) };
    let (mut end, mut breaks) = (file.len()?, 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    while end > 0 {
        let start = end.saturating_sub(CHUNK_BYTES as u64);
        #[expect(clippy::cast_possible_truncation, reason = "at most a chunk")]
        let read = file.read_at(&mut chunk[..(end - start) as usize], start)?;
        for at in (0..read).rev().filter(|&at| chunk[at] == b'\n') {
            if breaks == tail {
                return Ok(start + at as u64 + 1);
            }
            breaks += 1;
        }
        end = start;
    }
    Ok(0)
}

/// Reads lines from a file that may be growing.
#[derive(Debug)]
pub(super) struct Lines<'f> {
    file: &'f File,
    offset: u64,
    pending: Vec<u8>,
}

impl<'f> Lines<'f> {
    pub(super) fn new(file: &'f File, offset: u64) -> Lines<'f> {
        Lines { file, offset, pending: Vec::new() }
    }

    /// Where the next line begins.
    pub(super) fn whole(&self) -> u64 {
        self.offset - self.pending.len() as u64
    }

    /// Gives every whole line that is there by now.
    pub(super) fn read(&mut self, mut line: impl FnMut(&[u8])) -> Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = self.file.read_at(&mut chunk, self.offset)?;
            if read == 0 {
                return Ok(());
            }
            self.offset += read as u64;
            self.pending.extend_from_slice(&chunk[..read]);
            let whole = self.pending.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            self.pending[..whole].split(|&byte| byte == b'\n').filter(|l| !l.is_empty()).for_each(&mut line);
            self.pending.drain(..whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LogOptions, Stream, Writer};
    use super::*;
    use crate::record::{Config, LogConfig};

    fn log(lines: usize) -> (tempfile::TempDir, Dir) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let options = LogOptions::of(&LogConfig::default(), &Config::default()).unwrap();
        let mut writer = Writer::open(dir.try_clone().unwrap(), "log".to_owned(), options).unwrap();
        for n in 0..lines {
            let time = Timestamp::from_second(n as i64).unwrap();
            writer.write(Stream::Stdout, format!("{n}\n").as_bytes(), time).unwrap();
        }
        (temporary, dir)
    }

    #[test]
    fn the_tail_and_the_times_choose() {
        let (_temporary, dir) = log(5000);
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let check = |selection: Selection, count: usize, first: &str| {
            let entries = read(&dir, "log", &selection).unwrap();
            assert_eq!((entries.len(), entries.first().map_or("", |e| e.log.trim())), (count, first));
        };
        check(Selection::default(), 5000, "0");
        check(Selection { tail: Some(3), ..Selection::default() }, 3, "4997");
        check(Selection { tail: Some(0), ..Selection::default() }, 0, "");
        check(Selection { tail: Some(9999), ..Selection::default() }, 5000, "0");
        check(Selection { since: at(4990), ..Selection::default() }, 10, "4990");
        check(Selection { until: at(4), tail: Some(2), ..Selection::default() }, 2, "3");
    }

    #[test]
    fn a_log_that_is_damaged_or_missing_is_read_as_far_as_it_goes() {
        let (_temporary, dir) = log(3);
        dir.append("log", 0o640)
            .unwrap()
            .write_all_at(b"{\"log\":\"cut", dir.file_len("log").unwrap().unwrap())
            .unwrap();
        assert_eq!(read(&dir, "log", &Selection::default()).unwrap().len(), 3);
        assert_eq!(read(&dir, "none", &Selection::default()).unwrap(), []);
    }
}
