use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Peer, ServeMqtt, error};

/// The longest message of a client. A packet of MQTT has at most 320 KiB, and a message may have several.
const LONGEST_MESSAGE: usize = 512 * 1024;
/// The longest message to a client.
const LONGEST_SENT: usize = 64 * 1024;
/// How much is read at a time.
const READ_BUFFER: usize = 16 * 1024;

/// Answers `GET /$iothub/websocket`: the bytes of its binary messages are a connection of MQTT.
pub(super) async fn upgrade(
    State(mqtt): State<ServeMqtt>,
    Extension(peer): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols(["mqtt"]),
        Err(rejection) => return rejection.into_response(),
    };
    if upgrade.selected_protocol().is_none() {
        return error(400, 400_000, "the client does not offer the subprotocol `mqtt` in Sec-WebSocket-Protocol");
    }
    upgrade
        .max_message_size(LONGEST_MESSAGE)
        .max_frame_size(LONGEST_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * LONGEST_SENT)
        .on_upgrade(move |socket| async move {
            let Peer { address, place } = peer;
            mqtt(Box::new(MessageStream::new(socket)), address).await;
            drop(place);
        })
}

/// The bytes of the binary messages of a WebSocket, in both directions. Pings are answered while the stream is read.
#[derive(Debug)]
pub struct MessageStream {
    socket: WebSocket,
    /// The rest of the last message.
    received: Bytes,
    ended: bool,
}

impl MessageStream {
    fn new(socket: WebSocket) -> Self {
        Self { socket, received: Bytes::new(), ended: false }
    }
}

impl AsyncRead for MessageStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.received.is_empty() && !self.ended {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.received = bytes,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_))) => {
                    self.ended = true;
                    let problem = "a text message came over the WebSocket, MQTT needs binary ones";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, problem)));
                }
                Some(Ok(Message::Close(_))) | None => self.ended = true,
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Err(io::Error::other(error)));
                }
            }
        }
        let length = self.received.len().min(buffer.remaining());
        buffer.put_slice(self.received.get(..length).unwrap_or_default());
        self.received.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for MessageStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Ready means that the last message has left the buffer, which bounds what a client that does not read costs.
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(io::Error::other)?;
        let part = bytes.get(..LONGEST_SENT).unwrap_or(bytes);
        if !part.is_empty() {
            let message = Message::Binary(Bytes::copy_from_slice(part));
            Pin::new(&mut self.socket).start_send(message).map_err(io::Error::other)?;
        }
        Poll::Ready(Ok(part.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(io::Error::other)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(io::Error::other)
    }
}
