//! Choices made by bytes.

/// Bytes not chosen by yet.
pub(super) struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
    narrowing: Option<Narrowing>,
}

/// What is picked from: of a long list only a few entries that stand together.
#[derive(Copy, Clone)]
struct Narrowing {
    start: usize,
    width: usize,
}

/// Lists no longer than this are never narrowed.
const SHORT: usize = 7;

impl<'b> Choices<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter(), narrowing: None }
    }

    /// Picks from long lists only one of two to five entries, so that what is made has to do with each other. The first
    /// bytes say which.
    pub(super) fn narrowed(bytes: &'b [u8]) -> Self {
        let mut choices = Self::of(bytes);
        let start = choices.byte().into();
        choices.narrowing = Some(Narrowing { start, width: choices.below(4) + 2 });
        choices
    }

    /// The next byte; 0 past the end.
    pub(super) fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or_default()
    }

    /// A number less than `count`, which is at most 256; 0 past the end, or if `count` is.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()).checked_rem(count).unwrap_or_default()
    }

    /// True once in `count` times; false past the end.
    pub(super) fn one_in(&mut self, count: u8) -> bool {
        self.byte() % count == count - 1
    }

    /// One of `all`, which must not be empty; the first past the end.
    pub(super) fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        let index = match self.narrowing {
            Some(Narrowing { start, width }) if all.len() > SHORT => (start + self.below(width)) % all.len(),
            _ => self.below(all.len()),
        };
        &all[index]
    }

    /// A short text of the bytes themselves: what a fuzzer's dictionary gets at.
    pub(super) fn raw_text(&mut self) -> String {
        let length = self.below(24);
        let bytes: Vec<u8> = self.bytes.by_ref().take(length).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
