//! What operators and functions need of texts.

use core::cmp::Ordering;

/// A way to hold texts, which are sequences of UTF-16 code units, surrogates paired or not.
pub(crate) trait Texts {
    /// A text.
    type Text: Clone;

    /// How many code units it has.
    fn length(&mut self, text: &Self::Text) -> usize;

    /// The order of two texts, code unit by code unit.
    fn compare(&mut self, left: &Self::Text, right: &Self::Text) -> Ordering;

    /// Where `part` first stands in `whole`, in code units from 0; 0 for an empty part.
    fn find(&mut self, whole: &Self::Text, part: &Self::Text) -> Option<usize>;

    /// Whether `whole` starts with `part`.
    fn starts_with(&mut self, whole: &Self::Text, part: &Self::Text) -> bool;

    /// Whether `whole` ends with `part`.
    fn ends_with(&mut self, whole: &Self::Text, part: &Self::Text) -> bool;

    /// The number that [`as_number`](crate::text::as_number) reads in it.
    fn as_number(&mut self, text: &Self::Text) -> Option<f64>;

    /// Each code point in [lower case](crate::text::lower). A lone surrogate stays as it is.
    fn lower(&mut self, text: &Self::Text) -> Self::Text;

    /// Each code point in [upper case](crate::text::upper). A lone surrogate stays as it is.
    fn upper(&mut self, text: &Self::Text) -> Self::Text;

    /// The `count` code units from `start` on, all of which the text has.
    fn part(&mut self, text: &Self::Text, start: usize, count: usize) -> Self::Text;

    /// The texts one after the other. Surrogates that meet there are a pair.
    fn join(&mut self, texts: impl Iterator<Item = Self::Text>) -> Self::Text;
}
