//! A registry in this process, and an HTTP client that sends exactly what it is told.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use registry_server::{Clock, Config, Running, serve};
use serde_json::{Value, json};
use spec::Digest;
use tempfile::TempDir;

/// A server on a free port, and its root.
pub(crate) struct World {
    pub server: Option<Running>,
    pub clock: Clock,
    pub root: TempDir,
    pub config: Config,
}

impl World {
    /// One without any configuration.
    pub(crate) fn new() -> World {
        World::with(|_| {})
    }

    /// One with a changed configuration.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> World {
        let root = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(1_700_000_000_000);
        let mut config = Config::new(root.path().join("registry"));
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.clock = clock.clone();
        // Collections are asked for.
        config.collect.interval = Duration::from_secs(3_600);
        change(&mut config);
        let server = Some(serve(config.clone()).unwrap());
        World { server, clock, root, config }
    }

    /// Stops the server and starts another on the same root.
    pub(crate) fn restart(&mut self) {
        drop(self.server.take());
        self.server = Some(serve(self.config.clone()).unwrap());
    }

    pub(crate) fn server(&self) -> &Running {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server().address()
    }

    /// Sends a request and reads its answer, on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Response {
        Connection::open(self.address()).send(request)
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(&request("GET", target))
    }

    /// Pushes a blob in one request. Returns its digest.
    pub(crate) fn push_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let target = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let response = self.send(&request("POST", &target).body(bytes));
        assert_eq!(response.status, 201, "{response:?}");
        digest
    }

    /// Pushes a manifest under a tag or digest.
    pub(crate) fn push(&self, repository: &str, reference: &str, manifest: &Value) -> Response {
        let kind = manifest["mediaType"].as_str().unwrap().to_owned();
        let target = format!("/v2/{repository}/manifests/{reference}");
        let body = manifest.to_string();
        self.send(&request("PUT", &target).header("Content-Type", &kind).body(body.as_bytes()))
    }

    /// Pushes an image of one layer. Returns the manifest's digest.
    pub(crate) fn push_image(&self, repository: &str, tag: &str, layer: &[u8]) -> Digest {
        let manifest = self.image(repository, layer);
        let response = self.push(repository, tag, &manifest);
        assert_eq!(response.status, 201, "{response:?}");
        Digest::of(manifest.to_string().as_bytes())
    }

    /// The manifest of an image of one layer, whose blobs are pushed.
    pub(crate) fn image(&self, repository: &str, layer: &[u8]) -> Value {
        let config = b"{}";
        let (layer_digest, config_digest) =
            (self.push_blob(repository, layer), self.push_blob(repository, config));
        json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config_digest, config.len()),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer_digest, layer.len())],
        })
    }

    /// Collects everything that nothing refers to, however new.
    pub(crate) fn collect(&self) -> registry_server::Swept {
        self.server().collect(Duration::ZERO).unwrap()
    }

    /// Nothing is wrong, and nothing is kept that nobody knows.
    pub(crate) fn assert_sound(&self) {
        let findings =
            registry_server::operate::verify(&self.config.root, registry_server::operate::Depth::Bytes);
        assert_eq!(findings.unwrap(), []);
    }

    /// Files below `blobs/`.
    pub(crate) fn blob_files(&self) -> Vec<std::path::PathBuf> {
        let mut files = Vec::new();
        for part in std::fs::read_dir(self.config.root.join("blobs")).unwrap() {
            for file in std::fs::read_dir(part.unwrap().path()).unwrap() {
                files.push(file.unwrap().path());
            }
        }
        files
    }
}

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub(crate) fn descriptor(kind: &str, digest: &Digest, size: usize) -> Value {
    json!({ "mediaType": kind, "digest": digest.as_str(), "size": size })
}

/// Bytes that are not the same for two seeds.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub method: String,
    pub target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
}

pub(crate) fn request(method: &str, target: &str) -> Request {
    let (method, target) = (method.to_owned(), target.to_owned());
    Request { method, target, headers: Vec::new(), body: Vec::new(), chunked: false }
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(self, bytes: &[u8]) -> Request {
        Request { body: bytes.to_vec(), ..self }
    }

    /// In chunks of a few bytes, without a length.
    pub(crate) fn chunked(self) -> Request {
        Request { chunked: true, ..self }
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Request {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("Authorization", &format!("Basic {pair}"))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.chunked {
            text.push_str("Transfer-Encoding: chunked\r\n\r\n");
            let mut bytes = text.into_bytes();
            for chunk in self.body.chunks(1_000) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
            return bytes;
        }
        if !matches!(self.method.as_str(), "GET" | "HEAD") || !self.body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend(&self.body);
        bytes
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Status and code of a refusal, which has to bring a detail.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let error = &self.json()["errors"][0];
        assert!(!error["detail"].is_null() && !error["message"].is_null(), "{error}");
        (self.status, error["code"].as_str().unwrap().to_owned())
    }

    /// Asserts a refusal's status and code.
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.refusal(), (status, code.to_owned()), "{self:?}");
    }

    pub(crate) fn location(&self) -> String {
        self.header("location").unwrap().to_owned()
    }
}

/// What a refusal says about how to say who one is with a token.
pub(crate) fn challenge(refused: &Response) -> HashMap<String, String> {
    let text = refused.header("www-authenticate").unwrap_or_else(|| panic!("{refused:?}"));
    let parameters =
        text.strip_prefix("Bearer ").unwrap().split("\",").map(|pair| pair.split_once("=\"").unwrap());
    parameters.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned())).collect()
}

/// A connection to the server.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Connection {
        Connection::over(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Connection {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream: BufReader::new(stream) }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream().write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, request: &Request) -> Response {
        // A server that refuses early may close while the rest is being sent.
        let _ = self.stream().write_all(&request.bytes());
        self.read(request.method == "HEAD").unwrap()
    }

    /// Reads an answer; nothing when the connection ended.
    pub(crate) fn read(&mut self, head_only: bool) -> Option<Response> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            if !line.contains(" 100 ") && line.len() > 2 {
                break;
            }
        }
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut response = Response { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        let length = response.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if !head_only && status != 304 && status != 204 {
            response.body = vec![0; length];
            self.stream.read_exact(&mut response.body).ok()?;
        }
        Some(response)
    }

    /// Whether the server has closed it.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        loop {
            match self.stream.read(&mut byte) {
                // A socket with a time limit is woken when the process starts another.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => return matches!(read, Ok(0) | Err(_)),
            }
        }
    }
}
