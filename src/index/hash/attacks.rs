//! Tests with names and values that are made to collide: how to make them, and what they cost.

use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::{RouteTable, Scratch};
use edgeroute_lang::limits::Budgets;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::steps::counted;

/// Returns this many strings that share one place among 4,096 for a seed, as an attacker who knows the seed would find
/// them.
fn colliding(seed: u64, count: usize, hash: impl Fn(&HashSeed, &str) -> u64) -> Vec<String> {
    let key = HashSeed::from_seed(seed);
    let texts = (0..).map(|n: u32| format!("n{n:x}"));
    texts.filter(|text| hash(&key, text).trailing_zeros() >= 12).take(count).collect()
}

fn name_hash(key: &HashSeed, name: &str) -> u64 {
    key.name(Name::of(name))
}

/// Returns the number of strings in the most crowded place.
fn most_alike(texts: &[String], seed: u64, hash: impl Fn(&HashSeed, &str) -> u64) -> usize {
    let key = HashSeed::from_seed(seed);
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for text in texts {
        *counts.entry(hash(&key, text) & 0xfff).or_default() += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

fn table(conditions: impl Iterator<Item = String>, seed: u64) -> (RouteTable, Scratch) {
    let mut builder = RouteTable::builder().hash_seed(seed);
    for (number, condition) in conditions.enumerate() {
        builder = builder.route(number.to_string(), format!("FROM /* WHERE {condition} INTO $upstream"));
    }
    let table = builder.build().expect("good routes");
    let scratch = table.create_scratch();
    (table, scratch)
}

#[test]
fn names_and_values_that_collide_for_one_seed_do_not_for_another() {
    for hash in [name_hash, |key: &HashSeed, text: &str| key.bytes(text.as_bytes())] {
        let texts = colliding(1, 300, hash);
        assert_eq!(most_alike(&texts, 1, hash), 300);
        for seed in 2..40 {
            // 300 random strings among 4,096 places: 8 in one place have a probability of one in 10^8.
            assert!(most_alike(&texts, seed, hash) < 8, "seed {seed}");
        }
    }
}

/// What the secret seed prevents: routes whose names all share one place turn every lookup into a scan of all of them.
#[test]
fn colliding_names_cost_a_step_each_unless_the_seed_is_known() {
    let names = colliding(1, 800, name_hash);
    let properties: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let message = Message::new(Origin::device("device")).properties(&properties);
    let looks = |seed| {
        let (table, mut scratch) = table(names.iter().map(|name| format!("{name} = 'y'")), seed);
        counted(|| assert_eq!(table.route_with(&mut scratch, &message).len(), 0)).0
    };
    let known = looks(1);
    assert!(known > 800 * 800 / 4, "the attack works: {known}");
    for seed in 2..10 {
        let unknown = looks(seed);
        assert!(unknown < 800 * 12, "seed {seed}: {unknown}");
    }
}

#[test]
fn answers_do_not_depend_on_the_seed() {
    let names = colliding(1, 60, name_hash);
    let values = colliding(1, 60, |key, text| key.bytes(text.as_bytes()));
    let conditions = || {
        let equal = names.iter().zip(&values).map(|(name, value)| format!("{name} = '{value}'"));
        let affixes = values.iter().map(|value| format!("starts_with(n, '{value}') or ends_with(n, '{value}')"));
        let body = values.iter().map(|value| format!("$body.n = '{value}'"));
        equal.chain(affixes).chain(body)
    };
    let messages: Vec<(Vec<(&str, &str)>, String)> = (0..60)
        .map(|n| {
            let properties = (0..60).filter(|at| (at + n) % 3 == 0);
            let properties = properties.map(|at| (names[at].as_str(), values[(at + n / 20) % 60].as_str()));
            (properties.chain([("n", values[n].as_str())]).collect(), format!("{{\"n\": \"{}\"}}", values[n]))
        })
        .collect();
    let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
    let answers = |seed| -> Vec<Vec<String>> {
        let mut builder = RouteTable::builder().hash_seed(seed);
        for (number, condition) in conditions().enumerate() {
            let sink = format!("BrokeredEndpoint('/modules/m/inputs/{number}')");
            builder = builder.route(number.to_string(), format!("FROM /* WHERE {condition} INTO {sink}"));
        }
        let table = builder.build().expect("good routes");
        let of_message = |(properties, body): &(Vec<(&str, &str)>, String)| {
            let message = Message::new(Origin::device("d")).properties(properties).system_properties(&system);
            let deliveries = table.route(&message.body(body.as_bytes()));
            deliveries.iter().map(|delivery| delivery.route().to_owned()).collect()
        };
        messages.iter().map(of_message).collect()
    };
    let expected = answers(1);
    assert!(expected.iter().map(Vec::len).sum::<usize>() > 200);
    for seed in (2..20).chain([u64::MAX, 0]) {
        assert_eq!(answers(seed), expected, "seed {seed}");
    }
}

/// The caches of names and sources have no seed. An attacker who keeps refilling one place causes one lookup each time.
#[test]
fn names_that_replace_each_other_in_the_cache_cost_a_lookup_each() {
    let place = |name: &str| Words::of(name.as_bytes()).map(|words| words.place_among(128, Words::EMPTY));
    let names: Vec<String> =
        (0..).map(|n: u32| format!("k{n}")).filter(|name| place(name) == Some(0)).take(40).collect();
    let (table, mut scratch) = table((0..500).map(|n| format!("k{n} = 'x'")), 7);
    let properties: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let message = Message::new(Origin::device("device")).properties(&properties);
    for _ in 0..2 {
        let (steps, _) = counted(|| table.route_with(&mut scratch, &message).len());
        assert!(steps < 40 * 8, "{steps}");
    }
}

/// Pairs of strings that a weak hash would not distinguish whatever its seed. They differ in one bit, one byte, the
/// order or the sign of their words, or their length.
fn alike() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pairs = Vec::new();
    let mut pair = |a: &[u8], b: &[u8]| {
        if a != b {
            pairs.push((a.to_vec(), b.to_vec()));
        }
    };
    for length in (1..=40).chain([63, 64, 65, 128]) {
        let text: Vec<u8> = (0..length).map(|n| b'a' + u8::try_from(n % 23).expect("small")).collect();
        for at in 0..length {
            for bit in [0, 3, 6] {
                let mut other = text.clone();
                other[at] ^= 1 << bit;
                pair(&text, &other);
            }
        }
        for by in [1, 4, 8] {
            let mut other = text.clone();
            other.rotate_left(by % length);
            pair(&text, &other);
        }
        let reversed: Vec<u8> = text.iter().rev().copied().collect();
        pair(&text, &reversed);
        pair(&text, &text.iter().map(|byte| byte ^ 0x7f).collect::<Vec<_>>());
        pair(&text, &text.iter().map(|byte| byte ^ 1).collect::<Vec<_>>());
        for filler in [0, b' ', b'a'] {
            pair(&vec![filler; length], &vec![filler; length + 1]);
            pair(&[&text[..], &[filler]].concat(), &text);
        }
        if length % 16 == 0 {
            let (words, half) = (text.len() / 8, text.len() / 2);
            let swapped = [&text[half..], &text[..half]].concat();
            pair(&text, &swapped);
            for word in 1..words {
                let mut other = text.clone();
                other.copy_within(0..8, word * 8);
                pair(&text, &other);
                pair(&other, &swapped);
            }
        }
    }
    pairs
}

/// If two strings collide for some seed, other seeds must distinguish them. No pair collides for more seeds than chance
/// explains, in any of the bits that tables use.
#[test]
fn no_strings_collide_for_every_seed() {
    let keys: Vec<HashSeed> = (0..256).map(HashSeed::from_seed).collect();
    let pairs = alike();
    assert!(pairs.len() > 3_000, "{}", pairs.len());
    for (a, b) in pairs {
        let mut same: HashMap<&str, u32> = HashMap::new();
        for key in &keys {
            let mut compare = |kind, a: u64, b: u64| {
                *same.entry(kind).or_default() += u32::from(a & 0xff == b & 0xff);
            };
            let (x, y) = (key.bytes(&a), key.bytes(&b));
            compare("the low bits of a value", x, y);
            compare("the high bits of a value", x >> 56, y >> 56);
            compare("the middle bits of a value", x >> 33, y >> 33);
            if let (Ok(a), Ok(b)) = (core::str::from_utf8(&a), core::str::from_utf8(&b))
                && !a.eq_ignore_ascii_case(b)
            {
                let (x, y) = (name_hash(key, a), name_hash(key, b));
                compare("the low bits of a name", x, y);
                compare("the high bits of a name", x >> 56, y >> 56);
            }
        }
        for (kind, count) in same {
            // 1 is expected; 20 has a probability of one in 10^18.
            assert!(count < 20, "{kind}: {count} of 256 keys for {a:?}, {b:?}");
        }
    }
}

/// Returns eight bytes that are allowed in the name of a property of a route, and that differ by `difference` from
/// eight other allowed bytes.
fn word(difference: u64, among: &[u8]) -> Option<[u8; 8]> {
    let is_allowed = |byte: u8| byte.is_ascii() && !byte.is_ascii_lowercase() && !char::from(byte).is_whitespace();
    let byte = |bits| among.iter().find(|&&byte| is_allowed(byte ^ bits) && byte ^ bits != b'/').copied();
    let mut word = [0; 8];
    for (place, bits) in word.iter_mut().zip(difference.to_le_bytes()) {
        *place = byte(bits)?;
    }
    Some(word)
}

/// Returns pairs of names with the same 64-bit hash: names of two words that trade places in a product, and names of
/// three words in which the second word compensates for the first. Anyone who knows the seed can make them, for one
/// seed in some hundreds.
fn names_of_one_hash(key: &HashSeed) -> Option<[[String; 2]; 2]> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    let text = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).map(char::from).collect();
    let number = u64::from_le_bytes;
    let exchange = key.a ^ key.b ^ 0x10;
    let (first, last) = (number(word(exchange, LETTERS)?), number(word(exchange, &LETTERS[13..])?));
    let short = [text(&[first, last]), text(&[last ^ exchange, first ^ exchange])];
    let (one, end) = (number(*b"NAMENAME"), number(*b"THE_SAME"));
    let mixed = |word| fold(key.a ^ 0x18 ^ word, key.b);
    let long = (0..100_000).find_map(|n| {
        let other = number(format!("{n:08}").into_bytes().try_into().ok()?);
        let difference = mixed(one) ^ mixed(other);
        let second = number(word(difference, LETTERS)?);
        Some([text(&[one, second, end]), text(&[other, second ^ difference, end])])
    })?;
    Some([short, long])
}

