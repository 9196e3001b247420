//! Checks that the checker and the interpreter are total, and that folding keeps every verdict.

use edgeroute_lang::hir::{CheckOptions, TwinFunctions, check, fold};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::syntax::parse_condition;
use proptest::prelude::*;

use edgeroute_testkit::strategies::{messages, texts};

proptest! {
    #![proptest_config(edgeroute_testkit::proptest_config(500))]

    #[test]
    fn folding_never_changes_a_verdict(
        text in texts::typed_condition(),
        parts in prop::collection::vec(messages::fitting(), 4),
    ) {
        let limits = Limits::default();
        let parsed = parse_condition(&text, &limits);
        prop_assert_eq!(&parsed.errors, &[]);
        let condition = check(&parsed.tree, &CheckOptions::default()).expect("well typed by construction");
        let folded = fold(&condition);
        prop_assert!(folded.nodes().len() <= condition.nodes().len());
        for parts in &parts {
            let facts = ResolvedMessage::new(&parts.message(), &limits).expect("names that differ by more than case");
            prop_assert_eq!(verdict(&folded, &facts), verdict(&condition, &facts), "{}\n{:?}", text, parts);
        }
    }

    #[test]
    fn any_condition_has_a_verdict_on_any_message(
        text in prop_oneof![texts::typed_condition(), texts::condition(), texts::anything()],
        parts in messages::arbitrary(),
    ) {
        let limits = Limits::default();
        let parsed = parse_condition(&text, &limits);
        let options = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
        let checked = check(&parsed.tree, &options);
        for error in checked.as_ref().err().into_iter().flatten() {
            prop_assert!(text.get(error.primary.span.range()).is_some(), "{:?} in {:?}", error, text);
        }
        if let Ok(condition) = checked {
            let _ = verdict(&condition, &ResolvedMessage::lenient(&parts.message(), &limits));
        }
    }
}

/// The two properties above are only meaningful if the generated conditions distinguish messages.
#[test]
fn generated_conditions_have_all_verdicts() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut count = [0; 3];
    for _ in 0..300 {
        let text = texts::typed_condition().new_tree(&mut runner).expect("a condition").current();
        let parts = messages::fitting().new_tree(&mut runner).expect("a message").current();
        let limits = Limits::default();
        let parsed = parse_condition(&text, &limits);
        let condition = check(&parsed.tree, &CheckOptions::default()).expect("well typed by construction");
        match verdict(&condition, &ResolvedMessage::new(&parts.message(), &limits).expect("a valid message")) {
            Verdict::True => count[0] += 1,
            Verdict::False => count[1] += 1,
            Verdict::Undefined => count[2] += 1,
        }
    }
    assert!(count.iter().all(|&count| count > 30), "true, false, undefined: {count:?}");
}
