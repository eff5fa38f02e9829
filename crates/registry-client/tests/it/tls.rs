//! Certificates: verified, installed, shown (NET-4, KEY-7).

use std::path::Path;

use registry_client::{Cancel, Client, ClientOptions, Error, NoProxy, Proxies, Proxy, Wanted};
use spec::Digest;
use testkit::registry::{Flaw, Options, Registry, Tls};

use crate::peer::{Act, Peer, reply};
use crate::setup::{manifest, options, reference};

/// A registry that speaks TLS under the name `reg.example`, and a proxy that leads there: a name, so that
/// certificates are verified.
fn registry(tls: Tls) -> (Registry, Peer) {
    let names = vec!["reg.example".to_owned()];
    let registry = Registry::with(Options { tls: Some(Tls { names, ..tls }), ..Options::default() });
    registry.put_manifest("a", &["x"], spec::MediaType::OCI_MANIFEST, &manifest());
    let proxy = leading_to(registry.host());
    (registry, proxy)
}

fn leading_to(target: &str) -> Peer {
    let target = target.to_owned();
    Peer::new(move |_| vec![Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Act::Tunnel(target.clone())])
}

fn fetch(proxy: &Peer, certificates: &Path) -> Result<(), Error> {
    let address = Proxy::parse(&proxy.host).ok();
    let options = ClientOptions {
        proxies: Proxies { http: address.clone(), https: address, none_for: NoProxy::default() },
        certificate_folders: vec![certificates.to_owned()],
        ..options()
    };
    let client = Client::new(options, Cancel::new());
    let repository = client.repository(&reference("reg.example/a"))?;
    repository.fetch_document(Wanted::Digest(&Digest::of(&manifest()))).map(|_| ())
}

fn failure(proxy: &Peer, certificates: &Path) -> String {
    let text = fetch(proxy, certificates).unwrap_err().to_string();
    text.strip_prefix("Get \"https://reg.example/v2/\": ").unwrap_or(&text).to_owned()
}

