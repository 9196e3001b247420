//! Acceptance tests: the hub's binary, the vendors' SDKs, and a load tool that shares no code with the hub.
//!
//! Each case runs in a network namespace of its own, since the SDKs know no ports but 8883 and 443. Cases are skipped,
//! and say so, where namespaces or SDKs are missing; with `CI=true` that is a failure. `tests/acceptance/install`
//! installs the SDKs. `EDGEROUTE_ACCEPTANCE_LONG=1` runs cases with the numbers and times that a release needs.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a failure ends the test, and says why")]

mod isolation;

mod http;
mod hub;
mod raw;
mod sdk;
mod tool;

mod administration;
mod credentials;
mod delivery;
mod durability;
mod first_run;
mod hostile;
mod ledgers;
mod methods;
mod modules;
mod record;
mod reload;
mod telemetry;
mod twins;
mod upstream;

/// Whether cases run in their long versions.
fn long() -> bool {
    std::env::var_os("EDGEROUTE_ACCEPTANCE_LONG").is_some()
}

/// Asks `condition` until it returns something, for at most `seconds`.
fn eventually<T>(what: &str, seconds: u64, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(std::time::Instant::now() < end, "not within {seconds} s: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
