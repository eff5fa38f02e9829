//! Addresses of web resources: http and https only, no user info, nothing a header could be broken with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of a URL: signed ones reach a few kilobytes, servers stop at 8 to 16 KiB.
const URL_BYTES_MAX: usize = 16 << 10;

/// Why a text is not a URL that is used here. The text itself is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Over the limit.
    #[error("the URL is longer than URL_BYTES_MAX ({URL_BYTES_MAX})")]
    TooLong,
    /// Control bytes, spaces, backslashes or bytes that are not ASCII.
    #[error("the URL has characters that do not belong into one")]
    Characters,
    /// Neither `http` nor `https`.
    #[error("the URL is neither http nor https")]
    Scheme,
    /// A user name or password before the host.
    #[error("the URL has user info")]
    UserInfo,
    /// No host, or one that is neither a name nor an address.
    #[error("the URL has no proper host")]
    Host,
    /// A port that is none.
    #[error("the URL has no proper port")]
    Port,
}

/// How to talk to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Plain.
    Http,
    /// Through TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// A host: a name in lower case, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// A DNS name.
    Name(Box<str>),
    /// An address literal.
    Address(IpAddr),
}

impl Host {
    /// Parses a host as it stands in a URL, an IPv6 address in brackets.
    ///
    /// # Errors
    /// When it is neither a name nor an address. Numbers that some resolvers take for IPv4 addresses
    /// (`127.1`, `0x7f000001`) are neither.
    pub fn parse(text: &str) -> Result<Host, UrlError> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return inner.parse::<Ipv6Addr>().map(|a| Host::Address(a.into())).map_err(|_| UrlError::Host);
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Host::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let numeric = |label: &str| {
            label.bytes().all(|b| b.is_ascii_digit()) || label.starts_with("0x") || label.starts_with("0X")
        };
        if name.len() > 253 || !name.split('.').all(label) || name.rsplit('.').next().is_some_and(numeric) {
            return Err(UrlError::Host);
        }
        Ok(Host::Name(text.to_ascii_lowercase().into()))
    }

    /// Whether this says "this machine": a loopback literal or `localhost`.
    pub fn is_loopback(&self) -> bool {
        match self {
            Host::Name(name) => &**name == "localhost",
            Host::Address(address) => address.to_canonical().is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Scheme, host and port: what secrets belong to (NET-1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host.
    pub host: Host,
    /// The port, the scheme's own when none was given.
    pub port: u16,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// An absolute http or https URL without user info and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    origin: Origin,
    /// The port as written, so that the text stays what it was.
    written_port: Option<u16>,
    /// Starts with `/`.
    path: String,
    query: Option<String>,
}

impl Url {
    /// Parses an absolute URL.
    ///
    /// # Errors
    /// Says what does not belong, without repeating the text.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        check_characters(text)?;
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let scheme = parse_scheme(scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (origin, written_port) = parse_authority(scheme, &rest[..end])?;
        let (path, query) = split_path(&rest[end..]);
        let path = if path.is_empty() { "/".to_owned() } else { encode(path) };
        Ok(Url { origin, written_port, path, query: query.map(encode) })
    }

    /// Resolves a reference found in an answer from this URL (RFC 3986 section 5.2).
    ///
    /// # Errors
    /// As [`Url::parse`].
    pub fn join(&self, reference: &str) -> Result<Url, UrlError> {
        check_characters(reference)?;
        if has_scheme(reference) {
            return Url::parse(reference);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Url::parse(&format!("{}://{rest}", self.origin.scheme.as_str()));
        }
        let (path, query) = split_path(reference);
        let (path, query) = match path {
            "" => (self.path.clone(), query.map(encode).or_else(|| self.query.clone())),
            _ if path.starts_with('/') => (remove_dots(&encode(path)), query.map(encode)),
            _ => {
                let folder = self.path.rfind('/').map_or("/", |at| &self.path[..=at]);
                (remove_dots(&format!("{folder}{}", encode(path))), query.map(encode))
            }
        };
        Ok(Url { origin: self.origin.clone(), written_port: self.written_port, path, query })
    }

    /// The same origin with another path, which starts with `/`, and query.
    pub(crate) fn at(&self, path: &str, query: Option<String>) -> Url {
        let (origin, written_port) = (self.origin.clone(), self.written_port);
        Url { origin, written_port, path: path.to_owned(), query }
    }

    /// The same with one more query parameter, encoded here.
    pub(crate) fn with_parameter(mut self, name: &str, value: &str) -> Url {
        let query = self.query.get_or_insert_default();
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&form_encode(value));
        self
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path, beginning with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query without its `?`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// `host` or `host:port`, as written: the name that credentials and certificates are kept under.
    pub fn authority(&self) -> String {
        match self.written_port {
            Some(port) => format!("{}:{port}", self.origin.host),
            None => self.origin.host.to_string(),
        }
    }

    /// The URL without its query, which may be a signature that grants access (KEY-7).
    pub fn without_query(&self) -> Url {
        Url { query: None, ..self.clone() }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.origin.scheme.as_str(), self.authority(), self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

fn check_characters(text: &str) -> Result<(), UrlError> {
    if text.len() > URL_BYTES_MAX {
        return Err(UrlError::TooLong);
    }
    if text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') { Ok(()) } else { Err(UrlError::Characters) }
}

fn parse_scheme(text: &str) -> Result<Scheme, UrlError> {
    if text.eq_ignore_ascii_case("https") {
        Ok(Scheme::Https)
    } else if text.eq_ignore_ascii_case("http") {
        Ok(Scheme::Http)
    } else {
        Err(UrlError::Scheme)
    }
}

fn parse_authority(scheme: Scheme, text: &str) -> Result<(Origin, Option<u16>), UrlError> {
    if text.contains('@') {
        return Err(UrlError::UserInfo);
    }
    let (host, port) = split_port(text);
    let written_port = match port {
        None | Some("") => None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port != 0).ok_or(UrlError::Port)?)
        }
        Some(_) => return Err(UrlError::Port),
    };
    let host = Host::parse(host)?;
    let port = written_port.unwrap_or(scheme.default_port());
    Ok((Origin { scheme, host, port }, written_port))
}

/// Splits `host:port`; the colons of a bracketed address are not it.
pub(crate) fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn split_path(text: &str) -> (&str, Option<&str>) {
    let text = text.split('#').next().unwrap_or_default();
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}

fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Encodes the few visible characters that do not belong into a path or query but are seen there.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '`' | '{' | '}' | '^' | '|' => encoded.push_str(&format!("%{:02X}", c as u32)),
            c => encoded.push(c),
        }
    }
    encoded
}

