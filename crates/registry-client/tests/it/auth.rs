//! Who is told who we are: tokens, passwords, token servers (NET-5, NET-6, KEY-8).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use registry_client::{
    Cancel, Client, ClientOptions, Credentials, Error, ErrorKind, MemoryPins, NoProxy, Proxies, Proxy,
    RealmPins, Secret, Wanted,
};
use spec::Digest;
use testkit::registry::{Auth, Options, Registry};

use crate::peer::{Act, Peer, Seen, reply};
use crate::setup::{Keys, answer_manifest, manifest, options, password, reference};

fn with(keys: Arc<Keys>) -> Client {
    Client::new(ClientOptions { keychain: keys, ..options() }, Cancel::new())
}

fn fetch(client: &Client, host: &str) -> Result<(), Error> {
    let repository = client.repository(&reference(&format!("{host}/lib/a")))?;
    repository.fetch_document(Wanted::Digest(&Digest::of(&manifest()))).map(|_| ())
}

/// A registry that wants tokens of its own token server at `/token`.
fn bearer(token: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Peer {
    Peer::new(move |seen| {
        if seen.line().contains(" /token") {
            return token(seen);
        }
        if seen.header("authorization").is_some_and(|value| value == "Bearer good") {
            return answer_manifest(seen);
        }
        let host = seen.header("host").unwrap_or_default();
        let challenge =
            format!("Bearer realm=\"http://{host}/token\",service=\"reg\",scope=\"repository:lib/a:pull\"");
        reply("401 Unauthorized", &[("WWW-Authenticate", &challenge)], "")
    })
}

fn token(body: &'static str) -> impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static {
    move |_| reply("200 OK", &[], body)
}

#[test]
fn tokens_are_asked_for_as_docker_asks() {
    let peer = bearer(token("{\"token\":\"good\"}"));
    fetch(&with(Keys::new(&[])), &peer.host).unwrap();
    assert_eq!(peer.lines()[1], "GET /token?scope=repository%3Alib%2Fa%3Apull&service=reg");
    assert_eq!(peer.seen()[1].header("authorization"), None);

    let peer = bearer(token("{\"token\":\"good\"}"));
    fetch(&with(Keys::new(&[(&peer.host, password("joe", "secret"))])), &peer.host).unwrap();
    assert_eq!(peer.lines()[1], "GET /token?account=joe&scope=repository%3Alib%2Fa%3Apull&service=reg");
    assert_eq!(peer.seen()[1].header("authorization").as_deref(), Some("Basic am9lOnNlY3JldA=="));
    // The password goes to the token server, and only there.
    assert!(
        peer.seen().iter().filter(|seen| !seen.line().contains("/token")).all(|s| !s.head.contains("Basic"))
    );
}

#[test]
fn identity_tokens_are_exchanged_by_post() {
    let peer = bearer(token("{\"access_token\":\"good\"}"));
    let identity = Credentials::IdentityToken { user: String::new(), token: Secret::new("refresh/token") };
    fetch(&with(Keys::new(&[(&peer.host, identity)])), &peer.host).unwrap();
    let seen = &peer.seen()[1];
    assert_eq!(seen.line(), "POST /token");
    assert_eq!(
        String::from_utf8_lossy(&seen.body),
        "client_id=strata&grant_type=refresh_token&refresh_token=refresh%2Ftoken\
         &scope=repository%3Alib%2Fa%3Apull&service=reg"
    );
    assert_eq!(seen.header("authorization"), None);
}

#[test]
fn net_2_a_form_with_secrets_is_not_carried_to_another_origin() {
    let elsewhere = Peer::at("127.0.0.2", |_| reply("200 OK", &[], "{\"token\":\"good\"}"));
    let url = elsewhere.url("/token");
    let peer = bearer(move |_| crate::peer::redirect(&url));
    let identity = Credentials::IdentityToken { user: String::new(), token: Secret::new("refresh") };
    let error = fetch(&with(Keys::new(&[(&peer.host, identity)])), &peer.host).unwrap_err().to_string();
    assert!(error.ends_with("the request carries credentials"), "{error}");
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn net_6_a_token_serves_every_request_it_is_good_for() {
    let peer = bearer(token("{\"token\":\"good\",\"expires_in\":300}"));
    let client = with(Keys::new(&[]));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| fetch(&client, &peer.host).unwrap());
        }
    });
    fetch(&client, &peer.host).unwrap();
    let asked = peer.lines().iter().filter(|line| line.contains("/token")).count();
    assert_eq!(asked, 1);
}

