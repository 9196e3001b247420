//! `edgeroute graph`: draws routes.

use std::io::{self, Write as _};

use edgeroute::RouteTable;
use edgeroute_analysis::render::{Picture, topology_text};
use edgeroute_analysis::topology::Topology;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;

use crate::Outcome;
use crate::compiled::ManifestArguments;

const ABOUT: &str = "\
Draw the routes of a deployment manifest.

Shows which sender reaches which endpoint: modules with the outputs and inputs that routes name, leaf devices, the \
cloud, and the routes between them with conditions and priorities. Marks routes that may send messages in a loop.

With --tree, shows the compiled index instead: for each source, the test that finds each route and what is checked \
afterwards.

Writes text, SVG, DOT for Graphviz, or Mermaid for Markdown.";

const EXAMPLES: &str = "\
Examples:
  edgeroute graph deployment.json
  edgeroute graph deployment.json --format svg > routes.svg
  edgeroute graph --tree --format dot deployment.json | dot -Tpdf > tree.pdf
  (echo '```mermaid'; edgeroute graph --format mermaid deployment.json; echo '```') >> README.md";

/// Draw which sender reaches which endpoint, or how routes are found
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifest: ManifestArguments,
    /// Show the compiled index: how a message finds its routes
    #[arg(long)]
    tree: bool,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line for each route, or for each way to find one
    Text,
    /// An SVG image
    Svg,
    /// A DOT graph for Graphviz
    Dot,
    /// A Mermaid flowchart
    Mermaid,
}

/// Prints the picture. If the manifest has errors, prints those instead.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let file = arguments.manifest.read()?;
    if file.problem_count() > 0 {
        file.report_problems();
        return Ok(Outcome::Problems);
    }
    let shown = if arguments.tree {
        file.into_table().map(|table| tree(&table, arguments.format))
    } else {
        file.manifest().map(|manifest| topology(manifest, arguments.format))
    };
    let Some(shown) = shown else {
        return Ok(Outcome::Problems);
    };
    let mut out = io::stdout().lock();
    out.write_all(shown?.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Well)
}

fn tree(table: &RouteTable, format: Format) -> io::Result<String> {
    if format == Format::Text { Ok(table.listing().to_string()) } else { drawn(&Picture::of_tree(table), format) }
}

fn topology(manifest: &Manifest, format: Format) -> io::Result<String> {
    let topology = Topology::of(manifest, &Limits::default());
    if format == Format::Text { Ok(topology_text(&topology)) } else { drawn(&Picture::of_topology(&topology), format) }
}

fn drawn(picture: &Picture, format: Format) -> io::Result<String> {
    match format {
        Format::Dot => Ok(picture.to_dot()),
        Format::Mermaid => Ok(picture.to_mermaid()),
        Format::Svg | Format::Text => {
            let advice = "draw it with --format dot or --format mermaid";
            picture.to_svg().map_err(|error| io::Error::other(format!("{error}; {advice}")))
        }
    }
}
