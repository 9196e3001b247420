//! Maps case as the reference does: each code point by Unicode's simple mapping, one to one (SEMANTICS#case-mapping).
//!
//! Three letters map to themselves, as they do in .NET's invariant culture: `İ`, `ı` and `ſ`. So changing the case
//! never changes the number of code points, and no letter outside ASCII ever equals one inside.
//!
//! The mappings are those of the standard library's version of Unicode. It provides the full mappings, which can
//! produce several letters (`ß` to `SS`); this module has the simple mapping for those characters. It does not handle
//! languages, normal forms or full case folding.

use std::borrow::Cow;

/// Returns the upper case of a character: `ß`, `İ`, `ı` and `ſ` map to themselves.
#[must_use]
pub fn upper(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut full = character.to_uppercase();
    match (full.next(), full.next()) {
        // Only `ı` and `ſ` have an ASCII letter as their upper case.
        (Some(mapped), None) if !mapped.is_ascii() => mapped,
        (Some(_), Some(_)) => simple_upper(character),
        _ => character,
    }
}

/// Returns the lower case of a character: `İ` maps to itself.
#[must_use]
pub fn lower(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut full = character.to_lowercase();
    match (full.next(), full.next()) {
        (Some(mapped), None) => mapped,
        // Only `İ` has a lower case of two characters; its simple mapping would be `i`.
        _ => character,
    }
}

/// Returns the simple upper case of a character whose full upper case has several characters. `UnicodeData.txt` has one
/// only for Greek letters with an iota subscript, where it is the title case. All others (`ß`, `ŉ`, `ΐ`, the ligatures)
/// map to themselves.
fn simple_upper(character: char) -> char {
    let title_case = match character {
        '\u{1F80}'..='\u{1F87}' | '\u{1F90}'..='\u{1F97}' | '\u{1FA0}'..='\u{1FA7}' => u32::from(character) + 8,
        '\u{1FB3}' | '\u{1FC3}' | '\u{1FF3}' => u32::from(character) + 9,
        _ => return character,
    };
    char::from_u32(title_case).unwrap_or(character)
}

/// Whether two texts are equal ignoring case (SEMANTICS#ignoring-case).
#[must_use]
pub fn eq_ignore_case(a: &str, b: &str) -> bool {
    // No letter outside ASCII has an ASCII upper case, so an ASCII string can equal only an ASCII string.
    a.eq_ignore_ascii_case(b) || (!a.is_ascii() && fold_chars(a).eq(fold_chars(b)))
}

/// Whether a string starts with a prefix, ignoring case.
#[must_use]
pub fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    if prefix.is_ascii() {
        return text.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()));
    }
    let mut text = fold_chars(text);
    fold_chars(prefix).all(|character| text.next() == Some(character))
}

/// Iterates over the upper-cased characters of a string. [`eq_ignore_case`] compares them, and a hash that agrees with
/// it must use them.
pub fn fold_chars(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().map(upper)
}

