//! `edgeroute functions`: describes a function of the language, or lists all functions.

use std::io::{self, Write as _};

use edgeroute_lang::builtin::Function;
use edgeroute_lang::builtin::reference::{function_list, function_page};

use crate::{Outcome, known, pages};

/// Describe the functions that conditions can call
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The functions, such as length, in any case; all are listed if none is given
    #[arg(value_name = "NAME", value_parser = known::functions(), hide_possible_values = true)]
    names: Vec<String>,
}

const ABOUT: &str = "\
Describe the functions that conditions can call.

For each function, prints its calls, its arguments and result, what it returns for null and undefined arguments, and an \
example. Without a name, lists all functions.";

const EXAMPLES: &str = "\
Examples:
  edgeroute functions substring
  edgeroute functions";

/// Prints the pages of the functions, or the list.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.names.is_empty() {
        let mut out = io::stdout().lock();
        out.write_all(function_list().as_bytes())?;
        out.flush()?;
        return Ok(Outcome::Well);
    }
    let known = || Function::ALL.iter().map(|function| function.name());
    pages::print(
        &arguments.names,
        Function::named,
        |name| pages::unknown("function", name, known(), "functions"),
        |function, out| out.write_all(function_page(function).as_bytes()),
    )
}
