//! Podman, which has a store of its own.

use std::fs;

use testkit::peers::{Storage, installed};
use testkit::{image::ArchiveForm, skip};

use super::stand::{Access, Stand, at_each, image};

/// Leads Podman to what it trusts: `certs.d` in the user's own configuration.
fn trust(stand: &Stand) {
    if stand.tls {
        let folder = stand.scratch.home().join(".config/containers/certs.d").join(&stand.host);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(stand.certificate(), folder.join("ca.crt")).unwrap();
    }
}

fn verify(stand: &Stand) -> &'static str {
    if stand.tls { "" } else { "--tls-verify=false" }
}

#[test]
fn podman_pushes_pulls_and_searches() {
    if !skip::root() || !installed(&["podman"]) {
        return;
    }
    let storage = Storage::new();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    let built = image("linux/amd64");
    built.write_docker_archive(&archive, &["localhost/demo:1"], ArchiveForm::Folders).unwrap();
    storage.run(&format!("podman load --quiet --input {}", archive.display()));
    let id = built.id().to_string();
    at_each(|stand| {
        let run = |line: &str| stand.run(&storage.line(line));
        let refused = |line: &str| stand.refused(&storage.line(line));
        let (host, verify) = (&stand.host, verify(stand));
        let push = format!("podman push --quiet {verify} localhost/demo:1 {host}/team/app:1");
        if stand.tls {
            let unknown = refused(&push);
            assert!(unknown.contains("certificate signed by unknown authority"), "{unknown}");
        }
        trust(stand);
        if stand.asks() {
            let denied = refused(&push);
            assert!(denied.contains("unauthorized") || denied.contains("denied"), "{denied}");
            let login = format!("podman login {verify} --username ann {host}");
            refused(&format!("{login} --password wrong"));
            run(&format!("{login} --password secret"));
        }
        run(&format!("{push} --digestfile {}", stand.scratch.path("work/digest").display()));
        let digest = fs::read_to_string(stand.scratch.path("work/digest")).unwrap();
        stand.expect_tags("team/app", &["1"]);
        for name in [format!("{host}/team/app:1"), format!("{host}/team/app@{digest}")] {
            assert_eq!(run(&format!("podman pull --quiet {verify} {name}")).trim(), &id["sha256:".len()..]);
            run(&format!("podman rmi {name}"));
        }
        check_many(stand, &storage);
        check_search(stand, &storage);
        if stand.asks() {
            run(&format!("podman logout {host}"));
            refused(&format!("podman pull --quiet {verify} {host}/team/app:1"));
        }
    });
}

/// A list of images goes there and comes back by its name.
fn check_many(stand: &Stand, storage: &Storage) {
    let (host, verify) = (&stand.host, verify(stand));
    let run = |line: &str| stand.run(&storage.line(line));
    run("podman manifest create many containers-storage:localhost/demo:1");
    run(&format!("podman manifest push --all {verify} many docker://{host}/public/many:1"));
    run("podman manifest rm many");
    stand.expect_tags("public/many", &["1"]);
    run(&format!("podman pull --quiet {verify} {host}/public/many:1"));
    run(&format!("podman rmi {host}/public/many:1"));
}

/// Names are found, and the tags of one are listed. Podman searches without a password.
fn check_search(stand: &Stand, storage: &Storage) {
    let (host, verify) = (&stand.host, verify(stand));
    let describe = "registry describe public/many --description 'Good things' --root ../registry";
    stand.scratch.run(describe).expect_success();
    let search = |rest: &str| stand.run(&storage.line(&format!("podman search {verify} {rest}")));
    let found = search(&format!("--format '{{{{.Name}}}} {{{{.Description}}}}' {host}/an"));
    assert_eq!(found.trim(), format!("{host}/public/many Good things"));
    let private = search(&format!("--format '{{{{.Name}}}}' {host}/app"));
    let shown = if stand.access == Access::Open { format!("{host}/team/app") } else { String::new() };
    assert_eq!(private.trim(), shown);
    let tags = search(&format!("--list-tags --format '{{{{.Tag}}}}' {host}/team/app"));
    assert_eq!(tags.split_whitespace().last(), Some("1"), "{tags}");
}
