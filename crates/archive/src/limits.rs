//! Limits on archives, by the names they have in error messages.

/// Bytes of `manifest.json`, `repositories`, `oci-layout` or a layer's legacy `json`: an archive of two thousand
/// images stays below one megabyte.
pub const ARCHIVE_JSON_BYTES_MAX: u64 = 8 << 20;

/// Bytes of a layout's `index.json`, which is read as a stream: 32,768 entries with generous annotations.
pub const LAYOUT_INDEX_BYTES_MAX: u64 = 64 << 20;

/// Bytes of what a list says about one image: 480 layers with all their sources take a quarter of this. Larger
/// ones could fill the memory once parsed.
pub const ARCHIVE_ITEM_BYTES_MAX: u64 = 1 << 20;

/// Items of such a list, as many as an index may have.
pub const ARCHIVE_ITEMS_MAX: usize = spec::limits::INDEX_ENTRIES_MAX;

/// Entries of an archive: two thousand images of ten layers, each with a legacy folder, are 60,000.
pub const ARCHIVE_ENTRIES_MAX: u64 = 100_000;

/// Bytes of all names and link targets of an archive, which are held in memory: that many entries of a layout
/// have 8 MB.
pub const ARCHIVE_NAMES_BYTES_MAX: u64 = 32 << 20;

/// Links to follow from one name to a file: `docker save` wrote chains of one.
pub const LINK_HOPS_MAX: usize = 8;

/// Bytes of documents read while images are told from one another, repetitions included, so that no graph of
/// indexes takes long: a thousand images of twelve platforms have 84 MB.
pub const WALKED_BYTES_MAX: u64 = 128 << 20;

/// Entries of indexes looked at in the same walk: those images, with their attestations, have 24,000.
pub const WALKED_ENTRIES_MAX: u64 = 100_000;

/// Bytes of the file system that writing a scratch file leaves free.
pub const DISK_RESERVE_BYTES: u64 = 64 << 20;
