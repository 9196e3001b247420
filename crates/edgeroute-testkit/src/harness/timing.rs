//! Timing by turns, in processor time of this thread: what other programs do with the core in between does not count.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use super::{Contender, as_f64};

/// How much time a measurement may take.
#[derive(Copy, Clone, Debug)]
pub struct Effort {
    /// For all rounds and all contenders together, by the clock on the wall.
    pub total: Duration,
    /// For one contender's turn in a round.
    pub turn: Duration,
    /// Rounds, whatever they take.
    pub least_rounds: usize,
}

/// A turn needs no more messages than this: reading the clock does not show.
const TURN: usize = 4_000;

/// How often it is tried how many messages fit a turn. The best counts.
const TRIALS: usize = 3;

/// After how many messages the clock is read while trying: it costs as much as a fast contender.
const STRIDE: usize = 20;

/// More rounds than this settle nothing further.
const MOST_ROUNDS: usize = 301;

/// One contender's turns.
struct Turns {
    /// Messages a turn.
    batch: usize,
    /// Whether a turn first goes through all messages once, untimed.
    run_up: bool,
    next: usize,
    /// On all turns.
    spent: Duration,
    /// Nanoseconds a message, one for each turn.
    timed: Vec<f64>,
}

/// Matches the `loaded` messages with each contender by turns, and gives for each the median over the rounds, in
/// nanoseconds a message.
///
/// A turn is an untimed pass over the messages and then timed ones, so that what the others left in the caches does not
/// count; whether the messages themselves find a place there depends on how many are `loaded`. A contender too slow for
/// that works through as many messages as fit its turn, and goes on with the next ones in the next round; who has used up
/// its share of the time, but for the least rounds, leaves the others to theirs.
pub fn interleave<'m>(contenders: &mut [&mut (dyn Contender<'m> + 'm)], loaded: usize, effort: Effort) -> Vec<f64> {
    let mut turns: Vec<Turns> = contenders
        .iter_mut()
        .map(|contender| {
            let trials = (0..TRIALS).map(|_| fitting(&mut **contender, loaded, effort.turn));
            let fitting = trials.max().unwrap_or(1);
            // Whole passes, so that each turn is about the same messages, if there is time for one.
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

/// How many messages a contender matches in `turn`: at least one, at most [`TURN`].
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

/// NaN of no values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(middle) {
        None => f64::NAN,
        Some(upper) if values.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(values[middle - 1], *upper),
    }
}
