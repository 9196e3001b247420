//! Writes an explanation as text: where a message goes, then every route with its verdict and, beneath its text, the
//! value of each part of the condition.

use core::fmt::Write as _;

use super::annotate::{Layout, Mark, annotate};
use super::paint::{Color, Ink, printable};
use crate::explain::{ConditionExplanation, Explanation, Outcome, Outranking, Part, PartValue, Role, RouteExplanation};
use edgeroute_lang::interpret::Verdict;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;

/// The most characters of a string that are shown as a value.
const VALUE_WIDTH: usize = 48;

/// How an explanation is written.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TextStyle {
    /// Whether to use colour.
    pub color: Color,
    /// The most columns of a route's text per line. Labels may extend beyond.
    pub width: usize,
    /// How much to show for routes from another source.
    pub source_detail: SourceDetail,
}

/// How much to show for a route that does not select the message's source.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum SourceDetail {
    /// One line.
    #[default]
    Brief,
    /// The route's text, with the segment that differs marked.
    Full,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self { color: Color::Never, width: 100, source_detail: SourceDetail::Brief }
    }
}

/// Writes an explanation; every line ends with a line break.
///
/// ```
/// use edgeroute::Route;
/// use edgeroute_analysis::explain::{Routes, explain};
/// use edgeroute_lang::message::{Message, Origin};
/// use edgeroute_analysis::render::{TextStyle, explanation_text};
///
/// let mut routes = Routes::default();
/// let route = Route::new("hot", "FROM /messages/* WHERE as_number(t) > 80 INTO $upstream");
/// routes.add(&route).expect("it compiles");
///
/// let properties = [("t", "21.5")];
/// let message = Message::new(Origin::device("leaf-7")).properties(&properties);
/// let shown = explanation_text(&explain(&routes, &message), &TextStyle::default());
/// assert_eq!(shown, "\
/// from /messages
///   goes nowhere
///
/// `hot` to $upstream: the condition is false
///   | FROM /messages/* WHERE as_number(t) > 80 INTO $upstream
///   |                                  - \"21.5\"
///   |                        ------------ 21.5
///   |                        ^^^^^^^^^^^^^^^^^ false
/// ");
/// ```
#[must_use]
pub fn explanation_text(explanation: &Explanation<'_, '_>, style: &TextStyle) -> String {
    let mut out = summary(explanation, style);
    let is_brief = |route: &&RouteExplanation<'_, '_>| is_one_line(route, style);
    for route in explanation.routes().iter().filter(|route| !is_brief(route)) {
        out.push('\n');
        out.push_str(&route_explanation_text(explanation, route, style));
    }
    // Routes with one line are grouped without blank lines.
    let mut is_first = true;
    for route in explanation.routes().iter().filter(is_brief) {
        if is_first {
            out.push('\n');
        }
        is_first = false;
        out.push_str(&route_explanation_text(explanation, route, style));
    }
    out
}

/// Writes where the message is from and where it goes.
fn summary(explanation: &Explanation<'_, '_>, style: &TextStyle) -> String {
    let mut out = format!("from {}\n", style.color.paint(Ink::Strong, &printable(explanation.source())));
    if explanation.deliveries().is_empty() {
        let _ = writeln!(out, "  {}", style.color.paint(Ink::Odd, "goes nowhere"));
    }
    for delivery in explanation.deliveries() {
        let Some(winner) = explanation.route(delivery.winner()) else { continue };
        let endpoint = style.color.paint(Ink::Good, &printable(&winner.endpoint().to_string()));
        let _ = write!(out, "  goes to {endpoint} by {}{}", named(winner), details(winner.route()));
        for (index, &loser) in delivery.outranked().iter().enumerate() {
            if let Some(loser) = explanation.route(loser) {
                let _ = write!(out, "{} {}", if index == 0 { ", ahead of" } else { "," }, named(loser));
            }
        }
        out.push('\n');
    }
    out
}

/// Writes the explanation of one route; every line ends with a line break.
#[must_use]
pub fn route_explanation_text(
    explanation: &Explanation<'_, '_>,
    route: &RouteExplanation<'_, '_>,
    style: &TextStyle,
) -> String {
    let color = style.color;
    let fallback = if route.role() == Role::Fallback { " (fallback)" } else { "" };
    let endpoint = printable(&route.endpoint().to_string());
    let mut out = format!("{}{fallback} to {endpoint}: ", color.paint(Ink::Strong, &named(route)));
    let (ink, verdict) = verdict_text(explanation, route);
    let _ = writeln!(out, "{}", color.paint(ink, &verdict));
    if is_one_line(route, style) {
        return out;
    }
    let mut marks = Vec::new();
    if let (Outcome::OtherSource(mismatch), Some(span)) = (route.outcome(), route.mismatch_span()) {
        let label = match mismatch.found() {
            Some(found) => format!("`{}` in the source of the message", cut(&printable(found))),
            None => "the source of the message ends before this".to_owned(),
        };
        marks.push(Mark { span, label, ink: Ink::Bad, sign: '^' });
    }
    if let Some(condition) = route.condition() {
        marks.extend(marks_of(condition));
    }
    let text = route.route().text();
    out.push_str(&annotate(text, &marks, &breaks(text), &Layout { margin: "  | ", width: style.width, color }));
    out
}

