//! Scans a body in one pass, strictly by RFC 8259.
//!
//! The scan is linear in the body and does not recurse. Of the open containers it stores only the kinds, one bit each.
//! A [`Selector`] knows what is asked for. The scanner reports every name and value to it, even those that it does not
//! need. A name that comes as [guessed](Guesses) is not read again.

use super::guesses::{Context, Guesses};
use super::token::{Inside, Skipped, skip_short_value, skip_value, take_inside};
use super::trie::PlaceId;
use super::units::{Units, split_word};

/// Follows a scan. A selector is always at some container, and then at one child of it.
pub(super) trait Selector<'m, U: Units> {
    /// What the selector knows of a child before its value comes. The default is for a child that it skips.
    type Child: Copy + Default;

    /// Begins the root.
    fn root(&mut self) -> Self::Child;

    /// Begins the next child, the member of this name.
    fn member(&mut self, name: Inside<'m>) -> Self::Child;

    /// Begins the next child, the next element.
    fn element(&mut self) -> Self::Child;

    /// Ends a child that is not a container. It begins at `rest`, ends at `end`, and is valid.
    fn value(&mut self, child: Self::Child, rest: &'m [u8], end: &'m [u8]);

    /// Opens a child that is a container and begins at `rest`. What follows belongs to it, unless it is skipped.
    fn open(&mut self, child: Self::Child, rest: &'m [u8], kind: Kind) -> Opened;

    /// Closes the innermost container. Not called for containers that were skipped.
    fn close(&mut self);

    /// Returns the context which, together with the name, decides where a member of the container leads.
    fn context(&self) -> Context {
        Context::NOWHERE
    }

    /// Begins the next child, a member whose name leads to this place.
    fn guessed(&mut self, _place: Option<PlaceId>) -> Self::Child {
        Self::Child::default()
    }

    /// Returns the place to which the name of a child leads.
    fn place(_child: Self::Child) -> Option<PlaceId> {
        None
    }
}

/// What happens to a container.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Opened {
    Entered,
    /// The selector is not called for anything inside.
    Skipped,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Object,
    Array,
}

impl Kind {
    const fn of(opening: u8) -> Option<Self> {
        match opening {
            b'{' => Some(Self::Object),
            b'[' => Some(Self::Array),
            _ => None,
        }
    }

    const fn of_closing(closing: u8) -> Self {
        if closing == b']' { Self::Array } else { Self::Object }
    }

    const fn closing(self) -> u8 {
        match self {
            Self::Object => b'}',
            Self::Array => b']',
        }
    }
}

/// The kinds of the containers around the innermost one.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// The number of open containers, including the innermost. `depth <= max_depth`
    depth: usize,
    max_depth: usize,
    /// The kinds of the last containers, at most 64. The lowest bit is the last one; 1 means an array.
    last: u64,
    /// The kinds of the containers before those, 64 in each word. `full.len() == max_depth / 64`
    full: Box<[u64]>,
}

impl Nesting {
    /// Allows at most `max_depth` nested containers. Allocates a bit for each.
    pub(super) fn new(max_depth: usize) -> Self {
        Self { depth: 0, max_depth, last: 0, full: vec![0; max_depth / 64].into() }
    }

    pub(super) const fn max_depth(&self) -> usize {
        self.max_depth
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.full)
    }

    /// Opens a container inside one of kind `outer`. Returns `None` if it is nested too deep.
    #[inline]
    fn open(&mut self, outer: Kind) -> Option<()> {
        if self.depth >= self.max_depth {
            return None;
        }
        if self.depth.is_multiple_of(64)
            && let Some(full) = self.depth.checked_sub(64).and_then(|before| self.full.get_mut(before / 64))
        {
            *full = self.last;
        }
        self.last = self.last << 1 | u64::from(outer == Kind::Array);
        self.depth += 1;
        Some(())
    }

    /// Closes the innermost container and returns the kind of the one around it. Returns `None` if it was the
    /// outermost.
    #[inline(always)]
    fn close(&mut self) -> Option<Kind> {
        self.depth = self.depth.checked_sub(1).filter(|depth| *depth > 0)?;
        let outer = if self.last & 1 == 0 { Kind::Object } else { Kind::Array };
        self.last >>= 1;
        if self.depth.is_multiple_of(64)
            && let Some(full) = self.depth.checked_sub(64).and_then(|before| self.full.get(before / 64))
        {
            self.last = *full;
        }
        Some(outer)
    }
}

