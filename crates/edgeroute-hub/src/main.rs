//! The program `edgeroute-hub`.

use std::process::ExitCode;

use clap::Parser;
use edgeroute_hub::config::{Config, RunArguments};
use edgeroute_hub::run;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    run: RunArguments,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let config = match Config::load(&arguments.run) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match run::start(&config).await {
        Ok(running) => {
            let _ = tokio::signal::ctrl_c().await;
            running.stop().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
