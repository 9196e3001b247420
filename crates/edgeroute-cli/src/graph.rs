//! `edgeroute graph`: pictures of routes.

use std::io::{self, Write as _};
use std::path::PathBuf;

use edgeroute::RouteTable;
use edgeroute_analysis::render::{Picture, topology_text};
use edgeroute_analysis::topology::Topology;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;

use crate::Outcome;
use crate::compiled::CompiledFile;

const ABOUT: &str = "\
Draw the routes of a manifest.

Shown is who sends what to whom: modules with the outputs and inputs that routes name, leaf devices, the cloud, and \
between them the routes, with conditions and priorities. Routes that may lead messages round in a loop are marked.

With --tree, shows how a message finds its routes instead: the structure that they are compiled to, from each source by \
one test to each route, and what is then checked.

As text; as SVG, which needs no other program; as DOT for Graphviz; or as Mermaid, which code hosts draw in Markdown.";

const EXAMPLES: &str = "\
Examples:
  edgeroute graph --manifest deployment.json
  edgeroute graph --manifest deployment.json --format svg > routes.svg
  edgeroute graph --tree --format dot -m deployment.json | dot -Tpdf > tree.pdf
  (echo '```mermaid'; edgeroute graph --format mermaid -m deployment.json; echo '```') >> README.md";

/// Draw who sends what to whom, or how routes are found
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The deployment manifest; - for standard input
    #[arg(long, short, value_name = "FILE")]
    manifest: PathBuf,
    /// Show how routes are found: the decision structure over all of them
    #[arg(long)]
    tree: bool,
    /// In which form
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line for each route, or each way in which one is found
    Text,
    /// A picture
    Svg,
    /// A graph in DOT, the language of Graphviz
    Dot,
    /// A Mermaid flowchart
    Mermaid,
}

/// Prints the picture; or, where the manifest has problems, those, and no picture.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Outcome> {
    let file = CompiledFile::read(&arguments.manifest)?;
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
    if format == Format::Text { Ok(format!("{table:?}")) } else { drawn(&Picture::of_tree(table), format) }
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
