//! Which members of a body do not count, because the same object has a later one of the same name.
//!
//! That is known only at the end of the object, so it takes a look ahead of whatever wants to know, and memory for all
//! names of the objects that are open. There is room for a fixed number, the *window*: a look ahead tells of so many
//! members, counted through the body, and then another tells of the next. A look is linear in the body, so it is one pass
//! for ordinary bodies, and in hostile ones one for every so many members.

use core::hash::{BuildHasher, Hasher};

use super::guesses::Guesses;
use super::scanner::{Kind, Nesting, Opened, Selector, scan};
use super::token::Inside;
use super::units::{Units, look};
use crate::body::Encoding;
use crate::keyed::KeyedState;
use crate::matcher::scalar::BodyText;

/// Looks ahead.
#[derive(Debug)]
pub(super) struct Duplicates {
    nesting: Nesting,
    /// For each open container where its members begin in `members`, the outermost first. Has room for all.
    open: Vec<u32>,
    /// Members of the open objects, different by name within one. Has room for a window.
    members: Vec<Member>,
    /// By the hash of a name: the last of `members` that has such a one. A power of two.
    by_hash: Box<[u32]>,
    key: KeyedState,
    /// A bit for each member of the window.
    overwritten: Box<[u64]>,
    /// The members of the window, by their number in the body.
    first: usize,
    end: usize,
}

/// A member of the window, or a later one that has overwritten it.
#[derive(Copy, Clone, Debug)]
struct Member {
    hash: u32,
    /// Where its name stands in the body.
    name: u32,
    name_length: u32,
    /// Its number in the body.
    number: usize,
    /// The one before that has such a hash; [`NONE`] if there is none.
    previous: u32,
}

/// No member.
const NONE: u32 = u32::MAX;

impl Duplicates {
    /// Room for bodies in which at most `max_depth` containers lie within each other, and for so many members. Allocates.
    pub(super) fn new(max_depth: usize, window: usize) -> Self {
        Self {
            nesting: Nesting::new(max_depth),
            open: Vec::with_capacity(max_depth),
            members: Vec::with_capacity(window),
            by_hash: vec![NONE; window.next_power_of_two()].into(),
            key: KeyedState::default(),
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

    /// Whether a member does not count, by its number in the body. Looks ahead if it has to: `body` must be the same since
    /// it was [cleared](Self::clear), and the numbers must not go down.
    #[inline]
    pub(super) fn is_overwritten<U: Units>(&mut self, body: &[u8], number: usize) -> bool {
        if number >= self.end {
            self.look::<U>(body, number);
        }
        let bit = number - self.first;
        self.overwritten.get(bit / 64).is_some_and(|bits| bits >> (bit % 64) & 1 == 1)
    }

    #[inline(never)]
    fn look<U: Units>(&mut self, body: &[u8], first: usize) {
        self.forget_members(0);
        self.open.clear();
        self.overwritten.fill(0);
        self.first = first;
        self.end = first.saturating_add(self.members.capacity());
        let mut nesting = core::mem::take(&mut self.nesting);
        // Whoever asks finds out for himself where the body is not valid.
        let mut look = Look { duplicates: self, body, number: 0 };
        let _ = scan::<U, _>(body, &mut nesting, &mut Guesses::new(false), &mut look);
        self.nesting = nesting;
    }

    /// Forgets all but so many members, last first.
    fn forget_members(&mut self, kept: usize) {
        while self.members.len() > kept {
            if let Some(member) = self.members.pop()
                && let Some(last) = bucket(&mut self.by_hash, member.hash)
            {
                *last = member.previous;
            }
        }
    }

    /// The name's hash, by its characters.
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

/// A look ahead.
struct Look<'d, 'm> {
    duplicates: &'d mut Duplicates,
    body: &'m [u8],
    /// The number of the next member.
    number: usize,
}

impl<'m> Look<'_, 'm> {
    /// The member of this name among those from the index on, which are the innermost object's.
    fn find(&self, from: usize, hash: u32, name: BodyText<'m>, encoding: Encoding) -> Option<usize> {
        let Duplicates { members, by_hash, .. } = &*self.duplicates;
        let mask = by_hash.len() - 1;
        let mut index = *by_hash.get(hash as usize & mask)? as usize;
        // Those of the objects around it are before.
        while index >= from {
            look();
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

impl<'m, U: Units> Selector<'m, U> for Look<'_, 'm> {
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

/// Bodies, and windows, are shorter than [`NONE`].
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
