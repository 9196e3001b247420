//! Reads numbers from strings as the reference does: liberally in `as_number` (SEMANTICS#number-syntax), plainly in
//! literals (SEMANTICS#number-literals).
//!
//! Reading takes one pass, in time linear in the text and without allocation, for a text of any length. The first 768
//! significant digits, and whether anything but zeros follows, determine a double, so only these are kept. Every result
//! is the correctly rounded double. Strings can be UTF-16 code units too; characters beyond U+FFFF are never part of a
//! number.
//!
//! The reference replaces exponents over 1,000 by 9,999 before it considers the digits; here they count in full.

use std::io::Write;
use std::iter::Peekable;

/// Reads a string as a number, as `as_number` does; `None` if the result is undefined, which includes NaN.
///
/// ```
/// use edgeroute_lang::text::as_number;
///
/// assert_eq!(as_number(" 1,000.5 "), Some(1000.5));
/// assert_eq!(as_number("(5)"), Some(-5.0));
/// assert_eq!(as_number("0x10"), None);
/// ```
#[must_use]
#[inline]
pub fn as_number(text: &str) -> Option<f64> {
    match short_integer(text.as_bytes()) {
        Some(integer) => Some(f64::from(integer)),
        None => other_number(text),
    }
}

#[inline(never)]
fn other_number(text: &str) -> Option<f64> {
    small_decimal(text.as_bytes()).or_else(|| plain_number(text)).or_else(|| read(text.chars().map(u32::from)))
}

/// Like [`as_number`], for UTF-16 code units.
#[must_use]
pub fn as_number_units(units: &[u16]) -> Option<f64> {
    as_number_points(units.iter().copied().map(u32::from))
}

/// Like [`as_number`], for code points.
pub fn as_number_points(points: impl Iterator<Item = u32> + Clone) -> Option<f64> {
    read(points)
}

/// Returns the value of an integer or real literal (SEMANTICS#number-literals); `None` for a real without a digit
/// before its exponent (SEMANTICS#unreadable-literals).
#[must_use]
pub fn number_literal(literal: &str) -> Option<f64> {
    // The reference reads literals by the rules of `as_number`, but they contain only signs, digits and exponents.
    as_number(literal)
}

/// Returns the value of a hex literal, a signed 64-bit integer (SEMANTICS#hex-literals); `None` for more than 16
/// significant digits (SEMANTICS#unreadable-literals), or if the text is not a hex literal.
#[must_use]
pub fn hex_literal(literal: &str) -> Option<f64> {
    let digits = literal.strip_prefix("0x").or_else(|| literal.strip_prefix("0X"))?;
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let significant = digits.trim_start_matches('0');
    let bits = match significant {
        _ if !is_hex => return None,
        "" => 0,
        _ => u64::from_str_radix(significant, 16).ok()?,
    };
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what the reference takes")]
    let number = i64::from_ne_bytes(bits.to_ne_bytes()) as f64;
    Some(number)
}

