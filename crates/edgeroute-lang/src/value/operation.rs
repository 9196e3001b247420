//! Computes operators. The rules are in `grammar/SEMANTICS.md`; comments cite them by anchor.

use core::cmp::Ordering;

use super::{Arithmetic, Comparable, Comparison, Operand, Texts, Type, Value};

/// Negates a bool; anything else is undefined (SEMANTICS#not).
pub fn not<T>(value: &Value<T>) -> Value<T> {
    match value {
        Value::Bool(value) => Value::Bool(!value),
        _ => Value::Undefined,
    }
}

/// Negates a number; anything else is undefined (SEMANTICS#negation).
pub fn negate<T>(value: &Value<T>) -> Value<T> {
    match value {
        Value::Number(value) => Value::number(-value),
        _ => Value::Undefined,
    }
}

/// Three-valued `and` on bools (SEMANTICS#kleene). With a body value on the left, both sides must be bools, else the
/// result is undefined (SEMANTICS#body-truth).
pub fn and<T>(left: Operand<'_, T>, right: Operand<'_, T>) -> Value<T> {
    match (left.value, right.value) {
        (Value::Bool(left), Value::Bool(right)) => Value::Bool(*left && *right),
        (Value::Bool(false), _) | (_, Value::Bool(false)) if left.ty != Type::Value => Value::Bool(false),
        _ => Value::Undefined,
    }
}

/// Three-valued `or` (SEMANTICS#kleene), or two bools if the left side is a body value (SEMANTICS#body-truth).
pub fn or<T>(left: Operand<'_, T>, right: Operand<'_, T>) -> Value<T> {
    match (left.value, right.value) {
        (Value::Bool(left), Value::Bool(right)) => Value::Bool(*left || *right),
        (Value::Bool(true), _) | (_, Value::Bool(true)) if left.ty != Type::Value => Value::Bool(true),
        _ => Value::Undefined,
    }
}

/// Computes on two numbers; anything else is undefined (SEMANTICS#arithmetic). NaN is undefined unless the result is a
/// body value (SEMANTICS#nan).
pub fn arithmetic<T>(operator: Arithmetic, left: Operand<'_, T>, right: Operand<'_, T>) -> Value<T> {
    let (Value::Number(a), Value::Number(b)) = (left.value, right.value) else {
        return Value::Undefined;
    };
    let result = match operator {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        // The sign is that of the left operand (SEMANTICS#remainder).
        Arithmetic::Remainder => a % b,
    };
    if left.ty == Type::Value { Value::Number(result) } else { Value::number(result) }
}

/// Compares two operands, which have one static type or are body values. Undefined if either side is
/// (SEMANTICS#undefined-comparison).
pub fn compare<X: Texts>(
    comparison: Comparison,
    left: Operand<'_, X::Text>,
    right: Operand<'_, X::Text>,
    texts: &mut X,
) -> Value<X::Text> {
    match order(left.ty, left.value, right.value, texts) {
        Some(ordering) => Value::Bool(comparison.holds(ordering)),
        None => Value::Undefined,
    }
}

/// Compares two values of static type `ty`; `None` if the comparison is undefined.
fn order<X: Texts>(ty: Type, left: &Value<X::Text>, right: &Value<X::Text>, texts: &mut X) -> Option<Ordering> {
    // SEMANTICS#undefined-comparison
    let (left, right) = (left.as_comparable()?, right.as_comparable()?);
    match (left, right) {
        // A null property against a string (SEMANTICS#null-property-comparison).
        (Comparable::NullText, _) | (_, Comparable::NullText) if ty == Type::Text => None,
        _ => Some(left.compare(right, |left, right| texts.compare(left, right))),
    }
}

