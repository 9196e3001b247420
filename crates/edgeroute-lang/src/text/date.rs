//! Recognises strings that the reference's JSON reader treats as dates; a date is undefined (SEMANTICS#body-dates).
//!
//! The two forms are ISO 8601 with the reader's unusual zones, and Microsoft's `/Date(n)/`. Only the form and the
//! calendar are checked; no date is computed.

/// Whether the reference's JSON reader treats the string as a date. Stops at the first character that rules a date out.
///
/// ```
/// use edgeroute_lang::text::is_date;
///
/// assert!(is_date("2020-02-29T23:59:59.5+01:00"));
/// assert!(!is_date("2020-02-29 23:59:59"));
/// ```
#[must_use]
pub fn is_date(text: &str) -> bool {
    let reader = Reader { rest: text.as_bytes() };
    match text.as_bytes().first() {
        Some(b'0'..=b'9') => reader.is_iso(),
        Some(b'/') => reader.is_microsoft(),
        _ => false,
    }
}

/// The maximum length of a date, in bytes: `YYYY-MM-DDThh:mm:ss.fffffff+hh:mm`, `/Date(-n+hhmm)/` with 19 digits.
pub const LONGEST_DATE: usize = 33;

/// Reads the bytes of a date one after another. A method returns `None` if it meets something else.
#[derive(Copy, Clone)]
struct Reader<'t> {
    rest: &'t [u8],
}

impl Reader<'_> {
    /// `YYYY-MM-DDThh:mm:ss[.f][zone]` (SEMANTICS#iso-dates)
    fn is_iso(mut self) -> bool {
        self.date().is_some() && self.byte(b'T').is_some() && self.time().is_some() && {
            self.zone();
            self.rest.is_empty()
        }
    }

    fn date(&mut self) -> Option<()> {
        let year = self.number(4)?;
        self.byte(b'-')?;
        let month = self.number(2)?;
        self.byte(b'-')?;
        let day = self.number(2)?;
        (year >= 1 && (1..=days_in_month(year, month)).contains(&day)).then_some(())
    }

    fn time(&mut self) -> Option<()> {
        let hour = self.number(2)?;
        self.byte(b':')?;
        let minute = self.number(2)?;
        self.byte(b':')?;
        let second = self.number(2)?;
        let fraction = if self.byte(b'.').is_some() { self.fraction()? } else { 0 };
        let end_of_day = hour == 24 && minute == 0 && second == 0 && fraction == 0;
        ((hour <= 23 || end_of_day) && minute <= 59 && second <= 59).then_some(())
    }

    /// One to seven digits; any further ones are part of the zone.
    fn fraction(&mut self) -> Option<u32> {
        let mut fraction = self.number(1)?;
        for _ in 1..7 {
            match self.number(1) {
                Some(digit) => fraction = fraction * 10 + digit,
                None => break,
            }
        }
        Some(fraction)
    }

    /// `Z`, or an optional `+hh` or `-hh` and then an optional `:`, `:mm` or `mm`. Reads as much as matches.
    fn zone(&mut self) {
        if self.byte(b'Z').or_else(|| self.byte(b'z')).is_some() {
            return;
        }
        let mut hours = *self;
        if hours.sign().is_some() && hours.number(2).is_some() {
            *self = hours;
        }
        let _ = self.byte(b':');
        let _ = self.number(2);
    }

    /// `/Date(n)/`, where n is a 64-bit integer, optionally with a four-digit offset (SEMANTICS#microsoft-dates).
    fn is_microsoft(self) -> bool {
        let Some(inner) = self.rest.strip_prefix(b"/Date(").and_then(|rest| rest.strip_suffix(b")/")) else {
            return false;
        };
        // A sign at the start belongs to the number.
        match inner.iter().skip(1).position(|byte| matches!(byte, b'+' | b'-')) {
            None => is_int64(inner),
            Some(before) => {
                let (number, offset) = inner.split_at(before + 1);
                is_int64(number) && offset.len() == 5 && offset.iter().skip(1).all(u8::is_ascii_digit)
            }
        }
    }

    fn byte(&mut self, expected: u8) -> Option<()> {
        let (&first, rest) = self.rest.split_first()?;
        (first == expected).then(|| self.rest = rest)
    }

    fn sign(&mut self) -> Option<()> {
        self.byte(b'+').or_else(|| self.byte(b'-'))
    }

    /// Reads a number of exactly this many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (number, rest) = self.rest.split_at_checked(digits)?;
        let value = number.iter().try_fold(0, |value, &byte| Some(value * 10 + char::from(byte).to_digit(10)?))?;
        self.rest = rest;
        Some(value)
    }
}