/// Reads one to eight digits, all of them at once. `None` for any other text.
#[inline]
fn short_integer(digits: &[u8]) -> Option<u32> {
    const EVERY: u64 = 0x0101_0101_0101_0101;
    const ZEROS: u64 = EVERY * b'0' as u64;
    let length = digits.len();
    let bytes = if let (Some(first), Some(last), 4..=8) = (digits.first_chunk::<4>(), digits.last_chunk::<4>(), length)
    {
        // In fewer than eight bytes, the two overlap, and are equal there.
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4))
    } else {
        match *digits {
            [a, b, c] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
            [a, b] => u64::from(a) | u64::from(b) << 8,
            [a] => u64::from(a),
            _ => return None,
        }
    };
    // The last digit becomes the uppermost byte, and zeros fill the bytes before the first digit.
    let bits = 8 * length;
    let bytes = bytes << (64 - bits) | ZEROS >> 1 >> (bits - 1);
    // The upper half of a digit is 3, also after adding 6.
    let difference = |bytes: u64| (bytes & (EVERY * 0xf0)) ^ ZEROS;
    if difference(bytes) | difference(bytes.wrapping_add(EVERY * 6)) != 0 {
        return None;
    }
    // Joins digits to pairs, pairs to fours, and fours to eights (Lemire, Number Parsing at a Gigabyte per Second, 2021).
    let pairs = (bytes & (EVERY * 0x0f)).wrapping_mul(2_561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    let eight = (fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32;
    u32::try_from(eight).ok()
}

/// Reads a minus and up to 15 digits with one `.` among them, or 16 without. With 15 digits, both the integer of all
/// digits and the power of ten that divides it are exact doubles, so one division rounds correctly (Clinger, How to
/// Read Floating Point Numbers Accurately, 1990). `None` means that [`plain_number`] must read the text.
#[inline]
fn small_decimal(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    // One more than the digits, for the point.
    if digits.len() > 16 {
        return None;
    }
    let signed = |magnitude: f64| if is_negative { -magnitude } else { magnitude };
    // Most numbers have no point.
    if let 1..=15 = digits.len()
        && let Some(integer) = digits.iter().try_fold(0_u64, |integer, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit < 10).then(|| integer * 10 + u64::from(digit))
        })
    {
        #[expect(clippy::cast_precision_loss, reason = "fifteen digits fit")]
        return Some(signed(integer as f64));
    }
    let (mut integer, mut count, mut point) = (0_u64, 0, None);
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                integer = integer * 10 + u64::from(byte - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    if count == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits fit, and sixteen are divided by one")]
    let magnitude = integer as f64 / POWERS.get(point.map_or(0, |point| count - point))?;
    Some(signed(magnitude))
}

/// Reads a short text that contains only digits, `.`, `e` and leading signs. For such texts the standard library reads
/// a subset of what `as_number` does, in the same way. `None` means that [`read`] must read the text.
fn plain_number(text: &str) -> Option<f64> {
    // The standard library saturates exponents too, but only those too long for such a text.
    const LONGEST: usize = 64;
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    if text.len() <= LONGEST && text.bytes().all(is_plain) { text.parse().ok() } else { None }
}

fn read(points: impl Iterator<Item = u32> + Clone) -> Option<f64> {
    digits_as_number(points.clone()).or_else(|| infinity_as_number(points))
}

/// Reads a number in digits, which [`as_number`] tries first: a prefix, the digits, a suffix, and then only NULs.
pub fn digits_as_number(points: impl Iterator<Item = u32>) -> Option<f64> {
    let mut points = points.peekable();
    let mut affixes = Affixes { sign: Sign::Unseen, currency: Currency::Unseen };
    affixes.read_before(&mut points);
    let magnitude = read_decimal(&mut points)?.nearest_double()?;
    affixes.read_suffix(&mut points);
    let number = match affixes.sign {
        Sign::Unseen | Sign::Plus => magnitude,
        Sign::Minus | Sign::Closed => -magnitude,
        Sign::Open => return None,
    };
    points.all(|point| point == 0).then_some(number)
}

/// What was read around the digits.
struct Affixes {
    sign: Sign,
    currency: Currency,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Sign {
    Unseen,
    Plus,
    Minus,
    /// `(`, which means minus; `)` must still follow.
    Open,
    /// `(` and `)`
    Closed,
}

/// The generic currency sign, `¤`.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Currency {
    Unseen,
    Seen,
}

impl Affixes {
    fn read_before(&mut self, points: &mut Peekable<impl Iterator<Item = u32>>) {
        while let Some(character) = peek(points) {
            match (character, self.sign, self.currency) {
                ('+', Sign::Unseen, _) => self.sign = Sign::Plus,
                ('-', Sign::Unseen, _) => self.sign = Sign::Minus,
                ('(', Sign::Unseen, _) => self.sign = Sign::Open,
                ('¤', _, Currency::Unseen) => self.currency = Currency::Seen,
                (' ' | '\t'..='\r', Sign::Unseen, _) | (' ' | '\t'..='\r', _, Currency::Seen) => {}
                _ => break,
            }
            points.next();
        }
    }

