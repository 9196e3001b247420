//! Sets of strings: between two bounds, with and without certain prefixes, suffixes and substrings.

use core::cmp::Ordering;

use smallvec::SmallVec;

use super::model::CANDIDATES;
use crate::predicate::{Affix, Constants, Orderings, TextId};
use crate::text::{compare_utf16, fold, lower};

/// The constraints on a string.
#[derive(Clone, Debug, Default)]
pub(super) struct TextRange {
    low: Option<Bound>,
    high: Option<Bound>,
    excluded: SmallVec<[TextId; 4]>,
    affixes: SmallVec<[(Affix, bool, TextId); 2]>,
    /// The upper-cased string equals this.
    folded: Option<Box<str>>,
}

#[derive(Copy, Clone, Debug)]
struct Bound {
    text: TextId,
    is_included: bool,
}

impl TextRange {
    /// Creates the set of strings that upper-case to `folded`.
    pub(super) fn folding_to(folded: &str) -> Self {
        Self { folded: Some(folded.into()), ..Self::default() }
    }

    /// Keeps the strings that have one of these orderings to the constant.
    pub(super) fn order(&mut self, orderings: Orderings, text: TextId, constants: &Constants) {
        let (less, equal, greater) = (
            orderings.contains(Ordering::Less),
            orderings.contains(Ordering::Equal),
            orderings.contains(Ordering::Greater),
        );
        if less && greater {
            self.excluded.push(text);
            return;
        }
        let bound = Bound { text, is_included: equal };
        if !less {
            self.low = Some(tighter(self.low, bound, Ordering::Greater, constants));
        }
        if !greater {
            self.high = Some(tighter(self.high, bound, Ordering::Less, constants));
        }
    }

    /// Keeps the strings that have, or do not have, the constant there.
    pub(super) fn affix(&mut self, affix: Affix, has: bool, text: TextId) {
        self.affixes.push((affix, has, text));
    }

