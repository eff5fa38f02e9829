//! One frame: a byte that says what it is, the length in four bytes, the bytes.

use std::io::{self, Read, Write};

/// The longest frame: what is read of a stream at once, and the questions, which hold an environment.
const FRAME_BYTES_MAX: usize = 16 << 20;

pub(super) const ASK: u8 = b'?';
pub(super) const ANSWER: u8 = b'!';
pub(super) const BEGUN: u8 = b'b';
pub(super) const STDIN: u8 = b'i';
pub(super) const STDIN_END: u8 = b'e';
pub(super) const RESIZE: u8 = b'w';
pub(super) const SIGNAL: u8 = b's';
pub(super) const STDOUT: u8 = b'o';
pub(super) const STDERR: u8 = b'x';

/// Writes a frame in one call, so that it is whole or not there.
pub(super) fn write(out: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(|_| too_long())?;
    let mut frame = Vec::with_capacity(payload.len() + 5);
    frame.push(kind);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(payload);
    out.write_all(&frame)
}

/// Reads a frame; nothing at the end of the stream, which may only be between two frames.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut head = [0; 5];
    match from.read(&mut head[..1]) {
        Ok(0) => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return read(from),
        Err(error) => return Err(error),
    }
    from.read_exact(&mut head[1..])?;
    let [kind, a, b, c, d] = head;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(too_long());
    }
    let mut payload = Vec::new();
    from.take(length as u64).read_to_end(&mut payload)?;
    if payload.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((kind, payload)))
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a frame is longer than FRAME_BYTES_MAX = {FRAME_BYTES_MAX}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_written() {
        let mut bytes = Vec::new();
        write(&mut bytes, STDIN, b"abc").unwrap();
        write(&mut bytes, STDIN_END, b"").unwrap();
        let mut from = &bytes[..];
        assert_eq!(read(&mut from).unwrap(), Some((STDIN, b"abc".to_vec())));
        assert_eq!(read(&mut from).unwrap(), Some((STDIN_END, Vec::new())));
        assert_eq!(read(&mut from).unwrap(), None);
    }

    #[test]
    fn what_is_cut_or_absurd_is_refused() {
        for bytes in [&b"i\0\0\0\x03ab"[..], b"i\0\0", b"i\xff\xff\xff\xffabc"] {
            assert!(read(&mut &*bytes).is_err(), "{bytes:?}");
        }
    }
}
