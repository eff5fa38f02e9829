//! TLS with an authority of the registry's own.

use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::http::Stream;

/// How a registry speaks TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Host names its certificate is for, beside its addresses.
    pub names: Vec<String>,
    /// What is wrong with its certificate.
    pub flaw: Option<Flaw>,
    /// Whether clients have to show a certificate of the same authority.
    pub client_certificates: bool,
}

/// What can be wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It was good until 2001.
    Expired,
    /// It is for another host.
    OtherHost,
}

/// The files that a client needs, in a folder that lives as long as the registry.
#[derive(Debug)]
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// The authority's certificate, PEM.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A client's certificate, PEM.
    pub fn client_certificate(&self) -> PathBuf {
        self.folder.path().join("client.cert")
    }

    /// Its key, PEM.
    pub fn client_key(&self) -> PathBuf {
        self.folder.path().join("client.key")
    }

    /// Copies all of them to `certs.d/HOST`, named as Docker wants them.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn install(&self, certs_d: &Path, host: &str) -> io::Result<()> {
        let folder = certs_d.join(host);
        std::fs::create_dir_all(&folder)?;
        for file in [self.authority(), self.client_certificate(), self.client_key()] {
            std::fs::copy(&file, folder.join(file.file_name().unwrap_or_default()))?;
        }
        Ok(())
    }
}

/// Begins TLS on sockets.
pub(crate) struct Terminator {
    config: Arc<ServerConfig>,
    pub(crate) certificates: Certificates,
}

impl Terminator {
    /// Makes an authority and a certificate, and writes what clients need into files.
    pub(crate) fn new(options: &Tls) -> io::Result<Terminator> {
        let authority = Authority::new()?;
        let folder = tempfile::tempdir()?;
        let (certificate, key) = authority.server_certificate(options)?;
        let (client, client_key) =
            authority.certificate(vec![], ExtendedKeyUsagePurpose::ClientAuth, None)?;
        let files = [
            ("ca.crt", "CERTIFICATE", authority.der.as_ref()),
            ("client.cert", "CERTIFICATE", client.as_ref()),
            ("client.key", "PRIVATE KEY", client_key.secret_pkcs8_der()),
        ];
        for (name, label, der) in files {
            std::fs::write(folder.path().join(name), pem(label, der))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority.der).map_err(io::Error::other)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = if options.client_certificates {
            builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![certificate], key.into()).map_err(io::Error::other)?;
        Ok(Terminator { config: Arc::new(config), certificates: Certificates { folder } })
    }

    pub(crate) fn greet(&self, socket: TcpStream) -> io::Result<Stream> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, socket))))
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

type Issued = (CertificateDer<'static>, PrivatePkcs8KeyDer<'static>);

impl Authority {
    fn new() -> io::Result<Authority> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "testkit authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let der = params.self_signed(&key).map_err(io::Error::other)?.der().clone();
        Ok(Authority { issuer: Issuer::new(params, key), der })
    }

    fn server_certificate(&self, options: &Tls) -> io::Result<Issued> {
        let mut names = options.names.clone();
        names.extend(["localhost", "127.0.0.1", "127.0.0.2"].map(str::to_owned));
        if options.flaw == Some(Flaw::OtherHost) {
            names = vec!["elsewhere.test".to_owned()];
        }
        self.certificate(names, ExtendedKeyUsagePurpose::ServerAuth, options.flaw)
    }

    fn certificate(
        &self,
        names: Vec<String>,
        purpose: ExtendedKeyUsagePurpose,
        flaw: Option<Flaw>,
    ) -> io::Result<Issued> {
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "testkit");
        params.extended_key_usages = vec![purpose];
        if flaw == Some(Flaw::Expired) {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der())))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
