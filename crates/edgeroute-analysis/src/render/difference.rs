//! Writes a comparison of two sets of routes as text: what changed, and below each change what it does to messages.

use core::fmt::Write as _;

use super::paint::{Color, Ink, is_shown, printable};
use crate::diff::{
    Answer, Change, ChangeKind, Delivered, Diff, MessageDifference, Place, Summary, Undecided, Which, Witness,
};
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::route::Route;

/// The most characters of a route's text that are shown.
const TEXT_WIDTH: usize = 2_000;

/// Writes a comparison; every line ends with a line break.
///
/// ```
/// use edgeroute::Route;
/// use edgeroute_analysis::diff::{Comparer, Declared};
/// use edgeroute_analysis::render::{Color, diff_text};
///
/// let set = |limit: &str| Declared::new([
///     Route::new("hot", format!("FROM /messages/* WHERE as_number(temperature) > {limit} INTO $upstream")),
///     Route::new("alerts", "FROM /messages/* WHERE level = 'alert' INTO $upstream"),
/// ]);
/// assert_eq!(diff_text(&Comparer::new().compare(&set("80"), &set("90")), Color::Never), r#"
/// ~ route `hot`
///     - FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream
///     + FROM /messages/* WHERE as_number(temperature) > 90 INTO $upstream
///                                                       ^
///     no longer delivered to $upstream, for example:
///       {"origin":{"device":"edge-1"},"properties":{"temperature":"81"}}
///       old: $upstream by `hot`
///       new: nowhere
///
/// 1 route changed, 1 unchanged
/// some messages are delivered differently
/// "#.trim_start());
/// ```
#[must_use]
pub fn diff_text(diff: &Diff, color: Color) -> String {
    let mut out = String::new();
    for change in diff.settings() {
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "not set".to_owned(), printable);
        let sign = color.paint(Ink::Odd, "~");
        let _ = writeln!(
            out,
            "{sign} {}: {} -> {}",
            change.setting.path(),
            color.paint(Ink::Bad, &value(&change.old)),
            color.paint(Ink::Good, &value(&change.new))
        );
    }
    if !diff.settings().is_empty() {
        out.push('\n');
    }
    let mut was_line = false;
    for change in diff.changes() {
        let is_line = is_one_line(change);
        // Changes with one line are grouped without blank lines.
        if was_line && !is_line {
            out.push('\n');
        }
        write_change(&mut out, change, color);
        if !is_line {
            out.push('\n');
        }
        was_line = is_line;
    }
    if was_line {
        out.push('\n');
    }
    for broken in diff.broken() {
        let set = set_name(broken.which());
        let name = color.paint(Ink::Strong, &format!("`{}`", printable(broken.route().name())));
        let _ = writeln!(out, "{}: route {name} of the {set} routes has errors", color.paint(Ink::Bad, "error"));
        for error in broken.errors() {
            let _ = writeln!(out, "    {}: {}", error.code.as_str(), printable(&error.message));
        }
    }
    if !diff.broken().is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", counts(diff));
    let _ = writeln!(out, "{}", conclusion(diff, color));
    out
}

const fn set_name(which: Which) -> &'static str {
    match which {
        Which::Old => "old",
        Which::New => "new",
    }
}

/// Whether a change needs no more than its first line.
fn is_one_line(change: &Change) -> bool {
    change.kind() == ChangeKind::Moved && change.answer() == Summary::Same
}

fn write_change(out: &mut String, change: &Change, color: Color) {
    let (ink, sign) = match change.kind() {
        ChangeKind::Added => (Ink::Good, "+"),
        ChangeKind::Removed => (Ink::Bad, "-"),
        _ => (Ink::Odd, "~"),
    };
    let sign = color.paint(ink, sign);
    let role = if change.is_fallback() { "fallback" } else { "route" };
    let name = color.paint(Ink::Strong, &format!("`{}`", printable(change.name())));
    let _ = write!(out, "{sign} {role} {name}");
    match (change.kind(), change.before(), change.after()) {
        (ChangeKind::Renamed, Some(old), _) => {
            let _ = write!(out, ", before `{}`", printable(old.route().name()));
        }
        (ChangeKind::Moved, Some(old), Some(new)) => {
            let _ = write!(out, " moved from position {} to {}", old.position(), new.position());
        }
        (ChangeKind::Reformatted, ..) => out.push_str(", only its layout"),
        _ => {}
    }
    out.push('\n');
    if is_one_line(change) {
        return;
    }
    match (change.before(), change.after()) {
        (Some(old), Some(new)) => write_edits(out, change, old, new, color),
        (Some(place), None) | (None, Some(place)) => {
            let _ = writeln!(out, "    {}", color.paint(ink, &shown(place.route().text())));
            let details = details(place.route());
            if !details.is_empty() {
                let _ = writeln!(out, "    {details}");
            }
        }
        (None, None) => {}
    }
    write_answers(out, change, color);
}

