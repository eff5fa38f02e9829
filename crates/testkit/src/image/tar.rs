//! Tar archives (POSIX ustar, PAX records where ustar does not reach), and a look into them.

use std::io::{self, Read};

use crate::image::entry::{Entry, Kind};
use crate::registry::Content;

const BLOCK: usize = 512;
/// What an octal field of twelve bytes can hold.
const OCTAL_12_MAX: u64 = 0o77_777_777_777;
/// What an octal field of eight bytes can hold.
const OCTAL_8_MAX: u64 = 0o7_777_777;

/// The tar of these entries, with two blocks of zeros at its end.
pub fn tar(entries: &[Entry]) -> Content {
    let mut parts: Vec<Content> = Vec::new();
    let mut pending = Vec::new();
    for entry in entries {
        write_head(entry, &mut pending);
        let Kind::File(content) = &entry.kind else { continue };
        if content.is_empty() {
            continue;
        }
        parts.push(std::mem::take(&mut pending).into());
        parts.push(content.clone());
        pending.resize(padding(content.len()), 0);
    }
    pending.resize(pending.len() + 2 * BLOCK, 0);
    parts.push(pending.into());
    let small = parts.iter().map(Content::len).sum::<u64>() < 1 << 20;
    let joined = Content::Joined(parts.into());
    match joined.to_vec() {
        Ok(bytes) if small => bytes.into(),
        _ => joined,
    }
}

fn padding(len: u64) -> usize {
    let over = (len % BLOCK as u64) as usize;
    (BLOCK - over) % BLOCK
}

fn write_head(entry: &Entry, out: &mut Vec<u8>) {
    let is_dir = matches!(entry.kind, Kind::Dir);
    let path = if is_dir { format!("{}/", entry.path.trim_end_matches('/')) } else { entry.path.clone() };
    let size = if let Kind::File(content) = &entry.kind { content.len() } else { 0 };
    let link = match &entry.kind {
        Kind::Symlink(target) | Kind::Hardlink(target) => target.as_str(),
        _ => "",
    };
    let records = pax_records(entry, &path, link, size);
    if !records.is_empty() {
        let mut name = path.as_bytes().to_vec();
        name.truncate(80);
        let name = String::from_utf8_lossy(&name);
        header(out, &format!("PaxHeaders.0/{name}"), b'x', "", &Fields::plain(records.len() as u64));
        let padded = out.len() + records.len() + padding(records.len() as u64);
        out.extend_from_slice(&records);
        out.resize(padded, 0);
    }
    let (kind, device) = match entry.kind {
        Kind::File(_) => (b'0', (0, 0)),
        Kind::Hardlink(_) => (b'1', (0, 0)),
        Kind::Symlink(_) => (b'2', (0, 0)),
        Kind::CharDevice(major, minor) => (b'3', (major, minor)),
        Kind::BlockDevice(major, minor) => (b'4', (major, minor)),
        Kind::Dir => (b'5', (0, 0)),
        Kind::Fifo => (b'6', (0, 0)),
    };
    let fields = Fields {
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        size,
        mtime: u64::try_from(entry.mtime).unwrap_or(0),
        device,
    };
    header(out, &path, kind, link, &fields);
}

/// The PAX records an entry needs because a ustar header cannot say it.
fn pax_records(entry: &Entry, path: &str, link: &str, size: u64) -> Vec<u8> {
    let mut records = Vec::new();
    let fits = |text: &str| text.len() <= 100 && text.is_ascii();
    if !fits(path) {
        record(&mut records, "path", path.as_bytes());
    }
    if !fits(link) {
        record(&mut records, "linkpath", link.as_bytes());
    }
    for (name, value, most) in
        [("uid", entry.uid, OCTAL_8_MAX), ("gid", entry.gid, OCTAL_8_MAX), ("size", size, OCTAL_12_MAX)]
    {
        if value > most {
            record(&mut records, name, value.to_string().as_bytes());
        }
    }
    if entry.mtime < 0 || entry.mtime_nanos > 0 {
        record(&mut records, "mtime", pax_time(entry.mtime, entry.mtime_nanos).as_bytes());
    }
    for (name, value) in &entry.xattrs {
        record(&mut records, &format!("SCHILY.xattr.{name}"), value);
    }
    records
}

