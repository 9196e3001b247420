//! What edgeroute itself enters: each form in which it can match a message.

mod interpreter;
pub mod table;

pub use interpreter::Interpreter;
pub use table::{ResolvedTable, Table};

use edgeroute_lang::message::{Message, Origin};

use crate::workloads::WorkMessage;

/// Properties as a hub has them that keeps them as it received them.
type Pairs = Vec<(String, String)>;

/// The message as edgeroute takes it: borrowed.
fn message(message: &WorkMessage) -> Message<'_, Pairs, Pairs> {
    Message::new(Origin::module(&message.device, &message.module).output(&message.output))
        .properties(&message.properties)
        .system_properties(&message.system_properties)
        .body(&message.body)
}
