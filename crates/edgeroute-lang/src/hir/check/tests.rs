use super::*;
use crate::diagnostic::Code;
use crate::limits::Limits;
use crate::syntax::parse_condition;

fn checked(text: &str, options: CheckOptions) -> Result<Condition<'_>, Vec<Diagnostic>> {
    let parsed = parse_condition(text, &Limits::default());
    assert_eq!(parsed.errors, [], "{}", text.get(..100).unwrap_or(text));
    check(&parsed.tree, &options)
}

fn table(text: &str) -> String {
    format!("{:?}", checked(text, CheckOptions::default()).unwrap_or_else(|errors| panic!("{text}: {errors:?}")))
}

fn errors(text: &str) -> Vec<Diagnostic> {
    checked(text, CheckOptions::default()).expect_err(text)
}

fn codes(text: &str) -> Vec<Code> {
    errors(text).iter().map(|error| error.code).collect()
}

/// An operand of each static type.
const OPERANDS: [(char, &str); 6] =
    [('S', "name"), ('N', "5"), ('B', "true"), ('0', "null"), ('U', "undefined"), ('V', "$body.x")];

fn letter(ty: Type) -> char {
    match ty {
        Type::Text => 'S',
        Type::Number => 'N',
        Type::Bool => 'B',
        Type::Null => '0',
        Type::Undefined => 'U',
        Type::Value => 'V',
    }
}

/// Returns the static type of a condition, or the mark of its kind of error.
fn type_of(text: &str) -> char {
    match checked(text, CheckOptions::default()) {
        Ok(condition) => letter(condition.type_of(condition.root())),
        Err(errors) => match errors.as_slice() {
            [error] => match error.code {
                Code::InvalidOperands | Code::InvalidArguments => '-',
                Code::NullWithUndefined => '!',
                Code::ValueArithmetic => '%',
                other => panic!("{text}: {other}"),
            },
            _ => panic!("{text}: {errors:?}"),
        },
    }
}

/// A row for each left operand in the order of [`OPERANDS`]; each row has the results for every right operand.
fn binary_table(operator: &str) -> String {
    let row = |left: &str| OPERANDS.map(|(_, right)| type_of(&format!("{left} {operator} {right}"))).iter().collect();
    let rows: Vec<String> = OPERANDS.iter().map(|(_, left)| row(left)).collect();
    rows.join(" ")
}

fn unary_table(before: &str, after: &str) -> String {
    OPERANDS.iter().map(|(_, operand)| type_of(&format!("{before}{operand}{after}"))).collect()
}

#[test]
fn operators_have_the_references_types() {
    for operator in ["+", "-", "*", "/"] {
        assert_eq!(binary_table(operator), "------ -N---V ------ ------ ------ -V---V", "{operator}");
    }
    assert_eq!(binary_table("%"), "------ -N---% ------ ------ ------ -%---%");
    assert_eq!(binary_table("||"), "S----S ------ ------ ------ ------ S----S");
    for operator in ["=", "!=", "<>", "<", "<=", ">", ">="] {
        assert_eq!(binary_table(operator), "B----B -B---B --B--B ---B-B ----B- BBBB-B", "{operator}");
    }
    assert_eq!(binary_table("??"), "S----V -N---V --B--V ---0-V ----U- VVVV-V");
}

#[test]
fn and_and_or_have_the_references_types() {
    // The reference crashes on the entries with `!`.
    assert_eq!(binary_table("and"), "------ ------ --B0B- --00!- --B!B- BBB!BB");
    assert_eq!(binary_table("or"), "------ ------ --BBB- --B0!- --B!B- BBBBBB");
}

#[test]
fn null_with_undefined_is_refused() {
    for text in ["null and undefined", "undefined and null", "null or undefined", "undefined or null", "null or e5"] {
        assert_eq!(codes(text), [Code::NullWithUndefined], "{text}");
    }
}

#[test]
fn value_and_null_is_refused() {
    assert_eq!(codes("$body.t and null"), [Code::NullWithUndefined]);
    assert_eq!(type_of("$body.t or null"), 'B');
}

