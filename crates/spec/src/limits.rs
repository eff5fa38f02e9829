//! Limits on documents that come from outside, by the names they have in error messages.

/// Bytes of a manifest or index, inclusive: the distribution specification asks registries to take at least
/// this much, and the common clients stop here too.
pub const MANIFEST_BYTES_MAX: u64 = 4 << 20;

/// Bytes of an image config: real ones are a few kilobytes, the largest known carry megabytes of history.
pub const CONFIG_BYTES_MAX: u64 = 8 << 20;

/// Nesting of JSON values: real documents stay below ten, recursion in a parser must be bounded.
pub const JSON_DEPTH_MAX: usize = 64;

/// Layers of one image: overlayfs stacks at most 500 lower folders, some are ours.
pub const LAYERS_PER_IMAGE_MAX: usize = 480;

/// Entries of one index: far beyond any real one, small enough to walk at once.
pub const INDEX_ENTRIES_MAX: usize = 32_768;

/// Indexes inside indexes: nobody nests more than two.
pub const INDEX_DEPTH_MAX: usize = 8;

/// Distinct manifests fetched or read in one operation, so that a graph of indexes cannot run for ever.
pub const MANIFESTS_WALKED_MAX: usize = 1_024;

/// Annotations of one document or descriptor.
pub const ANNOTATIONS_MAX: usize = 16_384;

/// Bytes of one annotation's key.
pub const ANNOTATION_KEY_BYTES_MAX: usize = 1 << 10;

/// History entries of one config.
pub const HISTORY_ENTRIES_MAX: usize = 10_000;

/// Bytes of a reference as typed: the longest legal one is below 600.
pub const REFERENCE_BYTES_MAX: usize = 1_024;
