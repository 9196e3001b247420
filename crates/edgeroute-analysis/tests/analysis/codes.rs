//! The pages of the codes: each example gives the code that it says.
//!
//! Examples in Rust run as doctests of `docs/codes.md`.

use edgeroute::{Route, RouteTable};
use edgeroute_analysis::lint::{Level, Levels, Lint, Linter, explanation};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, Parsed};

/// Codes that no short text can produce.
const WITHOUT_EXAMPLE: [Code; 3] = [Code::TooManyErrors, Code::ManifestTooLong, Code::TooManyReads];

/// A fenced block of a page.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) language: String,
    /// The code that it must produce; `None` if it must produce none.
    pub(crate) code: Option<Code>,
    limits: Limits,
    pub(crate) text: String,
}

/// The fenced blocks of a page.
pub(crate) fn examples(page: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut lines = page.lines();
    while let Some(info) = lines.find_map(|line| line.strip_prefix("```")) {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let mut words = info.split_whitespace();
        let language = words.next().expect("a language after ```").to_owned();
        let mut example = Example { language, code: None, limits: Limits::default(), text: block.join("\n") };
        for word in words {
            match word.split_once(':') {
                None => example.code = Some(word.parse().unwrap_or_else(|_| panic!("{word} is no code"))),
                Some((limit, value)) => {
                    let value = value.parse().expect("a number");
                    match limit {
                        "route_bytes" => example.limits.route_bytes = value,
                        "nesting" => example.limits.nesting = value,
                        "routes" => example.limits.routes = value,
                        _ => panic!("{limit} is no limit"),
                    }
                }
            }
        }
        examples.push(example);
    }
    examples
}

/// The codes of everything that is found in an example: errors, and if `lint` is given, the findings of it and of the
/// lints that are on by default.
fn findings(example: &Example, lint: Option<&Lint>) -> Vec<Code> {
    let mut found = errors(example);
    if let Some(lint) = lint {
        let level = Levels::default().with(lint.name().parse().expect("the name of a lint"), Level::Warn);
        let linter = Linter::with_levels(level);
        if example.language == "route" {
            let report = linter.lint_routes(&[Route::new("example", example.text.as_str())]);
            found.extend(report.findings().iter().map(|finding| finding.lint().code()));
        } else {
            let report = linter.lint_manifest(&example.text);
            found.extend(report.findings().iter().map(|finding| finding.diagnostic.code));
        }
    }
    found
}

fn errors(example: &Example) -> Vec<Code> {
    match example.language.as_str() {
        "route" => {
            let compiled = TypedRoute::compile(&example.text, Shadowing::default(), &example.limits);
            compiled.err().into_iter().flatten().map(|error| error.code).collect()
        }
        "json" => {
            let Parsed { manifest, problems, .. } = Manifest::parse(&example.text);
            let mut found: Vec<Code> = problems.iter().map(|problem| problem.diagnostic().code).collect();
            let builder = RouteTable::builder().limits(example.limits.clone());
            let skipped = match builder.manifest(&manifest.unwrap_or_default()).build_partial() {
                Ok(partial) => partial.skipped,
                Err(error) => error.problems().to_vec(),
            };
            found.extend(skipped.iter().map(|problem| problem.diagnostic().code));
            found
        }
        language => panic!("an example in {language}"),
    }
}

#[test]
fn every_example_gives_its_code_and_no_other() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        for example in examples(&explanation(*code)) {
            assert!(example.code.is_none_or(|given| given == *code), "{code} shows another code: {example:?}");
            if example.language != "rust" {
                let lint = Lint::named(code.as_str());
                let found = findings(&example, lint);
                if found != Vec::from_iter(example.code) {
                    wrong.push(format!("{code}: {found:?} in {}", example.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_shows_what_gives_it_and_how_to_fix_that() {
    for code in Code::ALL {
        let examples = examples(&explanation(*code));
        let fires = examples.iter().filter(|example| example.code.is_some()).count();
        let fixed = examples.len() - fires;
        if WITHOUT_EXAMPLE.contains(code) {
            assert_eq!(examples.len(), 0, "{code}");
        } else {
            assert!(fires > 0 && fixed > 0, "{code}: {fires} examples of it, {fixed} of fixed text");
        }
    }
}
