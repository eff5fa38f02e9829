//! An HTTP proxy that leads every host to where the test wants it: to try proxies, and to let a registry of
//! the test stand for Docker Hub and all others under their own names.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::Registry;
use crate::listener::Listener;

/// Bytes a request's head may have.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// A running proxy; it stops when it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    listener: Listener,
}

/// What a proxy was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyRequest {
    /// `CONNECT`, or the method of a request in the clear.
    pub method: String,
    /// `HOST:PORT`, or the whole URL.
    pub target: String,
    /// Its `Proxy-Authorization`.
    pub authorization: Option<String>,
    /// Its `Authorization`, which only a request in the clear can show.
    pub origin_authorization: Option<String>,
}

struct Shared {
    /// Where everything goes that has no route of its own; nothing is "bad gateway".
    default: Option<SocketAddr>,
    routes: Mutex<HashMap<String, SocketAddr>>,
    password: Mutex<Option<String>>,
    log: Mutex<Vec<ProxyRequest>>,
}

impl Proxy {
    /// A proxy that leads every host and port to `registry`.
    ///
    /// # Panics
    /// When no port can be had on 127.0.0.1.
    pub fn to(registry: &Registry) -> Proxy {
        Proxy::start(registry.host().parse().ok())
    }

    /// A proxy that leads nowhere but where [`Proxy::route`] says.
    ///
    /// # Panics
    /// When no port can be had on 127.0.0.1.
    pub fn new() -> Proxy {
        Proxy::start(None)
    }

    fn start(default: Option<SocketAddr>) -> Proxy {
        let shared = Arc::new(Shared {
            default,
            routes: Mutex::default(),
            password: Mutex::default(),
            log: Mutex::default(),
        });
        let listener = Listener::start("127.0.0.1", |_| {
            let shared = Arc::clone(&shared);
            // A client that goes away in between is no concern of the test.
            move |socket| drop(shared.serve(socket))
        });
        Proxy { shared, listener: listener.expect("a port on 127.0.0.1") }
    }

    /// Leads `HOST:PORT` to `registry`.
    ///
    /// # Panics
    /// When the registry's address is none.
    pub fn route(&self, host_and_port: &str, registry: &Registry) {
        self.route_to(host_and_port, registry.host());
    }

    /// Leads `HOST:PORT` to an address, `IP:PORT`, whoever listens there.
    ///
    /// # Panics
    /// When the address is none.
    pub fn route_to(&self, host_and_port: &str, address: &str) {
        let address = address.parse().expect("an address");
        lock(&self.shared.routes).insert(host_and_port.to_owned(), address);
    }

    /// Answers 407 to those who do not send this `Proxy-Authorization`.
    pub fn require(&self, authorization: &str) {
        *lock(&self.shared.password) = Some(authorization.to_owned());
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> String {
        self.listener.address().to_string()
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<ProxyRequest> {
        lock(&self.shared.log).clone()
    }
}

impl Default for Proxy {
    fn default() -> Proxy {
        Proxy::new()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let head = read_head(&mut client)?;
        let request = ProxyRequest::parse(&head).ok_or(io::ErrorKind::InvalidData)?;
        lock(&self.log).push(request.clone());
        let password = lock(&self.password).clone();
        if password.is_some() && request.authorization != password {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\n\
                           Content-Length: 0\r\nConnection: close\r\n\r\n";
            return client.write_all(refusal.as_bytes());
        }
        let route = lock(&self.routes).get(&request.host_and_port()).copied().or(self.default);
        let Some(mut server) = route.and_then(|address| TcpStream::connect(address).ok()) else {
            let refusal = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return client.write_all(refusal.as_bytes());
        };
        if request.method == "CONNECT" {
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        } else {
            server.write_all(&for_server(&head))?;
        }
        join(&client, &server)
    }
}

impl ProxyRequest {
    fn parse(head: &str) -> Option<ProxyRequest> {
        let mut words = head.lines().next()?.split(' ');
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned())
        };
        Some(ProxyRequest {
            method: words.next()?.to_owned(),
            target: words.next()?.to_owned(),
            authorization: field("proxy-authorization"),
            origin_authorization: field("authorization"),
        })
    }

