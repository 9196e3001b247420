//! Checks that the pages of the lints are generated from their doc comments, and that each lint reports where it should
//! and nowhere else.

use std::fs;
use std::path::PathBuf;

use edgeroute_analysis::lint::{ALL, Lint};

/// The source file of a lint.
fn source(lint: &Lint) -> PathBuf {
    let area = match lint.code().as_str().get(..3) {
        Some("W01") => "syntax",
        Some("W02") => "semantics",
        _ => "topology",
    };
    edgeroute_testkit::repository()
        .join("crates/edgeroute-analysis/src/lint")
        .join(area)
        .join(format!("{}.rs", lint.name().replace('-', "_")))
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

#[test]
fn the_page_of_each_lint_has_all_sections() {
    for lint in ALL {
        let page = page(lint);
        let title = page.lines().next().unwrap_or_default();
        assert_eq!(title.to_lowercase(), format!("{}.", lint.code().title()).to_lowercase(), "{}", lint.name());
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let expected = ["Why", "Example", "Use instead", "Fix"];
        let count = if lint.fixes().is_some() { 4 } else { 3 };
        assert_eq!(sections, expected[..count], "{}", lint.name());
    }
}
