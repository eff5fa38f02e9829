//! A registry's life: clients push, pull and delete while it collects and is killed again and again.
//!
//! Each client knows what was acknowledged to it, so it can tell at any time what has to be there, what must not, and
//! what may be either because the answer was cut off.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use spec::Digest;
use testkit::Scratch;

use crate::server::{Server, scratch};

/// How long it all goes on: some kills, and each client some dozens of images.
const LIFE: Duration = Duration::from_secs(7);
/// Time between two kills.
const BETWEEN_KILLS: Duration = Duration::from_millis(900);
const CLIENTS: u64 = 4;
/// Two seconds are more than a push takes, and little enough that much is collected meanwhile.
const CONFIG: &str = "sparse_images = false\n[collect]\ninterval = \"1s\"\ngrace = \"2s\"\n";
const GRACE: Duration = Duration::from_secs(2);
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A server that is killed does not answer, one that lives does within this.
const ANSWER: Duration = Duration::from_secs(20);

/// What a client knows about an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Here,
    Gone,
    /// An answer was cut off.
    Either,
}

/// A client with a repository of its own.
struct Client<'h> {
    host: &'h str,
    number: u64,
    random: u64,
    /// Images by their number.
    images: BTreeMap<u64, State>,
}

/// A whole answer.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Asks for something; nothing when the answer was cut off.
fn ask(host: &str, method: &str, target: &str, headers: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(ANSWER)).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let answer = Answer { status, head, body: answer[end + 4..].to_vec() };
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    let whole = method == "HEAD" || length.is_none_or(|length: usize| length == answer.body.len());
    whole.then_some(answer)
}

/// Bytes that do not compress and are not in the database, always the same for a seed.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    });
    words.take(3_000).flat_map(u64::to_le_bytes).collect()
}

impl Client<'_> {
    /// One of some layers that all clients share, and one that no other image has.
    fn layers(&self, image: u64) -> [Vec<u8>; 2] {
        [noise(1 + image % 3), noise(1_000 + self.number * 100_000 + image)]
    }

    fn manifest(&self, image: u64) -> Vec<u8> {
        let descriptor = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "digest": Digest::of(bytes).to_string(), "size": bytes.len() });
        let layers = self.layers(image);
        let layers = layers.iter().map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
            "layers": layers.collect::<Vec<_>>(),
        });
        manifest.to_string().into_bytes()
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        ask(self.host, method, &format!("/v2/client/{}/{path}", self.number), headers, body)
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    /// Whether the repository now holds these bytes; nothing when an answer was cut off.
    fn push_blob(&self, bytes: &[u8]) -> Option<()> {
        let digest = Digest::of(bytes);
        let there = self.ask("HEAD", &format!("blobs/{digest}"), "", b"")?.status;
        if there == 200 {
            return Some(());
        }
        assert_eq!(there, 404, "HEAD of {digest}");
        let neighbour = (self.number + 1) % CLIENTS;
        let mount = format!("blobs/uploads/?mount={digest}&from=client/{neighbour}");
        let mounted = self.ask("POST", &mount, "", b"")?;
        if mounted.status == 201 {
            return Some(());
        }
        assert_eq!(mounted.status, 202, "mount of {digest}");
        let location = mounted.header("location").unwrap();
        let mark = if location.contains('?') { '&' } else { '?' };
        let pushed = ask(self.host, "PUT", &format!("{location}{mark}digest={digest}"), "", bytes)?;
        assert_eq!(pushed.status, 201, "push of {digest}");
        Some(())
    }

    /// Pushes all that an image is made of. What was found to be there stays for the grace; who needs longer has to
    /// look again.
    fn push_parts(&self, image: u64) -> Option<()> {
        loop {
            let begun = Instant::now();
            for layer in self.layers(image) {
                self.push_blob(&layer)?;
            }
            self.push_blob(b"{}")?;
            if begun.elapsed() < GRACE / 2 {
                return Some(());
            }
        }
    }

    fn push(&mut self, image: u64) {
        let Some(()) = self.push_parts(image) else { return };
        let manifest = self.manifest(image);
        let target = format!("manifests/{image}");
        let answer = self.ask("PUT", &target, &format!("Content-Type: {MANIFEST}\r\n"), &manifest);
        let before = self.images.get(&image).copied().unwrap_or(State::Gone);
        let state = match answer {
            Some(Answer { status, body, .. }) => {
                assert_eq!(status, 201, "push of image {image}: {}", String::from_utf8_lossy(&body));
                State::Here
            }
            None if before == State::Here => State::Here,
            None => State::Either,
        };
        self.images.insert(image, state);
    }

    fn delete(&mut self, image: u64) {
        let digest = Digest::of(&self.manifest(image));
        let before = self.images.get(&image).copied().unwrap_or(State::Gone);
        let state =
            match self.ask("DELETE", &format!("manifests/{digest}"), "", b"").map(|answer| answer.status) {
                Some(202) => {
                    assert_ne!(before, State::Gone, "image {image} of client {} came back", self.number);
                    State::Gone
                }
                Some(404) => {
                    assert_ne!(before, State::Here, "image {image} of client {} was lost", self.number);
                    State::Gone
                }
                Some(status) => panic!("delete of image {image}: {status}"),
                None if before == State::Gone => State::Gone,
                None => State::Either,
            };
        self.images.insert(image, state);
    }

    /// Pulls an image whole, and takes in whether it is there.
    fn pull(&mut self, image: u64) {
        let before = self.images.get(&image).copied().unwrap_or(State::Gone);
        let Some(answer) = self.ask("GET", &format!("manifests/{image}"), "", b"") else { return };
        if answer.status == 404 {
            assert_ne!(before, State::Here, "image {image} of client {} was lost", self.number);
            self.images.insert(image, State::Gone);
            return;
        }
        assert_eq!(answer.status, 200, "pull of image {image}");
        assert_ne!(before, State::Gone, "image {image} of client {} came back", self.number);
        assert!(answer.body == self.manifest(image), "image {image} has another manifest");
        self.images.insert(image, State::Here);
        for layer in self.layers(image) {
            let digest = Digest::of(&layer);
            let Some(answer) = self.ask("GET", &format!("blobs/{digest}"), "", b"") else { return };
            assert_eq!(answer.status, 200, "layer {digest} of image {image} of client {}", self.number);
            assert!(answer.body == layer, "layer {digest} has other bytes");
        }
    }

    /// The images that it knows to be in a state.
    fn in_state(&self, state: State) -> impl Iterator<Item = u64> {
        self.images.iter().filter(move |(_, known)| **known == state).map(|(image, _)| *image)
    }

    fn live(&mut self, end: &AtomicBool) {
        let mut next = 0;
        while !end.load(Ordering::Relaxed) {
            let known = self.draw(next + 1);
            match self.draw(4) {
                0 => self.delete(known),
                1 => self.pull(known),
                // One that was there before comes again, too.
                2 => self.push(known),
                _ => {
                    self.push(next);
                    next += 1;
                }
            }
        }
    }
}

