//! PAX extended headers: records of `length key=value`.

use super::entry::{Time, Xattr};
use super::number::{decimal, pax_time};
use crate::error::EntryFault;
use crate::limits::{XATTR_NAME_BYTES_MAX, XATTR_VALUE_BYTES_MAX, XATTRS_PER_ENTRY_MAX};
use crate::name::within;

/// What an extended header says about the entry behind it. A record with an empty value says nothing, so that
/// the header's own field counts; the last of two records with one key counts.
#[derive(Debug, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<i64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    pub(super) mtime: Option<Time>,
    pub(super) xattrs: Vec<Xattr>,
    pub(super) sparse: SparseRecords,
}

/// The records of GNU's sparse forms, as text.
#[derive(Debug, Default)]
pub(super) struct SparseRecords {
    pub(super) major: Option<Vec<u8>>,
    pub(super) minor: Option<Vec<u8>>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<Vec<u8>>,
    pub(super) real_size: Option<Vec<u8>>,
    pub(super) count: Option<Vec<u8>>,
    pub(super) map: Option<Vec<u8>>,
    /// The numbers of form 0.0, which repeats its keys, joined as form 0.1 has them.
    pairs: Vec<u8>,
    pair_numbers: usize,
}

impl SparseRecords {
    /// Whether there is any of them.
    pub(super) fn is_any(&self) -> bool {
        [&self.major, &self.minor, &self.name, &self.size, &self.real_size, &self.count, &self.map]
            .iter()
            .any(|record| record.is_some())
    }

    fn push_pair(&mut self, is_offset: bool, value: &[u8]) -> Result<(), EntryFault> {
        if is_offset != self.pair_numbers.is_multiple_of(2) || value.contains(&b',') {
            return Err(malformed("sparse records out of order"));
        }
        if self.pair_numbers > 0 {
            self.pairs.push(b',');
        }
        self.pairs.extend_from_slice(value);
        self.pair_numbers += 1;
        Ok(())
    }
}

fn malformed(what: &'static str) -> EntryFault {
    EntryFault::Malformed { rule: "TAR-2", what }
}

/// Reads the records of an extended header.
pub(super) fn parse(mut bytes: &[u8]) -> Result<Pax, EntryFault> {
    let mut pax = Pax::default();
    let mut xattrs = XattrRecords::default();
    while !bytes.is_empty() {
        let (key, value, rest) = record(bytes).ok_or(malformed("a malformed extended header record"))?;
        bytes = rest;
        take(&mut pax, &mut xattrs, key, value)?;
    }
    if pax.sparse.pair_numbers > 0 {
        pax.sparse.map = Some(std::mem::take(&mut pax.sparse.pairs));
    }
    pax.xattrs = xattrs.merged()?;
    Ok(pax)
}

/// Splits off one record: a decimal length that counts itself, a blank, a key, `=`, a value, a line break.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = bytes.iter().take(20).position(|b| *b == b' ')?;
    let len = usize::try_from(decimal(&bytes[..blank])?).ok()?;
    if len < 5 || len > bytes.len() || len <= blank + 1 || bytes[len - 1] != b'\n' {
        return None;
    }
    let text = &bytes[blank + 1..len - 1];
    let equals = text.iter().position(|b| *b == b'=')?;
    let (key, value) = (&text[..equals], &text[equals + 1..]);
    (!key.is_empty() && !key.contains(&0)).then_some((key, value, &bytes[len..]))
}

fn take(pax: &mut Pax, xattrs: &mut XattrRecords, key: &[u8], value: &[u8]) -> Result<(), EntryFault> {
    let given = (!value.is_empty()).then_some(value);
    match key {
        b"path" => pax.path = text(given)?,
        b"linkpath" => pax.link = text(given)?,
        b"uname" | b"gname" => drop(text(given)?),
        b"size" => pax.size = integer(given)?,
        b"uid" => pax.uid = integer(given)?,
        b"gid" => pax.gid = integer(given)?,
        b"mtime" => pax.mtime = time(given)?,
        b"atime" | b"ctime" => drop(time(given)?),
        _ => match key.strip_prefix(b"GNU.sparse.") {
            Some(field) => take_sparse(&mut pax.sparse, field, value)?,
            None => xattrs.take(key, value)?,
        },
    }
    Ok(())
}

fn take_sparse(sparse: &mut SparseRecords, field: &[u8], value: &[u8]) -> Result<(), EntryFault> {
    let given = (!value.is_empty()).then(|| value.to_vec());
    match field {
        b"major" => sparse.major = given,
        b"minor" => sparse.minor = given,
        b"name" => sparse.name = given,
        b"size" => sparse.size = given,
        b"realsize" => sparse.real_size = given,
        b"numblocks" => sparse.count = given,
        b"map" => sparse.map = given,
        b"offset" => sparse.push_pair(true, value)?,
        b"numbytes" => sparse.push_pair(false, value)?,
        _ => {}
    }
    Ok(())
}

fn text(value: Option<&[u8]>) -> Result<Option<Vec<u8>>, EntryFault> {
    match value {
        Some(value) if value.contains(&0) => Err(malformed("a NUL in a name")),
        value => Ok(value.map(<[u8]>::to_vec)),
    }
}

fn integer(value: Option<&[u8]>) -> Result<Option<i64>, EntryFault> {
    value.map(|text| decimal(text).ok_or(malformed("an extended header with a bad number"))).transpose()
}

