//! Where redirects may lead and what goes along (NET-1, NET-2, NET-3).

use std::sync::Arc;

use registry_client::{
    BlobRange, Cancel, Client, ClientOptions, Error, InsecureRegistries, NoProxy, Proxies, Proxy, Wanted,
};
use spec::Digest;
use testkit::registry::{Fault, Options, Registry, Tls};

use crate::peer::{Act, Peer, Seen, redirect, reply};
use crate::setup::{Keys, answer_manifest, client, layer, manifest, options, password, read, reference};

const CONTENT: &[u8] = b"the bytes of a layer";

/// A registry that wants a password, and sends blobs elsewhere.
fn registry(location: impl Fn(&Seen) -> String + Send + Sync + 'static) -> Peer {
    Peer::new(move |seen| match seen.header("authorization") {
        None => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        Some(_) => redirect(&location(seen)),
    })
}

fn client_for(peer: &Peer) -> Client {
    let keychain = Keys::new(&[(&peer.host, password("joe", "unique-secret"))]);
    Client::new(ClientOptions { keychain, ..options() }, Cancel::new())
}

fn fetch(client: &Client, peer: &Peer) -> Result<Vec<u8>, Error> {
    let descriptor = layer(CONTENT);
    let repository = client.repository(&reference(&format!("{}/a", peer.host)))?;
    read(repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[])?)
}

#[test]
fn net_1_another_origin_sees_no_secret() {
    let store = Peer::new(|_| reply("200 OK", &[], CONTENT));
    let url = store.url("/blob?X-Signature=abc");
    let peer = registry(move |_| url.clone());
    assert_eq!(fetch(&client_for(&peer), &peer).unwrap(), CONTENT);
    assert!(peer.seen().iter().any(|seen| seen.head.contains("Basic am9lOnVuaXF1ZS1zZWNyZXQ=")));
    let seen = &store.seen()[0];
    assert_eq!(seen.line(), "GET /blob?X-Signature=abc");
    for name in ["authorization", "cookie", "proxy-authorization"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
}

#[test]
fn net_1_a_challenge_of_another_origin_is_not_answered() {
    for challenge in ["Basic realm=\"r\"", "Bearer realm=\"http://127.0.0.1:1/token\""] {
        let store = Peer::new(move |_| reply("401 Unauthorized", &[("WWW-Authenticate", challenge)], ""));
        let url = store.url("/blob");
        let peer = registry(move |_| url.clone());
        let error = fetch(&client_for(&peer), &peer).unwrap_err();
        assert_eq!(error.kind(), registry_client::ErrorKind::Unauthorized, "{error}");
        assert_eq!(store.seen().len(), 1);
        assert_eq!(store.seen()[0].header("authorization"), None);
    }
}

#[test]
fn net_1_the_same_origin_keeps_being_trusted() {
    let peer = Peer::new(|seen| match (seen.header("authorization"), seen.line().as_str()) {
        (None, _) => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        (Some(_), "GET /moved") => reply("200 OK", &[], CONTENT),
        (Some(_), _) => redirect("/moved"),
    });
    assert_eq!(fetch(&client_for(&peer), &peer).unwrap(), CONTENT);
    assert!(peer.seen().last().unwrap().header("authorization").is_some());
}

#[test]
fn net_2_a_chain_that_left_gets_no_secret_when_it_comes_back() {
    let same = Arc::new(std::sync::Mutex::new(String::new()));
    let target = same.clone();
    let hop = Peer::at("127.0.0.2", move |_| redirect(&target.lock().unwrap()));
    let to_hop = hop.url("/hop");
    let origin = Peer::new(move |seen| match (seen.header("authorization"), seen.line().as_str()) {
        (_, "GET /back") => reply("200 OK", &[], CONTENT),
        (None, _) => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        (Some(_), _) => redirect(&to_hop),
    });
    *same.lock().unwrap() = origin.url("/back");
    assert_eq!(fetch(&client_for(&origin), &origin).unwrap(), CONTENT);
    let last = origin.seen().last().unwrap().clone();
    assert_eq!((last.line().as_str(), last.header("authorization")), ("GET /back", None));
    assert_eq!(hop.seen()[0].header("authorization"), None);
}

#[test]
fn net_2_redirects_end() {
    for (hops, works) in [(10, true), (11, false)] {
        let peer = Peer::new(move |seen| {
            let line = seen.line();
            let at: usize = line.strip_prefix("GET /hop/").and_then(|n| n.parse().ok()).unwrap_or(0);
            if at == hops { reply("200 OK", &[], CONTENT) } else { redirect(&format!("/hop/{}", at + 1)) }
        });
        let outcome = fetch(&client(), &peer);
        assert_eq!(outcome.is_ok(), works, "{hops} redirects");
        if let Err(error) = outcome {
            assert!(error.to_string().ends_with("stopped after REDIRECTS_MAX (10) redirects"), "{error}");
        }
        assert_eq!(peer.seen().len(), 11);
    }
}

#[test]
fn net_2_redirects_of_every_kind_work_and_odd_targets_do_not() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let peer = Peer::new(move |seen| match seen.line().as_str() {
            "GET /v2/x/layer" => reply("200 OK", &[], CONTENT),
            _ => reply(status, &[("Location", "../../x/./layer")], ""),
        });
        let outcome = fetch(&client(), &peer);
        assert_eq!(outcome.unwrap(), CONTENT, "{status}");
    }
    for (target, expect) in [
        ("ftp://127.0.0.1/x", "the URL is neither http nor https"),
        ("file:///etc/passwd", "the URL is neither http nor https"),
        ("http://user:pw@127.0.0.1/x", "the URL has user info"),
        ("http://127.0.0.1\\@evil/x", "the URL has characters that do not belong into one"),
        ("http:///x", "the URL has no proper host"),
        ("http://127.1/x", "the URL has no proper host"),
    ] {
        let peer = Peer::new(move |_| redirect(target));
        let error = fetch(&client(), &peer).unwrap_err().to_string();
        assert!(
            error.ends_with(expect) && error.contains("refused a redirect by http://127.0.0.1"),
            "{error}"
        );
        assert!(!error.contains("pw"), "{error}");
        assert_eq!(peer.seen().len(), 1);
    }
}