/// Ends everybody's life when it is dropped, also by a panic.
struct Ending<'e>(&'e AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Lets the clients live beside a collection that loops, and kills the server meanwhile; how often, and in how many
/// rounds something was collected.
fn live(scratch: &Scratch, clients: &mut [Client<'_>], mut server: Server) -> (Server, u32, u32) {
    let (end, collected) = (&AtomicBool::new(false), &AtomicU32::new(0));
    let mut kills = 0;
    let server = std::thread::scope(|scope| {
        let _ending = Ending(end);
        for client in clients {
            scope.spawn(move || {
                let _ending = Ending(end);
                client.live(end);
            });
        }
        scope.spawn(move || {
            let _ending = Ending(end);
            while !end.load(Ordering::Relaxed) {
                let swept = scratch.run("registry gc --root ../registry --config config.toml");
                swept.expect_success().expect_stderr("");
                collected.fetch_add(u32::from(!swept.stdout.contains(" 0 blobs")), Ordering::Relaxed);
            }
        });
        let begun = Instant::now();
        while begun.elapsed() < LIFE && !end.load(Ordering::Relaxed) {
            std::thread::sleep(BETWEEN_KILLS);
            let host = server.host.clone();
            drop(server.end(Signal::KILL));
            kills += 1;
            server = Server::start_at(scratch, &host, "--config config.toml");
        }
        server
    });
    (server, kills, collected.load(Ordering::Relaxed))
}

#[test]
fn what_was_acknowledged_stays_and_what_was_deleted_goes_whatever_happens_to_the_server() {
    let scratch = scratch();
    scratch.write("config.toml", CONFIG);
    let server = Server::start(&scratch, "--config config.toml");
    let host = server.host.clone();
    let new = |number| Client { host: &host, number, random: number + 7, images: BTreeMap::new() };
    let mut clients: Vec<Client<'_>> = (0..CLIENTS).map(new).collect();
    let (server, kills, collected) = live(&scratch, &mut clients, server);
    for client in &mut clients {
        let images: Vec<u64> = client.images.keys().copied().collect();
        images.into_iter().for_each(|image| client.pull(image));
    }
    assert!(server.end(Signal::TERM).0.success());
    let count = |state| clients.iter().map(|client| client.in_state(state).count()).sum::<usize>();
    let (here, gone) = (count(State::Here), count(State::Gone));
    assert_eq!(count(State::Either), 0);
    assert!(kills > 1 && collected > 0, "{kills} kills, {collected} collections");
    assert!(here > 10 && gone > 10, "{here} images are left, {gone} are gone");
    // Uploads that were cut off can be continued for an hour, unless that is said to be over.
    let scratch = scratch.env("STRATA_REGISTRY_LIMITS__UPLOAD_IDLE", "1s");
    std::thread::sleep(Duration::from_millis(1_100));
    expect_only(&scratch, &clients, here);
}

/// What the clients have is there, and nothing else: no row and no file.
fn expect_only(scratch: &Scratch, clients: &[Client<'_>], images: usize) {
    scratch.run("registry gc --grace 0s --root ../registry").expect_success();
    let layers: BTreeSet<Digest> = clients
        .iter()
        .flat_map(|client| client.in_state(State::Here).flat_map(|image| client.layers(image)))
        .map(|layer| Digest::of(&layer))
        .collect();
    let du = scratch.run("registry du --root ../registry");
    // The config of all of them is one more.
    let blobs = layers.len() + 1;
    let expect = format!("{CLIENTS} repositories, {images} manifests, {images} tags, {blobs} blobs: ");
    assert!(du.stdout.lines().last().is_some_and(|line| line.starts_with(&expect)), "{expect}: {du}");
    // Files that a killed server left are unknown, and told to be so after an hour.
    let touched = Command::new("find")
        .arg(scratch.path("registry/blobs"))
        .args(["-type", "f", "-exec", "touch", "-d", "2 hours ago", "{}", "+"])
        .status();
    assert!(touched.unwrap().success());
    let verified = scratch.run("registry verify --remove-unknown --root ../registry");
    verified.expect_success();
    scratch.run("registry verify --root ../registry").expect_success().expect_stdout("no problems\n");
    let files = Command::new("find").arg(scratch.path("registry/blobs")).args(["-type", "f"]).output();
    let files = String::from_utf8(files.unwrap().stdout).unwrap();
    assert_eq!(files.lines().count(), layers.len(), "{files}");
}
