use super::*;
use crate::hir::{CheckOptions, check};
use crate::limits::Limits;
use crate::source::SourcePattern;
use crate::syntax::parse_condition;

fn add(reasoner: &mut Prover, text: &str) -> FormulaId {
    let parsed = parse_condition(text, &Limits::default().with_route_bytes(1 << 24));
    assert_eq!(parsed.errors, [], "{text}");
    let condition = check(&parsed.tree, &CheckOptions::default()).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    reasoner.add(&condition)
}

/// Whether it is proved that no message makes the condition true.
fn is_dead(text: &str) -> bool {
    is_dead_from("/*", text)
}

fn is_dead_from(source: &str, text: &str) -> bool {
    let mut reasoner = Prover::new();
    let formula = add(&mut reasoner, text);
    let answer = reasoner.refute(&[(formula, true)], &SourceFacts::of(&SourcePattern::new(source)));
    assert_eq!(reasoner.given_up(), 0);
    answer == Answer::Impossible
}

/// Whether it is proved that the second condition is true whenever the first is, for either order of the claims.
fn follows(from: &str, to: &str) -> bool {
    let mut reasoner = Prover::new();
    let claims = [(add(&mut reasoner, from), true), (add(&mut reasoner, to), false)];
    let mut refute = |claims: &[Claim]| reasoner.refute(claims, &SourceFacts::default()) == Answer::Impossible;
    let follows = refute(&claims);
    assert_eq!(refute(&[claims[1], claims[0]]), follows, "{from} => {to}");
    follows
}

#[track_caller]
fn all_dead(conditions: &[&str]) {
    for condition in conditions {
        assert!(is_dead(condition), "{condition}");
    }
}

#[track_caller]
fn all_open(conditions: &[&str]) {
    for condition in conditions {
        assert!(!is_dead(condition), "{condition}");
    }
}

#[test]
fn string_tests_that_contradict_each_other() {
    all_dead(&[
        "a = 'x' and a = 'y'",
        "a = 'x' and A != 'x'",
        "a = 'x' and not is_defined(a)",
        "a = 'x' and is_null(a)",
        "a < 'b' and a > 'c'",
        "a < 'b' and a >= 'b'",
        "a > 'b' and a <= 'b'",
        "a >= 'b' and a <= 'b' and a != 'b'",
        "a <= 'b' and a < 'b' and a >= 'b'",
        "a < 'b' and a <= 'b' and a >= 'b'",
        "a >= 'b' and a > 'b' and a <= 'b'",
        "a > 'b' and a >= 'b' and a <= 'b'",
        "a = 'b' and a < 'b'",
        "a = 'b' and starts_with(a, 'c')",
        "starts_with(a, 'ab') and starts_with(a, 'ac')",
        "starts_with(a, 'ab') and not starts_with(a, 'a')",
        "ends_with(a, 'b') and ends_with(a, 'ac')",
        "ends_with(a, 'ab') and not contains(a, 'b')",
        "contains(a, 'xyz') and not contains(a, 'y')",
        "starts_with(a, 'b') and a < 'b'",
        "starts_with(a, 'b') and a > 'c'",
        "not starts_with(a, '')",
        "(a = 'x' or a = 'y') and a = 'z'",
        "(a = 'x' or b = 'x') and a = 'y' and b = 'y'",
        "not (a = 'x' or a != 'x') and is_string(a)",
    ]);
    all_open(&[
        "a = 'x'",
        "a = 'x' and b = 'y'",
        "a = 'x' or a = 'y'",
        "a >= 'b' and a <= 'b'",
        "a > 'b' and a < 'c'",
        "starts_with(a, 'ab') and starts_with(a, 'abc')",
        "starts_with(a, 'b') and a > 'b'",
        "starts_with(a, 'b') and a <= 'b'",
        "starts_with(a, 'b') and a > 'bz'",
        "starts_with(a, 'b') and ends_with(a, 'c') and contains(a, 'd') and not contains(a, 'e')",
        "not (a = 'x') and not (a = 'y')",
        "$a = 'x' and {$a} = 'y'",
        "is_null(a) and not is_string(a)",
        "(a = 'x' or a = 'y') and (a = 'y' or a = 'z')",
    ]);
}

