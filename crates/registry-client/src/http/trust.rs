//! Whom TLS trusts: the system's roots, Docker's `certs.d` folders, hosts on the insecure list.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::error::TransportError;
use crate::limits::CERTIFICATE_FILE_BYTES_MAX;

/// What a TLS configuration depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    /// `host[:port]` of the server, which names its folder in `certs.d`.
    pub(crate) server: String,
    /// `host[:port]` of the registry on whose behalf it is asked: its roots count too.
    pub(crate) registry: String,
    /// Whether the server's certificate is verified.
    pub(crate) verify: bool,
    /// Whether our certificate for the server may be shown.
    pub(crate) with_certificate: bool,
}

/// TLS configurations, made when first needed: loading the system's roots takes milliseconds.
#[derive(Debug)]
pub(crate) struct Trust {
    folders: Vec<PathBuf>,
    roots: OnceLock<Arc<RootCertStore>>,
    configs: Mutex<HashMap<Identity, Arc<ClientConfig>>>,
}

/// What one server's folders hold.
#[derive(Default)]
struct Files {
    roots: Vec<CertificateDer<'static>>,
    certificate: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl Trust {
    pub(crate) fn new(folders: Vec<PathBuf>) -> Trust {
        Trust { folders, roots: OnceLock::new(), configs: Mutex::default() }
    }

    /// The configuration for a server.
    ///
    /// # Errors
    /// Docker's words for incomplete folders.
    pub(crate) fn config(&self, identity: &Identity) -> Result<Arc<ClientConfig>, TransportError> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(identity) {
            return Ok(config.clone());
        }
        let config = Arc::new(self.make(identity)?);
        configs.insert(identity.clone(), config.clone());
        Ok(config)
    }

    fn make(&self, identity: &Identity) -> Result<ClientConfig, TransportError> {
        let tls = |error: rustls::Error| TransportError::Tls(format!("tls: {error}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(tls)?;
        let mut files = self.files(&identity.server)?;
        let builder = if identity.verify {
            if identity.registry != identity.server {
                files.roots.extend(self.files(&identity.registry)?.roots);
            }
            builder.with_root_certificates(self.roots_with(files.roots))
        } else {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        };
        match files.certificate.filter(|_| identity.with_certificate) {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                let server = &identity.server;
                TransportError::CertificateFiles(format!("client certificate for {server}: {error}"))
            }),
            None => Ok(builder.with_no_client_auth()),
        }
    }

    fn roots_with(&self, more: Vec<CertificateDer<'static>>) -> Arc<RootCertStore> {
        let system = self.roots.get_or_init(|| Arc::new(system_roots()));
        if more.is_empty() {
            return system.clone();
        }
        let mut roots = (**system).clone();
        // Like Docker, roots that cannot be read are as good as absent.
        roots.add_parsable_certificates(more);
        Arc::new(roots)
    }

    /// Reads what the folders hold for a server; a folder that does not exist holds nothing.
    fn files(&self, server: &str) -> Result<Files, TransportError> {
        let mut files = Files::default();
        for folder in self.folders.iter().filter(|folder| !is_out_of_reach(folder)) {
            // Hosts and ports are checked: no slash, and none is `..`.
            read_folder(&folder.join(server), &mut files)?;
        }
        Ok(files)
    }
}

/// Whether a folder lies where this user may not even look, as in a home that is somebody else's.
fn is_out_of_reach(folder: &Path) -> bool {
    let looked = std::fs::symlink_metadata(folder);
    looked.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

fn read_folder(folder: &Path, files: &mut Files) -> Result<(), TransportError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    for name in &names {
        if name.ends_with(".crt") {
            files.roots.extend(certificates(&folder.join(name))?);
        } else if let Some(stem) = name.strip_suffix(".cert") {
            let key = format!("{stem}.key");
            if !names.contains(&key) {
                return Err(TransportError::CertificateFiles(format!(
                    "missing key {key} for client certificate {name}. CA certificates must use the extension .crt"
                )));
            }
            // One certificate is enough for one server; the first by name is taken.
            if files.certificate.is_none() {
                let chain = certificates(&folder.join(name))?;
                files.certificate = Some((chain, private_key(&folder.join(key))?));
            }
        } else if let Some(stem) = name.strip_suffix(".key") {
            let certificate = format!("{stem}.cert");
            if !names.contains(&certificate) {
                return Err(TransportError::CertificateFiles(format!(
                    "missing client certificate {certificate} for key {name}"
                )));
            }
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> TransportError {
    TransportError::CertificateFiles(format!("open {}: {}", path.display(), disk::errno_text(error)))
}

fn read_file(path: &Path) -> Result<Vec<u8>, TransportError> {
    disk::read_named(path, CERTIFICATE_FILE_BYTES_MAX)
        .map_err(|error| TransportError::CertificateFiles(error.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let bytes = read_file(path)?;
    Ok(CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect())
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TransportError> {
    let bytes = zeroize::Zeroizing::new(read_file(path)?);
    PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| TransportError::CertificateFiles(format!("{} holds no private key", path.display())))
}

/// The system's roots, or Mozilla's where there are none (a container without certificates).
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// Takes any certificate, for hosts on the insecure list; the connection is still bound to it.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
