//! Checks that the pages of the lints are generated from their doc comments, and that each lint reports where it should
//! and nowhere else.
#![expect(clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use edgeroute_analysis::lint::{ALL, Fixes, Lint};

fn root() -> &'static Path {
    edgeroute_testkit::repository()
}

/// The source file of a lint.
fn source(lint: &Lint) -> PathBuf {
    let area = match lint.code().as_str().get(..3) {
        Some("W01") => "syntax",
        Some("W02") => "semantics",
        _ => "topology",
    };
    root().join("crates/edgeroute-analysis/src/lint").join(area).join(format!("{}.rs", lint.name().replace('-', "_")))
}

/// The page of a lint's code, taken from the doc comment of its file.
fn page(lint: &Lint) -> String {
    let path = source(lint);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    // The page is placed under a heading of its own.
    let lines = lines.map(|line| if line.starts_with("# ") { format!("##{line}\n") } else { format!("{line}\n") });
    lines.collect()
}

fn hold_fresh(path: &Path, expected: &str) -> bool {
    if fs::read_to_string(path).unwrap_or_default() == expected {
        return true;
    }
    fs::write(path, expected).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    false
}

#[test]
fn the_page_of_each_code_is_the_doc_comment_of_its_lint() {
    let mut stale = Vec::new();
    for lint in ALL {
        let page = page(lint);
        let title = page.lines().next().unwrap_or_default();
        assert_eq!(title.to_lowercase(), format!("{}.", lint.code().title()).to_lowercase(), "{}", lint.name());
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let expected = ["Why", "Example", "Use instead", "Fix"];
        let count = if lint.fixes().is_some() { 4 } else { 3 };
        assert_eq!(sections, expected[..count], "{}", lint.name());
        let path = root().join(format!("crates/edgeroute-lang/src/diagnostic/codes/{}.md", lint.code()));
        if !hold_fresh(&path, &page) {
            stale.push(lint.code().as_str());
        }
    }
    assert!(stale.is_empty(), "the pages of {} were stale and have been written anew: commit them", stale.join(", "));
}

/// `docs/lints.md`: a table, then the page of every lint.
fn document() -> String {
    let mut table = String::from("| code | name | finds | by default | fix |\n|---|---|---|---|---|\n");
    let mut pages = String::new();
    for lint in ALL {
        let fixes = match lint.fixes() {
            None => "",
            Some(Fixes::KeepMeaning) => "keeps the meaning",
            Some(Fixes::ChangeMeaning) => "changes the meaning",
        };
        let (code, name, level) = (lint.code(), lint.name(), lint.default_level());
        writeln!(table, "| [{code}](#{name}) | `{name}` | {} | {level} | {fixes} |", code.title())
            .expect("a text takes every write");
        let page = page(lint);
        write!(pages, "\n## {name}\n\n{code}, {level} by default.\n\n{page}").expect("a text takes every write");
    }
    let introduction = "\
# Lints

`edgeroute lint` reports routes that are accepted but are almost certainly mistakes.
Each lint has a *level*: `allow` (off), `warn` (warnings) or `deny` (errors, and the exit code is 1).
Set levels by name or code on the command line, `--deny never-true --allow W0304`, or in a file `edgeroute.toml`:

```toml
[lints]
topology = \"deny\"
message-loop = \"warn\"
W0304 = \"allow\"
```

The groups are `syntax`, `semantics`, `topology`, `all`, and `warnings` for all lints at level `warn`.
A lint overrides its group, and a group overrides `all`; the command line overrides the file.
The file is the one given by `--config`, or else `edgeroute.toml` next to the manifest or in a directory above it.

A lint is off by default if its findings depend on what senders do.
If such a lint has findings and its level is not set, the report names it.

`edgeroute lint --fix` fixes the manifest in place and keeps everything else in it byte for byte.
It applies the fixes that keep the meaning of the routes; `--unsafe-fixes` also applies those that change it to what was
probably meant.

A condition is reported as never true, always true or superfluous only if that is proved on the formulas that the matcher
executes.
A proof that exceeds its time budget is abandoned, and the report states how many were.

";
    format!("{introduction}{table}{pages}")
}

#[test]
fn the_document_of_the_lints_is_fresh() {
    let path = root().join("docs/lints.md");
    assert!(hold_fresh(&path, &document()), "docs/lints.md was stale and has been written anew: commit it");
}
