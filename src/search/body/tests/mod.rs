//! Compares the scanner with [`Document`].
//!
//! `paths`: which member or element a path finds. `several`: paths that can reach several values. `scanner`: which
//! bodies are valid, and what their values are. `generated`: random bodies and paths, also compared with `serde_json`.
//! `work`: the number of steps of hostile bodies.

mod generated;
mod paths;
mod scanner;
mod several;
#[cfg(feature = "count-steps")]
mod work;

use serde::de::IgnoredAny;

use super::*;
use edgeroute_lang::body::{Document, Found};

const DEPTH: usize = 64;
const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf32 => text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect(),
    }
}

fn parse(texts: &[impl AsRef<str>]) -> Vec<BodyPath> {
    let parse = |text: &str| BodyPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    texts.iter().map(|text| parse(text.as_ref())).collect()
}

fn same(scalar: Scalar<'_>, found: Found<'_>) -> bool {
    match (scalar, found) {
        (Scalar::Unreadable, Found::Impossible)
        | (Scalar::Missing, Found::Missing)
        | (Scalar::Null, Found::Null)
        | (Scalar::Undefined, Found::Date | Found::Array | Found::Object | Found::Several) => true,
        (Scalar::Bool(scalar), Found::Bool(found)) => scalar == found,
        (Scalar::Number(scalar), Found::Number(found)) => scalar.to_bits() == found.to_bits(),
        (Scalar::Text(scalar), Found::Text(found)) => {
            scalar == *found && scalar.to_utf8_in(&mut vec![0; found.len()]) == Some(found)
        }
        _ => false,
    }
}

/// A plan with its memory, which is reused for every body.
struct Checker {
    paths: Vec<BodyPath>,
    plan: BodyPlan,
    scratch: BodyScratch,
    depth: usize,
}

impl Checker {
    fn new(paths: Vec<BodyPath>, depth: usize, window: usize) -> Self {
        let plan = BodyPlan::new(&paths);
        let scratch = BodyScratch::with_window(&plan, depth, window);
        Self { paths, plan, scratch, depth }
    }

    fn scan<'m>(&mut self, body: &'m [u8], encoding: Encoding) -> Result<Vec<Scalar<'m>>, InvalidBody> {
        // The values from before must not matter.
        let mut found = vec![Scalar::text("before"); self.paths.len()];
        let result = self.plan.scan(body, encoding, self.depth, &mut self.scratch, &mut found);
        assert!(result.is_ok() || found.iter().all(|scalar| matches!(scalar, Scalar::Unreadable)));
        result.map(|()| found)
    }

    /// Compares the result with [`Document`], and returns whether the body is valid.
    #[track_caller]
    fn check(&mut self, body: &[u8], encoding: Encoding) -> bool {
        let document = Document::read(body, encoding, self.depth);
        match (self.scan(body, encoding), document) {
            (Ok(found), Ok(document)) => {
                for (path, scalar) in self.paths.iter().zip(found) {
                    let expected = document.select(path);
                    let body = String::from_utf8_lossy(body);
                    assert!(same(scalar, expected), "{path} is {scalar:?}, not {expected:?}, in {body}");
                }
                true
            }
            (Err(error), Err(expected)) => {
                assert_eq!(error.offset, expected.offset(), "{expected} in {:?}", String::from_utf8_lossy(body));
                false
            }
            (found, document) => panic!("{found:?} is not {document:?} in {:?}", String::from_utf8_lossy(body)),
        }
    }
}

#[track_caller]
fn check(texts: &[&str], body: &str) {
    for encoding in ENCODINGS {
        assert!(Checker::new(parse(texts), DEPTH, 2).check(&encode(body, encoding), encoding), "{body}");
    }
}

fn is_object_for_serde_json(body: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(body).is_ok() && body.trim_start().starts_with('{')
}