#[test]
fn remainder_of_a_value_is_refused() {
    for text in ["$body.x % 2 = 0", "5 % $body.x = 0", "$body.x % {$body.y} = 0"] {
        assert_eq!(codes(text), [Code::ValueArithmetic], "{text}");
    }
}

#[test]
fn negation_of_a_value_is_refused() {
    assert_eq!(codes("- $body.x = 1"), [Code::ValueArithmetic]);
    assert_eq!(errors("- $body.x = 1")[0].help.as_deref(), Some("write `(0 - $body.x)`"));
}

#[test]
fn prefix_operators_have_the_references_types() {
    assert_eq!(unary_table("not ", ""), "--BB-B");
    assert_eq!(unary_table("- ", ""), "-N---%");
}

#[test]
fn functions_take_what_the_reference_takes() {
    for name in ["abs", "exp", "square", "ceiling", "floor", "sign", "sqrt"] {
        assert_eq!(unary_table(&format!("{name}("), ")"), "-N---N", "{name}");
    }
    assert_eq!(unary_table("power(1, ", ")"), "-N---N");
    assert_eq!(unary_table("power(", ", $body.y)"), "-N---N");
    assert_eq!(unary_table("as_number(", ")"), "NN---N");
    assert_eq!(unary_table("length(", ")"), "N----N");
    for name in ["lower", "upper"] {
        assert_eq!(unary_table(&format!("{name}("), ")"), "S----S", "{name}");
    }
    assert_eq!(unary_table("substring(", ", 1)"), "S----S");
    assert_eq!(unary_table("substring(a, ", ")"), "-S---S");
    assert_eq!(unary_table("substring(a, 1, ", ")"), "-S---S");
    assert_eq!(unary_table("concat(a, ", ")"), "S----S");
    assert_eq!(unary_table("concat(a, b, $body.c, ", ")"), "S----S");
    assert_eq!(unary_table("index_of(a, ", ")"), "N----N");
    for name in ["starts_with", "ends_with", "contains"] {
        assert_eq!(unary_table(&format!("{name}("), ", 'a')"), "B----B", "{name}");
        assert_eq!(unary_table(&format!("{name}($body.y, "), ")"), "B----B", "{name}");
    }
    for name in ["is_bool", "is_defined", "is_null", "is_number", "is_string"] {
        assert_eq!(unary_table(&format!("{name}("), ")"), "BBBBBB", "{name}");
    }
    assert_eq!(type_of("Is_Defined(a)"), 'B');
}

#[test]
fn argument_counts_are_checked() {
    for call in ["abs()", "abs(1, 2)", "power(1)", "concat(a)", "substring(a)", "substring(a, 1, 2, 3)", "is_null()"] {
        assert_eq!(codes(call), [Code::InvalidArguments], "{call}");
    }
    assert_eq!(
        errors("substring(a)")[0].message,
        "`substring` takes (string, number) or (string, number, number), found 1 argument"
    );
}

#[test]
fn names_read_what_the_reference_reads() {
    for (text, expected) in [
        ("level", "#0 string: property level"),
        ("$", "#0 string: property $"),
        ("$messageId", "#0 string: property or system property $messageId"),
        ("$$q", "#0 string: property or system property $$q"),
        ("{$messageId}", "#0 string: system property messageId"),
        ("{$$q}", "#0 string: system property $q"),
        ("$body", "#0 string: property or system property $body"),
        ("$a[0]", "#0 undefined: undefined"),
        ("{$a[0]}", "#0 undefined: undefined"),
        ("$a]", "#0 undefined: undefined"),
        ("$body.x", "#0 value: property $body.x or body x"),
        ("$BODY.x", "#0 value: property $BODY.x or body x"),
        ("{$Body.x}", "#0 value: body x"),
        ("$body.x[0].y", "#0 value: body x[0].y"),
        ("{$body.x[0]}", "#0 value: body x[0]"),
    ] {
        assert_eq!(table(text), expected, "{text}");
    }
}

