//! `edgeroute completions`: prints shell completion scripts.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Outcome;

const ABOUT: &str = "\
Print a script that completes commands, options and files in a shell.";

const EXAMPLES: &str = "\
Examples:
  edgeroute completions bash > ~/.local/share/bash-completion/completions/edgeroute
  edgeroute completions zsh > ~/.zfunc/_edgeroute          # with ~/.zfunc in fpath
  edgeroute completions fish > ~/.config/fish/completions/edgeroute.fish
  edgeroute completions powershell >> $PROFILE
  edgeroute completions elvish >> ~/.config/elvish/rc.elv";

/// Print a shell completion script
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Shell to complete in
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let mut script = Vec::new();
    let mut command = crate::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "edgeroute", &mut script);
    let mut out = io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Outcome::Well)
}
