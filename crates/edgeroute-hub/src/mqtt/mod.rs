//! The server's side of MQTT 3.1.1: one task for each connection.

mod codec;
mod connection;
mod ending;
mod handshake;
mod inbound;
mod outbound;
mod requests;
mod socket;

pub(crate) use connection::serve;
