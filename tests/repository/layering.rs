//! Which module may import which: read from the sources, comments, texts and tests left out.
//!
//! The scanner knows just enough Rust: `crate::` paths, also grouped, and `super::` paths that reach the crate's root.

#[cfg(test)]
mod scan {
    use std::collections::BTreeSet;

    /// The modules of the library, lowest first. A module imports only what stands before it.
    const ORDER: [&str; 28] = [
        "work",
        "span",
        "limits",
        "id",
        "keyed",
        "priority",
        "diagnostic",
        "text",
        "syntax",
        "message",
        "source",
        "body",
        "endpoint",
        "builtin",
        "value",
        "hir",
        "interpret",
        "predicate",
        "tree",
        "matcher",
        "manifest",
        "format",
        "table",
        "topology",
        "explain",
        "lint",
        "render",
        "internals",
    ];
    /// What a module must not import although it stands before it.
    const FORBIDDEN: [(&str, &[&str]); 1] = [("matcher", &["syntax", "hir"])];
    /// The modules that read and write JSON.
    const KNOW_SERDE: [&str; 2] = ["manifest", "render"];
    /// What only the binary does.
    const INPUT_AND_OUTPUT: [&str; 12] = [
        "std::fs",
        "std::io::stdin",
        "std::io::stdout",
        "std::io::stderr",
        "std::net",
        "std::process",
        "std::env",
        "println!",
        "eprintln!",
        "print!",
        "eprint!",
        "dbg!",
    ];

