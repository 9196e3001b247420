//! Bodies of several shapes, the paths to find in each, and how `serde_json` reads them.

use std::borrow::Cow;
use std::fmt::Write;

use edgeroute_lang::body::{Encoding, Found};
use serde::Deserialize;
use serde::de::IgnoredAny;

use edgeroute_testkit::workloads::random::Random;

/// Similar bodies, and three paths into them.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) encoding: Encoding,
    pub(crate) paths: [&'static str; 3],
    pub(crate) bodies: Vec<Vec<u8>>,
    pub(crate) peer: Peer,
}

/// How `serde_json` reads a body. A body in UTF-16 or UTF-32 is decoded first, because `serde_json` only reads UTF-8.
#[derive(Copy, Clone)]
pub(crate) struct Peer {
    /// Reads each body into a struct of the three fields, and returns how many were read.
    pub(crate) into_struct: fn(&[Vec<u8>], Encoding) -> usize,
    /// Reads each body into nothing, which checks its grammar.
    pub(crate) into_nothing: fn(&[Vec<u8>], Encoding) -> usize,
    /// Returns whether these are the three fields of a body.
    pub(crate) is: fn(&[u8], Encoding, &[Found<'_>]) -> bool,
}

/// A struct of three fields. Its strings are borrowed from the body if they need no decoding.
trait Fields {
    const PATHS: [&'static str; 3];
    type Of<'b>: Deserialize<'b>;

    fn found<'b>(fields: &'b Self::Of<'_>) -> [Found<'b>; 3];
}

impl Peer {
    const fn of<F: Fields>() -> Self {
        Self { into_struct: read::<F>, into_nothing: skip, is: is::<F> }
    }
}

fn read<F: Fields>(bodies: &[Vec<u8>], encoding: Encoding) -> usize {
    let is_read = |body: &&Vec<u8>| {
        let body = utf8(std::hint::black_box(body), encoding);
        std::hint::black_box(serde_json::from_slice::<F::Of<'_>>(&body)).is_ok()
    };
    bodies.iter().filter(is_read).count()
}

fn skip(bodies: &[Vec<u8>], encoding: Encoding) -> usize {
    let is_read = |body: &&Vec<u8>| {
        let body = utf8(std::hint::black_box(body), encoding);
        serde_json::from_slice::<IgnoredAny>(&body).is_ok()
    };
    bodies.iter().filter(is_read).count()
}

fn is<F: Fields>(body: &[u8], encoding: Encoding, found: &[Found<'_>]) -> bool {
    serde_json::from_slice::<F::Of<'_>>(&utf8(body, encoding)).is_ok_and(|fields| F::found(&fields) == *found)
}

/// Returns the body in UTF-8.
fn utf8(body: &[u8], encoding: Encoding) -> Cow<'_, [u8]> {
    let text: String = match encoding {
        Encoding::Utf8 => return Cow::Borrowed(body),
        Encoding::Utf16 => {
            let (units, _) = body.as_chunks();
            let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
            char::decode_utf16(units).map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        Encoding::Utf32 => {
            let (units, _) = body.as_chunks();
            let units = units.iter().map(|unit| char::from_u32(u32::from_le_bytes(*unit)));
            units.map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
    };
    Cow::Owned(text.into_bytes())
}

fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf32 => text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect(),
    }
}

/// Returns all shapes. The first is the one to optimise for: about 400 bytes, as most devices write them.
pub(crate) fn all() -> Vec<Shape> {
    let shape =
        |name, (paths, peer): ([&'static str; 3], Peer), encoding, count, write: &dyn Fn(&mut Random) -> String| {
            let mut random = Random::new(7);
            let bodies = (0..count).map(|_| encode(&write(&mut random), encoding)).collect();
            Shape { name, encoding, paths, bodies, peer }
        };
    let (telemetry, miss) = (asked::<Telemetry>(), asked::<Miss>());
    vec![
        shape("telemetry", telemetry, Encoding::Utf8, 2_000, &compact),
        shape("telemetry, one body", telemetry, Encoding::Utf8, 1, &compact),
        shape("telemetry, with spaces", telemetry, Encoding::Utf8, 2_000, &spaced),
        shape("telemetry, indented", telemetry, Encoding::Utf8, 1_000, &indented),
        shape("telemetry, misses", miss, Encoding::Utf8, 2_000, &compact),
        shape("telemetry, escapes", telemetry, Encoding::Utf8, 1_000, &escaped),
        shape("telemetry, not ASCII", telemetry, Encoding::Utf8, 1_000, &not_ascii),
        shape("telemetry, UTF-16", telemetry, Encoding::Utf16, 1_000, &compact),
        shape("telemetry, UTF-32", telemetry, Encoding::Utf32, 500, &compact),
        shape("nested", asked::<Nested>(), Encoding::Utf8, 500, &nested),
        shape("array of objects, skipped", asked::<Log>(), Encoding::Utf8, 60, &log),
        shape("array of objects, read", asked::<Entries>(), Encoding::Utf8, 60, &log),
        shape("long strings", asked::<Log>(), Encoding::Utf8, 100, &long_strings),
        shape("escapes only", asked::<Log>(), Encoding::Utf8, 100, &escapes_only),
        shape("numbers", asked::<Log>(), Encoding::Utf8, 100, &numbers),
    ]
}

const fn asked<F: Fields>() -> ([&'static str; 3], Peer) {
    (F::PATHS, Peer::of::<F>())
}

fn compact(random: &mut Random) -> String {
    let site = random.pick(&["plant1", "plant2", "plant3", "yard"]);
    let status = random.pick(&["running", "idle", "stopped for maintenance"]);
    let tags = random.pick(&[r#""line3","shift-b","critical""#, r#""line12""#, ""]);
    let online = random.pick(&["true", "false"]);
    let operator = random.pick(&["null", r#""J. Keller""#]);
    let mut below = |bound| random.below(bound);
    let head = format!(
        r#""deviceId":"press-{:04}","timestamp":1718{:09},"site":"{site}""#,
        below(10_000),
        below(1_000_000_000),
    );
    let machine = format!(
        r#""name":"press {}","temperature":{}.{},"pressure":{}.{:02},"rpm":{},"vibration":[0.{:02},0.{:02}]"#,
        below(20),
        below(120),
        below(100),
        below(20),
        below(100),
        below(3_000),
        below(100),
        below(100),
    );
    let ambient = format!(r#""temperature":{}.{},"humidity":{}"#, below(35), below(10), below(100));
    let state = format!(r#""firmware":"2.{}","tags":[{tags}],"uptime":{}"#, below(20), below(1_000_000));
    let work = format!(r#""errors":[],"online":{online},"operator":{operator},"message":"cycle {} done""#, below(100));
    let batch = format!(r#""id":"B-{}","count":{}"#, below(100_000), below(500));
    format!(
        r#"{{{head},"machine":{{{machine},"status":"{status}"}},"ambient":{{{ambient}}},{state},{work},"batch":{{{batch}}}}}"#
    )
}

fn spaced(random: &mut Random) -> String {
    compact(random).replace("\":", "\": ").replace(",\"", ", \"")
}

fn indented(random: &mut Random) -> String {
    let value: serde_json::Value = serde_json::from_str(&compact(random)).unwrap_or_default();
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// One string in five contains escapes, and so do two of the requested names.
fn escaped(random: &mut Random) -> String {
    let body = compact(random).replace("plant", r"pl\u0061nt").replace("cycle", r#"\tcycle \"done\"\n"#);
    body.replace('-', r"\u002d").replace("\"machine", r#""m\u0061chine"#).replace("\"batch", r#""b\u0061tch"#)
}

/// Strings with some characters that are not ASCII, including the requested one.
fn not_ascii(random: &mut Random) -> String {
    compact(random).replace("plant", "usine d'été ").replace("yard", "двор").replace("cycle", "Zyklus läuft 机")
}

/// About 2 KB of nested objects, most of which are not on a path.
fn nested(random: &mut Random) -> String {
    fn write(random: &mut Random, depth: usize, text: &mut String) {
        text.push('{');
        for name in ["left", "state", "right"] {
            let _ = write!(text, "{}\"{name}\":", if name == "left" { "" } else { "," });
            if depth == 0 || name == "state" {
                let _ = write!(text, "{}", random.below(1_000));
            } else {
                write(random, depth - 1, text);
            }
        }
        text.push('}');
    }
    let mut text = String::new();
    write(random, 5, &mut text);
    text
}

/// An object of some strings and numbers, with one long member among them.
fn with_long_member(random: &mut Random, long: &str) -> String {
    let site = random.pick(&["plant1", "plant2", "plant3", "yard"]);
    format!(r#"{{"site":"{site}","count":{},"long":{long},"level":"info"}}"#, random.below(1_000))
}

/// About 16 KB.
fn log(random: &mut Random) -> String {
    let entries: Vec<String> = (0..160)
        .map(|number| {
            let level = random.pick(&["debug", "info", "warning", "critical"]);
            let (value, line) = (random.below(10_000), random.below(20));
            format!(
                r#"{{"id":{number},"level":"{level}","value":{}.{},"line":"line {line}","ok":true,"at":"2024-05-{:02}T12:00:00Z"}}"#,
                value / 100,
                value % 100,
                random.between(1, 29),
            )
        })
        .collect();
    with_long_member(random, &format!("[{}]", entries.join(",")))
}

fn long_strings(random: &mut Random) -> String {
    let texts: Vec<String> =
        (0..8).map(|_| format!("\"{}\"", "The quick brown fox. ".repeat(random.between(20, 30)))).collect();
    with_long_member(random, &format!("[{}]", texts.join(",")))
}

fn escapes_only(random: &mut Random) -> String {
    let text: String =
        (0..1_000).map(|_| *random.pick(&["\\n", "\\\"", "\\\\", "\\u00e9", "\\u0041", "\\ud83d\\ude00"])).collect();
    with_long_member(random, &format!("\"{text}\""))
}

fn numbers(random: &mut Random) -> String {
    let numbers: Vec<String> = (0..500)
        .map(|number| match number % 3 {
            0 => format!("{}", random.below(1_000)),
            1 => format!("-{}.{}", random.below(100), random.below(1_000_000)),
            _ => format!("{}.{}e-{}", random.below(10), random.below(1_000_000_000), random.below(20)),
        })
        .collect();
    with_long_member(random, &format!("[{}]", numbers.join(",")))
}

enum Telemetry {}

#[derive(Deserialize)]
struct TelemetryBody<'b> {
    #[serde(borrow)]
    site: Cow<'b, str>,
    machine: Machine,
    batch: Batch,
}

#[derive(Deserialize)]
struct Machine {
    temperature: f64,
}

#[derive(Deserialize)]
struct Batch {
    count: f64,
}

impl Fields for Telemetry {
    const PATHS: [&'static str; 3] = ["site", "machine.temperature", "batch.count"];
    type Of<'b> = TelemetryBody<'b>;

    fn found<'b>(body: &'b TelemetryBody<'_>) -> [Found<'b>; 3] {
        [Found::Text(&body.site), Found::Number(body.machine.temperature), Found::Number(body.batch.count)]
    }
}

enum Miss {}

#[derive(Deserialize)]
struct MissBody {
    zone: Option<IgnoredAny>,
    engine: Option<IgnoredAny>,
    charge: Option<IgnoredAny>,
}

impl Fields for Miss {
    const PATHS: [&'static str; 3] = ["zone", "engine.temperature", "charge.count"];
    type Of<'b> = MissBody;

    fn found(body: &MissBody) -> [Found<'_>; 3] {
        // `IgnoredAny` of a member that is present would give a different value.
        [&body.zone, &body.engine, &body.charge].map(|field| field.map_or(Found::Missing, |IgnoredAny| Found::Several))
    }
}

enum Nested {}

#[derive(Deserialize)]
struct NestedBody {
    left: NestedSide,
    state: f64,
    right: NestedSide,
}

#[derive(Deserialize)]
struct NestedSide {
    state: f64,
}

impl Fields for Nested {
    const PATHS: [&'static str; 3] = ["left.state", "state", "right.state"];
    type Of<'b> = NestedBody;

    fn found(body: &NestedBody) -> [Found<'_>; 3] {
        [body.left.state, body.state, body.right.state].map(Found::Number)
    }
}

enum Log {}

#[derive(Deserialize)]
struct LogBody<'b> {
    #[serde(borrow)]
    site: Cow<'b, str>,
    count: f64,
    #[serde(borrow)]
    level: Cow<'b, str>,
}

impl Fields for Log {
    const PATHS: [&'static str; 3] = ["site", "count", "level"];
    type Of<'b> = LogBody<'b>;

    fn found<'b>(body: &'b LogBody<'_>) -> [Found<'b>; 3] {
        [Found::Text(&body.site), Found::Number(body.count), Found::Text(&body.level)]
    }
}

enum Entries {}

#[derive(Deserialize)]
struct EntriesBody {
    long: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    value: f64,
}

impl Fields for Entries {
    const PATHS: [&'static str; 3] = ["long[0].value", "long[80].value", "long[159].value"];
    type Of<'b> = EntriesBody;

    fn found(body: &EntriesBody) -> [Found<'_>; 3] {
        [0, 80, 159].map(|index| body.long.get(index).map_or(Found::Missing, |entry| Found::Number(entry.value)))
    }
}
