//! Buildah, which builds on what it pulls.

use std::fs;

use testkit::peers::{Storage, installed};
use testkit::skip;

use super::stand::{Stand, USER, WRONG, at_each, digest, index};

fn options(stand: &Stand) -> String {
    let credentials = if stand.asks() { format!("--creds {USER}") } else { String::new() };
    format!("{} {credentials}", trust(stand))
}

fn trust(stand: &Stand) -> String {
    match stand.tls {
        true => format!("--cert-dir {}", stand.trusted().display()),
        false => "--tls-verify=false".to_owned(),
    }
}

#[test]
fn buildah_builds_on_what_it_pulls_and_pushes_the_result() {
    if !skip::root() || !installed(&["buildah", "skopeo"]) {
        return;
    }
    let storage = Storage::new();
    let layout = tempfile::tempdir().unwrap();
    index().write_layout(layout.path(), "two").unwrap();
    at_each(|stand| {
        let run = |line: &str| stand.run(&storage.line(line));
        let refused = |line: &str| stand.refused(&storage.line(line));
        let (host, options) = (&stand.host, options(stand));
        fs::write(stand.scratch.path("work/added"), &stand.host).unwrap();
        run("buildah manifest create many");
        run(&format!("buildah manifest add --all many oci:{}:two", layout.path().display()));
        let push_many = |options: &str| {
            format!("buildah manifest push --all {options} --quiet many docker://{host}/public/many:1")
        };
        if stand.asks() {
            refused(&push_many(&trust(stand)));
            refused(&push_many(&format!("{} --creds {WRONG}", trust(stand))));
        }
        if stand.tls {
            let unknown = refused(&push_many(""));
            assert!(unknown.contains("certificate signed by unknown authority"), "{unknown}");
        }
        run(&push_many(&options));
        run("buildah manifest rm many");

        let container = run(&format!("buildah from {options} --arch arm64 {host}/public/many:1"));
        let container = container.trim();
        run(&format!("buildah add --quiet {container} added /added"));
        run(&format!("buildah commit --quiet --rm {container} built"));
        run(&format!(
            "buildah push --quiet {options} --digestfile digest built docker://{host}/team/built:1"
        ));
        stand.expect_tags("team/built", &["1"]);
        run(&format!("buildah rmi --force built {host}/public/many:1"));
        let pushed = fs::read_to_string(stand.scratch.path("work/digest")).unwrap();
        run(&format!("buildah pull --quiet {options} {host}/team/built@{pushed}"));
        run(&format!("buildah rmi {host}/team/built@{pushed}"));
        let raw = stand.run(&format!("skopeo inspect --raw {options} docker://{host}/team/built:1"));
        assert_eq!(digest(&raw), pushed);
    });
}
