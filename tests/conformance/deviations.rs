//! The deviations of `grammar/DEVIATIONS.md`, each with a function that recognises its rows by their cause, as found in
//! the row's texts and messages, never by the row's position.

mod manifest;

use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::syntax::{Lexer, TokenKind};
use serde_json::Value;

use crate::compare::{Difference, Refusal};
use crate::corpus::{Delivery, Question, Row, VectorMessage};
use crate::front;

/// An intentional difference from the reference.
struct Deviation {
    /// Its heading in `grammar/DEVIATIONS.md`.
    id: &'static str,
    recognises: fn(&Question, &Difference<'_>) -> bool,
}

const DEVIATIONS: &[Deviation] = &[
    Deviation { id: "D-NULL-UNDEFINED", recognises: |_, difference| crashed_at(difference, is_null_with_undefined) },
    Deviation { id: "D-VALUE-AND-NULL", recognises: |_, difference| crashed_at(difference, is_value_and_null) },
    Deviation { id: "D-VALUE-REMAINDER", recognises: |_, difference| crashed_at(difference, is_value_remainder) },
    Deviation { id: "D-VALUE-NEGATE", recognises: |_, difference| crashed_at(difference, is_value_negate) },
    Deviation { id: "D-TWIN-CHANGE-INCLUDES", recognises: is_twin_function },
    Deviation { id: "D-NESTING-LIMIT", recognises: is_nesting_limit },
    Deviation { id: "D-PARENTHESIS-TAIL", recognises: is_parenthesis_tail },
    Deviation { id: "D-AS-NUMBER-EXPONENT", recognises: is_large_exponent },
    Deviation { id: "D-BODY-INTEGER", recognises: is_large_body_integer },
    Deviation { id: "D-LENIENT-BODY", recognises: is_lenient_body },
    Deviation { id: "D-DATE-OFFSET", recognises: |row, difference| is_body_date(row, difference, "/Date(") },
    Deviation {
        id: "D-END-OF-TIME",
        recognises: |row, difference| is_body_date(row, difference, "9999-12-31T24:00:00"),
    },
    Deviation { id: "D-STAMPS", recognises: is_forged_stamp },
    Deviation { id: "D-AMBIGUOUS-NAME", recognises: is_ambiguous_name },
    Deviation { id: "D-PRIORITY-TIE", recognises: is_priority_tie },
    Deviation { id: "D-MANIFEST-JSON", recognises: manifest::is_not_json },
    Deviation { id: "D-MANIFEST-SURROGATE", recognises: manifest::is_lone_surrogate },
    Deviation { id: "D-MANIFEST-ROUTES-SHAPE", recognises: manifest::is_routes_shape },
    Deviation { id: "D-MANIFEST-BLANK-NAME", recognises: manifest::is_blank_name },
    Deviation { id: "D-MANIFEST-NAME", recognises: manifest::is_name_spelling },
    Deviation { id: "D-MANIFEST-NOT-READ", recognises: manifest::is_not_read },
    Deviation { id: "D-MANIFEST-SECOND-VERSION", recognises: manifest::is_second_version },
];

/// The id of the deviation that explains a difference.
pub(crate) fn recognise(row: &Row, difference: &Difference<'_>) -> Option<&'static str> {
    let question = row.question.as_ref().ok()?;
    DEVIATIONS.iter().find(|deviation| (deviation.recognises)(question, difference)).map(|deviation| deviation.id)
}

/// Ids that are missing either in this table or in `grammar/DEVIATIONS.md`.
pub(crate) fn faults() -> Vec<String> {
    let documented: Vec<&str> = include_str!("../../grammar/DEVIATIONS.md")
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .filter(|id| id.starts_with("D-"))
        .collect();
    let known = |id: &str| DEVIATIONS.iter().any(|deviation| deviation.id == id);
    let unknown = documented.iter().filter(|id| !known(id)).map(|id| format!("{id}: the runner does not know it"));
    let silent = DEVIATIONS.iter().filter(|deviation| !documented.contains(&deviation.id));
    unknown.chain(silent.map(|deviation| format!("{}: not in grammar/DEVIATIONS.md", deviation.id))).collect()
}

/// The reference crashed, and we reject for a reason that `is_cause` accepts.
fn crashed_at(difference: &Difference<'_>, is_cause: fn(&Refusal) -> bool) -> bool {
    matches!(difference, Difference::Crashed(Some(refusal)) if refusal.fault().is_none() && is_cause(refusal))
}

fn is_null_with_undefined(refusal: &Refusal) -> bool {
    refusal.diagnostics.iter().any(|found| found.code == Code::NullWithUndefined) && !has_body_query(&refusal.text)
}

fn is_value_and_null(refusal: &Refusal) -> bool {
    refusal.diagnostics.iter().any(|found| found.code == Code::NullWithUndefined) && has_body_query(&refusal.text)
}

fn is_value_remainder(refusal: &Refusal) -> bool {
    reports_value_arithmetic(refusal, |place| place.contains('%'))
}

fn is_value_negate(refusal: &Refusal) -> bool {
    reports_value_arithmetic(refusal, |place| !place.contains('%'))
}

/// Whether we report, at such a place, an operator that does not accept body values.
fn reports_value_arithmetic(refusal: &Refusal, is_place: impl Fn(&str) -> bool) -> bool {
    let mut diagnostics = refusal.diagnostics.iter();
    diagnostics.any(|found| found.code == Code::ValueArithmetic && is_place(refusal.slice(found.primary.span)))
}

/// We accept the function in a route that selects twin changes.
fn is_twin_function(question: &Question, difference: &Difference<'_>) -> bool {
    let calls = |condition: &str| {
        let tokens: Vec<_> = Lexer::new(condition).collect();
        tokens.windows(2).any(|pair| {
            let is_call =
                matches!(pair, [name, open] if name.kind == TokenKind::Id && open.kind == TokenKind::OpenParenthesis);
            is_call
                && pair
                    .first()
                    .is_some_and(|name| name.span.slice(condition).eq_ignore_ascii_case("twin_change_includes"))
        })
    };
    let is_twin = |source: &str| source.trim_end_matches(['/', '*']).eq_ignore_ascii_case("/twinChangeNotifications");
    matches!(difference, Difference::NotRefused)
        && match question {
            Question::Condition(row) => is_twin(&row.source) && calls(&row.condition),
            Question::RouteSet(row) => row.routes.iter().chain(&row.fallback).any(|route| {
                front::parse_route(&route.route).is_ok_and(|parts| is_twin(&parts.source) && calls(&parts.condition))
            }),
            _ => false,
        }
}

fn is_nesting_limit(_: &Question, difference: &Difference<'_>) -> bool {
    matches!(difference, Difference::Refused(refusal) if refusal.is_only(|code| code == Code::NestingTooDeep))
}

/// A closing parenthesis has no opening one, and a later opening one is not closed.
fn is_parenthesis_tail(question: &Question, difference: &Difference<'_>) -> bool {
    let is_mangled = |text: &str| {
        let (mut open, mut surplus) = (0_usize, 0_usize);
        for token in Lexer::new(text) {
            match token.kind {
                TokenKind::OpenParenthesis => open += 1,
                TokenKind::CloseParenthesis if open == 0 => surplus += 1,
                TokenKind::CloseParenthesis => open -= 1,
                _ => {}
            }
        }
        open > 0 && surplus > 0
    };
    matches!(difference, Difference::Refused(_) | Difference::NotRefused | Difference::Verdict { .. })
        && matches!(question, Question::Condition(row) if is_mangled(&row.condition))
}

/// A string that is converted to a number has an exponent over 1,000.
fn is_large_exponent(question: &Question, difference: &Difference<'_>) -> bool {
    let has_large_exponent = |text: &str| {
        text.split(['e', 'E']).skip(1).any(|exponent| {
            let digits = exponent.trim_start_matches(['+', '-']);
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            digits.get(..end).unwrap_or_default().trim_start_matches('0').len() >= 4
        })
    };
    verdict_of(question, difference, |condition, message| {
        let texts = message.properties.iter().chain(&message.system_properties).filter_map(|(_, text)| text.as_deref());
        has_token(condition, |name| name.eq_ignore_ascii_case("as_number"))
            && (has_large_exponent(condition)
                || texts.into_iter().any(has_large_exponent)
                || has_large_exponent(&String::from_utf8_lossy(&message.body)))
    })
}

/// A body query reads an integer that does not fit 64 bits.
fn is_large_body_integer(question: &Question, difference: &Difference<'_>) -> bool {
    let is_large =
        |value: &Value| value.as_number().is_some_and(|n| !n.is_i64() && n.as_f64().is_some_and(|n| n.abs() > 9e18));
    verdict_of(question, difference, |condition, message| queried(condition, message).iter().any(is_large))
}

/// A body query reads a body that RFC 8259 does not allow.
fn is_lenient_body(question: &Question, difference: &Difference<'_>) -> bool {
    verdict_of(question, difference, |condition, message| {
        has_body_query(condition) && serde_json::from_str::<serde::de::IgnoredAny>(&body_text(message)).is_err()
    })
}

/// A body query reads a string that contains this text.
fn is_body_date(question: &Question, difference: &Difference<'_>, text: &str) -> bool {
    let has_text = |value: &Value| value.as_str().is_some_and(|value| value.contains(text));
    verdict_of(question, difference, |condition, message| queried(condition, message).iter().any(has_text))
}

/// The values that the body queries of a condition read, for simple paths of names and single indices.
fn queried(condition: &str, message: &VectorMessage) -> Vec<Value> {
    let Ok(body) = serde_json::from_str::<Value>(&body_text(message)) else {
        return Vec::new();
    };
    let tokens = Lexer::new(condition).filter(|token| token.kind == TokenKind::SystemProperty);
    let paths = tokens.filter_map(|token| token.span.slice(condition).get(6..));
    let values = paths.filter_map(|path| {
        path.split('.').try_fold(&body, |value, segment| {
            let (name, index) = segment.split_once('[').unwrap_or((segment, ""));
            let member = value.get(name)?;
            if index.is_empty() { Some(member) } else { member.get(index.trim_end_matches(']').parse::<usize>().ok()?) }
        })
    });
    values.cloned().collect()
}

/// A body decoded according to its `contentEncoding`.
fn body_text(message: &VectorMessage) -> String {
    let is_encoding =
        |(name, value): &&(String, Option<String>)| name.eq_ignore_ascii_case("contentEncoding") && value.is_some();
    let encoding = message.system_properties.iter().find(is_encoding).and_then(|(_, value)| value.as_deref());
    match encoding.unwrap_or_default().to_ascii_lowercase().as_str() {
        "utf-16" => {
            let units = message.body.chunks(2).map(|unit| u16::from_le_bytes([unit[0], *unit.get(1).unwrap_or(&0xD8)]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        "utf-32" => {
            let units = message.body.chunks(4).map(|unit| unit.try_into().map_or(u32::MAX, u32::from_le_bytes));
            units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => String::from_utf8_lossy(&message.body).into_owned(),
    }
}

/// The condition reads a stamp that an application property shadows.
fn is_forged_stamp(question: &Question, difference: &Difference<'_>) -> bool {
    const STAMPS: [&str; 4] = ["$connectionDeviceId", "$connectionModuleId", "$outputName", "$inputName"];
    verdict_of(question, difference, |condition, message| {
        STAMPS.iter().any(|stamp| {
            has_token(condition, |name| name.eq_ignore_ascii_case(stamp))
                && message.properties.iter().any(|(name, _)| name.eq_ignore_ascii_case(stamp))
        })
    })
}

/// Two of the message's properties have names that differ only in case. The reference creates no such message, so no
/// row should have one.
fn is_ambiguous_name(question: &Question, difference: &Difference<'_>) -> bool {
    let is_ambiguous = |properties: &[(String, Option<String>)]| {
        properties.iter().enumerate().any(|(index, (name, _))| {
            properties.iter().take(index).any(|(before, _)| edgeroute_lang::text::eq_ignore_case(before, name))
        })
    };
    verdict_of(question, difference, |_, message| {
        is_ambiguous(&message.properties) || is_ambiguous(&message.system_properties)
    })
}

/// Only a time to live differs, and ours is one of those that the reference picks from.
fn is_priority_tie(_: &Question, difference: &Difference<'_>) -> bool {
    let Difference::Deliveries { expected, found, .. } = difference else {
        return false;
    };
    let is_tie = |(expected, found): (&Delivery, &Delivery)| {
        expected.endpoint == found.endpoint
            && expected.priority == found.priority
            && (expected.ttl == found.ttl || expected.ttl_candidates.contains(&found.ttl))
    };
    expected.len() == found.len() && expected.iter().zip(found).all(is_tie)
}

/// Whether a verdict differs, and `is_cause` is true of the condition and the message.
fn verdict_of(
    question: &Question,
    difference: &Difference<'_>,
    is_cause: impl Fn(&str, &VectorMessage) -> bool,
) -> bool {
    match (question, difference) {
        (Question::Condition(row), Difference::Verdict { message, .. }) => is_cause(&row.condition, message),
        (Question::RouteSet(row), Difference::Deliveries { message, .. }) if !is_priority_tie(question, difference) => {
            row.routes.iter().chain(&row.fallback).any(|route| is_cause(&route.route, message))
        }
        _ => false,
    }
}

fn has_body_query(condition: &str) -> bool {
    has_token(condition, |name| name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("$body.")))
}

/// Whether the condition contains a name, with its `$`, that `is` accepts.
fn has_token(condition: &str, is: impl Fn(&str) -> bool) -> bool {
    Lexer::new(condition)
        .filter(|token| matches!(token.kind, TokenKind::Id | TokenKind::SystemProperty))
        .any(|token| is(token.span.slice(condition)))
}
