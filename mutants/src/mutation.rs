//! Which mutant is on: the one whose number the variable `MUTANT` has. With `MUTANT_TRACE` none is, and the numbers of those
//! that are asked for are written to the file of that name. Part of the woven crate, not of this one.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

const UNREAD: u32 = u32::MAX;
const TRACE: u32 = u32::MAX - 1;
static ACTIVE: AtomicU32 = AtomicU32::new(UNREAD);
static SEEN: [AtomicU64; COUNT] = [const { AtomicU64::new(0) }; COUNT];
const COUNT: usize = [WORDS][0];
static FILE: Mutex<Option<std::fs::File>> = Mutex::new(None);

/// What a function returns that returns some iterator.
#[derive(Clone)]
pub(crate) enum Either<L, R> {
    Left(L),
    Right(R),
}

impl<L: Iterator, R: Iterator<Item = L::Item>> Iterator for Either<L, R> {
    type Item = L::Item;

    fn next(&mut self) -> Option<L::Item> {
        match self {
            Self::Left(left) => left.next(),
            Self::Right(right) => right.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Left(left) => left.size_hint(),
            Self::Right(right) => right.size_hint(),
        }
    }
}

impl<L: DoubleEndedIterator, R: DoubleEndedIterator<Item = L::Item>> DoubleEndedIterator for Either<L, R> {
    fn next_back(&mut self) -> Option<L::Item> {
        match self {
            Self::Left(left) => left.next_back(),
            Self::Right(right) => right.next_back(),
        }
    }
}

#[inline(always)]
pub(crate) fn on(id: u32) -> bool {
    let active = ACTIVE.load(Relaxed);
    if active >= TRACE { asked(id) } else { active == id }
}

#[cold]
#[inline(never)]
fn asked(id: u32) -> bool {
    if ACTIVE.load(Relaxed) == UNREAD {
        let mut file = FILE.lock().unwrap();
        if ACTIVE.load(Relaxed) == UNREAD {
            if let Ok(path) = std::env::var("MUTANT_TRACE") {
                *file = Some(std::fs::File::options().create(true).append(true).open(path).unwrap());
                ACTIVE.store(TRACE, SeqCst);
            } else {
                let id = std::env::var("MUTANT").ok().and_then(|id| id.parse().ok());
                ACTIVE.store(id.unwrap_or(0), SeqCst);
            }
        }
        drop(file);
        return on(id);
    }
    let (word, bit) = (id as usize / 64, 1 << (id % 64));
    if SEEN[word].fetch_or(bit, SeqCst) & bit == 0 {
        // On the stack: some tests count allocations.
        let mut line = [0; 12];
        let mut rest = &mut line[..];
        writeln!(rest, "{id}").unwrap();
        let unused = rest.len();
        FILE.lock().unwrap().as_mut().unwrap().write_all(&line[..12 - unused]).unwrap();
    }
    false
}