#[test]
fn number_tests_that_contradict_each_other() {
    all_dead(&[
        "as_number(a) > 5 and as_number(a) < 3",
        "as_number(a) > 5 and as_number(a) <= 5",
        "as_number(a) = 5 and as_number(a) != 5",
        "as_number(a) = 5 and a = '6'",
        "as_number(a) = 5 and a = 'x'",
        "as_number(a) = 5 and not is_string(a)",
        "as_number(a) >= 5 and as_number(a) <= 7 and (as_number(a) < 5 or as_number(a) > 7)",
        "as_number(a) != 5 and a = ' 5.0'",
    ]);
    all_open(&[
        "as_number(a) > 5 and as_number(a) < 6",
        "as_number(a) = 5 and a = ' 5.0 '",
        "as_number(a) = 5 and a != '5'",
        "not (as_number(a) > 5) and not (as_number(a) < 3)",
    ]);
}

#[test]
fn body_value_tests_that_contradict_each_other() {
    all_dead(&[
        "$body.a = 5 and $body.a = 6",
        "$body.a = 5 and $body.a = '5'",
        "$body.a = true and $body.a = 1",
        "$body.a and not $body.a",
        "$body.a < false",
        "$body.a > null",
        "$body.a > false and $body.a < true",
        "$body.a > 'x' and $body.a < 5",
        "$body.a = 'x' and as_number($body.a) = 5",
        "$body.a = 5 and as_number($body.a) != 5",
        "$body.a > 5 and $body.a < 7 and as_number($body.a) > 8",
        "$body.a = null and $body.a != null",
        "$body.a >= 'x' and $body.a < 'x'",
        "$body.a >= 'c' and $body.a <= 'b'",
        "$body.a <= 5 and $body.a < 5 and $body.a >= 5",
        "$body.a < 5 and $body.a <= 5 and $body.a >= 5",
        "$body.a >= 'x' and $body.a > 'x' and $body.a <= 'x'",
        "$body.a > 'x' and $body.a >= 'x' and $body.a <= 'x'",
        // There is no double between them.
        "$body.a > 5 and $body.a < 5.000000000000001",
    ]);
    all_open(&[
        "$body.a = 5 and $body.b = 6",
        "$body.a > 5 and $body.a < 6",
        "$body.a > 'b' and $body.a < 'c'",
        "$body.a > 5 and $body.a <= 5.000000000000001",
        "$body.a > 5",
        "$body.a = '5' and as_number($body.a) = 5",
        "$body.a != 5 and $body.a != '5'",
        "not ($body.a = 5)",
        "$body.a >= false and $body.a <= true",
        "$body.a = 5 and {$body.a} = 6",
    ]);
}

#[test]
fn body_values_that_do_not_read_as_a_number() {
    all_dead(&[
        "$body.a = true and as_number($body.a) = 1",
        "$body.a >= false and $body.a <= true and as_number($body.a) = 1",
        "$body.a <= true and as_number($body.a) = 1",
        "$body.a = null and as_number($body.a) = 0",
        "$body.a >= null and as_number($body.a) = 0",
        "$body.a = '5' and as_number($body.a) = 6",
        "as_number($body.a) = 6 and $body.a = '5'",
    ]);
    all_open(&[
        "$body.a > 5 and $body.a < 7 and as_number($body.a) < 6",
        "$body.a > 5 and as_number($body.a) = 6",
        "$body.a < '6' and as_number($body.a) = 5",
        // A string between two that are not numbers may be a number.
        "$body.a >= '1x' and $body.a <= '3x' and as_number($body.a) = 2",
    ]);
}

#[test]
fn equal_expressions_have_the_same_truth() {
    assert!(is_dead("length(a) = 5 and not (length(A) = 5)"));
    assert!(!is_dead("length(a) = 5 and not (length(b) = 5)"));
    assert!(!is_dead("length(a) = 5 and not (length(a) = 6)"));
    assert!(follows("length(a) = 5 and b = 'x'", "length(a) = 5"));
}

