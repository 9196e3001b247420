use clap::Subcommand;

use super::names::{find, open, open_or_make};
use super::{Failure, Out};
use crate::config::Config;
use crate::identity::ClientId;

/// Commands for devices.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Device {
    /// Add a device that connects through the hub, and print its connection string
    Add {
        /// id of the device
        id: String,
    },
}

/// Commands for modules.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Module {
    /// Add a module of the hub's device, and print its connection string
    Add {
        /// id of the module, or DEVICE/MODULE
        id: String,
    },
}

/// Commands for keys.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Key {
    /// Give a client a new key, and print its connection string. The old key stays valid until the next rotation
    Rotate {
        /// module of the hub's device, device, or DEVICE/MODULE
        id: String,
    },
}

impl Device {
    pub(super) fn run(&self, config: &Config, out: Out<'_>) -> Result<(), Failure> {
        let Self::Add { id } = self;
        let client = parse(id)?;
        if client.module_id().is_some() {
            return Err(Failure::new(format!("`{client}` is a module: use `edgeroute hub module add`")));
        }
        add(&client, config, out)
    }
}

impl Module {
    pub(super) fn run(&self, config: &Config, out: Out<'_>) -> Result<(), Failure> {
        let Self::Add { id } = self;
        let client = match parse(id)? {
            client if client.module_id().is_some() => client,
            module => ClientId::module(open_or_make(config)?.hub_device(), module.device_id()),
        };
        add(&client, config, out)
    }
}

impl Key {
    pub(super) fn run(&self, config: &Config, out: Out<'_>) -> Result<(), Failure> {
        let Self::Rotate { id } = self;
        let identities = open(config)?;
        let client = find(&identities, id)?;
        identities.rotate(&client)?;
        print(&identities, &client, config, out)
    }
}

/// Adds a client, unless it is there. Its connection string is printed in both cases.
fn add(client: &ClientId, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let identities = open_or_make(config)?;
    identities.add(client)?;
    print(&identities, client, config, out)
}

fn print(
    identities: &crate::identity::Identities,
    client: &ClientId,
    config: &Config,
    out: Out<'_>,
) -> Result<(), Failure> {
    let string = identities
        .connection_string(client, config.gateway())
        .ok_or_else(|| Failure::new(format!("`{client}` was removed just now")))?;
    writeln!(out, "{string}")?;
    Ok(())
}

fn parse(text: &str) -> Result<ClientId, Failure> {
    text.parse().map_err(|error| Failure::new(format!("`{}`: {error}", text.escape_debug())))
}
