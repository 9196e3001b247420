//! Recognizes texts that are not JSON at all: YAML, Bicep, a route.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

/// The first words of a statement in Bicep.
const BICEP: [&str; 8] = ["targetScope", "param", "var", "resource", "module", "metadata", "import", "using"];

/// Describes a text that starts like another format. `at` is where it stops being JSON.
pub(super) fn foreign(body: &str, at: usize) -> Option<Diagnostic> {
    // Only what is wrong in its first word is another format. `n`, `t`, `f`, `-` and digits may start JSON.
    if !body.get(..at)?.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return None;
    }
    let start = body.len() - body.trim_start().len();
    let line = body.get(start..)?.lines().next()?;
    let span = Span::from_range(start..start + line.trim_end().len());
    let found = |what: &str, help: &str| {
        Some(Diagnostic::new(Code::InvalidJson, span, format!("not valid JSON: {what}")).with_help(help))
    };
    let word = line.split(|c: char| c.is_whitespace() || c == ':').next().unwrap_or_default();
    if ["from", "select"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word)) && line.contains(char::is_whitespace)
    {
        let help = "put the route into the `routes` of a manifest, such as `\"routes\": { \"up\": \"FROM ...\" }`";
        return found("this is a route, not a manifest", help);
    }
    let statement = body.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"))?;
    if statement.starts_with("@description(") || is_bicep(statement) {
        return found("this looks like Bicep", "build it to JSON; only JSON is read");
    }
    let entry = body.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    if is_yaml(entry) {
        return found("this looks like YAML", "convert it to JSON; only JSON is read");
    }
    None
}

fn is_bicep(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_keyword = words.next().is_some_and(|word| BICEP.contains(&word));
    is_keyword && words.next().is_some_and(|word| !word.ends_with(':'))
}

/// Whether a line is `---`, `key:` or `key: value`, or an entry of a list.
fn is_yaml(line: &str) -> bool {
    if line.starts_with("---") || line.starts_with("%YAML") {
        return true;
    }
    let line = line.strip_prefix("- ").unwrap_or(line);
    let Some((key, value)) = line.split_once(':') else { return false };
    let key = key.trim_matches(['"', '\'']);
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-.$".contains(c));
    is_key && (value.is_empty() || value.starts_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    fn said(text: &str) -> (String, String) {
        let error = Manifest::from_json(text).unwrap_err();
        let found = error.problems()[0].diagnostic();
        (found.message.clone(), found.help.clone().unwrap_or_default())
    }

    #[test]
    fn other_formats_are_named() {
        for (text, what) in [
            ("modulesContent:\n  $edgeHub: {}\n", "this looks like YAML"),
            ("# a comment\n\n---\na: 1\n", "this looks like YAML"),
            ("- name: x\n", "this looks like YAML"),
            ("name: x\n", "this looks like YAML"),
            ("\u{feff}schemaVersion: \"1.1\"\r\n", "this looks like YAML"),
            ("param location string = 'x'\n", "this looks like Bicep"),
            ("// a comment\ntargetScope = 'resourceGroup'\n", "this looks like Bicep"),
            ("@description('The hub.')\nparam hub string\n", "this looks like Bicep"),
            ("FROM /messages/* INTO $upstream", "this is a route, not a manifest"),
            ("from /messages/* into $upstream", "this is a route, not a manifest"),
            ("\n select * from /messages/* into $upstream", "this is a route, not a manifest"),
        ] {
            let (message, help) = said(text);
            assert_eq!(message, format!("not valid JSON: {what}"), "{text}");
            assert!(!help.is_empty());
        }
    }

    #[test]
    fn broken_json_is_not_another_format() {
        for text in ["x", "{a: 1}", "{\n  routes: {}\n}", "'a'", "// no\n{}", "FROM", "nul", "{\"a\": 1\nb: 2}"] {
            let (message, _) = said(text);
            assert!(!message.contains("looks like") && !message.contains("a route"), "{text}: {message}");
        }
    }
}
