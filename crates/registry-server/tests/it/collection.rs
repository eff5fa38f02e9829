//! The collection beside requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use spec::Digest;

use crate::client::{INDEX, MANIFEST, World, descriptor, noise, request};

#[test]
fn what_was_deleted_goes_and_what_is_shared_stays() {
    let world = World::new();
    let (one, two) = (noise(1, 50_000), noise(2, 60_000));
    let first = world.push_image("a", "one", &one);
    world.push_image("a", "two", &two);
    world.push_image("b", "one", &one);
    // The bytes that came twice go.
    assert_eq!(world.blob_files().len(), 3);
    world.collect();
    assert_eq!(world.blob_files().len(), 2);
    assert_eq!(world.send(&request("DELETE", &format!("/v2/a/manifests/{first}"))).status, 202);
    let swept = world.collect();
    assert_eq!((swept.collected.unlinked, swept.collected.blobs), (1, 0));
    world.get(&format!("/v2/a/blobs/{}", Digest::of(&one))).assert_refused(404, "BLOB_UNKNOWN");
    assert!(world.get(&format!("/v2/b/blobs/{}", Digest::of(&one))).body == one);
    let second = Digest::of(world.image("b", &one).to_string().as_bytes());
    assert_eq!(world.send(&request("DELETE", &format!("/v2/b/manifests/{second}"))).status, 202);
    let swept = world.collect();
    assert_eq!((swept.collected.blobs, swept.collected.bytes), (1, 50_000));
    assert_eq!(world.blob_files().len(), 1);
    assert!(world.get(&format!("/v2/a/blobs/{}", Digest::of(&two))).body == two);
    // Its cost follows what was deleted: nothing was, so nothing is looked at.
    assert_eq!(world.collect().collected.examined, 0);
    world.assert_sound();
}

#[test]
fn indexes_keep_their_children_and_subjects_their_referrers() {
    let world = World::new();
    let child = world.image("a", &noise(1, 30_000));
    let child_digest = Digest::of(child.to_string().as_bytes());
    assert_eq!(world.push("a", child_digest.as_str(), &child).status, 201);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, &child_digest, child.to_string().len())] });
    let index_digest = Digest::of(index.to_string().as_bytes());
    assert_eq!(world.push("a", "latest", &index).status, 201);
    let mut signature = world.image("a", b"signature");
    signature["subject"] = descriptor(INDEX, &index_digest, index.to_string().len());
    let signature_digest = Digest::of(signature.to_string().as_bytes());
    assert_eq!(world.push("a", signature_digest.as_str(), &signature).status, 201);
    world.collect();
    let status = |digest: &Digest| world.get(&format!("/v2/a/manifests/{digest}")).status;
    assert_eq!((status(&child_digest), status(&signature_digest)), (200, 200));
    // A tag's end leaves the index, and so all that it holds.
    assert_eq!(world.send(&request("DELETE", "/v2/a/manifests/latest")).status, 202);
    world.collect();
    assert_eq!((status(&index_digest), status(&child_digest), status(&signature_digest)), (200, 200, 200));
    assert_eq!(world.send(&request("DELETE", &format!("/v2/a/manifests/{index_digest}"))).status, 202);
    assert_eq!(world.collect().collected.manifests, 2);
    assert_eq!((status(&child_digest), status(&signature_digest)), (404, 404));
    assert_eq!(world.blob_files().len(), 0);
    world.assert_sound();
}

#[test]
fn a_push_under_way_is_not_disturbed() {
    let world = World::new();
    let layer = noise(1, 50_000);
    let manifest = world.image("a", &layer);
    // The server's own collection keeps to its grace.
    world.server().collect(Duration::from_secs(86_400)).unwrap();
    assert_eq!(world.push("a", "t", &manifest).status, 201);
    world.clock.advance(Duration::from_secs(90_000));
    world.server().collect(Duration::from_secs(86_400)).unwrap();
    assert!(world.get(&format!("/v2/a/blobs/{}", Digest::of(&layer))).body == layer);
    // What never got a manifest goes when its time is over.
    world.push_blob("a", &noise(2, 50_000));
    world.clock.advance(Duration::from_secs(86_399));
    assert_eq!(world.server().collect(Duration::from_secs(86_400)).unwrap().collected.blobs, 0);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.server().collect(Duration::from_secs(86_400)).unwrap().collected.blobs, 1);
}

