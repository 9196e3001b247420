//! Renders the generated documents.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::api;
use edgeroute_analysis::lint::{ALL, Fixes, Lint};
use edgeroute_lang::builtin::reference;
use edgeroute_lang::diagnostic::{Code, Severity};

/// The prose of `docs/lints.md` before its table.
const LINTS: &str = include_str!("lints.md");

/// A generated file: its path from the root, and what it must contain.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The pages of the lints, by code, which the library shows as explanations. They are the doc comments of the lints' files.
pub(crate) fn pages(root: &Path) -> io::Result<Vec<Document>> {
    ALL.iter()
        .map(|lint| {
            let path = PathBuf::from(format!("crates/edgeroute-lang/src/diagnostic/codes/{}.md", lint.code()));
            Ok(Document { path, text: page(&fs::read_to_string(root.join(source(lint)))?) })
        })
        .collect()
}

/// The documents for people. They contain the pages as compiled into this program.
pub(crate) fn references(root: &Path) -> io::Result<Vec<Document>> {
    Ok(vec![
        Document { path: "docs/codes.md".into(), text: codes() },
        Document { path: "docs/language.md".into(), text: reference::language() },
        Document { path: "docs/lints.md".into(), text: lints() },
        Document { path: "docs/public-api.txt".into(), text: api::text(root).map_err(io::Error::other)? },
    ])
}

/// The file of a lint.
fn source(lint: &Lint) -> String {
    let group = match lint.code().as_str().get(..3) {
        Some("W01") => "syntax",
        Some("W02") => "semantics",
        _ => "topology",
    };
    format!("crates/edgeroute-analysis/src/lint/{group}/{}.rs", lint.name().replace('-', "_"))
}

/// The doc comment of a file, its headings two levels lower.
fn page(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.map(|line| if line.starts_with("# ") { format!("##{line}\n") } else { format!("{line}\n") }).collect()
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
        let _ = write!(pages, "\n## {code}\n\n{kind}: {}.\n\n{}", code.title(), code.explanation());
    }
    format!(
        "# Codes\n\nEvery error and warning has a code that stays the same over releases.\n\
         `edgeroute explain-code CODE` prints these pages.\n{list}{pages}"
    )
}

/// `docs/lints.md`: a table that links to the pages in `docs/codes.md`.
fn lints() -> String {
    let mut table = String::from("| code | name | finds | by default | fix |\n|---|---|---|---|---|\n");
    for lint in ALL {
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