/// A time as PAX writes it: a decimal number, whose fraction goes the same way as its sign.
fn pax_time(seconds: i64, nanos: u32) -> String {
    let whole = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let sign = if whole < 0 { "-" } else { "" };
    let (seconds, nanos) = (whole.unsigned_abs() / 1_000_000_000, whole.unsigned_abs() % 1_000_000_000);
    format!("{sign}{seconds}.{nanos:09}")
}

/// `LENGTH KEY=VALUE\n`, whose length counts its own digits.
fn record(out: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if length.to_string().len() + rest != length {
        length += 1;
    }
    out.extend_from_slice(format!("{length} {key}=").as_bytes());
    out.extend_from_slice(value);
    out.push(b'\n');
}

struct Fields {
    mode: u32,
    uid: u64,
    gid: u64,
    size: u64,
    mtime: u64,
    device: (u32, u32),
}

impl Fields {
    fn plain(size: u64) -> Fields {
        Fields { mode: 0o644, uid: 0, gid: 0, size, mtime: 0, device: (0, 0) }
    }
}

fn header(out: &mut Vec<u8>, path: &str, kind: u8, link: &str, fields: &Fields) {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, len: usize, bytes: &[u8]| {
        let count = bytes.len().min(len);
        block[at..at + count].copy_from_slice(&bytes[..count]);
    };
    let octal = |value: u64, most: u64, digits: usize| {
        format!("{:0digits$o}\0", if value > most { 0 } else { value }).into_bytes()
    };
    put(0, 100, path.as_bytes());
    put(100, 8, &octal(fields.mode.into(), OCTAL_8_MAX, 7));
    put(108, 8, &octal(fields.uid, OCTAL_8_MAX, 7));
    put(116, 8, &octal(fields.gid, OCTAL_8_MAX, 7));
    put(124, 12, &octal(fields.size, OCTAL_12_MAX, 11));
    put(136, 12, &octal(fields.mtime, OCTAL_12_MAX, 11));
    put(148, 8, b"        ");
    put(156, 1, &[kind]);
    put(157, 100, link.as_bytes());
    put(257, 8, b"ustar\x0000");
    put(329, 8, &octal(fields.device.0.into(), OCTAL_8_MAX, 7));
    put(337, 8, &octal(fields.device.1.into(), OCTAL_8_MAX, 7));
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend_from_slice(&block);
}

/// The names and contents of the regular files of a tar without PAX or GNU records, as `docker save` and
/// this module write them.
///
/// # Errors
/// When the archive ends early or a size is no number.
pub fn read_tar(mut reader: impl Read) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    loop {
        let mut block = [0; BLOCK];
        reader.read_exact(&mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(files);
        }
        let text = |from: usize, len: usize| {
            let field = block[from..from + len].split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(field).trim().to_owned()
        };
        let size = u64::from_str_radix(&text(124, 12), 8).map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        reader.by_ref().take(size + padding(size) as u64).read_to_end(&mut bytes)?;
        bytes.truncate(usize::try_from(size).map_err(io::Error::other)?);
        if matches!(block[156], b'0' | 0) {
            let prefix = text(345, 155);
            let slash = if prefix.is_empty() { "" } else { "/" };
            files.push((format!("{prefix}{slash}{}", text(0, 100)), bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_their_own_digits() {
        for len in 0..1100 {
            let mut out = Vec::new();
            record(&mut out, "path", &vec![b'x'; len]);
            let digits = out.split(|byte| *byte == b' ').next().unwrap_or_default();
            assert_eq!(std::str::from_utf8(digits).unwrap().parse(), Ok(out.len()), "a value of {len} bytes");
        }
    }

    #[test]
    fn times_before_1970_have_one_sign() {
        let check = |seconds, nanos, expect: &str| assert_eq!(pax_time(seconds, nanos), expect);
        check(5, 1, "5.000000001");
        check(-5, 500_000_000, "-4.500000000");
        check(-1, 999_999_999, "-0.000000001");
    }
}