/// Whether the bytes are a 64-bit integer: at most 19 digits, including leading zeros, because the reader stops there.
fn is_int64(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let parsed = std::str::from_utf8(number).ok().and_then(|number| number.parse::<i64>().ok());
    parsed.is_some() && digits.len() <= 19 && digits.iter().all(u8::is_ascii_digit)
}

/// Returns the number of days of a month; 0 if there is no such month.
const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates_have_odd_zones() {
        let zones = ["", "Z", "z", "+05", "-05", "+0530", "-05:30", "+05:", "+99:99", ":", ":30", "30", "12", "-0500"];
        for zone in zones {
            for time in ["2020-01-01T00:00:00", "2020-01-01T00:00:00.1", "2020-01-01T00:00:00.1234567"] {
                assert!(is_date(&format!("{time}{zone}")), "{time}{zone}");
            }
        }
        for zone in ["+5", " ", " Z", "ZZ", "Z1", "+", "+05:3", "+05:300", "+05300", "::", ":3", "1", "é", "+0a", "\0"]
        {
            assert!(!is_date(&format!("2020-01-01T00:00:00{zone}")), "{zone}");
        }
    }

    #[test]
    fn fractions_have_up_to_seven_digits_and_the_zone_takes_the_rest() {
        assert!(is_date("2020-01-01T00:00:00.123456789"));
        assert!(is_date("2020-01-01T00:00:00.1234567+02:00"));
        assert!(!is_date("2020-01-01T00:00:00.12345678"));
        assert!(!is_date("2020-01-01T00:00:00.12345678Z"));
        assert!(!is_date("2020-01-01T00:00:00."));
        assert!(!is_date("2020-01-01T00:00:00.Z"));
    }

    #[test]
    fn longest_dates_are_known() {
        for date in ["2020-01-01T00:00:00.1234567+99:99", "/Date(-1234567890123456789+0100)/"] {
            assert!(is_date(date));
            assert_eq!(date.len(), LONGEST_DATE);
        }
    }

    #[test]
    fn days_are_real() {
        let dates = [
            "0001-01-01",
            "2020-02-29",
            "2000-02-29",
            "2021-02-28",
            "1900-02-28",
            "2021-12-31",
            "9999-12-31",
            "2021-04-30",
        ];
        for date in dates {
            assert!(is_date(&format!("{date}T00:00:00")), "{date}");
        }
        let wrong = [
            "0000-01-01",
            "2021-02-29",
            "1900-02-29",
            "2021-13-01",
            "2021-00-01",
            "2021-01-00",
            "2021-04-31",
            "2021-1-1",
        ];
        for date in wrong {
            assert!(!is_date(&format!("{date}T00:00:00")), "{date}");
        }
    }

    #[test]
    fn hours_end_at_midnight_exactly() {
        for time in ["23:59:59", "24:00:00", "24:00:00.000Z"] {
            assert!(is_date(&format!("2020-01-01T{time}")), "{time}");
        }
        for time in [
            "24:00:01",
            "24:01:00",
            "24:00:00.001",
            "24:00:00.10",
            "25:00:00",
            "00:60:00",
            "00:00:60",
            "00:00",
            "0:00:00",
            "00:00:0",
        ] {
            assert!(!is_date(&format!("2020-01-01T{time}")), "{time}");
        }
    }

    #[test]
    fn other_forms_are_strings() {
        let strings = [
            "",
            "2020",
            "2020-01-01",
            "2020-01-01 00:00:00",
            "2020-01-01t00:00:00z",
            " 2020-01-01T00:00:00",
            "+020-01-01T00:00:00",
            "20200101T000000Z",
            "T00:00:00",
            "12:30:00",
            "\u{665}020-01-01T00:00:00",
        ];
        for text in strings {
            assert!(!is_date(text), "{text}");
        }
    }

    #[test]
    fn microsoft_dates_hold_a_64_bit_integer() {
        let dates = [
            "/Date(1234656000000)/",
            "/Date(0)/",
            "/Date(-5)/",
            "/Date(9223372036854775807)/",
            "/Date(-9223372036854775808)/",
            "/Date(5+0100)/",
            "/Date(-5-0230)/",
        ];
        for text in dates {
            assert!(is_date(text), "{text}");
        }
        let strings = [
            "/",
            "/Date()/",
            "/Date(x)/",
            "/Date(+5)/",
            "/Date(-)/",
            "/Date(--5)/",
            "/Date(9223372036854775808)/",
            "/Date(00000000000000000001)/",
            "/Date(5+01)/",
            "/Date(5+01x0)/",
            "/Date(5 )/",
            "/Date(5)",
            "/date(5)/",
            "Date(5)/",
            "/Date(é)/",
        ];
        for text in strings {
            assert!(!is_date(text), "{text}");
        }
    }
}
