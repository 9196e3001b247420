//! Checks that a table made by changes delivers every message like one that is built from the same routes at once, and
//! so does the table before each change, which others may still use.
#![no_main]

use edgeroute_testkit::cases::Case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The changes come first and are short, so that a mutation of them leaves the case unchanged.
    let (steps, bytes) = bytes.split_at(bytes.len().min(64));
    let case = Case::of(bytes);
    let check = |case: &Case| case.check_changes(steps);
    if check(&case).is_err() {
        let smaller = case.smaller(check);
        panic!("{smaller:#?}\n{steps:?}\n{:?}", check(&smaller));
    }
});
