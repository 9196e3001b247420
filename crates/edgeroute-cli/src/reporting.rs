//! Writes findings to standard output, in one of several forms, or to standard error.

use std::io::{self, Write};

use edgeroute_analysis::render::Report;

use crate::color::ColorArguments;

/// The output format of findings.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// Findings with the lines they refer to
    #[default]
    Text,
    /// One line per finding: position, severity, code and message
    Short,
    /// One JSON document, described in docs/output.md
    Json,
    /// SARIF 2.1.0, for code scanning services and editors
    Sarif,
    #[value(help = "Workflow commands, which GitHub Actions shows as annotations")]
    Github,
    #[value(help = "A code quality report, which GitLab shows in merge requests")]
    Gitlab,
}

/// How findings are written.
#[derive(Copy, Clone, Debug, clap::Args)]
pub(crate) struct ReportArguments {
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(crate) format: Format,
    /// Print only findings, without a summary
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    color: ColorArguments,
}

impl ReportArguments {
    /// Whether a summary follows the findings. Formats for machines have none.
    pub(crate) const fn has_summary(self) -> bool {
        matches!(self.format, Format::Text | Format::Short) && !self.quiet
    }

    /// Writes a report to standard output.
    pub(crate) fn write(self, report: &Report<'_>) -> io::Result<()> {
        let (mut out, color) = self.color.stream(io::stdout());
        let text = match self.format {
            Format::Text => report.text(color),
            Format::Short => report.short(),
            Format::Json => report.json() + "\n",
            Format::Sarif => report.sarif() + "\n",
            Format::Github => report.github(),
            Format::Gitlab => report.gitlab() + "\n",
        };
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

/// Writes a report to standard error in the style of a compiler, in colours on a terminal. A failure is ignored,
/// because there is nowhere left to report it.
pub(crate) fn warn_of(report: &Report<'_>) {
    let (mut out, color) = ColorArguments::auto().stream(io::stderr());
    let _ = out.write_all(report.text(color).as_bytes());
}
