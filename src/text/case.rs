//! Case as the reference maps it: each code point by Unicode's simple mapping.

/// Whether two texts are equal when each code point is upper-cased.
#[must_use]
pub fn eq_ignore_case(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