    /// The host it wants to reach; port 80 unless it says so.
    pub fn host_and_port(&self) -> String {
        let Some(rest) = self.target.strip_prefix("http://") else { return self.target.clone() };
        let host = rest.split('/').next().unwrap_or_default();
        if host.contains(':') { host.to_owned() } else { format!("{host}:80") }
    }
}

/// The head for the server: without what concerns the proxy, and with the wish that the connection ends with
/// the answer, since the next request may be for another host.
fn for_server(head: &str) -> Vec<u8> {
    let ours = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !name.starts_with("proxy-") && name != "connection"
    };
    let lines: Vec<&str> = head.trim_end().lines().filter(ours).collect();
    format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n")).into_bytes()
}

/// Reads to the empty line and not a byte further.
fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

/// Carries bytes both ways until both sides are done.
fn join(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    thread::scope(|scope| {
        scope.spawn(|| carry(client, server));
        carry(server, client)
    })
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let result = io::copy(&mut from, &mut to);
    // The other side learns that nothing more comes; on an error, that nothing more is wanted either.
    drop(to.shutdown(Shutdown::Write));
    if result.is_err() {
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    }
    result.map(drop)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::registry::{Options, Tls};
    use crate::skip::installed;

    fn curl(proxy: &Proxy, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("curl")
            .env_clear()
            .args(["-sS", "--max-time", "20", "-x", &proxy.url()])
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    #[test]
    fn leads_names_to_registries() {
        if !installed("curl") {
            return;
        }
        let registry = Registry::new();
        let proxy = Proxy::to(&registry);
        assert_eq!(curl(&proxy, &["http://registry.test/v2/"]).unwrap(), "{}");
        let twice = ["http://a.test:81/v2/", "http://b.test/v2/"];
        assert_eq!(curl(&proxy, &twice).unwrap(), "{}{}");
        let hosts: Vec<String> = proxy.requests().iter().map(ProxyRequest::host_and_port).collect();
        assert_eq!(hosts, ["registry.test:80", "a.test:81", "b.test:80"]);
        assert_eq!(registry.requests()[0].header("host"), Some("registry.test"));

        let elsewhere = Proxy::new();
        elsewhere.route("known.test:80", &registry);
        assert_eq!(curl(&elsewhere, &["http://known.test/v2/"]).unwrap(), "{}");
        let status = ["-o", "/dev/null", "-w", "%{http_code}"];
        let ask = |url| curl(&elsewhere, &[&status[..], &[url]].concat()).unwrap();
        assert_eq!(ask("http://unknown.test/v2/"), "502");
        elsewhere.require("Basic YTpi");
        assert_eq!(ask("http://known.test/v2/"), "407");
        let with = [&status[..], &["-U", "a:b", "http://known.test/v2/"]].concat();
        assert_eq!(curl(&elsewhere, &with).unwrap(), "200");
        assert!(registry.requests().iter().all(|request| request.header("proxy-authorization").is_none()));
    }

    #[test]
    fn tunnels_tls() {
        if !installed("curl") {
            return;
        }
        let tls = Tls { names: vec!["registry-1.docker.io".to_owned()], ..Tls::default() };
        let registry = Registry::with(Options { tls: Some(tls), ..Options::default() });
        let proxy = Proxy::to(&registry);
        let authority = registry.certificates().unwrap().authority();
        let answer =
            curl(&proxy, &["--cacert", authority.to_str().unwrap(), "https://registry-1.docker.io/v2/"]);
        assert_eq!(answer.unwrap(), "{}");
        assert_eq!(proxy.requests()[0].target, "registry-1.docker.io:443");
        assert_eq!(proxy.requests()[0].method, "CONNECT");
    }
}
