//! Identifies a finding without its position, so that it can be recognized after lines have moved.

use std::collections::HashMap;

use super::{FileReport, Report};
use edgeroute_lang::diagnostic::Finding;

/// The maximum number of characters of the marked text that identify a finding.
const MARKED: usize = 200;

/// What identifies a finding within a file: its code, its route and the text that it marks. Several findings of a file
/// can have the same identity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FindingIdentity<'r> {
    /// The code.
    pub code: &'static str,
    /// The name of the route, if the finding is about one.
    pub route: Option<&'r str>,
    /// The text at the finding's position, cut after 200 characters; may be empty.
    pub marked: &'r str,
}

impl<'r> FindingIdentity<'r> {
    /// Identifies a finding whose spans are in bytes of `text`.
    #[must_use]
    pub fn of(text: &'r str, finding: &'r Finding) -> Self {
        let marked = finding.diagnostic.primary.span.slice(text);
        let end = marked.char_indices().nth(MARKED).map_or(marked.len(), |(at, _)| at);
        Self {
            code: finding.diagnostic.code.as_str(),
            route: finding.route.as_deref(),
            marked: marked.get(..end).unwrap_or(marked),
        }
    }
}

/// A finding with its file and its fingerprint.
pub(super) struct Fingerprinted<'s, 'r> {
    pub(super) file: &'s FileReport<'r>,
    pub(super) finding: &'r Finding,
    /// 32 hexadecimal digits.
    pub(super) fingerprint: String,
}

impl<'r> Report<'r> {
    /// Every finding with a fingerprint that no other finding has. Findings with the same identity are numbered in the
    /// order of the text.
    pub(super) fn fingerprinted(&self) -> impl Iterator<Item = Fingerprinted<'_, 'r>> {
        let mut seen: HashMap<(&str, FindingIdentity<'_>), u32> = HashMap::new();
        self.findings().map(move |(file, finding)| {
            let identity = FindingIdentity::of(file.text, finding);
            let route = identity.route.unwrap_or_default();
            let (code, marked) = (identity.code, identity.marked);
            let number = seen.entry((file.name, identity)).or_default();
            let fingerprint = fingerprint(&[path_of(file.name), code, route, marked, &number.to_string()]);
            *number += 1;
            Fingerprinted { file, finding, fingerprint }
        })
    }
}

/// The path of a file as services expect it: relative paths do not start with `./`.
pub(super) fn path_of(name: &str) -> &str {
    let mut path = name;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    if path.is_empty() { name } else { path }
}

/// Hashes strings with FNV-1a, 128 bits. The result does not depend on the platform and must not change between
/// releases.
pub(super) fn fingerprint(fields: &[&str]) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    // No string contains the byte 0xff, so it separates them.
    let bytes = fields.iter().flat_map(|field| field.bytes().chain([0xff]));
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}
