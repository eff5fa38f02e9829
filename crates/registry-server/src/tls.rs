//! TLS: certificate and key from files, looked at again while the server runs.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
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
    current: RwLock<Arc<ServerConfig>>,
    looked: Mutex<(Instant, Vec<u8>)>,
}

impl Tls {
    pub(crate) fn open(files: TlsFiles) -> Result<Tls> {
        let config = load(&files)?;
        let looked = Mutex::new((Instant::now(), bytes(&files)?));
        Ok(Tls { files, current: RwLock::new(Arc::new(config)), looked })
    }

    /// The configuration for a handshake now. Files that do not fit each other leave what was there: they may be
    /// half replaced.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.reload_after(RELOAD);
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn reload_after(&self, pause: Duration) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.0.elapsed() < pause {
            return;
        }
        looked.0 = Instant::now();
        let Ok(now) = bytes(&self.files) else { return };
        if now != looked.1
            && let Ok(config) = load(&self.files)
        {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
            looked.1 = now;
        }
    }
}

fn bytes(files: &TlsFiles) -> Result<Vec<u8>> {
    let mut bytes = disk::read_named(&files.certificate, CONFIG_FILE_BYTES_MAX)?;
    bytes.extend(disk::read_named(&files.key, CONFIG_FILE_BYTES_MAX)?);
    Ok(bytes)
}

/// Reads certificate and key.
pub(crate) fn load(files: &TlsFiles) -> Result<ServerConfig> {
    let refuse = |path: &std::path::Path, reason: String| Error::Tls { path: path.to_owned(), reason };
    let chain = disk::read_named(&files.certificate, CONFIG_FILE_BYTES_MAX)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| refuse(&files.certificate, e.to_string()))?;
    if chain.is_empty() {
        return Err(refuse(&files.certificate, "it holds no certificate in PEM form".to_owned()));
    }
    let key = disk::read_named(&files.key, CONFIG_FILE_BYTES_MAX)?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|e| refuse(&files.key, e.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|e| refuse(&files.certificate, e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| refuse(&files.key, e.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
