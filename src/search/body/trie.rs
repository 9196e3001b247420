//! Merges paths into a trie of steps.
//!
//! Each place of the trie represents what some paths have reached after some of their steps. A place leads to the next
//! one by the name of a member, by the index of an element, or, for steps that can reach several values, by one of the
//! other links. `..` consists of two links. The first leads to a place that is reached along with its own and stays
//! reached all the way down. The second starts from there.
//!
//! Building takes time and memory linear in the number of steps, except for sorting. A name is found in time
//! logarithmic in the number of names of a place.

use core::ops::Range;
use std::collections::BTreeMap;

use super::token::{Escapes, Inside};
use crate::search::scalar::BodyText;
use crate::tuning::SCANNED_MEMBERS;
use edgeroute_lang::body::{Encoding, Step};
use edgeroute_lang::id::{define_id, to_u32};
use edgeroute_lang::steps;

define_id! {
    /// A place of a [`Trie`]. The place that leads to it comes before it.
    pub(super) struct PlaceId
}

impl PlaceId {
    /// The place where all paths begin.
    pub(super) const ROOT: Self = Self(0);

    /// Packs the optional place into half the memory, with [`NONE`] for no place.
    #[inline(always)]
    pub(super) const fn pack(place: Option<Self>) -> u32 {
        match place {
            Some(place) => place.0,
            None => NONE,
        }
    }

    #[inline(always)]
    pub(super) const fn unpack(packed: u32) -> Option<Self> {
        if packed == NONE { None } else { Some(Self(packed)) }
    }
}

/// Merged paths.
#[derive(Debug)]
pub(super) struct Trie {
    places: Box<[Place]>,
    /// The members of each place are contiguous and ordered by first word and name.
    members: Box<[Member]>,
    /// The elements of each place are contiguous and ordered by index.
    elements: Box<[Element]>,
    /// All names of members.
    names: Box<str>,
    /// The number of steps of the longest path.
    pub(super) height: usize,
    /// Whether a name contains U+FFFD, which replaces ill-formed bytes of a body.
    has_replacements: bool,
}

/// What some paths have reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The place that leads here; the root is its own parent. `parent <= own`
    pub(super) parent: u32,
    /// The number that its paths have in common; [`NONE`] if no path ends here.
    pub(super) slot: u32,
    members: Range<u32>,
    elements: Range<u32>,
    /// The place that all members lead to.
    pub(super) all_members: Option<PlaceId>,
    /// The place that all elements lead to.
    pub(super) all_elements: Option<PlaceId>,
    /// The place that a negative index leads to, which is never reached.
    pub(super) negative_index: Option<PlaceId>,
    /// The place that is reached whenever this one is.
    pub(super) along: Option<PlaceId>,
    /// Whether this place is also reached by everything below the values that have reached it.
    pub(super) stays: bool,
}

/// Means no slot, or no place.
pub(super) const NONE: u32 = u32::MAX;

/// A member that paths lead to.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// The [first word](first_word) of the name.
    word: u64,
    /// The length of the name; the name begins at `start` in `names`.
    length: u32,
    start: u32,
    to: PlaceId,
}

/// An element that paths lead to.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) index: u32,
    pub(super) to: PlaceId,
}

/// A link between places.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Link<'p> {
    Member(&'p str),
    Element(u32),
    AllMembers,
    AllElements,
    NegativeIndex,
    /// To a place that is reached along with its own and stays reached.
    Below,
    /// To a place that is reached along with its own.
    Along,
}

/// Merges paths into a [`Trie`].
#[derive(Default)]
pub(super) struct TrieBuilder<'p> {
    links: BTreeMap<(PlaceId, Link<'p>), PlaceId>,
    /// For each place except the root, the place that leads to it.
    parents: Vec<PlaceId>,
    /// The places at which paths end, each with a slot.
    slots: BTreeMap<PlaceId, u32>,
    height: usize,
}

impl<'p> TrieBuilder<'p> {
    /// Adds a path with a slot. If a path that was added before leads to the same place, returns the slot of that path;
    /// the new slot is then not used.
    pub(super) fn add(&mut self, steps: &'p [Step], slot: u32) -> Option<u32> {
        self.height = self.height.max(steps.len());
        let mut place = PlaceId::ROOT;
        for step in steps {
            match step {
                Step::Member(name) => place = self.follow(place, Link::Member(name)),
                Step::Members => place = self.follow(place, Link::AllMembers),
                Step::Index(index) => place = self.follow(place, Link::Element(*index)),
                Step::Elements => place = self.follow(place, Link::AllElements),
                // This place is never reached, so the steps after it do not matter.
                Step::NegativeIndex => {
                    place = self.follow(place, Link::NegativeIndex);
                    break;
                }
                Step::Descendants(name) => {
                    place = self.follow(place, Link::Below);
                    place = self.follow(place, Link::Member(name));
                }
                Step::AllDescendants => {
                    place = self.follow(place, Link::Below);
                    place = self.follow(place, Link::Along);
                }
            }
        }
        let used = *self.slots.entry(place).or_insert(slot);
        (used != slot).then_some(used)
    }

    fn follow(&mut self, from: PlaceId, link: Link<'p>) -> PlaceId {
        *self.links.entry((from, link)).or_insert_with(|| {
            self.parents.push(from);
            PlaceId::new(self.parents.len())
        })
    }

