//! Reading a log while it grows.

use std::time::Duration;

use disk::{Dir, File};

use super::reader::{Lines, read_on};
use super::{Entry, Selection};
use crate::error::Result;

/// How long new output may go unseen.
const PAUSE: Duration = Duration::from_millis(50);

/// Gives the chosen entries of the log `name` in `dir`, and then every new one, until `goes_on` says no, and the
/// `take` of an entry does, or the time is over until which they are wanted.
///
/// # Errors
/// When it cannot be read.
pub fn follow(
    dir: &Dir,
    name: &str,
    selection: &Selection,
    goes_on: impl Fn() -> bool,
    mut take: impl FnMut(Entry) -> bool,
) -> Result<()> {
    let (entries, mut growing) = read_on(dir, name, selection)?;
    if !entries.into_iter().all(&mut take) {
        return Ok(());
    }
    let mut last = false;
    loop {
        if growing.is_none() {
            growing = dir.file_if_exists(name)?.map(|file| (file, 0));
        }
        if let Some((open, offset)) = &mut growing {
            let mut lines = Lines::new(open, *offset);
            let mut wanted = true;
            lines.read(|line| {
                let entry = Entry::parse(line)
                    .filter(|entry| selection.since.is_none_or(|since| entry.time >= since));
                if let Some(entry) = entry.filter(|_| wanted) {
                    wanted = selection.has(&entry) && take(entry);
                }
            })?;
            *offset = lines.whole();
            if !wanted {
                return Ok(());
            }
            if is_replaced(dir, name, open)? {
                growing = None;
                continue;
            }
        }
        if last {
            return Ok(());
        }
        // Whatever was written before the end is read once more.
        last = !goes_on();
        if !last {
            std::thread::sleep(PAUSE);
        }
    }
}

/// Whether the file became an older one.
fn is_replaced(dir: &Dir, name: &str, open: &File) -> Result<bool> {
    Ok(dir.file_id(name)?.is_some_and(|id| open.id().is_ok_and(|own| own != id)))
}
