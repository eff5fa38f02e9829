//! Mirrors, plain http and who is asked next (NET-4, NET-15).

use std::collections::BTreeMap;

use registry_client::{
    BlobRange, Cancel, Client, ClientOptions, Error, InsecureRegistries, Mirrors, NoProxy, Proxies, Proxy,
    Wanted, parse_mirror,
};
use spec::Digest;
use testkit::registry::{Fault, Options, Registry, Tls};

use crate::peer::{Act, Peer, reply};
use crate::setup::{Keys, answer_manifest, layer, manifest, options, password, read, reference};

const CONTENT: &[u8] = b"the bytes of a layer";

fn mirrored(registry: &Peer, mirrors: &[&Peer], extra: ClientOptions) -> Client {
    let urls = mirrors.iter().map(|mirror| parse_mirror(&mirror.url("")).unwrap()).collect();
    let mirrors = Mirrors { hub: Vec::new(), others: BTreeMap::from([(registry.host.clone(), urls)]) };
    Client::new(ClientOptions { mirrors, ..extra }, Cancel::new())
}

fn failing(status: &'static str, code: &'static str) -> Peer {
    Peer::new(move |_| reply(status, &[], format!("{{\"errors\":[{{\"code\":\"{code}\"}}]}}")))
}

#[test]
fn any_failure_of_a_mirror_gives_the_next_its_turn() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        parse_mirror(&format!("http://{}", listener.local_addr().unwrap())).unwrap()
    };
    let lying = Peer::new(|_| reply("200 OK", &[], "{}"));
    let unknown = failing("404 Not Found", "MANIFEST_UNKNOWN");
    let broken = failing("500 Internal Server Error", "UNKNOWN");
    let registry = Peer::new(answer_manifest);
    let mut urls = vec![gone];
    urls.extend([&lying, &unknown, &broken].map(|mirror| parse_mirror(&mirror.url("")).unwrap()));
    let mirrors = Mirrors { hub: Vec::new(), others: BTreeMap::from([(registry.host.clone(), urls)]) };
    let client = Client::new(ClientOptions { mirrors, ..options() }, Cancel::new());
    let repository = client.repository(&reference(&format!("{}/a", registry.host))).unwrap();
    let digest = Digest::of(&manifest());
    let fetched = repository.fetch_document(Wanted::Digest(&digest)).unwrap();
    assert_eq!(fetched.document.bytes(), manifest());
    assert_eq!(registry.seen().len(), 1);
    for mirror in [&lying, &unknown, &broken] {
        assert_eq!(mirror.seen().len(), 1);
    }
    // Whoever answered is asked first from then on.
    repository.fetch_document(Wanted::Digest(&digest)).unwrap();
    assert_eq!(unknown.seen().len(), 1);
}

#[test]
fn the_last_failure_is_what_the_user_sees() {
    let mirror = failing("403 Forbidden", "DENIED");
    let registry = failing("404 Not Found", "MANIFEST_UNKNOWN");
    let client = mirrored(&registry, &[&mirror], options());
    let repository = client.repository(&reference(&format!("{}/a", registry.host))).unwrap();
    let error = repository.fetch_document(Wanted::Tag("x")).unwrap_err();
    assert_eq!(error.to_string(), "manifest unknown: manifest unknown");
}

#[test]
fn mirrors_are_for_pulling_only() {
    let mirror = Peer::new(answer_manifest);
    let registry = Peer::new(|_| reply("201 Created", &[], ""));
    let client = mirrored(&registry, &[&mirror], options());
    let repository = client.repository(&reference(&format!("{}/a", registry.host))).unwrap();
    let kind = spec::MediaType::known(spec::MediaType::OCI_MANIFEST);
    let _ = repository.push_document(&manifest(), &kind, Wanted::Tag("x"));
    assert!(mirror.seen().is_empty() && !registry.seen().is_empty());
}

#[test]
fn net_15_a_mirror_is_shown_only_what_is_kept_for_it() {
    let basic = |seen: &crate::peer::Seen| match seen.header("authorization") {
        None => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        Some(_) => reply("403 Forbidden", &[], ""),
    };
    let mirror = Peer::new(basic);
    let registry = Peer::new(basic);
    let keys = Keys::new(&[(&registry.host, password("joe", "registry-secret"))]);
    let client = mirrored(&registry, &[&mirror], ClientOptions { keychain: keys.clone(), ..options() });
    let repository = client.repository(&reference(&format!("{}/a", registry.host))).unwrap();
    assert!(repository.fetch_document(Wanted::Digest(&Digest::of(b""))).is_err());
    assert_eq!(*keys.asked.lock().unwrap(), [mirror.host.clone(), registry.host.clone()]);
    assert!(mirror.seen().iter().all(|seen| seen.header("authorization").is_none()));
    assert!(registry.seen().iter().any(|seen| seen.header("authorization").is_some()));

    let keys = Keys::new(&[
        (&registry.host, password("joe", "registry-secret")),
        (&mirror.host, password("m", "mirror-secret")),
    ]);
    let client = mirrored(&registry, &[&mirror], ClientOptions { keychain: keys, ..options() });
    let repository = client.repository(&reference(&format!("{}/a", registry.host))).unwrap();
    assert!(repository.fetch_document(Wanted::Digest(&Digest::of(b""))).is_err());
    let shown: Vec<String> = mirror.seen().iter().filter_map(|seen| seen.header("authorization")).collect();
    assert_eq!(shown, ["Basic bTptaXJyb3Itc2VjcmV0"]);
}

