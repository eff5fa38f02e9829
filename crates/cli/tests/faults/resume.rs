//! A large layer whose download is killed: the next one brings what is missing, and hardly more.

use std::time::Duration;

use testkit::Registry;
use testkit::image::{Built, Entry, Image, Layer};
use testkit::registry::Fault;

use crate::{check_store, scratch};

const LAYER_BYTES: u64 = 400 << 20;
/// What may come twice of a layer: 1 %.
const TWICE_MAX: u64 = LAYER_BYTES / 100;
const BLOBS: &str = "/v2/*/blobs/*";

fn large() -> Built {
    Image::new(vec![Layer::plain(vec![Entry::noise("model.bin", 7, LAYER_BYTES)])]).build()
}

fn serving(image: &Built) -> Registry {
    let registry = Registry::new();
    image.push(&registry, "library/model", &["latest"]);
    // Slow enough that what is sent is read, and that it is killed where it is wanted.
    registry.on("GET", BLOBS).then(Fault::BytesPerSecond(12 << 20));
    registry
}

#[test]
fn net_12_a_killed_download_goes_on_also_from_another_mirror() {
    let image = large();
    let (first, second) = (serving(&image), serving(&image));
    let scratch = scratch(&first);
    let mut served = 0;
    for part in [1, 2] {
        // Killed when a third of the layer was sent, and again at two thirds.
        let enough = || first.bytes_sent("GET", BLOBS) > part * LAYER_BYTES / 3;
        let (_, killed) = scratch.start("pull -q model").kill_when(enough);
        assert!(killed, "the pull was done before it could be killed");
        std::thread::sleep(Duration::from_millis(50));
        check_store(&scratch, "killed in the middle of a layer");
        served = first.bytes_sent("GET", BLOBS);
    }
    let scratch = scratch.mirror(&second);
    scratch.run("pull -q model").expect_success();
    let total = served + second.bytes_sent("GET", BLOBS);
    let twice = total.saturating_sub(image.images[0].layers[0].blob().len());
    assert!(twice <= TWICE_MAX, "{twice} bytes came twice");
    assert!(served > LAYER_BYTES / 2, "the first mirror sent {served}");
    check_store(&scratch, "the download went on");
    scratch.run("rmi model").expect_success();
}