/// Scans a body. The error is the place at which it is invalid.
pub(super) fn scan<'m, U: Units, S: Selector<'m, U>>(
    body: &'m [u8],
    nesting: &mut Nesting,
    guesses: &mut Guesses,
    selector: &mut S,
) -> Skipped<'m> {
    nesting.depth = 0;
    guesses.begin();
    let (start, first, _) = U::next(body);
    if first != b'{' {
        return Err(start);
    }
    nesting.open(Kind::Object).ok_or(start)?;
    let root = selector.root();
    let skipped_context = Context::new(None, U::ENCODING);
    // The number of open containers when the outermost skipped container was opened, including that one; 0 if none is
    // skipped.
    let mut skipped = usize::from(selector.open(root, start, Kind::Object) == Opened::Skipped);
    let mut context = if skipped == 0 { selector.context() } else { skipped_context };
    // The bracket that ends the container.
    let mut closing = Kind::Object.closing();
    let mut rest = {
        let (end, first, _) = U::next(U::skip(start));
        if first == closing { end } else { start }
    };
    // The number of bytes left at the bracket of the container that was opened last.
    let mut bracket = start.len();
    loop {
        // At a bracket, or after a child.
        let (start, separator, after) = U::next(rest);
        if separator == closing {
            let depth = nesting.depth;
            let Some(outer) = nesting.close() else {
                let (end, _, _) = U::next(after);
                return if end.is_empty() { Ok(end) } else { Err(end) };
            };
            rest = after;
            closing = outer.closing();
            guesses.enter(nesting.depth);
            if skipped == 0 {
                selector.close();
                context = selector.context();
            } else if skipped == depth {
                skipped = 0;
                context = selector.context();
            }
            continue;
        }
        let mut child = S::Child::default();
        if closing == Kind::Array.closing() {
            if separator != b',' && start.len() != bracket {
                return Err(start);
            }
            if skipped == 0 {
                child = selector.element();
            }
            rest = after;
        } else if let Some((value, place)) = guesses.guess(start, context) {
            if skipped == 0 {
                child = selector.guessed(place);
            }
            rest = value;
        } else {
            if separator != b',' && start.len() != bracket {
                return Err(start);
            }
            let name = take_name::<U>(after)?;
            if skipped == 0 {
                child = selector.member(name.inside);
            }
            rest = name.value;
            guesses.learn(start, rest, context, S::place(child));
        }
        if U::WIDTH == 1
            && let Some((word, _)) = split_word(rest)
            && let Some(after) = skip_short_value::<U>(rest, word)
        {
            selector.value(child, rest, after);
            rest = after;
            continue;
        }
        let (value, first, after) = U::next(rest);
        let Some(inner) = Kind::of(first) else {
            rest = skip_value::<U>(value, first)?;
            selector.value(child, value, rest);
            continue;
        };
        nesting.open(Kind::of_closing(closing)).ok_or(value)?;
        if skipped == 0 {
            if selector.open(child, value, inner) == Opened::Skipped {
                skipped = nesting.depth;
                context = skipped_context;
            } else {
                context = selector.context();
            }
        }
        closing = inner.closing();
        guesses.enter(nesting.depth);
        bracket = value.len();
        // An empty container may only be followed by its end.
        let (end, first, _) = U::next(after);
        rest = if first == closing { end } else { value };
    }
}

/// The name of a member, and what comes after its colon.
struct Name<'m> {
    inside: Inside<'m>,
    value: &'m [u8],
}

/// Takes the name of a member, with its colon and any white space around it.
#[inline(never)]
fn take_name<U: Units>(rest: &[u8]) -> Result<Name<'_>, &[u8]> {
    let (rest, first, after) = U::next(rest);
    if first != b'"' {
        return Err(rest);
    }
    let (inside, end) = take_inside::<U>(after)?;
    match U::next(U::skip(end)) {
        (_, b':', after) => Ok(Name { inside, value: U::next(after).0 }),
        (wrong, _, _) => Err(wrong),
    }
}
