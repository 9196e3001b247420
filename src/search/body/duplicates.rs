//! Finds the members of a body that do not count because the same object has a later member of the same name.
//!
//! This is only known at the end of the object. It therefore needs a look-ahead and memory for all names of the open
//! objects. There is room for a fixed number of members, the *window*. One look-ahead covers the next window of
//! members, counted through the whole body; the next look-ahead covers the window after that. A look-ahead is linear in
//! the body. So an ordinary body takes one pass, and a hostile body takes one pass for every window.

use core::hash::{BuildHasher, Hasher};

use super::guesses::Guesses;
use super::scanner::{Kind, Nesting, Opened, Selector, scan};
use super::token::Inside;
use super::units::Units;
use crate::search::scalar::BodyText;
use edgeroute_lang::body::Encoding;
use edgeroute_lang::hash_map::RandomHash;
use edgeroute_lang::steps;

/// Looks ahead for members that are overwritten.
#[derive(Debug)]
pub(super) struct Duplicates {
    nesting: Nesting,
    /// For each open container the start of its members in `members`, outermost first. Has room for all containers.
    open: Vec<u32>,
    /// Members of the open objects, with distinct names within each object. Has room for one window.
    members: Vec<Member>,
    /// Maps the hash of a name to the last entry of `members` with this hash. The size is a power of two.
    by_hash: Box<[u32]>,
    key: RandomHash,
    /// A bit for each member of the window.
    overwritten: Box<[u64]>,
    /// The number, in the body, of the first member of the window.
    first: usize,
    end: usize,
}

/// A member of the window, or a later member that has overwritten it.
#[derive(Copy, Clone, Debug)]
struct Member {
    hash: u32,
    /// The position of the name in the body.
    name: u32,
    name_length: u32,
    /// The number of the member in the body.
    number: usize,
    /// The previous member with the same hash; [`NONE`] if this is the first.
    previous: u32,
}

/// Means that there is no member.
const NONE: u32 = u32::MAX;

impl Duplicates {
    /// Makes room for bodies nested up to `max_depth` containers deep, and for this number of members. Allocates.
    pub(super) fn new(max_depth: usize, window: usize) -> Self {
        Self {
            nesting: Nesting::new(max_depth),
            open: Vec::with_capacity(max_depth),
            members: Vec::with_capacity(window),
            by_hash: vec![NONE; window.next_power_of_two()].into(),
            key: RandomHash::default(),
            overwritten: vec![0; window.div_ceil(64)].into(),
            first: 0,
            end: 0,
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.nesting.heap_bytes()
            + self.open.capacity() * size_of::<u32>()
            + self.members.capacity() * size_of::<Member>()
            + size_of_val(&*self.by_hash)
            + size_of_val(&*self.overwritten)
    }

    /// Forgets the body.
    pub(super) fn clear(&mut self) {
        self.first = 0;
        self.end = 0;
    }

    /// Returns whether the member with this number in the body does not count. Looks ahead if necessary. `body` must
    /// not change until the next [`clear`](Self::clear), and the numbers must not decrease.
    #[inline]
    pub(super) fn is_overwritten<U: Units>(&mut self, body: &[u8], number: usize) -> bool {
        if number >= self.end {
            self.look_ahead::<U>(body, number);
        }
        let bit = number - self.first;
        self.overwritten.get(bit / 64).is_some_and(|bits| bits >> (bit % 64) & 1 == 1)
    }

    #[inline(never)]
    fn look_ahead<U: Units>(&mut self, body: &[u8], first: usize) {
        self.forget_members(0);
        self.open.clear();
        self.overwritten.fill(0);
        self.first = first;
        self.end = first.saturating_add(self.members.capacity());
        let mut nesting = core::mem::take(&mut self.nesting);
        // The caller detects where the body is invalid.
        let mut ahead = LookAhead { duplicates: self, body, number: 0 };
        let _ = scan::<U, _>(body, &mut nesting, &mut Guesses::new(false), &mut ahead);
        self.nesting = nesting;
    }

    /// Forgets the last members until only this number is left.
    fn forget_members(&mut self, kept: usize) {
        while self.members.len() > kept {
            if let Some(member) = self.members.pop()
                && let Some(last) = bucket(&mut self.by_hash, member.hash)
            {
                *last = member.previous;
            }
        }
    }

    /// Returns the hash of a name, computed from its characters.
    fn hash(&self, name: BodyText<'_>) -> u32 {
        let mut hasher = self.key.build_hasher();
        name.chars().for_each(|character| hasher.write_u32(character.into()));
        u32::try_from(hasher.finish() >> 32).unwrap_or_default()
    }
}

fn bucket(by_hash: &mut [u32], hash: u32) -> Option<&mut u32> {
    let mask = by_hash.len() - 1;
    by_hash.get_mut(hash as usize & mask)
}

/// One look-ahead.
struct LookAhead<'d, 'm> {
    duplicates: &'d mut Duplicates,
    body: &'m [u8],
    /// The number of the next member.
    number: usize,
}

impl<'m> LookAhead<'_, 'm> {
    /// Returns the member of this name among those from index `from` on, which belong to the innermost object.
    fn find(&self, from: usize, hash: u32, name: BodyText<'m>, encoding: Encoding) -> Option<usize> {
        let Duplicates { members, by_hash, .. } = &*self.duplicates;
        let mask = by_hash.len() - 1;
        let mut index = *by_hash.get(hash as usize & mask)? as usize;
        // Members of the enclosing objects come before `from`.
        while index >= from {
            steps::step();
            let member = members.get(index)?;
            if self.name(member, encoding) == name {
                return Some(index);
            }
            index = member.previous as usize;
        }
        None
    }

