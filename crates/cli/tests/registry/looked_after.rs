//! Listing, sizes, search, collection and verification, with the server running and without it.

use std::path::PathBuf;

use rustix::process::Signal;

use crate::server::{Server, push, scratch};

#[test]
fn what_is_pushed_is_listed_found_and_pulled() {
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    let digest = push(&scratch, &server, "team/app:1", 1);
    push(&scratch, &server, "team/app:2", 1);
    push(&scratch, &server, "library/other:latest", 1);
    let host = server.host.clone();
    scratch.run(&format!("rmi {host}/team/app:1 {host}/team/app:2 {host}/library/other")).expect_success();
    scratch.run(&format!("pull -q {host}/team/app:1")).expect_success();
    let shown = scratch.run("images --digests --format '{{.Digest}}'");
    shown.expect_stdout(&format!("{digest}\n"));

    let describe = "registry describe --root ../registry";
    scratch.run(&format!("{describe} team/app --description 'What it is' --stars 3")).expect_success();
    scratch.run(&format!("{describe} library/other --automated")).expect_success();
    scratch.run(&format!("{describe} library/other --automated=false")).expect_success();
    // Whose names are in `library/` are official without being described as such.
    scratch.run(&format!("{describe} team/app --official")).expect_success();
    let official = format!("search {host}/ --filter is-official=true --format '{{{{.Name}}}}'");
    scratch.run(&official).expect_success().expect_stdout("team/app\nother\n");
    scratch.run(&format!("{describe} team/app --official=false")).expect_success();
    scratch.run(&official).expect_success().expect_stdout("other\n");
    let said = "description\nstars        0\nofficial     true\nautomated    false\n";
    scratch.run(&format!("{describe} library/other")).expect_success().expect_stdout(said);
    let found = scratch
        .run(&format!("search {host}/app --format '{{{{.Name}}}} {{{{.Description}}}} {{{{.StarCount}}}}'"));
    found.expect_success();
    assert!(found.stdout.ends_with("team/app What it is 3\n"), "{found}");

    let look = || {
        let ls = scratch.run("registry ls --root ../registry");
        ls.expect_success().expect_stdout(
            "NAME            TAGS      SIZE      STARS     OFFICIAL   DESCRIPTION\n\
             library/other   1         52.52kB   0         true       \n\
             team/app        2         52.52kB   3         false      What it is\n",
        );
        scratch.run("registry ls -q --root ../registry").expect_stdout("library/other\nteam/app\n");
        scratch.run("registry ls team/app --root ../registry").expect_stdout("1\n2\n");
        let missing = scratch.run("registry ls nobody/here --root ../registry");
        missing.expect_exit(1).expect_stderr("No such repository: nobody/here\n");
        let du = scratch.run("registry du --root ../registry");
        du.expect_success().expect_stdout(
            "NAME            MANIFESTS   TAGS      BLOBS     SIZE      OWN SIZE\n\
             library/other   1           1         2         52.52kB   398B\n\
             team/app        1           2         2         52.52kB   398B\n\
             \n\
             2 repositories, 2 manifests, 3 tags, 2 blobs: 52.92kB\n",
        );
        let bytes = scratch.run("registry du --root ../registry --format '{{.Name}} {{.Bytes}}'");
        assert_eq!(bytes.stdout.lines().count(), 2, "{bytes}");
        scratch.run("registry verify --root ../registry").expect_success().expect_stdout("no problems\n");
    };
    look();
    let (status, ..) = server.end(Signal::TERM);
    assert!(status.success(), "{status}");
    look();
}

#[test]
fn what_was_deleted_is_collected() {
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    let digest = push(&scratch, &server, "app:1", 1);
    push(&scratch, &server, "app:2", 2);
    let nothing = "removed 0 manifests, 0 blobs, 0 unfinished uploads: 0B\n";
    let beside = scratch.run("registry gc --root ../registry --grace 0s");
    beside.expect_success().expect_stdout(nothing);
    assert!(beside.stderr.starts_with("WARNING: a server is running on "), "{beside}");
    scratch.run("registry gc --root ../registry --grace 24h").expect_success().expect_stderr("");
    let answer = server.ask("DELETE", &format!("/v2/app/manifests/{digest}"), "", b"");
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    scratch.run("registry gc --root ../registry").expect_success().expect_stdout(nothing);
    let collected = scratch.run("registry gc --root ../registry --grace 0s");
    collected.expect_success();
    assert!(
        collected.stdout.starts_with("removed 0 manifests, 2 blobs, 0 unfinished uploads: 5"),
        "{collected}"
    );
    scratch.run("registry verify --root ../registry").expect_success().expect_stdout("no problems\n");
    let host = &server.host;
    scratch.run(&format!("pull -q {host}/app:2")).expect_success();
    scratch.run(&format!("pull -q {host}/app:1")).expect_exit(1);
}

#[test]
fn damage_is_told_and_fails() {
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    push(&scratch, &server, "app:1", 1);
    drop(server);
    let files = blob_files(scratch.path("registry/blobs"));
    let [file] = &files[..] else { panic!("{files:?}") };
    let mut bytes = std::fs::read(file).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(file, &bytes).unwrap();
    scratch.run("registry verify --sizes --root ../registry").expect_success().expect_stdout("no problems\n");
    let found = scratch.run("registry verify --root ../registry");
    found.expect_exit(1).expect_stderr("");
    assert!(found.stdout.starts_with("damaged: sha256:") && found.stdout.ends_with("1 problem\n"), "{found}");
    std::fs::remove_file(file).unwrap();
    let found = scratch.run("registry verify --sizes --root ../registry");
    found.expect_exit(1);
    assert!(found.stdout.starts_with("missing: sha256:"), "{found}");
}

/// As `/var/lib` is one on some machines, and as systemd makes them for services with a user of their own.
#[test]
fn a_root_may_be_reached_by_links() {
    let scratch = scratch();
    std::fs::create_dir(scratch.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", scratch.path("above")).unwrap();
    std::fs::create_dir(scratch.path("elsewhere/real")).unwrap();
    std::os::unix::fs::symlink("above/real", scratch.path("registry")).unwrap();
    let server = Server::start(&scratch, "");
    push(&scratch, &server, "app:1", 1);
    for root in ["registry", "above/real", "elsewhere/real"] {
        scratch.run(&format!("registry ls -q --root ../{root}")).expect_success().expect_stdout("app\n");
        scratch.run(&format!("registry verify --root ../{root}")).expect_success();
    }
    // A database that is a link itself is another's.
    drop(server);
    std::fs::rename(scratch.path("registry/metadata.db"), scratch.path("other.db")).unwrap();
    std::os::unix::fs::symlink("../../other.db", scratch.path("registry/metadata.db")).unwrap();
    scratch.run("registry ls --root ../registry").expect_exit(1);
}

fn blob_files(folder: PathBuf) -> Vec<PathBuf> {
    let list = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    list(folder).filter(|path| path.is_dir()).flat_map(list).collect()
}