/// Writes what differs between the old and the new route.
fn write_edits(out: &mut String, change: &Change, old: &Place, new: &Place, color: Color) {
    let edits = change.edits();
    if edits.text || edits.layout {
        let (before, after) = (shown(old.route().text()), shown(new.route().text()));
        let (start, of_before, of_after) = difference(&before, &after);
        let line = |out: &mut String, sign: &str, ink: Ink, text: &str, length: usize| {
            let _ = writeln!(out, "    {}", color.paint(ink, &format!("{sign} {text}")));
            // The mark helps only below a line that fits on the screen.
            let is_plain = text.chars().all(|character| character.is_ascii() && is_shown(character));
            if length > 0 && length < 40 && is_plain && text.len() <= 110 && !edits.layout {
                let mark = color.paint(ink, &"^".repeat(length));
                let _ = writeln!(out, "      {}{mark}", " ".repeat(start));
            }
        };
        line(out, "-", Ink::Bad, &before, if of_after == 0 { of_before } else { 0 });
        line(out, "+", Ink::Good, &after, of_after);
    } else {
        let _ = writeln!(out, "    {}", color.paint(Ink::Faint, &shown(new.route().text())));
    }
    let mut setting = |name: &str, before: String, after: String| {
        let (before, after) = (color.paint(Ink::Bad, &before), color.paint(Ink::Good, &after));
        let _ = writeln!(out, "    {name}: {before} -> {after}");
    };
    if edits.priority {
        setting("priority", priority(old.route().priority()), priority(new.route().priority()));
    }
    if edits.time_to_live {
        setting("time to live", time(old.route().time_to_live()), time(new.route().time_to_live()));
    }
    if edits.position {
        setting("position", old.position().to_string(), new.position().to_string());
    }
}

/// Returns the number of equal characters at the start, and the lengths of what differs, in characters.
fn difference(old: &str, new: &str) -> (usize, usize, usize) {
    let start = old.chars().zip(new.chars()).take_while(|(one, other)| one == other).count();
    let rest = |text: &str| text.chars().count() - start;
    let tails = old.chars().rev().zip(new.chars().rev()).take_while(|(one, other)| one == other);
    let end = tails.count().min(rest(old)).min(rest(new));
    (start, rest(old) - end, rest(new) - end)
}

fn write_answers(out: &mut String, change: &Change, color: Color) {
    if change.answer() == Summary::Same {
        let same = match change.kind() {
            ChangeKind::Added | ChangeKind::Removed => "no message is delivered differently",
            _ => "delivers the same messages",
        };
        let _ = writeln!(out, "    {}", color.paint(Ink::Good, same));
        return;
    }
    for (answer, is_gained) in [(change.lost(), false), (change.gained(), true)] {
        match answer {
            Answer::Same => {}
            Answer::Different(witness) => {
                let _ = writeln!(out, "    {}, for example:", color.paint(Ink::Bad, &effect(witness, is_gained)));
                write_witness(out, witness, color);
            }
            Answer::Undecided(why) => {
                let what = if is_gained { "it gains" } else { "it loses" };
                let why = match why {
                    Undecided::Broken => "the route has errors",
                    Undecided::NotProved => "no proof and no example was found",
                    Undecided::TooMany => "it is too large, or there are too many changes",
                };
                let text = format!("undecided whether {what} messages: {why}");
                let _ = writeln!(out, "    {}", color.paint(Ink::Odd, &text));
            }
        }
    }
}

/// Says what happens to the message of a witness at the endpoint of the changed route.
fn effect(witness: &Witness, is_gained: bool) -> String {
    let at = |deliveries: &[Delivered]| {
        let found = deliveries.iter().find(|delivery| Some(&delivery.endpoint) == witness.endpoint());
        found.map(|delivery| (delivery.priority, delivery.time_to_live))
    };
    let endpoint = witness.endpoint().map(|endpoint| printable(&endpoint.to_string())).unwrap_or_default();
    match (at(witness.before()), at(witness.after())) {
        (Some(_), None) => format!("no longer delivered to {endpoint}"),
        (None, Some(_)) => format!("newly delivered to {endpoint}"),
        (Some((old, _)), Some((new, _))) if old != new => {
            format!("delivered to {endpoint} with {} instead of {}", of_priority(new), of_priority(old))
        }
        (Some((_, old)), Some((_, new))) if old != new => {
            format!("delivered to {endpoint} with a time to live of {} instead of {}", time(new), time(old))
        }
        _ if is_gained => "messages that only the new route takes".to_owned(),
        _ => "messages that only the old route takes".to_owned(),
    }
}

fn write_witness(out: &mut String, witness: &Witness, color: Color) {
    let message = printable(&super::difference_json::message(witness.message()));
    let _ = writeln!(out, "      {}", color.paint(Ink::Value, &message));
    for (name, deliveries) in [("old", witness.before()), ("new", witness.after())] {
        let _ = writeln!(out, "      {name}: {}", delivered(deliveries));
    }
}

