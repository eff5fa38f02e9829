//! What things cost, counted: synced transactions and look-ups by the server, calls to the system by `strace`.

use std::net::TcpStream;
use std::path::Path;

use spec::Digest;

use crate::client::{Connection, Request, World, noise, request};
use crate::faults::Server;
use crate::trace::{self, Call};

/// Synced transactions so far: each is one sync of the database's log.
fn syncs(world: &World) -> u64 {
    world.server().synced_transactions()
}

#[test]
fn a_small_push_is_one_sync_and_no_file() {
    let world = World::new();
    world.push_blob("a", b"first");
    let before = syncs(&world);
    world.push_blob("a", &noise(1, 4_096));
    assert_eq!(syncs(&world) - before, 1);
    let before = syncs(&world);
    let bytes = noise(2, 4_096);
    let location = world.send(&request("POST", "/v2/a/blobs/uploads/")).location();
    assert_eq!(world.send(&request("PATCH", &location).body(&bytes)).status, 202);
    assert_eq!(syncs(&world) - before, 0, "an upload under way need not survive the machine");
    let put = request("PUT", &format!("{location}?digest={}", Digest::of(&bytes)));
    assert_eq!(world.send(&put).status, 201);
    assert_eq!(syncs(&world) - before, 1);
    assert!(std::fs::read_dir(world.config.root.join("blobs")).unwrap().next().is_none());
}

#[test]
fn pulls_change_nothing() {
    let world = World::new();
    world.push_image("a", "t", &noise(1, 50_000));
    let before = syncs(&world);
    for _ in 0..10 {
        assert_eq!(world.get("/v2/a/manifests/t").status, 200);
        assert_eq!(world.get(&format!("/v2/a/blobs/{}", Digest::of(&noise(1, 50_000)))).status, 200);
        assert_eq!(world.get("/v2/a/tags/list").status, 200);
    }
    assert_eq!(syncs(&world), before);
}

#[test]
fn many_pushes_at_once_share_their_syncs() {
    let world = World::new();
    let before = syncs(&world);
    let pushes = 160;
    std::thread::scope(|scope| {
        for client in 0..16_u64 {
            let world = &world;
            scope.spawn(move || {
                for n in 0..pushes / 16 {
                    world.push_blob("a", &noise(client * 100 + n, 1_000));
                }
            });
        }
    });
    let synced = syncs(&world) - before;
    assert!(synced < pushes, "{synced} syncs for {pushes} pushes");
}

#[test]
fn a_manifest_is_one_look_up() {
    let world = World::new();
    let digest = world.push_image("a", "t", b"layer");
    for reference in ["t", digest.as_str()] {
        for method in ["GET", "HEAD"] {
            let before = world.server().look_ups();
            let found = world.send(&request(method, &format!("/v2/a/manifests/{reference}")));
            assert_eq!((found.status, world.server().look_ups() - before), (200, 1), "{method} {reference}");
        }
    }
}

/// A server whose calls are written down, and the requests that it is sent one after the other.
struct Traced {
    _folder: tempfile::TempDir,
    log: std::path::PathBuf,
    server: Server,
}

impl Traced {
    /// On a root that was prepared; nothing where calls cannot be written down.
    fn new(prepare: impl FnOnce(&Path)) -> Option<Traced> {
        trace::is_possible().then(|| {
            let folder = tempfile::tempdir().unwrap();
            let (root, log) = (folder.path().join("registry"), folder.path().join("calls"));
            prepare(&root);
            let server = trace::start(&root, &log);
            Traced { _folder: folder, log, server }
        })
    }

    fn send(&self, request: &Request, status: u16) -> crate::client::Response {
        let stream = TcpStream::connect(self.server.address()).unwrap();
        let response = Connection::over(stream).send(request);
        assert_eq!(response.status, status, "{response:?}");
        response
    }

    /// What was called before each answer: since the one before it, or since the start.
    fn calls(self) -> Vec<Vec<Call>> {
        self.server.finish();
        let calls = trace::read(&self.log);
        let mut parts: Vec<Vec<Call>> =
            calls.split(|call| matches!(call, Call::Answer)).map(<[Call]>::to_vec).collect();
        // What came after the last answer was nobody's.
        parts.pop();
        parts
    }
}

