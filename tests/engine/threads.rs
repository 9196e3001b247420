//! Checks which types can be moved to another thread, and which can be shared between threads. Private fields decide
//! this, so a change inside the engine could silently take it away.

use edgeroute::diagnostic::Diagnostic;
use edgeroute::manifest::{ManifestError, ManifestProblem};
use edgeroute::{
    Changes, CheckedManifest, CompileError, Deliveries, Delivery, Endpoint, Key, Listing, Manifest, Message, Origin,
    PartialTable, Route, RouteProblem, RouteSet, RouteTable, RouteTableBuilder, Scratch,
};

const fn is_send_and_sync<T: Send + Sync>() {}

const fn is_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn tables_are_shared_and_scratches_move() {
    is_send_and_sync::<RouteTable>();
    is_send_and_sync::<PartialTable>();
    is_send_and_sync::<Scratch>();
    is_send_and_sync::<Key>();
}

#[test]
fn a_set_and_what_changes_it_may_belong_to_any_thread() {
    is_send_and_sync::<RouteSet>();
    is_send_and_sync::<RouteTableBuilder>();
    is_send_and_sync::<Changes>();
    is_send_and_sync::<Route>();
    is_send_and_sync::<Manifest>();
    is_send_and_sync::<CheckedManifest>();
}

#[test]
fn what_borrows_a_table_or_a_message_may_belong_to_any_thread() {
    is_send_and_sync::<Deliveries<'static, 'static>>();
    is_send_and_sync::<Delivery<'static>>();
    is_send_and_sync::<Endpoint>();
    is_send_and_sync::<Listing<'static>>();
    is_send_and_sync::<Message<'static>>();
    is_send_and_sync::<Origin<'static>>();
}

#[test]
fn errors_can_be_boxed_and_sent() {
    is_error::<CompileError>();
    is_error::<RouteProblem>();
    is_error::<ManifestError>();
    is_error::<ManifestProblem>();
    is_send_and_sync::<Diagnostic>();
}
