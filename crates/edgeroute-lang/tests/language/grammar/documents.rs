//! Checks the documents: their routes parse, and the table of surprising tokens is correct.

use edgeroute_lang::body::BodyPath;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::syntax::{Lexer, TokenKind, parse_condition, parse_route};

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(format!("{}/{path}", edgeroute_testkit::repository().display())).ok()
}

/// The contents of the fenced blocks that are marked as routes.
fn fenced_routes(document: &str) -> Vec<String> {
    let mut routes = Vec::new();
    let mut lines = document.lines();
    while lines.by_ref().any(|line| line.trim() == "```route") {
        let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
        routes.push(block.join("\n"));
    }
    routes
}

/// The rows of the Markdown table of two columns under a header.
fn table(document: &str, header: &str) -> Vec<[String; 2]> {
    let rows = document.lines().skip_while(|line| *line != header).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let row = row.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")).expect("a row of a table");
        let (left, right) = row.split_once(" | ").expect("two cells");
        [left, right].map(|cell| cell.replace("\\|", "|"))
    })
    .collect()
}

fn unquoted(cell: &str) -> &str {
    cell.trim_matches('`')
}

#[test]
fn fenced_routes_of_the_documents_parse() {
    for path in ["grammar/README.md", "README.md"] {
        let routes = fenced_routes(&read(path).expect(path));
        assert!(!routes.is_empty(), "no routes in {path}");
        for route in routes {
            assert_eq!(parse_route(&route, &Limits::default()).errors, [], "in {path}: {route}");
        }
    }
}

#[test]
fn the_table_of_prefixes_is_true() {
    let document = read("grammar/README.md").expect("the grammar's README");
    let rows = table(&document, "| condition | |");
    assert!(rows.len() >= 8, "{rows:?}");
    for row in rows {
        let text = unquoted(&row[0]);
        let parsed = parse_condition(text, &Limits::default());
        if let Some(meaning) = row[1].strip_prefix("means ") {
            assert_eq!(parsed.errors, [], "{text}");
            assert_eq!(parsed.tree.span().slice(text), unquoted(meaning), "{text}");
        } else {
            assert!(row[1].starts_with("refused") && !parsed.errors.is_empty(), "{text}");
        }
    }
}

#[test]
fn the_table_of_body_paths_is_true() {
    let document = read("grammar/README.md").expect("the grammar's README");
    let rows = table(&document, "| path | |");
    assert!(rows.len() >= 6, "{rows:?}");
    for row in rows {
        let path = BodyPath::parse(unquoted(&row[0]));
        assert_eq!(path.is_ok(), row[1].starts_with("means"), "{row:?}");
        assert_eq!(path.is_ok_and(|path| path.steps().is_none()), row[1].ends_with("undefined"), "{row:?}");
    }
}

#[test]
fn the_table_of_tokens_is_true() {
    let document = read("grammar/README.md").expect("the grammar's README");
    let rows = table(&document, "| text | tokens |");
    assert!(rows.len() >= 15, "{rows:?}");
    for row in rows {
        let text = unquoted(&row[0]);
        let found: Vec<String> = Lexer::new(text)
            .filter(|token| token.kind != TokenKind::Eof)
            .map(|token| format!("{} `{}`", what(token.kind), token.span.slice(text)))
            .collect();
        assert_eq!(found.join(", "), row[1], "{text}");
    }
}

/// The name of a token in the table.
fn what(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Id => "name",
        TokenKind::String => "string",
        TokenKind::UnterminatedString => "unterminated string",
        TokenKind::Integer | TokenKind::Hex | TokenKind::Real => "number",
        TokenKind::SystemProperty => "system property",
        _ => "operator",
    }
}
