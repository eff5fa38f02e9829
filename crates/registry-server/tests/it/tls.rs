//! TLS: a server with a certificate, and one that gets another while it runs. Asked by curl.

use std::path::Path;
use std::process::Command;

use registry_server::TlsFiles;

use crate::client::{Connection, World};

fn certificate(folder: &Path, name: &str) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), name.to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), pem("CERTIFICATE", made.cert.der())).unwrap();
    std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &made.signing_key.serialize_der())).unwrap();
}

fn pem(kind: &str, bytes: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

fn curl(world: &World, trusted: &Path) -> Option<String> {
    let url = format!("https://localhost:{}/v2/", world.address().port());
    let output = Command::new("curl").args(["-s", "-i", "--cacert"]).arg(trusted).arg(url).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_certificate_is_served_and_replaced() {
    if !testkit::skip::installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), "first.test");
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let world = World::with(|config| config.tls = Some(files.clone()));
    assert!(world.server().url().starts_with("https://"));
    let first = folder.path().join("first.pem");
    std::fs::copy(&files.certificate, &first).unwrap();
    assert!(curl(&world, &first).unwrap().starts_with("HTTP/1.1 200"));
    certificate(folder.path(), "second.test");
    std::thread::sleep(std::time::Duration::from_millis(5_200));
    assert!(curl(&world, &files.certificate).unwrap().starts_with("HTTP/1.1 200"));
    assert!(curl(&world, &first).is_none(), "the old one is not served any more");
}

#[test]
fn files_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), "x.test");
    let files = TlsFiles { certificate: folder.path().join("key.pem"), key: folder.path().join("key.pem") };
    let mut config = registry_server::Config::new(folder.path().join("root"));
    config.tls = Some(files);
    let error = config.check().unwrap_err().to_string();
    assert!(error.contains("key.pem for TLS: it holds no certificate in PEM form"), "{error}");
    for name in ["one", "other"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        certificate(&folder.path().join(name), "x.test");
    }
    let path = |name: &str| folder.path().join(name);
    config.tls = Some(TlsFiles { certificate: path("one/cert.pem"), key: path("other/key.pem") });
    let error = config.check().unwrap_err().to_string();
    let expect = format!("it is not the key of the certificate in {}", path("one/cert.pem").display());
    assert!(error.ends_with(&expect), "{error}");
}

#[test]
fn an_end_does_not_wait_for_handshakes() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), "x.test");
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let mut world = World::with(|config| config.tls = Some(files));
    let mut silent = Connection::open(world.address());
    let mut half = Connection::open(world.address());
    half.write(&[22, 3, 1, 2]);
    let begun = std::time::Instant::now();
    drop(world.server.take());
    assert!(silent.is_closed() && half.is_closed());
    // They would have ten seconds.
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}
