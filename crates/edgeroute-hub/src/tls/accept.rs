use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::AlertDescription;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use super::{ServerCertificate, Tls};
use crate::clock::Timestamp;

/// A stream after the handshake.
pub type TlsStream<S> = tokio_rustls::server::TlsStream<S>;

/// The longest time for the first message of a client, for waiting for its turn, and for the rest: each this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// A handshake that failed. Displays the reason in words, the peer, the name it asked for, and the names there are.
#[derive(Debug)]
pub struct HandshakeFailure {
    peer: SocketAddr,
    asked_for: Option<String>,
    names: String,
    reason: String,
}

impl HandshakeFailure {
    /// Returns the reason in words.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, asked_for, names, reason } = self;
        write!(f, "TLS handshake with {peer} failed: {reason} (the client asked for ")?;
        match asked_for {
            Some(name) => write!(f, "`{name}`")?,
            None => f.write_str("no name")?,
        }
        write!(f, ", the certificate is for {names})")
    }
}

impl std::error::Error for HandshakeFailure {}

impl Tls {
    /// Does the handshake with a client. Failures are logged here, at most 10 in 10 s.
    ///
    /// At most 32 handshakes run at once; further clients wait. A client that sends nothing does not take the place of
    /// others. Each of the three steps (first message, waiting, the rest) takes at most 10 s.
    pub async fn accept<S>(&self, stream: S, peer: SocketAddr) -> Result<TlsStream<S>, HandshakeFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut asked_for = None;
        self.handshake(stream, &mut asked_for).await.map_err(|reason| {
            let names = self.certificate().names().to_string();
            let failure = HandshakeFailure { peer, asked_for, names, reason };
            match self.complaints.another(Instant::now()) {
                Some(0) => tracing::warn!("{failure}"),
                Some(left_out) => tracing::warn!("{failure}; {left_out} failures before it are not shown"),
                None => {}
            }
            failure
        })
    }

    async fn handshake<S>(&self, stream: S, asked_for: &mut Option<String>) -> Result<TlsStream<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let start = timeout(PATIENCE, LazyConfigAcceptor::new(Acceptor::default(), stream))
            .await
            .map_err(|_| "the client sent nothing for 10 s".to_owned())?
            .map_err(|error| self.reason(&error, None))?;
        *asked_for = start.client_hello().server_name().map(str::to_owned);
        let turn = timeout(PATIENCE, self.handshakes.acquire())
            .await
            .map_err(|_| "too many handshakes at once, the client has to try again".to_owned())?
            .map_err(|_| "the hub is stopping".to_owned())?;
        let accepted = timeout(PATIENCE, start.into_stream(self.server.clone()))
            .await
            .map_err(|_| "the client did not finish within 10 s".to_owned())?
            .map_err(|error| self.reason(&error, asked_for.as_deref()));
        drop(turn);
        accepted
    }

    /// Explains why a handshake failed, from the client's alert as far as it says.
    fn reason(&self, error: &io::Error, asked_for: Option<&str>) -> String {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let certificate = self.certificate();
        match tls {
            Some(rustls::Error::AlertReceived(alert)) => {
                self.reason_of_alert(*alert, asked_for, &certificate, self.clock.now())
            }
            Some(rustls::Error::InvalidMessage(_)) => {
                "the client does not speak TLS: it has to connect with TLS".to_owned()
            }
            Some(rustls::Error::PeerIncompatible(problem)) => {
                format!("the client cannot do what the hub needs: {problem:?}")
            }
            Some(error) => error.to_string(),
            None if error.kind() == io::ErrorKind::UnexpectedEof && asked_for.is_some() => {
                format!(
                    "the client closed the connection, probably because it does not accept the certificate: {}",
                    self.advice(asked_for, &certificate, self.clock.now())
                )
            }
            None if error.kind() == io::ErrorKind::UnexpectedEof => "the client closed the connection".to_owned(),
            None => error.to_string(),
        }
    }

    fn reason_of_alert(
        &self,
        alert: AlertDescription,
        asked_for: Option<&str>,
        certificate: &ServerCertificate,
        now: Timestamp,
    ) -> String {
        let advice = || self.advice(asked_for, certificate, now);
        match alert {
            AlertDescription::UnknownCA => format!("the client does not know the root: {}", self.advice_for_root()),
            AlertDescription::CertificateExpired => {
                let problem = match certificate.problem_of_dates(now) {
                    Some(problem) => format!("it {problem}"),
                    None => "it is valid by the hub's clock, so compare the clocks of both".to_owned(),
                };
                format!("the client finds the certificate expired: {problem}")
            }
            AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::UnrecognisedName => format!("the client refuses the certificate: {}", advice()),
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
                "the client has no version of TLS or cipher that the hub has: it needs TLS 1.2 or 1.3".to_owned()
            }
            alert => format!("the client sent the alert {alert:?}: {}", advice()),
        }
    }

    /// Returns what a user can do about a certificate that a client refuses.
    fn advice(&self, asked_for: Option<&str>, certificate: &ServerCertificate, now: Timestamp) -> String {
        if let Some(problem) = certificate.problem_of_dates(now) {
            return format!("the certificate {problem}: set the clock, or give a valid certificate");
        }
        match asked_for {
            Some(name) if !certificate.is_for(name) => {
                format!("it is not for `{name}`: start the hub with --hostname {name}, or use a name that it is for")
            }
            Some(_) => self.advice_for_root(),
            None => format!(
                "the client connects to an address, which the certificate may lack: use a name; or {}",
                self.advice_for_root()
            ),
        }
    }

    fn advice_for_root(&self) -> String {
        match self.roots_file() {
            Some(file) => {
                format!("let the client trust `{}`, in EdgeModuleCACertificateFile or in its code", file.display())
            }
            None => "let the client trust the root of the certificate that the hub was given".to_owned(),
        }
    }
}
