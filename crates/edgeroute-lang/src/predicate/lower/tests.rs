use super::*;
use crate::hir::{CheckOptions, Property, check, fold};
use crate::limits::Limits;
use crate::predicate::{Formula, SlotKind};
use crate::steps::counted;
use crate::syntax::parse_condition;

/// Prints the formula of a condition.
fn lowered(text: &str) -> String {
    let parsed = parse_condition(text, &Limits::default().with_route_bytes(1 << 24));
    assert_eq!(parsed.errors, []);
    let condition = check(&parsed.tree, &CheckOptions::default()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let (mut interner, mut formulas) = (Interner::default(), Formulas::new());
    let root = lower(&fold(&condition), &mut interner, &mut formulas);
    shown(&formulas, root, &interner)
}

/// Prints `&` and `|` of tests, with nested parts in parentheses.
fn shown(formulas: &Formulas, id: FormulaId, interner: &Interner) -> String {
    let joined = |parts: &[FormulaId], by: &str| {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| match formulas.get(*part) {
                Formula::And(_) | Formula::Or(_) => format!("({})", shown(formulas, *part, interner)),
                _ => shown(formulas, *part, interner),
            })
            .collect();
        parts.join(by)
    };
    match formulas.get(id) {
        Formula::True => "true".to_owned(),
        Formula::False => "false".to_owned(),
        Formula::Test(test) => shown_test(*test, interner),
        Formula::And(parts) => joined(parts, " & "),
        Formula::Or(parts) => joined(parts, " | "),
    }
}

fn shown_test(test: Test, interner: &Interner) -> String {
    let slot = match interner.reads.get(test.slot) {
        Some(SlotKind::Application(name)) => name.to_string(),
        Some(SlotKind::System(name)) => format!("{{{name}}}"),
        Some(SlotKind::ApplicationOrSystem(name)) => format!("${name}"),
        Some(SlotKind::Body { path, .. }) => format!("body.{}", path.as_str()),
        None => "?".to_owned(),
    };
    let constants = &interner.constants;
    let ordered = |orderings: Orderings| {
        let signs =
            [(core::cmp::Ordering::Less, '<'), (core::cmp::Ordering::Equal, '='), (core::cmp::Ordering::Greater, '>')];
        signs.iter().filter(|(ordering, _)| orderings.contains(*ordering)).map(|(_, sign)| *sign).collect::<String>()
    };
    let not = |is: bool| if is { "" } else { "not " };
    match test.kind {
        TestKind::State(states) => {
            let states: Vec<&str> = [(States::ABSENT, "absent"), (States::NULL, "null"), (States::TEXT, "text")]
                .iter()
                .filter(|(state, _)| states.contains(*state))
                .map(|(_, name)| *name)
                .collect();
            format!("{slot} {}", states.join("/"))
        }
        TestKind::Text(orderings, text) => format!("{slot} {} {:?}", ordered(orderings), constants.text_of(text)),
        TestKind::Affix(affix, has, text) => format!("{}{affix:?} {slot} {:?}", not(has), constants.text_of(text)),
        TestKind::Number(within, interval) => {
            let Interval { low, high } = constants.interval_of(interval);
            format!("{slot} {}in {low:e}..={high:e}", not(within))
        }
        TestKind::Value(orderings, value) => {
            let value = match constants.value_of(value) {
                ValueConstant::Bool(truth) => truth.to_string(),
                ValueConstant::Number(number) => number.to_string(),
                ValueConstant::Text(text) => format!("{:?}", constants.text_of(text)),
                ValueConstant::Null => "null".to_owned(),
            };
            format!("{slot} {} {value}", ordered(orderings))
        }
        TestKind::Expression(truth, expression) => format!("{}{expression:?}", not(truth)),
    }
}

#[track_caller]
fn check_all(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(lowered(text), *expected, "{text}");
    }
}

