//! `edgeroute explain-code`: explains a code or a lint, or lists all codes.

use std::io::{self, Write};

use edgeroute_analysis::lint::{self, Lint};
use edgeroute_lang::diagnostic::Code;

use crate::{Outcome, known, pages};

/// Explain the code of an error or warning
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The codes, such as E0201, or names of lints, such as never-true; all are listed if none is given
    #[arg(value_name = "CODE", value_parser = known::codes(), hide_possible_values = true)]
    codes: Vec<String>,
}

const ABOUT: &str = "\
Explain the code of an error or warning.

For each code, prints its meaning, an example that causes it, and a corrected example. A lint can be given by its name \
instead. Without a code, lists all codes.";

const EXAMPLES: &str = "\
Examples:
  edgeroute explain-code E0201
  edgeroute explain-code never-true
  edgeroute explain-code";

/// Prints the pages of the codes, or the list.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.codes.is_empty() {
        let mut out = io::BufWriter::new(io::stdout().lock());
        list(&mut out)?;
        out.flush()?;
        return Ok(Outcome::Well);
    }
    let known = || Code::ALL.iter().map(|code| code.as_str()).chain(lint::all().map(Lint::name));
    pages::print(
        &arguments.codes,
        |text| text.parse().ok().or_else(|| Lint::named(text).map(Lint::code)),
        |text| pages::unknown("code", text, known(), "explain-code"),
        explain,
    )
}

fn list(out: &mut impl Write) -> io::Result<()> {
    let mut area = "";
    for code in Code::ALL {
        if code.area() != area {
            let separator = if area.is_empty() { "" } else { "\n" };
            area = code.area();
            writeln!(out, "{separator}{area}")?;
        }
        writeln!(out, "  {code}  {}", code.title())?;
    }
    Ok(())
}

/// Prints the page without its code fences; their content is indented instead.
fn explain(code: Code, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}[{code}]: {}\n", code.severity(), code.title())?;
    let mut is_fenced = false;
    for line in lint::explanation(code).lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced && !line.is_empty() {
            writeln!(out, "    {line}")?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
