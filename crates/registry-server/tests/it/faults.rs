//! A server that dies, or whose disk fails, at each of its calls in turn.
//!
//! The server runs in a child process, which is this test's program once more: what was acknowledged before it
//! died has to be there afterwards, and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use registry_server::operate::{Depth, Finding, gc, verify};
use registry_server::{Config, serve};
use serde_json::json;
use spec::Digest;

use crate::client::{Connection, MANIFEST, Request, descriptor, noise, request};

const ROOT: &str = "STRATA_TEST_REGISTRY_ROOT";
const FAULT: &str = "STRATA_TEST_REGISTRY_FAULT";

fn config(root: &Path) -> Config {
    let mut config = Config::new(root);
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.collect.interval = Duration::from_millis(10);
    config
}

/// In the child: serves until it dies. In the parent's own run of all tests: nothing.
#[test]
#[expect(clippy::print_stdout, clippy::exit, reason = "the parent reads the address, and ends the child")]
fn child() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let server = serve(config(Path::new(&root))).unwrap();
    println!("\nlistening {}", server.address());
    std::io::stdout().flush().unwrap();
    if let Ok(fault) = std::env::var(FAULT) {
        let (at, action) = disk::fault::parse(&fault).unwrap();
        disk::fault::arm(at, action);
    }
    // Until the parent closes its end.
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    std::process::exit(0);
}

/// A server in a process of its own.
pub(crate) struct Server {
    child: Child,
    client: Client,
}

/// Who asks a server that may die.
#[derive(Clone, Copy)]
struct Client {
    address: SocketAddr,
}

impl Server {
    fn start(root: &Path, fault: Option<&str>) -> Server {
        Server::start_by(Command::new(std::env::current_exe().unwrap()), root, fault)
    }

    /// By a command that runs this program.
    pub(crate) fn start_by(mut command: Command, root: &Path, fault: Option<&str>) -> Server {
        command.args(["--exact", "faults::child", "--nocapture", "--test-threads=1"]);
        command.env(ROOT, root).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(fault) = fault {
            command.env(FAULT, fault);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the server says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("listening ") {
                break address.parse().unwrap();
            }
        };
        Server { child, client: Client { address } }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.client.address
    }

