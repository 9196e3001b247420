//! TLS: the certificates of the hub, their renewal, and handshakes within limits.
//!
//! The hub makes a root of its own and signs its server certificate with it, or it uses files that it is given.
//! A new certificate takes effect with the next handshake. Connections that exist are not touched.

mod accept;
mod authority;
mod certificate;
mod complaints;
mod names;
mod strict;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::Semaphore;

use crate::clock::Clock;

pub use accept::{HandshakeFailure, TlsStream};
pub use authority::{Authority, ROOT_FILE};
pub use certificate::{ServerCertificate, roots_of};
pub use names::{Names, host_name};
pub use strict::strict_problems;

/// How often the hub looks whether its certificate is due.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// The most handshakes at once.
const HANDSHAKES: usize = 32;

/// Where the server certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// The hub signs it with the root in this directory, for these names. The root is made if it does not exist.
    Authority {
        /// The directory of the root and its key.
        directory: PathBuf,
        /// The names.
        names: Names,
    },
    /// Files in PEM that someone else makes and renews.
    Files(CertificateFiles),
}

/// Files of a server certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, followed by those of intermediate authorities.
    pub certificate: PathBuf,
    /// The key of the certificate.
    pub key: PathBuf,
    /// The root that clients have to trust. Without it the hub cannot hand it to them.
    pub root: Option<PathBuf>,
}

/// A problem with certificates. Displays what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError(String);

impl TlsError {
    fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

/// The TLS side of a server: certificate, configuration, and limits of handshakes.
#[derive(Debug)]
pub struct Tls {
    source: Source,
    current: Arc<Current>,
    server: Arc<ServerConfig>,
    handshakes: Semaphore,
    complaints: complaints::Complaints,
    clock: Clock,
}

#[derive(Debug)]
enum Source {
    Authority { authority: Box<Authority>, names: Names },
    Files { files: CertificateFiles, root: Option<String> },
}

/// The certificate in use. Clients get it whatever name they ask for: their message is clearer than a closed socket.
#[derive(Debug)]
struct Current(ArcSwap<ServerCertificate>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.0.load().key()))
    }
}

impl Tls {
    /// Opens or makes the certificates. Blocks on the disk.
    pub fn open(source: &CertificateSource, clock: Clock) -> Result<Self, TlsError> {
        let (source, certificate) = match source {
            CertificateSource::Authority { directory, names } => {
                let authority = Box::new(Authority::open(directory, &clock)?);
                let certificate = authority.issue(names, clock.now())?;
                (Source::Authority { authority, names: names.clone() }, certificate)
            }
            CertificateSource::Files(files) => {
                let root = files.root.as_deref().map(certificate::read_roots).transpose()?;
                let certificate = ServerCertificate::from_files(&files.certificate, &files.key)?;
                (Source::Files { files: files.clone(), root }, certificate)
            }
        };
        let current = Arc::new(Current(ArcSwap::from_pointee(certificate)));
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| TlsError::new(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        // Clients of these SDKs do not resume sessions.
        server.send_tls13_tickets = 0;
        Ok(Self {
            source,
            current,
            server: Arc::new(server),
            handshakes: Semaphore::new(HANDSHAKES),
            complaints: complaints::Complaints::default(),
            clock,
        })
    }

    /// Returns the certificate in use.
    pub fn certificate(&self) -> Arc<ServerCertificate> {
        self.current.0.load_full()
    }

    /// Returns the roots that clients have to trust, in PEM. `None` if the hub was given a certificate without a root.
    pub fn roots(&self) -> Option<&str> {
        match &self.source {
            Source::Authority { authority, .. } => Some(authority.root()),
            Source::Files { root, .. } => root.as_deref(),
        }
    }

    /// Returns the file with the roots that clients have to trust.
    pub fn roots_file(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Authority { authority, .. } => Some(authority.root_file()),
            Source::Files { files, .. } => files.root.clone(),
        }
    }

    /// Whether a new certificate has to be made now. Never for files, which someone else renews.
    pub fn is_due(&self) -> bool {
        self.current.0.load().is_due(self.clock.now())
    }

    /// Makes a new certificate if it is due, or reads the files again. Returns whether the certificate changed. If this
    /// fails, the old one stays in use. Blocks on the disk.
    pub fn renew_once(&self) -> Result<bool, TlsError> {
        let certificate = match &self.source {
            Source::Authority { authority, names } if self.is_due() => authority.issue(names, self.clock.now())?,
            Source::Authority { .. } => return Ok(false),
            Source::Files { files, .. } => ServerCertificate::from_files(&files.certificate, &files.key)?,
        };
        if certificate.chain() == self.current.0.load().chain() {
            return Ok(false);
        }
        self.current.0.store(Arc::new(certificate));
        Ok(true)
    }

    /// Renews the certificate whenever it is due, until `stop` completes. Looks each minute by the wall clock, so that
    /// a clock that is set, or a computer that slept, does not delay it.
    pub async fn renew(self: Arc<Self>, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut last_problem = None;
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
            }
            let tls = Arc::clone(&self);
            let problem = match tokio::task::spawn_blocking(move || tls.renew_once()).await {
                Ok(Ok(true)) => {
                    tracing::info!(names = %self.certificate().names(), "the server certificate was renewed");
                    None
                }
                Ok(Ok(false)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if problem != last_problem
                && let Some(problem) = &problem
            {
                tracing::error!("cannot renew the server certificate, the old one stays in use: {problem}");
            }
            last_problem = problem;
        }
    }
}

/// Returns the cryptography that all of TLS uses.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