#[test]
fn net_15_who_sent_wrong_bytes_is_asked_last() {
    let mirror = Peer::new(|_| reply("200 OK", &[], b"THE BYTES OF A LAYER"));
    let registry = Peer::new(|_| reply("200 OK", &[], CONTENT));
    let client = mirrored(&registry, &[&mirror], options());
    let repository = client.repository(&reference(&format!("{}/a", registry.host))).unwrap();
    let descriptor = layer(CONTENT);
    let whole = BlobRange::whole(&descriptor);
    let first = repository.fetch_blob(&descriptor, whole, &[]).unwrap();
    let wrong = first.endpoint();
    assert!(!descriptor.digest.matches(&read(first).unwrap()));
    let second = repository.fetch_blob(&descriptor, whole, &[wrong]).unwrap();
    assert_ne!(second.endpoint(), wrong);
    assert!(descriptor.digest.matches(&read(second).unwrap()));
}

#[test]
fn net_4_once_tls_worked_there_is_no_way_back_to_plain_http() {
    let registry = Registry::with(Options { tls: Some(Tls::default()), ..Options::default() });
    registry.on("*", "*").then(Fault::NoAnswer);
    let client = Client::new(options(), Cancel::new());
    let repository = client.repository(&reference(&format!("{}/a", registry.host()))).unwrap();
    let error = repository.fetch_document(Wanted::Tag("x")).unwrap_err().to_string();
    assert!(error.contains("\"https://127.0.0.1") && error.ends_with("EOF"), "{error}");
}

#[test]
fn net_4_a_server_that_turns_to_plain_http_is_not_followed() {
    // The first connection leads to a registry that speaks TLS and is not well, all others to one in the clear.
    let registry = Registry::with(Options { tls: Some(Tls::default()), ..Options::default() });
    registry.on("*", "*").then(Fault::NoAnswer);
    let plain = Peer::new(answer_manifest);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut target = registry.host().to_owned();
    let then = plain.host.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connected =
                std::net::TcpStream::connect(std::mem::replace(&mut target, then.clone())).unwrap();
            for (mut from, mut to) in
                [(stream.try_clone().unwrap(), connected.try_clone().unwrap()), (connected, stream)]
            {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    let client = Client::new(options(), Cancel::new());
    let repository = client.repository(&reference(&format!("{address}/a"))).unwrap();
    let error = repository.fetch_document(Wanted::Digest(&Digest::of(&manifest()))).unwrap_err().to_string();
    assert!(error.ends_with("http: server gave HTTP response to HTTPS client"), "{error}");
    assert!(!registry.requests().is_empty());
    assert!(plain.seen().is_empty());
}

#[test]
fn net_4_hosts_that_are_not_listed_are_never_asked_in_the_clear() {
    // The proxy plays every host, and refuses to make a tunnel, which is what https needs.
    let fetch = |insecure: &[&str]| {
        let proxy = Peer::new(|seen| match seen.line().starts_with("CONNECT ") {
            true => vec![Act::Close],
            false => answer_manifest(seen),
        });
        let address = Proxy::parse(&proxy.host).ok();
        let proxies = Proxies { http: address.clone(), https: address, none_for: NoProxy::default() };
        let insecure = InsecureRegistries::parse(insecure.iter().copied()).unwrap();
        let client = Client::new(ClientOptions { proxies, insecure, ..options() }, Cancel::new());
        let repository = client.repository(&reference("reg.example:5000/a")).unwrap();
        let outcome = repository.fetch_document(Wanted::Tag("x")).map(|_| ());
        (outcome, proxy.lines())
    };
    let (outcome, lines) = fetch(&[]);
    assert!(matches!(outcome, Err(Error::Transport { .. })));
    assert!(lines.iter().all(|line| line == "CONNECT reg.example:5000"), "{lines:?}");
    let (outcome, lines) = fetch(&["reg.example:5000"]);
    outcome.unwrap();
    assert_eq!(lines[1], "HEAD http://reg.example:5000/v2/a/manifests/x");
}

#[test]
fn this_machine_is_asked_by_https_first_and_by_http_if_that_is_what_it_speaks() {
    let registry = Peer::new(answer_manifest);
    let port = registry.host.rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost"] {
        let client = Client::new(options(), Cancel::new());
        let repository = client.repository(&reference(&format!("{host}:{port}/a"))).unwrap();
        repository.fetch_document(Wanted::Tag("x")).unwrap();
    }
    assert_eq!(registry.seen().len(), 4);
}
