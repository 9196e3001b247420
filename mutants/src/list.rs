//! The mutants, as cargo-mutants lists them.

use std::process::Command;

use serde::Deserialize;

use crate::Result;

/// A change of the source.
pub(crate) struct Mutant {
    /// From 1, since 0 switches none on.
    pub(crate) id: usize,
    /// As cargo-mutants calls it: place and change.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) kind: Kind,
    /// What stands in its place instead; nothing where something is deleted.
    pub(crate) replacement: String,
    pub(crate) from: Place,
    pub(crate) to: Place,
}

/// What is changed. The names are those of cargo-mutants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(crate) enum Kind {
    #[serde(rename = "FnValue")]
    Body,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

/// Line and column from 1; a column counts characters.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Place {
    line: usize,
    column: usize,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    file: String,
    genre: Kind,
    replacement: String,
    span: Span,
}

#[derive(Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

impl Place {
    #[cfg(test)]
    pub(crate) fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }

    /// The place in bytes of `source`.
    pub(crate) fn offset(self, source: &str) -> usize {
        let line = source.split_inclusive('\n').take(self.line - 1).map(str::len).sum();
        let rest: &str = &source[line..];
        line + rest.char_indices().nth(self.column - 1).map_or(rest.len(), |(offset, _)| offset)
    }
}

/// All that the configuration does not leave out.
pub(crate) fn mutants() -> Result<Vec<Mutant>> {
    let output = Command::new("cargo").args(["mutants", "--list", "--json"]).output()?;
    if !output.status.success() {
        return Err(format!("cargo mutants --list: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let listed: Vec<Listed> = serde_json::from_slice(&output.stdout)?;
    Ok((1..)
        .zip(listed)
        .map(|(id, Listed { name, file, genre, replacement, span })| Mutant {
            id,
            name,
            file,
            kind: genre,
            // The list has a word for people where an operator or an arm is deleted.
            replacement: if matches!(genre, Kind::UnaryOperator | Kind::MatchArm) {
                String::new()
            } else {
                replacement
            },
            from: span.start,
            to: span.end,
        })
        .collect())
}
