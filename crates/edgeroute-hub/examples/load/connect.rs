//! Where the server is, and how a client gets a connection to it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use clap::Args;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsConnector;

use crate::identities::Client;
use crate::link::Link;
use crate::packet::{self, Packet};
use crate::{Failure, Result};

/// Seconds without a packet after which the server may close a connection. As the SDK for Python has it.
const KEEP_ALIVE: u16 = 60;

/// The server.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Host and port
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8883")]
    server: String,
    /// The root certificates in PEM; without them the connection is not encrypted
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The name that the certificate must have; that of --server otherwise
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// How long a client tries to connect, in seconds, at the start and after a lost connection
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    connect_timeout: u64,
}

/// Makes connections.
pub(crate) struct Server {
    address: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    patience: Duration,
}

/// A byte stream, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The server refuses a client for a reason that does not pass.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) client: String,
    pub(crate) code: u8,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is refused: CONNACK {}", self.client, self.code)
    }
}

impl std::error::Error for Refused {}

impl Options {
    pub(crate) fn server(&self) -> Result<Server> {
        let host = self.server.rsplit_once(':').map_or(self.server.as_str(), |(host, _)| host);
        let name = self.server_name.as_deref().unwrap_or(host);
        let tls = match &self.ca {
            None => None,
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_file_iter(path)? {
                    roots.add(certificate?)?;
                }
                let provider = Arc::new(rustls::crypto::ring::default_provider());
                let config = ClientConfig::builder_with_provider(provider)
                    .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])?
                    .with_root_certificates(roots);
                let mut config = config.with_no_client_auth();
                // The SDKs make a full handshake each time.
                config.resumption = rustls::client::Resumption::disabled();
                Some((TlsConnector::from(Arc::new(config)), ServerName::try_from(name.to_owned())?))
            }
        };
        Ok(Server { address: self.server.clone(), tls, patience: Duration::from_secs(self.connect_timeout) })
    }
}

impl Server {
    /// Connects a client, and tries again until that works, the server refuses it for good, or the time is over.
    /// Returns the connection, and whether the server still knew the session.
    pub(crate) async fn connect(&self, client: &Client) -> Result<(Link, bool)> {
        let end = Instant::now() + self.patience;
        let mut pause = Duration::from_millis(50);
        loop {
            let error = match timeout_at(end, self.attempt(client)).await {
                Ok(Ok(connected)) => return Ok(connected),
                Ok(Err(error)) if error.is::<Refused>() => return Err(error),
                Ok(Err(error)) => error,
                Err(_) => "the server does not answer".into(),
            };
            if Instant::now() + pause >= end {
                return Err(format!("`{}` cannot connect to {}: {error}", client.id, self.address).into());
            }
            sleep(pause).await;
            pause = (2 * pause).min(Duration::from_secs(1));
        }
    }

    async fn attempt(&self, client: &Client) -> Result<(Link, bool)> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let mut link = Link::new(match &self.tls {
            Some((tls, name)) => Box::new(tls.connect(name.clone(), stream).await?) as Box<dyn Stream>,
            None => Box::new(stream),
        });
        let mut hello = BytesMut::new();
        packet::connect(&mut hello, &client.id, client.credentials()?.as_ref(), KEEP_ALIVE);
        link.out().extend_from_slice(&hello);
        link.flush().await?;
        match link.next().await? {
            Packet::ConnAck { code: 0, session_present } => Ok((link, session_present)),
            // 3 is `server unavailable`, which passes.
            Packet::ConnAck { code: 3, .. } => Err("the server is unavailable: CONNACK 3".into()),
            Packet::ConnAck { code, .. } => Err(Failure::from(Refused { client: client.id.clone(), code })),
            other => Err(format!("{other:?} before CONNACK").into()),
        }
    }
}
