use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{TlsConnector, client};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::*;
use crate::clock::Timestamp;

const DAY: i64 = 24 * 60 * 60 * 1_000;

fn open(directory: &Path, clock: &Clock) -> Tls {
    let names = Names::new(["edge-hub.local"]).expect("valid").with_local();
    let source = CertificateSource::Authority { directory: directory.to_owned(), names };
    Tls::open(&source, clock.clone()).expect("certificates are made")
}

fn connector(roots: &str, version: &'static SupportedProtocolVersion) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .expect("the provider has it")
        .with_root_certificates(roots_of(roots).expect("roots"))
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

type Client = client::TlsStream<DuplexStream>;

async fn handshake(
    tls: &Tls,
    roots: &str,
    version: &'static SupportedProtocolVersion,
    name: &'static str,
) -> (Result<TlsStream<DuplexStream>, HandshakeFailure>, std::io::Result<Client>) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let name = ServerName::try_from(name).expect("a name");
    let peer = "192.0.2.1:1234".parse().expect("an address");
    tokio::join!(tls.accept(near, peer), connector(roots, version).connect(name, far))
}

#[tokio::test]
async fn clients_of_both_versions_verify_every_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let tls = open(directory.path(), &Clock::default());
    let roots = tls.roots().expect("a root");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for name in ["edge-hub.local", "localhost", "127.0.0.1", "::1"] {
            let (server, client) = handshake(&tls, roots, version, name).await;
            let (mut server, mut client) = (server.expect("accepted"), client.expect("verified"));
            client.write_all(b"ping").await.expect("written");
            client.flush().await.expect("sent");
            let mut bytes = [0; 4];
            server.read_exact(&mut bytes).await.expect("read");
            assert_eq!(&bytes, b"ping");
            assert_eq!(server.get_ref().1.protocol_version(), Some(version.version));
        }
    }
}

#[tokio::test]
async fn a_refused_name_is_explained() {
    let directory = tempfile::tempdir().expect("a directory");
    let tls = open(directory.path(), &Clock::default());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (server, client) = handshake(&tls, tls.roots().expect("a root"), version, "other.example").await;
        assert!(client.is_err());
        let failure = server.expect_err("refused").to_string();
        for part in ["192.0.2.1:1234", "`other.example`", "--hostname other.example", "for edge-hub.local, localhost"] {
            assert!(failure.contains(part), "{part} in {failure}");
        }
    }
}

