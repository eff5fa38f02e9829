//! Limits on layers, by the names they have in error messages.

/// Bytes of one extended header, GNU long name or long link: real ones stay below a few kilobytes, file
/// capabilities and access lists included.
pub const PAX_BYTES_MAX: u64 = 1 << 20;

/// Bytes of one path component: what Linux file systems take.
pub const NAME_BYTES_MAX: u64 = 255;

/// Bytes of a path or link target: the kernel takes 4,096 with the terminating NUL.
pub const PATH_BYTES_MAX: u64 = 4_095;

/// Components of a path: far beyond real trees, small enough to be walked for each entry.
pub const PATH_DEPTH_MAX: u64 = 1_024;

/// Bytes of an extended attribute's name: the kernel's own limit.
pub const XATTR_NAME_BYTES_MAX: u64 = 255;

/// Bytes of an extended attribute's value: the kernel's own limit.
pub const XATTR_VALUE_BYTES_MAX: u64 = 64 << 10;

/// Extended attributes of one entry: real ones have a handful, and every file system stops somewhere.
pub const XATTRS_PER_ENTRY_MAX: u64 = 128;

/// Data regions of one sparse file: the map is held in memory, 16 bytes a region.
pub const SPARSE_REGIONS_MAX: u64 = 65_536;

/// Names of one file: ext4 stops here, other file systems later.
pub const LINKS_PER_INODE_MAX: u64 = 65_000;

/// Entries of one layer: the largest known images have some 1,000,000 files in all their layers.
pub const ENTRIES_PER_LAYER_MAX: u64 = 5_000_000;

/// Bytes of an unpacked layer, holes included: the largest known layers (machine-learning models) stay below.
pub const LAYER_UNPACKED_BYTES_MAX: u64 = 256 << 30;

/// How many bytes one compressed byte may become, past [`RATIO_GRACE_BYTES`]: deflate reaches about 1,030,
/// real layers stay below 20.
pub const RATIO_MAX: u64 = 500;

/// Inflated bytes below which the ratio does not matter: what any machine that runs images can hold.
pub const RATIO_GRACE_BYTES: u64 = 2 << 30;

/// Window of a zstd frame: `zstd --ultra --long=27` writes this much, and it has to be held in memory.
pub const ZSTD_WINDOW_BYTES_MAX: u64 = 128 << 20;

/// Windows above this are decoded one at a time in the whole process: it is what every decoder must support.
pub const ZSTD_WINDOW_BYTES_SHARED: u64 = 8 << 20;

/// The limits that configuration may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// [`ENTRIES_PER_LAYER_MAX`].
    pub entries: u64,
    /// [`LAYER_UNPACKED_BYTES_MAX`].
    pub unpacked_bytes: u64,
    /// [`RATIO_MAX`].
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { entries: ENTRIES_PER_LAYER_MAX, unpacked_bytes: LAYER_UNPACKED_BYTES_MAX, ratio: RATIO_MAX }
    }
}
