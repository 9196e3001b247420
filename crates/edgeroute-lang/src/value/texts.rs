//! What operators and functions require of strings.

use core::cmp::Ordering;

/// A representation of strings, which are sequences of UTF-16 code units with paired or lone surrogates.
pub trait Texts {
    /// A string.
    type Text: Clone;

    /// Counts the code units.
    fn length(&mut self, text: &Self::Text) -> usize;

    /// Compares two strings code unit by code unit.
    fn compare(&mut self, left: &Self::Text, right: &Self::Text) -> Ordering;

    /// Returns the index of the first occurrence of `part` in `whole`, in code units from 0; 0 for an empty part.
    fn find(&mut self, whole: &Self::Text, part: &Self::Text) -> Option<usize>;

    /// Whether `whole` starts with `part`.
    fn starts_with(&mut self, whole: &Self::Text, part: &Self::Text) -> bool;

    /// Whether `whole` ends with `part`.
    fn ends_with(&mut self, whole: &Self::Text, part: &Self::Text) -> bool;

    /// Reads the string as a number, as [`as_number`](crate::text::as_number) does.
    fn as_number(&mut self, text: &Self::Text) -> Option<f64>;

    /// Maps each code point to [lower case](crate::text::lower). A lone surrogate is unchanged.
    fn lower(&mut self, text: &Self::Text) -> Self::Text;

    /// Maps each code point to [upper case](crate::text::upper). A lone surrogate is unchanged.
    fn upper(&mut self, text: &Self::Text) -> Self::Text;

    /// Returns `count` code units from `start` on. The string must have them all.
    fn part(&mut self, text: &Self::Text, start: usize, count: usize) -> Self::Text;

    /// Joins the strings. Surrogates that meet at a joint become a pair.
    fn join(&mut self, texts: impl Iterator<Item = Self::Text>) -> Self::Text;
}
