//! Tests that need nothing but the string of a property.

use crate::index::Texts;
use edgeroute_lang::predicate::{Affix, TestKind};
use edgeroute_lang::steps;
use edgeroute_lang::text::compare_utf16;

/// Returns whether a test holds for a string: a comparison, or a test of its prefix, its suffix or a part of it.
#[inline]
pub(super) fn holds_for_text(kind: TestKind, texts: &Texts, text: &str) -> bool {
    match kind {
        TestKind::Text(orderings, constant) => {
            steps::comparison(text, texts.text_of(constant));
            orderings.contains(compare_utf16(text, texts.text_of(constant)))
        }
        TestKind::Affix(affix, has, part) => {
            let part = texts.text_of(part);
            steps::bytes(if affix == Affix::Infix { text.len() } else { text.len().min(part.len()) });
            has == match affix {
                Affix::Prefix => text.starts_with(part),
                Affix::Suffix => text.ends_with(part),
                Affix::Infix => text.contains(part),
            }
        }
        TestKind::State(_) | TestKind::Number(..) | TestKind::Value(..) | TestKind::Expression(..) => false,
    }
}