    /// Returns the only string that is left, if it is known.
    pub(super) fn only<'c>(&self, constants: &'c Constants) -> Option<&'c str> {
        match (self.low, self.high) {
            (Some(low), Some(high)) if low.is_included && high.is_included && low.text == high.text => {
                Some(constants.text_of(low.text))
            }
            _ => None,
        }
    }

    /// Whether no string is left, as far as can be decided.
    pub(super) fn is_empty(&self, constants: &Constants) -> bool {
        match self.only(constants) {
            Some(text) => !self.contains(text, constants),
            None => self.bounds_cross(constants) || self.affixes_clash(constants),
        }
    }

    /// Returns strings that may be in the set, short ones first; `hints` are tried too. Use [`admits`](Self::admits) to
    /// filter them.
    pub(super) fn candidates(&self, hints: &[String], constants: &Constants) -> Vec<String> {
        if let Some(text) = self.only(constants) {
            return vec![text.to_owned()];
        }
        let part = |wanted: Affix| {
            let parts = self.affixes.iter().filter(move |(affix, has, _)| *affix == wanted && *has);
            parts.map(|(_, _, text)| constants.text_of(*text))
        };
        let prefix = part(Affix::Prefix).max_by_key(|prefix| prefix.len()).unwrap_or_default();
        let suffix = part(Affix::Suffix).max_by_key(|suffix| suffix.len()).unwrap_or_default();
        let mut whole = prefix.to_owned();
        for infix in part(Affix::Infix).filter(|infix| !prefix.contains(infix) && !suffix.contains(infix)) {
            whole.push_str(infix);
        }
        let mut pool = vec![format!("{whole}{suffix}"), suffix.to_owned()];
        pool.extend(hints.iter().take(2 * CANDIDATES).cloned());
        for filler in ["a", "b", "other", "x", "0", "/"] {
            pool.push(format!("{whole}{filler}{suffix}"));
        }
        if let Some(folded) = self.folded.as_deref() {
            pool.insert(0, folded.chars().map(lower).collect());
            pool.push(folded.to_owned());
        }
        for bound in [self.low, self.high].into_iter().flatten() {
            let text = constants.text_of(bound.text);
            pool.push(text.to_owned());
            pool.extend(["0", "a", "z", "\0"].map(|next| format!("{text}{next}{suffix}")));
            pool.push(before(text));
            // As a string with the prefix that is beyond or below the bound.
            pool.push(format!("{}{suffix}", before(text)));
        }
        // A body can be read only with these system properties.
        pool.extend(["application/json", "utf-8", "\u{FFFD}"].map(str::to_owned));
        pool
    }

    /// Whether the string meets all constraints.
    pub(super) fn admits(&self, text: &str, constants: &Constants) -> bool {
        let within = |bound: Option<Bound>, outside: Ordering| {
            bound.is_none_or(|bound| match compare_utf16(text, constants.text_of(bound.text)) {
                Ordering::Equal => bound.is_included,
                ordering => ordering != outside,
            })
        };
        within(self.low, Ordering::Less) && within(self.high, Ordering::Greater) && self.contains(text, constants)
    }

    fn contains(&self, text: &str, constants: &Constants) -> bool {
        let has = |affix, part: &str| match affix {
            Affix::Prefix => text.starts_with(part),
            Affix::Suffix => text.ends_with(part),
            Affix::Infix => text.contains(part),
        };
        !self.excluded.iter().any(|excluded| constants.text_of(*excluded) == text)
            && self.affixes.iter().all(|(affix, wanted, part)| has(*affix, constants.text_of(*part)) == *wanted)
            && self.folded.as_deref().is_none_or(|folded| *fold(text) == *folded)
    }

    fn bounds_cross(&self, constants: &Constants) -> bool {
        let (Some(low), Some(high)) = (self.low, self.high) else {
            return false;
        };
        match compare_utf16(constants.text_of(low.text), constants.text_of(high.text)) {
            Ordering::Less => false,
            Ordering::Equal => !(low.is_included && high.is_included),
            Ordering::Greater => true,
        }
    }

    fn affixes_clash(&self, constants: &Constants) -> bool {
        let wanted = |affix: Affix, has: bool| {
            let affixes = self.affixes.iter().filter(move |(kind, wanted, _)| *kind == affix && *wanted == has);
            affixes.map(|(_, _, text)| constants.text_of(*text))
        };
        let prefix = wanted(Affix::Prefix, true).max_by_key(|prefix| prefix.len()).unwrap_or_default();
        let suffix = wanted(Affix::Suffix, true).max_by_key(|suffix| suffix.len()).unwrap_or_default();
        // The longest must contain all others, or there is no such string.
        if wanted(Affix::Prefix, true).any(|other| !prefix.starts_with(other))
            || wanted(Affix::Suffix, true).any(|other| !suffix.ends_with(other))
            || wanted(Affix::Prefix, false).any(|other| prefix.starts_with(other))
            || wanted(Affix::Suffix, false).any(|other| suffix.ends_with(other))
        {
            return true;
        }
        let mut known = [prefix, suffix].into_iter().chain(wanted(Affix::Infix, true));
        if wanted(Affix::Infix, false).any(|absent| known.clone().any(|part| part.contains(absent))) {
            return true;
        }
        if let Some(folded) = self.folded.as_deref() {
            // Case mapping is one to one, so a part remains a part.
            if !folded.starts_with(&*fold(prefix))
                || !folded.ends_with(&*fold(suffix))
                || known.any(|part| !folded.contains(&*fold(part)))
            {
                return true;
            }
        }
        self.is_beside(prefix, constants)
    }

    /// Whether every string that starts with `prefix` is out of bounds. The prefix itself is the least of them.
    fn is_beside(&self, prefix: &str, constants: &Constants) -> bool {
        let is_over = self.high.is_some_and(|high| match compare_utf16(constants.text_of(high.text), prefix) {
            Ordering::Less => true,
            Ordering::Equal => !high.is_included,
            Ordering::Greater => false,
        });
        let is_under = self.low.is_some_and(|low| {
            let low = constants.text_of(low.text);
            compare_utf16(low, prefix).is_gt() && !low.starts_with(prefix)
        });
        is_over || is_under
    }
}

/// Returns a string that sorts shortly before this one.
fn before(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next_back() {
        Some(last) => {
            let start = characters.as_str().to_owned();
            let lower = u32::from(last).checked_sub(1).and_then(char::from_u32);
            match lower.filter(|lower| !lower.is_control()) {
                Some(lower) => start + lower.encode_utf8(&mut [0; 4]),
                None => start,
            }
        }
        None => String::new(),
    }
}

/// Returns the stricter bound; `inwards` is how the stricter one compares to the other.
fn tighter(known: Option<Bound>, new: Bound, inwards: Ordering, constants: &Constants) -> Bound {
    let Some(known) = known else {
        return new;
    };
    match compare_utf16(constants.text_of(new.text), constants.text_of(known.text)) {
        Ordering::Equal => Bound { text: new.text, is_included: known.is_included && new.is_included },
        ordering if ordering == inwards => new,
        _ => known,
    }
}