/// Encodes a value for a query or a form as Go does: unreserved characters stay, a space is `+`.
pub(crate) fn form_encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            b' ' => encoded.push('+'),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn remove_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (at, segment) in segments.iter().enumerate() {
        let last = at + 1 == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_2_urls_with_user_info_control_bytes_or_other_schemes_are_refused() {
        let check = |text: &str, expect: Result<&str, UrlError>| {
            assert_eq!(Url::parse(text).map(|url| url.to_string()), expect.map(str::to_owned), "{text:?}");
        };
        check("https://example.com/a?b=c#d", Ok("https://example.com/a?b=c"));
        check("HTTP://Example.COM:80", Ok("http://example.com:80/"));
        check("http://[::1]:5000/v2/", Ok("http://[::1]:5000/v2/"));
        check("https://a/{x}\"|", Ok("https://a/%7Bx%7D%22%7C"));
        check("https://a_b.c-d./x", Ok("https://a_b.c-d./x"));
        check("https://user@example.com/", Err(UrlError::UserInfo));
        check("https://user:pw@example.com/", Err(UrlError::UserInfo));
        check("https://exa\r\nmple.com/", Err(UrlError::Characters));
        check("https://example.com/a b", Err(UrlError::Characters));
        check("https://example.com\\@evil/", Err(UrlError::Characters));
        check("https://exämple.com/", Err(UrlError::Characters));
        check("ftp://example.com/", Err(UrlError::Scheme));
        check("file:///etc/passwd", Err(UrlError::Scheme));
        check("example.com/a", Err(UrlError::Scheme));
        check("https:///a", Err(UrlError::Host));
        check("https://127.1/", Err(UrlError::Host));
        check("https://2130706433/", Err(UrlError::Host));
        check("https://0x7f.0.0.0x1/", Err(UrlError::Host));
        check("https://[::1/", Err(UrlError::Host));
        check("https://[fe80::1%25eth0]/", Err(UrlError::Host));
        check("https://a:0/", Err(UrlError::Port));
        check("https://a:65536/", Err(UrlError::Port));
        check("https://a:+1/", Err(UrlError::Port));
        check(&format!("https://a/{}", "x".repeat(20_000)), Err(UrlError::TooLong));
    }

    #[test]
    fn relative_references_are_resolved() {
        let base = Url::parse("https://reg.example:5000/v2/a/b?x=1").unwrap();
        let check = |reference: &str, expect: &str| {
            assert_eq!(base.join(reference).unwrap().to_string(), expect, "{reference:?}");
        };
        check("/p?q", "https://reg.example:5000/p?q");
        check("c", "https://reg.example:5000/v2/a/c");
        check("../c/./d/", "https://reg.example:5000/v2/c/d/");
        check("../../../..", "https://reg.example:5000/");
        check("?n=2", "https://reg.example:5000/v2/a/b?n=2");
        check("", "https://reg.example:5000/v2/a/b?x=1");
        check("//cdn.example/x", "https://cdn.example/x");
        check("http://other/", "http://other/");
        check("/a/..", "https://reg.example:5000/");
        assert_eq!(base.join("javascript:alert(1)"), Err(UrlError::Scheme));
        assert_eq!(base.join("//u@cdn/x"), Err(UrlError::UserInfo));
        assert_eq!(base.join("/a\nb"), Err(UrlError::Characters));
    }

    #[test]
    fn net_1_origins_differ_by_scheme_host_and_port() {
        let origin = |text: &str| Url::parse(text).unwrap().origin().clone();
        assert_eq!(origin("https://a/x"), origin("https://A:443/y"));
        assert_ne!(origin("https://a/"), origin("http://a/"));
        assert_ne!(origin("https://a/"), origin("https://a:444/"));
        assert_ne!(origin("https://a/"), origin("https://a.b/"));
        assert_eq!(origin("https://a:444/").to_string(), "https://a:444");
    }
}
