//! The machine loses power after each answer in turn: what was not synced is gone, what was acknowledged is there.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use registry_server::operate::{Depth, verify};
use registry_server::{Config, serve};
use serde_json::json;
use spec::Digest;

use crate::client::{Connection, MANIFEST, Request, Response, descriptor, noise, request};
use crate::trace::{self, Call, Disk, Names};

/// What was acknowledged so far: what a GET of each target has to give, or that there is nothing any more.
type Expected = BTreeMap<String, Option<Vec<u8>>>;

/// Sends requests one after the other, and remembers what held after each answer.
struct Session {
    address: SocketAddr,
    expected: Expected,
    after: Vec<Expected>,
}

impl Session {
    fn send(&mut self, request: &Request, status: u16, changes: &[(&str, Option<&[u8]>)]) -> Response {
        let mut connection = Connection::over(TcpStream::connect(self.address).unwrap());
        let response = connection.send(request);
        assert_eq!(response.status, status, "{response:?}");
        for (target, body) in changes {
            self.expected.insert((*target).to_owned(), body.map(<[u8]>::to_vec));
        }
        self.after.push(self.expected.clone());
        response
    }

    fn blob(&mut self, repository: &str, bytes: &[u8], in_one: bool) -> Digest {
        let digest = Digest::of(bytes);
        let target = format!("/v2/{repository}/blobs/{digest}");
        let there: &[(&str, Option<&[u8]>)] = &[(&target, Some(bytes))];
        let post = format!("/v2/{repository}/blobs/uploads/");
        if in_one {
            self.send(&request("POST", &format!("{post}?digest={digest}")).body(bytes), 201, there);
            return digest;
        }
        let location = self.send(&request("POST", &post), 202, &[]).location();
        for (n, part) in bytes.chunks(bytes.len() / 2 + 1).enumerate() {
            let first = n * (bytes.len() / 2 + 1);
            let range = format!("{first}-{}", first + part.len() - 1);
            self.send(&request("PATCH", &location).header("Content-Range", &range).body(part), 202, &[]);
        }
        self.send(&request("PUT", &format!("{location}?digest={digest}")), 201, there);
        digest
    }

    fn image(&mut self, repository: &str, tag: &str, config: &[u8], layer: &Digest, size: usize) -> String {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("a/b", &Digest::of(config), config.len()),
            "layers": [descriptor("a/b", layer, size)],
        });
        let text = manifest.to_string();
        let target = format!("/v2/{repository}/manifests/{tag}");
        let by_digest = format!("/v2/{repository}/manifests/{}", Digest::of(text.as_bytes()));
        let put = request("PUT", &target).header("Content-Type", MANIFEST).body(text.as_bytes());
        let body = Some(text.as_bytes());
        self.send(&put, 201, &[(&target, body), (&by_digest, body)]);
        by_digest
    }
}

/// Pushes in several ways, mounts, moves a tag, deletes.
fn work(session: &mut Session) {
    let (large, larger) = (noise(1, 60_000), noise(2, 90_000));
    let config = b"a configuration";
    session.blob("a", config, true);
    let first = session.blob("a", &large, false);
    let second = session.blob("a", &larger, true);
    let old = session.image("a", "t", config, &first, large.len());
    session.image("a", "t", config, &second, larger.len());
    let mounted = format!("/v2/b/blobs/{first}");
    let mount = request("POST", &format!("/v2/b/blobs/uploads/?mount={first}&from=a"));
    session.send(&mount, 201, &[(&mounted, Some(&large))]);
    session.send(&request("DELETE", &old), 202, &[(&old, None)]);
    let blob = format!("/v2/a/blobs/{first}");
    session.send(&request("DELETE", &blob), 202, &[(&blob, None)]);
    session.send(&request("DELETE", "/v2/a/manifests/t"), 202, &[("/v2/a/manifests/t", None)]);
    session.send(&request("DELETE", &mounted), 202, &[(&mounted, None)]);
    session.blob("c", &large, false);
}

#[test]
fn without_power_nothing_acknowledged_is_lost() {
    if !trace::is_possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().canonicalize().unwrap();
    let log = below.join("calls");
    let server = trace::start(&below.join("root/registry"), &log);
    let mut session = Session { address: server.address(), expected: Expected::new(), after: Vec::new() };
    work(&mut session);
    server.finish();
    let calls = trace::read(&log);
    let mut disk = Disk::default();
    let mut answers = session.after.iter();
    for call in &calls {
        if let Call::Answer = call {
            let expected = answers.next().expect("an answer to each request, and no other");
            for names in [Names::Lost, Names::Kept] {
                check(&disk, names, &below, expected);
            }
        }
        disk.apply(call);
    }
    assert_eq!(answers.count(), 0, "answers are missing among {} calls", calls.len());
}

fn check(disk: &Disk, names: Names, below: &Path, expected: &Expected) {
    let folder = tempfile::tempdir().unwrap();
    disk.lay_out(names, below, folder.path());
    let root = folder.path().join("root/registry");
    // It is another boot.
    let database = rusqlite::Connection::open(root.join("metadata.db")).unwrap();
    database.execute("UPDATE setting SET value = 'before' WHERE name = 'boot'", []).unwrap();
    drop(database);
    let mut config = Config::new(&root);
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = serve(config).unwrap();
    for (target, body) in expected {
        let mut connection = Connection::over(TcpStream::connect(server.address()).unwrap());
        let found = connection.send(&request("GET", target));
        let found = (found.status == 200).then_some(found.body);
        assert!(found == *body, "{names:?}: {target} is {}", if body.is_some() { "lost" } else { "back" });
    }
    drop(server);
    assert_eq!(verify(&root, Depth::Bytes).unwrap(), [], "{names:?}");
}
