//! One header block.

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 512;

/// What a header block says about its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Magic {
    /// Nothing, as before POSIX.
    V7,
    /// POSIX, PAX included.
    Ustar,
    /// GNU.
    Gnu,
    /// Schilling's star.
    Star,
}

/// A header block under construction. The check sum is set when its bytes are taken, unless it was forged.
#[derive(Clone, Debug)]
pub struct Block {
    bytes: [u8; BLOCK_BYTES],
    has_checksum: bool,
}

impl Block {
    /// A header of this type flag: mode 0644, owner 0, time 0, size 0, ustar.
    pub fn new(flag: u8, name: impl AsRef<[u8]>) -> Block {
        let block = Block { bytes: [0; BLOCK_BYTES], has_checksum: false };
        let mut block = block.field(0..100, name.as_ref()).mode(0o644).owner(0, 0).size(0).mtime(0);
        block.bytes[156] = flag;
        block.magic(Magic::Ustar)
    }

    /// Sets the dialect.
    #[must_use]
    pub fn magic(self, magic: Magic) -> Block {
        match magic {
            Magic::V7 => self.field(257..265, b""),
            Magic::Ustar => self.field(257..265, b"ustar\x0000"),
            Magic::Gnu => self.field(257..265, b"ustar  \0"),
            Magic::Star => self.field(257..265, b"ustar\x0000").field(508..512, b"tar\0"),
        }
    }

    /// Sets the mode.
    #[must_use]
    pub fn mode(self, mode: u64) -> Block {
        self.octal(100..108, mode)
    }

    /// Sets owner and group.
    #[must_use]
    pub fn owner(self, uid: u64, gid: u64) -> Block {
        self.octal(108..116, uid).octal(116..124, gid)
    }

    /// Sets the size that the header states.
    #[must_use]
    pub fn size(self, size: u64) -> Block {
        self.octal(124..136, size)
    }

    /// Sets the time.
    #[must_use]
    pub fn mtime(self, seconds: u64) -> Block {
        self.octal(136..148, seconds)
    }

    /// Sets the link target.
    #[must_use]
    pub fn link(self, target: impl AsRef<[u8]>) -> Block {
        self.field(157..257, target.as_ref())
    }

    /// Sets the device number.
    #[must_use]
    pub fn device(self, major: u64, minor: u64) -> Block {
        self.octal(329..337, major).octal(337..345, minor)
    }

    /// Sets the prefix of the name.
    #[must_use]
    pub fn prefix(self, prefix: impl AsRef<[u8]>) -> Block {
        self.field(345..500, prefix.as_ref())
    }

    /// Puts octal digits and a NUL into a field; digits that have no room are cut off on the left.
    #[must_use]
    pub fn octal(self, range: std::ops::Range<usize>, value: u64) -> Block {
        let width = range.len() - 1;
        let digits = format!("{value:0width$o}");
        self.field(range, &digits.as_bytes()[digits.len() - width..])
    }

    /// Puts a number into a field as GNU does when octal digits have no room.
    #[must_use]
    pub fn base_256(self, range: std::ops::Range<usize>, value: i128) -> Block {
        let mut bytes = value.to_be_bytes().to_vec();
        let fill = if value < 0 { 0xff } else { 0 };
        while bytes.len() < range.len() {
            bytes.insert(0, fill);
        }
        let mut bytes = bytes.split_off(bytes.len() - range.len());
        bytes[0] |= 0x80;
        self.field(range, &bytes)
    }

    /// Puts any bytes into a field, cut to its width and filled with NULs.
    #[must_use]
    pub fn field(mut self, range: std::ops::Range<usize>, bytes: &[u8]) -> Block {
        let field = &mut self.bytes[range];
        field.fill(0);
        let len = bytes.len().min(field.len());
        field[..len].copy_from_slice(&bytes[..len]);
        self
    }

    /// Forges the check sum field.
    #[must_use]
    pub fn checksum(mut self, field: &[u8]) -> Block {
        self.has_checksum = true;
        self.field(148..156, field)
    }

    /// The block.
    pub fn bytes(mut self) -> [u8; BLOCK_BYTES] {
        if !self.has_checksum {
            self.bytes[148..156].fill(b' ');
            let sum: u64 = self.bytes.iter().map(|byte| u64::from(*byte)).sum();
            self = self.field(148..156, format!("{sum:06o}\0 ").as_bytes());
        }
        self.bytes
    }
}
