//! Shows each mutant to the tests that reach it, until one fails.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::list::Mutant;
use crate::suite::{Ending, Suite, Switch, Test, in_parallel};
use crate::viable::Viability;

/// What became of a mutant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Unviable,
    /// By this test.
    Caught(String),
    /// A test did not end.
    TimedOut,
    /// No test reaches it.
    Unreached,
    Missed,
}

/// Tests that are quicker share a process, those that take longer have one each.
const QUICK: f64 = 0.05;
/// So many tests are tried together first, then so many, then all that are quick.
const FIRST: [usize; 2] = [6, 40];

/// Of all that can be switched, and of those that do not compile.
pub(crate) fn judge(
    suite: &Suite,
    tests: &[Test],
    mutants: &[Mutant],
    viability: &Viability,
) -> BTreeMap<usize, Verdict> {
    let verdicts = Mutex::new(BTreeMap::new());
    in_parallel(mutants, |_, mutant| {
        let verdict = if viability.unviable.contains(&mutant.id) {
            Verdict::Unviable
        } else if viability.unswitched.contains(&mutant.id) {
            return;
        } else {
            verdict(suite, tests, mutant)
        };
        let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.insert(mutant.id, verdict);
        if verdicts.len() % 100 == 0 {
            println!("{} of {}", verdicts.len(), mutants.len());
        }
    });
    verdicts.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn verdict(suite: &Suite, tests: &[Test], mutant: &Mutant) -> Verdict {
    let mut reaching: Vec<&Test> = tests.iter().filter(|test| test.reaches.contains(&mutant.id)).collect();
    if reaching.is_empty() {
        return Verdict::Unreached;
    }
    // The quickest first, and of those the ones that are about little else.
    let cost =
        |test: &Test| (test.seconds + 0.002) * f64::from(u32::try_from(test.reaches.len() + 20).unwrap_or(u32::MAX));
    reaching.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    let (quick, mut slow): (Vec<&Test>, Vec<&Test>) = reaching.into_iter().partition(|test| test.seconds < QUICK);
    slow.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));

    let [few, more] = FIRST.map(|number| number.min(quick.len()));
    let parts = [&quick[..few], &quick[few..more], &quick[more..]];
    let groups = parts.into_iter().flat_map(by_binary).chain(slow.into_iter().map(|test| vec![test]));
    for group in groups {
        let names: Vec<&str> = group.iter().filter_map(|test| test.name.as_deref()).collect();
        let seconds: f64 = group.iter().map(|test| test.seconds).sum();
        match suite.run(group[0].binary, &names, Switch::On(mutant.id), 3.0 + 12.0 * seconds) {
            Ending::Passed => {}
            Ending::Failed(test) => return Verdict::Caught(test),
            Ending::Stopped => return Verdict::TimedOut,
        }
    }
    Verdict::Missed
}

fn by_binary<'t>(tests: &[&'t Test]) -> Vec<Vec<&'t Test>> {
    let mut groups: BTreeMap<usize, Vec<&Test>> = BTreeMap::new();
    for test in tests {
        groups.entry(test.binary).or_default().push(test);
    }
    groups.into_values().collect()
}
