//! Which proxy a request goes through, by the rules that curl and Go share (NET-18).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;
use crate::url::{Host, Origin, Scheme, UrlError, split_port};

/// Proxies as the environment or configuration names them; empty means none.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For http targets (`HTTP_PROXY`, `http_proxy`).
    pub http: Option<Proxy>,
    /// For https targets (`HTTPS_PROXY`, `https_proxy`).
    pub https: Option<Proxy>,
    /// Hosts that are reached directly.
    pub none_for: NoProxy,
}

/// How to talk to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    /// HTTP in the clear.
    Http,
    /// HTTP through TLS.
    Https,
    /// SOCKS version 5; names are resolved by the proxy.
    Socks5,
}

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// How to talk to it.
    pub kind: ProxyKind,
    /// Where it is.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// User name and password for it.
    pub user: Option<(String, Secret)>,
}

impl Proxy {
    /// Parses `http://user:password@host:port`; without a scheme it is `http`.
    ///
    /// # Errors
    /// When it is no URL of a proxy.
    pub fn parse(text: &str) -> Result<Proxy, UrlError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            _ => return Err(UrlError::Scheme),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(parse_user(user)?), address),
            None => (None, authority),
        };
        let (host, written) = split_port(address);
        let port = match written {
            None | Some("") => port,
            Some(digits) => digits.parse().map_err(|_| UrlError::Port)?,
        };
        Ok(Proxy { kind, host: Host::parse(host)?, port, user })
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<Secret> {
        let (name, password) = self.user.as_ref()?;
        Some(Secret::new(format!("Basic {}", STANDARD.encode(format!("{name}:{}", password.expose())))))
    }
}

fn parse_user(text: &str) -> Result<(String, Secret), UrlError> {
    let (name, password) = text.split_once(':').unwrap_or((text, ""));
    Ok((percent_decode(name)?, Secret::new(percent_decode(password)?)))
}

