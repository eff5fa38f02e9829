//! Limits on Dockerfiles, by the names they have in error messages.

/// Bytes of a Dockerfile, or of all changes together: the largest that people write have a few hundred
/// kilobytes, generated ones included.
pub const DOCKERFILE_BYTES_MAX: usize = 4 << 20;

/// Bytes of one line before lines are joined: what Docker's reader takes.
pub const LINE_BYTES_MAX: usize = 65_535;

/// Bytes of one word after variables were replaced: eight times what the kernel takes as one string.
pub const EXPANDED_WORD_BYTES_MAX: usize = 1 << 20;

/// Bytes of all words of one text after variables were replaced: more would not fit into an image's config,
/// whose limit this is.
pub const EXPANDED_BYTES_MAX: usize = 8 << 20;

/// `${a:-${b:-…}}` inside each other: nobody can read more than a few.
pub const SUBSTITUTION_DEPTH_MAX: usize = 32;

/// Ports that the `EXPOSE` instructions of one text name, repetitions included: every port of TCP, UDP and SCTP
/// once.
pub const EXPOSED_PORTS_MAX: usize = 3 * 65_536;