fn time(value: Option<&[u8]>) -> Result<Option<Time>, EntryFault> {
    value.map(|text| pax_time(text).ok_or(malformed("an extended header with a bad time"))).transpose()
}

/// Attributes in the two spellings in use. Archives that have both say the same twice; star's spelling, which
/// Docker reads, wins.
#[derive(Default)]
struct XattrRecords {
    schily: Vec<Xattr>,
    libarchive: Vec<Xattr>,
}

impl XattrRecords {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), EntryFault> {
        if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
            put(&mut self.schily, name.to_vec(), value.to_vec())
        } else if let Some(name) = key.strip_prefix(b"LIBARCHIVE.xattr.") {
            let name = percent_decoded(name).ok_or(malformed("an attribute with a bad name"))?;
            let value = base64_decoded(value).ok_or(malformed("an attribute that is not base64"))?;
            put(&mut self.libarchive, name, value)
        } else {
            Ok(())
        }
    }

    fn merged(mut self) -> Result<Vec<Xattr>, EntryFault> {
        for xattr in self.libarchive {
            if !self.schily.iter().any(|known| known.name == xattr.name) {
                self.schily.push(xattr);
            }
        }
        within("XATTRS_PER_ENTRY_MAX", XATTRS_PER_ENTRY_MAX, self.schily.len() as u64)?;
        Ok(self.schily)
    }
}

fn put(xattrs: &mut Vec<Xattr>, name: Vec<u8>, value: Vec<u8>) -> Result<(), EntryFault> {
    if name.is_empty() || name.contains(&0) {
        return Err(malformed("an attribute with a bad name"));
    }
    within("XATTR_NAME_BYTES_MAX", XATTR_NAME_BYTES_MAX, name.len() as u64)?;
    within("XATTR_VALUE_BYTES_MAX", XATTR_VALUE_BYTES_MAX, value.len() as u64)?;
    match xattrs.iter_mut().find(|known| known.name == name) {
        Some(known) => known.value = value,
        None => {
            within("XATTRS_PER_ENTRY_MAX", XATTRS_PER_ENTRY_MAX, xattrs.len() as u64 + 1)?;
            xattrs.push(Xattr { name, value });
        }
    }
    Ok(())
}

fn percent_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            out.push(*first);
        }
    }
    Some(out)
}

/// Base64 without regard to padding, which libarchive leaves out.
fn base64_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let mut bits: u32 = 0;
    let mut count = 0;
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_2_records_that_are_malformed() {
        let good: &[&[u8]] = &[b"", b"9 path=a\n", b"5 a=\n", b"7 a= =\n", b"+9 path=\n"];
        for bytes in good {
            assert!(parse(bytes).is_ok(), "{bytes:?}");
        }
        let bad: &[&[u8]] = &[
            b"8 path=a\n",
            b"11 path=a\n",
            b"9 path=a ",
            b"9 path=a",
            b"path=a\n",
            b" 9 path=a\n",
            b"x path=a\n",
            b"-9 path=a\n",
            b"4 a\n",
            b"6 a b\n",
            b"6 =ab\n",
            b"8 a\0b=c\n",
            b"10 path=\0a\n",
            b"0 a=b\n",
            b"9 size=x\n",
            b"9 path=a\n\0",
            b"99999999999999999999 a=b\n",
            b"20 mtime=1.2.3.4.5.\n",
        ];
        for bytes in bad {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }

    fn records(pairs: &[(&str, &[u8])]) -> Vec<u8> {
        testkit::forge::records(pairs)
    }

    #[test]
    fn the_last_record_counts_and_an_empty_one_says_nothing() {
        let pairs = [("path", "aa"), ("path", "bb"), ("size", "12"), ("size", "")];
        let pax = parse(&records(&pairs.map(|(key, value)| (key, value.as_bytes())))).unwrap();
        assert_eq!(pax.path.as_deref(), Some(&b"bb"[..]));
        assert_eq!(pax.size, None);
    }

    #[test]
    fn attributes_in_both_spellings() {
        let pax = parse(&records(&[
            ("SCHILY.xattr.user.a", b"x\0\n=y"),
            ("LIBARCHIVE.xattr.user.b", b"AP8K/w"),
            ("LIBARCHIVE.xattr.user.a", b"enp6"),
            ("SCHILY.xattr.user.c", b""),
            ("LIBARCHIVE.xattr.user%2Ed", b"YQ=="),
        ]))
        .unwrap();
        let names: Vec<(&[u8], &[u8])> = pax.xattrs.iter().map(|x| (&x.name[..], &x.value[..])).collect();
        let expect: [(&[u8], &[u8]); 4] =
            [(b"user.a", b"x\0\n=y"), (b"user.c", b""), (b"user.b", b"\0\xff\n\xff"), (b"user.d", b"a")];
        assert_eq!(names, expect);
        assert!(parse(&records(&[("LIBARCHIVE.xattr.user.a", b"e*p6")])).is_err());
        assert!(parse(&records(&[("LIBARCHIVE.xattr.user.a", b"enp6e")])).is_err());
        assert!(parse(&records(&[("LIBARCHIVE.xattr.user%zz", b"YQ")])).is_err());
        assert!(parse(&records(&[("LIBARCHIVE.xattr.user%2", b"YQ")])).is_err());
    }
}