#[test]
fn implication_considers_undefined() {
    assert!(follows("a = 'x'", "a = 'x' or b = 'y'"));
    assert!(follows("a = 'x' and b = 'y'", "b = 'y'"));
    assert!(follows("a = 'x'", "a != 'y'"));
    assert!(follows("as_number(a) > 5", "as_number(a) > 3"));
    assert!(follows("as_number(a) > 5 and as_number(a) < 6", "as_number(a) != 4"));
    assert!(follows("a = 'x' or a = 'y'", "a = 'y' or a = 'z' or a = 'x'"));
    assert!(follows("starts_with(a, 'abc')", "starts_with(a, 'ab')"));
    assert!(follows("$body.a = 5", "$body.a > 3"));
    assert!(follows("$body.a = '5'", "as_number($body.a) > 3"));
    assert!(!follows("$body.a = 'x'", "as_number($body.a) > 3"));
    assert!(follows("is_string(a)", "a < 'x' or a >= 'x'"));
    assert!(!follows("b = 'y'", "a = 'x' or a != 'x'"));
    assert!(!follows("a = 'x' or b = 'y'", "a = 'x'"));
    assert!(!follows("$body.a != 3", "$body.a < 3 or as_number($body.a) > 3"));
    assert!(!follows("is_defined(a)", "as_number(a) > 3 or as_number(a) <= 3"));
}

#[test]
fn stamps_follow_from_the_source() {
    let module = "/messages/modules/a/*";
    for (source, condition) in [
        (module, "$connectionModuleId = 'b'"),
        (module, "starts_with($connectionModuleId, 'b')"),
        (module, "not is_defined($connectionModuleId)"),
        ("/messages/modules/*", "not is_defined($connectionModuleId)"),
        ("/messages/modules/a/outputs/*", "not is_defined($outputName)"),
        ("/messages/modules/a/outputs/o", "$outputName = 'p'"),
        ("/messages/modules/ab", "starts_with($connectionModuleId, 'B')"),
        ("/messages/modules/ab", "ends_with($connectionModuleId, 'A')"),
        ("/messages/modules/ab", "contains($connectionModuleId, 'C')"),
    ] {
        assert!(is_dead_from(source, condition), "{source} {condition}");
    }
    for (source, condition) in [
        (module, "$connectionModuleId = 'A'"),
        (module, "$connectionModuleId != 'a'"),
        (module, "not is_defined($outputName)"),
        (module, "connectionModuleId = 'b'"),
        ("/messages/modules/ab", "starts_with($connectionModuleId, 'A') and ends_with($connectionModuleId, 'B')"),
        ("/messages/*", "$connectionModuleId = 'b'"),
        ("/*", "not is_defined($connectionModuleId)"),
        ("/messages/modules/a/outputs/o/p", "$outputName = 'q'"),
    ] {
        assert!(!is_dead_from(source, condition), "{source} {condition}");
    }
}

#[test]
fn contradictions_are_found_in_every_case() {
    all_dead(&[
        "(a = '1' or b = '1') and (a = '1' or b = '2') and (a = '2' or b = '1') and (a = '2' or b = '2')",
        "(as_number(a) < 2 or as_number(a) > 7) and (as_number(a) < 5 or as_number(a) > 8)
            and as_number(a) >= 2 and as_number(a) <= 8",
        "($body.a < 2 or $body.b < 2) and ($body.a < 2 or $body.b > 2) and ($body.a > 2 or $body.b < 2)
            and ($body.a > 2 or $body.b > 2)",
    ]);
    all_open(&[
        "(a = '1' or b = '1') and (a = '1' or b = '2') and (a = '2' or b = '1') and (a = '1' or c = '1')",
        "(a = '1' or b = '1') and (a = '1' or b = '2') and (a = '2' or b = '1')",
    ]);
}

