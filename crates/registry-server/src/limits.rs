//! Limits of the server, by the names they have in refusals. What can be configured is a default here.

use std::time::Duration;

/// Bytes of a request's head: what the common proxies stop at, and room for the longest token.
pub const HEADER_BYTES_MAX: usize = 64 << 10;

/// Header lines of a request: clients send a dozen, proxies add some.
pub const HEADER_COUNT_MAX: usize = 100;

/// Time for a request's head to arrive once it has begun: it fits one packet.
pub const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may wait between two requests: longer than clients pause within one push.
pub const KEEP_ALIVE_IDLE_MAX: Duration = Duration::from_secs(75);

/// A body is stalled when less than [`STALL_BYTES_MIN`] arrive within this window: slow but steady is fine.
pub const STALL_WINDOW: Duration = Duration::from_secs(20);

/// One kibibyte per second over the window.
pub const STALL_BYTES_MIN: u64 = 20 << 10;

/// Connections at once: each costs some 100 KiB at most.
pub const CONNECTIONS_MAX: usize = 4_096;

/// Connections from one address at once: a cluster behind one gateway is still served.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 1_024;

/// Uploads that one subject may have open: sixteen machines with sixty layers each.
pub const UPLOADS_OPEN_MAX: u64 = 1_000;

/// How long an upload may rest before it is gone.
pub const UPLOAD_IDLE_MAX: Duration = Duration::from_secs(3_600);

/// Items of one page of a list: what Docker's registry stops at.
pub const PAGE_ITEMS_MAX: usize = 1_000;

/// Bytes of the text that a page begins after: no name or tag is longer.
pub const PAGE_LAST_BYTES_MAX: usize = 512;

/// Names looked at for one page of a filtered list, so that a caller who may see little cannot make us walk
/// everything at once.
pub const PAGE_SCANNED_MAX: usize = 10_000;

/// Bytes of a search term: descriptions are not longer.
pub const SEARCH_TERM_BYTES_MAX: usize = 256;

/// Tags that one push may name: the specification asks for ten at least, and a request line has to hold them.
pub const TAGS_PER_PUSH_MAX: usize = 128;

/// Bytes of a blob that stays beside the metadata instead of becoming a file: configs, signatures and
/// attestations are smaller, and then cost one sync instead of three.
pub const INLINE_BYTES_MAX: u64 = 16 << 10;

/// Bytes of request bodies that wait to be written, all uploads together.
pub const UPLOAD_BUFFERS_BYTES_MAX: usize = 24 << 20;

/// Bytes of responses that wait to be sent, all pulls together.
pub const PULL_BUFFERS_BYTES_MAX: usize = 24 << 20;

/// Free space that a push has to leave: the database needs room to delete.
pub const DISK_RESERVE_BYTES: u64 = 64 << 20;

/// Bytes of a signed token, ours or somebody's: see JWT libraries' defaults.
pub const JWT_BYTES_MAX: usize = 16 << 10;

/// Entries of a token's access list and scopes of one request for a token.
pub const ACCESS_ENTRIES_MAX: usize = 64;

/// Bytes of a form that asks for a token.
pub const FORM_BYTES_MAX: u64 = 64 << 10;

/// Bytes of a password that bcrypt takes: it would ignore the rest.
pub const PASSWORD_BYTES_MAX: usize = 72;

/// bcrypt's cost in a password file: 2^14 rounds are about a second.
pub const BCRYPT_COST_MAX: u32 = 14;

/// Passwords that are being checked at once.
pub const PASSWORD_CHECKS_MAX: usize = 2;

/// Wrong passwords from one address within a minute.
pub const PASSWORD_FAILURES_MAX: u32 = 20;

/// Changes of metadata that wait for the one that writes.
pub const CHANGES_WAITING_MAX: usize = 1_024;

/// Bytes of a password file, a key file or the configuration.
pub const CONFIG_FILE_BYTES_MAX: u64 = 4 << 20;
