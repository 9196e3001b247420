//! Generates routes that lints report: conditions of a few tests, joined so that some are never or always true or
//! follow from others, and texts that are valid but almost certainly wrong.

use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::{Budgets, Limits};
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;

use super::choices::Choices;
use super::conditions::{self, Hint, NAMES, PATHS, Place, Wanted};
use super::{Case, SINKS, SOURCES, Sketch, messages};

/// A part of a condition, with hints on how to satisfy it.
#[derive(Clone)]
struct Part {
    text: String,
    hints: Vec<Hint>,
}

/// Sources that do not mean what they seem to.
const ODD_SOURCES: [&str; 7] = [
    "/messages/modules/m*",
    "/messages/modules/m/outputs/o*",
    "/messages/*/outputs/o*/",
    "/messages/module/m/*",
    "/messages/modules/m/output/*",
    "/twinChangeNotification",
    "/messages/modules/*/outputs/*",
];

/// Sources and sinks of modules that may send to themselves and each other.
const ROUND: [(&str, &str); 4] = [
    ("/messages/modules/a/*", "BrokeredEndpoint('/modules/m/inputs/in')"),
    ("/messages/modules/m/*", "BrokeredEndpoint('/modules/a/inputs/in')"),
    ("/messages/modules/a/*", "BrokeredEndpoint('/modules/a/inputs/in')"),
    ("/messages/modules/a/*", "$upstream"),
];

/// Text that may follow a sink.
const TRAILING: [&str; 5] = [";", " and more", " WHERE level = 'critical'", " /* a comment */", "*/"];

/// Mistakes that may get into a text.
const SLIPS: [&str; 30] = [
    "TRUE",
    "Null",
    "\u{a0}",
    "\u{200b}",
    "\u{202e}",
    "\u{2019}",
    "\u{2018}critical\u{2019}",
    "!",
    "-",
    "*",
    "+1",
    "/*",
    "*/",
    "'",
    "\u{430}",
    "l\u{435}vel",
    " not ",
    " ?? ",
    " and ",
    " or ",
    "(",
    ")",
    ";",
    "$twin.tags.a",
    "$inputName",
    "$contenttyp",
    " = true",
    "true or ",
    "'x' ",
    "||",
];

impl Case {
    /// Generates a case for lints from bytes: few routes, with few names and constants.
    pub fn of_lints(bytes: &[u8]) -> Self {
        let mut choices = Choices::narrowed(bytes);
        let shadowing = if choices.one_in(4) { Shadowing::Reference } else { Shadowing::default() };
        let limits = Limits::default();
        let sources: Vec<&'static str> = (0..=choices.below(3)).map(|_| *choices.pick(&SOURCES)).collect();
        let pool: Vec<Part> = (0..choices.below(4) + 2).map(|_| part(&mut choices)).collect();
        let sketches: Vec<Sketch> = (0..=choices.below(5))
            .map(|number| {
                let sketch = suspicious(&mut choices, number, &sources, &pool);
                slipped(&mut choices, sketch, shadowing, &limits)
            })
            .collect();
        let messages = (0..choices.below(24) + 8).map(|_| messages::message(&mut choices, &sketches)).collect();
        Self {
            routes: sketches.into_iter().map(|sketch| sketch.route).collect(),
            fallback: None,
            messages,
            budgets: Budgets::default(),
            shadowing,
            limits,
        }
    }
}

fn part(choices: &mut Choices<'_>) -> Part {
    if choices.one_in(3) {
        return written(choices);
    }
    let mut hints = Vec::new();
    let text = conditions::test(choices, false, &mut hints);
    Part { text: format!("({text})"), hints }
}

