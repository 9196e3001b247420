//! Checks that the explanation of every message agrees with what the route table does with it, and gives the reasons,
//! whatever the routes and the message.
#![no_main]

use edgeroute_testkit::cases::Case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let case = Case::of(bytes);
    if case.check_explanations().is_err() {
        let smaller = case.smaller(Case::check_explanations);
        panic!("{smaller:#?}\n{:?}", smaller.check_explanations());
    }
    if case.check_coverage().is_err() {
        let smaller = case.smaller(Case::check_coverage);
        panic!("{smaller:#?}\n{:?}", smaller.check_coverage());
    }
});
