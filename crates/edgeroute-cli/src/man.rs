//! `edgeroute man`: writes manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::{Outcome, input};

const ABOUT: &str = "\
Print a manual page in roff, of edgeroute or one of its commands.

With --dir, writes the pages of all commands into a directory, ready for packaging.";

const EXAMPLES: &str = "\
Examples:
  edgeroute man | man -l -
  edgeroute man graph | man -l -
  edgeroute man --dir ~/.local/share/man/man1";

/// Print a manual page
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Command to describe; edgeroute itself if omitted
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    /// Write all pages into this directory, creating it if necessary
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let mut command = crate::Arguments::command().disable_help_subcommand(true);
    command.build();
    if let Some(directory) = &arguments.dir {
        write_all(&command, directory)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", input::name(directory))))?;
        return Ok(Outcome::Well);
    }
    let shown = match &arguments.command {
        None => &command,
        Some(name) => command
            .find_subcommand(name)
            .ok_or_else(|| io::Error::other(format!("unknown command `{}`", input::printable(name))))?,
    };
    let mut out = io::stdout().lock();
    out.write_all(&page(shown)?)?;
    out.flush()?;
    Ok(Outcome::Well)
}

/// Writes the page of every command to a file with the command's full name.
fn write_all(command: &Command, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for command in core::iter::once(command).chain(command.get_subcommands()) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        fs::write(directory.join(format!("{name}.1")), page(command)?)?;
    }
    Ok(())
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    write_examples(&mut page, &after)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// Writes the text after a command's help, which is already laid out. A line that is not indented and ends in a colon
/// is a section heading.
fn write_examples(page: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            Some(head) => {
                if is_open {
                    writeln!(page, ".fi")?;
                }
                writeln!(page, ".SH {}\n.nf", head.to_uppercase())?;
                is_open = true;
            }
            // The zero-width `\&` prevents a leading dot or quote from being read as a request.
            None => writeln!(page, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq"))?,
        }
    }
    if is_open { writeln!(page, ".fi") } else { Ok(()) }
}
