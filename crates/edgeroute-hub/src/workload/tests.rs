use std::os::unix::fs::PermissionsExt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;

use super::*;
use crate::clock::Clock;
use crate::tls::{CertificateSource, Names};

struct OneModule;

impl Signer for OneModule {
    fn sign(&self, module: &str, generation: &str, key: KeyName, data: &[u8]) -> Option<Vec<u8>> {
        let secret: &[u8] = match key {
            KeyName::Primary => b"one",
            KeyName::Secondary => b"two",
        };
        (module == "sensor" && generation == "637").then(|| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        })
    }
}

fn tls(directory: &Path) -> Arc<Tls> {
    let names = Names::new(["localhost"]).expect("valid");
    let source = CertificateSource::Authority { directory: directory.to_owned(), names };
    Arc::new(Tls::open(&source, Clock::default()).expect("made"))
}

async fn exchange(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer
}

fn post(path: &str, body: &str) -> String {
    // As the SDK for Python: no content type.
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn modules_get_the_bundle_and_signatures() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("workload.sock");
    let tls = tls(directory.path());
    let (stop, stopped) = watch::channel(false);
    let listener = bind(&path).await.expect("bound");
    assert_eq!(std::fs::metadata(&path).expect("exists").permissions().mode() & 0o777, 0o600);
    let server = tokio::spawn(serve(listener, Arc::new(OneModule), Arc::clone(&tls), stopped));
    let ask = async |request: &str| exchange(UnixStream::connect(&path).await.expect("connected"), request).await;

    for version in ["2019-01-30", "2018-06-28", "anything"] {
        let request =
            format!("GET /trust-bundle?api-version={version} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = ask(&request).await;
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["certificate"].as_str(), tls.roots());
    }
    let sign = "/modules/sensor/genid/637/sign?api-version=2019-01-30";
    let answer = ask(&post(sign, r#"{"keyId": "primary", "algo": "HMACSHA256", "data": "YWJj"}"#)).await;
    // HMAC-SHA256 of `abc` with the key `one`, by another implementation.
    assert!(answer.ends_with(r#"{"digest":"WSGUWFQHxE6CUox/zSJRHqxclangyeBp2gL8rigm3Ck="}"#), "{answer}");
    for (path, body, status) in [
        ("/modules/filter/genid/637/sign", r#"{"keyId":"primary","algo":"HMACSHA256","data":""}"#, "404"),
        ("/modules/sensor/genid/638/sign", r#"{"keyId":"primary","algo":"HMACSHA256","data":""}"#, "404"),
        (sign, r#"{"keyId":"third","algo":"HMACSHA256","data":""}"#, "400"),
        (sign, r#"{"keyId":"primary","algo":"MD5","data":""}"#, "400"),
        (sign, r#"{"keyId":"primary","algo":"HMACSHA256","data":"!"}"#, "400"),
        (sign, "", "400"),
        ("/modules/sensor/genid/637/encrypt", "", "404"),
    ] {
        let answer = ask(&post(path, body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path} {body}: {answer}");
    }
    stop.send(true).expect("the server runs");
    server.await.expect("it ends");
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("workload.sock");
    let listener = bind(&path).await.expect("bound");
    assert_eq!(bind(&path).await.expect_err("in use").kind(), ErrorKind::AddrInUse);
    drop(listener);
    drop(bind(&path).await.expect("replaced"));
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, "precious").expect("written");
    assert_eq!(bind(&path).await.expect_err("a file").kind(), ErrorKind::AlreadyExists);
    let long = directory.path().join("x".repeat(200));
    assert!(bind(&long).await.expect_err("too long").to_string().contains("shorter path"));
}

#[tokio::test]
async fn pages_of_browsers_are_refused_on_loopback() {
    let directory = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let (_stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve_loopback(listener, Arc::new(OneModule), tls(directory.path()), stopped));
    for (headers, status) in [
        ("Host: 127.0.0.1:1", "200"),
        ("Host: localhost", "200"),
        ("Host: [::1]:5", "200"),
        ("Host: evil.example", "403"),
        ("Host: localhost\r\nOrigin: https://evil.example", "403"),
    ] {
        let request = format!("GET /trust-bundle HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
        let answer = exchange(TcpStream::connect(address).await.expect("connected"), &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{headers}: {answer}");
    }
    server.abort();
}
