//! Requests of a client about its twin. One task for each connection answers them in order.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::connection::Response;
use crate::hub::Hub;
use crate::identity::ClientId;
use crate::twins::TwinError;
use crate::wire;

/// A request of a client.
pub(super) enum Request {
    /// Get the twin.
    Get { rid: String },
    /// Change the reported properties.
    Report { rid: String, patch: Vec<u8> },
    /// Send the changes of the desired properties that the client has not seen.
    CatchUp,
    /// The client was sent the desired properties of a version.
    Sent { version: u64 },
    /// The client has received the desired properties of a version.
    Seen { version: u64 },
}

/// Answers requests until the connection ends.
pub(super) async fn answer(
    hub: Arc<Hub>,
    client: ClientId,
    mut requests: mpsc::Receiver<Request>,
    responses: mpsc::Sender<Response>,
) {
    while let Some(request) = requests.recv().await {
        let start = Instant::now();
        let response = match request {
            Request::CatchUp => {
                log(&client, hub.twins.catch_up(&client).await);
                continue;
            }
            Request::Sent { version } => {
                log(&client, hub.twins.desired_sent(&client, version).await);
                continue;
            }
            Request::Seen { version } => {
                log(&client, hub.twins.desired_seen(&client, version).await);
                continue;
            }
            Request::Get { rid } => {
                let twin = hub.twins.get(&client).await;
                hub.metrics.twin_read(&client, start.elapsed());
                match twin {
                    Ok(payload) => Response { topic: wire::twin_response_topic(200, &rid, None), payload },
                    Err(error) => failed(&error, &rid),
                }
            }
            Request::Report { rid, patch } => {
                let reported = hub.twins.report(&client, &patch).await;
                hub.metrics.reported(&client, start.elapsed());
                match reported {
                    Ok(version) => {
                        Response { topic: wire::twin_response_topic(204, &rid, Some(version)), payload: Vec::new() }
                    }
                    Err(error) => failed(&error, &rid),
                }
            }
        };
        if responses.send(response).await.is_err() {
            break;
        }
    }
}

/// The client does not wait for the result: what it missed is part of the next patch.
fn log(client: &ClientId, result: Result<(), TwinError>) {
    if let Err(error) = result {
        tracing::warn!(%client, "cannot find out what the client has seen of its desired properties: {error}");
    }
}

/// The answer to a request that failed. The SDK for Node looks at the body alone, the one for Python at the status.
fn failed(error: &TwinError, rid: &str) -> Response {
    Response { topic: wire::twin_response_topic(error.status(), rid, None), payload: error.body() }
}