    fn name(&self, member: &Member, encoding: Encoding) -> BodyText<'m> {
        let start = member.name as usize;
        BodyText::raw(self.body.get(start..start + member.name_length as usize).unwrap_or_default(), encoding)
    }
}

impl<'m, U: Units> Selector<'m, U> for LookAhead<'_, 'm> {
    type Child = ();

    fn root(&mut self) {}

    fn member(&mut self, name: Inside<'m>) {
        let number = self.number;
        self.number += 1;
        let is_in_window = (self.duplicates.first..self.duplicates.end).contains(&number);
        let own = self.duplicates.open.last().map_or(0, |&own| own as usize);
        if !is_in_window && self.duplicates.members.len() == own {
            return;
        }
        let text = name.text(U::ENCODING);
        let hash = self.duplicates.hash(text);
        let found = self.find(own, hash, text, U::ENCODING);
        let Duplicates { members, by_hash, overwritten, first, .. } = &mut *self.duplicates;
        if let Some(member) = found.and_then(|index| members.get_mut(index)) {
            let bit = member.number - *first;
            if let Some(bits) = overwritten.get_mut(bit / 64) {
                *bits |= 1 << (bit % 64);
            }
            if is_in_window {
                member.number = number;
            }
        } else if is_in_window && let Some(last) = bucket(by_hash, hash) {
            let index = std::mem::replace(last, position(members.len()));
            let (start, length) =
                (position(self.body.len().saturating_sub(name.rest().len())), position(name.bytes().len()));
            members.push(Member { hash, name: start, name_length: length, number, previous: index });
        }
    }

    fn element(&mut self) {}

    fn value(&mut self, (): (), _: &'m [u8], _: &'m [u8]) {}

    fn open(&mut self, (): (), _: &'m [u8], _: Kind) -> Opened {
        let members = position(self.duplicates.members.len());
        self.duplicates.open.push(members);
        Opened::Entered
    }

    fn close(&mut self) {
        if let Some(own) = self.duplicates.open.pop() {
            self.duplicates.forget_members(own as usize);
        }
    }
}

/// Bodies and windows are shorter than [`NONE`].
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