#[test]
fn net_4_certificates_are_verified() {
    let none = tempfile::tempdir().unwrap();
    let (_registry, proxy) = registry(Tls::default());
    assert_eq!(
        failure(&proxy, none.path()),
        "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    );
    let trusted = |tls: Tls| {
        let folder = tempfile::tempdir().unwrap();
        let (registry, proxy) = registry(tls);
        let target = folder.path().join("reg.example");
        std::fs::create_dir_all(&target).unwrap();
        std::fs::copy(registry.certificates().unwrap().authority(), target.join("ca.crt")).unwrap();
        (registry, proxy, folder)
    };
    let (_registry, proxy, folder) = trusted(Tls::default());
    fetch(&proxy, folder.path()).unwrap();
    let (_registry, proxy, folder) = trusted(Tls { flaw: Some(Flaw::Expired), ..Tls::default() });
    let text = failure(&proxy, folder.path());
    let expired = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 20";
    assert!(text.starts_with(expired) && text.contains("Z is after 2001-01-01T00:00:00Z"), "{text}");
    let (_registry, proxy, folder) = trusted(Tls { flaw: Some(Flaw::OtherHost), ..Tls::default() });
    let text = failure(&proxy, folder.path());
    assert!(text.starts_with("tls: failed to verify certificate: x509: certificate is valid for "), "{text}");
    assert!(text.ends_with(", not reg.example"), "{text}");
}

#[test]
fn net_4_this_machine_may_have_any_certificate() {
    let registry = Registry::with(Options { tls: Some(Tls::default()), ..Options::default() });
    registry.put_manifest("a", &["x"], spec::MediaType::OCI_MANIFEST, &manifest());
    let client = Client::new(options(), Cancel::new());
    let repository = client.repository(&reference(&format!("{}/a", registry.host()))).unwrap();
    repository.fetch_document(Wanted::Tag("x")).unwrap();
    // One connection serves all of it.
    let requests = registry.requests();
    assert!(requests.len() == 2 && requests[0].connection == requests[1].connection, "{requests:?}");
}

#[test]
fn key_7_a_client_certificate_is_shown_where_it_belongs() {
    let (registry, proxy) = registry(Tls { client_certificates: true, ..Tls::default() });
    let folder = tempfile::tempdir().unwrap();
    registry.certificates().unwrap().install(folder.path(), "reg.example").unwrap();
    fetch(&proxy, folder.path()).unwrap();
    for file in ["client.cert", "client.key"] {
        std::fs::remove_file(folder.path().join("reg.example").join(file)).unwrap();
    }
    assert!(failure(&proxy, folder.path()).contains("tls: "), "{}", failure(&proxy, folder.path()));
}

#[test]
fn net_1_a_client_certificate_is_not_shown_on_a_redirects_way() {
    // The registry sends blobs to another host with a certificate folder of its own.
    let (store, to_store) = registry(Tls { client_certificates: true, ..Tls::default() });
    let location = "https://reg.example/v2/a/manifests/x";
    let front = Peer::new(move |_| crate::peer::redirect(location));
    let folder = tempfile::tempdir().unwrap();
    store.certificates().unwrap().install(folder.path(), "reg.example").unwrap();
    let options = ClientOptions {
        proxies: Proxies {
            http: None,
            https: Proxy::parse(&to_store.host).ok(),
            none_for: NoProxy::default(),
        },
        certificate_folders: vec![folder.path().to_owned()],
        ..options()
    };
    let client = Client::new(options, Cancel::new());
    let repository = client.repository(&reference(&format!("{}/a", front.host))).unwrap();
    let error = repository.fetch_document(Wanted::Digest(&Digest::of(&manifest()))).unwrap_err().to_string();
    assert!(!to_store.seen().is_empty(), "{error}");
    assert!(store.requests().is_empty());
}

#[test]
fn net_16_a_foreign_address_sees_no_client_certificate() {
    let (registry, proxy) = registry(Tls { client_certificates: true, ..Tls::default() });
    let content = b"a foreign layer";
    registry.put_blob("elsewhere", content.as_slice());
    let kind = spec::MediaType::known(spec::MediaType::DOCKER_FOREIGN_LAYER_GZIP);
    let descriptor = spec::Descriptor::of(kind, content);
    let address = format!("https://reg.example/v2/elsewhere/blobs/{}", descriptor.digest);
    let descriptor = spec::Descriptor { urls: vec![address], ..descriptor };
    let folder = tempfile::tempdir().unwrap();
    registry.certificates().unwrap().install(folder.path(), "reg.example").unwrap();
    let proxies = Proxies { http: None, https: Proxy::parse(&proxy.host).ok(), none_for: NoProxy::default() };
    let certificate_folders = vec![folder.path().to_owned()];
    let client = Client::new(ClientOptions { proxies, certificate_folders, ..options() }, Cancel::new());
    let repository = client.repository(&reference("reg.example/a")).unwrap();
    let whole = registry_client::BlobRange::whole(&descriptor);
    assert!(repository.fetch_foreign_blob(&descriptor, whole).is_err());
    // Only the registry itself was asked; the address was reached, but not let in without a certificate.
    assert!(registry.requests_to("GET", "/v2/elsewhere/*").is_empty());
    assert!(proxy.seen().len() >= 2);
    let elsewhere = client.repository(&reference("reg.example/elsewhere")).unwrap();
    elsewhere.fetch_foreign_blob(&descriptor, whole).unwrap();
}

#[test]
fn incomplete_folders_are_refused_in_dockers_words() {
    let (_registry, proxy) = registry(Tls::default());
    let check = |files: &[&str], expect: &str| {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("reg.example");
        std::fs::create_dir_all(&target).unwrap();
        for file in files {
            std::fs::write(target.join(file), "").unwrap();
        }
        let text = fetch(&proxy, folder.path()).unwrap_err().to_string();
        assert!(text.ends_with(expect), "{text}");
    };
    check(
        &["client.cert"],
        "missing key client.key for client certificate client.cert. CA certificates must use the extension .crt",
    );
    check(&["client.key"], "missing client certificate client.cert for key client.key");
    check(&["client.cert", "client.key"], "client.key holds no private key");
}

#[test]
fn a_server_without_tls_reads_as_go_words_it() {
    let none = tempfile::tempdir().unwrap();
    let plain = Peer::new(|_| reply("200 OK", &[], ""));
    let proxy = leading_to(&plain.host);
    assert_eq!(failure(&proxy, none.path()), "http: server gave HTTP response to HTTPS client");
}
