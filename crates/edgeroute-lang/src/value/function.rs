//! Computes functions.

use super::{Operand, Texts, Type, Value};
use crate::builtin::Function;

/// Calls a function. If the kind or number of the arguments is wrong, the result is undefined.
pub fn call<X: Texts>(function: Function, arguments: &[Operand<'_, X::Text>], texts: &mut X) -> Value<X::Text> {
    match function {
        // SEMANTICS#abs-exp-floor-ceiling
        Function::Abs => of_number(arguments, f64::abs),
        Function::Ceiling => of_number(arguments, f64::ceil),
        Function::Exp => of_number(arguments, f64::exp),
        Function::Floor => of_number(arguments, f64::floor),
        Function::Sign => of_number(arguments, sign),
        // NaN, the root of a negative number, is undefined (SEMANTICS#sqrt).
        Function::Sqrt => of_number(arguments, f64::sqrt),
        Function::Square => of_number(arguments, |base| power(base, 2.0)),
        Function::Power => match numbers(arguments) {
            Some([base, exponent]) => Value::number(power(base, exponent)),
            _ => Value::Undefined,
        },
        Function::AsNumber => of_any(arguments, |argument| as_number(argument.value, texts)),
        Function::IsBool => of_any(arguments, is_bool),
        // SEMANTICS#is-defined
        Function::IsDefined => of_any(arguments, |argument| Value::Bool(argument.value.is_defined())),
        Function::IsNull => of_any(arguments, is_null),
        Function::IsNumber => of_any(arguments, |argument| Value::Bool(is_number(argument.value))),
        // SEMANTICS#is-string
        Function::IsString => of_any(arguments, |argument| Value::Bool(matches!(argument.value, Value::Text(_)))),
        Function::Concat => concat(arguments.iter().map(|argument| argument.value), texts),
        // SEMANTICS#length
        Function::Length => of_text(arguments, |text| Value::Number(count(texts.length(text)))),
        Function::Lower => of_text(arguments, |text| Value::Text(texts.lower(text))),
        Function::Upper => of_text(arguments, |text| Value::Text(texts.upper(text))),
        // SEMANTICS#contains
        Function::Contains => of_texts(arguments, |text, part| Value::Bool(texts.find(text, part).is_some())),
        // SEMANTICS#index-of
        Function::IndexOf => {
            of_texts(arguments, |text, part| Value::Number(texts.find(text, part).map_or(-1.0, count)))
        }
        Function::StartsWith => of_texts(arguments, |text, part| Value::Bool(texts.starts_with(text, part))),
        Function::EndsWith => of_texts(arguments, |text, part| Value::Bool(texts.ends_with(text, part))),
        Function::Substring => substring(arguments, texts),
        // Reads the message, so it has a node of its own in the typed form (SEMANTICS#twin-change-includes).
        Function::TwinChangeIncludes => Value::Undefined,
    }
}

/// Joins strings. A null property counts as the empty string (SEMANTICS#concat).
pub fn concat<'v, X: Texts>(
    arguments: impl Iterator<Item = &'v Value<X::Text>> + Clone,
    texts: &mut X,
) -> Value<X::Text>
where
    X::Text: 'v,
{
    if !arguments.clone().all(|argument| matches!(argument, Value::Text(_) | Value::NullText)) {
        return Value::Undefined;
    }
    Value::Text(texts.join(arguments.filter_map(|argument| match argument {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    })))
}

fn of_any<T>(arguments: &[Operand<'_, T>], compute: impl FnOnce(Operand<'_, T>) -> Value<T>) -> Value<T> {
    match arguments {
        [argument] => compute(*argument),
        _ => Value::Undefined,
    }
}