/// A hash only selects. Properties, values and sources with the same hash are distinguished by their contents.
#[test]
fn names_and_values_with_equal_hashes_are_distinguished() {
    let of_seed = |seed| Some((seed, names_of_one_hash(&HashSeed::from_seed(seed))?));
    let (seed, pairs) = (0..).find_map(of_seed).expect("one key in some hundreds");
    let key = HashSeed::from_seed(seed);
    for [asked, other] in pairs {
        assert_eq!(name_hash(&key, &asked), name_hash(&key, &other), "the attack works: {asked:?} {other:?}");
        assert_ne!(asked, other);
        let property = format!("FROM /* WHERE {asked} = 'x' INTO $upstream");
        let value = format!("FROM /* WHERE n = '{asked}' INTO $upstream");
        let module = format!("FROM /messages/modules/{asked}/* INTO $upstream");
        let output = format!("FROM /messages/modules/m/outputs/{asked} INTO $upstream");
        for budgets in [Budgets::default(), Budgets::default().with_terms(0), Budgets::none()] {
            for route in [&property, &value, &module, &output] {
                let builder = RouteTable::builder().hash_seed(seed).budgets(budgets.clone()).route("r", route);
                let table = builder.build().expect("a good route");
                let mut scratch = table.create_scratch();
                for (name, expected) in [(&asked, 1), (&other, 0), (&asked, 1)] {
                    let properties = [(name.as_str(), "x"), ("n", name)];
                    let of_output = Origin::module("d", "m").output(name);
                    let origin = if *route == output { of_output } else { Origin::module("d", name) };
                    let message = Message::new(origin).properties(&properties);
                    assert_eq!(table.route_with(&mut scratch, &message).len(), expected, "{route}: {name:?}");
                }
            }
        }
    }
}