/// Upper-cases a string so that it can be a key: strings that [`eq_ignore_case`] considers equal give the same key.
/// Allocates only if a letter changes.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    match text.char_indices().find(|&(_, character)| upper(character) != character) {
        None => Cow::Borrowed(text),
        Some((at, _)) => {
            let (unchanged, rest) = text.split_at(at);
            let mut folded = String::with_capacity(text.len());
            folded.push_str(unchanged);
            folded.extend(fold_chars(rest));
            Cow::Owned(folded)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_chars() -> impl Iterator<Item = char> {
        (0..=u32::from(char::MAX)).filter_map(char::from_u32)
    }

    fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
        mapped.next().filter(|_| mapped.next().is_none())
    }

    #[test]
    fn letters_have_their_simple_upper_case() {
        let table = [
            ('a', 'A'),
            ('é', 'É'),
            ('ß', 'ß'),
            ('ẞ', 'ẞ'),
            ('ŉ', 'ŉ'),
            ('ς', 'Σ'),
            ('σ', 'Σ'),
            ('µ', 'Μ'),
            ('ÿ', 'Ÿ'),
            ('ǆ', 'Ǆ'),
            ('ǅ', 'Ǆ'),
            ('ΐ', 'ΐ'),
            ('ﬀ', 'ﬀ'),
            ('İ', 'İ'),
            ('ı', 'ı'),
            ('ſ', 'ſ'),
            ('\u{345}', '\u{399}'),
            ('\u{1F80}', '\u{1F88}'),
            ('\u{1F88}', '\u{1F88}'),
            ('\u{1F97}', '\u{1F9F}'),
            ('\u{1FA0}', '\u{1FA8}'),
            ('\u{1FB3}', '\u{1FBC}'),
            ('\u{1FC3}', '\u{1FCC}'),
            ('\u{1FF3}', '\u{1FFC}'),
            ('\u{1FF4}', '\u{1FF4}'),
            ('\u{212A}', '\u{212A}'),
            ('\u{10428}', '\u{10400}'),
        ];
        for (character, expected) in table {
            assert_eq!(upper(character), expected, "{character:?}");
        }
    }

    #[test]
    fn letters_have_their_simple_lower_case() {
        let table = [
            ('A', 'a'),
            ('É', 'é'),
            ('ẞ', 'ß'),
            ('Σ', 'σ'),
            ('ǅ', 'ǆ'),
            ('İ', 'İ'),
            ('ı', 'ı'),
            ('\u{212A}', 'k'),
            ('\u{1F88}', '\u{1F80}'),
            ('\u{1FFC}', '\u{1FF3}'),
            ('\u{10400}', '\u{10428}'),
        ];
        for (character, expected) in table {
            assert_eq!(lower(character), expected, "{character:?}");
        }
    }

    /// A full mapping of one character is the simple mapping, except for `ı` and `ſ`. If the full mapping has several
    /// characters, only the small letters of the pairs with an iota subscript or adscript have a simple one: their
    /// counterpart (the letter whose lower case they are) is a title case letter.
    #[test]
    fn upper_case_agrees_with_the_full_mapping_everywhere() {
        let mut title_case = std::collections::BTreeMap::new();
        for character in all_chars() {
            if let (Some(small), None) = (single(character.to_lowercase()), single(character.to_uppercase())) {
                title_case.insert(small, character);
            }
        }
        for character in all_chars() {
            let expected = match single(character.to_uppercase()) {
                _ if matches!(character, 'ı' | 'ſ') => character,
                Some(mapped) => mapped,
                None => title_case.get(&character).copied().unwrap_or(character),
            };
            assert_eq!(upper(character), expected, "{character:?}");
        }
        assert_eq!(title_case.iter().filter(|(small, title)| small != title).count(), 27);
    }

    #[test]
    fn lower_case_agrees_with_the_full_mapping_everywhere() {
        for character in all_chars() {
            assert_eq!(Some(lower(character)), single(character.to_lowercase()).or(Some('İ')), "{character:?}");
        }
    }

    #[test]
    fn only_ascii_has_an_ascii_upper_case() {
        assert!(all_chars().filter(|character| !character.is_ascii()).all(|character| !upper(character).is_ascii()));
    }

    /// So `length(lower(a))` equals `length(a)`.
    #[test]
    fn letters_have_as_many_code_units_in_any_case() {
        assert!(all_chars().all(|character| upper(character).len_utf16() == character.len_utf16()));
        assert!(all_chars().all(|character| lower(character).len_utf16() == character.len_utf16()));
    }

    #[test]
    fn upper_casing_twice_changes_nothing() {
        assert!(all_chars().all(|character| upper(upper(character)) == upper(character)));
    }

    #[test]
    fn texts_are_compared_by_the_upper_case_of_each_code_point() {
        let equal = [("", ""), ("aB", "Ab"), ("ς", "Σ"), ("µm", "ΜM"), ("É\u{10428}", "é\u{10400}"), ("Ⱥ", "ⱥ")];
        let different = [("", "a"), ("ß", "ẞ"), ("ß", "ss"), ("k", "\u{212A}"), ("i", "ı"), ("I", "İ"), ("s", "ſ")];
        for (a, b) in equal {
            assert!(eq_ignore_case(a, b) && fold(a) == fold(b), "{a:?} {b:?}");
        }
        for (a, b) in different {
            assert!(!eq_ignore_case(a, b) && fold(a) != fold(b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_prefix_is_compared_by_the_upper_case_of_each_code_point() {
        for (text, prefix) in [("abc", ""), ("$Body.x", "$body."), ("ⱥb", "Ⱥ"), ("Éa", "éA"), ("ac", "AC")] {
            assert!(starts_with_ignore_case(text, prefix), "{text:?} {prefix:?}");
        }
        for (text, prefix) in [("ab", "abc"), ("ß", "s"), ("é", "éa"), ("\u{212A}", "k"), ("é", "e")] {
            assert!(!starts_with_ignore_case(text, prefix), "{text:?} {prefix:?}");
        }
    }

    #[test]
    fn folding_borrows_what_is_upper_case_already() {
        assert!(matches!(fold("A-1 ßÉ"), Cow::Borrowed("A-1 ßÉ")));
        assert!(matches!(fold("A-1 é1"), Cow::Owned(folded) if folded == "A-1 É1"));
    }
}
