//! One pass over a body, strictly by RFC 8259.
//!
//! Linear in the body, without recursion: of the containers that are open only the kinds are kept, a bit each. What is
//! asked for is a [`Selector`]'s to know; the scanner tells it of every name and value, also of those it has no use for.

use super::token::{Inside, Token, take_string};
use super::units::{END, Units};

/// Follows a scan: it is always at some container, and then at one child of it.
pub(super) trait Selector<'m, U: Units<'m>> {
    /// The next child is the member of this name.
    fn member(&mut self, name: Inside<'m>);

    /// The next child is the next element.
    fn element(&mut self);

    /// The child is this value, which began at `at`.
    fn value(&mut self, at: U, value: Token<'m>);

    /// The child, or the root, is a container, which begins at `at`; what follows is of it.
    fn open(&mut self, at: U, kind: Kind);

    /// The innermost container ends.
    fn close(&mut self);
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
    /// Open containers, the innermost included. `depth <= max_depth`
    depth: usize,
    max_depth: usize,
    /// The kinds of the last 64 at most, the lowest bit the last: 1 for an array.
    last: u64,
    /// The kinds of those before, 64 each. `full.len() == max_depth / 64`
    full: Box<[u64]>,
}

impl Nesting {
    /// At most `max_depth` containers within each other. Allocates a bit for each.
    pub(super) fn new(max_depth: usize) -> Self {
        Self { depth: 0, max_depth, last: 0, full: vec![0; max_depth / 64].into() }
    }

    pub(super) const fn max_depth(&self) -> usize {
        self.max_depth
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.full)
    }

    /// Opens a container within one of kind `outer`. `None` where that is too deep.
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

    /// Closes the innermost container and gives the kind of the one around it. `None` where it was the outermost.
    #[inline]
    fn close(&mut self) -> Option<Kind> {
        self.depth = self.depth.saturating_sub(1);
        let outer = if self.last & 1 == 0 { Kind::Object } else { Kind::Array };
        self.last >>= 1;
        if self.depth.is_multiple_of(64) {
            let before = self.depth.checked_sub(64)?;
            self.last = self.full.get(before / 64).copied().unwrap_or_default();
        }
        Some(outer)
    }
}

/// Scans a body. `None` where it is not valid: what is wrong is what comes next at `at`.
pub(super) fn scan<'m, U: Units<'m>, S: Selector<'m, U>>(
    at: &mut U,
    nesting: &mut Nesting,
    selector: &mut S,
) -> Option<()> {
    nesting.depth = 0;
    let mut kind = Kind::Object;
    if next(at) != b'{' {
        return None;
    }
    nesting.open(kind)?;
    selector.open(*at, kind);
    at.skip();
    let mut is_empty = next(at) == kind.closing();
    loop {
        if !is_empty {
            match kind {
                Kind::Object => {
                    if next(at) != b'"' {
                        return None;
                    }
                    let name = take_string(at)?;
                    if next(at) != b':' {
                        return None;
                    }
                    at.skip();
                    selector.member(name);
                }
                Kind::Array => selector.element(),
            }
            let first = next(at);
            let start = *at;
            if let Some(inner) = Kind::of(first) {
                nesting.open(kind)?;
                kind = inner;
                selector.open(start, kind);
                at.skip();
                is_empty = next(at) == kind.closing();
                continue;
            }
            let value = Token::take(at, first)?;
            selector.value(start, value);
        }
        is_empty = false;
        loop {
            let separator = next(at);
            if separator == b',' {
                at.skip();
                break;
            }
            if separator != kind.closing() {
                return None;
            }
            at.skip();
            selector.close();
            match nesting.close() {
                Some(outer) => kind = outer,
                None => return (next(at) == END && at.rest().is_empty()).then_some(()),
            }
        }
    }
}

/// The next character that is no white space.
#[inline]
fn next<'m, U: Units<'m>>(at: &mut U) -> u8 {
    loop {
        let character = at.peek();
        if !matches!(character, b' ' | b'\n' | b'\r' | b'\t') {
            return character;
        }
        at.skip();
    }
}
