//! Somebody swaps directories and links while a layer is applied (TAR-6).

use std::sync::atomic::{AtomicBool, Ordering};

use testkit::forge::{Archive, Block};

use crate::scene::{Scene, privileges};

/// Applies go on until so many swaps were made.
const ROUNDS: usize = 10_000;

#[test]
fn tar_6_swapping_links_under_apply_leads_nowhere() {
    let scene = Scene::new();
    let root = scene.root();
    let canary = scene.canary().to_owned();
    let layer = (0..20)
        .fold(Archive::new().dir("d").dir("d/dir"), |archive, i| {
            archive
                .entry(Block::new(b'0', format!("d/dir/new{i}")).mode(0o777).mtime(1), "evil")
                .header(Block::new(b'5', "d/dir").mode(0o777).mtime(1))
                .file("d/file", "evil")
                .hardlink(format!("d/hard{i}"), "d/file")
                .file("d/dir/.wh.below", "")
                .file("d/.wh.secret", "")
                .file("d/dir/below/file", "evil")
        })
        .end();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (d, aside) = (root.join("d"), root.join("aside"));
            let (dir, dir_aside) = (root.join("d/dir"), root.join("dir-aside"));
            for round in 0..ROUNDS {
                let (victim, aside, target) = match round % 2 {
                    0 => (&d, &aside, &canary),
                    _ => (&dir, &dir_aside, &canary.join("dir")),
                };
                if std::fs::rename(victim, aside).is_ok() {
                    let _ = std::os::unix::fs::symlink(target, victim);
                    std::thread::yield_now();
                    let _ = std::fs::remove_file(victim);
                    let _ = std::fs::rename(aside, victim);
                }
            }
            is_done.store(true, Ordering::Relaxed);
        });
        while !is_done.load(Ordering::Relaxed) {
            let tree = disk::tree::Tree::open(&root).unwrap();
            let policy = layer::Policy {
                privileges: privileges(),
                whiteouts: layer::Whiteouts::Remove,
                limits: layer::Limits::default(),
            };
            // Most rounds fail somewhere; none may touch the canary.
            let _ = layer::apply(&layer[..], &tree, &policy);
        }
    });
    // Looks at the canary, too.
    scene.run(&Archive::new().end()).unwrap();
}
