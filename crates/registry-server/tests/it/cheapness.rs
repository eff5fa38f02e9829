//! What things cost, counted.

use crate::client::{World, noise, request};
use spec::Digest;

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
