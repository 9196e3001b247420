//! Files of test cases: messages, and where each should go.
//!
//! ```yaml
//! manifest: deployment.json          # may be given on the command line instead
//! cases:
//!   - name: hot readings go to the cloud
//!     message:
//!       origin: { device: edge-1, module: filter, output: readings }
//!       properties: { temperature: "85" }
//!     expect:
//!       - $upstream                  # or with further expectations:
//!       - { endpoint: $upstream, route: hotReadings, priority: 2, timeToLiveSecs: 7200 }
//! ```
//!
//! JSON and TOML files have the same structure. A message has the keys that `edgeroute match` reads. Every error is
//! reported with its position, and a case that cannot be read does not hide errors in the others.

use std::ops::Range;

use edgeroute::Delivery;

use crate::document::{Fields, Language, Problem, Value, parse, quoted};
use crate::message_line::MessageLine;

/// The content of a file of test cases.
#[derive(Debug)]
pub(crate) struct CaseFile {
    /// The manifest that the cases run against, as a path relative to the file.
    pub(crate) manifest: Option<String>,
    pub(crate) cases: Vec<Case>,
}

/// A message, and where it should go.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) message: MessageLine,
    /// No two have the same endpoint.
    pub(crate) expected: Vec<ExpectedDelivery>,
    /// The position in the file, in bytes.
    pub(crate) span: Range<usize>,
}

/// An expected delivery. Fields that are not given are not compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ExpectedDelivery {
    pub(crate) endpoint: String,
    pub(crate) route: Option<String>,
    pub(crate) priority: Option<u32>,
    pub(crate) time_to_live: Option<u32>,
}

impl CaseFile {
    /// Parses a file.
    ///
    /// # Errors
    /// Returns every error in it, at most one for each case.
    pub(crate) fn parse(text: &str, language: Language) -> Result<Self, Vec<Problem>> {
        let mut fields = parse(text, language)
            .and_then(|value| Fields::of(value, &["$schema", "manifest", "cases"]))
            .map_err(|problem| vec![problem])?;
        // Editors use this key; the runner does not.
        drop(fields.take("$schema"));
        let manifest = fields.take("manifest").map(Value::text).transpose().map_err(|problem| vec![problem])?;
        let cases = fields.require("cases").and_then(Value::elements).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut read = Vec::with_capacity(cases.len());
        for (index, case) in cases.into_iter().enumerate() {
            match Case::from_value(case, index + 1) {
                Ok(case) => read.push(case),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { manifest: manifest.map(String::from), cases: read }) } else { Err(problems) }
    }
}

impl Case {
    /// Reads a case. `number` becomes its name if it has none.
    fn from_value(value: Value<'_>, number: usize) -> Result<Self, Problem> {
        let span = value.span();
        let mut fields = Fields::of(value, &["name", "message", "expect"])?;
        let name = fields.take("name").map(Value::text).transpose()?;
        let message = MessageLine::from_value(fields.require("message")?)?;
        let mut expected: Vec<ExpectedDelivery> = Vec::new();
        for delivery in fields.require("expect")?.elements()? {
            let span = delivery.span();
            let delivery = ExpectedDelivery::from_value(delivery)?;
            if expected.iter().any(|other| other.endpoint == delivery.endpoint) {
                let message = format!(
                    "{} is expected twice, but an endpoint gets a message at most once",
                    quoted(&delivery.endpoint)
                );
                return Err(Problem::new(span, message));
            }
            expected.push(delivery);
        }
        let name = name.map_or_else(|| format!("case {number}"), String::from);
        Ok(Self { name, message, expected, span })
    }
}

impl ExpectedDelivery {
    fn from_value(value: Value<'_>) -> Result<Self, Problem> {
        if value.is_text() {
            let endpoint = endpoint(value)?;
            return Ok(Self { endpoint, route: None, priority: None, time_to_live: None });
        }
        let mut fields = Fields::of(value, &["endpoint", "route", "priority", "timeToLiveSecs"])?;
        Ok(Self {
            endpoint: endpoint(fields.require("endpoint")?)?,
            route: fields.take("route").map(Value::text).transpose()?.map(String::from),
            priority: fields.take("priority").map(Value::integer).transpose()?,
            time_to_live: fields.take("timeToLiveSecs").map(Value::integer).transpose()?,
        })
    }

