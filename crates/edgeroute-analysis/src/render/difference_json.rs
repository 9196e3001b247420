//! Writes a comparison of two sets of routes as JSON, for programs.

use serde::Serialize;

use crate::diff::{
    Answer, Broken, Change, ChangeKind, Delivered, Diff, Edits, MessageDifference, Place, SettingChange, Summary,
    Undecided, Which, Witness,
};
use edgeroute_lang::message::OwnedMessage;

/// Writes a comparison as JSON on one line, without a line break. `docs/output.md` describes it.
///
/// ```
/// use edgeroute::Route;
/// use edgeroute_analysis::diff::{Comparer, Declared};
/// use edgeroute_analysis::render::diff_json;
///
/// let set = Declared::new([Route::new("all", "FROM /* INTO $upstream")]);
/// let json = diff_json(&Comparer::new().compare(&set, &set));
/// assert!(json.starts_with(r#"{"version":1,"answer":"same","#));
/// ```
#[must_use]
pub fn diff_json(diff: &Diff) -> String {
    let count = |kind| diff.changes().iter().filter(|change| !change.is_fallback() && change.kind() == kind).count();
    to_json(&DiffRecord {
        version: 1,
        answer: summary(diff.answer()),
        summary: Counts {
            added: count(ChangeKind::Added),
            removed: count(ChangeKind::Removed),
            renamed: count(ChangeKind::Renamed),
            changed: count(ChangeKind::Changed),
            reformatted: count(ChangeKind::Reformatted),
            moved: count(ChangeKind::Moved),
            unchanged: diff.unchanged(),
        },
        settings: diff.settings().iter().map(setting).collect(),
        changes: diff.changes().iter().map(change).collect(),
        broken: diff.broken().iter().map(broken).collect(),
    })
}

/// Writes the deliveries of a message that two sets deliver differently as JSON on one line, without a line break;
/// `number` is the number of the message.
#[must_use]
pub fn message_difference_json(number: usize, difference: &MessageDifference) -> String {
    to_json(&MessageRecord { message: number, old: deliveries(&difference.old), new: deliveries(&difference.new) })
}

/// Writes a message in the form that `edgeroute match` reads. Serializing a witness cannot fail: its origin is given,
/// and no two of its properties have the same name.
pub(super) fn message(message: &OwnedMessage) -> String {
    to_json(message)
}

/// Serializing these records cannot fail.
fn to_json(record: &impl Serialize) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

#[derive(Serialize)]
struct DiffRecord<'d> {
    version: u32,
    answer: &'static str,
    summary: Counts,
    settings: Vec<SettingRecord<'d>>,
    changes: Vec<ChangeRecord<'d>>,
    broken: Vec<BrokenRecord<'d>>,
}

#[derive(Serialize)]
struct Counts {
    added: usize,
    removed: usize,
    renamed: usize,
    changed: usize,
    reformatted: usize,
    moved: usize,
    unchanged: usize,
}

#[derive(Serialize)]
struct SettingRecord<'d> {
    setting: &'static str,
    old: Option<&'d str>,
    new: Option<&'d str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeRecord<'d> {
    kind: &'static str,
    name: &'d str,
    is_fallback: bool,
    old: Option<PlaceRecord<'d>>,
    new: Option<PlaceRecord<'d>>,
    edits: Vec<&'static str>,
    answer: &'static str,
    lost: AnswerRecord<'d>,
    gained: AnswerRecord<'d>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaceRecord<'d> {
    name: &'d str,
    text: &'d str,
    priority: u32,
    time_to_live_secs: u32,
    /// Counted from 1; null for the fallback.
    position: Option<usize>,
}

#[derive(Serialize)]
struct AnswerRecord<'d> {
    answer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<WitnessRecord<'d>>,
}

#[derive(Serialize)]
struct WitnessRecord<'d> {
    message: &'d OwnedMessage,
    old: Vec<DeliveryRecord<'d>>,
    new: Vec<DeliveryRecord<'d>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryRecord<'d> {
    endpoint: String,
    route: &'d str,
    priority: u32,
    time_to_live_secs: u32,
}

#[derive(Serialize)]
struct BrokenRecord<'d> {
    set: &'static str,
    route: &'d str,
    errors: Vec<ErrorRecord<'d>>,
}

#[derive(Serialize)]
struct ErrorRecord<'d> {
    code: &'static str,
    message: &'d str,
}

#[derive(Serialize)]
struct MessageRecord<'d> {
    /// Counted from 1.
    message: usize,
    old: Vec<DeliveryRecord<'d>>,
    new: Vec<DeliveryRecord<'d>>,
}

const fn summary(summary: Summary) -> &'static str {
    match summary {
        Summary::Same => "same",
        Summary::Undecided => "undecided",
        Summary::Different => "different",
    }
}

fn setting(change: &SettingChange) -> SettingRecord<'_> {
    SettingRecord { setting: change.setting.path(), old: change.old.as_deref(), new: change.new.as_deref() }
}

fn change(change: &Change) -> ChangeRecord<'_> {
    let kind = match change.kind() {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Changed => "changed",
        ChangeKind::Reformatted => "reformatted",
        ChangeKind::Moved => "moved",
    };
    ChangeRecord {
        kind,
        name: change.name(),
        is_fallback: change.is_fallback(),
        old: change.before().map(place),
        new: change.after().map(place),
        edits: edits(change.edits()),
        answer: summary(change.answer()),
        lost: answer(change.lost()),
        gained: answer(change.gained()),
    }
}

fn edits(edits: Edits) -> Vec<&'static str> {
    let all = [
        (edits.name, "name"),
        (edits.text, "text"),
        (edits.layout, "layout"),
        (edits.priority, "priority"),
        (edits.time_to_live, "timeToLiveSecs"),
        (edits.position, "position"),
    ];
    all.into_iter().filter(|(is_edited, _)| *is_edited).map(|(_, name)| name).collect()
}

fn place(place: &Place) -> PlaceRecord<'_> {
    let route = place.route();
    PlaceRecord {
        name: route.name(),
        text: route.text(),
        priority: route.priority().get(),
        time_to_live_secs: route.time_to_live().as_secs(),
        position: Some(place.position()).filter(|position| *position > 0),
    }
}

fn answer(answer: &Answer) -> AnswerRecord<'_> {
    let why = match answer {
        Answer::Undecided(Undecided::Broken) => Some("broken"),
        Answer::Undecided(Undecided::NotProved) => Some("not-proved"),
        Answer::Undecided(Undecided::TooMany) => Some("too-many"),
        Answer::Same | Answer::Different(_) => None,
    };
    AnswerRecord { answer: summary(answer.summary()), why, witness: answer.witness().map(witness) }
}

fn witness(witness: &Witness) -> WitnessRecord<'_> {
    WitnessRecord { message: witness.message(), old: deliveries(witness.before()), new: deliveries(witness.after()) }
}

fn deliveries(deliveries: &[Delivered]) -> Vec<DeliveryRecord<'_>> {
    let records = deliveries.iter().map(|delivery| DeliveryRecord {
        endpoint: delivery.endpoint.to_string(),
        route: &delivery.route,
        priority: delivery.priority.get(),
        time_to_live_secs: delivery.time_to_live.as_secs(),
    });
    records.collect()
}

fn broken(broken: &Broken) -> BrokenRecord<'_> {
    let errors = broken.errors().iter();
    BrokenRecord {
        set: match broken.which() {
            Which::Old => "old",
            Which::New => "new",
        },
        route: broken.route().name(),
        errors: errors.map(|error| ErrorRecord { code: error.code.as_str(), message: &error.message }).collect(),
    }
}
