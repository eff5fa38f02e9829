//! Local commands in a network namespace without any network: they neither need one nor wait for one.

use testkit::{Registry, skip};

use crate::{check_store, image, scratch};

#[test]
fn net_19_local_commands_work_without_a_network() {
    let registry = Registry::new();
    image("demo").build().push(&registry, "library/demo", &["latest"]);
    let scratch = scratch(&registry);
    let ways = ["unshare --net", "unshare --map-root-user --net"];
    let Some(alone) = ways.iter().find(|way| scratch.shell(&format!("{way} true")).success()) else {
        skip::skip("a network namespace cannot be made here");
        return;
    };
    scratch.run("pull -q demo").expect_success();
    for line in [
        "images",
        "image inspect demo",
        "history demo",
        "tag demo other",
        "save -o demo.tar demo",
        "rmi other",
        "load -i demo.tar",
        "image prune -f",
        "system df -v",
        "info",
        "fsck",
        "rmi demo",
    ] {
        let outcome = scratch.shell(&format!("{alone} strata {line}"));
        assert!(outcome.success(), "{line}: {}", outcome.stderr);
    }
    // What does need a network says so, and does not hang.
    let outcome = scratch.shell(&format!("{alone} strata pull -q demo"));
    assert!(!outcome.success());
    assert!(outcome.stderr.contains("dial tcp"), "{}", outcome.stderr);
    check_store(&scratch, "without a network");
}
