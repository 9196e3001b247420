//! `edgeroute explain-code`: explains a code, or lists all codes.

use std::io::{self, Write};

use edgeroute_lang::diagnostic::Code;

use crate::{Outcome, input};

/// Explain the code of an error or warning
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The codes, such as E0201; all are listed if none is given
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
}

const ABOUT: &str = "\
Explain the code of an error or warning.

For each code, prints its meaning, an example that causes it, and a corrected example. Without a code, lists all codes.";

const EXAMPLES: &str = "\
Examples:
  edgeroute explain-code E0201
  edgeroute explain-code";

/// Prints the pages of the codes, or the list.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut outcome = Outcome::Well;
    if arguments.codes.is_empty() {
        list(&mut out)?;
    }
    let mut is_first = true;
    for text in &arguments.codes {
        let Ok(code) = text.parse::<Code>() else {
            out.flush()?;
            let text = input::printable(text);
            input::report(&format!("unknown code `{text}`; run `edgeroute explain-code` to list all codes"));
            outcome = Outcome::Unusable;
            continue;
        };
        if !is_first {
            writeln!(out)?;
        }
        is_first = false;
        explain(code, &mut out)?;
    }
    out.flush()?;
    Ok(outcome)
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
fn explain(code: Code, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}[{code}]: {}\n", code.severity(), code.title())?;
    let mut is_fenced = false;
    for line in code.explanation().lines() {
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
