//! The writer: ustar where it fits, PAX where it does not. The same input gives the same bytes everywhere.

use std::io::{self, Read, Write};

use super::entry::{Device, Kind, Time, Xattr};

/// What to write about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name, relative; a directory gets its trailing slash here.
    pub name: Vec<u8>,
    /// What it is; [`Kind::Other`] is refused.
    pub kind: Kind,
    /// Where a link points, else empty.
    pub link: Vec<u8>,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Last modification.
    pub mtime: Time,
    /// Extended attributes, in any order.
    pub xattrs: Vec<Xattr>,
    /// Bytes of data that will follow; only files have any.
    pub size: u64,
    /// Device number.
    pub device: Device,
}

impl Header {
    /// A header of this name and kind: mode 0644 (directories 0755), owned by root, from 1970.
    pub fn new(name: impl Into<Vec<u8>>, kind: Kind) -> Header {
        Header {
            name: name.into(),
            kind,
            link: Vec::new(),
            mode: if kind == Kind::Directory { 0o755 } else { 0o644 },
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            xattrs: Vec::new(),
            size: 0,
            device: Device::default(),
        }
    }
}

/// Writes an archive. An archive that was not ended with [`Writer::finish`] has no end mark.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    data_left: u64,
    padding: usize,
}

const ZEROS: [u8; 1024] = [0; 1024];

impl<W: Write> Writer<W> {
    /// A writer of a new archive.
    pub fn new(out: W) -> Writer<W> {
        Writer { out, data_left: 0, padding: 0 }
    }

    /// Writes an entry with all its data.
    ///
    /// # Errors
    /// When `data` ends before `header.size` or fails, or the archive cannot be written.
    pub fn append(&mut self, header: &Header, data: impl Read) -> io::Result<()> {
        self.start(header)?;
        io::copy(&mut data.take(header.size), self)?;
        self.end_data()
    }

    /// Writes an entry's headers; its data, exactly `header.size` bytes, is then written to the writer itself.
    ///
    /// # Errors
    /// When the data of the entry before is not complete, the header cannot be said in a tar, or the archive
    /// cannot be written.
    pub fn start(&mut self, header: &Header) -> io::Result<()> {
        self.end_data()?;
        let Some(flag) = flag(header.kind) else { return Err(invalid("an entry of unknown kind")) };
        if header.kind != Kind::File && header.size != 0 {
            return Err(invalid("data on something that is no file"));
        }
        let mut name = header.name.clone();
        if header.kind == Kind::Directory && name.last() != Some(&b'/') {
            name.push(b'/');
        }
        let (block, records) = encode(header, &name, flag)?;
        if !records.is_empty() {
            self.out.write_all(&extension_block(&name, records.len() as u64))?;
            self.out.write_all(&records)?;
            self.out.write_all(&ZEROS[..padding(records.len() as u64)])?;
        }
        self.out.write_all(&block)?;
        self.data_left = header.size;
        self.padding = padding(header.size);
        Ok(())
    }

    /// Ends the archive and returns what it was written to.
    ///
    /// # Errors
    /// As [`Writer::start`].
    pub fn finish(mut self) -> io::Result<W> {
        self.end_data()?;
        self.out.write_all(&ZEROS)?;
        Ok(self.out)
    }

