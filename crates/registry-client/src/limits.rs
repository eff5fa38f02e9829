//! Limits and times, by the names they have in error messages.

use std::time::Duration;

/// Bytes of one answer's head: nginx and Go servers stop at 32 KiB or less, signed URLs stay below 16 KiB.
pub const HEADER_BYTES_MAX: usize = 64 << 10;

/// Header lines of one answer: real ones have about twenty.
pub const HEADER_COUNT_MAX: usize = 100;

/// 1xx answers before the real one: a client sees one, `100 Continue`.
pub const INFORMATIONAL_MAX: usize = 8;

/// Redirects followed for one request: what browsers and Go allow is about the same.
pub const REDIRECTS_MAX: usize = 10;

/// Times a request is sent again because of a 401: one for the first challenge, one for a token that expired.
pub const AUTH_ROUNDS_MAX: u32 = 2;

/// Addresses tried for a layer that registries do not carry: real ones have one or two.
pub const FOREIGN_URLS_MAX: usize = 4;

/// Bytes of a token server's answer: tokens are a few kilobytes.
pub const TOKEN_RESPONSE_BYTES_MAX: u64 = 1 << 20;

/// Bytes of one token: it has to fit into a header of the registry's server, which rarely take 32 KiB.
pub const TOKEN_BYTES_MAX: usize = 32 << 10;

/// Bytes of an error answer that are read at all.
pub const ERROR_BODY_BYTES_MAX: u64 = 64 << 10;

/// Characters of a server's message that are shown: a screenful, the rest is never read by anybody.
pub const ERROR_TEXT_CHARS_MAX: usize = 512;

/// Bytes of one page of a list: 10,000 tags take a tenth of it.
pub const LIST_PAGE_BYTES_MAX: u64 = 16 << 20;

/// Pages of one list, so that a server cannot page for ever.
pub const LIST_PAGES_MAX: usize = 10_000;

/// Items of one list: the largest known repositories have some hundred thousand tags.
pub const LIST_ITEMS_MAX: usize = 1_000_000;

/// Time for one connection: name, TCP, proxy and TLS together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time from the request to the end of the answer's head: registries that fetch from elsewhere are slow here.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for the answer to a request that makes the registry hash and store what was sent.
pub const COMMIT_TIMEOUT: Duration = Duration::from_secs(300);

/// Time over which the rate of a transfer is judged.
pub const STALL_WINDOW: Duration = Duration::from_secs(20);

/// A transfer below this over the whole window is stalled; slow but steady is fine.
pub const STALL_BYTES_PER_SECOND: u64 = 1 << 10;

/// Time for one object, summed over tries, without progress beyond the furthest point reached.
pub const NO_PROGRESS_MAX: Duration = Duration::from_secs(50);

/// Tries for one object.
pub const TRIES_MAX: u32 = 5;

/// The longest `Retry-After` that is waited for: beyond it the user had better know.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// The first delay of the backoff.
pub const BACKOFF_MIN: Duration = Duration::from_millis(500);

/// The longest delay of the backoff.
pub const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// Bytes of Docker's `config.json`: real ones have a few kilobytes.
pub const CONFIG_FILE_BYTES_MAX: u64 = 1 << 20;

/// Time for a credential helper: some ask the user for a password.
pub const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes that a credential helper may print.
pub const HELPER_OUTPUT_BYTES_MAX: u64 = 64 << 10;

/// Bytes of one certificate or key file: a bundle of all public roots has 220 KiB.
pub const CERTIFICATE_FILE_BYTES_MAX: u64 = 4 << 20;

/// Blobs up to this size are pushed in one request: a second round trip costs more than sending them again.
pub const ONE_REQUEST_BYTES_MAX: u64 = 1 << 20;

/// Bytes of one chunk when an upload that broke off is continued.
pub const UPLOAD_CHUNK_BYTES: u64 = 16 << 20;

/// A body at least this large is announced with `Expect: 100-continue`, so that a refusal comes before it.
pub const EXPECT_CONTINUE_BYTES_MIN: u64 = 1 << 20;