/// A value with one of these hashes would be treated as absent, as null, or as a test for presence.
#[test]
fn no_value_has_a_reserved_hash() {
    let reserved = [ValueHash::ABSENT, ValueHash::PRESENT, ValueHash::NULL];
    for upper in (0..8).chain([u64::from(u32::MAX)]) {
        for lower in [0, 1, u64::from(u32::MAX)] {
            let hash = ValueHash::of(upper << 32 | lower);
            assert!(!reserved.contains(&hash), "{upper} {lower}: {hash:?}");
        }
    }
}

/// Tables may be given similar seeds, such as 1, 2 and 3. Each bit of the seed changes each bit of the keys for half of
/// all seeds.
#[test]
fn keys_of_similar_seeds_have_nothing_in_common() {
    for bit in 0..64 {
        let mut changed = [0_u32; 128];
        for seed in (0..1_024_u64).map(|n| n.wrapping_mul(0x0123_4567_89ab_cdef)) {
            let (one, other) = (HashSeed::from_seed(seed), HashSeed::from_seed(seed ^ 1 << bit));
            let difference = u128::from(one.a ^ other.a) << 64 | u128::from(one.b ^ other.b);
            for (place, count) in changed.iter_mut().enumerate() {
                *count += u32::from(difference >> place & 1 == 1);
            }
        }
        // 512 are expected; a deviation of 96 or more has a probability of one in 10^9.
        assert!(changed.iter().all(|count| (416..=608).contains(count)), "bit {bit}: {changed:?}");
    }
}

#[test]
fn a_byte_of_a_short_string_is_found_at_every_position() {
    for length in 0..=16 {
        for other in [b'a', b'.', b'0', b'/' ^ 0x80, b'/' ^ 0x40, 0, 1, 0x7f, 0xff] {
            let text = vec![other; length];
            let contains = |text: &[u8]| Words::of(text).expect("a short text").contains(b'/');
            assert!(!contains(&text), "{text:?}");
            for at in 0..length {
                let mut text = text.clone();
                text[at] = b'/';
                assert!(contains(&text), "{text:?}");
            }
        }
    }
}
