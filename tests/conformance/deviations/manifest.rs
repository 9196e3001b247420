//! The deviations of manifests.

use edgeroute_lang::diagnostic::Code;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::compare::{Difference, Refusal};
use crate::corpus::Question;

/// We reject what RFC 8259 does not allow.
pub(super) fn is_not_json(question: &Question, difference: &Difference<'_>) -> bool {
    refused(question, difference, |json, _| serde_json::from_str::<IgnoredAny>(json).is_err())
}

/// We reject a lone surrogate in a string or name.
pub(super) fn is_lone_surrogate(question: &Question, difference: &Difference<'_>) -> bool {
    let is_surrogate = |escape: &str| {
        let unit = escape.strip_prefix("\\u").and_then(|digits| u32::from_str_radix(digits.get(..4)?, 16).ok());
        unit.is_some_and(|unit| (0xD800..0xE000).contains(&unit))
    };
    refused(question, difference, |_, refusal| {
        refusal.diagnostics.iter().all(|found| is_surrogate(refusal.slice(found.primary.span)))
    })
}

/// We reject `routes` that are neither an object nor null.
pub(super) fn is_routes_shape(question: &Question, difference: &Difference<'_>) -> bool {
    let is_other = |(name, value): (&String, &Value)| {
        name.eq_ignore_ascii_case("routes") && !value.is_object() && !value.is_null()
    };
    refused(question, difference, |json, _| properties(json).iter().any(is_other))
}

/// We reject a route name that consists of white space.
pub(super) fn is_blank_name(question: &Question, difference: &Difference<'_>) -> bool {
    let has_blank = |(name, value): (&String, &Value)| {
        name.eq_ignore_ascii_case("routes")
            && value.as_object().is_some_and(|routes| routes.keys().any(|name| name.trim().is_empty()))
    };
    refused(question, difference, |json, refusal| {
        refusal.is_only(|code| code == Code::InvalidRouteName) && properties(json).iter().any(has_blank)
    })
}

/// The reference writes a name as a step of a JSON path.
pub(super) fn is_name_spelling(_: &Question, difference: &Difference<'_>) -> bool {
    let Difference::Part { what, expected, found } = difference else {
        return false;
    };
    let is_special = |c: char| ".'/\"[]()\\".contains(c) || c.is_whitespace() || c.is_control();
    let step = expected.strip_prefix("['").and_then(|rest| rest.strip_suffix("']"));
    what.ends_with("].name")
        && found.contains(is_special)
        && step.is_some_and(|step| unescape(step) == found.replace('\\', ""))
}

/// A string without its escapes, as far as names have any.
fn unescape(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace('\\', "")
}

/// The reference rejects a manifest because of something that routing does not use.
pub(super) fn is_not_read(question: &Question, difference: &Difference<'_>) -> bool {
    let is_unused = |name: &String| name.eq_ignore_ascii_case("mqttBroker") || name.eq_ignore_ascii_case("integrity");
    accepted(question, difference, |json| properties(json).keys().any(is_unused) || depth(json) > 64)
}

/// There is a second `schemaVersion` in another case.
pub(super) fn is_second_version(question: &Question, difference: &Difference<'_>) -> bool {
    let is_version = |name: &&String| name.eq_ignore_ascii_case("schemaVersion");
    accepted(question, difference, |json| properties(json).keys().filter(is_version).count() > 1)
}

/// Whether we reject a manifest that the reference accepts, and `is_cause` is true of it.
fn refused(question: &Question, difference: &Difference<'_>, is_cause: impl Fn(&str, &Refusal) -> bool) -> bool {
    match (question, difference) {
        (Question::Manifest(row), Difference::Refused(refusal)) => is_cause(&row.json, refusal),
        _ => false,
    }
}

/// Whether we accept a manifest that the reference rejects, and `is_cause` is true of it.
fn accepted(question: &Question, difference: &Difference<'_>, is_cause: impl Fn(&str) -> bool) -> bool {
    match (question, difference) {
        (Question::Manifest(row), Difference::NotRefused) => is_cause(&row.json),
        _ => false,
    }
}

/// The members of the outermost object.
fn properties(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The nesting depth of objects and arrays.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut is_in_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_text => is_escaped = true,
            b'"' => is_in_text = !is_in_text,
            b'{' | b'[' if !is_in_text => depth += 1,
            b'}' | b']' if !is_in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