/// Returns the arguments as numbers, if all of them are numbers and the count is right. A body value may be NaN.
fn numbers<T, const COUNT: usize>(arguments: &[Operand<'_, T>]) -> Option<[f64; COUNT]> {
    let mut numbers = [0.0; COUNT];
    if arguments.len() != COUNT {
        return None;
    }
    for (number, argument) in numbers.iter_mut().zip(arguments) {
        let Value::Number(argument) = argument.value else {
            return None;
        };
        *number = *argument;
    }
    Some(numbers)
}

fn of_number<T>(arguments: &[Operand<'_, T>], compute: impl FnOnce(f64) -> f64) -> Value<T> {
    match numbers(arguments) {
        Some([number]) => Value::number(compute(number)),
        None => Value::Undefined,
    }
}

/// Computes a function of one string. Anything else is undefined, a null property included (SEMANTICS#arguments).
fn of_text<T>(arguments: &[Operand<'_, T>], compute: impl FnOnce(&T) -> Value<T>) -> Value<T> {
    match arguments {
        [Operand { value: Value::Text(text), .. }] => compute(text),
        _ => Value::Undefined,
    }
}

fn of_texts<T>(arguments: &[Operand<'_, T>], compute: impl FnOnce(&T, &T) -> Value<T>) -> Value<T> {
    match arguments {
        [Operand { value: Value::Text(text), .. }, Operand { value: Value::Text(part), .. }] => compute(text, part),
        _ => Value::Undefined,
    }
}

/// Returns -1, positive zero or 1 (SEMANTICS#sign).
fn sign(number: f64) -> f64 {
    match number.partial_cmp(&0.0) {
        Some(ordering) => f64::from(ordering as i8),
        None => number,
    }
}

/// Computes as the C library does, like the reference, so that `square(1.1) = power(1.1, 2)` (SEMANTICS#power). Without
/// `black_box` a constant exponent becomes a multiplication, which can round differently.
fn power(base: f64, exponent: f64) -> f64 {
    base.powf(core::hint::black_box(exponent))
}

/// Reads a string as a number, or returns a number unchanged (SEMANTICS#as-number).
fn as_number<X: Texts>(argument: &Value<X::Text>, texts: &mut X) -> Value<X::Text> {
    match argument {
        Value::Text(text) => texts.as_number(text).map_or(Value::Undefined, Value::number),
        Value::Number(number) => Value::number(*number),
        _ => Value::Undefined,
    }
}

/// An undefined bool or body value is undefined, every other non-bool is false (SEMANTICS#is-bool).
fn is_bool<T>(argument: Operand<'_, T>) -> Value<T> {
    match (argument.ty, argument.value) {
        (Type::Bool | Type::Value, Value::Undefined) => Value::Undefined,
        (_, value) => Value::Bool(matches!(value, Value::Bool(_))),
    }
}

/// A body value that is present counts as null, whatever it is; a missing path does not (SEMANTICS#is-null).
fn is_null<T>(argument: Operand<'_, T>) -> Value<T> {
    match (argument.ty, argument.value) {
        (Type::Value, Value::Undefined) => Value::Undefined,
        (Type::Value, value) => Value::Bool(!matches!(value, Value::Missing)),
        (_, value) => Value::Bool(matches!(value, Value::Null | Value::NullText)),
    }
}

/// Whether the value is a finite number (SEMANTICS#is-number).
fn is_number<T>(value: &Value<T>) -> bool {
    matches!(value, Value::Number(number) if number.is_finite())
}

/// Checks the range on the doubles, then drops the fractions (SEMANTICS#substring).
fn substring<X: Texts>(arguments: &[Operand<'_, X::Text>], texts: &mut X) -> Value<X::Text> {
    let [Operand { value: Value::Text(text), .. }, range @ ..] = arguments else {
        return Value::Undefined;
    };
    let (start, wanted) = match (numbers(range), numbers(range)) {
        (Some([start]), _) => (start, None),
        (_, Some([start, wanted])) => (start, Some(wanted)),
        _ => return Value::Undefined,
    };
    let units = texts.length(text);
    let length = count(units);
    match wanted {
        None if start >= 0.0 && start <= length => {
            let start = truncate(start);
            Value::Text(texts.part(text, start, units - start))
        }
        Some(wanted) if start >= 0.0 && start < length && wanted >= 0.0 && wanted <= length - start => {
            Value::Text(texts.part(text, truncate(start), truncate(wanted)))
        }
        _ => Value::Undefined,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the length of a text in memory is far below 2^53")]
fn count(length: usize) -> f64 {
    length as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "called with 0 <= number <= a length")]
fn truncate(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::Units;

    type Value = super::Value<Arc<[u16]>>;
    type Operand<'v> = super::Operand<'v, Arc<[u16]>>;

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
        call(function, &operands, &mut Units)
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
    fn kinds_are_decided_by_type_and_value() {
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
                .map(|&function| match call(function, &[Operand { ty, value: &value }], &mut Units) {
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
}