    fn read_suffix(&mut self, points: &mut Peekable<impl Iterator<Item = u32>>) {
        while let Some(character) = peek(points) {
            match (character, self.sign, self.currency) {
                ('+', Sign::Unseen, _) => self.sign = Sign::Plus,
                ('-', Sign::Unseen, _) => self.sign = Sign::Minus,
                (')', Sign::Open, _) => self.sign = Sign::Closed,
                ('¤', _, Currency::Unseen) => self.currency = Currency::Seen,
                (' ' | '\t'..='\r', _, _) => {}
                _ => break,
            }
            points.next();
        }
    }
}

/// Reads digits, which may contain a point and commas, and an exponent.
fn read_decimal(points: &mut Peekable<impl Iterator<Item = u32>>) -> Option<Decimal> {
    let mut decimal = Decimal::new();
    let mut digit_seen = false;
    let mut point_seen = false;
    while let Some(character) = peek(points) {
        match character {
            '.' if !point_seen => point_seen = true,
            ',' if digit_seen && !point_seen => {}
            _ => {
                let Some(digit) = ascii_digit(character) else { break };
                digit_seen = true;
                if point_seen {
                    decimal.push_after_point(digit);
                } else {
                    decimal.push_before_point(digit);
                }
            }
        }
        points.next();
    }
    if !digit_seen {
        return None;
    }
    if let Some('e' | 'E') = peek(points) {
        points.next();
        decimal.exponent = decimal.exponent.saturating_add(read_exponent(points)?);
    }
    Some(decimal)
}

