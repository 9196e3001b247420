//! Compares operations on ropes with the same operations on code units.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::find::RollingKey;
use super::super::rope::RopeId;
use super::super::ropes::{RopeMemory, RopeSizes, Ropes};
use super::config;
use crate::search::scalar::BodyText;
use edgeroute_lang::body::Encoding;
use edgeroute_lang::value::{Texts, Units};

/// How to make a string, perhaps from earlier ones.
#[derive(Clone, Debug)]
enum Make {
    Text(String),
    Units(Vec<u16>),
    /// In the escaped form of a body.
    Body(String),
    Lower(usize),
    Upper(usize),
    /// A part: the start in sixteenths of the string, and the length in sixteenths of the rest.
    Part(usize, usize, usize),
    Join(Vec<usize>),
}

fn make() -> impl Strategy<Value = Make> {
    let index = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    let letters = "[aAbéÉßς\u{10400}\u{10428}\u{FFFF}]{0,6}";
    let numeric = "[ (]{0,2}(Infinity|-5|1,0|5e|\u{A0}inf|5\\)|0)[ )\0]{0,2}";
    let text = prop_oneof![4 => letters, 1 => numeric];
    let unit = prop::sample::select(vec![0x61, 0x41, 0xD801, 0xD801, 0xDC28, 0xDC28, 0xDC00, 0xD83D, 0xE000, 0xFFFF]);
    prop_oneof![
        2 => text.prop_map(Make::Text),
        2 => prop::collection::vec(unit, 0..6).prop_map(Make::Units),
        1 => letters.prop_map(|text| Make::Body(escaped(&text))),
        2 => index.clone().prop_map(Make::Lower),
        2 => index.clone().prop_map(Make::Upper),
        4 => (index.clone(), 0..=16_usize, 0..=16_usize).prop_map(|(of, start, count)| Make::Part(of, start, count)),
        4 => prop::collection::vec(index, 0..4).prop_map(Make::Join),
    ]
}

/// Writes a string with escapes only, as a body may contain it.
fn escaped(text: &str) -> String {
    let escapes: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    escapes.concat()
}

/// The same string in both forms.
type Made = (RopeId, Arc<[u16]>);

fn apply<'x>(make: &'x Make, made: &[Made], ropes: &mut Ropes<'_, 'x>) -> Made {
    let of = |index: usize| made[index % made.len()].clone();
    match make {
        Make::Units(units) => (ropes.units(units), units.as_slice().into()),
        Make::Body(escaped) => {
            let text = BodyText::raw(escaped.as_bytes(), Encoding::Utf8);
            (ropes.body_text(text), text.units().collect())
        }
        Make::Lower(index) if !made.is_empty() => {
            let (rope, units) = of(*index);
            (ropes.lower(&rope), Units.lower(&units))
        }
        Make::Upper(index) if !made.is_empty() => {
            let (rope, units) = of(*index);
            (ropes.upper(&rope), Units.upper(&units))
        }
        Make::Part(index, start, count) if !made.is_empty() => {
            let (rope, units) = of(*index);
            let start = units.len() * start / 16;
            let count = (units.len() - start) * count / 16;
            (ropes.part(&rope, start, count), Units.part(&units, start, count))
        }
        Make::Join(indices) if !made.is_empty() => {
            let parts: Vec<Made> = indices.iter().map(|&index| of(index)).collect();
            let (ropes_of, units_of): (Vec<RopeId>, Vec<Arc<[u16]>>) = parts.into_iter().unzip();
            (ropes.join(ropes_of.into_iter()), Units.join(units_of.into_iter()))
        }
        Make::Text(text) => (ropes.text(text), text.encode_utf16().collect()),
        Make::Lower(_) | Make::Upper(_) | Make::Part(..) | Make::Join(_) => (ropes.text(""), [].into()),
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn ropes_give_the_results_of_code_units(
        makes in prop::collection::vec(make(), 1..14),
        hashes_agree_by_chance in any::<bool>(),
    ) {
        let mut memory = RopeMemory::new(RopeSizes { ropes: makes.len(), parts: 3 * makes.len(), depth: makes.len() });
        if hashes_agree_by_chance {
            memory = memory.with_key(RollingKey::weak());
        }
        memory.with(|ropes| {
            let mut made: Vec<Made> = Vec::new();
            for make in &makes {
                let next = apply(make, &made, ropes);
                made.push(next);
            }
            for (rope, units) in &made {
                prop_assert_eq!(ropes.code_units(*rope).collect::<Vec<_>>(), &**units);
                prop_assert_eq!(ropes.length(rope), units.len());
                prop_assert_eq!(ropes.as_number(rope).map(f64::to_bits), Units.as_number(units).map(f64::to_bits));
            }
            for (rope, units) in &made {
                for (other, other_units) in &made {
                    prop_assert_eq!(ropes.compare(rope, other), Units.compare(units, other_units));
                    prop_assert_eq!(ropes.find(rope, other), Units.find(units, other_units));
                    prop_assert_eq!(ropes.starts_with(rope, other), Units.starts_with(units, other_units));
                    prop_assert_eq!(ropes.ends_with(rope, other), Units.ends_with(units, other_units));
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn surrogates_pair_only_in_joined_strings() {
    let (high, low) = ([0xD801], [0xDC28]);
    RopeMemory::new(RopeSizes { ropes: 16, parts: 16, depth: 8 }).with(|ropes| {
        let (first, second, empty) = (ropes.units(&high), ropes.units(&low), ropes.text(""));
        let pair = ropes.text("\u{10428}");
        let joined = ropes.join([empty, first, empty, second, empty].into_iter());
        let nested = ropes.join([joined, empty].into_iter());
        let upper_of_joined = ropes.upper(&nested);
        assert_eq!(ropes.code_units(upper_of_joined).collect::<Vec<_>>(), [0xD801, 0xDC00]);
        // The halves of a pair have no upper case of their own.
        let (first, second) = (ropes.part(&pair, 0, 1), ropes.part(&pair, 1, 1));
        let (first, second) = (ropes.upper(&first), ropes.upper(&second));
        let joined = ropes.join([first, second].into_iter());
        assert_eq!(ropes.code_units(joined).collect::<Vec<_>>(), [0xD801, 0xDC28]);
    });
}

#[test]
fn surrogates_held_back_by_several_layers_keep_their_order() {
    let highs = [[0xD801], [0xD802], [0xD803]];
    RopeMemory::new(RopeSizes { ropes: 16, parts: 16, depth: 8 }).with(|ropes| {
        let mut joined = ropes.text("");
        for high in &highs {
            let high = ropes.units(high);
            joined = ropes.join([high, joined].into_iter());
        }
        let end = ropes.text("x");
        let joined = ropes.join([joined, end].into_iter());
        assert_eq!(ropes.code_units(joined).collect::<Vec<_>>(), [0xD803, 0xD802, 0xD801, 0x78]);
    });
}

/// The point after a surrogate that is held back is read before the surrogate is left out of a part.
#[test]
fn a_part_never_returns_what_it_leaves_out() {
    let units = [0xD801, 0xE000];
    RopeMemory::new(RopeSizes { ropes: 16, parts: 16, depth: 8 }).with(|ropes| {
        let (units, end) = (ropes.units(&units), ropes.text("x"));
        let joined = ropes.join([units].into_iter());
        let nothing = ropes.part(&joined, 0, 0);
        let joined = ropes.join([nothing, end].into_iter());
        assert_eq!(ropes.code_units(joined).collect::<Vec<_>>(), [0x78]);
    });
}