/// Builds `p0 = '1'`, then for each property that the next one is `1` too, and for the last one that it is not.
#[test]
fn chains_of_implications_are_found_in_any_order() {
    const STEPS: usize = 41;
    let step = |n: usize| format!("(p{n} = '0' or p{} = '1')", n + 1);
    for stride in [1, 40, 17, 29] {
        let mut parts: Vec<String> = (0..STEPS).map(|n| step(n * stride % STEPS)).collect();
        parts.push("p0 = '1'".to_owned());
        assert!(!is_dead(&parts.join(" and ")), "{stride}");
        parts.push(format!("p{STEPS} = '0'"));
        assert!(is_dead(&parts.join(" and ")), "{stride}");
    }
}

#[test]
fn parts_that_already_hold_are_not_split_into_cases() {
    let settled =
        |from: usize| -> Vec<String> { (from..from + 20).map(|n| format!("(a = '1' or p{n} = '1')")).collect() };
    let contradiction =
        "(b = '1' or c = '1') and (b = '1' or c = '2') and (b = '2' or c = '1') and (b = '2' or c = '2')";
    let text =
        format!("a = '1' and {} and {contradiction} and {}", settled(0).join(" and "), settled(20).join(" and "));
    assert!(is_dead(&text));
}

/// Each case is a copy of the facts known so far.
#[test]
fn a_case_costs_more_if_more_is_known() {
    let choices: Vec<String> = (0..20).map(|n| format!("(x{n} = '1' or x{n} = '2')")).collect();
    for known in ["p# = '1'", "$body.p# = 1", "length(p#) = 1"] {
        let given_up = |count: usize| {
            let known = (0..count).map(|n| known.replace('#', &n.to_string()));
            let parts: Vec<String> = known.chain(choices.iter().cloned()).collect();
            let mut reasoner = Prover::new();
            let formula = add(&mut reasoner, &parts.join(" and "));
            assert_eq!(reasoner.refute(&[(formula, true)], &SourceFacts::default()), Answer::Open);
            reasoner.given_up()
        };
        assert_eq!((given_up(10), given_up(300)), (0, 1), "{known}");
    }
}

#[test]
fn all_questions_together_have_a_budget() {
    let mut reasoner = Prover::new();
    let short = add(&mut reasoner, "a < 'b' and a > 'c'");
    let parts: Vec<String> = (0..=STEPS_PER_QUESTION).map(|n| format!("a = '{n}'")).collect();
    let long = add(&mut reasoner, &parts.join(" or "));
    let mut ask = |formula: FormulaId| {
        let answer = reasoner.refute(&[(formula, true)], &SourceFacts::default());
        (answer, reasoner.given_up())
    };
    // A question uses only the steps it needs, not its whole budget.
    for _ in 0..1_000 {
        assert_eq!(ask(short), (Answer::Impossible, 0));
    }
    let most = STEPS / STEPS_PER_QUESTION;
    for count in 1..most {
        assert_eq!(ask(long), (Answer::Open, count));
    }
    assert_eq!(ask(short), (Answer::Impossible, most - 1));
    assert_eq!(ask(long), (Answer::Open, most));
    // Nothing is left, not even for a question of three steps.
    assert_eq!(ask(short), (Answer::Open, most + 1));
}

#[test]
fn a_question_that_takes_too_long_is_given_up() {
    // Pigeonholes: nine properties with eight possible values each, all different, required pairwise by expressions.
    // No proof is short.
    let holes: Vec<String> = (0..9)
        .map(|pigeon| {
            let places: Vec<String> = (0..8).map(|hole| format!("length(p{pigeon}) = {hole}")).collect();
            format!("({})", places.join(" or "))
        })
        .collect();
    let clashes: Vec<String> = (0..9)
        .flat_map(|one| (0..one).map(move |other| (one, other)))
        .flat_map(|(one, other)| {
            (0..8).map(move |hole| format!("(not (length(p{one}) = {hole}) or not (length(p{other}) = {hole}))"))
        })
        .collect();
    let mut reasoner = Prover::new();
    let formula = add(&mut reasoner, &format!("{} and {}", holes.join(" and "), clashes.join(" and ")));
    assert_eq!(reasoner.refute(&[(formula, true)], &SourceFacts::default()), Answer::Open);
    assert_eq!(reasoner.given_up(), 1);
}

