//! Renders the generated documents.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::api;
use edgeroute::RouteTable;
use edgeroute_analysis::lint::{self, Fixes};
use edgeroute_analysis::render::Picture;
use edgeroute_analysis::topology::Topology;
use edgeroute_lang::builtin::reference;
use edgeroute_lang::diagnostic::{Code, Severity};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;

/// The prose of `docs/lints.md` before its table.
const LINTS: &str = include_str!("lints.md");

/// The manifest of the pictures in the README.
const EXAMPLE: &str = include_str!("../../examples/deployment.json");

/// A generated file: its path from the root, and what it must contain.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

/// All generated documents.
pub(crate) fn all(root: &Path) -> io::Result<Vec<Document>> {
    let manifest = Manifest::from_json(EXAMPLE).map_err(io::Error::other)?;
    let table = RouteTable::builder().manifest(&manifest).build().map_err(io::Error::other)?;
    let topology = Topology::of(&manifest, &Limits::default());
    Ok(vec![
        Document { path: "docs/codes.md", text: codes() },
        Document { path: "docs/language.md", text: reference::language() },
        Document { path: "docs/lints.md", text: lints() },
        Document { path: "docs/public-api.txt", text: api::text(root).map_err(io::Error::other)? },
        Document { path: "docs/topology.svg", text: svg(&Picture::of_topology(&topology))? },
        Document { path: "docs/tree.svg", text: svg(&Picture::of_tree(&table))? },
    ])
}

fn svg(picture: &Picture) -> io::Result<String> {
    picture.to_svg().map_err(io::Error::other)
}

/// `docs/codes.md`: a list by area, then the page of every code.
fn codes() -> String {
    let (mut list, mut pages, mut area) = (String::new(), String::new(), "");
    for code in Code::ALL {
        if code.area() != area {
            area = code.area();
            let _ = write!(list, "\n**{area}**\n\n");
        }
        let anchor = code.as_str().to_lowercase();
        let _ = writeln!(list, "- [{code}](#{anchor}) {}", code.title());
        let kind = match code.severity() {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        };
        let _ = write!(pages, "\n## {code}\n\n{kind}: {}.\n\n{}", code.title(), lint::explanation(*code));
    }
    format!(
        "# Codes\n\nEvery error and warning has a code that stays the same over releases.\n\
         `edgeroute explain-code CODE` prints these pages.\n{list}{pages}"
    )
}

/// `docs/lints.md`: a table that links to the pages in `docs/codes.md`.
fn lints() -> String {
    let mut table = String::from("| code | name | finds | by default | fix |\n|---|---|---|---|---|\n");
    for lint in lint::all() {
        let fixes = match lint.fixes() {
            None => "",
            Some(Fixes::KeepMeaning) => "keeps the meaning",
            Some(Fixes::ChangeMeaning) => "changes the meaning",
        };
        let (code, name, level) = (lint.code(), lint.name(), lint.default_level());
        let anchor = code.as_str().to_lowercase();
        let _ = writeln!(table, "| [{code}](codes.md#{anchor}) | `{name}` | {} | {level} | {fixes} |", code.title());
    }
    format!("{LINTS}{table}")
}
