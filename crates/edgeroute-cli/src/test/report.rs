//! Writes the results of test cases as text, JSON, and the XML that build servers read.

use std::fmt::Write as _;

use edgeroute_analysis::render::Color;
use serde::Serialize;
use serde_json::value::RawValue;

use super::suite::{CaseResult, Delivered, Failure, Missing, Results};
use crate::cases::ExpectedDelivery;
use crate::count;
use crate::input::printable;

/// Writes a line for each case, the difference and the explanation for each failure, and a summary.
pub(super) fn text(results: &Results<'_>, color: Color) -> String {
    let mut out = String::new();
    for suite in &results.suites {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{}", suite.name);
        for result in &suite.cases {
            let verdict = match (&result.failure, color) {
                (None, Color::Never) => "pass",
                (Some(_), Color::Never) => "FAIL",
                (None, Color::Ansi) => "\u{1b}[32mpass\u{1b}[0m",
                (Some(_), Color::Ansi) => "\u{1b}[31mFAIL\u{1b}[0m",
            };
            let _ = writeln!(out, "  {verdict}  {}", printable(&result.case.name));
            if let Some(failure) = &result.failure {
                let _ = writeln!(out, "        at {}:{}", suite.name, result.line);
                indent(&difference(failure), "        ", &mut out);
                indent(&failure.explanation, "        ", &mut out);
                out.push('\n');
            }
        }
    }
    if results.suites.is_empty() {
        return out;
    }
    let (cases, failed) = (results.cases(), results.failed());
    let filtered_out = match results.filtered_out() {
        0 => String::new(),
        filtered_out => format!(", {filtered_out} filtered out"),
    };
    let _ = writeln!(out, "{}, {} passed, {failed} failed{filtered_out}", count(cases, "case"), cases - failed);
    out
}

fn indent(text: &str, margin: &str, out: &mut String) {
    for line in text.lines() {
        let line = if line.is_empty() { String::new() } else { format!("{margin}{line}") };
        out.push_str(&line);
        out.push('\n');
    }
}

/// Describes what differs from the expectation, one difference per line.
fn difference(failure: &Failure) -> String {
    let mut out = String::new();
    for Missing { endpoint, unreachable } in &failure.missing {
        let why = match unreachable {
            None => String::new(),
            Some(unreachable) => match &unreachable.nearest {
                None => ", and no route leads there".to_owned(),
                Some(nearest) => format!(", and no route leads there: did you mean {}?", printable(nearest)),
            },
        };
        let _ = writeln!(out, "expected but not delivered: {}{why}", printable(endpoint));
    }
    for surplus in &failure.surplus {
        let (endpoint, route) = (printable(&surplus.endpoint), printable(&surplus.route));
        let _ = writeln!(out, "delivered but not expected: {endpoint} by `{route}`");
    }
    for (expected, delivered) in &failure.different {
        let _ = writeln!(out, "delivered with other properties: {}", printable(&expected.endpoint));
        for (what, expected, found) in differing(expected, delivered) {
            let _ = writeln!(out, "  {what}: expected {}, found {}", printable(&expected), printable(&found));
        }
    }
    out
}

/// The fields of a delivery that differ: name, expected value and delivered value.
fn differing(expected: &ExpectedDelivery, found: &Delivered) -> Vec<(&'static str, String, String)> {
    let route = expected.route.as_ref().map(|route| ("route", format!("`{route}`"), format!("`{}`", found.route)));
    let priority = expected.priority.map(|number| ("priority", number.to_string(), found.priority.to_string()));
    let secs =
        expected.time_to_live.map(|secs| ("time to live", format!("{secs} s"), format!("{} s", found.time_to_live)));
    [route, priority, secs].into_iter().flatten().filter(|(_, expected, found)| expected != found).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportRecord<'r> {
    cases: usize,
    failed: usize,
    filtered_out: usize,
    files: Vec<FileRecord<'r>>,
    /// Files that could not be run.
    unusable: Vec<UnusableRecord<'r>>,
}

#[derive(Serialize)]
struct UnusableRecord<'r> {
    file: &'r str,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileRecord<'r> {
    file: &'r str,
    cases: Vec<CaseRecord<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CaseRecord<'r> {
    name: &'r str,
    line: u32,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureRecord<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureRecord<'r> {
    /// Endpoints that should have received the message but did not.
    missing: Vec<&'r str>,
    /// Deliveries to endpoints that are not expected.
    surplus: Vec<DeliveryRecord<'r>>,
    /// Deliveries to expected endpoints with other fields than expected.
    different: Vec<DifferentRecord<'r>>,
    /// The output of `edgeroute explain --format json` for the message.
    explanation: Option<&'r RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryRecord<'r> {
    endpoint: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_live_secs: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DifferentRecord<'r> {
    expected: DeliveryRecord<'r>,
    delivered: DeliveryRecord<'r>,
}

impl<'r> From<&'r Delivered> for DeliveryRecord<'r> {
    fn from(delivered: &'r Delivered) -> Self {
        Self {
            endpoint: &delivered.endpoint,
            route: Some(&delivered.route),
            priority: Some(delivered.priority),
            time_to_live_secs: Some(delivered.time_to_live),
        }
    }
}

