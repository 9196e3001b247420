//! Prints pages selected by name, and reports the names that have none.

use std::io::{self, Write};

use edgeroute_lang::diagnostic::closest;

use crate::{Outcome, input};

/// Prints the page that `find` returns for each name, with an empty line between two pages.
///
/// A name without a page is reported by `unknown`, and the others are still printed.
pub(crate) fn print<P>(
    names: &[String],
    find: impl Fn(&str) -> Option<P>,
    unknown: impl Fn(&str) -> String,
    write: impl Fn(P, &mut dyn Write) -> io::Result<()>,
) -> io::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut outcome = Outcome::Well;
    let mut is_first = true;
    for name in names {
        let Some(page) = find(name) else {
            out.flush()?;
            input::report(&unknown(name));
            outcome = Outcome::Unusable;
            continue;
        };
        if !is_first {
            writeln!(out)?;
        }
        is_first = false;
        write(page, &mut out)?;
    }
    out.flush()?;
    Ok(outcome)
}

/// The error about a name that is not a `kind`, with the nearest known name if there is one, or else the command that
/// lists all.
pub(crate) fn unknown(kind: &str, name: &str, known: impl IntoIterator<Item = &'static str>, command: &str) -> String {
    let hint = match closest(name, known) {
        Some(near) => format!(", did you mean `{near}`?"),
        None => format!("; run `edgeroute {command}` to list all"),
    };
    format!("unknown {kind} `{}`{hint}", input::printable(name))
}