/// Writes deliveries on one line.
fn delivered(deliveries: &[Delivered]) -> String {
    let one = |delivery: &Delivered| {
        let mut details = Vec::new();
        if delivery.priority != Priority::DEFAULT {
            details.push(of_priority(delivery.priority));
        }
        if delivery.time_to_live != TimeToLive::HUB_DEFAULT {
            details.push(format!("kept {}", time(delivery.time_to_live)));
        }
        let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
        format!("{} by `{}`{details}", printable(&delivery.endpoint.to_string()), printable(&delivery.route))
    };
    if deliveries.is_empty() {
        "nowhere".to_owned()
    } else {
        deliveries.iter().map(one).collect::<Vec<String>>().join(", ")
    }
}

fn counts(diff: &Diff) -> String {
    let words = [
        (ChangeKind::Added, "added"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Renamed, "renamed"),
        (ChangeKind::Changed, "changed"),
        (ChangeKind::Reformatted, "only reformatted"),
        (ChangeKind::Moved, "moved"),
    ];
    let routes = || diff.changes().iter().filter(|change| !change.is_fallback());
    let mut counts: Vec<(usize, &str)> = words
        .iter()
        .map(|(kind, word)| (routes().filter(|change| change.kind() == *kind).count(), *word))
        .filter(|(count, _)| *count > 0)
        .collect();
    if diff.unchanged() > 0 || counts.is_empty() {
        counts.push((diff.unchanged(), "unchanged"));
    }
    let mut out = String::new();
    for (place, (count, word)) in counts.into_iter().enumerate() {
        let routes = match (place, count) {
            (0, 1) => " route",
            (0, _) => " routes",
            _ => "",
        };
        let separator = if place == 0 { "" } else { ", " };
        let _ = write!(out, "{separator}{count}{routes} {word}");
    }
    out
}

fn conclusion(diff: &Diff, color: Color) -> String {
    match diff.answer() {
        Summary::Same => color.paint(Ink::Good, "all messages are delivered the same"),
        Summary::Undecided => color.paint(Ink::Odd, "undecided whether messages are delivered differently"),
        Summary::Different if diff.changes().iter().all(|change| change.answer() == Summary::Same) => {
            color.paint(Ink::Bad, "messages of routes without a time to live are kept for another time")
        }
        Summary::Different => color.paint(Ink::Bad, "some messages are delivered differently"),
    }
}

/// Writes the text of a route on one line, shortened if it is long.
fn shown(text: &str) -> String {
    let mut words = String::new();
    let mut characters = text.chars();
    for character in characters.by_ref().take(TEXT_WIDTH) {
        // Line breaks of a route are layout.
        words.push(if matches!(character, '\n' | '\r' | '\t') { ' ' } else { character });
    }
    printable(&words) + if characters.next().is_some() { "..." } else { "" }
}

/// Writes the priority and time to live of a route if they are set.
fn details(route: &Route) -> String {
    let given = (route.priority() != Priority::DEFAULT).then(|| of_priority(route.priority()));
    let kept = (route.time_to_live() != TimeToLive::HUB_DEFAULT)
        .then(|| format!("time to live {}", time(route.time_to_live())));
    given.into_iter().chain(kept).collect::<Vec<String>>().join(", ")
}

fn priority(priority: Priority) -> String {
    if priority == Priority::DEFAULT { "default".to_owned() } else { priority.get().to_string() }
}

fn of_priority(priority: Priority) -> String {
    if priority == Priority::DEFAULT {
        "the default priority".to_owned()
    } else {
        format!("priority {}", priority.get())
    }
}

fn time(time_to_live: TimeToLive) -> String {
    if time_to_live == TimeToLive::HUB_DEFAULT {
        "the default".to_owned()
    } else {
        format!("{} s", time_to_live.as_secs())
    }
}

/// Writes the deliveries of a message that two sets deliver differently; `number` is the number of the message. Every
/// line ends with a line break.
///
/// ```
/// use edgeroute::{Message, Origin, Route};
/// use edgeroute_analysis::diff::{Declared, MessageComparer};
/// use edgeroute_analysis::render::{Color, message_difference_text};
///
/// let set = |source: &str| Declared::new([Route::new("up", format!("FROM {source} INTO $upstream"))]);
/// let mut comparer = MessageComparer::new(&set("/messages/*"), &set("/messages/modules/*"))?;
/// let difference = comparer.compare(&Message::new(Origin::device("leaf-7"))).expect("it is lost");
/// assert_eq!(message_difference_text(3, &difference, Color::Never), "\
/// message 3
///   old: $upstream by `up`
///   new: nowhere
/// ");
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[must_use]
pub fn message_difference_text(number: usize, difference: &MessageDifference, color: Color) -> String {
    let mut out = format!("message {}\n", color.paint(Ink::Strong, &number.to_string()));
    for (name, ink, deliveries) in [("old", Ink::Bad, &difference.old), ("new", Ink::Good, &difference.new)] {
        let _ = writeln!(out, "  {}: {}", color.paint(ink, name), delivered(deliveries));
    }
    out
}

#[cfg(test)]
mod tests;
