//! The header block: where its fields are, and which dialect wrote it.

use super::number::{numeric, octal, until_nul};

/// A header block's bytes.
pub(super) type Block = [u8; 512];

/// The dialects that lay out a header block differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    V7,
    /// POSIX ustar, PAX included.
    Ustar,
    /// Schilling's star: a shorter prefix, then times.
    Star,
    /// Old GNU: no prefix, but times and sparse maps.
    Gnu,
}

/// Which dialect a block is in; nothing when its check sum is wrong.
pub(super) fn dialect(block: &Block) -> Option<Dialect> {
    let (unsigned, signed) = checksums(block);
    let stated = octal(&block[148..156])?;
    if stated != unsigned && stated != signed {
        return None;
    }
    Some(match &block[257..263] {
        b"ustar\0" if &block[508..512] == b"tar\0" => Dialect::Star,
        b"ustar\0" => Dialect::Ustar,
        b"ustar " if &block[263..265] == b" \0" => Dialect::Gnu,
        _ => Dialect::V7,
    })
}

/// The sum of all bytes with the check sum itself read as blanks; some old writers added them up signed.
fn checksums(block: &Block) -> (i64, i64) {
    let mut unsigned = 0;
    let mut signed = 0;
    for (i, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&i) { b' ' } else { *byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    (unsigned, signed)
}

/// The fields of a header block, none of them judged yet.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) dialect: Dialect,
    pub(super) flag: u8,
    pub(super) mode: i64,
    pub(super) uid: i64,
    pub(super) gid: i64,
    pub(super) size: i64,
    pub(super) mtime: i64,
    pub(super) major: i64,
    pub(super) minor: i64,
}

/// Reads the numeric fields; nothing when one of them is no number.
pub(super) fn fields(block: &Block, dialect: Dialect) -> Option<Fields> {
    let has_devices = dialect != Dialect::V7;
    let device = |at: usize| if has_devices { numeric(&block[at..at + 8]) } else { Some(0) };
    if dialect == Dialect::Star {
        numeric(&block[476..488])?;
        numeric(&block[488..500])?;
    }
    Some(Fields {
        dialect,
        flag: block[156],
        mode: numeric(&block[100..108])?,
        uid: numeric(&block[108..116])?,
        gid: numeric(&block[116..124])?,
        size: numeric(&block[124..136])?,
        mtime: numeric(&block[136..148])?,
        major: device(329)?,
        minor: device(337)?,
    })
}

/// Appends the name, with the prefix where the dialect has one.
pub(super) fn push_name(block: &Block, dialect: Dialect, name: &mut Vec<u8>) {
    let prefix = match dialect {
        Dialect::V7 => &[][..],
        Dialect::Ustar => until_nul(&block[345..500]),
        Dialect::Star => until_nul(&block[345..476]),
        Dialect::Gnu => old_go_prefix(block),
    };
    if !prefix.is_empty() {
        name.extend_from_slice(prefix);
        name.push(b'/');
    }
    name.extend_from_slice(until_nul(&block[0..100]));
}

/// GNU headers have times where ustar has its prefix. Early versions of Go wrote a prefix all the same, and
/// Go's reader takes it for one when the times are no numbers and the text is ASCII.
fn old_go_prefix(block: &Block) -> &[u8] {
    let is_time = |at: usize| block[at] == 0 || numeric(&block[at..at + 12]).is_some();
    let text = until_nul(&block[345..500]);
    if (is_time(345) && is_time(357)) || !text.is_ascii() { &[] } else { text }
}

/// The link target.
pub(super) fn link(block: &Block) -> &[u8] {
    until_nul(&block[157..257])
}

/// Whether bytes begin with a header block.
pub(crate) fn is_header(bytes: &[u8]) -> bool {
    bytes.first_chunk::<512>().is_some_and(|block| dialect(block).is_some())
}
