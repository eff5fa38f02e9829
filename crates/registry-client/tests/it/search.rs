//! The first version of the protocol, as `docker search` speaks it.

use registry_client::{Cancel, Client, ClientOptions, Mirrors, Url};

use crate::peer::{Peer, reply};
use crate::setup::{Keys, client, options, password};

const FOUND: &str = r#"{"num_results":2,"results":[
    {"name":"alpine","description":"small","star_count":9,"is_official":true,"is_automated":true},
    {"name":"joe/alpine"}]}"#;

#[test]
fn a_registry_is_pinged_and_searched_as_docker_does() {
    let peer = Peer::new(|seen| match seen.line().contains("_ping") {
        true => reply("404 Not Found", &[], ""),
        false => reply("200 OK", &[], FOUND),
    });
    let found = client().search(&format!("{}/my alpine", peer.host), 25).unwrap();
    assert_eq!(peer.lines(), ["GET /v1/_ping", "GET /v1/search?q=my+alpine&n=25"]);
    assert_eq!(peer.seen()[1].header("x-docker-token").as_deref(), Some("true"));
    let names: Vec<&str> = found.iter().map(|result| result.name.as_str()).collect();
    assert_eq!(names, ["alpine", "joe/alpine"]);
    assert_eq!((found[0].star_count, found[0].is_official, found[1].star_count), (9, true, 0));
}

#[test]
fn docker_hub_is_searched_without_a_ping() {
    let peer = Peer::new(|_| reply("200 OK", &[], FOUND));
    let hub_index = Url::parse(&peer.url("/v1/")).ok();
    let client = Client::new(ClientOptions { hub_index, ..options() }, Cancel::new());
    client.search("library/alpine", 5).unwrap();
    assert_eq!(peer.lines(), ["GET /v1/search?q=alpine&n=5"]);
}

#[test]
fn a_mirror_that_serves_a_search_stands_in_for_docker_hub() {
    let none = Peer::new(|_| reply("404 Not Found", &[], ""));
    let page = Peer::new(|_| reply("200 OK", &[], "<html>Welcome</html>"));
    let serves = Peer::new(|_| reply("200 OK", &[], FOUND));
    let hub = Peer::new(|_| reply("200 OK", &[], r#"{"results":[{"name":"at-hub"}]}"#));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let absent = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let search = |mirrors: &[String]| {
        let mirrors = mirrors.iter().map(|url| Url::parse(url).unwrap());
        let mirrors = Mirrors { hub: mirrors.collect(), ..Mirrors::default() };
        let hub_index = Url::parse(&hub.url("/v1/")).ok();
        let client = Client::new(ClientOptions { hub_index, mirrors, ..options() }, Cancel::new());
        client.search("library/alpine", 5).unwrap().remove(0).name
    };
    let line = "GET /v1/search?q=alpine&n=5";
    assert_eq!(search(&[absent.clone(), none.url(""), page.url("/"), serves.url("")]), "alpine");
    assert_eq!((none.lines(), page.lines()), (vec![line.to_owned()], vec![line.to_owned()]));
    assert!(hub.lines().is_empty());
    // In a folder of a server the search is there, too.
    assert_eq!(search(&[serves.url("/mirror")]), "alpine");
    assert_eq!(serves.lines(), [line, "GET /mirror/v1/search?q=alpine&n=5"]);
    assert_eq!(search(&[absent, none.url(""), page.url("")]), "at-hub");
    // A registry that is named is asked itself.
    assert_eq!(hub.lines(), [line]);
}

#[test]
fn a_mirror_is_not_shown_what_docker_hub_is_told() {
    let mirror = Peer::new(|seen| match seen.header("authorization") {
        None => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"x\"")], ""),
        Some(_) => reply("200 OK", &[], FOUND),
    });
    let hub = Peer::new(|_| reply("200 OK", &[], FOUND));
    let keychain = Keys::new(&[("https://index.docker.io/v1/", password("joe", "secret"))]);
    let mirrors = Mirrors { hub: vec![Url::parse(&mirror.url("")).unwrap()], ..Mirrors::default() };
    let hub_index = Url::parse(&hub.url("/v1/")).ok();
    let client = Client::new(ClientOptions { hub_index, mirrors, keychain, ..options() }, Cancel::new());
    client.search("alpine", 5).unwrap();
    assert!(mirror.seen().iter().all(|seen| seen.header("authorization").is_none()));
    assert_eq!(hub.lines().len(), 1);
}

#[test]
fn failures_read_as_docker_words_them() {
    let missing = Peer::new(|_| reply("404 Not Found", &[], ""));
    let error = client().search(&format!("{}/x", missing.host), 25).unwrap_err();
    assert_eq!(error.to_string(), "Unexpected status code 404");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let refused = |scheme: &str| {
        format!("Get \"{scheme}://{host}/v1/_ping\": dial tcp {host}: connect: connection refused")
    };
    assert_eq!(
        client().search(&format!("{host}/x"), 25).unwrap_err().to_string(),
        format!(
            "invalid registry endpoint \"http://{host}/v1/\". HTTPS attempt: {}. HTTP attempt: {}",
            refused("https"),
            refused("http")
        )
    );
    assert_eq!(
        client().search("http://x/y", 25).unwrap_err().to_string(),
        "invalid repository name: repository name (http://x/y) should not have a scheme"
    );
}

#[test]
fn passwords_are_not_shown_in_the_clear() {
    let peer = Peer::new(|_| reply("200 OK", &[], FOUND));
    let keychain = Keys::new(&[(&peer.host, password("joe", "secret"))]);
    let client = Client::new(ClientOptions { keychain, ..options() }, Cancel::new());
    client.search(&format!("{}/x", peer.host), 25).unwrap();
    assert!(peer.seen().iter().all(|seen| seen.header("authorization").is_none()));
}

#[test]
fn net_14_a_web_page_is_no_result() {
    let peer = Peer::new(|_| reply("200 OK", &[("Content-Type", "text/html")], "<html>unique-words"));
    let error = client().search(&format!("{}/x", peer.host), 25).unwrap_err();
    assert!(error.to_string().ends_with("does not answer as a registry: 200 OK, but not JSON"), "{error}");
    assert!(!format!("{error:?}").contains("unique-words"));
}