#[tokio::test]
async fn an_unknown_root_and_an_expired_certificate_are_explained() {
    let (one, two) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let other = open(two.path(), &Clock::default());
    let clock = Clock::default();
    clock.shift(-40 * DAY);
    let tls = open(one.path(), &clock);
    let (server, client) = handshake(&other, tls.roots().expect("a root"), &rustls::version::TLS13, "localhost").await;
    assert!(client.is_err());
    let failure = server.expect_err("refused").to_string();
    assert!(failure.contains("does not know the root") && failure.contains("ca.pem"), "{failure}");

    let (server, client) = handshake(&tls, tls.roots().expect("a root"), &rustls::version::TLS12, "localhost").await;
    assert!(client.is_err());
    let failure = server.expect_err("refused").to_string();
    assert!(failure.contains("compare the clocks"), "{failure}");
    clock.shift(40 * DAY);
    let (server, _) = handshake(&tls, tls.roots().expect("a root"), &rustls::version::TLS12, "localhost").await;
    let failure = server.expect_err("refused").to_string();
    assert!(failure.contains("expired on 20"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn clients_without_tls_and_silent_ones_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let tls = open(directory.path(), &Clock::default());
    let peer = "192.0.2.1:1".parse().expect("an address");
    let (near, mut far) = tokio::io::duplex(1024);
    far.write_all(b"\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0").await.expect("written");
    let failure = tls.accept(near, peer).await.expect_err("refused");
    assert!(failure.reason().contains("does not speak TLS"), "{failure}");

    // Silent clients wait elsewhere: more than there are places do not keep one that speaks from its handshake.
    let tls = Arc::new(tls);
    let mut silent = Vec::new();
    let mut ends = Vec::new();
    for _ in 0..2 * HANDSHAKES {
        let (near, far) = tokio::io::duplex(1024);
        ends.push(far);
        let tls = Arc::clone(&tls);
        silent.push(tokio::spawn(async move { tls.accept(near, peer).await.err().map(|failure| failure.to_string()) }));
    }
    tokio::task::yield_now().await;
    let (server, _client) = handshake(&tls, tls.roots().expect("a root"), &rustls::version::TLS13, "localhost").await;
    assert!(server.is_ok());
    for task in silent {
        let failure = task.await.expect("joined").expect("refused");
        assert!(failure.contains("nothing for 10 s") && failure.contains("no name"), "{failure}");
    }
}

#[tokio::test]
async fn renewal_changes_new_handshakes_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let clock = Clock::default();
    let tls = open(directory.path(), &clock);
    let roots = tls.roots().expect("a root");
    let (server, client) = handshake(&tls, roots, &rustls::version::TLS13, "localhost").await;
    let (mut server, mut client) = (server.expect("accepted"), client.expect("verified"));
    let before = tls.certificate();

    clock.shift(19 * DAY);
    assert!(!tls.is_due());
    assert!(!tls.renew_once().expect("nothing to do"));
    clock.shift(DAY);
    assert!(tls.is_due());
    assert!(tls.renew_once().expect("renewed"));
    assert!(!tls.is_due());
    assert_ne!(tls.certificate().chain(), before.chain());
    assert!(tls.certificate().not_after() > before.not_after());

    server.write_all(b"still here").await.expect("written");
    server.flush().await.expect("sent");
    let mut bytes = [0; 10];
    client.read_exact(&mut bytes).await.expect("read");
    assert_eq!(&bytes, b"still here");
    // The client's clock is the real one: the new certificate is not valid yet for it, which shows that it is new.
    let (_, client) = handshake(&tls, roots, &rustls::version::TLS13, "localhost").await;
    assert!(client.expect_err("from the future").to_string().contains("not valid yet"));
}

#[test]
fn a_clock_that_is_set_makes_the_certificate_due() {
    let directory = tempfile::tempdir().expect("a directory");
    let clock = Clock::default();
    // A computer without a battery for its clock starts in 1970.
    clock.shift(-i64::try_from(clock.now().0).expect("small"));
    let tls = open(directory.path(), &clock);
    assert!(!tls.is_due());
    clock.shift(i64::try_from(Clock::default().now().0).expect("small"));
    assert!(tls.is_due());
    assert!(tls.renew_once().expect("renewed"));
    // The root that was made in 1970 is valid for ten years from now on.
    assert!(Authority::open(directory.path(), &clock).is_ok());
}

#[test]
fn the_root_is_kept_and_its_key_is_private() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let first = Authority::open(&data, &Clock::default()).expect("made");
    let again = Authority::open(&data, &Clock::default()).expect("read");
    assert_eq!(first.root(), again.root());
    let mode = |file: &str| fs::metadata(data.join(file)).expect("exists").permissions().mode() & 0o777;
    assert_eq!((mode("ca-key.pem"), mode("ca.pem")), (0o600, 0o644));
    assert!(!format!("{first:?}").contains("PRIVATE"));
}

#[tokio::test]
async fn a_root_that_was_removed_is_made_again_for_its_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let before = open(directory.path(), &Clock::default()).roots().expect("a root").to_owned();
    fs::remove_file(directory.path().join("ca.pem")).expect("removed");
    let tls = open(directory.path(), &Clock::default());
    // Clients that have the old root go on.
    let (_, client) = handshake(&tls, &before, &rustls::version::TLS13, "localhost").await;
    assert!(client.is_ok());
}

#[test]
fn files_that_cannot_be_used_are_reported_and_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let other = tempfile::tempdir().expect("a directory");
    let clock = Clock::default();
    Authority::open(directory.path(), &clock).expect("made");
    Authority::open(other.path(), &clock).expect("made");
    let [root, key] = ["ca.pem", "ca-key.pem"].map(|file| directory.path().join(file));
    let (good_root, good_key) = (fs::read(&root).expect("read"), fs::read(&key).expect("read"));
    let reported = |part: &str| {
        let error = Authority::open(directory.path(), &clock).expect_err("refused").to_string();
        assert!(error.contains(part) && error.contains("or remove both"), "{part} in {error}");
    };

    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "nonsense"] {
        fs::write(&root, broken).expect("written");
        reported("ca.pem`");
        assert_eq!(fs::read(&root).expect("kept"), broken.as_bytes());
    }
    fs::copy(other.path().join("ca.pem"), &root).expect("copied");
    reported("does not belong to the key");
    fs::write(&root, good_root).expect("written");
    fs::write(&key, "nonsense").expect("written");
    reported("no usable key");
    fs::remove_file(&key).expect("removed");
    reported("is missing");
    fs::write(&key, good_key).expect("written");
    assert!(Authority::open(directory.path(), &clock).is_ok());
    clock.shift(11 * 366 * DAY);
    reported("was valid until");
}

