//! The program `edgeroute-hub`: what `edgeroute hub` does, without the other commands.

use std::process::ExitCode;

use clap::Parser;
use edgeroute_hub::command::{self, HubArguments};

/// Messages are allocated by one thread and freed by another. With the allocator of the C library that takes a quarter of
/// all processor time, and the memory of the hub grows by a third more.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Run a hub for devices and modules, look at it, and act on it
#[derive(Parser)]
#[command(name = "edgeroute-hub", version)]
struct Arguments {
    #[command(flatten)]
    hub: HubArguments,
}

fn main() -> ExitCode {
    command::run(Arguments::parse().hub, edgeroute_hub::start::start)
}