#[test]
fn net_2_https_is_not_left_for_http() {
    let plain = Peer::new(|_| reply("200 OK", &[], CONTENT));
    let registry = Registry::with(Options { tls: Some(Tls::default()), ..Options::default() });
    let digest = registry.put_blob("a", CONTENT);
    assert_eq!(digest, layer(CONTENT).digest);
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", registry.host()))).unwrap();
    let descriptor = layer(CONTENT);
    let fetch = || repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[]).and_then(read);
    registry.on("GET", "/v2/a/blobs/*").times(1).then(Fault::redirect(307, &plain.url("/x")));
    let error = fetch().unwrap_err().to_string();
    assert!(error.ends_with("https is not left for http"), "{error}");
    assert!(plain.seen().is_empty());
    assert_eq!(fetch().unwrap(), CONTENT);
}

/// A client whose requests for names all go through `proxy`, which plays every host.
fn behind(proxy: &Peer) -> Client {
    let proxy = Proxy::parse(&format!("http://{}", proxy.host)).ok();
    let proxies = Proxies { http: proxy.clone(), https: proxy, none_for: NoProxy::default() };
    let insecure = InsecureRegistries::parse(["reg.example:5000", "10.9.9.9:5000"]).unwrap();
    Client::new(ClientOptions { proxies, insecure, ..options() }, Cancel::new())
}

#[test]
fn net_3_a_distant_registry_cannot_send_us_to_this_machine_or_network() {
    let inside = Peer::new(|_| reply("200 OK", &[], CONTENT));
    let near = inside.url("/secret");
    let check = |registry: &'static str, target: String, refusal: Option<&str>| {
        let location = target.clone();
        let proxy = Peer::new(move |seen| {
            if seen.head.starts_with("GET http://") && !seen.head.contains("/blobs/") {
                return reply("200 OK", &[], CONTENT);
            }
            if seen.head.starts_with("CONNECT ") { vec![Act::Close] } else { redirect(&location) }
        });
        let client = behind(&proxy);
        let repository = client.repository(&reference(&format!("{registry}/a"))).unwrap();
        let descriptor = layer(CONTENT);
        let outcome = repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[]).and_then(read);
        match refusal {
            None => assert_eq!(outcome.unwrap(), CONTENT, "{registry} to {target}"),
            Some(refusal) => {
                let error = outcome.unwrap_err();
                assert!(error.to_string().contains(refusal), "{registry} to {target}: {error}");
                assert_eq!(error.kind(), registry_client::ErrorKind::Denied);
            }
        }
    };
    let loopback = "127.0.0.1 is a loopback or private address";
    check("reg.example:5000", near.clone(), Some(loopback));
    check("reg.example:5000", near.replace("127.0.0.1", "localhost"), Some("loopback or private address"));
    check(
        "reg.example:5000",
        "http://10.1.2.3:9000/x".into(),
        Some("10.1.2.3 is a loopback or private address"),
    );
    check(
        "reg.example:5000",
        "http://169.254.169.254/latest/meta-data/".into(),
        Some("169.254.169.254 is a link-local"),
    );
    check("reg.example:5000", "http://[::ffff:169.254.169.254]/".into(), Some("is a link-local"));
    check("reg.example:5000", "http://cdn.example/x".into(), None);
    check("10.9.9.9:5000", "http://10.1.2.3:9000/x".into(), None);
    check("10.9.9.9:5000", near, Some(loopback));
    check("10.9.9.9:5000", "http://169.254.169.254/".into(), Some("is a link-local"));
    assert!(inside.seen().is_empty());
}

#[test]
fn net_3_metadata_addresses_are_out_of_bounds_for_local_registries_too() {
    let peer = Peer::new(|_| redirect("http://169.254.169.254/latest/meta-data/"));
    let error = fetch(&client(), &peer).unwrap_err().to_string();
    assert!(error.contains("refused to connect to 169.254.169.254"), "{error}");
}

#[test]
fn key_7_signed_queries_of_other_origins_do_not_show_in_errors() {
    let store = Peer::new(|_| {
        reply("403 Forbidden", &[("Content-Type", "application/xml")], "<Error>AccessDenied</Error>")
    });
    let url = store.url("/blob?X-Signature=unique-secret");
    let peer = registry(move |_| url.clone());
    let error = fetch(&client_for(&peer), &peer).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("unique-secret"), "{error:?}");
    assert_eq!(
        error.to_string(),
        "error parsing HTTP 403 response body: application/xml is not what a registry answers"
    );
}

#[test]
fn documents_are_fetched_through_redirects_too() {
    let store = Peer::new(answer_manifest);
    let url = store.url("/m");
    let peer = registry(move |_| url.clone());
    let client = client_for(&peer);
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    assert_eq!(repository.fetch_document(Wanted::Tag("x")).unwrap().digest, Digest::of(&manifest()));
    assert_eq!(store.lines(), ["HEAD /m", "GET /m"]);
}