    /// Lets it end by itself.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

impl Client {
    /// The status; nothing when the server has died.
    fn send(&self, request: &Request) -> Option<crate::client::Response> {
        let mut connection = Connection::over(TcpStream::connect(self.address).ok()?);
        let _ = connection.stream().write_all(&request.bytes());
        connection.read(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the server has said yes to.
#[derive(Default)]
struct Acknowledged {
    blobs: Vec<Vec<u8>>,
    tags: Vec<(String, String)>,
    deleted: Vec<String>,
}

/// Pushes a large and a small blob, an image of both; deletes another image. How many requests got through.
fn work(server: Client, seed: u64, done: &mut Acknowledged) -> Option<()> {
    let layer = noise(seed, 40_000);
    let small = format!("config {seed}").into_bytes();
    for bytes in [&layer, &small] {
        let location = server.send(&request("POST", "/v2/a/blobs/uploads/"))?;
        let location = (location.status == 202).then(|| location.location())?;
        let patched = server.send(&request("PATCH", &location).body(bytes))?;
        (patched.status == 202).then_some(())?;
        let put = server.send(&request("PUT", &format!("{location}?digest={}", Digest::of(bytes))))?;
        (put.status == 201).then(|| done.blobs.push(bytes.clone()))?;
    }
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": descriptor("a/b", &Digest::of(&small), small.len()),
        "layers": [descriptor("a/b", &Digest::of(&layer), layer.len())],
    });
    let text = manifest.to_string();
    let tag = format!("t{seed}");
    let put = request("PUT", &format!("/v2/a/manifests/{tag}")).header("Content-Type", MANIFEST);
    let pushed = server.send(&put.body(text.as_bytes()))?;
    (pushed.status == 201).then(|| done.tags.push((tag, text.clone())))?;
    Some(())
}

/// Deletes an image, and its layer at once: what a manifest held has a day's grace.
fn delete(server: Client, digest: &str, layer: &[u8], done: &mut Acknowledged) -> Option<()> {
    let deleted = server.send(&request("DELETE", &format!("/v2/a/manifests/{digest}")))?;
    (deleted.status == 202).then(|| done.deleted.push(digest.to_owned()))?;
    let deleted = server.send(&request("DELETE", &format!("/v2/a/blobs/{}", Digest::of(layer))))?;
    (deleted.status == 202).then_some(())
}

/// All that was acknowledged is there, byte for byte.
fn check(server: Client, done: &Acknowledged, fault: &str) {
    for bytes in &done.blobs {
        let found = server.send(&request("GET", &format!("/v2/a/blobs/{}", Digest::of(bytes)))).unwrap();
        assert!((found.status, &found.body) == (200, bytes), "{fault}: a blob is lost: {}", found.status);
    }
    for (tag, text) in &done.tags {
        let found = server.send(&request("GET", &format!("/v2/a/manifests/{tag}"))).unwrap();
        assert!(found.status == 200 && found.body == text.as_bytes(), "{fault}: {tag} is lost");
    }
    for digest in &done.deleted {
        let found = server.send(&request("GET", &format!("/v2/a/manifests/{digest}"))).unwrap();
        assert_eq!(found.status, 404, "{fault}: a deleted manifest is back");
    }
}

/// Runs the same work with the N-th call struck, for N from 1 until it gets through.
fn strike(kind: impl Fn(u64) -> String) -> u64 {
    for at in 1.. {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("registry");
        let mut done = Acknowledged::default();
        let before = Server::start(&root, None);
        let mut earlier = Acknowledged::default();
        work(before.client, 1, &mut earlier).unwrap();
        drop(before);
        let old = Digest::of(earlier.tags[0].1.as_bytes());
        let fault = kind(at);
        let server = Server::start(&root, Some(&fault));
        let through = work(server.client, 2, &mut done)
            .and_then(|()| delete(server.client, old.as_str(), &earlier.blobs[0], &mut done));
        // The collection removes the layer's file, and is struck too.
        std::thread::sleep(Duration::from_millis(60));
        let alive = server.client.send(&request("GET", "/health")).is_some();
        drop(server);
        let server = Server::start(&root, None);
        check(server.client, &done, &fault);
        work(server.client, 2, &mut done).unwrap_or_else(|| panic!("{fault}: the push does not work again"));
        check(server.client, &done, &fault);
        drop(server);
        sound_and_clean(&root, &fault);
        if through.is_some() && alive && at > 12 {
            return at;
        }
    }
    0
}

/// Nothing is wrong; and when what may go is gone, there is nothing but what is held.
fn sound_and_clean(root: &Path, fault: &str) {
    let mut config = config(root);
    config.limits.upload_idle = Duration::ZERO;
    gc(&config, Duration::ZERO).unwrap();
    let findings = verify(root, Depth::Bytes).unwrap();
    assert_eq!(findings, Vec::<Finding>::new(), "{fault}");
    let held = registry_server::operate::du(root).unwrap();
    let mut files = 0;
    for part in std::fs::read_dir(root.join("blobs")).unwrap() {
        files += std::fs::read_dir(part.unwrap().path()).unwrap().count();
    }
    // Of each image one blob is a file and one is in the database.
    assert_eq!(files as u64, held.blobs / 2, "{fault}: files are kept that nobody needs");
}

#[test]
fn killed_at_any_call_nothing_acknowledged_is_lost() {
    strike(|at| format!("kill:{at}"));
}

#[test]
fn a_call_that_fails_once_loses_nothing() {
    strike(|at| format!("fail:{at}:5"));
}

#[test]
fn a_full_disk_refuses_pushes_and_goes_on_serving() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("registry");
    let mut done = Acknowledged::default();
    let server = Server::start(&root, None);
    work(server.client, 1, &mut done).unwrap();
    drop(server);
    // No space left, from the first call on.
    let server = Server::start(&root, Some("fail-from:1:28"));
    let layer = noise(2, 40_000);
    let post = request("POST", &format!("/v2/a/blobs/uploads/?digest={}", Digest::of(&layer))).body(&layer);
    let refused = server.client.send(&post).unwrap();
    refused.assert_refused(507, "UNAVAILABLE");
    assert!(String::from_utf8_lossy(&refused.body).contains("disk is full"));
    check(server.client, &done, "full");
    drop(server);
    let server = Server::start(&root, None);
    work(server.client, 2, &mut done).unwrap();
    check(server.client, &done, "full");
}

#[test]
fn killed_at_any_time_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("registry");
    let mut done = Acknowledged::default();
    for round in 0..12_u64 {
        let mut server = Server::start(&root, None);
        std::thread::scope(|scope| {
            let client = server.client;
            let workers: Vec<_> = (0..3)
                .map(|worker| {
                    scope.spawn(move || {
                        let mut done = Acknowledged::default();
                        let mut seed = round * 1_000 + worker * 100 + 10;
                        while work(client, seed, &mut done).is_some() {
                            seed += 1;
                        }
                        done
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(15 + round * 17));
            server.child.kill().unwrap();
            for worker in workers {
                let mut more = worker.join().unwrap();
                done.blobs.append(&mut more.blobs);
                done.tags.append(&mut more.tags);
            }
        });
    }
    let server = Server::start(&root, None);
    check(server.client, &done, "kill -9");
    drop(server);
    assert!(done.tags.len() > 3, "{} images", done.tags.len());
    sound_and_clean(&root, "kill -9");
}
