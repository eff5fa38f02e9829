//! Debian's `docker-registry`, with a storage that can be looked into.

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What `htpasswd -nbBC 4 mary right` says.
const USERS: &str = "mary:$2y$04$SP.84gQhvnCj89ha5AFNwu5nLV5eexIpCMAh7KHGClpLaLScgHMkK\n";

/// A running registry, which ends with the test.
pub(crate) struct Distribution {
    child: Child,
    pub(crate) host: String,
    folder: tempfile::TempDir,
}

impl Distribution {
    /// Over plain HTTP, for everybody.
    pub(crate) fn start() -> Distribution {
        Distribution::configured("")
    }

    /// Over TLS with a certificate of its own for this name, for mary, whose password is `right`.
    pub(crate) fn secured(name: &str) -> Distribution {
        let certified = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("server.crt"), pem("CERTIFICATE", certified.cert.der())).unwrap();
        fs::write(path("server.key"), pem("PRIVATE KEY", &certified.signing_key.serialize_der())).unwrap();
        fs::write(path("users"), USERS).unwrap();
        let at = folder.path().display().to_string();
        let extra = format!(
            "  tls: {{certificate: {at}/server.crt, key: {at}/server.key}}\nauth:\n  htpasswd: {{realm: test, path: \
             {at}/users}}\n"
        );
        Distribution::in_folder(folder, &extra)
    }

    fn configured(extra: &str) -> Distribution {
        Distribution::in_folder(tempfile::tempdir().unwrap(), extra)
    }

    fn in_folder(folder: tempfile::TempDir, extra: &str) -> Distribution {
        let host = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let data = folder.path().join("data");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp:\n  addr: \
             {host}\n{extra}",
            data.display()
        );
        let file = folder.path().join("config.yml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("docker-registry");
        let child = command.arg("serve").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let registry = Distribution { child: child.unwrap(), host, folder };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&registry.host).is_err() {
            assert!(Instant::now() < deadline, "docker-registry does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        registry
    }

    /// Its own certificate, when it has one.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }

    /// The digest that a tag stands for.
    pub(crate) fn tag(&self, repository: &str, tag: &str) -> String {
        let link = self.repository(repository).join(format!("_manifests/tags/{tag}/current/link"));
        fs::read_to_string(&link).unwrap_or_else(|e| panic!("{}: {e}", link.display()))
    }

    /// The blobs of a repository.
    pub(crate) fn blobs(&self, repository: &str) -> BTreeSet<String> {
        names(&self.repository(repository).join("_layers/sha256"))
    }

    /// The manifests and indexes of a repository.
    pub(crate) fn manifests(&self, repository: &str) -> BTreeSet<String> {
        names(&self.repository(repository).join("_manifests/revisions/sha256"))
    }

    /// The bytes behind a digest.
    pub(crate) fn bytes(&self, digest: &str) -> Vec<u8> {
        let hex = digest.strip_prefix("sha256:").unwrap();
        let path = format!("data/docker/registry/v2/blobs/sha256/{}/{hex}/data", &hex[..2]);
        fs::read(self.folder.path().join(path)).unwrap()
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.folder.path().join("data/docker/registry/v2/repositories").join(name)
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

impl Drop for Distribution {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
