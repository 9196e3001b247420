//! Checks that a route table delivers every message exactly as the interpreter does, whatever the routes, the message,
//! the budgets and the hash seed.
#![no_main]
// Same as in the package whose tests share the cases.
#![warn(single_use_lifetimes)]

#[expect(dead_code, reason = "changes of tables, and routes for lints, are made by other targets")]
#[path = "../../tests/tables/shared/mod.rs"]
mod shared;

use libfuzzer_sys::fuzz_target;
use shared::Case;

fuzz_target!(|bytes: &[u8]| {
    let case = Case::of(bytes);
    if case.check().is_err() {
        let smaller = case.smaller(Case::check);
        panic!("{smaller:#?}\n{:?}", smaller.check());
    }
});