#[test]
fn net_6_a_token_with_a_nonsense_lifetime_is_used_once() {
    let peer = bearer(token("{\"token\":\"good\",\"expires_in\":-1}"));
    let client = with(Keys::new(&[]));
    fetch(&client, &peer.host).unwrap();
    fetch(&client, &peer.host).unwrap();
    assert_eq!(peer.lines().iter().filter(|line| line.contains("/token")).count(), 2);
}

#[test]
fn net_6_a_fresh_token_that_is_refused_ends_it() {
    let peer = bearer(token("{\"token\":\"bad\"}"));
    let error = fetch(&with(Keys::new(&[])), &peer.host).unwrap_err();
    assert_eq!(error.to_string(), "unauthorized: authentication required");
    assert_eq!(peer.seen().len(), 3, "{:?}", peer.lines());
}

#[test]
fn net_6_a_401_without_a_usable_challenge_ends_it_at_once() {
    for challenge in ["", "Negotiate", "Bearer service=\"x\"", "Digest realm=\"x\""] {
        let peer = Peer::new(move |_| reply("401 Unauthorized", &[("WWW-Authenticate", challenge)], ""));
        let keys = Keys::new(&[(&peer.host, password("joe", "secret"))]);
        assert!(fetch(&with(keys), &peer.host).is_err());
        assert_eq!(peer.seen().len(), 1, "{challenge:?}");
    }
}

#[test]
fn net_6_answers_that_are_no_tokens_are_refused() {
    for (body, expect) in [
        ("{\"token\":\"good\\r\\nX-Injected: 1\"}", "its token has characters that are not visible ASCII"),
        ("{\"token\":\"\"}", "it has no token"),
        ("<html>unique-words</html>", "it is not one JSON object"),
    ] {
        let peer = bearer(token(body));
        let error = fetch(&with(Keys::new(&[])), &peer.host).unwrap_err();
        assert!(error.to_string().ends_with(expect), "{error}");
        assert!(!format!("{error:?}").contains("unique-words"));
        assert!(peer.seen().iter().all(|seen| seen.header("x-injected").is_none()));
    }
    let huge = bearer(|_| {
        vec![Act::Send(b"HTTP/1.1 200 OK\r\n\r\n{\"token\":\"".to_vec()), Act::Endless(vec![b'x'; 65536])]
    });
    let error = fetch(&with(Keys::new(&[])), &huge.host).unwrap_err().to_string();
    assert!(error.ends_with("it is longer than TOKEN_RESPONSE_BYTES_MAX (1048576)"), "{error}");
}

#[test]
fn the_token_servers_refusal_is_worded_around_the_request() {
    let peer = bearer(|_| reply("401 Unauthorized", &[], "{\"details\":\"incorrect username or password\"}"));
    let keys = Keys::new(&[(&peer.host, password("joe", "wrong"))]);
    let error = fetch(&with(keys), &peer.host).unwrap_err();
    let digest = Digest::of(&manifest());
    let url = peer.url(&format!("/v2/lib/a/manifests/{digest}"));
    assert_eq!(error.to_string(), format!("Get \"{url}\": unauthorized: incorrect username or password"));
    assert_eq!(error.kind(), registry_client::ErrorKind::Unauthorized);
}

#[test]
fn a_token_that_is_refused_before_its_time_is_renewed_once() {
    let given = AtomicUsize::new(0);
    let revoked = Arc::new(AtomicUsize::new(0));
    let current = revoked.clone();
    let peer = Peer::new(move |seen| {
        if seen.line().contains(" /token") {
            let number = given.fetch_add(1, Ordering::SeqCst);
            return reply("200 OK", &[], format!("{{\"token\":\"t{number}\",\"expires_in\":3600}}"));
        }
        let good = format!("Bearer t{}", current.load(Ordering::SeqCst));
        if seen.header("authorization") == Some(good) {
            return answer_manifest(seen);
        }
        let host = seen.header("host").unwrap_or_default();
        reply(
            "401 Unauthorized",
            &[("WWW-Authenticate", &format!("Bearer realm=\"http://{host}/token\""))],
            "",
        )
    });
    let client = with(Keys::new(&[]));
    fetch(&client, &peer.host).unwrap();
    revoked.store(1, Ordering::SeqCst);
    fetch(&client, &peer.host).unwrap();
    let short = |line: String| line.split(['?', '/']).nth(1).unwrap_or_default().to_owned();
    let asked: Vec<String> = peer.lines().into_iter().map(short).collect();
    assert_eq!(asked, ["v2", "token", "v2", "v2", "token", "v2"]);
    // A registry that refuses the new one too is not asked for ever.
    revoked.store(99, Ordering::SeqCst);
    let before = peer.seen().len();
    assert!(fetch(&client, &peer.host).is_err());
    assert_eq!(peer.seen().len() - before, 3);
}

