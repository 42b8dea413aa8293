//! TLS to a server, with the certificates of this host or of a file.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::error::{Code, Error, Result};

/// Where distributions keep the certificates that they trust.
const OF_THIS_HOST: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];

/// The certificates that are trusted, and the key of a profile that names them.
#[derive(Clone, Debug)]
pub struct Trust<'a> {
    /// A file of certificates (PEM); without one, those of this host.
    pub file: Option<&'a str>,
    /// The key that sets it, for messages.
    pub key: &'static str,
}

/// Puts TLS over a connection to a host; `failed` makes the error of a connection that could not be made.
pub async fn wrap(
    stream: TcpStream,
    host: &str,
    trust: &Trust<'_>,
    failed: impl Fn(String) -> Error,
) -> Result<TlsStream<TcpStream>> {
    let (file, key) = (trust.file.map(str::to_owned), trust.key);
    let roots = tokio::task::spawn_blocking(move || roots(file.as_deref(), key))
        .await
        .map_err(|error| Error::new(Code::Internal, error.to_string()))??;
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    connected.map_err(|error| failed(error.to_string()))
}

/// The certificates that are trusted.
fn roots(file: Option<&str>, key: &str) -> Result<RootCertStore> {
    let path = match file {
        Some(file) => file,
        None => OF_THIS_HOST.into_iter().find(|path| std::path::Path::new(path).exists()).ok_or_else(|| {
            Error::new(Code::ConfigInvalid, "this host has no file of trusted certificates")
                .why(format!("looked for {}", OF_THIS_HOST.join(", ")))
                .next(format!("set {key} in the profile"))
        })?,
    };
    let unreadable = |why: String| {
        Error::new(Code::ConfigInvalid, format!("the certificates in {path} cannot be read"))
            .why(why)
            .next(format!("{key} names a file of certificates in PEM"))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        // A host's bundle may hold what this library does not take; what counts is that there are some.
        let _ = roots.add(certificate);
    }
    if roots.is_empty() { Err(unreadable("there is none in it".to_owned())) } else { Ok(roots) }
}