/// Undoes percent encoding; control bytes are refused, they would end a header.
fn percent_decode(text: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let byte = match (first, tail) {
            (b'%', [a, b, tail @ ..]) => {
                rest = tail;
                let digits = [*a, *b];
                let hex = str::from_utf8(&digits).map_err(|_| UrlError::Characters)?;
                u8::from_str_radix(hex, 16).map_err(|_| UrlError::Characters)?
            }
            _ => *first,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok().filter(|t| !t.chars().any(char::is_control)).ok_or(UrlError::UserInfo)
}

impl Proxies {
    /// The proxy for a target, if it goes through one.
    pub(crate) fn of(&self, target: &Origin) -> Option<&Proxy> {
        let proxy = match target.scheme {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        }?;
        // Go and curl never ask a proxy for this machine.
        if target.host.is_loopback() || self.none_for.contains(&target.host, target.port) {
            return None;
        }
        Some(proxy)
    }
}

/// `NO_PROXY`: names with their subdomains, addresses, networks, each with a port if it counts.
#[derive(Clone, Debug, Default)]
pub struct NoProxy {
    everything: bool,
    rules: Vec<(Rule, Option<u16>)>,
}

#[derive(Clone, Debug)]
enum Rule {
    Address(IpAddr),
    Network(IpAddr, u8),
    /// The name itself counts too, unless it was written with a leading dot or `*.`.
    Name {
        suffix: String,
        itself: bool,
    },
}

impl NoProxy {
    /// Parses the comma-separated list; what fits no rule matches nothing, as in Go.
    pub fn parse(text: &str) -> NoProxy {
        let mut parsed = NoProxy::default();
        for item in text.split(',').map(|item| item.trim().to_ascii_lowercase()) {
            match item.as_str() {
                "" => {}
                "*" => parsed.everything = true,
                item => parsed.rules.extend(parse_rule(item)),
            }
        }
        parsed
    }

    pub(crate) fn contains(&self, host: &Host, port: u16) -> bool {
        self.everything
            || self.rules.iter().any(|(rule, only)| only.is_none_or(|only| only == port) && rule.fits(host))
    }
}

fn parse_rule(item: &str) -> Option<(Rule, Option<u16>)> {
    if let Some((address, bits)) = item.split_once('/') {
        return Some((parse_network(address, bits)?, None));
    }
    if let Ok(address) = item.parse::<IpAddr>() {
        return Some((Rule::Address(address.to_canonical()), None));
    }
    let (name, port) = split_port(item);
    let port = match port {
        Some(digits) => Some(digits.parse().ok()?),
        None => None,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some((Rule::Address(address.to_canonical()), port));
    }
    let name = name.strip_prefix('*').unwrap_or(name);
    let rule = match name.strip_prefix('.') {
        Some(rest) => Rule::Name { suffix: format!(".{rest}"), itself: false },
        None => Rule::Name { suffix: format!(".{name}"), itself: true },
    };
    Some((rule, port))
}

fn parse_network(address: &str, bits: &str) -> Option<Rule> {
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(Rule::Network(address, bits))
}

impl Rule {
    fn fits(&self, host: &Host) -> bool {
        match (self, host) {
            (Rule::Address(address), Host::Address(other)) => *address == other.to_canonical(),
            (Rule::Network(network, bits), Host::Address(other)) => {
                in_network(other.to_canonical(), *network, *bits)
            }
            (Rule::Name { suffix, itself }, Host::Name(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name.ends_with(suffix.as_str()) || (*itself && *name == suffix[1..])
            }
            _ => false,
        }
    }
}

/// Whether an address belongs to a network of so many leading bits.
pub(crate) fn in_network(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let same = |a: u128, b: u128, width: u32| {
        let shift = width - u32::from(bits);
        shift == width || a >> shift == b >> shift
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Url;

    #[test]
    fn net_18_no_proxy_follows_the_rules_of_go_and_curl() {
        let check = |list: &str, url: &str, direct: bool| {
            let proxies = Proxies {
                http: Some(Proxy::parse("proxy:3128").unwrap()),
                https: Some(Proxy::parse("http://proxy:3128").unwrap()),
                none_for: NoProxy::parse(list),
            };
            let url = Url::parse(url).unwrap();
            assert_eq!(proxies.of(url.origin()).is_none(), direct, "{list:?} {url}");
        };
        check("", "https://example.com/", false);
        check("", "http://localhost:5000/", true);
        check("", "http://127.0.0.2:5000/", true);
        check("", "http://[::1]:5000/", true);
        check("*", "https://example.com/", true);
        check("example.com", "https://example.com/", true);
        check("example.com", "https://sub.example.com/", true);
        check("example.com", "https://badexample.com/", false);
        check(".example.com", "https://example.com/", false);
        check(".example.com", "https://sub.example.com/", true);
        check("*.example.com", "https://sub.example.com/", true);
        check("a, EXAMPLE.com ,b", "https://example.com/", true);
        check("example.com:8443", "https://example.com/", false);
        check("example.com:8443", "https://example.com:8443/", true);
        check("10.0.0.0/8", "https://10.1.2.3/", true);
        check("10.0.0.0/8", "https://11.1.2.3/", false);
        check("0.0.0.0/0", "https://11.1.2.3/", true);
        check("fd00::/8", "https://[fd12::1]/", true);
        check("10.1.2.3", "https://10.1.2.3/", true);
        check("10.1.2.3:443", "https://10.1.2.3:444/", false);
        check("[fd12::1]:443", "https://[fd12::1]/", true);
        check("10.0.0.0/33,nonsense/8", "https://10.1.2.3/", false);
    }

    #[test]
    fn proxies_are_parsed() {
        let proxy = Proxy::parse("http://joe:p%40ss@proxy.example:3128/").unwrap();
        assert_eq!((proxy.kind, proxy.port), (ProxyKind::Http, 3128));
        assert_eq!(proxy.user, Some(("joe".to_owned(), Secret::new("p@ss"))));
        assert_eq!(proxy.authorization().unwrap().expose(), "Basic am9lOnBAc3M=");
        assert_eq!(Proxy::parse("proxy").unwrap().port, 80);
        assert_eq!(Proxy::parse("socks5://[::1]").unwrap().port, 1080);
        assert_eq!(Proxy::parse("ftp://proxy"), Err(UrlError::Scheme));
        assert_eq!(Proxy::parse("http://a%0d%0ab:c@proxy"), Err(UrlError::UserInfo));
        assert_eq!(Proxy::parse("http://%zz@proxy"), Err(UrlError::Characters));
    }
}
