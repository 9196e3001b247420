//! Makes choices from bytes.

/// The bytes that have not been used yet.
pub struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
    narrowing: Option<Narrowing>,
}

/// Restricts long lists to a few consecutive entries.
#[derive(Copy, Clone)]
struct Narrowing {
    start: usize,
    width: usize,
}

/// Lists of at most this length are never narrowed.
const SHORT: usize = 7;

impl<'b> Choices<'b> {
    pub fn of(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter(), narrowing: None }
    }

    /// Restricts every long list to two to five consecutive entries, so that what is generated is related. The first
    /// bytes choose the entries.
    pub fn narrowed(bytes: &'b [u8]) -> Self {
        let mut choices = Self::of(bytes);
        let start = choices.byte().into();
        choices.narrowing = Some(Narrowing { start, width: choices.below(4) + 2 });
        choices
    }

    /// Returns the next byte; 0 past the end.
    pub fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or_default()
    }

    /// Returns a number below `count`, which is at most 256; 0 past the end, or if `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()).checked_rem(count).unwrap_or_default()
    }

    /// Returns true once in `count` times; false past the end.
    pub fn one_in(&mut self, count: u8) -> bool {
        self.byte() % count == count - 1
    }

    /// Picks one of `all`, which must not be empty; the first past the end.
    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        let index = match self.narrowing {
            Some(Narrowing { start, width }) if all.len() > SHORT => (start + self.below(width)) % all.len(),
            _ => self.below(all.len()),
        };
        &all[index]
    }

    /// Returns whether all bytes are used.
    pub fn is_over(&self) -> bool {
        self.bytes.as_slice().is_empty()
    }

    /// Returns fewer than `count` of the bytes themselves, so that a fuzzer's dictionary takes effect.
    pub fn raw_bytes(&mut self, count: usize) -> Vec<u8> {
        let length = self.below(count);
        self.bytes.by_ref().take(length).copied().collect()
    }

    /// Returns a short string of the bytes themselves.
    pub fn raw_text(&mut self) -> String {
        String::from_utf8_lossy(&self.raw_bytes(24)).into_owned()
    }
}