    /// Whether a delivery to this endpoint is as expected.
    pub(crate) fn is(&self, delivery: &Delivery<'_>) -> bool {
        self.route.as_ref().is_none_or(|route| route == delivery.route())
            && self.priority.is_none_or(|priority| priority == delivery.priority().get())
            && self.time_to_live.is_none_or(|secs| secs == delivery.time_to_live().as_secs())
    }
}

/// Reads `$upstream` or `/modules/NAME/inputs/INPUT`, the form in which deliveries are written.
fn endpoint(value: Value<'_>) -> Result<String, Problem> {
    let span = value.span();
    let text = value.text()?.into_owned();
    if text.eq_ignore_ascii_case("$upstream") {
        return Ok("$upstream".to_owned());
    }
    let mut segments = text.split('/');
    let shape = [segments.next(), segments.next(), segments.next(), segments.next(), segments.next(), segments.next()];
    match shape {
        [Some(""), Some("modules"), Some(_), Some("inputs"), Some(input), None] if !input.is_empty() => Ok(text),
        _ => {
            let problem = Problem::new(span, format!("{} is not an endpoint", quoted(&text)));
            Err(problem.with_help("endpoints are $upstream and /modules/NAME/inputs/INPUT"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(yaml: &str) -> Vec<String> {
        let found = CaseFile::parse(yaml, Language::Yaml).err().unwrap_or_default();
        let shown = |problem: &Problem| {
            let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}: {}{help}", &yaml[problem.span.clone()], problem.message)
        };
        found.iter().map(shown).collect()
    }

    #[test]
    fn every_language_reads_the_same_cases() {
        let yaml = "cases:\n- message: {origin: {device: d}, body: {a: 1}}\n  expect: [$upstream]";
        let toml = "[[cases]]\nmessage.origin.device = 'd'\nmessage.body.a = 1\nexpect = ['$upstream']";
        let json =
            r#"{"cases": [{"message": {"origin": {"device": "d"}, "body": {"a": 1}}, "expect": ["$upstream"]}]}"#;
        let read = |text, language| {
            let file = CaseFile::parse(text, language).unwrap();
            file.cases.into_iter().map(|case| format!("{} {:?} {:?}", case.name, case.message, case.expected)).collect()
        };
        let expected: Vec<String> = read(json, Language::Json);
        assert_eq!(read(yaml, Language::Yaml), expected);
        assert_eq!(read(toml, Language::Toml), expected);
        assert!(expected[0].starts_with("case 1 "), "{expected:?}");
    }

    fn schema(text: &str) -> (serde_json::Value, jsonschema::Validator) {
        let schema = serde_json::from_str(text).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        (schema, validator)
    }

    const CASES: &str = include_str!("../../../schemas/cases.schema.json");
    const MESSAGE: &str = include_str!("../../../schemas/message.schema.json");

    #[test]
    fn the_schema_accepts_the_examples() {
        let (_, validator) = schema(CASES);
        for (text, language) in [
            (include_str!("../../../examples/cases.yaml"), Language::Yaml),
            (include_str!("../../../examples/cases.toml"), Language::Toml),
            (include_str!("../../../examples/cases.json"), Language::Json),
        ] {
            assert!(!CaseFile::parse(text, language).unwrap().cases.is_empty());
            let document = serde_json::from_str(&parse(text, language).unwrap().to_json()).unwrap();
            let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert_eq!(errors, [""; 0], "{language:?}");
        }
        let (_, validator) = schema(MESSAGE);
        for line in include_str!("../../../examples/messages.jsonl").lines() {
            assert!(validator.is_valid(&serde_json::from_str(line).unwrap()), "{line}");
        }
    }

    #[test]
    fn the_schema_of_messages_is_that_within_cases() {
        let ((mut message, _), (cases, _)) = (schema(MESSAGE), schema(CASES));
        let dialect = message.as_object_mut().unwrap().remove("$schema").unwrap();
        assert_eq!((&message, &dialect), (&cases["$defs"]["message"], &cases["$schema"]));
    }

    /// Checks everything that a schema can express. It cannot express names that ignore case, base64 or blank stamps.
    #[test]
    fn schema_and_reader_agree_on_what_a_case_is() {
        let (_, validator) = schema(CASES);
        let message = |message: &str| format!(r#"{{"cases": [{{"message": {message}, "expect": []}}]}}"#);
        let expect = |expect: &str| format!(r#"{{"cases": [{{"message": {{}}, "expect": {expect}}}]}}"#);
        let documents = [
            (true, message("{}")),
            (true, message(r#"{"origin": null, "properties": null, "body": null, "bodyBase64": null}"#)),
            (true, message(r#"{"origin": {"device": "d", "module": "m", "output": null, "twinChange": false}}"#)),
            (true, message(r#"{"origin": {"device": "d", "twinChange": true}, "source": "/x"}"#)),
            (true, message(r#"{"properties": {"a": "1", "b": null}, "body": [1, {"x": null}]}"#)),
            (true, message(r#"{"body": null, "bodyBase64": ""}"#)),
            (true, message(r#"{"body": "", "bodyBase64": null}"#)),
            (false, message(r#"{"body": "", "bodyBase64": ""}"#)),
            (false, message(r#"{"origin": {}}"#)),
            (false, message(r#"{"origin": {"device": "d", "output": "o"}}"#)),
            (false, message(r#"{"origin": {"device": "d", "module": "m", "twinChange": true}}"#)),
            (false, message(r#"{"origin": {"device": "d", "name": "m"}}"#)),
            (false, message(r#"{"origin": "d"}"#)),
            (false, message(r#"{"properties": {"a": 1}}"#)),
            (false, message(r#"{"systemProperties": []}"#)),
            (false, message(r#"{"props": {}}"#)),
            (false, message(r#"{"source": 5}"#)),
            (false, message("[]")),
            (true, expect("[]")),
            (true, expect(r#"["$Upstream", "/modules//inputs/i"]"#)),
            (
                true,
                expect(r#"[{"endpoint": "$upstream", "route": null, "priority": 9, "timeToLiveSecs": 4294967295}]"#),
            ),
            (false, expect("null")),
            (false, expect(r#""$upstream""#)),
            (false, expect(r#"["upstream"]"#)),
            (false, expect(r#"["/modules/m/inputs/"]"#)),
            (false, expect(r#"["/modules/m/inputs/i/x"]"#)),
            (false, expect(r#"[{"route": "r"}]"#)),
            (false, expect(r#"[{"endpoint": "$upstream", "priority": -1}]"#)),
            (false, expect(r#"[{"endpoint": "$upstream", "timeToLiveSecs": 4294967296}]"#)),
            (false, expect(r#"[{"endpoint": "$upstream", "ttl": 1}]"#)),
            (true, r#"{"$schema": "x", "manifest": "m.json", "cases": []}"#.to_owned()),
            (false, r#"{"manifest": "m.json"}"#.to_owned()),
            (false, r#"{"cases": {}}"#.to_owned()),
            (false, r#"{"cases": [{"expect": []}]}"#.to_owned()),
            (false, r#"{"cases": [{"message": {}}]}"#.to_owned()),
        ];
        for (is_well, document) in documents {
            let is_read = CaseFile::parse(&document, Language::Json).is_ok();
            let is_valid = validator.is_valid(&serde_json::from_str(&document).unwrap());
            assert_eq!((is_read, is_valid), (is_well, is_well), "read, valid: {document}");
        }
    }

    #[test]
    fn every_case_that_cannot_be_read_is_reported_with_its_place() {
        let yaml = "\
cases:
  - nmae: x
    message: {}
    expect: []
  - message: {orgin: {device: d}}
    expect: []
  - message: {properties: {temperature: 85}}
    expect: []
  - message: {}
  - message: {}
    expect: [upstream]
  - message: {}
    expect: [$upstream, {endpoint: $Upstream, route: x}]
  - message: {}
    expect: [{endpoint: $upstream, prioritiy: 3}]
  - message: {systemProperties: {connectionModuleId: ' '}}
    expect: []
  - message: {}
    expect: [{endpoint: $upstream, priority: high}]
";
        assert_eq!(
            problems(yaml),
            [
                "nmae: unknown key `nmae` (did you mean `name`?)",
                "orgin: unknown key `orgin` (did you mean `origin`?)",
                "85: expected a string, found the number 85 (put it in quotes to make it a string: \"85\")",
                "m: missing key `expect`",
                "upstream: `upstream` is not an endpoint (endpoints are $upstream and /modules/NAME/inputs/INPUT)",
                "{endpoint: $Upstream, route: x}: `$upstream` is expected twice, but an endpoint gets a message at most once",
                "prioritiy: unknown key `prioritiy` (did you mean `priority`?)",
                "{systemProperties: {connectionModuleId: ' '}}: the system property `connectionModuleId` is null or blank",
                "high: expected a whole number from 0 to 4294967295, found a string",
            ]
        );
        assert_eq!(problems("case: []"), ["case: unknown key `case` (did you mean `cases`?)"]);
        assert_eq!(problems("[]"), ["[]: expected an object, found a list"]);
    }
}
