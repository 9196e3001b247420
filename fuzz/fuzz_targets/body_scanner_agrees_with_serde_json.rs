//! Checks that the body scanner rejects what `serde_json` rejects, and finds what `serde_json` and the plain reader
//! find, in every encoding, whatever bodies it has read before.
#![no_main]

use edgeroute::internals::{BodyScalars, BodyScanner};
use edgeroute_lang::body::{BodyPath, Document, Encoding, Found, Step};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Paths of all kinds. Names found in bodies are added.
const PATHS: [&str; 16] = [
    "a",
    "a.b",
    "a.b.a",
    "a[0]",
    "a[1].b",
    "b",
    "b[0].a",
    "$",
    "*",
    "*.a",
    "a.*",
    "a[0][0]",
    "a[0][*]",
    "a[0][0]..b",
    "a[0]..*",
    "a[0][-1]",
];
/// The most paths that are added.
const MOST_ADDED: usize = 12;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let max_depth = match choice % 8 {
        depth @ 1..=6 => depth.into(),
        _ => 64,
    };
    let text = str::from_utf8(body).ok();
    let value = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut paths: Vec<BodyPath> = PATHS.iter().filter_map(|path| BodyPath::parse(path).ok()).collect();
    if let Some(value) = &value {
        add_paths(value, &mut paths);
    }
    let mut scanner = BodyScanner::with_window(&paths, max_depth, 1 + usize::from(choice / 8 % 8));

    // As raw bytes, which in the wide encodings are rarely valid JSON.
    for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
        check(&mut scanner, &paths, body, encoding, max_depth);
    }
    let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let is_readable = Document::read(body, Encoding::Utf8, usize::MAX).is_ok();
    assert_eq!(is_readable, is_json && is_object);

    let Some(text) = text else { return };
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
    for (body, encoding) in
        [(&utf16[..], Encoding::Utf16), (&utf32, Encoding::Utf32), (body, Encoding::Utf8), (&utf16, Encoding::Utf16)]
    {
        check(&mut scanner, &paths, body, encoding, max_depth);
        if let Some(value) = &value {
            check_against(value, &mut scanner, &paths, body, encoding);
        }
    }
});

/// Checks that the scanner finds what the plain reader finds, or rejects the body at the same byte.
fn check(scanner: &mut BodyScanner, paths: &[BodyPath], body: &[u8], encoding: Encoding, max_depth: usize) {
    let mut scalars = BodyScalars::new(paths.len());
    match (scanner.scan(body, encoding, &mut scalars), Document::read(body, encoding, max_depth)) {
        (Ok(()), Ok(document)) => {
            for (number, path) in paths.iter().enumerate() {
                let expected = document.select(path);
                assert!(scalars.is(number, expected), "{path} is {scalars:?} at {number}, not {expected:?}");
            }
        }
        (Err(offset), Err(error)) => {
            assert_eq!(offset, error.offset());
            assert!((0..paths.len()).all(|number| scalars.is(number, Found::Impossible)));
        }
        (result, document) => panic!("{result:?}, but {document:?}"),
    }
}

/// Checks that the scanner finds what `serde_json` has read, for paths that lead to a single place.
fn check_against(value: &Value, scanner: &mut BodyScanner, paths: &[BodyPath], body: &[u8], encoding: Encoding) {
    let mut scalars = BodyScalars::new(paths.len());
    if scanner.scan(body, encoding, &mut scalars).is_err() {
        return;
    }
    for (number, path) in paths.iter().enumerate() {
        let Some(found) = path.steps().and_then(|steps| select(value, steps)) else { continue };
        let is_same = match found {
            None => scalars.is(number, Found::Missing),
            Some(Value::Null) => scalars.is(number, Found::Null),
            Some(Value::Bool(truth)) => scalars.is(number, Found::Bool(*truth)),
            // `serde_json` distinguishes negative zero.
            Some(Value::Number(nearest)) => nearest
                .as_f64()
                .is_some_and(|nearest| [nearest, nearest + 0.0].iter().any(|&n| scalars.is(number, Found::Number(n)))),
            // `serde_json` reads a date as a string.
            Some(Value::String(text)) => {
                scalars.is(number, Found::Text(text)) && !edgeroute_lang::text::is_date(text)
                    || scalars.is(number, Found::Date) && edgeroute_lang::text::is_date(text)
            }
            Some(Value::Array(_) | Value::Object(_)) => scalars.is(number, Found::Object),
        };
        assert!(is_same, "{path} is {scalars:?} at {number}, not {found:?}");
    }
}

/// The value at the end of the steps; `None` if a step can lead to several places.
fn select<'v>(value: &'v Value, steps: &[Step]) -> Option<Option<&'v Value>> {
    let mut value = Some(value);
    for step in steps {
        value = match step {
            Step::Member(name) => value.and_then(|value| value.as_object()?.get(&**name)),
            Step::Index(index) => value.and_then(|value| value.as_array()?.get(usize::try_from(*index).ok()?)),
            _ => return None,
        };
    }
    Some(value)
}

/// Adds the paths to some places of a body, as far as they can be written as paths.
fn add_paths(root: &Value, paths: &mut Vec<BodyPath>) {
    let most = paths.len() + MOST_ADDED;
    let mut open = vec![(String::new(), root)];
    while let Some((path, value)) = open.pop()
        && paths.len() < most
    {
        if !path.is_empty()
            && let Ok(parsed) = BodyPath::parse(&path)
        {
            paths.push(parsed);
        }
        match value {
            Value::Array(elements) => {
                let last = elements.last().map(|last| (elements.len() - 1, last));
                open.extend(
                    elements
                        .iter()
                        .enumerate()
                        .take(2)
                        .chain(last)
                        .map(|(index, element)| (format!("{path}[{index}]"), element)),
                );
            }
            Value::Object(members) => {
                open.extend(members.iter().map(|(name, member)| {
                    (if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, member)
                }))
            }
            _ => {}
        }
    }
}