    /// What the sources of the library, given as paths under `src/` and texts, do that they must not.
    pub(crate) fn violations<'s>(sources: impl IntoIterator<Item = (&'s str, &'s str)>) -> Vec<String> {
        let mut found = Vec::new();
        for (path, source) in sources {
            let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
            if path == "lib.rs" || path.starts_with("bin/") || is_test {
                continue;
            }
            let module = path.split(['/', '.']).next().unwrap_or_default();
            let code = without_tests(&without_comments_and_texts(source));
            let Some(rank) = ORDER.iter().position(|listed| *listed == module) else {
                found.push(format!("{path}: the module `{module}` has no place in the order"));
                continue;
            };
            for imported in imports(path, &code) {
                let is_below = ORDER[..=rank].contains(&imported.as_str());
                let is_forbidden =
                    FORBIDDEN.iter().any(|(by, what)| *by == module && what.contains(&imported.as_str()));
                if ORDER.contains(&imported.as_str()) && (!is_below || is_forbidden) {
                    found.push(format!("{path}: `{module}` imports `{imported}`"));
                }
            }
            if !KNOW_SERDE.contains(&module) && words(&code).any(|word| word.starts_with("serde")) {
                found.push(format!("{path}: `{module}` knows serde"));
            }
            for item in INPUT_AND_OUTPUT.iter().filter(|item| contains_path(&code, item)) {
                found.push(format!("{path}: `{module}` uses {item}"));
            }
        }
        found
    }

    /// The source with comments dropped and texts and characters emptied.
    pub(crate) fn without_comments_and_texts(source: &str) -> String {
        let mut code = String::new();
        let mut rest = source;
        while let Some(first) = rest.chars().next() {
            let skipped = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                block_comment(rest)
            } else if let Some(length) = raw_text(rest).filter(|_| !ends_in_word(&code)) {
                code.push_str("\"\"");
                length
            } else if first == '"' {
                code.push_str("\"\"");
                quoted(rest, '"')
            } else if first == '\'' && is_character(rest) {
                code.push_str("' '");
                quoted(rest, '\'')
            } else {
                code.push(first);
                first.len_utf8()
            };
            rest = &rest[skipped..];
        }
        code
    }

    fn ends_in_word(code: &str) -> bool {
        code.ends_with(|last: char| last.is_alphanumeric() || last == '_')
    }

    fn block_comment(rest: &str) -> usize {
        let mut depth = 0;
        let mut at = 0;
        while at < rest.len() {
            let (step, change) = match rest.get(at..at + 2) {
                Some("/*") => (2, 1),
                Some("*/") => (2, -1),
                _ => (rest[at..].chars().next().map_or(1, char::len_utf8), 0),
            };
            at += step;
            depth += change;
            if depth == 0 {
                break;
            }
        }
        at
    }

    /// The length of `r"..."`, `br#"..."#` and the like, if one starts here.
    fn raw_text(rest: &str) -> Option<usize> {
        let after = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        let inner = after[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = inner.find(&close).map_or(inner.len(), |end| end + close.len());
        Some(rest.len() - inner.len() + end)
    }

    fn quoted(rest: &str, quote: char) -> usize {
        let mut characters = rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == '\\' {
                characters.next();
            } else if character == quote {
                return at + quote.len_utf8();
            }
        }
        rest.len()
    }

    /// `'x'` and `'\n'`, but no lifetime.
    fn is_character(rest: &str) -> bool {
        let mut characters = rest.chars().skip(1);
        matches!((characters.next(), characters.next()), (Some('\\'), _) | (Some(_), Some('\'')))
    }

    /// The code without the items behind `#[cfg(test)]`.
    pub(crate) fn without_tests(code: &str) -> String {
        let mut kept = String::new();
        let mut rest = code;
        while let Some((before, item)) = rest.split_once("#[cfg(test)]") {
            kept.push_str(before);
            let mut depth = 0;
            let end = item.char_indices().find(|&(_, character)| {
                depth += i32::from(character == '{') - i32::from(character == '}');
                depth == 0 && matches!(character, '}' | ';')
            });
            rest = end.map_or("", |(at, _)| &item[at + 1..]);
        }
        kept + rest
    }

    /// The names of this crate's modules that the code mentions, by whatever path leads to them.
    fn imports(path: &str, code: &str) -> BTreeSet<String> {
        let mut roots = vec!["crate::".to_owned()];
        // `super` as often as the file is deep leads to the crate's root.
        let depth = path.trim_end_matches("/mod.rs").split('/').count();
        roots.push("super::".repeat(depth));
        let mut found = BTreeSet::new();
        for root in roots {
            for (at, _) in code.match_indices(&root) {
                let rest = &code[at + root.len()..];
                let is_whole = !ends_in_word(&code[..at]) && !code[..at].ends_with("super::");
                if is_whole {
                    found.extend(first_names(rest));
                }
            }
        }
        found
    }

    /// The first names of `a::b` and of `{a::b, c}`.
    fn first_names(rest: &str) -> Vec<String> {
        let name = |text: &str| words(text).next().unwrap_or_default().to_owned();
        let Some(group) = rest.strip_prefix('{') else {
            return vec![name(rest)];
        };
        let mut names = Vec::new();
        let (mut depth, mut start) = (0, 0);
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    names.push(name(&group[start..at]));
                    start = at + 1;
                    if character == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        names
    }

    fn words(code: &str) -> impl Iterator<Item = &str> {
        code.split(|character: char| !character.is_alphanumeric() && character != '_').filter(|word| !word.is_empty())
    }

    fn contains_path(code: &str, path: &str) -> bool {
        code.match_indices(path).any(|(at, _)| !ends_in_word(&code[..at]))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::scan::{violations, without_comments_and_texts, without_tests};

    /// The files under `src/`, as paths and texts, sorted.
    fn sources() -> Vec<(String, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut directories = vec![root.clone()];
        let mut files = Vec::new();
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                    files.push((name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    #[test]
    fn imports_run_down_the_layers_only() {
        let sources = sources();
        assert!(sources.len() > 30, "{} files found", sources.len());
        let found = violations(sources.iter().map(|(path, source)| (path.as_str(), source.as_str())));
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn unsafe_code_is_forbidden() {
        let sources = sources();
        let (_, library) = sources.iter().find(|(path, _)| path == "lib.rs").unwrap();
        assert!(library.contains("#![forbid(unsafe_code)]"));
    }

    #[test]
    fn the_scanner_finds_each_kind_of_violation() {
        for (path, source, expected) in [
            ("syntax/parser/mod.rs", "use crate::hir::Type;", "`syntax` imports `hir`"),
            ("syntax/ast.rs", "use crate::{id::Id, interpret::{self, Facts}};", "`syntax` imports `interpret`"),
            ("text/mod.rs", "fn f() -> crate::syntax::Token {}", "`text` imports `syntax`"),
            ("text/case.rs", "use super::super::hir::Type;", "`text` imports `hir`"),
            ("text.rs", "use super::hir::Type;", "`text` imports `hir`"),
            ("matcher/walk.rs", "use crate::hir::Type;", "`matcher` imports `hir`"),
            ("matcher/mod.rs", "pub(in crate::matcher) use crate::syntax::Lexer;", "`matcher` imports `syntax`"),
            ("hir/mod.rs", "#[derive(serde::Serialize)]", "`hir` knows serde"),
            ("table.rs", "println!(\"\");", "`table` uses println!"),
            ("manifest/mod.rs", "let text = std::fs::read(path);", "`manifest` uses std::fs"),
            ("helper.rs", "", "the module `helper` has no place in the order"),
        ] {
            let found = violations([(path, source)]);
            assert_eq!(found, [format!("{path}: {expected}")], "{source}");
        }
    }

    #[test]
    fn what_is_no_import_is_not_taken_for_one() {
        for (path, source) in [
            ("span.rs", "/// See [`crate::hir`].\n// use crate::hir;\n/* /* */ use crate::hir; */ fn f<'a>() {}"),
            ("span.rs", "const TEXT: &str = \"use crate::hir;\"; const RAW: &str = r#\"\" use crate::hir;\"#;"),
            ("span.rs", "const QUOTE: char = '\"'; const END: char = '\\''; // \" use crate::hir"),
            ("span.rs", "#[cfg(test)]\nmod tests { use crate::hir::Type; fn f() { println!(); } }"),
            ("span.rs", "#[cfg(test)]\nuse crate::hir::Type;"),
            ("hir/check/tests.rs", "use crate::lint::Lint;"),
            ("hir/mod.rs", "use crate::hir::Type; use super::hir; use crate::syntax::{ast::{self, Expr}, Lexer};"),
            ("hir/check/mod.rs", "use super::lint; use super::super::Type;"),
            ("lib.rs", "pub use crate::table::RouteTable;"),
        ] {
            let code = without_tests(&without_comments_and_texts(source));
            assert_eq!(violations([(path, source)]), [""; 0], "{code}");
        }
    }
}
