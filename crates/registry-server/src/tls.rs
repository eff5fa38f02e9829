//! TLS: certificate and key from files, looked at again while the server runs.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::TlsFiles;
use crate::error::{Error, Result};
use crate::limits::CONFIG_FILE_BYTES_MAX;

/// The files are looked at again this often, at a handshake.
const RELOAD: Duration = Duration::from_secs(5);

/// What handshakes are made with.
pub(crate) struct Tls {
    files: TlsFiles,
    state: Mutex<State>,
}

struct State {
    looked: Instant,
    pem: Pem,
    current: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn open(files: TlsFiles) -> Result<Tls> {
        let pem = Pem::read(&files)?;
        let current = Arc::new(pem.parse(&files)?);
        let state = Mutex::new(State { looked: Instant::now(), pem, current });
        Ok(Tls { files, state })
    }

    /// The configuration for a handshake now. Files that do not fit each other leave what was there: they may be
    /// half replaced.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= RELOAD {
            state.looked = Instant::now();
            if let Ok(pem) = Pem::read(&self.files)
                && pem != state.pem
                && let Ok(config) = pem.parse(&self.files)
            {
                state.pem = pem;
                state.current = Arc::new(config);
            }
        }
        Arc::clone(&state.current)
    }
}

/// Reads certificate and key.
pub(crate) fn load(files: &TlsFiles) -> Result<ServerConfig> {
    Pem::read(files)?.parse(files)
}

/// What is in the files.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Pem> {
        let certificate = disk::read_named(&files.certificate, CONFIG_FILE_BYTES_MAX)?;
        Ok(Pem { certificate, key: disk::read_named(&files.key, CONFIG_FILE_BYTES_MAX)? })
    }

    fn parse(&self, files: &TlsFiles) -> Result<ServerConfig> {
        let refuse = |path: &Path, reason: String| Error::Tls { path: path.to_owned(), reason };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<std::result::Result<_, _>>()
            .map_err(|e| refuse(&files.certificate, e.to_string()))?;
        if chain.is_empty() {
            return Err(refuse(&files.certificate, "it holds no certificate in PEM form".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|e| refuse(&files.key, e.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|e| refuse(&files.certificate, e.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| refuse(&files.key, unfit(&files.certificate, &e)))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Why a key does not go with a certificate.
fn unfit(certificate: &Path, error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch) => {
            format!("it is not the key of the certificate in {}", certificate.display())
        }
        other => other.to_string(),
    }
}
