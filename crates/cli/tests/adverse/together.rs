//! Processes that use one store at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use testkit::Registry;
use testkit::image::{Built, Entry, Image, Layer};
use testkit::registry::Fault;

use crate::{expect_no_scraps, expect_nothing_left, image, scratch};

const BLOBS: &str = "/v2/*/blobs/*";
/// Large enough to be caught in the middle of, small enough to come in one piece.
const LAYER_BYTES: u64 = 2 << 20;

/// An image of two layers, and its registry, which takes its time.
fn slow_registry(seed: u64) -> (Registry, Built) {
    let noise = |seed| Layer::gzip(vec![Entry::noise(&format!("noise{seed}"), seed, LAYER_BYTES)]);
    let image = Image::new(vec![noise(seed), noise(seed + 1)]).build();
    let registry = Registry::new();
    image.push(&registry, "library/demo", &["latest"]);
    registry.on("GET", BLOBS).then(Fault::BytesPerSecond(2 << 20));
    (registry, image)
}

#[test]
fn two_pulls_of_an_image_fetch_each_layer_once() {
    let (registry, image) = slow_registry(10);
    let scratch = scratch().mirror(&registry);
    let pulls = [(); 2].map(|()| scratch.start("pull demo"));
    for pull in pulls {
        let outcome = pull.wait();
        outcome.expect_success();
        assert!(outcome.stdout.contains("Digest: sha256:"), "{outcome}");
    }
    for layer in &image.images[0].layers {
        let path = format!("/v2/*/blobs/{}", layer.digest());
        assert_eq!(registry.bytes_sent("GET", &path), layer.blob().len(), "{:#?}", registry.requests());
    }
    let fsck = scratch.run("fsck");
    assert!(fsck.success() && fsck.stdout.starts_with("1 image"), "{fsck}");
    expect_no_scraps(&scratch, "two pulls");
    scratch.run("rmi demo").expect_success();
    expect_nothing_left(&scratch, "two pulls");
}

#[test]
fn pulls_and_removals_of_an_image_do_not_hurt_each_other() {
    const PULLS: usize = 12;
    let registry = Registry::new();
    image().push(&registry, "library/demo", &["latest"]);
    let scratch = scratch().mirror(&registry);
    let done = AtomicBool::new(false);
    let remove = || {
        let mut removed = 0;
        while !done.load(Ordering::Relaxed) {
            let outcome = scratch.run("rmi demo");
            let absent = "Error response from daemon: No such image: demo:latest\n";
            assert!(outcome.success() || outcome.stderr == absent, "{outcome}");
            removed += usize::from(outcome.success());
        }
        removed
    };
    let removed = std::thread::scope(|scope| {
        let removals = [(); 2].map(|()| scope.spawn(remove));
        for _ in 0..PULLS {
            let outcome = scratch.run("pull -q demo");
            if !outcome.success() {
                done.store(true, Ordering::Relaxed);
            }
            outcome.expect_success();
            let fsck = scratch.run("fsck");
            if !fsck.success() {
                done.store(true, Ordering::Relaxed);
            }
            fsck.expect_success();
        }
        done.store(true, Ordering::Relaxed);
        removals.map(|removal| removal.join().unwrap()).iter().sum::<usize>()
    });
    assert!(removed >= PULLS / 2, "only {removed} removals came between {PULLS} pulls");
    scratch.run("pull -q demo").expect_success();
    scratch.run("rmi demo").expect_success();
    expect_nothing_left(&scratch, "pulls against removals");
}

#[test]
fn a_pull_that_is_interrupted_leaves_a_whole_store_and_goes_on_later() {
    let (registry, image) = slow_registry(20);
    let scratch = scratch().mirror(&registry);
    let pull = scratch.start("pull demo");
    let begun = registry.wait(Duration::from_secs(60), |requests| {
        requests.iter().filter(|request| request.fits("GET", BLOBS)).count() >= 3
    });
    assert!(begun, "{:#?}", registry.requests());
    std::thread::sleep(Duration::from_millis(400));
    pull.signal(Signal::INT);
    let outcome = pull.wait();
    outcome.expect_exit(130);
    assert!(!outcome.stdout.contains("Digest:"), "{outcome}");
    let fsck = scratch.run("fsck");
    assert!(fsck.success() && fsck.stdout.starts_with("0 images, "), "{fsck}");
    registry.behave();
    scratch.run("pull -q demo").expect_success();
    let size: u64 = image.images[0].layers.iter().map(|layer| layer.blob().len()).sum();
    let sent = registry.bytes_sent("GET", BLOBS);
    // What was on its way is lost: what the kernel holds for two connections.
    assert!(sent < size + size / 2, "{sent} bytes were sent for {size}");
    expect_no_scraps(&scratch, "interrupted");
    scratch.run("rmi demo").expect_success();
    expect_nothing_left(&scratch, "interrupted");
}
