//! Cases of the runner itself: rows that must agree, deviate or disagree.
//!
//! The binary has no test harness, so `main` runs them before the rows of the corpus.

use crate::compare::compare;
use crate::corpus::Row;
use crate::engine::Engine;
use crate::report::explain;

/// What the runner must conclude.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Conclusion {
    Agrees,
    Deviates,
    Disagrees,
}

const CASES: [(Conclusion, &str); 7] = [
    (
        Conclusion::Agrees,
        r#"{"condition": "a = 'b'", "source": "/messages", "verdicts": ["undefined"], "messages": [{}]}"#,
    ),
    (
        Conclusion::Disagrees,
        r#"{"condition": "a = 'b'", "source": "/messages", "verdicts": ["true"], "messages": [{}]}"#,
    ),
    // The reference crashes, and our error is the one that it lacks.
    (
        Conclusion::Deviates,
        r#"{"condition": "null or undefined", "source": "/messages", "rejected": {"kind": "InvalidOperationException"}}"#,
    ),
    // The reference crashes, and we report another error, alone or first.
    (
        Conclusion::Agrees,
        r#"{"condition": "null or 5", "source": "/messages", "rejected": {"kind": "InvalidOperationException"}}"#,
    ),
    (
        Conclusion::Agrees,
        r#"{"condition": "$body.x % 2 = and", "source": "/messages", "rejected": {"kind": "InvalidOperationException"}}"#,
    ),
    // The reference crashes, and we accept.
    (
        Conclusion::Disagrees,
        r#"{"condition": "a = 'b'", "source": "/messages", "rejected": {"kind": "InvalidOperationException"}}"#,
    ),
    (
        Conclusion::Disagrees,
        r#"{"condition": "a = 'b'", "source": "/messages", "rejected": {"kind": "RouteCompilationException"}}"#,
    ),
];

/// A line for each case with another conclusion.
pub(crate) fn faults(engine: &dyn Engine) -> Vec<String> {
    let wrong = CASES.iter().filter_map(|(expected, text)| {
        let row = Row::read(1, text);
        let differences = compare(engine, &row.question, &[]);
        let (ids, unexplained) = explain(&row, &differences);
        let found = match (unexplained.is_empty(), ids.is_empty()) {
            (false, _) => Conclusion::Disagrees,
            (true, false) => Conclusion::Deviates,
            (true, true) => Conclusion::Agrees,
        };
        (found != *expected).then(|| format!("the runner: expected that {text} {expected:?}, found {found:?}"))
    });
    wrong.collect()
}
