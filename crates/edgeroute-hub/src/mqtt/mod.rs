//! The server's side of MQTT 3.1.1: one task for each connection.

mod codec;
mod connection;
mod ending;
mod handshake;
mod inbound;
mod listen;
mod outbound;
mod proof;
mod requests;
mod socket;

pub use connection::serve;
pub use listen::listen;

/// Returns the beginning of a text of a client, without control characters.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 128;
    text.chars().take(LONGEST).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
