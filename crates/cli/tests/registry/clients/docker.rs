//! Docker's client and its engine, in Debian's version.

use std::fs;

use testkit::Proxy;
use testkit::image::ArchiveForm;
use testkit::peers::{Docker, installed};

use super::stand::{Access, ELSEWHERE, Stand, at_each, image};

/// An engine that has the image `demo:1`.
fn engine(variables: &[(&str, &str)]) -> Option<Docker> {
    if !installed(&["docker", "dockerd"]) {
        return None;
    }
    let docker = Docker::with_environment(variables)?;
    let archive = docker.file("image.tar");
    image("linux/amd64").write_docker_archive(&archive, &["demo:1"], ArchiveForm::Blobs).unwrap();
    docker.run(&format!("load --quiet --input {}", archive.display()));
    Some(docker)
}

/// A login that gets what is on its standard input.
fn login(docker: &Docker, host: &str, password: &str) -> String {
    docker.line(&format!("login --username ann --password {password} {host}"))
}

/// The digest in the last line that a push prints.
fn pushed(text: &str) -> String {
    let rest = text.split_once(" digest: ").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{text}")).to_owned()
}

/// Pushes, pulls by name and by digest, with whatever password Docker keeps for the host.
fn check_there_and_back(docker: &Docker, stand: &Stand, host: &str) {
    let name = format!("{host}/team/app");
    docker.run(&format!("tag demo:1 {name}:1"));
    let digest = pushed(&stand.run(&docker.line(&format!("push {name}:1"))));
    stand.expect_tags("team/app", &["1"]);
    for name in [format!("{name}:1"), format!("{name}@{digest}")] {
        docker.run(&format!("rmi {name}"));
        assert_eq!(stand.run(&docker.line(&format!("pull --quiet {name}"))).trim(), name);
    }
    let id = docker.run(&format!("images --quiet --no-trunc {name}"));
    assert_eq!(id.trim(), image("linux/amd64").id().to_string());
}

#[test]
fn docker_pushes_pulls_and_searches() {
    let Some(docker) = engine(&[]) else { return };
    at_each(|stand| {
        let host = &stand.host;
        if stand.asks() {
            docker.run(&format!("tag demo:1 {host}/team/app:1"));
            let denied = stand.refused(&docker.line(&format!("push {host}/team/app:1")));
            assert!(denied.contains("no basic auth credentials") || denied.contains("denied"), "{denied}");
            let wrong = stand.refused(&login(&docker, host, "wrong"));
            let words = if stand.access == Access::Tokens { "incorrect username or password" } else { "401" };
            assert!(wrong.contains(words), "{wrong}");
            let right = stand.run(&login(&docker, host, "secret"));
            assert!(right.contains("Login Succeeded"), "{right}");
        }
        check_there_and_back(&docker, stand, host);
        // At an address of this machine the client speaks in the clear, whatever answers.
        if !stand.tls {
            check_many(&docker, stand, host, "", "--insecure");
        }
        check_search(&docker, stand);
        docker.run(&format!("logout {host}"));
        docker.run(&format!("rmi {host}/team/app:1"));
        let pull = docker.line(&format!("pull --quiet {host}/team/app:1"));
        let _ = if stand.asks() { stand.refused(&pull) } else { stand.run(&pull) };
    });
}

/// The list of images that the client makes and pushes by itself, with an environment of its own.
fn check_many(docker: &Docker, stand: &Stand, host: &str, environment: &str, insecure: &str) {
    let [app, copy, many] =
        ["team/app:1", "public/app:1", "public/many:1"].map(|name| format!("{host}/{name}"));
    let variables = format!("env DOCKER_CLI_EXPERIMENTAL=enabled {environment}");
    let run = |line: &str| stand.run(&format!("{variables} {}", docker.line(line)));
    run(&format!("tag {app} {copy}"));
    run(&format!("push {copy}"));
    run(&format!("manifest create {insecure} {many} {copy}"));
    run(&format!("manifest annotate --arch arm64 --os linux {many} {copy}"));
    run(&format!("manifest push {insecure} --purge {many}"));
    let seen = run(&format!("manifest inspect {insecure} {many}"));
    assert!(seen.contains("manifest.list.v2+json") && seen.contains("arm64"), "{seen}");
    stand.expect_tags("public/many", &["1"]);
}

/// What the user may pull is found.
fn check_search(docker: &Docker, stand: &Stand) {
    docker.run(&format!("tag demo:1 {0}/public/good:1", stand.host));
    stand.run(&docker.line(&format!("push {}/public/good:1", stand.host)));
    let describe = "registry describe public/good --description 'Good things' --stars 7 --root ../registry";
    stand.scratch.run(describe).expect_success();
    let format = "--format '{{.Name}} {{.Description}} {{.StarCount}}'";
    let found = stand.run(&docker.line(&format!("search {format} {}/good", stand.host)));
    assert_eq!(found, "public/good Good things 7\n");
    let none = stand.run(&docker.line(&format!("search {format} --filter stars=8 {}/good", stand.host)));
    assert_eq!(none, "");
    // Its versions differ in whether they show a password in the clear.
    if stand.tls || stand.access != Access::Passwords {
        let private =
            stand.run(&docker.line(&format!("search --format '{{{{.Name}}}}' {}/team", stand.host)));
        assert_eq!(private, "team/app\n");
    }
}

/// Docker trusts whatever is on this machine, so it is led to the registry by a name that is elsewhere.
#[test]
fn docker_trusts_what_lies_in_its_certs_d() {
    let proxy = Proxy::new();
    let Some(docker) = engine(&[("HTTPS_PROXY", &proxy.url())]) else { return };
    for access in [Access::Open, Access::Passwords, Access::Tokens] {
        let stand = Stand::new(access, true);
        let (_, port) = stand.host.split_once(':').unwrap();
        let host = format!("{ELSEWHERE}:{port}");
        proxy.route_to(&host, &stand.host);
        let pull = docker.line(&format!("pull {host}/team/app:1"));
        let unknown = stand.refused(&pull);
        assert!(unknown.contains("certificate signed by unknown authority"), "{unknown}");
        fs::create_dir_all(docker.certificates(&host)).unwrap();
        fs::copy(stand.certificate(), docker.certificates(&host).join("ca.crt")).unwrap();
        let trusted = stand.refused(&pull);
        assert!(!trusted.contains("certificate"), "{trusted}");
        if stand.asks() {
            stand.run(&login(&docker, &host, "secret"));
        }
        check_there_and_back(&docker, &stand, &host);
        let certificate = stand.certificate().display().to_string();
        let environment = format!("HTTPS_PROXY={} SSL_CERT_FILE={certificate}", proxy.url());
        check_many(&docker, &stand, &host, &environment, "");
    }
}