    fn end_data(&mut self) -> io::Result<()> {
        if self.data_left > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the data of an entry is too short"));
        }
        self.out.write_all(&ZEROS[..std::mem::take(&mut self.padding)])
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(usize::try_from(self.data_left).unwrap_or(usize::MAX));
        if n == 0 && !bytes.is_empty() {
            return Err(invalid("more data than the entry declared"));
        }
        let n = self.out.write(&bytes[..n])?;
        self.data_left -= n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

fn padding(size: u64) -> usize {
    (size.wrapping_neg() % super::BLOCK_BYTES) as usize
}

fn flag(kind: Kind) -> Option<u8> {
    Some(match kind {
        Kind::File => b'0',
        Kind::HardLink => b'1',
        Kind::Symlink => b'2',
        Kind::CharDevice => b'3',
        Kind::BlockDevice => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
        Kind::Other(_) => return None,
    })
}

/// A header block, and the PAX records for what it cannot say.
fn encode(header: &Header, name: &[u8], flag: u8) -> io::Result<([u8; 512], Vec<u8>)> {
    let mut records: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut block = empty_block(flag);
    let mut record = |key: &[u8], value: Vec<u8>| records.push((key.to_vec(), value));
    if !put_name(&mut block, name)? {
        record(b"path", name.to_vec());
    }
    if !put_text(&mut block[157..257], &header.link)? {
        record(b"linkpath", header.link.clone());
    }
    put_octal(&mut block[100..108], u64::from(header.mode & 0o7777));
    let mut number = |field: std::ops::Range<usize>, key: &[u8], value: u64| {
        if !put_octal(&mut block[field], value) {
            record(key, value.to_string().into_bytes());
        }
    };
    number(108..116, b"uid", u64::from(header.uid));
    number(116..124, b"gid", u64::from(header.gid));
    number(124..136, b"size", header.size);
    let seconds = u64::try_from(header.mtime.seconds).ok().filter(|_| header.mtime.nanoseconds == 0);
    if !seconds.is_some_and(|seconds| put_octal(&mut block[136..148], seconds)) {
        put_octal(&mut block[136..148], header.mtime.seconds.max(0).unsigned_abs());
        record(b"mtime", time_text(header.mtime));
    }
    put_octal(&mut block[329..337], u64::from(header.device.major));
    put_octal(&mut block[337..345], u64::from(header.device.minor));
    for xattr in &header.xattrs {
        record(&[&b"SCHILY.xattr."[..], &xattr.name].concat(), xattr.value.clone());
    }
    put_checksum(&mut block);
    Ok((block, encode_records(records)?))
}

fn empty_block(flag: u8) -> [u8; 512] {
    let mut block = [0; 512];
    block[156] = flag;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block
}

/// The header block of an extended header. Its name is for readers that do not know what it is.
fn extension_block(name: &[u8], size: u64) -> [u8; 512] {
    let mut block = empty_block(b'x');
    let shown: Vec<u8> = name.iter().map(|b| if b.is_ascii_graphic() { *b } else { b'_' }).collect();
    let tail = &shown[shown.len().saturating_sub(80)..];
    let shown = [&b"PaxHeaders.0/"[..], tail].concat();
    block[..shown.len()].copy_from_slice(&shown);
    put_octal(&mut block[100..108], 0o644);
    for field in [108..116, 116..124, 136..148] {
        put_octal(&mut block[field], 0);
    }
    put_octal(&mut block[124..136], size);
    put_checksum(&mut block);
    block
}

/// Puts a name into its field, split into prefix and name where that helps. Says whether it fitted whole.
fn put_name(block: &mut [u8; 512], name: &[u8]) -> io::Result<bool> {
    if name.len() > 100 && name.is_ascii() {
        // The last slash that leaves a prefix that fits, before the slash at the very end.
        let window = &name[..name.len().min(156).min(name.len() - 1)];
        if let Some(slash) = window.iter().rposition(|b| *b == b'/')
            && slash > 0
            && name.len() - slash - 1 <= 100
        {
            put_text(&mut block[345..500], &name[..slash])?;
            return put_text(&mut block[..100], &name[slash + 1..]);
        }
    }
    put_text(&mut block[..100], name)
}

/// Puts text into a field, cut and with `_` for what is not ASCII when it does not fit. Says whether it did.
fn put_text(field: &mut [u8], text: &[u8]) -> io::Result<bool> {
    if text.contains(&0) {
        return Err(invalid("a NUL in a name"));
    }
    for (to, from) in field.iter_mut().zip(text) {
        *to = if from.is_ascii() { *from } else { b'_' };
    }
    Ok(text.len() <= field.len() && text.is_ascii())
}

/// Puts a number into a field as octal digits and a NUL, zero when it does not fit. Says whether it did.
fn put_octal(field: &mut [u8], value: u64) -> bool {
    let digits = field.len() - 1;
    let fits = value >> (3 * digits) == 0;
    let mut rest = if fits { value } else { 0 };
    for to in field[..digits].iter_mut().rev() {
        *to = b'0' + (rest & 7) as u8;
        rest >>= 3;
    }
    fits
}

fn put_checksum(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
    put_octal(&mut block[148..155], sum);
}

fn time_text(time: Time) -> Vec<u8> {
    let (mut seconds, mut nanoseconds) = (i128::from(time.seconds), time.nanoseconds);
    if nanoseconds == 0 {
        return seconds.to_string().into_bytes();
    }
    let mut sign = "";
    if seconds < 0 {
        sign = "-";
        seconds = -seconds - 1;
        nanoseconds = 1_000_000_000 - nanoseconds;
    }
    let text = format!("{sign}{seconds}.{nanoseconds:09}");
    text.trim_end_matches('0').as_bytes().to_vec()
}

/// Records in the order of their keys, as Go writes them.
fn encode_records(mut records: Vec<(Vec<u8>, Vec<u8>)>) -> io::Result<Vec<u8>> {
    records.sort();
    let mut out = Vec::new();
    for (key, value) in records {
        if key.contains(&0) || key.contains(&b'=') {
            return Err(invalid("an attribute name that a tar cannot hold"));
        }
        let rest = key.len() + value.len() + 3;
        let mut len = rest + rest.to_string().len();
        if rest + len.to_string().len() != len {
            len = rest + len.to_string().len();
        }
        out.extend_from_slice(len.to_string().as_bytes());
        out.push(b' ');
        out.extend_from_slice(&key);
        out.push(b'=');
        out.extend_from_slice(&value);
        out.push(b'\n');
    }
    Ok(out)
}
