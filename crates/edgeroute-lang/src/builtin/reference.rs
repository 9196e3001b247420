//! The language reference, rendered from the tables of functions and system properties.
//!
//! [`language`] renders `docs/language.md`; its prose is the template `language.md` beside this file.
//! [`function_list`] and [`function_page`] render plain text for a terminal.
//! Every function here allocates a `String` and depends on nothing but the tables.

use core::fmt::{self, Write};

use super::{Function, Overload};
use crate::message::SYSTEM_PROPERTIES;

/// The message on which every example of a function is evaluated, as JSON.
///
/// Its origin is the module `sensor` of the device `edge`. `twin_change_includes` is evaluated with the same body as a
/// change of a twin.
pub const SAMPLE_MESSAGE: &str = include_str!("sample_message.json");

const TEMPLATE: &str = include_str!("language.md");

/// Renders `docs/language.md`, the reference of the language in Markdown.
#[must_use]
pub fn language() -> String {
    TEMPLATE
        .replace("{{sample}}", SAMPLE_MESSAGE.trim_end())
        .replace("{{functions}}", function_table().trim_end())
        .replace("{{details}}", function_details().trim_end())
        .replace("{{system-properties}}", system_property_table().trim_end())
}

/// Lists every function with its arguments, the type of its result and its summary, one per line.
#[must_use]
pub fn function_list() -> String {
    let calls: Vec<String> = Function::ALL.iter().map(|&function| longest_call(function)).collect();
    let width = calls.iter().map(|call| call.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (function, call) in Function::ALL.iter().zip(&calls) {
        let _ = writeln!(out, "{call:width$}  {:6}  {}", function.returns().to_string(), function.summary());
    }
    out
}

/// Renders one function's page as plain text: its calls, arguments, result, edge cases and example.
///
/// ```
/// use edgeroute_lang::builtin::{Function, reference::function_page};
///
/// let page = function_page(Function::Length);
/// assert!(page.starts_with("length(string)\n\nReturns the number of UTF-16 code units in the string.\n"));
/// assert!(page.contains("length('abc') = 3"));
/// ```
#[must_use]
pub fn function_page(function: Function) -> String {
    // Writing to a string cannot fail.
    let mut out = String::new();
    let _ = write_page(&mut out, function);
    out
}

fn write_page(out: &mut String, function: Function) -> fmt::Result {
    let details = function.details();
    for overload in function.overloads() {
        let call = call(function, overload);
        // The overloads of `as_number` differ only by type.
        if !out.contains(&call) {
            writeln!(out, "{call}")?;
        }
    }
    writeln!(out, "\n{}\n", function.summary())?;
    let arguments: Vec<String> =
        details.arguments.iter().enumerate().map(|(i, name)| format!("{name}: {}", types(function, i))).collect();
    writeln!(out, "Arguments:  {}", arguments.join(", "))?;
    writeln!(out, "Result:     {}", function.returns())?;
    writeln!(out, "Null:       {}", details.null)?;
    writeln!(out, "Undefined:  {}", details.undefined)?;
    writeln!(out, "Example:    {}", details.example)?;
    if !details.notes.is_empty() {
        writeln!(out, "\nNotes:")?;
        for note in details.notes {
            writeln!(out, "  - {note}.")?;
        }
    }
    Ok(())
}

/// A call of an overload with its arguments by name, as `substring(string, start)`.
fn call(function: Function, overload: &Overload) -> String {
    let names = function.details().arguments;
    let names = names.get(..overload.parameters().len()).unwrap_or(names);
    let rest = if overload.rest().is_some() { ", ..." } else { "" };
    format!("{}({}{rest})", function.name(), names.join(", "))
}

/// A call with all arguments, optional ones in brackets: `substring(string, start[, count])`.
fn longest_call(function: Function) -> String {
    let count = |overload: &Overload| overload.parameters().len();
    let overloads = function.overloads();
    let required = overloads.iter().map(count).min().unwrap_or(0);
    match overloads.iter().max_by_key(|overload| count(overload)) {
        Some(longest) if count(longest) > required => {
            let (first, optional) =
                function.details().arguments.split_at_checked(required).unwrap_or((function.details().arguments, &[]));
            format!("{}({}[, {}])", function.name(), first.join(", "), optional.join(", "))
        }
        Some(longest) => call(function, longest),
        None => function.name().to_owned(),
    }
}

/// The types of the argument at `index` over all overloads: "string or number".
fn types(function: Function, index: usize) -> String {
    let mut types: Vec<String> = Vec::new();
    for parameter in function.overloads().iter().filter_map(|overload| overload.parameter(index)) {
        let name = parameter.to_string();
        if !types.contains(&name) {
            types.push(name);
        }
    }
    types.join(" or ")
}

fn function_table() -> String {
    let mut out =
        String::from("| function | arguments | result | null | undefined | example |\n|---|---|---|---|---|---|\n");
    for &function in Function::ALL {
        let details = function.details();
        let arguments: Vec<String> = (0..details.arguments.len()).map(|index| types(function, index)).collect();
        let _ = writeln!(
            out,
            "| [`{}`](#{}) | {} | {} | {} | {} | `{}` |",
            longest_call(function),
            function.name(),
            arguments.join(", "),
            function.returns(),
            in_cell(details.null),
            in_cell(details.undefined),
            in_cell(&details.example.to_string()),
        );
    }
    out
}

fn function_details() -> String {
    let mut out = String::new();
    for &function in Function::ALL {
        let _ = writeln!(out, "### {}\n\n{}", function.name(), function.summary());
        let notes = function.details().notes;
        if !notes.is_empty() {
            out.push('\n');
        }
        for note in notes {
            let _ = writeln!(out, "- {note}.");
        }
        out.push('\n');
    }
    out
}

fn system_property_table() -> String {
    let mut out = String::from("| property | description |\n|---|---|\n");
    for property in SYSTEM_PROPERTIES {
        let _ = writeln!(out, "| `${}` | {} |", property.name(), in_cell(property.description()));
    }
    out
}

/// Escapes the column separators of a table's cell.
fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Example, Parameter};
    use super::*;
    use crate::hir::{CheckOptions, TwinFunctions, Value, check};
    use crate::interpret::{ResolvedMessage, evaluate};
    use crate::limits::Limits;
    use crate::message::{Message, Origin};
    use crate::syntax::parse_condition;

    type Pairs = Vec<(String, Option<String>)>;

    /// The properties, system properties and body of the sample message.
    fn sample() -> (Pairs, Pairs, String) {
        let sample: serde_json::Value = serde_json::from_str(SAMPLE_MESSAGE).unwrap();
        let pairs = |key: &str| {
            let object = sample[key].as_object().unwrap().iter();
            object.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect()
        };
        (pairs("properties"), pairs("systemProperties"), sample["body"].to_string())
    }

    fn evaluated(text: &str, origin: Origin<'_>) -> Value {
        let limits = Limits::default();
        let parsed = parse_condition(text, &limits);
        assert_eq!(parsed.errors, [], "{text}");
        assert_eq!(parsed.tree.ignored(), None, "{text}");
        let options = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
        let condition = check(&parsed.tree, &options).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let (properties, system, body) = sample();
        let message = Message::new(origin).properties(&properties).system_properties(&system).body(body.as_bytes());
        evaluate(&condition, &ResolvedMessage::new(&message, &limits).unwrap()).value(condition.root()).clone()
    }

    fn literal(value: &Value) -> String {
        match value {
            Value::Undefined => "undefined".to_owned(),
            Value::Null | Value::Missing | Value::NullText => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => format!("'{}'", String::from_utf16_lossy(&Arc::clone(text))),
        }
    }

    #[test]
    fn every_example_has_the_stated_result() {
        for &function in Function::ALL {
            let Example { call, result } = function.details().example;
            let origin = match function {
                Function::TwinChangeIncludes => Origin::twin_change("edge"),
                _ => Origin::module("edge", "sensor"),
            };
            assert!(call.contains(&format!("{}(", function.name())), "{call}");
            assert_eq!(literal(&evaluated(call, origin)), result, "{call}");
        }
    }

    #[test]
    fn null_and_undefined_arguments_have_the_stated_result() {
        for &function in Function::ALL {
            if function == Function::TwinChangeIncludes {
                continue;
            }
            let details = function.details();
            let with = |text: &str, number: &str, any: &str| {
                let overload = &function.overloads()[0];
                let arguments: Vec<&str> = overload
                    .parameters()
                    .iter()
                    .map(|parameter| match parameter {
                        Parameter::Text => text,
                        Parameter::Number => number,
                        _ => any,
                    })
                    .collect();
                let call = format!("{}({})", function.name(), arguments.join(", "));
                literal(&evaluated(&call, Origin::module("edge", "sensor")))
            };
            let null = with("nothing", "$body.null", "nothing");
            if function == Function::Concat {
                assert_eq!(null, "''");
                assert_eq!(with("$body.null", "", ""), "undefined");
            } else {
                assert_eq!(null, details.null, "{function:?}");
            }
            let undefined = with("none", "$body.object", "none");
            let value = with("$body.object", "$body.object", "$body.object");
            match function {
                Function::IsNull | Function::IsBool => {
                    assert_eq!([undefined, value], ["false", "undefined"], "{function:?}");
                }
                _ => assert_eq!([undefined.as_str(), &value], [details.undefined; 2], "{function:?}"),
            }
        }
    }

    #[test]
    fn arguments_have_names() {
        for &function in Function::ALL {
            let longest = function.overloads().iter().map(|overload| overload.parameters().len()).max();
            assert_eq!(Some(function.details().arguments.len()), longest, "{function:?}");
        }
    }

    #[test]
    fn a_page_shows_each_call_once() {
        let page = function_page(Function::Substring);
        assert!(page.starts_with("substring(string, start)\nsubstring(string, start, count)\n\n"), "{page}");
        assert!(function_page(Function::AsNumber).starts_with("as_number(value)\n\n"));
        assert!(function_page(Function::AsNumber).contains("Arguments:  value: string or number\n"));
        assert!(function_page(Function::Concat).starts_with("concat(first, second, ...)\n"));
        assert_eq!(function_list().lines().count(), Function::ALL.len());
        assert!(function_list().contains("substring(string, start[, count])"));
    }

    #[test]
    fn the_language_page_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/language.md");
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(!language().contains("{{"), "a placeholder is left");
        assert!(found == language(), "docs/language.md is stale: write `builtin::reference::language()` to it");
    }
}