    pub(super) fn build(self) -> Trie {
        let mut trie = Trie {
            places: vec![Place { slot: NONE, ..Place::default() }; self.parents.len() + 1].into(),
            members: Box::default(),
            elements: Box::default(),
            names: Box::default(),
            height: self.height,
            has_replacements: false,
        };
        for (place, parent) in trie.places.iter_mut().skip(1).zip(&self.parents) {
            place.parent = parent.0;
        }
        for (id, slot) in &self.slots {
            if let Some(place) = trie.places.get_mut(id.index()) {
                place.slot = *slot;
            }
        }
        let (mut members, mut elements, mut names) = (Vec::new(), Vec::new(), String::new());
        for (&(from, link), &to) in &self.links {
            if let (Link::Below, Some(below)) = (link, trie.places.get_mut(to.index())) {
                below.stays = true;
            }
            let Some(place) = trie.places.get_mut(from.index()) else { continue };
            match link {
                Link::Member(name) => {
                    trie.has_replacements |= name.contains(char::REPLACEMENT_CHARACTER);
                    extend(&mut place.members, members.len());
                    members.push(Member::new(name, to, &mut names));
                }
                Link::Element(index) => {
                    extend(&mut place.elements, elements.len());
                    elements.push(Element { index, to });
                }
                Link::AllMembers => place.all_members = Some(to),
                Link::AllElements => place.all_elements = Some(to),
                Link::NegativeIndex => place.negative_index = Some(to),
                Link::Below | Link::Along => place.along = Some(to),
            }
        }
        for place in &trie.places {
            // They are already ordered by name.
            let members = members.get_mut(indices(&place.members)).unwrap_or_default();
            members.sort_by_key(|member| member.word);
        }
        Trie { members: members.into(), elements: elements.into(), names: names.into(), ..trie }
    }
}

/// Extends a range of links, which may still be empty, to include the link at `index`.
fn extend(range: &mut Range<u32>, index: usize) {
    let index = to_u32(index);
    if range.start == range.end {
        range.start = index;
    }
    range.end = index.saturating_add(1);
}

impl Member {
    fn new(name: &str, to: PlaceId, names: &mut String) -> Self {
        let start = to_u32(names.len());
        names.push_str(name);
        Self { word: first_word(BodyText::plain(name)), length: to_u32(name.len()), start, to }
    }
}

/// Following links.
impl Trie {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places)
            + size_of_val(&*self.members)
            + size_of_val(&*self.elements)
            + size_of_val(&*self.names)
    }

    #[inline]
    pub(super) fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.get(id.index())
    }

    /// Iterates over all places, each after the one that leads to it.
    pub(super) fn places(&self) -> impl Iterator<Item = (PlaceId, &Place)> {
        self.places.iter().enumerate().map(|(index, place)| (PlaceId::new(index), place))
    }

    /// Returns the elements for which a place has a link, by index.
    #[inline]
    pub(super) fn elements(&self, place: &Place) -> &[Element] {
        self.elements.get(indices(&place.elements)).unwrap_or_default()
    }

    /// Returns the place that an element leads to.
    pub(super) fn element(&self, place: &Place, index: u32) -> Option<PlaceId> {
        let elements = self.elements(place);
        let found = elements.binary_search_by_key(&index, |element| element.index).ok()?;
        elements.get(found).map(|element| element.to)
    }

    /// Returns the members for which a place has a link.
    #[inline]
    pub(super) fn members(&self, place: &Place) -> &[Member] {
        self.members.get(indices(&place.members)).unwrap_or_default()
    }

    /// Returns the place that a member leads to; `members` are [those](Self::members) of the place.
    #[inline(always)]
    pub(super) fn member(&self, members: &[Member], name: Inside<'_>, encoding: Encoding) -> Option<PlaceId> {
        if members.is_empty() {
            return None;
        }
        if members.len() > SCANNED_MEMBERS || encoding != Encoding::Utf8 || name.escapes == Escapes::Some {
            return self.search_member(members, name.text(encoding));
        }
        let (word, length) = (name.first_word(), name.bytes().len());
        steps::steps(members.len() / SCANNED_MEMBERS);
        for member in members {
            let is_similar = member.word == word && member.length as usize == length;
            if is_similar && (length <= 8 || self.is_named(member, name.bytes())) {
                return Some(member.to);
            }
        }
        if self.has_replacements {
            return self.search_member(members, name.text(encoding));
        }
        None
    }

    /// Returns whether a name of the same length as the member's name is equal to it.
    #[inline(never)]
    fn is_named(&self, member: &Member, name: &[u8]) -> bool {
        self.name(member).as_bytes() == name
    }

    /// Like [`member`](Self::member), for any name and any number of members.
    #[inline(never)]
    fn search_member(&self, members: &[Member], name: BodyText<'_>) -> Option<PlaceId> {
        let word = first_word(name);
        let start = members.partition_point(|member| member.word < word);
        let members = members.get(start..)?;
        let members = members.get(..members.partition_point(|member| member.word == word))?;
        let found = members.binary_search_by(|member| name.compare_chars(self.name(member)).reverse()).ok()?;
        members.get(found).map(|member| member.to)
    }

    fn name(&self, member: &Member) -> &str {
        let start = member.start as usize;
        self.names.get(start..start + member.length as usize).unwrap_or_default()
    }
}

/// Returns the first eight bytes of the string in UTF-8, the first one lowest, with zeros for missing bytes.
fn first_word(text: BodyText<'_>) -> u64 {
    let bytes = text.chars().flat_map(|character| {
        let mut buffer = [0; 4];
        let length = character.encode_utf8(&mut buffer).len();
        buffer.into_iter().take(length)
    });
    (0..8).zip(bytes).fold(0, |word, (at, byte)| word | u64::from(byte) << (8 * at))
}

fn indices(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}
