use std::time::Duration;

use crate::store::{Durability, WhenFull};

/// Reads a number of bytes with a unit: `B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB` or `TiB`, whatever the case.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let expected = || format!("`{}` is not a size such as 500MB or 2GiB", text.escape_debug());
    let (number, unit) = split(text).ok_or_else(expected)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(expected()),
    };
    number.checked_mul(factor).filter(|bytes| *bytes > 0).ok_or_else(expected)
}

/// Reads a time with a unit: `ms`, `s`, `m` or `h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{}` is not a time such as 50ms, 30s, 5m or 1h", text.escape_debug());
    let (number, unit) = split(text).ok_or_else(expected)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(expected()),
    };
    number.checked_mul(factor).map(Duration::from_millis).ok_or_else(expected)
}

/// Reads `flush`, or `interval=TIME` with a time from 1 ms to 60 s.
pub(super) fn durability(text: &str) -> Result<Durability, String> {
    if text == "flush" {
        return Ok(Durability::Flush);
    }
    let Some(interval) = text.strip_prefix("interval=") else {
        return Err(format!("`{}` is neither flush nor interval=TIME", text.escape_debug()));
    };
    let interval = duration(interval)?;
    if interval < Duration::from_millis(1) || interval > Duration::from_secs(60) {
        return Err("the interval is not between 1ms and 60s".to_owned());
    }
    Ok(Durability::Interval(interval))
}

/// Reads `wait` or `drop-oldest`.
pub(super) fn when_full(text: &str) -> Result<WhenFull, String> {
    match text {
        "wait" => Ok(WhenFull::Wait),
        "drop-oldest" => Ok(WhenFull::DropOldest),
        _ => Err(format!("`{}` is neither wait nor drop-oldest", text.escape_debug())),
    }
}

/// Splits a whole number from its unit.
fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim_start()))
}