/// Returns the left value if it is defined, else the right one (SEMANTICS#coalesce).
pub fn coalesce<T: Clone>(left: &Value<T>, right: &Value<T>) -> Value<T> {
    if left.is_defined() { left.clone() } else { right.clone() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::Units;

    type Value = super::Value<Arc<[u16]>>;
    type Operand<'v> = super::Operand<'v, Arc<[u16]>>;

    const NAN: Value = Value::Number(f64::NAN);

    fn of(ty: Type, value: &Value) -> Operand<'_> {
        Operand { ty, value }
    }

    fn truth(value: &Value) -> char {
        match value {
            Value::Bool(true) => 'T',
            Value::Bool(false) => 'F',
            Value::Undefined => 'U',
            _ => '?',
        }
    }

    /// The results for all pairs of true, false, undefined, row by row.
    fn truth_table(ty: Type, operation: fn(Operand<'_>, Operand<'_>) -> Value) -> String {
        let values = [Value::Bool(true), Value::Bool(false), Value::Undefined];
        let cell = |left, right| truth(&operation(of(ty, left), of(ty, right)));
        let rows: Vec<String> =
            values.iter().map(|left| values.iter().map(|right| cell(left, right)).collect()).collect();
        rows.join(" ")
    }

    #[test]
    fn and_and_or_on_bools_follow_kleene() {
        assert_eq!(truth_table(Type::Bool, and), "TFU FFF UFU");
        assert_eq!(truth_table(Type::Bool, or), "TTT TFU TUU");
    }

    #[test]
    fn and_and_or_on_values_need_two_bools() {
        assert_eq!(truth_table(Type::Value, and), "TFU FFU UUU");
        assert_eq!(truth_table(Type::Value, or), "TTU TFU UUU");
        for other in [Value::Null, Value::Missing, Value::Number(1.0), Value::text("true"), Value::NullText] {
            assert_eq!(and(of(Type::Value, &other), of(Type::Value, &Value::Bool(false))), Value::Undefined);
            assert_eq!(or(of(Type::Value, &Value::Bool(true)), of(Type::Value, &other)), Value::Undefined);
            assert_eq!(not(&other), Value::Undefined);
        }
    }

    #[test]
    fn nan_is_undefined_as_a_number_and_defined_as_a_value() {
        let infinity = Value::Number(f64::INFINITY);
        let difference = |ty| arithmetic(Arithmetic::Subtract, of(ty, &infinity), of(ty, &infinity));
        assert_eq!(difference(Type::Number), Value::Undefined);
        assert!(matches!(difference(Type::Value), Value::Number(number) if number.is_nan()));
    }

    #[test]
    fn arithmetic_takes_numbers_only() {
        let five = Value::Number(5.0);
        for other in [Value::Undefined, Value::Null, Value::Missing, Value::Bool(true), Value::text("5")] {
            for operator in [Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply, Arithmetic::Divide] {
                assert_eq!(arithmetic(operator, of(Type::Value, &five), of(Type::Value, &other)), Value::Undefined);
                assert_eq!(arithmetic(operator, of(Type::Value, &other), of(Type::Value, &five)), Value::Undefined);
            }
        }
    }

    #[test]
    fn remainder_keeps_the_left_sign() {
        let remainder = |a, b| {
            arithmetic(Arithmetic::Remainder, of(Type::Number, &Value::Number(a)), of(Type::Number, &Value::Number(b)))
        };
        assert_eq!(remainder(-7.0, 3.0), Value::Number(-1.0));
        assert_eq!(remainder(7.0, -3.0), Value::Number(1.0));
        assert_eq!(remainder(7.0, 0.0), Value::Undefined);
    }

    #[test]
    fn a_missing_path_and_a_null_are_equal() {
        for left in [Value::Null, Value::Missing] {
            for right in [Value::Null, Value::Missing] {
                assert_eq!(order(Type::Value, &left, &right, &mut Units), Some(Ordering::Equal));
            }
        }
    }

    #[test]
    fn comparisons_with_undefined_are_undefined() {
        for other in [Value::Undefined, Value::Bool(true), NAN, Value::NullText, Value::text("a"), Value::Null] {
            assert_eq!(order(Type::Value, &other, &Value::Undefined, &mut Units), None);
            assert_eq!(order(Type::Value, &Value::Undefined, &other, &mut Units), None);
        }
    }

    #[test]
    fn a_null_property_is_undefined_against_a_string() {
        for other in [Value::NullText, Value::text(""), Value::text("a")] {
            assert_eq!(order(Type::Text, &Value::NullText, &other, &mut Units), None);
            assert_eq!(order(Type::Text, &other, &Value::NullText, &mut Units), None);
        }
    }

    #[test]
    fn coalesce_treats_null_as_defined() {
        let other = Value::text("b");
        for left in [Value::Null, Value::Missing, Value::NullText, Value::text("a")] {
            assert_eq!(coalesce(&left, &other), left);
        }
        assert_eq!(coalesce(&Value::Undefined, &other), other);
    }
}
