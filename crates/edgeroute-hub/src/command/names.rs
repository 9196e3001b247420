use crate::config::Config;
use crate::identity::{ClientId, FILE, Identities, IdentityOptions};

use super::Failure;

/// The most clients that an error lists.
const SHOWN: usize = 20;

/// Opens the identities of the hub, which has been started before, or else makes the file.
pub(super) fn open_or_make(config: &Config) -> Result<Identities, Failure> {
    if config.data.join(FILE).exists() { open(config) } else { Ok(Identities::open(&config.identities())?) }
}

/// Opens the identities of a hub that has been started before.
pub(super) fn open(config: &Config) -> Result<Identities, Failure> {
    if !config.data.join(FILE).exists() {
        return Err(Failure::new(format!(
            "there is no hub in `{}` yet: start it first, or give its directory with --data",
            config.data.display()
        )));
    }
    // The names are those of the file, whatever this command was given.
    let options = IdentityOptions { hub_host: None, hub_device: None, ..config.identities() };
    Ok(Identities::open(&options)?)
}

/// Finds the client that a text names: `device/module`, a device, or a module of the hub's device.
pub(super) fn find(identities: &Identities, text: &str) -> Result<ClientId, Failure> {
    let client: ClientId = text.parse().map_err(|error| Failure::new(format!("`{}`: {error}", text.escape_debug())))?;
    if identities.contains(&client) {
        return Ok(client);
    }
    if client.module_id().is_none() {
        let module = ClientId::module(identities.hub_device(), client.device_id());
        if identities.contains(&module) {
            return Ok(module);
        }
    }
    let known: Vec<_> = identities.all().into_iter().map(|(client, _)| client.to_string()).collect();
    let more = known.len().saturating_sub(SHOWN);
    let mut list = known.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list = format!("{list} and {more} more");
    }
    Err(Failure::new(format!(
        "there is no client `{client}`, only {list}: add it with `edgeroute hub module add` or `device add`"
    )))
}
