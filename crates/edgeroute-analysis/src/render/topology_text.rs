//! Writes a topology as lines of text.

use core::fmt::Write as _;

use super::paint::printable as line;
use crate::topology::{Flow, Module, ModuleId, Outputs, Selection, SomeModules, Topology};
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::priority::Priority;

/// Writes the topology with a line for each flow: from where, to where, by which route, on what condition. Then lists
/// the conclusions: loops, and modules that cannot reach the cloud. Allocates; ends with a line break.
#[must_use]
pub fn topology_text(topology: &Topology) -> String {
    let mut out = String::new();
    let count = |number: usize, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "{} between {}",
        count(topology.flows().len(), "route"),
        count(topology.modules().len(), "module")
    );
    for (id, flow) in topology.flows() {
        let priority = match flow.priority() {
            Priority::DEFAULT => String::new(),
            priority => format!(" (priority {priority})"),
        };
        let condition = flow.condition().map(|condition| format!(", if {}", line(condition))).unwrap_or_default();
        let mark = if topology.is_in_loop(id) { ", in a loop" } else { "" };
        let _ = writeln!(
            out,
            "  {} -> {}: {}{priority}{condition}{mark}",
            senders(topology, flow),
            endpoint(flow.endpoint()),
            line(flow.name()),
        );
    }
    for found in topology.loops() {
        let mut way = String::new();
        for hop in &found.example {
            let name = topology.flow(hop.flow).map(Flow::name).unwrap_or_default();
            let _ = write!(way, "{} -{}-> ", module(topology, hop.module), line(name));
        }
        let first = found.modules.first().map(|id| module(topology, *id)).unwrap_or_default();
        let others = found.modules.len().saturating_sub(found.example.len());
        let others = if others > 0 { format!(" ({})", count(others, "more module")) } else { String::new() };
        let _ = writeln!(out, "loop: {way}{first}{others}");
    }
    let stuck: Vec<String> = topology
        .modules()
        .filter(|(id, _)| !topology.reaches_upstream(*id))
        .map(|(id, _)| module(topology, id))
        .collect();
    if !stuck.is_empty() {
        let _ = writeln!(out, "no way to $upstream from: {}", stuck.join(", "));
    }
    out
}

/// The senders whose messages a flow may take.
fn senders(topology: &Topology, flow: &Flow) -> String {
    let mut senders = Vec::new();
    if flow.takes_from_leaf_devices() {
        senders.push("leaf devices".to_owned());
    }
    match flow.modules() {
        SomeModules::AllBut(excluded) if excluded.is_empty() => senders.push("every module".to_owned()),
        SomeModules::AllBut(excluded) => {
            let names: Vec<String> = excluded.iter().map(|id| module(topology, *id)).collect();
            senders.push(format!("every module but {}", names.join(", ")));
        }
        SomeModules::Only(modules) => senders.extend(modules.iter().map(|id| {
            let module = module(topology, *id);
            match flow.selection() {
                Selection::Module { outputs: Outputs::One(output), .. } => format!("{module}/{}", line(output)),
                Selection::Module { outputs: Outputs::Named, .. } => format!("{module}/(any output)"),
                _ => module,
            }
        })),
    }
    if flow.takes_twin_changes() {
        senders.push("twin changes".to_owned());
    }
    if flow.takes_other_sources() {
        senders.push(match flow.selection() {
            Selection::Path => format!("source {}", line(flow.source().as_str())),
            _ => "the hub itself".to_owned(),
        });
    }
    if senders.is_empty() { "nobody".to_owned() } else { senders.join(" + ") }
}

fn module(topology: &Topology, id: ModuleId) -> String {
    line(topology.module(id).map(Module::name).unwrap_or_default())
}

fn endpoint(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Upstream => "$upstream".to_owned(),
        Endpoint::Module { module, input } => format!("{}/{}", line(module), line(input)),
    }
}
