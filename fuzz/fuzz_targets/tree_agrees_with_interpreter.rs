//! Checks that a route table delivers every message exactly as the interpreter does, whatever the routes, the message,
//! the budgets and the hash seed.
#![no_main]

use edgeroute_testkit::cases::Case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let case = Case::of(bytes);
    if case.check().is_err() {
        let smaller = case.smaller(Case::check);
        panic!("{smaller:#?}\n{:?}", smaller.check());
    }
});
