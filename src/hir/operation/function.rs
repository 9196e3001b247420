//! What functions compute.

use super::{Operand, Type, Value};
use crate::builtin::Function;
use crate::text;

/// The value of a call. Arguments of the wrong kind or number give undefined.
pub(super) fn call(function: Function, arguments: &[Operand<'_>]) -> Value {
    match function {
        Function::Abs => of_number(arguments, f64::abs),
        Function::Ceiling => of_number(arguments, f64::ceil),
        Function::Exp => of_number(arguments, f64::exp),
        Function::Floor => of_number(arguments, f64::floor),
        Function::Sign => of_number(arguments, sign),
        Function::Sqrt => of_number(arguments, f64::sqrt),
        Function::Square => of_number(arguments, |base| power(base, 2.0)),
        Function::Power => match numbers(arguments).as_deref() {
            Some([base, exponent]) => Value::number(power(*base, *exponent)),
            _ => Value::Undefined,
        },
        Function::AsNumber => as_number(arguments),
        Function::IsBool => of_any(arguments, is_bool),
        Function::IsDefined => of_any(arguments, |argument| Value::Bool(argument.value.is_defined())),
        Function::IsNull => of_any(arguments, is_null),
        Function::IsNumber => of_any(arguments, |argument| Value::Bool(is_number(argument.value))),
        Function::IsString => of_any(arguments, |argument| Value::Bool(matches!(argument.value, Value::Text(_)))),
        Function::Concat => concat(arguments),
        Function::Length => of_text(arguments, |text| Value::Number(count(text.len()))),
        Function::Lower => of_text(arguments, |units| Value::Text(text::map_units(units, text::lower).collect())),
        Function::Upper => of_text(arguments, |units| Value::Text(text::map_units(units, text::upper).collect())),
        Function::Contains => of_texts(arguments, |text, part| Value::Bool(find(text, part).is_some())),
        // "`index_of` -1 when absent, 0 for ''."
        Function::IndexOf => of_texts(arguments, |text, part| Value::Number(find(text, part).map_or(-1.0, count))),
        Function::StartsWith => of_texts(arguments, |text, part| Value::Bool(text.starts_with(part))),
        Function::EndsWith => of_texts(arguments, |text, part| Value::Bool(text.ends_with(part))),
        Function::Substring => substring(arguments),
        // It reads the message; the typed form has a node of its own for it.
        Function::TwinChangeIncludes => Value::Undefined,
    }
}

fn of_any(arguments: &[Operand<'_>], compute: impl Fn(Operand<'_>) -> Value) -> Value {
    match arguments {
        [argument] => compute(*argument),
        _ => Value::Undefined,
    }
}

/// The arguments as numbers, if all of them are. A body value may be NaN.
fn numbers(arguments: &[Operand<'_>]) -> Option<Vec<f64>> {
    arguments
        .iter()
        .map(|argument| if let Value::Number(number) = argument.value { Some(*number) } else { None })
        .collect()
}

fn of_number(arguments: &[Operand<'_>], compute: impl Fn(f64) -> f64) -> Value {
    match numbers(arguments).as_deref() {
        Some([number]) => Value::number(compute(*number)),
        _ => Value::Undefined,
    }
}

/// The arguments as texts, if all of them are. A null property is none: "undefined in other string functions" (other
/// than `||` and `concat`).
fn texts<'v>(arguments: &[Operand<'v>]) -> Option<Vec<&'v [u16]>> {
    arguments.iter().map(|argument| if let Value::Text(text) = argument.value { Some(&**text) } else { None }).collect()
}

