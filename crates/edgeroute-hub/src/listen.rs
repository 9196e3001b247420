//! Accepting connections: within a limit, until the hub stops, and past errors of the listener.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::clock::Occasionally;

/// How long connections may take to end after the hub stops.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait when a connection cannot be accepted, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a full server is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Becomes `true` when the hub stops. If its sender is gone, the hub has stopped, too.
pub type Stop = watch::Receiver<bool>;

/// Waits until the hub stops.
pub async fn stopped(mut stop: Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The place of a connection in the limit of its server. It is free when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Something that accepts connections.
pub trait Listener: Send {
    /// The connection.
    type Stream: Send + 'static;
    /// Who connects.
    type Peer: Send + 'static;

    /// Waits for a connection. Nothing is lost if the future is dropped.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, Self::Peer)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        // Acknowledgements are small and must not wait for more.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    type Peer = ();

    async fn accept(&mut self) -> io::Result<(UnixStream, ())> {
        Ok((Self::accept(self).await?.0, ()))
    }
}

/// Runs a function, in a task of its own, for each connection. Connections over the limit are closed at once.
///
/// When the hub stops, this accepts no more, waits up to 10 s for the tasks, and ends those that are left.
pub async fn accept<L, F>(
    mut listener: L,
    most: usize,
    what: &'static str,
    stop: Stop,
    serve: impl Fn(L::Stream, L::Peer, Place) -> F,
) where
    L: Listener,
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    let mut logged = Occasionally::new(LOG_INTERVAL);
    let mut stopping = std::pin::pin!(stopped(stop));
    loop {
        let accepted = tokio::select! {
            () = &mut stopping => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let mut log = |problem: &dyn std::fmt::Display| {
            if logged.is_due() {
                tracing::warn!("{what}: {problem}");
            }
        };
        match accepted {
            Ok((stream, peer)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(permit) => {
                    connections.spawn(serve(stream, peer, Place { _permit: Arc::new(permit) }));
                }
                Err(_) => log(&format_args!("closed a connection, because there are {most}, the most allowed")),
            },
            Err(error) => {
                log(&format_args!("cannot accept a connection: {error}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn connections_over_the_limit_are_closed_and_places_become_free() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(accept(listener, 1, "test", stopped, |mut stream, _, place| async move {
            let _ = stream.read_u8().await;
            drop(place);
        }));
        let first = TcpStream::connect(address).await.expect("connected");
        let mut second = TcpStream::connect(address).await.expect("connected");
        assert_eq!(second.read(&mut [0]).await.expect("closed"), 0);
        drop(first);
        // The place is free once the server has seen the end of the first connection.
        loop {
            let mut next = TcpStream::connect(address).await.expect("connected");
            let waited = tokio::time::timeout(Duration::from_millis(50), next.read(&mut [0])).await;
            if waited.is_err() {
                break;
            }
        }
        stop.send(true).expect("the server runs");
        server.await.expect("it ends");
        assert!(TcpStream::connect(address).await.is_err());
    }
}