#[test]
fn a_stamp_is_not_shadowed_unless_asked_for() {
    let reference = CheckOptions { shadowing: Shadowing::Reference, ..CheckOptions::default() };
    for name in ["connectionDeviceId", "CONNECTIONMODULEID", "outputName", "inputname"] {
        let text = format!("${name}");
        assert_eq!(table(&text), format!("#0 string: system property {name}"));
        let as_reference = format!("{:?}", checked(&text, reference).unwrap());
        assert_eq!(as_reference, format!("#0 string: property or system property {text}"));
    }
}

#[test]
fn literals_that_the_reference_cannot_read_are_undefined() {
    for text in ["e5", "-E5", "0x10000000000000000"] {
        assert_eq!(type_of(text), 'U', "{text}");
        assert_eq!(type_of(&format!("{text} = {text}")), 'B', "{text}");
        assert_eq!(type_of(&format!("is_defined({text})")), 'B', "{text}");
        for refused in [format!("{text} = 1"), format!("{text} + 1"), format!("abs({text})")] {
            assert_eq!(type_of(&refused), '-', "{refused}");
        }
    }
    assert_eq!(table("0xFFFFFFFFFFFFFFFF"), "#0 number: -1.0");
    assert_eq!(table("1e400"), "#0 number: inf");
    assert_eq!(table("-0"), "#0 number: -0.0");
    assert_eq!(table(r"'\\u0041'"), r#"#0 string: "\\A""#);
}

#[test]
fn a_blank_condition_is_undefined() {
    assert_eq!(table(""), "#0 undefined: undefined");
    assert_eq!(table(" /* nothing */ "), "#0 undefined: undefined");
}

#[test]
fn conversions_to_a_value_are_nodes() {
    assert_eq!(
        table("a = $body.x"),
        "#0 string: property a\n#1 value: property $body.x or body x\n#2 value: value of #0\n#3 bool: #2 = #1"
    );
    assert_eq!(
        table("$body.x and undefined"),
        "#0 value: property $body.x or body x\n#1 undefined: undefined\n#2 value: value of #1\n#3 bool: #0 and #2"
    );
}

#[test]
fn null_decides_and_is_decided_when_checking() {
    assert_eq!(table("null and a = b"), "#0 null: null");
    assert_eq!(table("not null"), "#0 bool: true");
    let comparison = "#0 string: property a\n#1 string: property b\n#2 bool: #0 = #1";
    assert_eq!(table("null or a = b"), comparison);
    assert_eq!(table("a = b or null"), comparison);
}

#[test]
fn arithmetic_is_shown_as_it_is_written() {
    for operator in ["+", "-", "*", "/", "%"] {
        let operands = "#0 string: property a\n#1 number: as_number(#0)\n#2 number: 2.0";
        assert_eq!(table(&format!("as_number(a) {operator} 2")), format!("{operands}\n#3 number: #1 {operator} #2"));
    }
}

#[test]
fn chains_of_concat_are_one_call() {
    let parts = "#0 string: property a\n#1 string: property b\n#2 string: property c\n#3 string: property d";
    for text in ["a || b || c || d", "a || (b || (c || d))", "concat(a, concat(b, c), d)", "(a || b) || (c || d)"] {
        assert_eq!(table(text), format!("{parts}\n#4 string: concat(#0, #1, #2, #3)"), "{text}");
    }
}

#[test]
fn twin_function_is_known_only_where_twin_notifications_come_from() {
    let known = CheckOptions { twin_functions: TwinFunctions::Known, ..CheckOptions::default() };
    let call = "Twin_Change_Includes(Tags.location)";
    assert_eq!(codes(call), [Code::TwinFunctionOutsideTwinSource]);
    assert_eq!(format!("{:?}", checked(call, known).unwrap()), "#0 bool: twin_change_includes Tags.location");
    for (text, code) in [
        ("twin_change_includes()", Code::InvalidArguments),
        ("twin_change_includes(tags.a, tags.b)", Code::InvalidArguments),
        ("twin_change_includes('tags.a')", Code::InvalidBodyPath),
        ("twin_change_includes(reported.x)", Code::InvalidBodyPath),
        ("twin_change_includes(tags)", Code::InvalidBodyPath),
        ("twin_change_includes(tags.)", Code::InvalidBodyPath),
        ("twin_change_includes(tags.a || 'b')", Code::InvalidBodyPath),
        ("twin_change_includes((tags.a))", Code::InvalidBodyPath),
        ("twin_change_includes($tags.a)", Code::InvalidBodyPath),
    ] {
        let found: Vec<Code> = checked(text, known).expect_err(text).iter().map(|error| error.code).collect();
        assert_eq!(found, [code], "{text}");
    }
}

#[test]
fn every_mistake_is_reported_once() {
    assert_eq!(codes("(a + 1) * 2 = 3 and not (b + 1 < 4)"), [Code::InvalidOperands, Code::InvalidOperands]);
    assert_eq!(
        codes("abs(a + 1) = b and startswith(c + 1, 'x')"),
        [Code::InvalidOperands, Code::UnknownFunction, Code::InvalidOperands]
    );
    assert_eq!(codes("null and a + 1"), [Code::InvalidOperands]);
    assert_eq!(codes("$body. = 1 and {$body.} = 2"), [Code::InvalidBodyPath, Code::InvalidBodyPath]);
}

#[test]
fn errors_come_in_the_order_of_the_text_and_are_bounded() {
    let found = errors(&format!("{} = 'x'", vec!["not a"; 500].join(" = ")));
    assert_eq!(found.len(), crate::diagnostic::MAX_ERRORS + 1);
    assert_eq!(found.last().map(|error| error.message.as_str()), Some("400 more errors are not listed"));
    let places: Vec<u32> = errors("startswith(a + 1, b + 1)").iter().map(|error| error.primary.span.start()).collect();
    assert_eq!(places, [0, 13, 20]);
}

/// Returns the message, then each label with its text, then the help.
fn reported(text: &str) -> Vec<String> {
    let found = errors(text);
    let [error] = found.as_slice() else { panic!("{found:?}") };
    let labels = core::iter::once(&error.primary).chain(&error.secondary);
    let labels = labels.map(|label| format!("{}: {}", label.span.slice(text), label.text));
    core::iter::once(error.message.clone()).chain(labels).chain(error.help.clone()).collect()
}

#[test]
fn a_property_against_a_number_is_fixed() {
    assert_eq!(
        reported("level > 3"),
        [
            "cannot compare a string with a number",
            ">: expected operands of the same type",
            "level: string: every property is a string",
            "3: number",
            "convert it to a number: `as_number(level) > 3`"
        ]
    );
}

#[test]
fn a_value_on_the_right_is_fixed() {
    assert_eq!(
        reported("a = 'b' and $body.t"),
        [
            "`and` expects bools, found a bool and a body value",
            "and: expected bools",
            "a = 'b': bool",
            "$body.t: body value",
            "compare it: `and $body.t = true`, or put it on the left of `and`"
        ]
    );
}

#[test]
fn an_unknown_function_is_fixed() {
    assert_eq!(
        reported("StartsWith(a, 'b')"),
        ["unknown function `StartsWith`", "StartsWith: ", "did you mean `starts_with`?"]
    );
}

#[test]
fn what_surprises_is_explained() {
    for (text, help) in [
        ("a = 'x' = 'y'", "comparisons cannot be chained; join two of them with `and`"),
        ("level = null", "use `is_null(level)` for \"present and null\", `not is_defined(level)` for \"missing\""),
        ("$body.x = undefined", "a missing body path is null; write `$body.x = null`"),
        ("undefined = level", "use `not is_defined(level)`"),
        ("not level = 'a'", "`not` applies to the next operand only; write `not (level = 'a')`"),
        ("not a and b", "`not` applies to the next operand only; to negate a comparison, write `not (a = ...)`"),
        ("a + b = 'c'", "use `||` to join strings, or `as_number` to read one as a number"),
        ("a + $body.b = 'c'", "use `||` to join strings, or `as_number` to read one as a number"),
        ("$body.a + b = 'c'", "use `||` to join strings, or `as_number` to read one as a number"),
        ("a and true", "compare it, as in `a = 'true'`, or use `is_defined(a)`"),
        ("a ?? b = 'c'", "`??` has the lowest precedence; write `(a ?? b) = 'c'`"),
        ("a ?? 5 = 5", "`??` has the lowest precedence; put it in parentheses"),
        ("a || as_number(b) = 'c'", "no function converts a number to a string"),
    ] {
        assert_eq!(errors(text)[0].help.as_deref(), Some(help), "{text}");
    }
}

#[test]
fn each_comparison_that_is_negated_is_fixed() {
    let found = errors("not b = 'x' and not a = 'y'");
    let helps: Vec<Option<&str>> = found.iter().map(|error| error.help.as_deref()).collect();
    assert_eq!(
        helps,
        ["b = 'x'", "a = 'y'"]
            .map(|meant| format!("`not` applies to the next operand only; write `not ({meant})`"))
            .each_ref()
            .map(|help| Some(help.as_str()))
    );
}

#[test]
fn nothing_is_suggested_where_the_intention_is_unclear() {
    for text in ["'x' and true", "lower(a) or true", "is_defined(a) = 5"] {
        assert_eq!(errors(text)[0].help, None, "{text}");
    }
}

#[test]
fn names_too_long_for_a_message_are_not_repeated_in_it() {
    let name = "n".repeat(crate::diagnostic::QUOTED + 1);
    assert_eq!(
        errors(&format!("{name} > 3"))[0].help.as_deref(),
        Some("use `as_number(...)` to convert it to a number")
    );
}

#[test]
fn a_body_path_is_marked_where_it_goes_wrong() {
    let text = "$body.a[x] = 1 and { $body.b. } = 1";
    let places: Vec<&str> = errors(text).iter().map(|error| error.primary.span.slice(text)).collect();
    assert_eq!(places, ["x", "{ $body.b. }"]);
}

#[test]
fn undefined_literals_say_why() {
    assert_eq!(reported("e5 = 1")[2], "e5: undefined: a number without a digit before its `e`");
    assert_eq!(reported("$a[0] = 'b'")[2], "$a[0]: undefined: only `$body.` paths can have an index");
}

/// Every fix is certain: the fixed text compiles.
#[test]
fn fixes_fix() {
    for (text, fixed) in [
        ("level > 3", "as_number(level) > 3"),
        ("3 = $level", "3 = as_number($level)"),
        ("(level) - $body.n > 1", "as_number(level) - $body.n > 1"),
        ("as_number(level) > '3'", "as_number(level) > 3"),
        ("(level ?? 3) = 3", "(as_number(level) ?? 3) = 3"),
        ("$body.n - level > 1", "$body.n - as_number(level) > 1"),
        ("flag = true", "flag = 'true'"),
        ("true = flag", "'true' = flag"),
        ("a ?? b = 'c'", "(a ?? b) = 'c'"),
        ("a = 'b' or $body.t", "a = 'b' or $body.t = true"),
        ("true and $body.a + $body.b", "true and $body.a + $body.b = true"),
        ("$body.n % 2 = 0", "as_number($body.n) % 2 = 0"),
        ("2 * - $body.n = 4", "2 * (0 - $body.n) = 4"),
        ("- level = 4", "- as_number(level) = 4"),
        ("a || 5 = 'a5'", "a || '5' = 'a5'"),
        ("abs(level) = 4", "abs(as_number(level)) = 4"),
        ("end_with(a, 'b')", "ends_with(a, 'b')"),
    ] {
        let found = errors(text);
        let fix = found[0].fix.as_ref().unwrap_or_else(|| panic!("{text}: {found:?}"));
        let mut edited = text.to_owned();
        edited.replace_range(fix.span.range(), &fix.replacement);
        assert_eq!(edited, fixed);
        assert!(checked(&edited, CheckOptions::default()).is_ok(), "{edited}");
    }
}

#[test]
fn long_conditions_are_checked_without_recursion() {
    let wide = vec!["a = 'b'"; 50_000].join(" and ");
    assert_eq!(checked(&wide, CheckOptions::default()).unwrap().nodes().len(), 199_999);
    let parts = vec!["a"; 100_000].join(" || ");
    assert_eq!(checked(&parts, CheckOptions::default()).unwrap().nodes().len(), 100_001);
}