/// Who was told that something is here may push what refers to it for as long as a push takes; the grace begins
/// anew. Who only pulls keeps nothing.
#[test]
fn what_a_pusher_was_told_is_here_stays() {
    const DAY: Duration = Duration::from_secs(86_400);
    for asked in [false, true] {
        let world = World::new();
        let layer = noise(1, 50_000);
        let child = world.image("a", &layer);
        let digest = Digest::of(child.to_string().as_bytes());
        assert_eq!(world.push("a", digest.as_str(), &child).status, 201);
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, &digest, child.to_string().len())] });
        assert_eq!(world.push("a", "first", &index).status, 201);
        let first = format!("/v2/a/manifests/{}", Digest::of(index.to_string().as_bytes()));
        assert_eq!(world.send(&request("DELETE", &first)).status, 202);
        let alone = world.push_blob("a", &noise(2, 50_000));
        world.clock.advance(DAY - Duration::from_secs(60));
        world.server().collect(DAY).unwrap();
        let targets = [format!("/v2/a/manifests/{digest}"), format!("/v2/a/blobs/{alone}")];
        if asked {
            targets.iter().for_each(|target| assert_eq!(world.send(&request("HEAD", target)).status, 200));
        }
        world.clock.advance(Duration::from_secs(120));
        world.server().collect(DAY).unwrap();
        let there = if asked { 200 } else { 404 };
        for target in &targets {
            assert_eq!(world.send(&request("HEAD", target)).status, there, "{target}");
        }
        let pushed = world.push("a", "second", &index);
        assert_eq!((pushed.status, pushed.header("warning").is_none()), (201, asked));
        // Asked for again and again, it still goes when its time is over.
        world.clock.advance(DAY + Duration::from_secs(60));
        world.server().collect(DAY).unwrap();
        assert_eq!(world.send(&request("HEAD", &targets[1])).status, 404);
    }
}

#[test]
fn a_pull_under_way_ends_well() {
    let world = World::new();
    let layer = noise(1, 20 << 20);
    let digest = world.push_blob("a", &layer);
    let mut connection = crate::client::Connection::open(world.address());
    connection.write(&request("GET", &format!("/v2/a/blobs/{digest}")).bytes());
    // The pull has begun when there is something to read.
    let mut byte = [0];
    connection.stream().peek(&mut byte).unwrap();
    world.collect();
    assert_eq!(world.blob_files().len(), 0);
    assert!(connection.read(false).unwrap().body == layer);
}

/// Pushes, pulls and deletes by some clients while the collection loops: nothing acknowledged is lost, nothing
/// unreferenced is kept.
#[test]
fn nothing_is_lost_and_nothing_is_kept_beside_a_looping_collection() {
    let world = World::new();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let collecting = scope.spawn(|| {
            let mut rounds = 0;
            while !stop.load(Ordering::Relaxed) {
                world.server().collect(Duration::from_secs(60)).unwrap();
                rounds += 1;
            }
            rounds
        });
        let clients: Vec<_> = (0..4)
            .map(|client| {
                scope.spawn({
                    let world = &world;
                    move || churn(world, client)
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        stop.store(true, Ordering::Relaxed);
        assert!(collecting.join().unwrap() > 3);
    });
    world.collect();
    world.assert_sound();
    // Each client leaves one image with a layer of its own and one that they share.
    assert_eq!(world.blob_files().len(), 5);
}

fn churn(world: &World, client: u64) {
    let repository = format!("client/{client}");
    let shared = noise(999, 40_000);
    for round in 0..12 {
        let own = noise(client * 1_000 + round, 30_000);
        for layer in [&own, &shared] {
            world.push_image(&repository, &format!("t{}", layer.len()), layer);
            let digest = Digest::of(layer);
            assert!(world.get(&format!("/v2/{repository}/blobs/{digest}")).body == *layer);
        }
        if round == 11 {
            return;
        }
        for tag in ["t30000", "t40000"] {
            let head = world.send(&request("HEAD", &format!("/v2/{repository}/manifests/{tag}")));
            let digest = head.header("docker-content-digest").unwrap().to_owned();
            assert_eq!(
                world.send(&request("DELETE", &format!("/v2/{repository}/manifests/{digest}"))).status,
                202
            );
        }
    }
}