fn of_text(arguments: &[Operand<'_>], compute: impl Fn(&[u16]) -> Value) -> Value {
    match texts(arguments).as_deref() {
        Some([text]) => compute(text),
        _ => Value::Undefined,
    }
}

fn of_texts(arguments: &[Operand<'_>], compute: impl Fn(&[u16], &[u16]) -> Value) -> Value {
    match texts(arguments).as_deref() {
        Some([text, part]) => compute(text, part),
        _ => Value::Undefined,
    }
}

/// "`sign` is -1, +0, 1."
fn sign(number: f64) -> f64 {
    match number.partial_cmp(&0.0) {
        Some(ordering) => f64::from(ordering as i8),
        None => number,
    }
}

/// As the C library has it, like the reference's, so that `square(1.1) = power(1.1, 2)`: a known exponent would become a
/// multiplication, which rounds differently now and then. 1 to the power of NaN is 1, NaN to the power of 0 is 1.
fn power(base: f64, exponent: f64) -> f64 {
    base.powf(core::hint::black_box(exponent))
}

fn as_number(arguments: &[Operand<'_>]) -> Value {
    of_any(arguments, |argument| match argument.value {
        Value::Text(text) => text::as_number_units(text).map_or(Value::Undefined, Value::number),
        Value::Number(number) => Value::number(*number),
        _ => Value::Undefined,
    })
}

/// "`is_bool`: of a bool or value that is undefined: undefined; of other types: false."
fn is_bool(argument: Operand<'_>) -> Value {
    match (argument.ty, argument.value) {
        (Type::Bool | Type::Value, Value::Undefined) => Value::Undefined,
        (_, value) => Value::Bool(matches!(value, Value::Bool(_))),
    }
}

/// "`is_null`: string: true only if its value is null (false if missing); null: true; value: undefined if undefined,
/// false for a missing path, true for anything else defined; other types: false."
fn is_null(argument: Operand<'_>) -> Value {
    match (argument.ty, argument.value) {
        (Type::Value, Value::Undefined) => Value::Undefined,
        (Type::Value, value) => Value::Bool(!matches!(value, Value::Missing)),
        (_, value) => Value::Bool(matches!(value, Value::Null | Value::NullText)),
    }
}

/// "`is_number`: finite numbers only."
fn is_number(value: &Value) -> bool {
    matches!(value, Value::Number(number) if number.is_finite())
}

/// "A property whose value is null: the empty string in `||`, `concat`."
fn concat(arguments: &[Operand<'_>]) -> Value {
    let mut joined = Vec::new();
    for argument in arguments {
        match argument.value {
            Value::Text(text) => joined.extend_from_slice(text),
            Value::NullText => {}
            _ => return Value::Undefined,
        }
    }
    Value::Text(joined.into())
}

/// "`substring(s, start)`: 0 <= start <= length. `substring(s, start, count)`: 0 <= start < length, count >= 0,
/// count <= length - start, checked on the doubles; then both truncate."
fn substring(arguments: &[Operand<'_>]) -> Value {
    let [text, range @ ..] = arguments else {
        return Value::Undefined;
    };
    let (Value::Text(text), Some(range)) = (text.value, numbers(range)) else {
        return Value::Undefined;
    };
    let length = count(text.len());
    let part = match *range.as_slice() {
        [start] if start >= 0.0 && start <= length => text.get(truncate(start)..),
        [start, count] if start >= 0.0 && start < length && count >= 0.0 && count <= length - start => {
            text.get(truncate(start)..).and_then(|rest| rest.get(..truncate(count)))
        }
        _ => None,
    };
    part.map_or(Value::Undefined, |part| Value::Text(part.into()))
}

#[expect(clippy::cast_precision_loss, reason = "the length of a text in memory is far below 2^53")]
fn count(length: usize) -> f64 {
    length as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "called with 0 <= number <= a length")]
fn truncate(number: f64) -> usize {
    number as usize
}

/// Where `part` first stands in `text`; 0 for an empty part. Knuth, Morris and Pratt: linear whatever the texts are.
fn find(text: &[u16], part: &[u16]) -> Option<usize> {
    // For each prefix of `part`: the length of its longest proper border.
    let mut borders: Vec<usize> = vec![0; part.len()];
    let extend = |borders: &[usize], mut matched: usize, unit: u16| {
        while matched > 0 && part.get(matched) != Some(&unit) {
            matched = borders.get(matched - 1).copied().unwrap_or(0);
        }
        if part.get(matched) == Some(&unit) { matched + 1 } else { matched }
    };
    let mut border = 0;
    for (index, &unit) in part.iter().enumerate().skip(1) {
        border = extend(&borders, border, unit);
        if let Some(slot) = borders.get_mut(index) {
            *slot = border;
        }
    }
    let mut matched = 0;
    if part.is_empty() {
        return Some(0);
    }
    for (index, &unit) in text.iter().enumerate() {
        matched = extend(&borders, matched, unit);
        if matched == part.len() {
            return Some(index + 1 - part.len());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: Value = Value::Number(f64::NAN);

    /// The call on arguments of a static type that fits their values.
    fn call_on(function: Function, arguments: &[Value]) -> Value {
        let operands: Vec<Operand<'_>> = arguments
            .iter()
            .map(|value| {
                let ty = match value {
                    Value::Bool(_) => Type::Bool,
                    Value::Number(number) if !number.is_nan() => Type::Number,
                    Value::Text(_) | Value::NullText => Type::Text,
                    _ => Type::Value,
                };
                Operand { ty, value }
            })
            .collect();
        call(function, &operands)
    }

    fn text(text: &str) -> Value {
        Value::text(text)
    }

    fn numeric(function: Function, argument: f64) -> Option<f64> {
        match call_on(function, &[Value::Number(argument)]) {
            Value::Number(number) => Some(number),
            Value::Undefined => None,
            other => panic!("{function:?}({argument}): {other:?}"),
        }
    }

    #[test]
    fn numbers_are_computed_as_ieee_has_it() {
        assert_eq!(numeric(Function::Abs, -3.5), Some(3.5));
        assert_eq!(numeric(Function::Exp, 0.0), Some(1.0));
        assert_eq!(numeric(Function::Square, -3.0), Some(9.0));
        assert_eq!(numeric(Function::Floor, -0.5), Some(-1.0));
        assert!(numeric(Function::Ceiling, -0.5).is_some_and(|zero| zero == 0.0 && zero.is_sign_negative()));
        assert_eq!([-5.0, 5.0].map(|number| numeric(Function::Sign, number)), [Some(-1.0), Some(1.0)]);
        assert!(numeric(Function::Sign, -0.0).is_some_and(|zero| zero == 0.0 && zero.is_sign_positive()));
        assert_eq!(numeric(Function::Sqrt, 9.0), Some(3.0));
        assert_eq!(numeric(Function::Sqrt, -1.0), None);
        assert_eq!(numeric(Function::Exp, f64::INFINITY), Some(f64::INFINITY));
    }

    #[test]
    fn nan_is_no_argument_except_where_a_power_does_not_depend_on_it() {
        for &function in Function::ALL {
            if function != Function::IsDefined && function != Function::IsNull && function.overloads()[0].takes(1) {
                let found = call_on(function, &[NAN]);
                assert!(matches!(found, Value::Undefined | Value::Bool(false)), "{function:?}: {found:?}");
            }
        }
        let one = Value::Number(1.0);
        let zero = Value::Number(0.0);
        assert_eq!(call_on(Function::Power, &[one.clone(), NAN]), one);
        assert_eq!(call_on(Function::Power, &[NAN, zero.clone()]), one);
        assert_eq!(call_on(Function::Power, &[zero, NAN]), Value::Undefined);
        assert_eq!(call_on(Function::Power, &[Value::Undefined, Value::Number(0.0)]), Value::Undefined);
    }

    #[test]
    fn a_square_is_a_power() {
        for base in [1.1, 0.1, 3.3, 1e-200, 123_456.789] {
            let power = call_on(Function::Power, &[Value::Number(base), Value::Number(2.0)]);
            assert_eq!(call_on(Function::Square, &[Value::Number(base)]), power);
        }
    }

    #[test]
    fn kinds_are_told_by_type_and_value() {
        // The argument, then is_bool, is_defined, is_null, is_number, is_string.
        for (ty, value, expected) in [
            (Type::Text, text(""), "FTFFT"),
            (Type::Text, Value::NullText, "FTTFF"),
            (Type::Text, Value::Undefined, "FFFFF"),
            (Type::Number, Value::Number(5.0), "FTFTF"),
            (Type::Number, Value::Number(f64::INFINITY), "FTFFF"),
            (Type::Number, Value::Undefined, "FFFFF"),
            (Type::Bool, Value::Bool(false), "TTFFF"),
            (Type::Bool, Value::Undefined, "UFFFF"),
            (Type::Null, Value::Null, "FTTFF"),
            (Type::Undefined, Value::Undefined, "FFFFF"),
            (Type::Value, Value::Undefined, "UFUFF"),
            (Type::Value, Value::Bool(true), "TTTFF"),
            (Type::Value, Value::Number(5.0), "FTTTF"),
            (Type::Value, NAN, "FTTFF"),
            (Type::Value, text("a"), "FTTFT"),
            (Type::Value, Value::NullText, "FTTFF"),
            (Type::Value, Value::Null, "FTTFF"),
            (Type::Value, Value::Missing, "FTFFF"),
        ] {
            let tests =
                [Function::IsBool, Function::IsDefined, Function::IsNull, Function::IsNumber, Function::IsString];
            let found: String = tests
                .iter()
                .map(|&function| match call(function, &[Operand { ty, value: &value }]) {
                    Value::Bool(true) => 'T',
                    Value::Bool(false) => 'F',
                    _ => 'U',
                })
                .collect();
            assert_eq!(found, expected, "{ty} {value:?}");
        }
    }

    #[test]
    fn a_null_property_is_empty_in_concat_and_undefined_elsewhere() {
        assert_eq!(call_on(Function::Concat, &[text("a"), Value::NullText, text("b")]), text("ab"));
        for function in [Function::Length, Function::Lower, Function::Upper, Function::AsNumber] {
            assert_eq!(call_on(function, &[Value::NullText]), Value::Undefined, "{function:?}");
        }
        for function in [Function::StartsWith, Function::EndsWith, Function::Contains, Function::IndexOf] {
            assert_eq!(call_on(function, &[Value::NullText, text("")]), Value::Undefined, "{function:?}");
            assert_eq!(call_on(function, &[text(""), Value::NullText]), Value::Undefined, "{function:?}");
        }
        assert_eq!(call_on(Function::Substring, &[Value::NullText, Value::Number(0.0)]), Value::Undefined);
        for other in [Value::Undefined, Value::Null, Value::Missing, Value::Number(1.0), Value::Bool(true)] {
            assert_eq!(call_on(Function::Concat, &[text("a"), other]), Value::Undefined);
        }
    }

    #[test]
    fn substring_checks_doubles_and_then_truncates() {
        let of = |range: &[f64]| {
            let mut arguments = vec![text("abc")];
            arguments.extend(range.iter().map(|&number| Value::Number(number)));
            match call_on(Function::Substring, &arguments) {
                Value::Text(units) => String::from_utf16(&units).ok(),
                _ => None,
            }
        };
        for (range, expected) in [
            (&[0.0][..], Some("abc")),
            (&[1.9], Some("bc")),
            (&[3.0], Some("")),
            (&[3.1], None),
            (&[-0.0], Some("abc")),
            (&[-0.1], None),
            (&[f64::INFINITY], None),
            (&[0.0, 3.0], Some("abc")),
            (&[0.5, 2.5], Some("ab")),
            (&[0.6, 2.5], None),
            (&[2.0, 1.0], Some("c")),
            (&[2.0, 0.0], Some("")),
            (&[3.0, 0.0], None),
            (&[0.0, -1.0], None),
        ] {
            assert_eq!(of(range).as_deref(), expected, "{range:?}");
        }
    }

    #[test]
    fn texts_are_counted_and_cut_by_utf_16_units() {
        assert_eq!(call_on(Function::Length, &[text("a😀")]), Value::Number(3.0));
        assert_eq!(call_on(Function::Substring, &[text("😀"), Value::Number(1.0)]), Value::Text([0xde00].into()));
        assert_eq!(call_on(Function::IndexOf, &[text("😀b"), text("b")]), Value::Number(2.0));
        assert_eq!(call_on(Function::Contains, &[text("😀"), Value::Text([0xde00].into())]), Value::Bool(true));
        assert_eq!(call_on(Function::Upper, &[Value::Text([0x61, 0xde00].into())]), Value::Text([0x41, 0xde00].into()));
        assert_eq!(call_on(Function::Lower, &[text("ÀΣ")]), text("àσ"));
    }

    #[test]
    fn an_empty_part_is_found_at_the_start() {
        for whole in ["", "abc"] {
            assert_eq!(call_on(Function::IndexOf, &[text(whole), text("")]), Value::Number(0.0));
            for function in [Function::Contains, Function::StartsWith, Function::EndsWith] {
                assert_eq!(call_on(function, &[text(whole), text("")]), Value::Bool(true));
            }
        }
    }

    #[test]
    fn parts_are_found_as_by_trying_every_place() {
        let texts: Vec<Vec<u16>> = (0..=7_u32)
            .flat_map(|length| {
                (0..1_u32 << length).map(move |bits| (0..length).map(|at| u16::from(bits >> at & 1 == 1)).collect())
            })
            .collect();
        for whole in &texts {
            for part in texts.iter().filter(|part| part.len() <= 4) {
                let tried = (0..=whole.len()).find(|&at| whole[at..].starts_with(part));
                assert_eq!(find(whole, part), tried, "{part:?} in {whole:?}");
            }
        }
    }

    #[test]
    fn finding_is_linear_in_hostile_texts() {
        let whole = vec![0; 200_000];
        let mut part = vec![0; 100_000];
        part.push(1);
        assert_eq!(find(&whole, &part), None);
    }
}