/// Writes the text of an expression with the value of each part beneath it; every line ends with a line break.
#[must_use]
pub fn expression_text(text: &str, explanation: &ConditionExplanation, style: &TextStyle) -> String {
    let marks: Vec<Mark> = marks_of(explanation).collect();
    annotate(text, &marks, &breaks(text), &Layout { margin: "  | ", width: style.width, color: style.color })
}

/// Whether there is nothing to show except the verdict.
fn is_one_line(route: &RouteExplanation<'_, '_>, style: &TextStyle) -> bool {
    match route.condition() {
        Some(condition) => condition.parts().is_empty(),
        None => route.mismatch_span().is_none() || style.source_detail == SourceDetail::Brief,
    }
}

fn verdict_text(explanation: &Explanation<'_, '_>, route: &RouteExplanation<'_, '_>) -> (Ink, String) {
    match route.outcome() {
        Outcome::Delivers => (Ink::Good, "delivers".to_owned()),
        Outcome::Outranked { by, because } => {
            let winner = explanation.route(*by);
            let name = winner.map(named).unwrap_or_default();
            let why = match (because, winner) {
                (Outranking::Priority, Some(winner)) => {
                    let (before, after) = (priority(winner.route().priority()), priority(route.route().priority()));
                    format!("{before} takes precedence over {after}")
                }
                _ => "same priority, declared first".to_owned(),
            };
            (Ink::Odd, format!("also takes it, but {name} delivers: {why}"))
        }
        Outcome::OtherSource(mismatch) => {
            let wanted = cut(&printable(mismatch.wanted()));
            let said = match mismatch.found() {
                Some(found) => format!("the message has `{}` where the route has `{wanted}`", cut(&printable(found))),
                None => format!("the source of the message ends before `{wanted}`"),
            };
            let hint = match mismatch.found() {
                _ if mismatch.wanted().contains('*') => "; a `*` that is not at the end matches only itself",
                None if mismatch.wanted().eq_ignore_ascii_case("outputs") => "; it was sent without an output",
                _ => "",
            };
            (Ink::Faint, format!("source does not match: {said}{hint}"))
        }
        Outcome::NotTrue(Verdict::Undefined) => (Ink::Odd, "the condition is undefined".to_owned()),
        Outcome::NotTrue(_) => (Ink::Bad, "the condition is false".to_owned()),
        Outcome::NotNeeded => (Ink::Faint, "not needed: other routes deliver".to_owned()),
        Outcome::NotTelemetry => (Ink::Faint, "takes only messages from /messages/".to_owned()),
    }
}

/// Writes a route's name in quotes.
fn named(route: &RouteExplanation<'_, '_>) -> String {
    format!("`{}`", printable(route.route().name()))
}

fn priority(priority: Priority) -> String {
    if priority == Priority::DEFAULT {
        "the default priority".to_owned()
    } else {
        format!("priority {}", priority.get())
    }
}

/// Writes the priority and time to live of a route if they are set.
fn details(route: &Route) -> String {
    let given = (route.priority() != Priority::DEFAULT).then(|| priority(route.priority()));
    let kept =
        (route.time_to_live() != TimeToLive::HUB_DEFAULT).then(|| format!("kept {} s", route.time_to_live().as_secs()));
    let details: Vec<String> = given.into_iter().chain(kept).collect();
    if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) }
}

fn marks_of(condition: &ConditionExplanation) -> impl Iterator<Item = Mark> {
    let last = condition.parts().len().saturating_sub(1);
    let shown = condition.parts().iter().enumerate().filter(|(_, part)| !part.is_link());
    shown.map(move |(index, part)| Mark {
        span: part.span(),
        label: label(part),
        ink: ink(part),
        sign: if index == last { '^' } else { '-' },
    })
}

fn ink(part: &Part) -> Ink {
    match part.value() {
        PartValue::Undefined => Ink::Odd,
        PartValue::Bool(true) => Ink::Good,
        PartValue::Bool(false) => Ink::Bad,
        _ => Ink::Value,
    }
}

/// Writes a part's value, followed by its note unless that only passes on another one.
fn label(part: &Part) -> String {
    let value = match part.value() {
        PartValue::Text(excerpt) => {
            let mut characters = excerpt.text().chars();
            let start: String = characters.by_ref().take(VALUE_WIDTH).collect();
            let is_cut = excerpt.is_cut() || characters.next().is_some();
            printable(&format!("{start:?}")) + if is_cut { "..." } else { "" }
        }
        value => value.to_string(),
    };
    match part.note().filter(|note| !note.is_consequence()) {
        Some(note) => format!("{value}: {}", printable(&note.to_string())),
        None => value,
    }
}

/// Shortens a string from the message, which may be long.
fn cut(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(VALUE_WIDTH).collect();
    if characters.next().is_some() { start + "..." } else { start }
}

/// The offsets where a route's text is best broken: before its clauses, and before `and` and `or`. A break inside a
/// string literal looks odd but does no harm.
fn breaks(text: &str) -> Vec<u32> {
    let mut breaks = Vec::new();
    let mut start = 0;
    for word in text.split_inclusive([' ', '\t', '\r', '\n']) {
        let is_break =
            ["and", "or", "where", "into"].iter().any(|keyword| word.trim_end().eq_ignore_ascii_case(keyword));
        breaks.extend(u32::try_from(start).ok().filter(|_| is_break));
        start += word.len();
    }
    breaks
}