#[test]
fn equal_formulas_have_equal_fingerprints() {
    let mut reasoner = Prover::new();
    let mut fingerprint = |text| {
        let formula = add(&mut reasoner, text);
        reasoner.fingerprint(formula, 100)
    };
    assert_eq!(fingerprint("a = 'x' and length(b) = 2"), fingerprint("(A = 'x') and (LENGTH(b) = 2)"));
    assert_ne!(fingerprint("a = 'x' and b = 'y'"), fingerprint("a = 'x' or b = 'y'"));
    assert_ne!(fingerprint("length(b) = 2"), fingerprint("length(b) = 3"));
    assert_eq!(fingerprint(&vec!["a = 'x'"; 200].join(" or ")), None);
    // The whole formula, and its two parts.
    let formula = add(&mut reasoner, "a = 'x' and b = 'y'");
    assert!(reasoner.fingerprint(formula, 3).is_some());
    assert_eq!(reasoner.fingerprint(formula, 2), None);
}

/// The first value of each slot in the first model.
fn first_values(text: &str) -> Vec<SlotValue> {
    let mut prover = Prover::new();
    let formula = add(&mut prover, text);
    let (answer, models) = prover.models(&[(formula, true)], &SourceFacts::default(), 1);
    assert_eq!((answer, models.len()), (Answer::Open, 1), "{text}");
    models[0].slots().iter().filter_map(|slot| slot.values.first().cloned()).collect()
}

#[test]
fn models_have_values_that_meet_the_tests() {
    let text = |text: &str| SlotValue::Text(text.to_owned());
    for (condition, value) in [
        ("a = 'x'", text("x")),
        ("a != 'x'", text("")),
        ("a != ''", text("a")),
        ("as_number(a) > 80", text("81")),
        ("as_number(a) > 80 and as_number(a) < 81", text("80.5")),
        ("starts_with(a, 'ab') and ends_with(a, 'cd')", text("abcd")),
        ("starts_with(a, 'ab') and ends_with(a, 'b') and contains(a, 'x')", text("abxb")),
        ("a > 'b' and a < 'c'", text("b0")),
        ("is_null(a)", SlotValue::Null),
        ("not is_defined(a)", SlotValue::Missing),
        ("$body.n > 5 and $body.n < 6", SlotValue::Number(5.5)),
        ("$body.n > 5 and as_number($body.n) < 7", SlotValue::Number(6.0)),
        ("$body.n = 'x'", text("x")),
        ("$body.n = null", SlotValue::Missing),
        ("$body.n", SlotValue::Bool(true)),
    ] {
        assert_eq!(first_values(condition), [value], "{condition}");
    }
}

#[test]
fn a_contradiction_has_no_model() {
    let mut prover = Prover::new();
    let formula = add(&mut prover, "a = 'x' and (a = 'y' or a = 'z')");
    let (answer, models) = prover.models(&[(formula, true)], &SourceFacts::default(), 4);
    assert_eq!((answer, models.len()), (Answer::Impossible, 0));
}

#[test]
fn hubs_stamp_a_device_and_no_input() {
    let mut prover = Prover::new();
    let facts = SourceFacts::of(&SourcePattern::new("/messages/*")).while_routing();
    let mut is_impossible = |facts: &SourceFacts, text: &str| {
        let formula = add(&mut prover, text);
        prover.refute(&[(formula, true)], facts) == Answer::Impossible
    };
    assert!(is_impossible(&facts, "$inputName = 'x'"));
    assert!(is_impossible(&facts, "not is_defined($connectionDeviceId)"));
    assert!(!is_impossible(&facts, "$connectionModuleId = 'x'"));
    assert!(is_impossible(&facts.clone().without_module(), "$connectionModuleId = 'x'"));
    assert!(is_impossible(&facts.clone().without_output(), "$outputName = 'x'"));
}
