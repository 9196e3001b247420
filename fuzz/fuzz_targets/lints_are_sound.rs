//! Checks that the findings of lints on messages are true, that fixes do what their lint declares, and that all spans
//! are within the texts, whatever the routes and the messages.
#![no_main]
// Same as in the package whose tests share the cases.
#![warn(single_use_lifetimes)]

#[path = "../../tests/tables/linted.rs"]
mod linted;
#[expect(dead_code, reason = "tables, and the interpreter as an oracle of them, are asked by other targets")]
#[path = "../../tests/tables/shared/mod.rs"]
mod shared;

use libfuzzer_sys::fuzz_target;
use shared::Case;

fuzz_target!(|bytes: &[u8]| {
    let case = Case::of_lints(bytes);
    if case.check_lints().is_err() {
        let smaller = case.smaller(Case::check_lints);
        panic!("{smaller:#?}\n{:?}", smaller.check_lints());
    }
});
