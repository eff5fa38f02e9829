//! Many containers.

use crate::bench;

#[test]
fn there_may_be_more_containers_than_a_process_may_have_files_open() {
    let Some(scratch) = bench() else { return };
    let made = scratch.shell("for i in $(seq 40); do strata create bb:1 sh || exit; done");
    made.expect_success();
    let listed = scratch
        .shell("ulimit -n 32 && strata ps --all --quiet --no-trunc && strata create --name last bb:1 sh");
    listed.expect_success();
    assert_eq!(listed.stderr, "");
    let (mut listed, mut made): (Vec<_>, Vec<_>) =
        (listed.stdout.lines().collect(), made.stdout.lines().collect());
    assert_eq!(listed.len(), made.len() + 1);
    listed.pop();
    listed.sort_unstable();
    made.sort_unstable();
    assert_eq!(listed, made);
}
