//! Credentials are proven before they are kept (KEY-5).

use registry_client::{Cancel, Client, Credentials, Error, ErrorKind};
use testkit::registry::{Auth, Options, Registry};

use crate::peer::{Peer, reply};
use crate::setup::{client, options, password};

fn registry(auth: Auth) -> Registry {
    let users = vec![("joe".to_owned(), "secret".to_owned())];
    Registry::with(Options { auth, users, ..Options::default() })
}

#[test]
fn key_5_login_proves_the_password() {
    let basic = registry(Auth::Basic);
    assert!(client().login(basic.host(), &password("joe", "secret")).unwrap().identity_token.is_none());
    let error = client().login(basic.host(), &password("joe", "wrong")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("login attempt to http://{}/v2/ failed with status: 401 Unauthorized", basic.host())
    );
    assert_eq!(error.kind(), ErrorKind::Unauthorized);

    let bearer = registry(Auth::Bearer);
    let error = client().login(bearer.host(), &password("joe", "wrong")).unwrap_err().to_string();
    assert!(error.starts_with(&format!("Get \"http://{}/v2/\": unauthorized: ", bearer.host())), "{error}");
    client().login(bearer.host(), &password("joe", "secret")).unwrap();
}

#[test]
fn a_refresh_token_comes_back_as_identity_token() {
    let peer = Peer::new(|seen| {
        let host = seen.header("host").unwrap_or_default();
        match (seen.line().split(['?', ' ']).nth(1), seen.header("authorization").as_deref()) {
            (Some("/token"), Some("Basic am9lOnNlY3JldA==")) => {
                reply("200 OK", &[], "{\"token\":\"good\",\"refresh_token\":\"keep-me\"}")
            }
            (Some("/v2/"), Some("Bearer good")) => reply("200 OK", &[], "{}"),
            _ => {
                let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"reg\"");
                reply("401 Unauthorized", &[("WWW-Authenticate", &challenge)], "")
            }
        }
    });
    let login = client().login(&peer.host, &password("joe", "secret")).unwrap();
    assert_eq!(login.identity_token.unwrap().expose(), "keep-me");
    assert_eq!(
        peer.lines(),
        ["GET /v2/", "GET /token?account=joe&client_id=strata&offline_token=true&service=reg", "GET /v2/"]
    );
}

#[test]
fn a_registry_that_wants_no_credentials_takes_any() {
    let open = registry(Auth::None);
    client().login(open.host(), &Credentials::Anonymous).unwrap();
}

#[test]
fn nobody_listening_reads_as_docker_words_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = client().login(&host, &password("joe", "secret")).unwrap_err().to_string();
    assert_eq!(error, format!("Get \"http://{host}/v2/\": dial tcp {host}: connect: connection refused"));
}

#[test]
fn login_uses_what_it_is_given_and_not_the_keychain() {
    let keys = crate::setup::Keys::new(&[]);
    let options = registry_client::ClientOptions { keychain: keys.clone(), ..options() };
    let client = Client::new(options, Cancel::new());
    let basic = registry(Auth::Basic);
    client.login(basic.host(), &password("joe", "secret")).unwrap();
    assert!(keys.asked.lock().unwrap().is_empty());
    // Nor is it kept for what follows.
    let repository = client.repository(&crate::setup::reference(&format!("{}/a", basic.host()))).unwrap();
    assert!(matches!(repository.tags(), Err(Error::NoPassword { .. })));
}
