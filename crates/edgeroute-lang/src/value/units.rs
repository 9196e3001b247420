//! Strings as UTF-16 code units: a simple representation that copies freely.

use core::cmp::Ordering;
use std::sync::Arc;

use super::{Text, Texts, Value};
use crate::text::{as_number_units, lower, map_units, upper};

/// The representation of strings as code units. It has no state.
#[derive(Copy, Clone, Debug)]
pub struct Units;

impl Value<Arc<[u16]>> {
    /// Converts a string to UTF-16 code units. Allocates.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.encode_utf16().collect())
    }
}

impl From<&Text<'_>> for Value<Arc<[u16]>> {
    fn from(text: &Text<'_>) -> Self {
        match text {
            Text::WellFormed(text) => Self::text(text),
            Text::IllFormed(units) => Self::Text(units.iter().copied().collect()),
        }
    }
}

impl Texts for Units {
    type Text = Arc<[u16]>;

    fn length(&mut self, text: &Arc<[u16]>) -> usize {
        text.len()
    }

    fn compare(&mut self, left: &Arc<[u16]>, right: &Arc<[u16]>) -> Ordering {
        left.cmp(right)
    }

    fn find(&mut self, whole: &Arc<[u16]>, part: &Arc<[u16]>) -> Option<usize> {
        find(whole, part)
    }

    fn starts_with(&mut self, whole: &Arc<[u16]>, part: &Arc<[u16]>) -> bool {
        whole.starts_with(part)
    }

    fn ends_with(&mut self, whole: &Arc<[u16]>, part: &Arc<[u16]>) -> bool {
        whole.ends_with(part)
    }

    fn as_number(&mut self, text: &Arc<[u16]>) -> Option<f64> {
        as_number_units(text)
    }

    fn lower(&mut self, text: &Arc<[u16]>) -> Arc<[u16]> {
        map_units(text, lower).collect()
    }

    fn upper(&mut self, text: &Arc<[u16]>) -> Arc<[u16]> {
        map_units(text, upper).collect()
    }

    fn part(&mut self, text: &Arc<[u16]>, start: usize, count: usize) -> Arc<[u16]> {
        text.iter().copied().skip(start).take(count).collect()
    }

    fn join(&mut self, texts: impl Iterator<Item = Arc<[u16]>>) -> Arc<[u16]> {
        let mut joined = Vec::new();
        for text in texts {
            joined.extend_from_slice(&text);
        }
        joined.into()
    }
}

/// Returns the index of the first occurrence of `part` in `text`; 0 for an empty part. Uses the algorithm of Knuth,
/// Morris and Pratt, which is linear for every input.
fn find(text: &[u16], part: &[u16]) -> Option<usize> {
    // For each prefix of `part`: the length of its longest proper border.
    let mut borders: Vec<usize> = vec![0; part.len()];
    let extend = |borders: &[usize], mut matched: usize, unit: u16| {
        while matched > 0 && part.get(matched) != Some(&unit) {
            matched = borders.get(matched - 1).copied().unwrap_or(0);
        }
        if part.get(matched) == Some(&unit) { matched + 1 } else { matched }
    };
    let mut border = 0;
    for (index, &unit) in part.iter().enumerate().skip(1) {
        border = extend(&borders, border, unit);
        if let Some(slot) = borders.get_mut(index) {
            *slot = border;
        }
    }
    let mut matched = 0;
    if part.is_empty() {
        return Some(0);
    }
    for (index, &unit) in text.iter().enumerate() {
        matched = extend(&borders, matched, unit);
        if matched == part.len() {
            return Some(index + 1 - part.len());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_agrees_with_trying_every_position() {
        let texts: Vec<Vec<u16>> = (0..=7_u32)
            .flat_map(|length| {
                (0..1_u32 << length).map(move |bits| (0..length).map(|at| u16::from(bits >> at & 1 == 1)).collect())
            })
            .collect();
        for whole in &texts {
            for part in texts.iter().filter(|part| part.len() <= 4) {
                let tried = (0..=whole.len()).find(|&at| whole[at..].starts_with(part));
                assert_eq!(find(whole, part), tried, "{part:?} in {whole:?}");
            }
        }
    }

    #[test]
    fn find_is_linear_in_hostile_strings() {
        let whole = vec![0; 200_000];
        let mut part = vec![0; 100_000];
        part.push(1);
        assert_eq!(find(&whole, &part), None);
    }
}
