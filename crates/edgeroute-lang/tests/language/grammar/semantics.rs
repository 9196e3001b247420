//! Checks that the examples of `grammar/SEMANTICS.md` have the results that it states.

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
