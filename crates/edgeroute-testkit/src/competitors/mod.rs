//! The contenders that edgeroute itself provides: each way in which it can match a message.

mod interpreter;
pub mod table;

pub use interpreter::Interpreter;
pub use table::{ResolvedTable, Table};

use edgeroute_lang::message::{Message, Origin};

use crate::workloads::WorkMessage;

/// Properties as stored by a hub that keeps them in the form it received.
type Pairs = Vec<(String, String)>;

/// Borrows a message in the form that edgeroute takes.
fn message(message: &WorkMessage) -> Message<'_, Pairs, Pairs> {
    Message::new(Origin::module(&message.device, &message.module).output(&message.output))
        .properties(&message.properties)
        .system_properties(&message.system_properties)
        .body(&message.body)
}
