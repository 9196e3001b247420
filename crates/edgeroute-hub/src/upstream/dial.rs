use std::fmt;
use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::{Address, InvalidUpstream, Security};

/// The longest CA file, in bytes.
const LONGEST_CA_FILE: u64 = 4 * 1024 * 1024;
/// How many addresses of one name are tried.
const MOST_ADDRESSES: usize = 8;
/// How long one address may take to accept a connection, so that one that swallows packets does not hide the others.
const ADDRESS_TIME: Duration = Duration::from_secs(5);

/// Both directions of a connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection of any kind.
pub(super) type AnyStream = Box<dyn Stream>;

/// Opening of a connection. The error is in words.
pub(super) type Dialing<'d> = Pin<Box<dyn Future<Output = Result<AnyStream, String>> + Send + 'd>>;

/// Opens connections to one server.
pub(super) trait Dial: Send + Sync + 'static {
    /// Opens a connection.
    fn dial(&self) -> Dialing<'_>;
}

/// Opens connections over TCP, with or without TLS.
pub(super) struct Dialer {
    address: Address,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Dialer {
    /// Reads the roots to trust, from `ca_file` or from the system. Blocks on the disk.
    pub(super) fn new(address: Address, ca_file: Option<&Path>) -> Result<Self, InvalidUpstream> {
        let tls = match address.security {
            Security::Plain => None,
            Security::Tls => {
                let name = ServerName::try_from(address.host.clone());
                let name =
                    name.map_err(|_| InvalidUpstream::new("the host is neither a DNS name nor an IP address"))?;
                Some((TlsConnector::from(Arc::new(client_config(ca_file)?)), name))
            }
        };
        Ok(Self { address, tls })
    }

    async fn open(&self) -> Result<AnyStream, String> {
        let stream = self.connect().await?;
        // Only delays acknowledgements a little where it fails.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((connector, name)) => match connector.connect(name.clone(), stream).await {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => Err(format!("the TLS handshake with {} failed: {error}", self.address)),
            },
        }
    }

    /// Tries the addresses of the name one after the other.
    async fn connect(&self) -> Result<TcpStream, String> {
        let Address { host, port, .. } = &self.address;
        let found = lookup_host((host.as_str(), *port)).await;
        let found = found.map_err(|error| format!("the name `{host}` cannot be resolved: {error}"))?;
        let mut last = format!("the name `{host}` has no address");
        for address in found.take(MOST_ADDRESSES) {
            last = match timeout(ADDRESS_TIME, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => format!("cannot connect to {host} at {address}: {error}"),
                Err(_) => format!("no answer from {host} at {address} within {} s", ADDRESS_TIME.as_secs()),
            };
        }
        Err(last)
    }
}

impl Dial for Dialer {
    fn dial(&self) -> Dialing<'_> {
        Box::pin(self.open())
    }
}

fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, InvalidUpstream> {
    let roots = match ca_file {
        Some(file) => roots_of(file)?,
        None => system_roots()?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(InvalidUpstream::new)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn roots_of(file: &Path) -> Result<RootCertStore, InvalidUpstream> {
    let refused =
        |problem: &dyn fmt::Display| InvalidUpstream::new(format_args!("the CA file `{}`: {problem}", file.display()));
    let pem = read(file).map_err(|error| refused(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refused(&error))?;
        roots.add(certificate).map_err(|error| refused(&error))?;
    }
    if roots.is_empty() { Err(refused(&"it has no certificate in PEM")) } else { Ok(roots) }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let length = fs::metadata(file)?.len();
    if length > LONGEST_CA_FILE {
        return Err(io::Error::other(format!("it has {length} bytes, more than {LONGEST_CA_FILE}")));
    }
    fs::read(file)
}

fn system_roots() -> Result<RootCertStore, InvalidUpstream> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems have roots that cannot be parsed: the others do.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let detail = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(InvalidUpstream::new(format_args!(
            "the system has no root certificates{detail}; install them, or give the CA's file"
        )));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(security: Security) -> Address {
        Address { host: "localhost".to_owned(), port: 1, security }
    }

    #[test]
    fn a_ca_file_that_cannot_be_used_is_refused_in_words() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("ca.pem");
        let refusal = || {
            let error = Dialer::new(address(Security::Tls), Some(&file)).expect_err("it is refused");
            error.to_string().replace(&file.display().to_string(), "FILE")
        };
        assert!(refusal().starts_with("cannot use this upstream: the CA file `FILE`: No such file"), "{}", refusal());
        fs::write(&file, "nothing").expect("written");
        assert_eq!(refusal(), "cannot use this upstream: the CA file `FILE`: it has no certificate in PEM");
        fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
        assert!(refusal().starts_with("cannot use this upstream: the CA file `FILE`: "), "{}", refusal());
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_address() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        drop(listener);
        let address = Address { host: "127.0.0.1".to_owned(), port, security: Security::Plain };
        let error = Dialer::new(address, None).expect("valid").dial().await.err().expect("nobody listens");
        assert!(error.starts_with(&format!("cannot connect to 127.0.0.1 at 127.0.0.1:{port}: ")), "{error}");
    }
}
