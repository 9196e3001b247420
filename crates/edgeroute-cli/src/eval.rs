//! `edgeroute eval`: shows the value of an expression.

use std::io::{self, Write as _};

use edgeroute_analysis::explain::explain_expression;
use edgeroute_analysis::render::{FileReport, Report, TextStyle, expression_text};
use edgeroute_lang::diagnostic::Finding;
use edgeroute_lang::limits::Limits;

use crate::Outcome;
use crate::color::ColorArguments;
use crate::one_message::OneMessageArguments;
use crate::reporting;

const ABOUT: &str = "\
Show the value of an expression.

Evaluates a condition, or any other expression of the language, for a message that is given by the options. Prints the \
value and, below the expression, the values of its parts. In a shell, put the expression in single quotes, or else the \
shell replaces names that begin with a `$`.";

const EXAMPLES: &str = "\
Examples:
  edgeroute eval 'as_number(t) > 3' -p t=4
  edgeroute eval '$body.machine.status = \"hot\"' --body '{\"machine\": {\"status\": \"hot\"}}'
  edgeroute eval 'lower(site) || $connectionDeviceId' -p site=A --device leaf-7

Exit codes:
  0  the expression has a value; for a condition, it is true
  1  a condition is false, or the expression is undefined
  2  the expression or the arguments have errors";

/// Show the value of an expression
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A condition or another expression
    #[arg(value_name = "EXPRESSION", allow_hyphen_values = true)]
    expression: String,
    #[command(flatten)]
    message: OneMessageArguments,
    #[command(flatten)]
    color: ColorArguments,
}

/// Evaluates the expression.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    if arguments.expression.trim().is_empty() {
        return Err(io::Error::other("the expression is empty"));
    }
    let line = arguments.message.to_message()?;
    let message = line.message().map_err(|invalid| io::Error::other(invalid.reason))?;
    let text = &*arguments.expression;
    let explained = match explain_expression(text, &message, &Limits::default()) {
        Ok(explained) => explained,
        Err(errors) => {
            let findings: Vec<Finding> = errors.into_iter().map(Finding::new).collect();
            reporting::warn_of(&Report::new(vec![FileReport::new("<expression>", text, 0, &findings)]));
            return Ok(Outcome::Unusable);
        }
    };
    let value = explained.parts().last().map_or_else(|| "undefined".to_owned(), |part| part.value().to_string());
    let (mut out, color) = arguments.color.stream(io::stdout().lock());
    writeln!(out, "{value}")?;
    write!(out, "{}", expression_text(text, &explained, &TextStyle { color, ..TextStyle::default() }))?;
    out.flush()?;
    Ok(if matches!(&*value, "false" | "undefined") { Outcome::Problems } else { Outcome::Well })
}
