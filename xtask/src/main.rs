//! Maintenance of the repository: `cargo xtask docs` writes the generated documents, `cargo xtask docs --check` reports
//! those that are stale with the lines that differ, and changes nothing.
#![forbid(unsafe_code)]

mod api;
mod diff;
mod docs;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use docs::Document;

const USAGE: &str = "usage: cargo xtask docs [--check]";

/// What to do with a document that is stale.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Mode {
    Check,
    Write,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["docs"] => generate(Mode::Write),
        ["docs", "--check"] => generate(Mode::Check),
        _ => Err(io::Error::other(USAGE)),
    };
    result.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "{error}");
        ExitCode::from(2)
    })
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn generate(mode: Mode) -> io::Result<ExitCode> {
    let root = root();
    let stale = stale(root, docs::all(root)?)?;
    for Stale { document, old } in &stale {
        let path = document.path;
        match mode {
            Mode::Check => write!(io::stdout(), "stale: {path}\n{}", diff::lines(old, &document.text))?,
            Mode::Write => {
                writeln!(io::stdout(), "{path}")?;
                fs::write(root.join(path), &document.text)?;
            }
        }
    }
    if mode == Mode::Check && !stale.is_empty() {
        writeln!(io::stderr(), "run `cargo xtask docs` and commit the result")?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A document whose file has another text, or does not exist.
struct Stale {
    document: Document,
    /// The text of the file; empty if it does not exist.
    old: String,
}

fn stale(root: &Path, documents: Vec<Document>) -> io::Result<Vec<Stale>> {
    let mut stale = Vec::new();
    for document in documents {
        match fs::read_to_string(root.join(document.path)) {
            Ok(text) if text == document.text => {}
            Ok(old) => stale.push(Stale { document, old }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => stale.push(Stale { document, old: String::new() }),
            Err(error) => return Err(error),
        }
    }
    Ok(stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_documents_are_fresh() {
        let stale = stale(root(), docs::all(root()).unwrap()).unwrap();
        let shown: Vec<String> = stale
            .iter()
            .map(|Stale { document, old }| format!("{}\n{}", document.path, diff::lines(old, &document.text)))
            .collect();
        assert!(shown.is_empty(), "run `cargo xtask docs` and commit the result:\n{}", shown.join("\n"));
    }
}
