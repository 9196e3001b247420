//! The examples of `grammar/SEMANTICS.md` have the results that it states, and the code cites only anchors that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use edgeroute_lang::builtin::reference::SAMPLE_MESSAGE;
use edgeroute_lang::hir::{CheckOptions, TwinFunctions, check};
use edgeroute_lang::interpret::{ResolvedMessage, verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Origin, SYSTEM_PROPERTIES};
use edgeroute_lang::syntax::parse_condition;

const SEMANTICS: &str = include_str!("../../../../../grammar/SEMANTICS.md");

/// The lines of the fenced blocks that are marked `kind`.
fn examples(kind: &str) -> Vec<(&'static str, &'static str)> {
    let mut examples = Vec::new();
    let mut lines = SEMANTICS.lines();
    while lines.by_ref().any(|line| line.strip_prefix("```") == Some(kind)) {
        let block = lines.by_ref().take_while(|line| *line != "```");
        examples.extend(block.map(|line| line.rsplit_once(" -> ").expect(line)));
    }
    examples
}

/// The verdict of a condition on the sample message, or `refused`.
fn found(text: &str, origin: Origin<'_>, twin_functions: TwinFunctions) -> String {
    let limits = Limits::default();
    let parsed = parse_condition(text, &limits);
    if !parsed.errors.is_empty() {
        return "refused".to_owned();
    }
    let options = CheckOptions { twin_functions, ..CheckOptions::default() };
    let Ok(condition) = check(&parsed.tree, &options) else {
        return "refused".to_owned();
    };
    assert_eq!(parsed.tree.ignored(), None, "{text}");
    let sample: serde_json::Value = serde_json::from_str(SAMPLE_MESSAGE).unwrap();
    let pairs = |key: &str| -> Vec<(String, Option<String>)> {
        let object = sample[key].as_object().unwrap().iter();
        object.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect()
    };
    let (properties, system) = (pairs("properties"), pairs("systemProperties"));
    let body = sample["body"].to_string();
    let message = Message::new(origin).properties(&properties).system_properties(&system).body(body.as_bytes());
    verdict(&condition, &ResolvedMessage::new(&message, &limits).unwrap()).to_string()
}

#[test]
fn every_example_has_the_stated_result() {
    let module = examples("conditions");
    let twin = examples("conditions twin");
    assert!(module.len() > 150 && !twin.is_empty(), "{} and {}", module.len(), twin.len());
    let module = module.into_iter().map(|(text, expected)| {
        (text, expected, found(text, Origin::module("edge", "sensor"), TwinFunctions::Unknown))
    });
    let twin = twin
        .into_iter()
        .map(|(text, expected)| (text, expected, found(text, Origin::twin_change("edge"), TwinFunctions::Known)));
    let wrong: Vec<_> = module.chain(twin).filter(|(_, expected, found)| found != expected).collect();
    assert!(wrong.is_empty(), "(condition, stated, found): {wrong:#?}");
}

#[test]
fn the_sample_message_is_the_one_of_the_reference() {
    assert!(SEMANTICS.contains(SAMPLE_MESSAGE.trim_end()));
}

#[test]
fn all_known_system_properties_are_listed() {
    for property in SYSTEM_PROPERTIES {
        assert!(SEMANTICS.contains(&format!("`{}`", property.name())), "{}", property.name());
    }
}

/// What follows each `before`, as far as it can be part of an anchor.
fn anchors_after<'t>(text: &'t str, before: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-');
        &rest[..end.unwrap_or(rest.len())]
    })
}

fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_code_cites_anchors_that_exist() {
    let mut anchors = BTreeSet::new();
    for anchor in anchors_after(SEMANTICS, "<a id=\"") {
        assert!(anchors.insert(anchor), "`{anchor}` is defined twice");
    }
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    for cited in texts.iter().flat_map(|text| anchors_after(text, "SEMANTICS#")) {
        assert!(anchors.contains(cited), "there is no anchor `{cited}` in grammar/SEMANTICS.md");
    }
    for linked in anchors_after(SEMANTICS, "](#") {
        let heading = |line: &str| {
            line.strip_prefix("## ")
                .is_some_and(|title| title.to_lowercase().replace(',', "").replace(' ', "-") == linked)
        };
        assert!(anchors.contains(linked) || SEMANTICS.lines().any(heading), "broken link `#{linked}`");
    }
}
