//! `export`: a container's files as one archive.

use std::os::unix::fs::PermissionsExt;

use crate::{Container, bench, running_bench};

#[test]
fn files_come_sorted_and_without_what_is_mounted() {
    let Some(scratch) = bench() else { return };
    scratch.shell("mkdir vol && echo v > vol/v && echo f > file").expect_success();
    let vol = scratch.work().join("vol").display().to_string();
    let _c1 = Container::new(&scratch, "create", "c1", &format!("-v {vol}:/tmp bb:1 sh"));
    scratch.shell("strata cp file c1:/root/new").expect_success();
    scratch.run("export -o out.tar c1").expect_success().expect_stdout("");
    scratch.shell("strata export c1 > again.tar && cmp out.tar again.tar").expect_success();
    let mode = std::fs::metadata(scratch.work().join("out.tar")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names = scratch.shell("tar tf out.tar | grep -v ^bin/").stdout;
    assert_eq!(
        names,
        ".dockerenv\ndev/\ndev/console\ndev/pts/\ndev/shm/\netc/\netc/hostname\netc/hosts\netc/mtab\netc/passwd\n\
         etc/resolv.conf\nproc/\nroot/\nroot/new\nsys/\ntmp/\n"
    );
    let imported = scratch.run("import out.tar again:1");
    imported.expect_success();
}

#[test]
fn what_cannot_be_exported_is_told_as_docker_does() {
    let Some(scratch) = bench() else { return };
    let _c1 = Container::new(&scratch, "create", "c1", "bb:1 sh");
    let check = |line: &str, expect: &str| {
        let outcome = scratch.run(line);
        outcome.expect_exit(1);
        assert_eq!((&*outcome.stdout, &*outcome.stderr), ("", &*format!("{expect}\n")), "{line}");
    };
    check("export nosuch", "Error response from daemon: No such container: nosuch");
    check(
        "export -o /no/such c1",
        "failed to export container: invalid output path: stat /no: no such file or directory",
    );
    check("export -o . c1", "failed to export container: cannot write to a directory");
    let told = scratch.on_terminal("export c1", 200, 24).wait();
    told.expect_exit(1);
    assert_eq!(told.stdout.trim(), "cowardly refusing to save to a terminal. Use the -o flag or redirect");
}

#[test]
fn a_container_that_runs_is_exported_as_it_is() {
    let Some(scratch) = running_bench() else { return };
    let command = "sh -c 'echo data > /data/f; echo root > /root/f; echo ready; sleep 600'";
    let words = format!("-v named:/data bb:1 {command}");
    let _c1 = Container::new(&scratch, "run --detach", "c1", &words);
    scratch
        .shell("for i in $(seq 100); do strata logs c1 | grep -q ready && break; sleep 0.1; done")
        .expect_success();
    let names = scratch.shell("strata export c1 | tar tf - | grep -v -e ^bin/ -e ^dev/ -e ^etc/").stdout;
    assert_eq!(names, ".dockerenv\ndata/\nproc/\nroot/\nroot/f\nsys/\ntmp/\n");
}
