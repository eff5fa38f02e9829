//! The same job against the registry that everybody runs: Debian's `docker-registry`.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use registry_client::{BlobRange, Mount, Pushed, Wanted};
use spec::{Digest, MediaType};

use crate::setup::{client, layer, manifest, read, reference};

/// The registry, which ends with the test.
struct Distribution {
    child: Child,
    host: String,
    _storage: tempfile::TempDir,
}

impl Distribution {
    fn start() -> Option<Distribution> {
        if !testkit::skip::installed("docker-registry") {
            return None;
        }
        let storage = tempfile::tempdir().unwrap();
        let host = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let config = storage.path().join("config.yml");
        let root = storage.path().join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {host}\n",
            root.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Distribution { child, host, _storage: storage };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(&registry.host).is_err() {
            assert!(Instant::now() < deadline, "docker-registry does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn debians_registry_takes_and_gives_what_ours_does() {
    let Some(registry) = Distribution::start() else { return };
    let big: Vec<u8> = (0..5 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let client = client();
    let repository = client.repository(&reference(&format!("{}/lib/a", registry.host))).unwrap();
    for content in [&big[..], b"config"] {
        let open = |offset: u64| Ok(Box::new(&content[offset as usize..]) as Box<dyn Read>);
        assert!(!repository.has_blob(&layer(content)).unwrap());
        assert_eq!(repository.push_blob(&layer(content), Mount::No, &open).unwrap(), Pushed::Sent);
        assert!(repository.has_blob(&layer(content)).unwrap());
    }
    let kind = MediaType::known(MediaType::OCI_MANIFEST);
    for tag in ["v1", "v2"] {
        assert_eq!(
            repository.push_document(&manifest(), &kind, Wanted::Tag(tag)).unwrap(),
            Digest::of(&manifest())
        );
    }
    let fetched = repository.fetch_document(Wanted::Tag("v1")).unwrap();
    assert_eq!(fetched.document.bytes(), manifest());
    assert_eq!(repository.tags().unwrap(), ["v1", "v2"]);
    let descriptor = layer(&big);
    let body = repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[]).unwrap();
    assert_eq!(read(body).unwrap(), big);
    let part = BlobRange { start: 1 << 20, end: 3 << 20 };
    let body = repository.fetch_blob(&descriptor, part, &[]).unwrap();
    assert_eq!(body.range(), part);
    assert_eq!(read(body).unwrap(), big[1 << 20..3 << 20]);
    let other = client.repository(&reference(&format!("{}/lib/b", registry.host))).unwrap();
    let open = |offset: u64| Ok(Box::new(&big[offset as usize..]) as Box<dyn Read>);
    assert_eq!(other.push_blob(&descriptor, Mount::From("lib/a"), &open).unwrap(), Pushed::Mounted);
    let name = reference(&format!("{}/nosuch/img:latest", registry.host));
    let missing = client.repository(&name).unwrap().fetch_document(Wanted::Tag("latest")).unwrap_err();
    assert_eq!(
        missing.pull_text(&name),
        format!(
            "manifest for {}/nosuch/img:latest not found: manifest unknown: manifest unknown",
            registry.host
        )
    );
    assert_eq!(
        client.search(&format!("{}/alpine", registry.host), 25).unwrap_err().to_string(),
        "Unexpected status code 404"
    );
}