impl<'r> From<&'r ExpectedDelivery> for DeliveryRecord<'r> {
    fn from(expected: &'r ExpectedDelivery) -> Self {
        Self {
            endpoint: &expected.endpoint,
            route: expected.route.as_deref(),
            priority: expected.priority,
            time_to_live_secs: expected.time_to_live,
        }
    }
}

impl<'r> From<&'r CaseResult<'_>> for CaseRecord<'r> {
    fn from(result: &'r CaseResult<'_>) -> Self {
        let failure = result.failure.as_ref().map(|failure| FailureRecord {
            missing: failure.missing.iter().map(|missing| missing.endpoint.as_str()).collect(),
            surplus: failure.surplus.iter().map(DeliveryRecord::from).collect(),
            different: (failure.different.iter())
                .map(|(expected, delivered)| DifferentRecord { expected: expected.into(), delivered: delivered.into() })
                .collect(),
            explanation: serde_json::from_str(&failure.json).ok(),
        });
        let result_name = if failure.is_none() { "passed" } else { "failed" };
        Self { name: &result.case.name, line: result.line, result: result_name, failure }
    }
}

/// Writes one JSON document.
pub(super) fn json(results: &Results<'_>) -> String {
    let files = (results.suites.iter())
        .map(|suite| FileRecord { file: suite.name, cases: suite.cases.iter().map(CaseRecord::from).collect() });
    let unusable =
        results.unusable.iter().map(|(name, unusable)| UnusableRecord { file: name, message: unusable.text() });
    let record = ReportRecord {
        cases: results.cases(),
        failed: results.failed(),
        filtered_out: results.filtered_out(),
        files: files.collect(),
        unusable: unusable.collect(),
    };
    // Serializing these records cannot fail.
    serde_json::to_string(&record).unwrap_or_default() + "\n"
}

/// Writes the XML that build servers read, with a suite for each file. A file that could not be run is a suite with one
/// case that has an error, since some servers ignore suites without cases.
pub(super) fn junit(results: &Results<'_>) -> String {
    let (failed, errors) = (results.failed(), results.unusable.len());
    let cases = results.cases() + errors;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ =
        writeln!(out, "<testsuites name=\"edgeroute\" tests=\"{cases}\" failures=\"{failed}\" errors=\"{errors}\">");
    for suite in &results.suites {
        let (name, tests, failures) = (xml(suite.name), suite.cases.len(), suite.failed());
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">");
        for result in &suite.cases {
            let case = format!("<testcase name=\"{}\" classname=\"{name}\"", xml(&result.case.name));
            match &result.failure {
                None => drop(writeln!(out, "    {case}/>")),
                Some(failure) => {
                    let difference = difference(failure);
                    let message = xml(difference.lines().next().unwrap_or_default());
                    let text = xml(&format!("{}:{}\n{difference}{}", suite.name, result.line, failure.explanation));
                    let _ = writeln!(out, "    {case}>\n      <failure message=\"{message}\">{text}</failure>");
                    out.push_str("    </testcase>\n");
                }
            }
        }
        out.push_str("  </testsuite>\n");
    }
    for (name, unusable) in &results.unusable {
        let (name, text) = (xml(name), unusable.text());
        let (message, text) = (xml(text.lines().next().unwrap_or_default()), xml(&text));
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"1\" failures=\"0\" errors=\"1\">");
        let _ = writeln!(out, "    <testcase name=\"{name}\" classname=\"{name}\">");
        let _ = writeln!(out, "      <error message=\"{message}\">{text}</error>\n    </testcase>\n  </testsuite>");
    }
    out.push_str("</testsuites>\n");
    out
}

/// Escapes a text for XML and drops the characters that XML does not allow.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            character if character.is_control() => out.extend(character.escape_default()),
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_has_no_form_for_is_escaped() {
        assert_eq!(xml("a<b>&\"c\"\u{1}\n\u{FFFF}é"), "a&lt;b&gt;&amp;&quot;c&quot;\\u{1}\n\u{FFFD}é");
    }
}
