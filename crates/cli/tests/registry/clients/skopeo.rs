//! Skopeo, which copies from registry to registry and keeps nothing.

use std::fs;

use testkit::peers::installed;

use super::stand::{Access, Stand, USER, WRONG, at_each, digest, index};
use crate::server::push;

/// Options for one side of a copy (`src-`, `dest-`), or for a command with one side (nothing).
fn options(stand: &Stand, side: &str) -> String {
    let credentials = if stand.asks() { format!("--{side}creds {USER}") } else { String::new() };
    format!("{} {credentials}", trust(stand, side))
}

fn trust(stand: &Stand, side: &str) -> String {
    match stand.tls {
        true => format!("--{side}cert-dir {}", stand.trusted().display()),
        false => format!("--{side}tls-verify=false"),
    }
}

#[test]
fn skopeo_pushes_pulls_lists_and_deletes() {
    if !installed(&["skopeo"]) {
        return;
    }
    let image = index();
    at_each(|stand| {
        image.write_layout(&stand.scratch.path("work/layout"), "two").unwrap();
        let (at, app) = (&stand.host, format!("docker://{}/team/app", stand.host));
        let (from, to) = (options(stand, "src-"), options(stand, "dest-"));
        let copy = "skopeo copy --quiet --all --preserve-digests";
        stand.run(&format!("{copy} {to} oci:layout:two {app}:1"));
        stand.run(&format!("{copy} {from} {to} {app}:1 docker://{at}/public/app:2"));
        stand.expect_tags("public/app", &["2"]);

        let one = options(stand, "");
        let listed = stand.run(&format!("skopeo list-tags {one} {app}"));
        assert!(listed.contains("\"1\""), "{listed}");
        for name in [format!("{app}:1"), format!("{app}@{}", image.digest())] {
            let raw = stand.run(&format!("skopeo inspect --raw {one} {name}"));
            assert_eq!(digest(&raw), image.digest().to_string(), "{name}");
        }
        stand.run(&format!("{copy} {from} {app}:1 oci:back:two"));
        for blob in fs::read_dir(stand.scratch.path("work/layout/blobs/sha256")).unwrap() {
            let blob = blob.unwrap();
            let back = stand.scratch.path("work/back/blobs/sha256").join(blob.file_name());
            assert!(fs::read(blob.path()).unwrap() == fs::read(&back).unwrap(), "{}", back.display());
        }
        check_refusals(stand);

        stand.run(&format!("skopeo delete {one} {app}:1"));
        let gone = stand.refused(&format!("skopeo inspect --raw {one} {app}:1"));
        assert!(gone.contains("manifest unknown"), "{gone}");
        stand.expect_tags("team/app", &[]);
        stand.expect_tags("public/app", &["2"]);
    });
}

/// Without the right password nothing but what is public is shown; without trust nothing is.
fn check_refusals(stand: &Stand) {
    let (app, public) = ("team/app:1", "public/app:2");
    let inspect = |options: &str, name: &str| {
        format!("skopeo inspect --raw {} {options} docker://{}/{name}", trust(stand, ""), stand.host)
    };
    if stand.asks() {
        let denied = stand.refused(&inspect("", app));
        assert!(denied.contains("unauthorized") || denied.contains("denied"), "{denied}");
        stand.run(&inspect("", public));
        let wrong = stand.refused(&inspect(&format!("--creds {WRONG}"), app));
        assert!(wrong.contains("unauthorized") || wrong.contains("invalid username/password"), "{wrong}");
        let push = format!("skopeo copy --quiet {} oci:layout:two", trust(stand, "dest-"));
        stand.refused(&format!("{push} docker://{}/public/app:3", stand.host));
        check_login(stand, &inspect("", app));
    }
    if stand.tls {
        let unknown = stand.refused(&format!("skopeo inspect --raw docker://{}/{public}", stand.host));
        assert!(unknown.contains("certificate signed by unknown authority"), "{unknown}");
    }
}

/// `login` keeps a password that is right, and only that.
fn check_login(stand: &Stand, inspect: &str) {
    let login = format!("skopeo login {} {} --username ann", trust(stand, ""), stand.host);
    stand.refused(&format!("{login} --password wrong"));
    stand.refused(inspect);
    stand.run(&format!("{login} --password secret"));
    stand.run(inspect);
    stand.run(&format!("skopeo logout {}", stand.host));
    stand.refused(inspect);
}

#[test]
fn skopeo_copies_what_strata_pushed() {
    if !installed(&["skopeo"]) {
        return;
    }
    let stand = Stand::new(Access::Open, false);
    let pushed = push(&stand.scratch, &stand.server, "team/app:1", 1);
    let name = |name: &str| format!("docker://{}/{name}", stand.host);
    let (from, to) = (options(&stand, "src-"), options(&stand, "dest-"));
    stand.run(&format!(
        "skopeo copy --quiet --preserve-digests {from} {to} {} {}",
        name("team/app:1"),
        name("copy/app:2")
    ));
    let raw = stand.run(&format!("skopeo inspect --raw {} {}", options(&stand, ""), name("copy/app:2")));
    assert_eq!(digest(&raw), pushed);
}