/// Generates a valid condition that means something else than it seems to.
fn written(choices: &mut Choices<'_>) -> Part {
    let (name, path, other) = (*choices.pick(&NAMES), *choices.pick(&PATHS), *choices.pick(&PATHS));
    let text = conditions::text(choices);
    let literal = conditions::quoted(&text);
    let date = "2024-01-01T00:00:00Z";
    let property = |name, wanted: &str| Hint { place: Place::Property(name), wanted: Wanted::Text(wanted.to_owned()) };
    let body = |path, wanted| Hint { place: Place::Body(path), wanted };
    let (text, hints) = match choices.byte() % 20 {
        0 => (format!("{name}!={literal}"), vec![property(name, &text)]),
        1 => {
            let hints = vec![body(path, Wanted::Bool(true)), body(other, Wanted::Bool(false))];
            (format!("not $body.{path} = $body.{other}"), hints)
        }
        2 => (format!("$body.{path} ?? {name} = {literal}"), vec![body(path, Wanted::Text(text))]),
        3 => (format!("$body.{path} = TRUE"), vec![body(path, Wanted::Bool(true))]),
        4 => (format!("{name} = \u{2018}critical\u{2019}"), vec![property(name, "critical")]),
        5 => (format!("{name} > '5'"), vec![property(name, "6")]),
        6 => (format!("'5' >= $body.{path}"), vec![body(path, Wanted::Number(5.0))]),
        7 => {
            let hints = vec![property("$contentType", "text/plain"), body(path, Wanted::Number(1.0))];
            (format!("$contentType = 'text/plain' and $body.{path} = 1"), hints)
        }
        8 => {
            let hints = vec![property("{$contentEncoding}", "latin1"), body(path, Wanted::Number(1.0))];
            (format!("{{$contentEncoding}} = 'latin1' and {{$body.{path}}} = 1"), hints)
        }
        9 => (format!("is_defined($body.{path})"), vec![body(path, Wanted::Null)]),
        10 => (format!("is_null($body.{path})"), vec![body(path, Wanted::Null)]),
        11 => (format!("$body.{path} <= '{date}'"), vec![body(path, Wanted::Text(date.to_owned()))]),
        12 => (format!("$inputName = {literal}"), vec![property("$inputName", &text)]),
        13 => (format!("$twin.tags.a = {literal}"), Vec::new()),
        14 => ("$contenttyp = 'application/json'".to_owned(), Vec::new()),
        15 => (format!("$body.{path}-1 = 1"), vec![body(path, Wanted::Number(2.0))]),
        16 => (format!("l\u{435}vel = '{text}\u{200b}'").replace(['\\', '\n'], ""), Vec::new()),
        17 => ("$connectionModuleId = 'm'".to_owned(), Vec::new()),
        18 => ("starts_with($outputName, 'O')".to_owned(), Vec::new()),
        _ => ("is_defined({$connectionModuleId})".to_owned(), Vec::new()),
    };
    Part { text, hints }
}

/// Joins some of the parts into a condition, with their hints.
fn joined(choices: &mut Choices<'_>, pool: &[Part], depth: u8) -> Part {
    let kind = choices.byte() % 8;
    if depth == 0 || kind < 2 {
        return choices.pick(pool).clone();
    }
    if kind == 2 {
        let inner = joined(choices, pool, depth - 1);
        return Part { text: format!("not ({})", inner.text), ..inner };
    }
    let operator = if kind < 6 { " and " } else { " or " };
    let parts: Vec<Part> = (0..choices.below(2) + 2).map(|_| joined(choices, pool, depth - 1)).collect();
    let bare = choices.one_in(4);
    let texts: Vec<String> =
        parts.iter().map(|part| if bare { part.text.clone() } else { format!("({})", part.text) }).collect();
    Part { text: texts.join(operator), hints: parts.into_iter().flat_map(|part| part.hints).collect() }
}

fn suspicious(choices: &mut Choices<'_>, number: usize, sources: &[&'static str], pool: &[Part]) -> Sketch {
    let source = *choices.pick(sources);
    let condition = (!choices.one_in(10)).then(|| joined(choices, pool, 3));
    let (source, shown, sink) = match choices.byte() % 8 {
        0 => (source, *choices.pick(&ODD_SOURCES), "$upstream"),
        1 => {
            let (source, sink) = *choices.pick(&ROUND);
            (source, source, sink)
        }
        2..=4 => (source, source, *choices.pick(&SINKS)),
        _ => (source, source, "$upstream"),
    };
    let trailing = if choices.one_in(6) { *choices.pick(&TRAILING) } else { "" };
    let shown_condition = condition.as_ref().map(|part| format!(" WHERE {}", part.text)).unwrap_or_default();
    let text = format!("FROM {shown}{shown_condition} INTO {sink}{trailing}");
    let [priority, time_to_live] = if choices.one_in(2) { [0, 0] } else { [choices.byte() % 2, choices.byte() % 3] };
    let route = Route::new(format!("r{number}"), text)
        .with_priority(Priority::new(priority.into()).unwrap_or_default())
        .with_time_to_live(TimeToLive::from_secs(time_to_live.into()));
    Sketch { route, source, hints: condition.map(|part| part.hints).unwrap_or_default() }
}

/// Adds up to two mistakes to a route's text, usually only those that still compile.
fn slipped(choices: &mut Choices<'_>, mut sketch: Sketch, shadowing: Shadowing, limits: &Limits) -> Sketch {
    for _ in 0..choices.below(3) {
        let place = usize::from(choices.byte()) | usize::from(choices.byte() % 4) << 8;
        let slip = if choices.one_in(8) { choices.raw_text() } else { SLIPS[choices.below(SLIPS.len())].to_owned() };
        let mut text = sketch.route.text().to_owned();
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        text.insert_str(boundaries[place % boundaries.len()], &slip);
        if choices.one_in(8) || TypedRoute::compile(&text, shadowing, limits).is_ok() {
            sketch.route = sketch.route.with_text(text);
        }
    }
    sketch
}
