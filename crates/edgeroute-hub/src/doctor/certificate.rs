use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Finding;
use super::network::Occupied;
use crate::clock::Clock;
use crate::config::Config;
use crate::tls::{CertificateSource, Names, Tls, provider, roots_of, strict_problems};

const CHECK: &str = "certificate";
/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a certificate that the hub does not renew should be valid, in milliseconds.
const SOON: u64 = 14 * 24 * 60 * 60 * 1_000;

/// Verifies the certificate as the SDKs do: that of the hub that runs, and the one that a hub would start with.
pub(super) async fn check(config: &Config, clock: &Clock, occupied: Occupied, findings: &mut Vec<Finding>) {
    if config.certificate.is_none() && !config.data.join("ca.pem").exists() {
        findings.push(Finding::ok(CHECK, "it does not exist yet; the hub makes it at the first start"));
        return;
    }
    let tls = match Tls::open(&config.certificate_source(), clock.clone()) {
        Ok(tls) => Arc::new(tls),
        Err(error) => {
            findings.push(Finding::problem(CHECK, error.to_string(), "the hub does not start before this is solved"));
            return;
        }
    };
    let certificate = tls.certificate();
    let Some(roots) = tls.roots() else {
        findings.push(Finding::warning(
            CHECK,
            "the hub was given a certificate without its root, so it cannot be verified here",
            "give the root with --ca, which `edgeroute hub env` then names",
        ));
        return;
    };
    for problem in strict_problems(&certificate, roots) {
        let remedy = "make a new certificate; Python from 3.13 on refuses this one";
        findings.push(Finding::warning(CHECK, problem, remedy));
    }
    if config.certificate.is_some() && certificate.not_after().millis_since(clock.now()) < SOON {
        findings.push(Finding::warning(
            CHECK,
            "the certificate expires within 14 days",
            "replace the files; the hub reads them each minute and needs no restart",
        ));
    }
    let names = match &config.certificate_source() {
        CertificateSource::Authority { names, .. } => names.clone(),
        // A certificate of others need not be for all local names.
        CertificateSource::Files(_) => Names::unchecked(vec![config.gateway().to_owned()]),
    };
    verify(roots, &names, "the configured certificate", findings, || {
        let tls = Arc::clone(&tls);
        async move {
            let (near, far) = tokio::io::duplex(64 * 1024);
            tokio::spawn(async move {
                let _ = tls.accept(near, SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await;
            });
            Ok(far)
        }
    })
    .await;
    if occupied == Occupied::Yes {
        let address = config.listen.mqtt();
        let names = Names::unchecked(vec![config.gateway().to_owned()]);
        verify(roots, &names, "the server that runs", findings, || reach(address)).await;
    }
}

async fn reach(mut address: SocketAddr) -> std::io::Result<TcpStream> {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    timeout(PATIENCE, TcpStream::connect(address)).await?
}

/// Does a handshake for each name with each version of TLS that an SDK uses.
async fn verify<S, F>(roots: &str, names: &Names, what: &str, findings: &mut Vec<Finding>, connect: impl Fn() -> F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = std::io::Result<S>>,
{
    const VERSIONS: [(&SupportedProtocolVersion, &str); 2] =
        [(&rustls::version::TLS12, "TLS 1.2, as Python"), (&rustls::version::TLS13, "TLS 1.3, as Node.js")];
    let mut problems = Vec::new();
    for name in names.iter() {
        for (version, sdk) in VERSIONS {
            let verified = async { handshake(connect().await?, roots, version, name).await };
            if let Err(error) = verified.await {
                problems.push(format!("{what} does not verify for `{name}` with {sdk}: {error}"));
            }
        }
    }
    if problems.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{what} verifies with TLS 1.2 and 1.3 for {names}")));
    }
    for problem in problems {
        let remedy = "use a name that the certificate has, or add one with --hostname; then start the hub anew";
        findings.push(Finding::problem(CHECK, problem, remedy));
    }
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    roots: &str,
    version: &'static SupportedProtocolVersion,
    name: &str,
) -> std::io::Result<()> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .map_err(std::io::Error::other)?
        .with_root_certificates(roots_of(roots).map_err(std::io::Error::other)?)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).map_err(std::io::Error::other)?;
    timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await??;
    Ok(())
}