#[test]
fn comparisons_of_properties_are_tests() {
    check_all(&[
        ("a = 'x'", r#"A = "x""#),
        ("'x' = a", r#"A = "x""#),
        ("a != 'x'", r#"A <> "x""#),
        ("a < 'x'", r#"A < "x""#),
        ("'x' < a", r#"A > "x""#),
        ("a >= 'x'", r#"A => "x""#),
        ("not (a >= 'x')", r#"A < "x""#),
        ("not (a = 'x')", r#"A <> "x""#),
        ("$a = 'x'", r#"$A = "x""#),
        ("{$a} = 'x'", r#"{A} = "x""#),
        ("$connectionDeviceId = 'x'", r#"{CONNECTIONDEVICEID} = "x""#),
        ("starts_with(a, 'x')", r#"Prefix A "x""#),
        ("not ends_with(a, 'x')", r#"not Suffix A "x""#),
        ("contains(a, '')", r#"Infix A """#),
        ("is_defined(a)", "A null/text"),
        ("not is_defined(a)", "A absent"),
        ("is_null(a)", "A null"),
        ("not is_null(a)", "A absent/text"),
        ("is_string(a)", "A text"),
        ("not is_string(a)", "A absent/null"),
    ]);
}

#[test]
fn comparisons_of_numbers_are_closed_intervals() {
    check_all(&[
        ("as_number(a) = 5", "A in 5e0..=5e0"),
        ("as_number(a) != 5", "A not in 5e0..=5e0"),
        ("not (as_number(a) = 5)", "A not in 5e0..=5e0"),
        ("as_number(a) <= 5", "A in -inf..=5e0"),
        ("as_number(a) < 0", "A in -inf..=-5e-324"),
        ("as_number(a) > -0", "A in 5e-324..=inf"),
        ("not (as_number(a) > 1)", "A in -inf..=1e0"),
        ("1 >= as_number(a)", "A in -inf..=1e0"),
        ("as_number(a) > 1e400", "false"),
        ("as_number(a) >= 1e400", "A in inf..=inf"),
        ("as_number(a) < -1e400", "false"),
        ("as_number(a) <= 1e400", "A in -inf..=inf"),
        ("as_number($body.n) = 5", "body.n in 5e0..=5e0"),
        // Accepts a number, and is not a simple test.
        ("as_number(as_number(a)) = 5", "#0"),
    ]);
}

#[test]
fn comparisons_of_body_values_are_tests() {
    check_all(&[
        // Constants that are converted to body values are folded first.
        ("$body.n = 5", "body.n = 5"),
        ("5 < $body.n", "body.n > 5"),
        ("$body.n = -0", "body.n = -0"),
        ("$body.n = 2 + 3", "body.n = 5"),
        ("$body.n != 'x'", r#"body.n <> "x""#),
        ("not ($body.n != 'x')", r#"body.n = "x""#),
        ("$body.n = null", "body.n = null"),
        ("null >= $body.n", "body.n <= null"),
        ("$body.n = true", "body.n = true"),
        ("{$body.n} = false", "body.n = false"),
        // One expression, whose operands are not expressions of their own.
        ("($body.n ?? $body.m) = true", "#0"),
        // NaN is a value, but not a constant that a test can have.
        ("(1e400 ?? $body.n) - (1e400 ?? $body.n) < $body.m", "#0"),
        // The other operand is not a constant, or not a well-formed one.
        ("$body.n = a", "#0"),
        ("$body.n = $body.m", "#0"),
        (r"$body.n = '\uD800'", "#0"),
        (r"a = '\uD800'", "#0"),
        ("starts_with($body.n, 'x')", "#0"),
        ("is_defined($body.n)", "#0"),
    ]);
}

#[test]
fn values_joined_by_and_or_or_must_both_be_bools() {
    check_all(&[
        ("$body.a", "body.a = true"),
        ("not $body.a", "body.a = false"),
        ("$body.a and $body.b", "body.a = true & body.b = true"),
        (
            "not ($body.a and $body.b)",
            "(body.a = false & body.b = true) | (body.a = false & body.b = false) | (body.a = true & body.b = false)",
        ),
        (
            "$body.a or $body.b",
            "(body.a = true & body.b = false) | (body.a = true & body.b = true) | (body.a = false & body.b = true)",
        ),
        ("not ($body.a or $body.b)", "body.a = false & body.b = false"),
        // Operands that are not leaves would be in the formula more than once.
        ("$body.a or is_defined(b)", "#0"),
        ("not ($body.a or is_defined(b))", "body.a = false & B absent"),
        ("$body.a and is_defined(b)", "body.a = true & B null/text"),
        ("not ($body.a and is_defined(b))", "not #0"),
        // Regression: an operand that is not a leaf was lost, and the route with it.
        ("$body.a and (b = 'x' and c = 'y')", r#"body.a = true & B = "x" & C = "y""#),
        ("$body.a and (b = 'x' or c = 'y')", r#"body.a = true & (B = "x" | C = "y")"#),
        ("not ($body.a or (b = 'x' or c = 'y'))", r#"body.a = false & B <> "x" & C <> "y""#),
        ("not ($body.a or (b = 'x' and c = 'y'))", r#"body.a = false & (B <> "x" | C <> "y")"#),
        ("$body.a and 5", "false"),
        ("$body.a and length(b)", "false"),
        // A constant stays if the other operand may not be a bool.
        ("$body.a and true", "body.a = true"),
        ("not ($body.a and true)", "body.a = false"),
        ("not ($body.a or false)", "body.a = false"),
        ("not ($body.a and false)", "body.a = false | body.a = true"),
        ("$body.a or true", "body.a = true | body.a = false"),
        ("not ($body.a or true)", "false"),
        ("not ($body.a and $body.a)", "body.a = false"),
    ]);
}

#[test]
fn comparisons_of_bools_with_a_constant_are_decomposed() {
    check_all(&[
        ("(a = 'x') = true", r#"A = "x""#),
        ("(a = 'x') = false", r#"A <> "x""#),
        ("true != (a = 'x')", r#"A <> "x""#),
        ("(a = 'x') < true", r#"A <> "x""#),
        ("(a = 'x') <= true", r#"A = "x" | A <> "x""#),
        ("not ((a = 'x') <= true)", "false"),
        ("false > (a = 'x')", "false"),
        ("not (false > (a = 'x'))", r#"A = "x" | A <> "x""#),
        ("(a = 'x') = (b = 'x')", "#0"),
        ("(a = 'x') = is_defined(undefined)", r#"A <> "x""#),
    ]);
}

#[test]
fn connectives_keep_their_shape() {
    check_all(&[
        ("true", "true"),
        ("false", "false"),
        ("null", "false"),
        ("a", "false"),
        ("5", "false"),
        ("undefined", "false"),
        ("a = '1' and b = '2' and c = '3'", r#"A = "1" & B = "2" & C = "3""#),
        ("a = '1' or (b = '2' or c = '3')", r#"A = "1" | B = "2" | C = "3""#),
        ("a = '1' and (b = '2' or c = '3')", r#"A = "1" & (B = "2" | C = "3")"#),
        ("not (a = '1' and b = '2')", r#"A <> "1" | B <> "2""#),
        ("not (a = '1' or not (b = '2'))", r#"A <> "1" & B = "2""#),
        ("a = '1' and false", "false"),
        ("undefined or a = '1'", r#"A = "1""#),
        ("undefined and a = '1'", "false"),
        ("not (undefined and a = '1')", r#"A <> "1""#),
        ("(a ?? b) = 'x' and c = '1'", r#"#0 & C = "1""#),
    ]);
}

#[test]
fn contradictions_are_false_and_implied_tests_are_dropped() {
    check_all(&[
        ("a = '1' and a = '1'", r#"A = "1""#),
        ("a = '1' and a = '2'", "false"),
        ("a = '1' and a != '2'", r#"A = "1""#),
        ("a != '1' and a = '1'", "false"),
        ("a = 'b' and a < 'c'", r#"A = "b""#),
        ("a = 'b' and a > 'c'", "false"),
        // By UTF-16 code units, not by bytes.
        (r"a = '\uFFFF' and a > '😀'", r#"A = "\u{ffff}""#),
        ("a = '1' and is_defined(a)", r#"A = "1""#),
        ("a = '1' and is_null(a)", "false"),
        ("a = '1' and not is_defined(a)", "false"),
        ("is_null(a) and is_defined(a)", "A null"),
        ("is_null(a) and is_string(a)", "false"),
        ("is_defined(a) and not is_null(a) and a = '1'", r#"A = "1""#),
        ("starts_with(a, 'x') and is_string(a)", r#"Prefix A "x""#),
        ("starts_with(a, 'x') and is_null(a)", "false"),
        ("as_number(a) > 1 and as_number(a) <= 5", "A in 1.0000000000000002e0..=5e0"),
        ("as_number(a) > 1 and as_number(a) < 1", "false"),
        ("as_number(a) >= 1 and as_number(a) <= 1 and as_number(a) <= 3", "A in 1e0..=1e0"),
        ("$body.n = 5 and $body.n = 6", "false"),
        ("$body.n = 5 and $body.n = 5", "body.n = 5"),
        ("$body.n = 5 and $body.n != 6", "body.n = 5 & body.n <> 6"),
        ("b = '1' or (a = '1' and a = '2')", r#"B = "1""#),
        ("c = '1' and (b = '1' or (a = '1' and a = '2'))", r#"C = "1" & B = "1""#),
        ("a = '1' and (b = '1' and b = '2' or c = '1' and c = '2')", "false"),
    ]);
}

#[test]
fn contradictions_are_searched_in_conjunctions_of_up_to_24_parts() {
    let conjunction = |count: usize| {
        let parts: Vec<String> = (2..count).map(|n| format!("a{n} = '1'")).collect();
        format!("b = '1' and {} and b = '2'", parts.join(" and "))
    };
    assert_eq!(lowered(&conjunction(24)), "false");
    let long = lowered(&conjunction(25));
    assert!(long.starts_with(r#"B = "1" & A2 = "1" & "#) && long.ends_with(r#" & B = "2""#), "{long}");
    // A part that is never true is dropped from a long formula too.
    let choices = format!("{} and (c = '1' or d = '1' and d = '2')", conjunction(25));
    assert_eq!(lowered(&choices), format!(r#"{long} & C = "1""#));
}

#[test]
fn names_that_differ_by_case_are_one_slot() {
    check_all(&[("Level = 'a' and LEVEL = 'a'", r#"LEVEL = "a""#), ("région = 'a' and RÉGION = 'b'", "false")]);
    let mut interner = Interner::default();
    let slot = interner.reads.property(Property::Application("a"));
    assert_ne!(slot, interner.reads.property(Property::System("a")));
    assert_ne!(slot, interner.reads.property(Property::ApplicationOrSystem("$a")));
    assert_eq!(slot, interner.reads.property(Property::Application("A")));
}

#[test]
fn the_cost_of_lowering_does_not_depend_on_earlier_conditions() {
    let parsed = parse_condition("a = 'x' and (b = 'y' or as_number(c) > 5)", &Limits::default());
    let condition = check(&parsed.tree, &CheckOptions::default()).unwrap();
    let (mut interner, mut formulas) = (Interner::default(), Formulas::new());
    let mut steps = || counted(|| lower(&condition, &mut interner, &mut formulas)).0;
    steps();
    let second = steps();
    assert_eq!((0..100).map(|_| steps()).max(), Some(second));
}

/// Otherwise the innermost parts would move at every level.
#[test]
fn conjunctions_that_nest_to_the_right_lower_in_linear_time() {
    let steps = |depth: usize| {
        let text = format!("{}a = 'x'{}", "b = 'y' and (".repeat(depth), ")".repeat(depth));
        counted(|| lowered(&text)).0
    };
    let (few, many) = (steps(450), steps(900));
    assert!(many < few * 5 / 2, "{few} {many}");
}

#[test]
fn long_chains_lower_in_linear_time() {
    for (count, by, part) in [
        (100_000, "and", "x0 != '1'"),
        (100_000, "or", "x0 = '1'"),
        (20_000, "and", "(a = '1' or b = '2')"),
        (20_000, "or", "(a = '1' and b = '2')"),
    ] {
        let parts: Vec<String> = (0..count).map(|n| part.replace("x0", &format!("x{}", n % 1_000))).collect();
        let formula = lowered(&format!("({})", parts.join(&format!(" {by} "))));
        assert!(formula.len() > count * 5, "{}", formula.len());
    }
    // The operators alternate, so that nothing can be flattened.
    let nested = (0..800).fold("a = '1'".to_owned(), |inner, n| {
        format!("({inner} {} b = '{n}')", if n % 2 == 0 { "and" } else { "or" })
    });
    assert!(lowered(&nested).contains("799"));
}
