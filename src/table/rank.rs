//! The order of the routes of a set.
//!
//! Segments store the rank of each route and are never rewritten, so a route that is put between two others needs a rank
//! between theirs. Ranks therefore have gaps. When a gap is full, the plan uses a finer [`Position`], and all routes are
//! compiled again with new ranks.

use edgeroute_lang::id::to_u32;

/// The place of a route in the order of declaration, less than 2^[60](Self::BITS). Only comparisons have a meaning.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(super) struct Rank(u64);

/// The gap that new ranks leave, as a number of bits.
const GAP: u32 = 28;

impl Rank {
    /// Is below every rank.
    const START: Self = Self(0);
    /// The number of bits of a rank: those of a local id, and of the gap.
    pub(super) const BITS: u32 = u32::BITS + GAP;

    /// Returns the rank of the route at this index of a list that is ranked from the start.
    #[inline]
    pub(super) const fn nth(index: usize) -> Self {
        Self((index as u64 + 1) << GAP)
    }

    /// Returns the rank as a number.
    #[inline]
    pub(super) const fn bits(self) -> u64 {
        self.0
    }
}

/// A place in the order that a plan makes. Places of routes that stay are ranks.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(super) struct Position {
    rank: Rank,
    /// The number of places after the rank; 0 is the rank itself.
    after: u32,
}

impl From<Rank> for Position {
    fn from(rank: Rank) -> Self {
        Self { rank, after: 0 }
    }
}

impl Position {
    /// Returns the rank at this place. `None` if there is no rank left.
    pub(super) const fn rank(self) -> Option<Rank> {
        if self.after == 0 { Some(self.rank) } else { None }
    }

    /// Returns the place after all ranks up to `last`.
    pub(super) fn next(last: Option<Self>) -> Self {
        let last = last.unwrap_or_else(|| Rank::START.into());
        match last.rank.0 + (1 << GAP) {
            rank if rank >> Rank::BITS == 0 => Rank(rank).into(),
            _ => Self { after: last.after.saturating_add(1), ..last },
        }
    }

    /// Returns `count` ascending places between two ranks; `None` means the start.
    pub(super) fn between(left: Option<Rank>, right: Rank, count: usize) -> impl Iterator<Item = Self> {
        let left = left.unwrap_or(Rank::START);
        let step = right.0.saturating_sub(left.0) / (count as u64 + 1);
        (1..=to_u32(count)).map(move |number| match step {
            0 => Self { rank: left, after: number },
            _ => Rank(left.0 + step * u64::from(number)).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_between_ranks_ascend_until_the_gap_is_full() {
        let (left, mut right) = (Rank::nth(4), Rank::nth(5));
        let mut halvings = 0;
        loop {
            let places: Vec<Position> = Position::between(Some(left), right, 3).collect();
            let all: Vec<Position> =
                [left.into()].into_iter().chain(places.iter().copied()).chain([right.into()]).collect();
            assert!(all.is_sorted_by(|before, after| before < after), "{all:?}");
            match places[0].rank() {
                Some(rank) => right = rank,
                None => break,
            }
            halvings += 1;
        }
        assert_eq!(halvings, 14, "each round takes two bits of the gap");
    }

    #[test]
    fn there_is_room_before_the_first_and_after_the_last() {
        let before: Vec<Position> = Position::between(None, Rank::nth(0), 1).collect();
        assert!(before[0].rank().is_some() && before[0] < Rank::nth(0).into());
        assert_eq!(Position::next(None), Rank::nth(0).into());
        assert_eq!(Position::next(Some(Rank::nth(7).into())), Rank::nth(8).into());
        let full = Position::from(Rank((1 << Rank::BITS) - 1));
        assert!(Position::next(Some(full)) > full && Position::next(Some(full)).rank().is_none());
        assert!(Position::next(Some(Position::next(Some(full)))) > Position::next(Some(full)));
    }
}