#[test]
fn net_5_a_realm_is_asked_only_where_it_may_be() {
    let elsewhere = Peer::at("127.0.0.2", |_| reply("200 OK", &[], "{\"token\":\"good\"}"));
    let check = |realm: String, expect: &str| {
        let challenge = format!("Bearer realm=\"{realm}\"");
        let peer = Peer::new(move |_| reply("401 Unauthorized", &[("WWW-Authenticate", &challenge)], ""));
        let keys = Keys::new(&[(&peer.host, password("joe", "secret"))]);
        let error = fetch(&with(keys), &peer.host).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(error.kind(), registry_client::ErrorKind::Denied, "{error}");
        assert_eq!(peer.seen().len(), 1);
    };
    check(elsewhere.url("/token"), "is plain http");
    check("https://127.0.0.2/token".into(), "neither the registry's own host nor a DNS name");
    check("/token".into(), "its address is no absolute URL");
    check("https://u:p@127.0.0.1/token".into(), "the URL has user info");
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn net_5_a_realm_that_moved_is_not_shown_the_password() {
    // The proxy plays the token servers; it makes no tunnels.
    let proxy = Peer::new(|_| vec![Act::Close]);
    let challenge = "Bearer realm=\"https://auth.example/token\"";
    let peer = Peer::new(move |_| reply("401 Unauthorized", &[("WWW-Authenticate", challenge)], ""));
    let ask = |pins: Arc<MemoryPins>, known: &[(&str, Credentials)]| {
        let proxies =
            Proxies { http: None, https: Proxy::parse(&proxy.host).ok(), none_for: NoProxy::default() };
        let options = ClientOptions { keychain: Keys::new(known), pins, proxies, ..options() };
        fetch(&Client::new(options, Cancel::new()), &peer.host).unwrap_err().to_string()
    };
    let known = [(peer.host.as_str(), password("joe", "secret"))];
    let moved = Arc::new(MemoryPins::default());
    moved.pin(&peer.host, "auth.before").unwrap();
    let error = ask(moved.clone(), &known);
    assert!(
        error.contains("given for the token server auth.before, but the registry now names auth.example"),
        "{error}"
    );
    assert!(proxy.seen().is_empty());
    // At first use it is remembered; without credentials it does not matter.
    let fresh = Arc::new(MemoryPins::default());
    ask(fresh.clone(), &known);
    assert_eq!(fresh.pinned(&peer.host), Ok(Some("auth.example".to_owned())));
    assert_eq!(proxy.lines().first().map(String::as_str), Some("CONNECT auth.example:443"));
    let before = proxy.seen().len();
    ask(moved, &[]);
    assert!(proxy.seen().len() > before);
}

#[test]
fn key_8_credentials_of_one_registry_are_never_shown_to_another() {
    let basic = Peer::new(|seen| match seen.header("authorization") {
        None => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        Some(_) => reply("403 Forbidden", &[], ""),
    });
    let keys = Keys::new(&[
        ("https://index.docker.io/v1/", password("joe", "hub")),
        ("127.0.0.1", password("joe", "other")),
        ("other.example", password("joe", "other")),
    ]);
    assert!(fetch(&with(keys.clone()), &basic.host).is_err());
    assert!(basic.seen().iter().all(|seen| seen.header("authorization").is_none()));
    assert_eq!(*keys.asked.lock().unwrap(), std::slice::from_ref(&basic.host));
}

#[test]
fn a_registry_with_passwords_or_tokens_is_pulled_from() {
    for auth in [Auth::Basic, Auth::Bearer] {
        let users = vec![("joe".to_owned(), "secret".to_owned())];
        let private = vec!["lib/*".to_owned()];
        let registry = Registry::with(Options { auth, users, private, ..Options::default() });
        registry.put_manifest("lib/a", &["v1"], spec::MediaType::OCI_MANIFEST, &manifest());
        let good = Keys::new(&[(registry.host(), password("joe", "secret"))]);
        fetch(&with(good), registry.host()).unwrap();
        let error = fetch(&with(Keys::new(&[])), registry.host()).unwrap_err();
        match auth {
            Auth::Basic => assert!(error.to_string().ends_with(": no basic auth credentials"), "{error}"),
            _ => assert!(error.refusal().is_some(), "{error}"),
        }
        assert!(matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::Denied), "{error}");
    }
}
