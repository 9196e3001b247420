//! Times contenders in turn by the CPU time of this thread, so that other programs on the same core do not count.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use super::{Contender, as_f64};

/// The time that a measurement may take.
#[derive(Copy, Clone, Debug)]
pub struct Effort {
    /// The wall time for all rounds and all contenders together.
    pub total: Duration,
    /// The time for one contender's turn in a round.
    pub turn: Duration,
    /// The minimum number of rounds, however long they take.
    pub least_rounds: usize,
}

/// The most messages in a turn: beyond this, the cost of reading the clock is negligible.
const TURN: usize = 4_000;

/// The number of trials to find how many messages fit a turn. The best one counts.
const TRIALS: usize = 3;

/// The number of messages between clock readings in a trial, because a reading costs as much as a fast contender's
/// match.
const STRIDE: usize = 20;

/// More rounds than this do not improve the result.
const MOST_ROUNDS: usize = 301;

/// The turns of one contender.
struct Turns {
    /// Messages per turn.
    batch: usize,
    /// Whether a turn starts with an untimed pass over all messages.
    run_up: bool,
    next: usize,
    /// The time spent on all turns.
    spent: Duration,
    /// Nanoseconds per message, one entry for each turn.
    timed: Vec<f64>,
}

/// Matches the `loaded` messages with each contender in turn, and returns for each the median over the rounds, in
/// nanoseconds per message.
///
/// A turn is an untimed pass over the messages followed by timed ones, so that the state in which the others left the
/// caches does not count. Whether the messages themselves fit the caches depends on how many are `loaded`. A contender
/// too slow for a whole pass matches as many messages as fit its turn, and continues with the next ones in the next
/// round. A contender that has used up its share of the time stops after the minimum number of rounds.
pub fn interleave<'m>(contenders: &mut [&mut (dyn Contender<'m> + 'm)], loaded: usize, effort: Effort) -> Vec<f64> {
    let mut turns: Vec<Turns> = contenders
        .iter_mut()
        .map(|contender| {
            let trials = (0..TRIALS).map(|_| fitting(&mut **contender, loaded, effort.turn));
            let fitting = trials.max().unwrap_or(1);
            // If there is time for a pass, a turn makes whole passes, so that each turn covers the same messages.
            let batch = if fitting < loaded { fitting } else { fitting.next_multiple_of(loaded) };
            Turns { batch, run_up: fitting >= loaded, next: 0, spent: Duration::ZERO, timed: Vec::new() }
        })
        .collect();
    let start = Instant::now();
    let share = effort.total / u32::try_from(turns.len()).unwrap_or(u32::MAX).max(1);
    let mut rounds = 0;
    while rounds < effort.least_rounds || (rounds < MOST_ROUNDS && start.elapsed() < effort.total) {
        rounds += 1;
        for (contender, turns) in contenders.iter_mut().zip(&mut turns) {
            if turns.timed.len() < effort.least_rounds || turns.spent < share {
                turns.take(&mut **contender, loaded);
            }
        }
    }
    turns.into_iter().map(|turns| median(turns.timed)).collect()
}

impl Turns {
    fn take(&mut self, contender: &mut dyn Contender<'_>, loaded: usize) {
        if self.run_up {
            black_box(contender.count_batch(0, loaded, loaded));
        }
        let start = ThreadTime::now();
        black_box(contender.count_batch(self.next, self.batch, loaded));
        let elapsed = start.elapsed();
        self.timed.push(elapsed.as_secs_f64() * 1e9 / as_f64(self.batch));
        self.spent += elapsed;
        self.next = (self.next + self.batch) % loaded;
    }
}

/// The number of messages that a contender matches in `turn`: at least one, at most [`TURN`].
fn fitting(contender: &mut dyn Contender<'_>, loaded: usize, turn: Duration) -> usize {
    let start = ThreadTime::now();
    let mut done = 0;
    while done < TURN {
        black_box(contender.count(done % loaded));
        done += 1;
        if (done < STRIDE || done % STRIDE == 0) && start.elapsed() > turn {
            break;
        }
    }
    done
}

/// The median; NaN if there are no values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(middle) {
        None => f64::NAN,
        Some(upper) if values.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(values[middle - 1], *upper),
    }
}