/// Reads an exponent after its `e`. `None` if it has no digits: the `e` is then not part of the number, and the text is
/// not a number at all.
fn read_exponent(points: &mut Peekable<impl Iterator<Item = u32>>) -> Option<i64> {
    let sign = peek(points).filter(|sign| matches!(sign, '+' | '-'));
    if sign.is_some() {
        points.next();
    }
    let mut exponent = None;
    while let Some(digit) = peek(points).and_then(ascii_digit) {
        exponent = Some(exponent.unwrap_or(0_i64).saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        points.next();
    }
    let exponent = exponent?;
    Some(if sign == Some('-') { -exponent } else { exponent })
}

/// Reads an infinity in words, where [`as_number`] finds no digits (SEMANTICS#named-numbers): `Infinity` in any case,
/// with or without a sign, amid Unicode white space. The reference reads `NaN` too, which is undefined.
pub fn infinity_as_number(points: impl Iterator<Item = u32>) -> Option<f64> {
    let white_space = |&point: &u32| char::from_u32(point).is_some_and(char::is_whitespace);
    let mut points = points.skip_while(white_space).peekable();
    let infinity = match peek(&mut points) {
        Some('-') => f64::NEG_INFINITY,
        _ => f64::INFINITY,
    };
    points.next_if(|&point| point == u32::from('+') || point == u32::from('-'));
    let named = "infinity".chars().all(|letter| {
        let found = points.next().and_then(char::from_u32);
        found.is_some_and(|found| found.eq_ignore_ascii_case(&letter))
    });
    (named && points.all(|point| white_space(&point))).then_some(infinity)
}

/// Returns the next code point, or U+FFFD for a surrogate. Neither is ever part of a number.
fn peek(points: &mut Peekable<impl Iterator<Item = u32>>) -> Option<char> {
    points.peek().map(|&point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn ascii_digit(character: char) -> Option<u8> {
    u8::try_from(character).ok().filter(u8::is_ascii_digit)
}

/// A decimal number of any length, cut to the digits that decide the nearest double.
///
/// Its value is `digits * 10^exponent`, and slightly more if `rest` says so.
struct Decimal {
    /// ASCII digits, the first of which is not 0, with room for the rest of the number's text.
    digits: [u8; Self::CAPACITY],
    /// `length <= SIGNIFICANT`
    length: usize,
    exponent: i64,
    rest: Rest,
}

/// The digits after those that were kept.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Rest {
    Zeros,
    NotOnlyZeros,
}

impl Decimal {
    /// A number halfway between two doubles needs the most digits: at most 767.
    const SIGNIFICANT: usize = 768;
    /// The digits, one for the rest, and an exponent: `e-2000`.
    const CAPACITY: usize = Self::SIGNIFICANT + 1 + 6;

    const fn new() -> Self {
        Self { digits: [0; Self::CAPACITY], length: 0, exponent: 0, rest: Rest::Zeros }
    }

    fn push_before_point(&mut self, digit: u8) {
        if self.keep(digit).is_none() {
            self.exponent += 1;
        }
    }

    fn push_after_point(&mut self, digit: u8) {
        if self.keep(digit).is_some() {
            self.exponent -= 1;
        }
    }

    /// Appends an ASCII digit; `None` if there is no room for it.
    fn keep(&mut self, digit: u8) -> Option<()> {
        if self.length == 0 && digit == b'0' {
            return Some(());
        }
        match self.digits.get_mut(self.length) {
            Some(place) if self.length < Self::SIGNIFICANT => {
                *place = digit;
                self.length += 1;
                Some(())
            }
            _ => {
                if digit != b'0' {
                    self.rest = Rest::NotOnlyZeros;
                }
                None
            }
        }
    }

    /// Returns the nearest double by the standard library (SEMANTICS#number-rounding).
    fn nearest_double(mut self) -> Option<f64> {
        // Any exponent beyond this gives zero or infinity, whatever the digits.
        const FARTHEST: i64 = 2_000;
        if self.length == 0 {
            return Some(0.0);
        }
        if self.rest == Rest::NotOnlyZeros {
            *self.digits.get_mut(self.length)? = b'1';
            self.length += 1;
            self.exponent -= 1;
        }
        let mut free = self.digits.get_mut(self.length..)?;
        write!(free, "e{}", self.exponent.clamp(-FARTHEST, FARTHEST)).ok()?;
        let unused = free.len();
        let text = self.digits.get(..Self::CAPACITY - unused)?;
        std::str::from_utf8(text).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Compares bits, so that the zeros differ.
    #[track_caller]
    fn check(text: &str, expected: Option<f64>) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let bits = expected.map(f64::to_bits);
        assert_eq!(as_number(text).map(f64::to_bits), bits, "{text:?} is {:?}", as_number(text));
        assert_eq!(as_number_units(&units).map(f64::to_bits), bits, "{text:?} is {:?}", as_number_units(&units));
        assert_eq!(read(text.chars().map(u32::from)).map(f64::to_bits), bits, "{text:?}, without the short way");
    }

    #[test]
    fn numbers_are_read_generously() {
        let table = [
            ("5", 5.0),
            ("00005", 5.0),
            ("+5", 5.0),
            ("-5", -5.0),
            (" 5 ", 5.0),
            ("\t\n\u{B}\u{C}\r5\t\n\u{B}\u{C}\r", 5.0),
            ("5-", -5.0),
            ("5 -", -5.0),
            ("5+", 5.0),
            ("(5)", -5.0),
            ("(5) ", -5.0),
            (" (5", f64::NAN),
            ("1.", 1.0),
            ("+.5", 0.5),
            ("-0", -0.0),
            ("(0)", -0.0),
            ("0-", -0.0),
            ("0", 0.0),
            ("1,000", 1000.0),
            ("1,,0", 10.0),
            ("5,", 5.0),
            ("1,000.5", 1000.5),
            ("1e5", 1e5),
            ("1E+5", 1e5),
            ("1e0005", 1e5),
            ("1,0e1", 100.0),
            ("1e5-", -1e5),
            ("5\0\0", 5.0),
            ("5 \0", 5.0),
            ("¤5", 5.0),
            ("¤ 5", 5.0),
            ("-¤5", -5.0),
            ("-¤ 5", -5.0),
            ("¤- 5", -5.0),
            ("(¤ 5)", -5.0),
            ("5¤-", -5.0),
            ("5-¤", -5.0),
            ("(5¤)", -5.0),
            ("0.30000000000000004", 0.1 + 0.2),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("9007199254740995", 9_007_199_254_740_996.0),
            ("-9999999999999999", -1e16),
            ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
            ("1.7976931348623159e308", f64::INFINITY),
            ("-1e400", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("-1e-400", -0.0),
            ("1e999999999999999999999999", f64::INFINITY),
            ("1e-999999999999999999999999", 0.0),
            ("0e99999999999", 0.0),
        ];
        for (text, number) in table {
            check(text, Some(number).filter(|number| !number.is_nan()));
        }
    }

    #[test]
    fn other_texts_are_undefined() {
        let texts = [
            "",
            " ",
            "abc",
            "0x10",
            "1e5.5",
            "1_000",
            ":",
            "5:30",
            "5f",
            "1e",
            "e5",
            ".e5",
            "5e+",
            "5e-",
            "(5",
            "5)",
            "- 5",
            "( 5 )",
            "(-5)",
            "-(5)",
            "(5)-",
            "5 (",
            "--5",
            "5--",
            "+-5",
            "$5",
            "-",
            "+",
            ".",
            "()",
            "(",
            "¤",
            "¤¤5",
            "¤5¤",
            "1 e5",
            "1e 5",
            "5 0",
            "1.5,0",
            ",5",
            "1.2.3",
            "5\0x",
            "\u{0}5",
            "\u{A0}5",
            "5\u{2003}",
            "\u{85}5",
            "\u{2028}5",
            "\u{FEFF}5",
            "\u{2212}5",
            "\u{665}",
            "\u{FF15}",
            "\u{1D7D3}",
            "∞",
        ];
        for text in texts {
            check(text, None);
        }
    }

    #[test]
    fn infinity_is_a_word_in_any_case() {
        for text in ["Infinity", "+INFINITY", " infinity\u{2003}", "\u{A0}+iNfInItY\t"] {
            check(text, Some(f64::INFINITY));
        }
        check("\u{3000}-Infinity ", Some(f64::NEG_INFINITY));
        let words = [
            "inf",
            "+ Infinity",
            "--Infinity",
            "(Infinity)",
            "Infinity-",
            "Infinity\0",
            "InfinityX",
            "İnfinity",
            "Infınity",
        ];
        for text in words {
            check(text, None);
        }
        for text in ["NaN", "-NaN", "+nan", " NAN "] {
            check(text, None);
        }
    }

    #[test]
    fn lone_surrogates_are_no_part_of_a_number() {
        assert_eq!(as_number_units(&[0xD835, 0x35]), None);
        assert_eq!(as_number_units(&[0x35, 0xDFD3]), None);
    }

    /// 1 and 1 + 2^-52 are adjacent doubles; halfway between them is 1 + 2^-53, a decimal of 53 digits.
    #[test]
    fn digits_however_far_away_decide_what_is_halfway() {
        let halfway = "1.00000000000000011102230246251565404236316680908203125";
        let zeros = "0".repeat(100_000);
        check(halfway, Some(1.0));
        check(&format!("{halfway}{zeros}"), Some(1.0));
        check(&format!("{halfway}{zeros}1"), Some(1.0 + f64::EPSILON));
        check(&format!("-{halfway}{zeros}1{zeros}"), Some(-1.0 - f64::EPSILON));
    }

    #[test]
    fn exponents_are_weighed_together_with_the_zeros() {
        let zeros = "0".repeat(100_000);
        check(&format!("0.{zeros}1e100001"), Some(1.0));
        check(&format!("1{zeros}e-100000"), Some(1.0));
        check(&format!("{}e-99999", "1".repeat(100_000)), Some(1.0 + 1.0 / 9.0));
        check(&format!("{zeros}.{zeros}"), Some(0.0));
        // The standard library does not read an exponent beyond 65,536 to its end.
        check(&format!("0.{}1e700001", "0".repeat(700_000)), Some(1.0));
    }

    #[test]
    fn many_digits_leave_room_for_any_exponent() {
        let ones = "1".repeat(2_000);
        check(&format!("{ones}e-2300"), Some(1.111_111_111_111_111_1e-301));
        check(&format!("{ones}e-9000"), Some(0.0));
        check(&format!("{ones}e9000"), Some(f64::INFINITY));
    }

    #[test]
    fn smallest_double_is_rounded_from_all_its_digits() {
        // 2^-1075 is halfway between zero and the smallest double; its last digit is the 752nd.
        let mut digits = vec![1_u8];
        for _ in 0..1075 {
            // Halving is a multiplication by 5 and one more place after the point.
            let mut carry = 0;
            for digit in digits.iter_mut().rev() {
                let product = *digit * 5 + carry;
                *digit = product % 10;
                carry = product / 10;
            }
            if carry > 0 {
                digits.insert(0, carry);
            }
        }
        let digits: String = digits.into_iter().map(|digit| char::from(b'0' + digit)).collect();
        assert_eq!(digits.len(), 752);
        check(&format!("{digits}e-1075"), Some(0.0));
        check(&format!("{digits}01e-1077"), Some(5e-324));
    }

    #[test]
    fn literals_are_plain_numbers() {
        let table = [
            ("5", Some(5.0)),
            ("-5", Some(-5.0)),
            ("-0", Some(-0.0)),
            (".5", Some(0.5)),
            ("-.5e-3", Some(-0.0005)),
            ("1e400", Some(f64::INFINITY)),
            ("e5", None),
            ("-E1", None),
        ];
        for (literal, number) in table {
            assert_eq!(number_literal(literal).map(f64::to_bits), number.map(f64::to_bits), "{literal}");
        }
    }

    #[test]
    fn hex_literals_are_signed_64_bit_integers() {
        let table = [
            ("0x0", Some(0.0)),
            ("0X1f", Some(31.0)),
            ("0x7FFFFFFFFFFFFFFF", Some(9_223_372_036_854_775_807.0)),
            ("0x8000000000000000", Some(-9_223_372_036_854_775_808.0)),
            ("0xFFFFFFFFFFFFFFFF", Some(-1.0)),
            ("0x0000FFFFFFFFFFFFFFFF", Some(-1.0)),
            ("0x20000000000001", Some(9_007_199_254_740_992.0)),
            ("0x10000000000000000", None),
            ("0x", None),
            ("0x+1", None),
            ("1F", None),
        ];
        for (literal, number) in table {
            assert_eq!(hex_literal(literal), number, "{literal}");
        }
    }

    #[test]
    fn short_integers_are_read_at_once_and_nothing_else_is() {
        for digits in ["0", "9", "10", "007", "1234", "98765", "000001", "9999999", "12345678", "99999999"] {
            assert_eq!(short_integer(digits.as_bytes()), digits.parse().ok(), "{digits}");
            for at in 0..digits.len() {
                for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                    let mut bytes = digits.as_bytes().to_vec();
                    bytes[at] = byte;
                    assert_eq!(short_integer(&bytes), None, "{bytes:?}");
                }
            }
        }
        assert_eq!((short_integer(b""), short_integer(b"123456789")), (None, None));
    }

    proptest! {
        #[test]
        fn plain_decimals_are_read_as_the_standard_library_does(text in "[+-]?[0-9]{0,25}(\\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?") {
            let expected = text.parse::<f64>().ok().map(f64::to_bits);
            prop_assert_eq!(read(text.chars().map(u32::from)).map(f64::to_bits), expected);
            prop_assert_eq!(as_number(&text).map(f64::to_bits), expected);
        }

        #[test]
        fn all_ways_agree(text in "[-+() \\t¤.,eE0-9\0xInfity]{0,12}") {
            let slow = read(text.chars().map(u32::from)).map(f64::to_bits);
            let units: Vec<u16> = text.encode_utf16().collect();
            prop_assert_eq!(as_number(&text).map(f64::to_bits), slow);
            prop_assert_eq!(as_number_units(&units).map(f64::to_bits), slow);
        }
    }
}
