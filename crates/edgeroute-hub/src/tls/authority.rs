use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;

use super::certificate::{Details, ServerCertificate};
use super::{Names, TlsError};
use crate::clock::{Clock, Timestamp};
use crate::files::{self, Access};

const DAY: u64 = 24 * 60 * 60 * 1_000;
/// How long a root is valid, in milliseconds.
const ROOT_LIFE: u64 = 3_653 * DAY;
/// How long a server certificate is valid, in milliseconds.
const SERVER_LIFE: u64 = 30 * DAY;
/// When a server certificate is replaced, in milliseconds after it was made.
const SERVER_RENEWAL: u64 = 20 * DAY;
/// 2026-01-01. A clock that is earlier has not been set yet; a root that it dates must not end before it is set.
const EARLIEST_NOW: Timestamp = Timestamp(1_767_225_600_000);

/// The name of the file with the root.
pub const ROOT_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";

/// A root certificate with its key, in a directory.
pub struct Authority {
    directory: PathBuf,
    root: String,
    issuer: Issuer<'static, KeyPair>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Authority {
    /// Reads the root in a directory, or makes one that is valid for ten years. The key is for its owner alone.
    ///
    /// Files that cannot be used are left as they are, and the error says what to do.
    pub fn open(directory: &Path, clock: &Clock) -> Result<Self, TlsError> {
        let key_file = directory.join(KEY_FILE);
        let root_file = directory.join(ROOT_FILE);
        let (key, root) = (read(&key_file)?, read(&root_file)?);
        let remedy = format!(
            "put `{}` and `{}` back as they were, or remove both: the hub then makes a new root, which clients have to \
             trust anew",
            key_file.display(),
            root_file.display()
        );
        let key = match (key, &root) {
            (Some(key), _) => KeyPair::from_pem(&key)
                .map_err(|_| TlsError::new(format!("`{}` has no usable key: {remedy}", key_file.display())))?,
            (None, None) => {
                files::create_directory(directory).map_err(|error| cannot_write(directory, &error))?;
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| cannot_make(&error))?;
                files::write(&key_file, key.serialize_pem().as_bytes(), Access::Private)
                    .map_err(|error| cannot_write(&key_file, &error))?;
                key
            }
            (None, Some(_)) => {
                return Err(TlsError::new(format!("`{}` is missing: {remedy}", key_file.display())));
            }
        };
        let root = if let Some(root) = root {
            check_root(&root, &key, clock.now())
                .map_err(|problem| TlsError::new(format!("`{}` {problem}: {remedy}", root_file.display())))?;
            root
        } else {
            // The same key makes a root with the same name, so clients that have the old one go on trusting it.
            let root = make_root(&key, clock.now()).map_err(|error| cannot_make(&error))?;
            files::write(&root_file, root.as_bytes(), Access::Public)
                .map_err(|error| cannot_write(&root_file, &error))?;
            root
        };
        let issuer = Issuer::from_ca_cert_pem(&root, key)
            .map_err(|error| TlsError::new(format!("`{}` cannot be used ({error}): {remedy}", root_file.display())))?;
        Ok(Self { directory: directory.to_owned(), root, issuer })
    }

    /// Returns the root certificate in PEM.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Returns the file of the root certificate, which clients have to trust.
    pub fn root_file(&self) -> PathBuf {
        self.directory.join(ROOT_FILE)
    }

    /// Makes a server certificate with a new key, valid for 30 days and due after 20. It is not stored.
    pub fn issue(&self, names: &Names, now: Timestamp) -> Result<ServerCertificate, TlsError> {
        let issue = || -> Result<_, rcgen::Error> {
            let mut server = CertificateParams::new(names.iter().map(str::to_owned).collect::<Vec<_>>())?;
            server.distinguished_name = named("edgeroute hub");
            // Clocks of clients may be a little late.
            server.not_before = date(Timestamp(now.0.saturating_sub(DAY)));
            server.not_after = date(now.plus_millis(SERVER_LIFE));
            server.is_ca = IsCa::ExplicitNoCa;
            server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            server.use_authority_key_identifier_extension = true;
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            Ok((server.signed_by(&key, &self.issuer)?, key))
        };
        let (certificate, key) = issue().map_err(|error| cannot_make(&error))?;
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok(ServerCertificate::new(vec![certificate.der().clone()], key.into())
            .map_err(|problem| TlsError::new(format!("the new server certificate {problem}")))?
            .due_at(now.plus_millis(SERVER_RENEWAL)))
    }
}

fn read(path: &Path) -> Result<Option<String>, TlsError> {
    match files::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(TlsError::new(format!("cannot read `{}`: {error}", path.display()))),
    }
}

fn make_root(key: &KeyPair, now: Timestamp) -> Result<String, rcgen::Error> {
    let mut root = CertificateParams::default();
    // Roots of several hubs differ in their names, so that a bundle of them is searched without ambiguity.
    let id = root.key_identifier(key).first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    root.distinguished_name = named(&format!("edgeroute hub root {id:08x}"));
    root.not_before = date(Timestamp(now.0.saturating_sub(DAY)));
    root.not_after = date(now.max(EARLIEST_NOW).plus_millis(ROOT_LIFE));
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    root.use_authority_key_identifier_extension = true;
    Ok(root.self_signed(key)?.pem())
}

/// Whether a root can sign for clients now. Otherwise says in what it fails, as the end of a sentence.
fn check_root(root: &str, key: &KeyPair, now: Timestamp) -> Result<(), String> {
    let root = CertificateDer::from_pem_slice(root.as_bytes()).map_err(|_| "has no certificate in PEM".to_owned())?;
    let details = Details::read(&root)?;
    if details.public_key != key.subject_public_key_info() {
        return Err(format!("does not belong to the key in `{KEY_FILE}`"));
    }
    if !details.is_authority {
        return Err("is not the certificate of an authority".to_owned());
    }
    if now > details.not_after {
        return Err(format!("was valid until {}, and the clock says {}", details.not_after_date(), date(now).date()));
    }
    if now < details.not_before {
        // The clock will be set. Until then nothing verifies, and afterwards everything does.
        tracing::warn!(
            "the clock says {}, which is before the root certificate is valid: clients will not connect",
            date(now).date()
        );
    }
    Ok(())
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Converts a time to whole seconds. Times after the year 9999 become its end.
pub(super) fn date(time: Timestamp) -> OffsetDateTime {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or_else(|| rcgen::date_time_ymd(9999, 12, 31))
}

fn cannot_make(error: &rcgen::Error) -> TlsError {
    TlsError::new(format!("cannot make a certificate: {error}"))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> TlsError {
    TlsError::new(format!(
        "cannot write `{}`: {error}: give a directory that can be written with --data",
        path.display()
    ))
}