fn count(calls: &[Vec<Call>], counted: impl Fn(&Call) -> bool) -> usize {
    calls.iter().flatten().filter(|call| counted(call)).count()
}

/// Files and directories of blobs, the one of all of them apart.
fn is_blob(call: &Call) -> bool {
    let inside = |path: &Path| path.parent().is_some_and(|parent| parent.iter().any(|part| part == "blobs"));
    matches!(call, Call::Open { path, .. } if inside(path))
}

/// Calls that wait for the disk.
fn is_sync(call: &Call) -> bool {
    matches!(call, Call::Sync { .. } | Call::WriteOut)
}

#[test]
fn a_small_push_waits_for_the_disk_twice_at_most() {
    let Some(traced) = Traced::new(|_| {}) else { return };
    let post = |bytes: &[u8]| {
        let target = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(bytes));
        traced.send(&request("POST", &target).body(bytes), 201);
    };
    // The first one makes the repository.
    post(b"first");
    post(&noise(1, 4_096));
    let bytes = noise(2, 4_096);
    let location = traced.send(&request("POST", "/v2/a/blobs/uploads/"), 202).location();
    traced.send(&request("PATCH", &location).body(&bytes), 202);
    traced.send(&request("PUT", &format!("{location}?digest={}", Digest::of(&bytes))), 201);
    let mount = format!("/v2/b/blobs/uploads/?mount={}&from=a", Digest::of(&bytes));
    traced.send(&request("POST", &mount), 201);
    let calls = traced.calls();
    assert_eq!(calls.len(), 6);
    let syncs = [&calls[1..2], &calls[2..5], &calls[5..]].map(|calls| count(calls, is_sync));
    assert_eq!(syncs, [1, 1, 1], "in one request, in three, mounted");
    assert_eq!(count(&calls, is_blob), 0, "small blobs are no files");
}

#[test]
fn a_pull_of_a_manifest_opens_and_writes_nothing() {
    let Some(traced) = Traced::new(|_| {}) else { return };
    let index =
        format!("{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"manifests\":[]}}", crate::client::INDEX);
    let put = request("PUT", "/v2/a/manifests/t").header("Content-Type", crate::client::INDEX);
    traced.send(&put.body(index.as_bytes()), 201);
    let get = request("GET", "/v2/a/manifests/t");
    // Threads open the database when they first look.
    (0..40).for_each(|_| _ = traced.send(&get, 200));
    (0..20).for_each(|_| _ = traced.send(&get, 200));
    let calls = traced.calls();
    // What the database has in no memory yet may be read.
    assert_eq!(count(&calls[calls.len() - 20..], |call| !matches!(call, Call::Read)), 0);
}

/// What is there does not matter to a start: a hundred thousand tags, and blobs in every directory.
#[test]
fn a_start_reads_no_blob_and_no_list() {
    let reads = |tags: u32, blobs: usize| {
        let traced = Traced::new(|root| prepare(root, tags, blobs))?;
        traced.send(&request("GET", "/v2/"), 200);
        let calls = traced.calls();
        assert_eq!(count(&calls[..1], is_blob), 0);
        Some(count(&calls[..1], |call| matches!(call, Call::Read)))
    };
    let (Some(few), Some(many)) = (reads(1, 1), reads(100_000, 256)) else { return };
    assert!(many <= few + 10 && many < 60, "{few} reads of files with little there, {many} with much");
}

fn prepare(root: &Path, tags: u32, blobs: usize) {
    let mut config = registry_server::Config::new(root);
    config.listen = ([127, 0, 0, 1], 0).into();
    let server = registry_server::serve(config).unwrap();
    for n in 0..blobs {
        let bytes = noise(n as u64, 20_000);
        let target = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(&bytes));
        let post = request("POST", &target).body(&bytes);
        assert_eq!(Connection::open(server.address()).send(&post).status, 201);
    }
    drop(server);
    let database = rusqlite::Connection::open(root.join("metadata.db")).unwrap();
    let fill = format!(
        "INSERT INTO manifest (id, repository, digest, media_type, size, annotations, pushed, bytes)
         VALUES (1, 1, 'sha256:1', 'a/b', 1, '{{}}', 0, x'00');
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {tags})
         INSERT INTO tag SELECT 1, printf('t%07d', i), 1, 0 FROM n"
    );
    database.execute_batch(&fill).unwrap();
}
