//! Generates conditions that are well typed by construction, with hints on how to satisfy them.

use std::fmt::Write;

use super::choices::Choices;

/// The value that a test requires: a message that follows the hint may satisfy the test.
#[derive(Clone, Debug)]
pub struct Hint {
    pub place: Place,
    pub wanted: Wanted,
}

/// The place that a test reads.
#[derive(Clone, Debug)]
pub enum Place {
    /// A property, spelled as in the condition: `level`, `$level`, `{$level}`.
    Property(&'static str),
    /// `$body.path`.
    Body(&'static str),
}

/// The value that should be there.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// This string, or one that starts with it, ends with it or contains it.
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
}

pub const NAMES: [&str; 20] = [
    "level",
    "device",
    "site",
    "temp",
    "topic",
    "région",
    "a-name-of-more-than-16-bytes",
    "$level",
    "$messageId",
    "$contentType",
    "{$contentType}",
    "{$level}",
    "$contentEncoding",
    "$connectionDeviceId",
    "$connectionModuleId",
    "{$connectionDeviceId}",
    "$outputName",
    "$inputName",
    "$CONNECTIONMODULEID",
    "LEVEL",
];

pub const PATHS: [&str; 9] = ["n", "s", "t", "o.x", "o", "arr[0]", "arr[1]", "none", "N"];

pub const TEXTS: [&str; 22] = [
    "critical",
    "crit",
    "Critical",
    "",
    "a",
    "ab",
    "abc",
    "b",
    "factory/line1/",
    "factory/line1/press",
    "factory/",
    "É",
    "é",
    "\u{1F600}",
    "\u{FFFF}",
    "80",
    "m",
    "device-1",
    "application/json",
    "utf-8",
    " a ",
    "2024-01-01T00:00:00Z",
];

pub const NUMBERS: [f64; 24] = [
    0.0,
    1.0,
    -1.0,
    5.0,
    80.0,
    60.5,
    100.0,
    0.1,
    0.3,
    1e300,
    -1e300,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    f64::INFINITY,
    f64::NEG_INFINITY,
    9_007_199_254_740_993.0,
    1e16,
    1e15,
    3e-300,
    255.0,
    -0.0,
    2.5,
];

const COMPARISONS: [&str; 7] = ["=", "!=", "<", "<=", ">", ">=", "<>"];

pub fn condition(choices: &mut Choices<'_>, is_of_twins: bool, hints: &mut Vec<Hint>) -> String {
    bools(choices, 3, is_of_twins, hints)
}

fn bools(choices: &mut Choices<'_>, depth: u8, is_of_twins: bool, hints: &mut Vec<Hint>) -> String {
    if depth == 0 {
        return test(choices, is_of_twins, hints);
    }
    let mut inner = |choices: &mut Choices<'_>| bools(choices, depth - 1, is_of_twins, hints);
    match choices.byte() % 14 {
        0..=2 => test(choices, is_of_twins, hints),
        3..=6 => {
            let parts: Vec<String> = (0..choices.below(3) + 2).map(|_| inner(choices)).collect();
            parts.join(" and ")
        }
        7..=8 => {
            let parts: Vec<String> = (0..choices.below(3) + 2).map(|_| format!("({})", inner(choices))).collect();
            format!("({})", parts.join(" or "))
        }
        9 => format!("(not ({}))", inner(choices)),
        10 => {
            let (operator, truth) = (*choices.pick(&COMPARISONS), *choices.pick(&["true", "false"]));
            let inner = inner(choices);
            if choices.one_in(2) {
                format!("(({inner}) {operator} {truth})")
            } else {
                format!("({truth} {operator} ({inner}))")
            }
        }
        11..=12 => {
            // A value on the left must not be a bool.
            let path = *choices.pick(&PATHS);
            let is_defaulted = choices.one_in(3).then(|| inner(choices));
            let (connective, right) = (*choices.pick(&["and", "or"]), inner(choices));
            let left = is_defaulted.map_or(format!("$body.{path}"), |default| format!("($body.{path} ?? ({default}))"));
            hints.push(Hint { place: Place::Body(path), wanted: Wanted::Bool(choices.one_in(2)) });
            format!("({left} {connective} ({right}))")
        }
        _ => one_of_many(choices, hints),
    }
}

/// Tests whether a property is one of many strings, or a number in one of many intervals: more than most budgets allow.
fn one_of_many(choices: &mut Choices<'_>, hints: &mut Vec<Hint>) -> String {
    let name = *choices.pick(&NAMES);
    let count = choices.below(24) + 2;
    let chosen = choices.below(count);
    let is_of_numbers = choices.one_in(3);
    let parts: Vec<String> = (0..count)
        .map(|number| {
            if is_of_numbers {
                let low = f64::from(u32::try_from(number).unwrap_or_default()) * 10.0;
                if number == chosen {
                    hints.push(Hint { place: Place::Property(name), wanted: Wanted::Number(low) });
                }
                format!("(as_number({name}) >= {low} and as_number({name}) < {})", low + 5.0)
            } else {
                let text = format!("d{number}");
                let part = format!("{name} = '{text}'");
                if number == chosen {
                    hints.push(Hint { place: Place::Property(name), wanted: Wanted::Text(text) });
                }
                part
            }
        })
        .collect();
    format!("({})", parts.join(" or "))
}

/// Tests one property or body value.
pub fn test(choices: &mut Choices<'_>, is_of_twins: bool, hints: &mut Vec<Hint>) -> String {
    match choices.byte() % 28 {
        0..=5 => {
            let (name, text) = (*choices.pick(&NAMES), text(choices));
            let operator = if choices.one_in(3) { *choices.pick(&COMPARISONS) } else { "=" };
            let shown = quoted(&text);
            hints.push(Hint { place: Place::Property(name), wanted: Wanted::Text(text) });
            if choices.one_in(4) {
                format!("({shown} {operator} {name})")
            } else {
                format!("({name} {operator} {shown})")
            }
        }
        6..=8 => {
            let (name, text) = (*choices.pick(&NAMES), text(choices));
            let function = *choices.pick(&["starts_with", "ends_with", "contains"]);
            let shown = quoted(&text);
            hints.push(Hint { place: Place::Property(name), wanted: Wanted::Text(text) });
            format!("{function}({name}, {shown})")
        }
        9..=10 => {
            let (name, number) = (*choices.pick(&NAMES), number(choices));
            let operator = *choices.pick(&COMPARISONS);
            hints.push(Hint { place: Place::Property(name), wanted: Wanted::Number(number) });
            let shown = shown(number);
            if choices.one_in(4) {
                format!("({shown} {operator} as_number({name}))")
            } else {
                format!("(as_number({name}) {operator} {shown})")
            }
        }
        11..=12 => {
            let (name, low, width) = (*choices.pick(&NAMES), number(choices), number(choices).abs());
            // An infinite width added to an infinite bound may not be a number.
            let high = if (low + width).is_nan() { low } else { low + width };
            let bound = if choices.one_in(2) { low } else { high };
            hints.push(Hint { place: Place::Property(name), wanted: Wanted::Number(bound) });
            let (from, to) = (*choices.pick(&[">=", ">"]), *choices.pick(&["<=", "<"]));
            format!("as_number({name}) {from} {} and as_number({name}) {to} {}", shown(low), shown(high))
        }
        13..=14 => {
            let name = *choices.pick(&NAMES);
            let function = *choices.pick(&["is_defined", "is_null", "is_string"]);
            if choices.one_in(2) {
                hints.push(Hint { place: Place::Property(name), wanted: Wanted::Null });
            }
            format!("{function}({name})")
        }
        15..=18 => {
            let path = *choices.pick(&PATHS);
            let query = query(choices, path);
            let operator = if choices.one_in(3) { *choices.pick(&COMPARISONS) } else { "=" };
            let (wanted, shown) = match choices.byte() % 4 {
                0 => {
                    let text = text(choices);
                    let shown = quoted(&text);
                    (Wanted::Text(text), shown)
                }
                1 => {
                    let number = number(choices);
                    (Wanted::Number(number), shown(number))
                }
                2 => {
                    let truth = choices.one_in(2);
                    (Wanted::Bool(truth), truth.to_string())
                }
                _ => (Wanted::Null, "null".to_owned()),
            };
            hints.push(Hint { place: Place::Body(path), wanted });
            if choices.one_in(4) {
                format!("({shown} {operator} {query})")
            } else {
                format!("({query} {operator} {shown})")
            }
        }
        19 => {
            let (path, number) = (*choices.pick(&PATHS), number(choices));
            hints.push(Hint { place: Place::Body(path), wanted: Wanted::Number(number) });
            format!("(as_number({}) {} {})", query(choices, path), choices.pick(&COMPARISONS), shown(number))
        }
        20 => {
            // If both operands are values, both must be bools.
            let (left, right) = (*choices.pick(&PATHS), *choices.pick(&PATHS));
            for path in [left, right] {
                hints.push(Hint { place: Place::Body(path), wanted: Wanted::Bool(choices.one_in(2)) });
            }
            let operator = *choices.pick(&["and", "or"]);
            let truth = *choices.pick(&["true", "false"]);
            format!("(({} {operator} {}) = {truth})", query(choices, left), query(choices, right))
        }
        21 => (*choices.pick(&["true", "false", "(not $body.t)"])).to_owned(),
        _ => expression(choices, is_of_twins, hints),
    }
}

/// An expression that is not a simple test.
fn expression(choices: &mut Choices<'_>, is_of_twins: bool, hints: &mut Vec<Hint>) -> String {
    let (name, other) = (*choices.pick(&NAMES), *choices.pick(&NAMES));
    let path = *choices.pick(&PATHS);
    let (query, text, number) = (query(choices, path), text(choices), number(choices));
    let (literal, shown) = (quoted(&text), shown(number));
    let comparison = *choices.pick(&COMPARISONS);
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    let mut want = |place, wanted| hints.push(Hint { place, wanted });
    let kind = choices.byte() % if is_of_twins { 16 } else { 15 };
    if kind < 8 {
        want(Place::Property(name), Wanted::Text(text.clone()));
        want(Place::Property(other), Wanted::Text(text));
    } else {
        want(Place::Property(name), Wanted::Number(number));
        want(Place::Body(path), Wanted::Number(number));
    }
    match kind {
        0 => format!("({name} {comparison} {other})"),
        1 => format!("(upper({name}) {comparison} upper({literal}))"),
        2 => format!("(lower(concat({name}, {other})) {comparison} lower({literal} || {literal}))"),
        3 => format!("(({name} ?? {other}) {comparison} {literal})"),
        4 => format!("(substring({name}, length({name}) - length({literal})) = {literal})"),
        5 => format!("(index_of({name}, {literal}) {comparison} 0)"),
        6 => format!("starts_with({name}, {})", quoted(&half)),
        7 => format!("contains({name}, '\\uD83D')"),
        8 => format!("(as_number({name}) + 1 {comparison} {shown} + 1)"),
        9 => format!("(abs(as_number({name})) * 2 {comparison} {shown} / 3)"),
        10 => format!("({query} {comparison} {name})"),
        11 => format!("({query} + 1 {comparison} {shown} + 1)"),
        12 => format!("(({query} ?? {shown}) {comparison} {shown})"),
        13 => format!("is_number({query})"),
        14 => format!("(length({query}) {comparison} 1)"),
        _ => "twin_change_includes(properties.reported.x)".to_owned(),
    }
}

fn query(choices: &mut Choices<'_>, path: &str) -> String {
    if choices.one_in(4) { format!("{{$body.{path}}}") } else { format!("$body.{path}") }
}

pub fn text(choices: &mut Choices<'_>) -> String {
    match choices.byte() % 16 {
        0..=12 => (*choices.pick(&TEXTS)).to_owned(),
        13 => "long ".repeat(60) + *choices.pick(&TEXTS),
        14 => format!("d{}", choices.below(24)),
        _ => choices.raw_text(),
    }
}

fn number(choices: &mut Choices<'_>) -> f64 {
    match choices.byte() % 8 {
        0..=4 => *choices.pick(&NUMBERS),
        5..=6 => f64::from(choices.byte()) - 100.0,
        _ => {
            let number = f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| choices.byte())));
            if number.is_nan() { 0.5 } else { number }
        }
    }
}

/// Writes a number as a literal.
fn shown(number: f64) -> String {
    if number.is_infinite() {
        if number > 0.0 { "1e400".to_owned() } else { "-1e400".to_owned() }
    } else if number.abs() > 1e15 || (number != 0.0 && number.abs() < 1e-5) {
        format!("{number:e}")
    } else {
        format!("{number}")
    }
}

/// Writes a string as a literal. Escapes what could end the literal, or a comment.
pub fn quoted(text: &str) -> String {
    let mut literal = "'".to_owned();
    for character in text.chars() {
        if character.is_alphanumeric() || " /-.".contains(character) {
            literal.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(literal, "\\u{unit:04X}");
            }
        }
    }
    literal + "'"
}
