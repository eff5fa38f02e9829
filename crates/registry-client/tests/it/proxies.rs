//! Proxies of every kind, and what they are told (NET-18).

use registry_client::{
    Cancel, Client, ClientOptions, Error, InsecureRegistries, NoProxy, Proxies, Proxy, Wanted,
};
use spec::Digest;
use testkit::registry::{Options, Registry, Tls};

use crate::peer::{Act, Peer, Seen, reply};
use crate::setup::{Keys, answer_manifest, manifest, options, password, reference};

fn proxies(address: &str) -> Proxies {
    let proxy = Proxy::parse(address).ok();
    Proxies { http: proxy.clone(), https: proxy, none_for: NoProxy::parse("direct.example") }
}

fn fetch(options: ClientOptions, name: &str) -> Result<(), Error> {
    let client = Client::new(options, Cancel::new());
    let repository = client.repository(&reference(name))?;
    repository.fetch_document(Wanted::Digest(&Digest::of(&manifest()))).map(|_| ())
}

const PROXY_SECRET: &str = "Basic cDpwcm94eS1zZWNyZXQ=";

#[test]
fn net_18_plain_http_is_asked_of_the_proxy_by_its_whole_address() {
    let proxy = Peer::new(|seen| match (seen.line().split(' ').next(), seen.header("authorization")) {
        (Some("CONNECT"), _) => vec![Act::Close],
        (_, None) => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        _ => answer_manifest(seen),
    });
    let options = ClientOptions {
        proxies: proxies(&format!("http://p:proxy-secret@{}", proxy.host)),
        insecure: InsecureRegistries::parse(["reg.example:5000"]).unwrap(),
        keychain: Keys::new(&[("reg.example:5000", password("joe", "secret"))]),
        ..options()
    };
    fetch(options, "reg.example:5000/a").unwrap();
    let plain: Vec<Seen> =
        proxy.seen().into_iter().filter(|seen| !seen.head.starts_with("CONNECT")).collect();
    let digest = Digest::of(&manifest());
    assert_eq!(plain.len(), 2);
    for seen in plain {
        assert_eq!(seen.line(), format!("GET http://reg.example:5000/v2/a/manifests/{digest}"));
        assert_eq!(seen.header("host").as_deref(), Some("reg.example:5000"));
        assert_eq!(seen.headers("proxy-authorization"), [PROXY_SECRET]);
    }
}

#[test]
fn net_18_https_goes_through_a_tunnel_that_the_proxys_password_does_not_enter() {
    let tls = Tls { names: vec!["reg.example".to_owned()], ..Tls::default() };
    let registry = Registry::with(Options { tls: Some(tls), ..Options::default() });
    registry.put_manifest("a", &["x"], spec::MediaType::OCI_MANIFEST, &manifest());
    let certificates = tempfile::tempdir().unwrap();
    registry.certificates().unwrap().install(certificates.path(), "reg.example:5000").unwrap();
    let target = registry.host().to_owned();
    let proxy = Peer::new(move |_| {
        vec![Act::Send(b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec()), Act::Tunnel(target.clone())]
    });
    let options = ClientOptions {
        proxies: proxies(&format!("p:proxy-secret@{}", proxy.host)),
        certificate_folders: vec![certificates.path().to_owned()],
        ..options()
    };
    fetch(options, "reg.example:5000/a").unwrap();
    let connect = &proxy.seen()[0];
    assert_eq!(connect.line(), "CONNECT reg.example:5000");
    assert_eq!(connect.header("proxy-authorization").as_deref(), Some(PROXY_SECRET));
    assert!(!registry.requests().is_empty());
    assert!(registry.requests().iter().all(|request| request.header("proxy-authorization").is_none()));
}

#[test]
fn net_18_a_proxy_that_refuses_is_named_as_such() {
    let check = |status: &'static str, expect: &str| {
        let proxy = Peer::new(move |_| reply(status, &[], ""));
        let error =
            fetch(ClientOptions { proxies: proxies(&proxy.host), ..options() }, "reg.example/a").unwrap_err();
        assert_eq!(error.to_string(), format!("Get \"https://reg.example/v2/\": proxyconnect tcp: {expect}"));
    };
    check("407 Proxy Authentication Required", "Proxy Authentication Required");
    check("403 Forbidden", "the proxy answers CONNECT with status 403");
}

#[test]
fn net_18_this_machine_is_never_asked_through_a_proxy() {
    let proxy = Peer::new(|_| reply("502 Bad Gateway", &[], ""));
    let registry = Peer::new(answer_manifest);
    let options = ClientOptions { proxies: proxies(&proxy.host), ..options() };
    fetch(options, &format!("{}/a", registry.host)).unwrap();
    assert!(proxy.seen().is_empty());
}

#[test]
fn net_18_socks_proxies_are_given_names() {
    use std::io::{Read, Write};
    let registry = Peer::new(answer_manifest);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let target = registry.host.clone();
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut greeting = [0; 4];
            stream.read_exact(&mut greeting).unwrap();
            stream.write_all(&[5, 2]).unwrap();
            let mut login = [0; 17];
            stream.read_exact(&mut login[..1 + 1 + 1 + 1 + 12]).unwrap();
            stream.write_all(&[1, 0]).unwrap();
            let mut head = [0; 5];
            stream.read_exact(&mut head).unwrap();
            let mut name = vec![0; usize::from(head[4]) + 2];
            stream.read_exact(&mut name).unwrap();
            let port = u16::from_be_bytes([name[name.len() - 2], name[name.len() - 1]]);
            log.lock().unwrap().push((
                login[..16].to_vec(),
                String::from_utf8_lossy(&name[..name.len() - 2]).into_owned(),
                port,
            ));
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            let upstream = std::net::TcpStream::connect(&target).unwrap();
            let (mut a, mut b) = (stream.try_clone().unwrap(), upstream.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut a, &mut b));
            let (mut a, mut b) = (upstream, stream);
            std::thread::spawn(move || std::io::copy(&mut a, &mut b));
        }
    });
    let options = ClientOptions {
        proxies: proxies(&format!("socks5://p:proxy-secret@{address}")),
        insecure: InsecureRegistries::parse(["reg.example:5000"]).unwrap(),
        ..options()
    };
    fetch(options, "reg.example:5000/a").unwrap();
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|(login, name, port)| {
        login.ends_with(b"\x0cproxy-secret") && name == "reg.example" && *port == 5000
    }));
    assert!(!registry.seen().is_empty());
}
