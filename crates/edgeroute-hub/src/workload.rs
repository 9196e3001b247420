//! The workload API, for modules that run as in production: the trust bundle, and signatures with their keys.
//!
//! It knows which module asks by the path alone, as the original does. So it listens on a Unix socket that only its
//! owner may use, and on a loopback address only if it is asked to.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{self, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HOST, ORIGIN};
use serde::Deserialize;
use tokio::net::{TcpListener, UnixListener, UnixSocket};

use crate::http::{error, read_body, serve_connection};
use crate::json;
use crate::listen::{self, Stop};
use crate::tls::Tls;

/// The most connections at the same time.
const CONNECTIONS: usize = 64;
/// The longest path of a Unix socket, in bytes.
const LONGEST_PATH: usize = 107;

/// Signs with the keys of modules.
pub trait Signer: Send + Sync + 'static {
    /// Returns the HMAC-SHA256 of `data` with a key of a module, if the module has this generation id.
    fn sign(&self, module: &str, generation: &str, key: KeyName, data: &[u8]) -> Option<Vec<u8>>;
}

/// Which key of a module signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyName {
    /// The primary key.
    Primary,
    /// The secondary key.
    Secondary,
}

/// A request to sign.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignRequest {
    key_id: KeyName,
    algo: String,
    data: String,
}

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Socket,
    Loopback,
}

struct Workload<S> {
    signer: Arc<S>,
    tls: Arc<Tls>,
}

impl<S> Clone for Workload<S> {
    fn clone(&self) -> Self {
        Self { signer: Arc::clone(&self.signer), tls: Arc::clone(&self.tls) }
    }
}

/// Binds the socket, for its owner alone. Replaces a socket that nobody listens on any more; must run in a runtime.
pub async fn bind(path: &Path) -> io::Result<UnixListener> {
    if path.as_os_str().len() > LONGEST_PATH {
        let problem = format!("longer than {LONGEST_PATH} bytes: set listen.workload to a shorter path");
        return Err(io::Error::new(ErrorKind::InvalidInput, problem));
    }
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => match tokio::net::UnixStream::connect(path).await {
            Ok(_) => return Err(io::Error::new(ErrorKind::AddrInUse, "another hub listens on it")),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Err(error) => return Err(error),
        },
        Ok(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, "it exists and is not a socket")),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    // Nobody can connect before it listens.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    socket.listen(128)
}

/// Serves the API on a Unix socket until the hub stops.
pub async fn serve<S: Signer>(listener: UnixListener, signer: Arc<S>, tls: Arc<Tls>, stop: Stop) {
    let router = router(signer, tls);
    listen::accept(listener, CONNECTIONS, "workload API", stop.clone(), |stream, (), _| {
        serve_connection(stream, router.clone(), Way::Socket, stop.clone())
    })
    .await;
}

/// Serves the API on a loopback address until the hub stops. Refuses what browsers send for pages of other sites.
pub async fn serve_loopback<S: Signer>(listener: TcpListener, signer: Arc<S>, tls: Arc<Tls>, stop: Stop) {
    let router = router(signer, tls);
    listen::accept(listener, CONNECTIONS, "workload API", stop.clone(), |stream, _, _| {
        serve_connection(stream, router.clone(), Way::Loopback, stop.clone())
    })
    .await;
}

fn router<S: Signer>(signer: Arc<S>, tls: Arc<Tls>) -> Router {
    Router::new()
        .route("/trust-bundle", get(trust_bundle::<S>))
        .route("/modules/{module}/genid/{generation}/sign", post(sign::<S>))
        .with_state(Workload { signer, tls })
        .fallback(|| async { error(404, 404_000, "the workload API of this hub has /trust-bundle and sign") })
}

async fn trust_bundle<S: Signer>(
    State(workload): State<Workload<S>>,
    Extension(way): Extension<Way>,
    request: Request,
) -> Response {
    if let Some(refused) = refuse_pages(way, &request) {
        return refused;
    }
    match workload.tls.roots() {
        Some(roots) => Json(serde_json::json!({ "certificate": roots })).into_response(),
        None => error(404, 404_000, "the hub was given a certificate without its root: start it with --ca"),
    }
}

async fn sign<S: Signer>(
    State(workload): State<Workload<S>>,
    extract::Path((module, generation)): extract::Path<(String, String)>,
    Extension(way): Extension<Way>,
    request: Request,
) -> Response {
    if let Some(refused) = refuse_pages(way, &request) {
        return refused;
    }
    let body = match read_body(request.into_body()).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    // The SDK for Python sends no content type.
    let Ok(request) = json::from_object::<SignRequest>(&body) else {
        return error(400, 400_004, "the body has to be JSON with keyId (primary or secondary), algo and data");
    };
    if request.algo != "HMACSHA256" {
        return error(400, 400_004, "the only algorithm is HMACSHA256");
    }
    let Ok(data) = STANDARD.decode(&request.data) else {
        return error(400, 400_004, "data has to be base64");
    };
    if let Some(digest) = workload.signer.sign(&module, &generation, request.key_id, &data) {
        return Json(serde_json::json!({ "digest": STANDARD.encode(digest) })).into_response();
    }
    tracing::warn!(
        module = %module.escape_debug(),
        "the workload API refused to sign: no such module, or another generation id; print the variables with \
         `edgeroute hub env --production MODULE`"
    );
    error(404, 404_000, "there is no such module with this generation id")
}

/// Returns the answer to a request that a page of a browser may have made.
fn refuse_pages(way: Way, request: &Request) -> Option<Response> {
    if way == Way::Socket {
        return None;
    }
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "localhost" | "[::1]")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    (!local || request.headers().contains_key(ORIGIN))
        .then(|| error(403, 403_000, "the workload API is not for pages of browsers"))
}

#[cfg(test)]
mod tests;
