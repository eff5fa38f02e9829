//! How much a registry still lets us pull (Docker Hub's headers).

use std::time::Duration;

use crate::http::Response;

/// The state of a pull limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Pulls allowed in the window.
    pub limit: u64,
    /// Pulls left in it.
    pub remaining: u64,
    /// The window's length.
    pub window: Option<Duration>,
    /// Until when the limit is full again, when the server says so.
    pub reset: Option<Duration>,
    /// Whom the pulls are counted for: an address or an account.
    pub source: Option<String>,
}

impl RateLimit {
    /// Reads the headers; nothing when the registry has no limit.
    pub(crate) fn read(response: &Response) -> Option<RateLimit> {
        let (limit, window) = parse(response.header("ratelimit-limit")?)?;
        let (remaining, _) = parse(response.header("ratelimit-remaining")?)?;
        let reset = response.header("ratelimit-reset").and_then(parse).map(|(reset, _)| reset);
        let source = response.header("docker-ratelimit-source").filter(|source| source.len() <= 128);
        Some(RateLimit {
            limit,
            remaining,
            window,
            reset: reset.map(Duration::from_secs),
            source: source.map(|source| crate::foreign::escape(source, 128)),
        })
    }
}

/// `100;w=21600`.
fn parse(value: &str) -> Option<(u64, Option<Duration>)> {
    let mut parts = value.split(';').map(str::trim);
    let number = parts.next()?.parse().ok()?;
    let window = parts.find_map(|part| part.strip_prefix("w=")).and_then(|seconds| seconds.parse().ok());
    Some((number, window.map(Duration::from_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        assert_eq!(parse("100;w=21600"), Some((100, Some(Duration::from_secs(21_600)))));
        assert_eq!(parse("100"), Some((100, None)));
        assert_eq!(parse("100; w=60 ;x"), Some((100, Some(Duration::from_secs(60)))));
        assert_eq!(parse("many"), None);
        assert_eq!(parse(""), None);
    }
}
