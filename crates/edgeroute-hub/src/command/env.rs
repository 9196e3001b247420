use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::names::{find, open};
use super::{Failure, Out};
use crate::bind::quote;
use crate::config::Config;

/// The version of the workload API that modules are given. The hub takes any.
const WORKLOAD_VERSION: &str = "2019-01-30";

/// The arguments of `env`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// module of the hub's device, or DEVICE/MODULE
    module: String,
    /// how to print the variables
    #[arg(long, value_enum, default_value_t = Format::Shell)]
    format: Format,
    /// variables of a module in production, which gets its certificates and signatures from the workload API
    #[arg(long)]
    production: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Commands for a shell: eval "$(edgeroute hub env MODULE)"
    Shell,
    /// A file of NAME=value lines
    Dotenv,
    /// A JSON object
    Json,
    /// Options of `docker run`
    Docker,
    /// The key `env` of a configuration in launch.json
    Vscode,
}

/// A variable. Those with a path are mounted into containers.
struct Variable {
    name: &'static str,
    value: String,
    mounted: Option<PathBuf>,
}

impl Variable {
    fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), mounted: None }
    }
}

/// Prints the environment of a module. Its connection string has its key.
pub(super) fn run(arguments: &Arguments, config: &Config, out: Out<'_>) -> Result<(), Failure> {
    let identities = open(config)?;
    let client = find(&identities, &arguments.module)?;
    let Some(module) = client.module_id() else {
        return Err(Failure::new(format!(
            "`{client}` is a device: its connection string is printed by `edgeroute hub device add {client}`"
        )));
    };
    let gateway = config.gateway();
    let variables = if arguments.production {
        let generation = identities.get(&client).map(|identity| identity.generation).unwrap_or_default();
        let socket = absolute(&config.listen.workload)?;
        vec![
            Variable::new("IOTEDGE_IOTHUBHOSTNAME", identities.hub_host()),
            Variable::new("IOTEDGE_GATEWAYHOSTNAME", gateway),
            Variable::new("IOTEDGE_DEVICEID", client.device_id()),
            Variable::new("IOTEDGE_MODULEID", module),
            Variable::new("IOTEDGE_MODULEGENERATIONID", generation),
            Variable {
                name: "IOTEDGE_WORKLOADURI",
                value: format!("unix://{}", socket.display()),
                mounted: Some(socket),
            },
            Variable::new("IOTEDGE_APIVERSION", WORKLOAD_VERSION),
            Variable::new("IOTEDGE_AUTHSCHEME", "sasToken"),
        ]
    } else {
        let string = identities
            .connection_string(&client, gateway)
            .ok_or_else(|| Failure::new(format!("`{client}` was removed just now")))?;
        let mut variables = vec![Variable::new("EdgeHubConnectionString", string)];
        if let Some(root) = root_file(config)? {
            let value = root.display().to_string();
            variables.push(Variable { name: "EdgeModuleCACertificateFile", value, mounted: Some(root) });
        }
        variables
    };
    let text = match arguments.format {
        Format::Shell => lines(&variables, |name, value| format!("export {name}={}", quote(value))),
        Format::Dotenv => lines(&variables, |name, value| format!("{name}={value}")),
        Format::Json => pretty(&Value::Object(object(&variables)))?,
        Format::Vscode => pretty(&json!({ "env": object(&variables) }))?,
        Format::Docker => docker(&variables, config),
    };
    writeln!(out, "{}", text.trim_end())?;
    Ok(())
}

/// Returns the file of the root that modules have to trust. It may not exist before the first start.
fn root_file(config: &Config) -> Result<Option<PathBuf>, Failure> {
    let root = match &config.certificate {
        Some(files) => files.root.clone(),
        None => Some(config.data.join(crate::tls::ROOT_FILE)),
    };
    root.map(|root| absolute(&root)).transpose()
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path)?;
    match path.to_str() {
        Some(_) => Ok(path),
        None => Err(Failure::new(format!("the path `{}` is not UTF-8, and variables have to be", path.display()))),
    }
}

fn lines(variables: &[Variable], line: impl Fn(&str, &str) -> String) -> String {
    variables.iter().map(|Variable { name, value, .. }| line(name, value) + "\n").collect()
}

fn object(variables: &[Variable]) -> Map<String, Value> {
    variables.iter().map(|Variable { name, value, .. }| ((*name).to_owned(), Value::from(value.clone()))).collect()
}

fn pretty(value: &Value) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value)?)
}

/// Returns options of `docker run`. A hub on loopback is reached from the network of the host only.
fn docker(variables: &[Variable], config: &Config) -> String {
    let mut options = Vec::new();
    if config.listen.address.is_loopback() {
        options.push("--network host".to_owned());
        if !matches!(config.gateway(), "localhost" | "127.0.0.1" | "::1") {
            options.push(format!("--add-host {}:{}", config.gateway(), config.listen.address));
        }
    } else if config.gateway().parse::<std::net::IpAddr>().is_err() {
        options.push(format!("--add-host {}:host-gateway", config.gateway()));
    }
    for Variable { name, value, mounted } in variables {
        options.push(format!("--env {}", quote(&format!("{name}={value}"))));
        if let Some(path) = mounted {
            let path = path.display();
            options.push(format!("--volume {}", quote(&format!("{path}:{path}"))));
        }
    }
    options.join(" \\\n  ")
}
