//! Streams on their way into a scratch file: decoded, counted, stopped before the disk is full.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use disk::{Dir, File};
use layer::codec::{Accept, Decoder};
use layer::limits::Limits;
use layer::{Error as LayerError, InflateFault};

use crate::error::{Error, Result};
use crate::limits::DISK_RESERVE_BYTES;

/// How much is written between two looks at the free space.
const SPACE_CHECK_BYTES: u64 = 16 << 20;

/// The inflated bytes of an archive: plain, gzip, bzip2, xz or Zstandard, told apart by the first bytes. What
/// `import` takes in as a layer goes through here, too.
///
/// # Errors
/// A stream that fails, or has nothing in it.
pub fn decoded<'a>(stream: impl Read + Send + 'a) -> Result<Decoder<'a>> {
    // An archive may hold many layers: the ratio and the disk bound it.
    let limits = Limits { unpacked_bytes: u64::MAX, ..Limits::default() };
    Ok(Decoder::open(stream, Accept::Archive, limits)?)
}

/// Writes a decoded stream into a new scratch file.
pub(crate) fn spool(stream: impl Read + Send, scratch: &Dir) -> Result<Arc<File>> {
    let mut file = scratch_file(scratch)?;
    let limits = Limits { unpacked_bytes: u64::MAX, ..Limits::default() };
    match Decoder::open(stream, Accept::Archive, limits) {
        // Nothing at all is an archive without anything in it; what is missed is said by who misses it.
        Err(LayerError::Inflate(InflateFault::Empty)) => {}
        decoder => {
            copy(&mut decoder?, &mut file, scratch)?;
        }
    }
    Ok(Arc::new(file))
}

/// Writes a stream into a scratch file.
pub(crate) fn copy(from: &mut impl Read, to: &mut impl Write, scratch: &Dir) -> Result<u64> {
    let mut written = 0;
    loop {
        let n = io::copy(&mut from.take(SPACE_CHECK_BYTES), to).map_err(Error::from_stream)?;
        written += n;
        if n < SPACE_CHECK_BYTES {
            return Ok(written);
        }
        if scratch.free_bytes()? < DISK_RESERVE_BYTES {
            return Err(Error::Space);
        }
    }
}

/// A file without a name: whatever happens, nothing of it remains.
pub(crate) fn scratch_file(scratch: &Dir) -> Result<File> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("archive-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let file = scratch.create(&name, 0o600)?;
    scratch.remove_file(&name)?;
    Ok(file)
}
