//! Checks that the findings of lints on messages are true, that fixes do what their lint declares, and that all spans
//! are within the texts, whatever the routes and the messages.
#![no_main]

use edgeroute_testkit::cases::Case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let case = Case::of_lints(bytes);
    if case.check_lints().is_err() {
        let smaller = case.smaller(Case::check_lints);
        panic!("{smaller:#?}\n{:?}", smaller.check_lints());
    }
});