#[test]
fn extensions_satisfy_strict_verification() {
    let directory = tempfile::tempdir().expect("a directory");
    let tls = open(directory.path(), &Clock::default());
    let pem = tls.roots().expect("a root").as_bytes();
    let root: CertificateDer<'_> = rustls::pki_types::pem::PemObject::from_pem_slice(pem).expect("PEM");
    let (_, root) = X509Certificate::from_der(&root).expect("DER");
    let server = tls.certificate();
    assert_eq!(server.chain().len(), 1, "the root is not sent");
    let (_, server) = X509Certificate::from_der(&server.chain()[0]).expect("DER");

    let subject_key = |certificate: &X509Certificate<'_>| {
        certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        })
    };
    let authority_key = |certificate: &X509Certificate<'_>| {
        certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => None,
        })
    };
    let root_key = subject_key(&root).expect("has an identifier");
    assert_eq!(authority_key(&root).as_ref(), Some(&root_key));
    assert_eq!(authority_key(&server).as_ref(), Some(&root_key));
    assert_ne!(subject_key(&server).expect("has an identifier"), root_key);
    let constraints = root.basic_constraints().expect("readable").expect("present");
    assert!(constraints.critical && constraints.value.ca);
    let usage = root.key_usage().expect("readable").expect("present");
    assert!(usage.critical && usage.value.key_cert_sign());
    assert!(!server.is_ca());
    assert!(server.key_usage().expect("readable").expect("present").value.digital_signature());
    assert!(server.extended_key_usage().expect("readable").expect("present").value.server_auth);
    assert_eq!(server.issuer(), root.subject());
}

#[tokio::test]
async fn own_files_are_used_and_read_again_when_they_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::open(directory.path(), &Clock::default()).expect("made");
    let [certificate, key] = ["server.pem", "server-key.pem"].map(|file| directory.path().join(file));
    let write = |name: &str| {
        let pair = rcgen::KeyPair::generate().expect("a key");
        let root_key = fs::read_to_string(directory.path().join("ca-key.pem")).expect("read");
        let root_key = rcgen::KeyPair::from_pem(&root_key).expect("a key");
        let issuer = rcgen::Issuer::from_ca_cert_pem(authority.root(), root_key).expect("a root");
        let parameters = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
        fs::write(&certificate, parameters.signed_by(&pair, &issuer).expect("signed").pem()).expect("written");
        fs::write(&key, pair.serialize_pem()).expect("written");
    };
    write("one.example");
    let files =
        CertificateFiles { certificate: certificate.clone(), key: key.clone(), root: Some(authority.root_file()) };
    let tls = Tls::open(&CertificateSource::Files(files), Clock::default()).expect("opened");
    let roots = tls.roots().expect("a root");
    assert!(handshake(&tls, roots, &rustls::version::TLS12, "one.example").await.1.is_ok());
    assert!(!tls.renew_once().expect("the same"));
    write("two.example");
    assert!(tls.renew_once().expect("read"));
    assert!(handshake(&tls, roots, &rustls::version::TLS12, "two.example").await.1.is_ok());

    // While one file is new and the other is not, the old certificate stays in use.
    fs::write(&key, rcgen::KeyPair::generate().expect("a key").serialize_pem()).expect("written");
    let error = tls.renew_once().expect_err("refused").to_string();
    assert!(error.contains("does not belong to the key"), "{error}");
    assert!(handshake(&tls, roots, &rustls::version::TLS12, "two.example").await.1.is_ok());
    fs::write(&key, "nothing").expect("written");
    assert!(tls.renew_once().expect_err("refused").to_string().contains("no private key"));
}

#[test]
fn certificates_are_judged_by_their_dates() {
    let directory = tempfile::tempdir().expect("a directory");
    let tls = open(directory.path(), &Clock::default());
    let certificate = tls.certificate();
    assert_eq!(certificate.problem_of_dates(Clock::default().now()), None);
    assert!(certificate.problem_of_dates(Timestamp(0)).expect("too early").contains("from 20"));
    assert!(certificate.is_for("LOCALHOST") && !certificate.is_for("other") && !certificate.is_for("not a name"));
}
