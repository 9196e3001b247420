//! Tests tables that are small enough to be decided at once: which terms stay alive, over all conditions of a few
//! tests.

use edgeroute::Route;
use edgeroute_lang::hir::Shadowing;
use edgeroute_lang::limits::{Budgets, Limits};

use edgeroute_testkit::cases::{Case, MessageParts, OriginParts};

fn route(number: usize, condition: &str) -> Route {
    Route::new(
        format!("r{number}"),
        format!("FROM /messages/* WHERE {condition} INTO BrokeredEndpoint('/modules/m/inputs/{number}')"),
    )
}

/// A message of a module with these application properties and system properties.
fn message(properties: &[(&str, Option<&str>)], system_properties: &[(&str, &str)]) -> MessageParts {
    let owned = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    MessageParts {
        origin: OriginParts::Module { device: "d".to_owned(), module: "m".to_owned(), output: Some("o".to_owned()) },
        properties: properties.iter().map(|(name, value)| owned(name, *value)).collect(),
        system_properties: system_properties.iter().map(|(name, value)| owned(name, Some(value))).collect(),
        body: Vec::new(),
    }
}

/// Decided by the terms of disjuncts, by the terms of whole conditions, in a list, and by lookups.
fn all_budgets() -> [Budgets; 4] {
    let all = Budgets::default();
    let posted = all.clone().with_terms(0);
    [all.clone(), all.with_postings(1), posted.clone(), posted.with_list(0)]
}

#[track_caller]
fn check(conditions: &[impl AsRef<str>], fallback: Option<&str>, messages: &[MessageParts]) -> usize {
    let mut deliveries = 0;
    for budgets in all_budgets() {
        let case = Case {
            routes: conditions
                .iter()
                .enumerate()
                .map(|(number, condition)| route(number, condition.as_ref()))
                .collect(),
            fallback: fallback.map(|condition| route(99, condition).with_name("fallback")),
            messages: messages.to_vec(),
            budgets,
            shadowing: Shadowing::default(),
            limits: Limits::default(),
        };
        deliveries += case.check().unwrap();
    }
    deliveries
}

#[test]
fn conditions_of_three_tests_are_decided_as_the_interpreter_decides_them() {
    let tests = [
        "a = 'x'",
        "a != 'x'",
        "a = 'a text of more than sixteen bytes'",
        "a != 'y'",
        "not is_null(a)",
        "starts_with(a, 'x')",
        "b = 'x'",
    ];
    let mut conditions = Vec::new();
    for one in tests {
        for two in tests {
            for three in tests {
                conditions.extend([
                    format!("{one} or {two} or {three}"),
                    format!("{one} and {two} and {three}"),
                    format!("{one} and ({two} or {three})"),
                ]);
            }
        }
    }
    let values = [None, Some("x"), Some("xy"), Some("y"), Some("a text of more than sixteen bytes")];
    let mut messages = vec![message(&[], &[]), message(&[("b", Some("x"))], &[])];
    for value in values {
        messages.extend([message(&[("a", value)], &[]), message(&[("b", Some("x")), ("a", value)], &[])]);
    }
    // As many as have at most 64 terms together.
    let deliveries: usize = conditions.chunks(21).map(|conditions| check(conditions, None, &messages)).sum();
    assert!(deliveries > conditions.len());
}

#[test]
fn a_route_that_asks_for_system_properties_only_finds_them() {
    let conditions = [
        "$contentType = 'a' and $correlationId = 'b'",
        "{$contentType} = 'a' and {$correlationId} != 'c' and {$userId} = 'u'",
        "$connectionDeviceId = 'd' and $connectionModuleId = 'm' and $outputName = 'o'",
        "$connectionDeviceId = 'd' and $connectionModuleId = 'm' and $outputName = 'o' and not is_defined($inputName)",
    ];
    let messages = [
        message(&[], &[("contentType", "a"), ("correlationId", "b")]),
        message(&[("$correlationId", Some("b"))], &[("contentType", "a"), ("userId", "u")]),
        message(&[], &[("userId", "u"), ("contentType", "a"), ("correlationId", "b")]),
        message(&[], &[]),
    ];
    for condition in conditions {
        assert!(check(&[condition], None, &messages) > 0, "{condition}");
    }
    check(&conditions, None, &messages);
}

#[test]
fn a_fallback_that_is_never_true_takes_nothing() {
    let messages = [message(&[("a", Some("1"))], &[]), message(&[("b", Some("1"))], &[])];
    let never = Some("a = '1' and a = '2'");
    assert_eq!(check(&[""; 0], never, &messages), 0);
    // With each of the budgets, the route matches one of the two messages, twice.
    assert_eq!(check(&["b = '1'"], never, &messages), 4 * 2);
}

#[test]
fn sixty_five_properties_are_too_many_for_terms_and_all_count() {
    for count in [64, 65] {
        let names: Vec<String> = (0..count).map(|n| format!("a{n}")).collect();
        let condition = names.iter().map(|name| format!("{name} = 'x'")).collect::<Vec<_>>().join(" and ");
        let all: Vec<(&str, Option<&str>)> = names.iter().map(|name| (name.as_str(), Some("x"))).collect();
        let messages = [message(&all, &[]), message(&all[1..], &[]), message(&all[..count - 1], &[])];
        assert_eq!(check(&[condition], None, &messages), 4 * 2, "{count}");
    }
}
