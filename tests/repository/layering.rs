//! Checks which module imports which, by reading the sources without comments, strings and tests.
//!
//! The scanner knows only as much Rust as it needs: `crate::` paths, also grouped, and `super::` paths that reach the
//! crate's root.

#[cfg(test)]
mod scan {
    use std::collections::BTreeSet;

    /// A crate of the workspace or a module of it, and its modules from the lowest to the highest. A module may import
    /// only modules before it.
    #[derive(Debug)]
    pub(crate) struct Layers {
        /// The directory of its sources.
        pub(crate) sources: &'static str,
        /// The path of the crate or module, as its own sources write it.
        path: &'static str,
        modules: &'static [&'static str],
        /// Modules that read or write JSON, or implement `Serialize`. Those of a program all may, and they may do input
        /// and output.
        know_serde: &'static [&'static str],
        is_program: bool,
        /// Paths that a module must not use although they are in lower modules.
        forbidden: &'static [(&'static str, &'static [&'static str])],
    }

    /// The libraries, in the order in which they depend on each other; Cargo enforces that order.
    pub(crate) const LIBRARIES: [Layers; 3] = [
        Layers {
            sources: "crates/edgeroute-lang/src",
            path: "crate::",
            modules: &[
                "steps",
                "id",
                "span",
                "limits",
                "hash_map",
                "priority",
                "route",
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
                "prove",
                "manifest",
                "miette",
                "serialize",
                "format",
            ],
            know_serde: &["span", "route", "diagnostic", "message", "manifest", "serialize"],
            is_program: false,
            forbidden: &[],
        },
        Layers {
            sources: "src",
            path: "crate::",
            modules: &["tuning", "index", "search", "table", "internals"],
            know_serde: &["table"],
            is_program: false,
            forbidden: &[("search", &["edgeroute_lang::syntax", "edgeroute_lang::hir", "edgeroute_lang::manifest"])],
        },
        Layers {
            sources: "crates/edgeroute-analysis/src",
            path: "crate::",
            modules: &["topology", "explain", "lint", "diff", "render"],
            know_serde: &["render"],
            is_program: false,
            forbidden: &[],
        },
    ];

    /// The modules of the engine in which every message is matched.
    pub(crate) const MODULES: [Layers; 4] = [
        Layers {
            sources: "src/index",
            path: "crate::index::",
            modules: &[
                "id", "hash", "text", "keys", "program", "lookup", "source", "bitset", "access", "compiled", "build",
                "debug",
            ],
            know_serde: &[],
            is_program: false,
            forbidden: &[],
        },
        Layers {
            sources: "src/search",
            path: "crate::search::",
            modules: &["text_test", "scalar", "body", "names", "slots", "evaluate", "bitset", "matcher"],
            know_serde: &[],
            is_program: false,
            forbidden: &[],
        },
        Layers {
            sources: "src/search/body",
            path: "crate::search::body::",
            modules: &["units", "token", "trie", "guesses", "scanner", "duplicates", "single", "several"],
            know_serde: &[],
            is_program: false,
            forbidden: &[],
        },
        Layers {
            sources: "src/search/evaluate",
            path: "crate::search::evaluate::",
            modules: &["rope", "cursor", "find", "ropes"],
            know_serde: &[],
            is_program: false,
            forbidden: &[],
        },
    ];

    /// The hub: what holds data, then services, then servers, then the commands.
    pub(crate) const HUB: Layers = Layers {
        sources: "crates/edgeroute-hub/src",
        path: "crate::",
        modules: &[
            "clock",
            "files",
            "json",
            "listen",
            "bind",
            "identity",
            "message",
            "store",
            "metrics",
            "wire",
            "protocol",
            "tls",
            "config",
            "outbox",
            "observe",
            "clients",
            "routing",
            "ingest",
            "twins",
            "methods",
            "upstream",
            "hub",
            "operations",
            "reload",
            "mqtt",
            "http",
            "workload",
            "admin",
            "services",
            "administration",
            "contact",
            "doctor",
            "run",
            "command",
            "start",
            "main",
        ],
        know_serde: &[],
        is_program: true,
        forbidden: &[],
    };

    /// Operations that only a program may use.
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

    /// Finds violations of the layers, of the list of modules that know serde, and of the ban on input and output.
    /// `sources` are paths relative to the directory of the library, with their texts.
    pub(crate) fn violations<'s>(
        layers: &Layers,
        sources: impl IntoIterator<Item = (&'s str, &'s str)>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for (path, source) in sources {
            let is_test = format!("/{path}").contains("/tests/")
                || ["/tests.rs", "/testing.rs", "attacks.rs"].iter().any(|end| path.ends_with(end));
            if matches!(path, "lib.rs" | "mod.rs") || is_test {
                continue;
            }
            let module = path.split(['/', '.']).next().unwrap_or_default();
            let code = without_tests(&without_comments_and_texts(source));
            let Some(rank) = layers.modules.iter().position(|listed| *listed == module) else {
                found.push(format!("{path}: the module `{module}` has no place in the order"));
                continue;
            };
            for imported in imports(layers, path, &code) {
                // A name of the crate's root that is not a module is a re-export from the top, or a macro.
                let is_macro = imported == "define_id";
                if !layers.modules[..=rank].contains(&imported.as_str()) && !is_macro {
                    found.push(format!("{path}: `{module}` imports `{imported}`"));
                }
            }
            for (by, paths) in layers.forbidden {
                for forbidden in paths.iter().filter(|forbidden| *by == module && contains_path(&code, forbidden)) {
                    found.push(format!("{path}: `{module}` uses {forbidden}"));
                }
            }
            if layers.is_program {
                continue;
            }
            if !layers.know_serde.contains(&module) && words(&code).any(|word| word.starts_with("serde")) {
                found.push(format!("{path}: `{module}` knows serde"));
            }
            for item in INPUT_AND_OUTPUT.iter().filter(|item| contains_path(&code, item)) {
                found.push(format!("{path}: `{module}` uses {item}"));
            }
        }
        found
    }

    /// The source without comments, and with empty strings and characters.
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

    /// Whether this is `'x'` or `'\n'` and not a lifetime.
    fn is_character(rest: &str) -> bool {
        let mut characters = rest.chars().skip(1);
        matches!((characters.next(), characters.next()), (Some('\\'), _) | (Some(_), Some('\'')))
    }

    /// The code without the items after `#[cfg(test)]`.
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

    /// The names of the modules that the code mentions, by any path.
    fn imports(layers: &Layers, path: &str, code: &str) -> BTreeSet<String> {
        let mut roots = vec![layers.path.to_owned()];
        // `super` repeated as often as the file is nested leads to the crate or module.
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

    use super::scan::{HUB, LIBRARIES, Layers, MODULES, violations, without_comments_and_texts, without_tests};

    const LANGUAGE: &Layers = &LIBRARIES[0];
    const ENGINE: &Layers = &LIBRARIES[1];
    const INDEX: &Layers = &MODULES[0];

    /// The files of a library as sorted paths and texts.
    fn sources(layers: &Layers) -> Vec<(String, String)> {
        let root = edgeroute_testkit::repository().join(layers.sources);
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
        for layers in LIBRARIES.iter().chain([&HUB]) {
            let sources = sources(layers);
            assert!(sources.len() > 30, "{} files found", sources.len());
            let found = violations(layers, sources.iter().map(|(path, source)| (path.as_str(), source.as_str())));
            assert!(found.is_empty(), "{}", found.join("\n"));
        }
        for layers in &MODULES {
            let sources = sources(layers);
            assert!(sources.len() > 3, "{} files found", sources.len());
            let found = violations(layers, sources.iter().map(|(path, source)| (path.as_str(), source.as_str())));
            assert!(found.is_empty(), "{}", found.join("\n"));
        }
    }

    #[test]
    fn unsafe_code_is_forbidden() {
        for layers in LIBRARIES.iter().chain([&HUB]) {
            let sources = sources(layers);
            let (_, library) = sources.iter().find(|(path, _)| path == "lib.rs").unwrap();
            assert!(library.contains("#![forbid(unsafe_code)]"), "{}", layers.sources);
        }
    }

    #[test]
    fn the_scanner_finds_each_kind_of_violation() {
        for (layers, path, source, expected) in [
            (LANGUAGE, "syntax/parser/mod.rs", "use crate::hir::Type;", "`syntax` imports `hir`"),
            (
                LANGUAGE,
                "syntax/ast.rs",
                "use crate::{id::Id, interpret::{self, Verdict}};",
                "`syntax` imports `interpret`",
            ),
            (LANGUAGE, "text/mod.rs", "fn f() -> crate::syntax::Token {}", "`text` imports `syntax`"),
            (LANGUAGE, "text/case.rs", "use super::super::hir::Type;", "`text` imports `hir`"),
            (LANGUAGE, "text.rs", "use super::hir::Type;", "`text` imports `hir`"),
            (ENGINE, "search/mod.rs", "use edgeroute_lang::hir::Type;", "`search` uses edgeroute_lang::hir"),
            (ENGINE, "index/mod.rs", "pub(in crate::index) use crate::search::Matcher;", "`index` imports `search`"),
            // Re-exports of the root come from the top.
            (ENGINE, "index/mod.rs", "use crate::RouteTable;", "`index` imports `RouteTable`"),
            (ENGINE, "search/slots.rs", "use crate::{index::Index, Scratch};", "`search` imports `Scratch`"),
            (LANGUAGE, "hir/mod.rs", "#[derive(serde::Serialize)]", "`hir` knows serde"),
            (ENGINE, "table.rs", "println!(\"\");", "`table` uses println!"),
            (LANGUAGE, "manifest/mod.rs", "let text = std::fs::read(path);", "`manifest` uses std::fs"),
            (INDEX, "hash.rs", "use super::text::Texts;", "`hash` imports `text`"),
            (INDEX, "build/merge.rs", "use crate::index::Index;", "`build` imports `Index`"),
            (LANGUAGE, "helper.rs", "", "the module `helper` has no place in the order"),
        ] {
            let found = violations(layers, [(path, source)]);
            assert_eq!(found, [format!("{path}: {expected}")], "{source}");
        }
    }

    #[test]
    fn only_imports_are_treated_as_imports() {
        for (path, source) in [
            ("span.rs", "/// See [`crate::hir`].\n// use crate::hir;\n/* /* */ use crate::hir; */ fn f<'a>() {}"),
            ("span.rs", "const TEXT: &str = \"use crate::hir;\"; const RAW: &str = r#\"\" use crate::hir;\"#;"),
            ("span.rs", "const QUOTE: char = '\"'; const END: char = '\\''; // \" use crate::hir"),
            ("span.rs", "#[cfg(test)]\nmod tests { use crate::hir::Type; fn f() { println!(); } }"),
            ("span.rs", "#[cfg(test)]\nuse crate::hir::Type;"),
            ("hir/check/tests.rs", "use crate::format::Kept;"),
            ("hir/mod.rs", "use crate::hir::Type; use super::text; use crate::syntax::{ast::{self, Expr}, Lexer};"),
            ("hir/check/mod.rs", "use super::Route; use super::super::hir;"),
            ("lib.rs", "pub use crate::table::RouteTable;"),
        ] {
            let code = without_tests(&without_comments_and_texts(source));
            assert_eq!(violations(LANGUAGE, [(path, source)]), [""; 0], "{code}");
        }
    }
}
