use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use super::authority::date;
use super::{Names, TlsError, provider};
use crate::clock::Timestamp;
use crate::files;

/// The most certificates in a file.
const LONGEST_CHAIN: usize = 64;

/// A server certificate with its key.
#[derive(Debug)]
pub struct ServerCertificate {
    key: Arc<CertifiedKey>,
    details: Details,
    due: Timestamp,
}

impl ServerCertificate {
    /// Combines a chain, the server's own certificate first, with its key. Problems are ends of sentences.
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, String> {
        let details = Details::read(chain.first().ok_or("has no certificate in PEM")?)?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => "does not belong to the key".to_owned(),
            error => format!("cannot be used: {error}"),
        })?;
        Ok(Self { key: Arc::new(key), details, due: Timestamp::NEVER })
    }

    /// Reads a chain and its key from two files in PEM, which may be the same.
    pub(super) fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = read_chain(certificate)?;
        let text = files::read(key).map_err(|error| cannot_read(key, &error))?;
        let private = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| {
            let problem = match error {
                pem::Error::NoItemsFound => "has no private key in PEM",
                _ => "cannot be read as a private key in PEM",
            };
            TlsError::new(format!("`{}` {problem}", key.display()))
        })?;
        Self::new(chain, private).map_err(|problem| {
            TlsError::new(format!("`{}` with the key `{}` {problem}", certificate.display(), key.display()))
        })
    }

    /// Sets when the certificate has to be replaced.
    #[must_use]
    pub(super) fn due_at(mut self, due: Timestamp) -> Self {
        self.due = due;
        self
    }

    /// Returns the key, for `rustls`.
    pub(super) fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }

    /// Returns the certificate and those of intermediate authorities, in DER.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    /// Returns the names and addresses that the certificate is for.
    pub fn names(&self) -> &Names {
        &self.details.names
    }

    /// Returns since when the certificate is valid.
    pub fn not_before(&self) -> Timestamp {
        self.details.not_before
    }

    /// Returns until when the certificate is valid.
    pub fn not_after(&self) -> Timestamp {
        self.details.not_after
    }

    /// Whether the hub has to replace the certificate: two thirds of its life are over, or the clock was set to a time
    /// before it.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due != Timestamp::NEVER && (now >= self.due || now < self.details.not_before)
    }

    /// Returns what is wrong with the dates at a time, as the end of a sentence.
    pub(crate) fn problem_of_dates(&self, now: Timestamp) -> Option<String> {
        if now > self.details.not_after {
            Some(format!("expired on {}", self.details.not_after_date()))
        } else if now < self.details.not_before {
            Some(format!("is valid from {} on", date(self.details.not_before).date()))
        } else {
            None
        }
    }

    /// Whether the certificate is for a host name or an address.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        let Ok(name) = rustls::pki_types::ServerName::try_from(name) else { return false };
        self.chain()
            .first()
            .and_then(|certificate| rustls::server::ParsedCertificate::try_from(certificate).ok())
            .is_some_and(|certificate| rustls::client::verify_server_name(&certificate, &name).is_ok())
    }
}

/// What the hub has to know of a certificate.
#[derive(Clone, Debug)]
pub(super) struct Details {
    pub(super) names: Names,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) is_authority: bool,
    pub(super) public_key: Vec<u8>,
}

impl Details {
    /// Reads a certificate in DER. The problem is the end of a sentence.
    pub(super) fn read(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, certificate) =
            X509Certificate::from_der(certificate).map_err(|_| "cannot be read as a certificate".to_owned())?;
        let names = match certificate.subject_alternative_name() {
            Ok(Some(extension)) => extension.value.general_names.iter().filter_map(name).collect(),
            Ok(None) => Vec::new(),
            Err(_) => return Err("has alternative names that cannot be read".to_owned()),
        };
        Ok(Self {
            names: Names::unchecked(names),
            not_before: timestamp(certificate.validity().not_before),
            not_after: timestamp(certificate.validity().not_after),
            is_authority: certificate.is_ca(),
            public_key: certificate.public_key().raw.to_vec(),
        })
    }

    pub(super) fn not_after_date(&self) -> time::Date {
        date(self.not_after).date()
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.escape_debug().to_string()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(bytes) => Some(std::net::IpAddr::from(bytes).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string()),
        },
        _ => None,
    }
}

fn timestamp(time: ASN1Time) -> Timestamp {
    Timestamp(u64::try_from(time.timestamp()).unwrap_or(0).saturating_mul(1_000))
}

/// Reads the certificates of a file in PEM, at least one.
fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = files::read(path).map_err(|error| cannot_read(path, &error))?;
    certificates(&text).map_err(|problem| TlsError::new(format!("`{}` {problem}", path.display())))
}

fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).take(LONGEST_CHAIN + 1).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("has no certificate in PEM".to_owned()),
        Ok(chain) if chain.len() > LONGEST_CHAIN => Err(format!("has more than {LONGEST_CHAIN} certificates")),
        Ok(chain) => Ok(chain),
        Err(_) => Err("cannot be read as certificates in PEM".to_owned()),
    }
}

/// Reads a file with roots and returns its text, which has at least one that can be used.
pub(super) fn read_roots(path: &Path) -> Result<String, TlsError> {
    let text = files::read(path).map_err(|error| cannot_read(path, &error))?;
    roots_of(&text).map_err(|error| TlsError::new(format!("`{}`: {error}", path.display())))?;
    Ok(text)
}

/// Returns the roots in a text in PEM, for clients that verify with them.
pub fn roots_of(text: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(text).map_err(|problem| TlsError::new(format!("the file {problem}")))? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::new(format!("the file has a certificate that cannot be used: {error}")))?;
    }
    Ok(roots)
}

fn cannot_read(path: &Path, error: &std::io::Error) -> TlsError {
    TlsError::new(format!("cannot read `{}`: {error}", path.display()))
}
