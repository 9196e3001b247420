//! Tests the help for common mistakes: the fixed route, or the alternative. Each help must appear where it should and
//! nowhere else.

use edgeroute::CheckedManifest;
use edgeroute_lang::diagnostic::{Code, Diagnostic};
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;

fn errors(route: &str) -> Vec<Diagnostic> {
    TypedRoute::compile(route, Shadowing::default(), &Limits::default()).err().unwrap_or_default()
}

/// The text with the diagnostic's fix applied.
fn fixed(text: &str, error: &Diagnostic) -> String {
    let fix = error.fix.as_ref().unwrap_or_else(|| panic!("no fix for {text}: {error:?}"));
    let mut fixed = text.to_owned();
    fixed.replace_range(fix.span.range(), &fix.replacement);
    fixed
}

/// Checks that the route has one error, and that its fix gives the other route, which is valid.
#[track_caller]
fn fixes(route: &str, code: Code, expected: &str) {
    let found = errors(route);
    assert_eq!(found.iter().map(|error| error.code).collect::<Vec<_>>(), [code], "{route}: {found:?}");
    assert!(found[0].help.is_some(), "{route}");
    assert_eq!(fixed(route, &found[0]), expected, "{route}");
    assert_eq!(errors(expected), [], "{expected}");
}

/// The same for a condition.
#[track_caller]
fn fixes_condition(condition: &str, code: Code, expected: &str) {
    let [route, expected] = [condition, expected].map(|text| format!("FROM /messages/* WHERE {text} INTO $upstream"));
    fixes(&route, code, &expected);
}

/// Checks that the condition has one error with this help.
#[track_caller]
fn explains(condition: &str, code: Code, help: &str) {
    explains_route(&format!("FROM /messages/* WHERE {condition} INTO $upstream"), code, help);
}

#[track_caller]
fn explains_route(route: &str, code: Code, help: &str) {
    let found = errors(route);
    assert_eq!(found.iter().map(|error| error.code).collect::<Vec<_>>(), [code], "{route}: {found:?}");
    let said = found[0].help.as_deref().unwrap_or_default();
    assert!(said.contains(help), "{route}: {said}");
}

/// Checks that the condition is valid, however much it looks like a mistake.
#[track_caller]
fn passes(condition: &str) {
    let route = format!("FROM /messages/* WHERE {condition} INTO $upstream");
    assert_eq!(errors(&route), [], "{condition}");
}

const TOKEN: Code = Code::UnexpectedToken;
const TYPES: Code = Code::InvalidOperands;

#[test]
fn operators_of_other_languages() {
    fixes_condition("a == 'b'", TOKEN, "a = 'b'");
    fixes_condition("a=='b'", TOKEN, "a='b'");
    fixes_condition("a === 'b'", TOKEN, "a = 'b'");
    fixes_condition("a !== 'b'", TOKEN, "a != 'b'");
    fixes_condition("as_number(a) =< 5", TOKEN, "as_number(a) <= 5");
    fixes_condition("as_number(a) => 5", TOKEN, "as_number(a) >= 5");
    fixes_condition("a <=> 'b'", TOKEN, "a = 'b'");
    fixes_condition("a = 'b' && c = 'd'", TOKEN, "a = 'b' and c = 'd'");
    fixes_condition("a = 'b' & c = 'd'", TOKEN, "a = 'b' and c = 'd'");
    fixes_condition("a = 'b' | c = 'd'", TOKEN, "a = 'b' or c = 'd'");
    fixes_condition("a = 'b' || c = 'd'", TYPES, "a = 'b' or c = 'd'");
    fixes_condition("is_defined(a) || is_defined(b)", TYPES, "is_defined(a) or is_defined(b)");
    fixes_condition("a eq 'b'", TOKEN, "a = 'b'");
    fixes_condition("a neq 'b'", TOKEN, "a != 'b'");
    fixes_condition("as_number(a) gte 5", TOKEN, "as_number(a) >= 5");
    fixes_condition("as_number(a) mod 5 = 1", TOKEN, "as_number(a) % 5 = 1");
    fixes_condition("a = 'b' adn c = 'd'", TOKEN, "a = 'b' and c = 'd'");
    fixes_condition("as_number(a) ** 2 = 4", TOKEN, "power(as_number(a), 2) = 4");
    explains("as_number(a) << 2 = 4", TOKEN, "shift operators are not supported");
    explains("a = 'b' xor c = 'd'", TOKEN, "(...) != (...)");
    explains("a ~ 'b.*'", TOKEN, "patterns are not supported");
    explains("a = 'b' order by a", TOKEN, "one message at a time");
    passes("a = 'b' and not (c = 'd') or e <> 'f'");
    passes("a || b = c");
    passes("as_number(a) - -5 > 0");
}

#[test]
fn an_operator_that_touches_a_name() {
    fixes_condition("a!=5", TYPES, "as_number(a) !=5");
    fixes_condition("a!=length(b)", TYPES, "as_number(a) !=length(b)");
    explains("a!=true", TYPES, "put a space before `!=`: `a !=`");
    explains("not 'b'and", TYPES, "put a space between the name and the string");
    explains("not a||b", TYPES, "write `a || b`");
    fixes_condition("c = 'b'and d = 'e'", TOKEN, "c = 'b' and d = 'e'");
}

#[test]
fn exclamation_marks_for_not() {
    fixes_condition("!is_defined(a)", Code::UnknownFunction, "not is_defined(a)");
    fixes_condition("! is_defined(a)", TOKEN, "not is_defined(a)");
    fixes_condition("!(a = 'b')", Code::UnknownFunction, "not (a = 'b')");
    passes("a != 'b'");
    passes("a!= 'b'");
}

#[test]
fn not_takes_the_next_operand_only() {
    fixes_condition("not a = 'b'", TYPES, "not (a = 'b')");
    fixes_condition("c = 'd' and not a != 'b'", TYPES, "c = 'd' and not (a != 'b')");
    explains("not a = lower(b)", TYPES, "`not` applies to the next operand only");
    passes("not (a = 'b')");
    passes("not is_defined(a) = false");
}

#[test]
fn constants_in_capitals() {
    fixes_condition("is_defined(a) = TRUE", TYPES, "is_defined(a) = true");
    fixes_condition("is_defined(a) and False", TYPES, "is_defined(a) and false");
    fixes_condition("not TRUE", TYPES, "not true");
    fixes_condition("a = 'b' AND NOT Null", TYPES, "a = 'b' AND NOT null");
    passes("is_defined(TRUE)");
    passes("TRUE = 'yes'");
    passes("$body.on = true");
}

#[test]
fn conditions_of_sql() {
    fixes_condition("a IN ('b', 'c')", TOKEN, "(a = 'b' or a = 'c')");
    fixes_condition("a IN ('b')", TOKEN, "a = 'b'");
    fixes_condition("a NOT IN ('b', 'c')", TOKEN, "(a != 'b' and a != 'c')");
    fixes_condition("a in ['b', 'c']", TOKEN, "(a = 'b' or a = 'c')");
    fixes_condition("as_number(a) IN (1, 2) and c = 'd'", TOKEN, "(as_number(a) = 1 or as_number(a) = 2) and c = 'd'");
    explains("a IN (select b)", TOKEN, "compare with each");
    // An operand after `not` cannot be repeated, and a long one is not.
    for operand in ["not $body.a", &"a".repeat(201)] {
        let condition = format!("{operand} IN ('b', 'c')");
        explains(&condition, TOKEN, "compare with each");
        assert_eq!(errors(&format!("FROM /messages/* WHERE {condition} INTO $upstream"))[0].fix, None, "{condition}");
    }
    fixes_condition("a LIKE 'b%'", TOKEN, "starts_with(a, 'b')");
    fixes_condition("a LIKE '%b'", TOKEN, "ends_with(a, 'b')");
    fixes_condition("a NOT LIKE '%b%'", TOKEN, "not contains(a, 'b')");
    fixes_condition("a like 'b'", TOKEN, "a = 'b'");
    explains("a LIKE 'b_c'", TOKEN, "starts_with(a, 'x')");
    fixes_condition("as_number(a) BETWEEN 1 AND 5", TOKEN, "(as_number(a) >= 1 and as_number(a) <= 5)");
    fixes_condition("as_number(a) not between -1 and 5", TOKEN, "(as_number(a) < -1 or as_number(a) > 5)");
    fixes_condition("a IS NULL", TOKEN, "not is_defined(a)");
    fixes_condition("a IS NOT NULL", TOKEN, "is_defined(a)");
    fixes_condition("$body.a is null", TOKEN, "$body.a = null");
    fixes_condition("$body.a is not null", TOKEN, "$body.a != null");
    fixes_condition("a is defined", TOKEN, "is_defined(a)");
    fixes_condition("a contains 'b'", TOKEN, "contains(a, 'b')");
    fixes_condition("a startswith 'b' and c = 'd'", TOKEN, "starts_with(a, 'b') and c = 'd'");
    passes("in = 'b' and like = 'c' and is = 'd' and between = 'e'");
}

#[test]
fn several_mistakes_are_reported_at_once() {
    let route = "FROM messages/* WHERE a == 'b' && c LIKE 'd%' || e IS NULL INTO upstream";
    let codes: Vec<Code> = errors(route).iter().map(|error| error.code).collect();
    assert_eq!(codes, [Code::InvalidSource, TOKEN, TOKEN, TOKEN, TOKEN, Code::InvalidSink]);
    // What was read past a mistake is held to its types.
    for (condition, expected) in [
        ("a = * 5", vec![TYPES, Code::ExpectedOperand]),
        ("a @ b = 5", vec![Code::UnknownCharacter, TYPES]),
        ("a = 'b' @ c = 5", vec![Code::UnknownCharacter, TYPES]),
        ("a = \"b\"\"c\" \"d\"", vec![TOKEN, TOKEN]),
    ] {
        let found = errors(&format!("FROM /messages/* WHERE {condition} INTO $upstream"));
        assert_eq!(found.iter().map(|error| error.code).collect::<Vec<_>>(), expected, "{condition}: {found:?}");
    }
}

#[test]
fn text_after_a_broken_group_is_checked() {
    for condition in ["(a b(c) d) and (e f)", "(a b(c, d)) and (e f)", "(a b((c) d) d) and (e f)"] {
        let route = format!("FROM /messages/* WHERE {condition} INTO $upstream");
        let found = errors(&route);
        let places: Vec<&str> = found.iter().map(|error| error.primary.span.slice(&route)).collect();
        assert_eq!(places, ["b", "f"], "{condition}: {found:?}");
    }
}

#[test]
fn a_mistake_does_not_make_others() {
    for condition in ["starts_with(a 'b')", "a == 'b'", "cast(a as b)", "a = 'x\\y'", "(a IN ('b')) = true", "a = ${B}"]
    {
        let route = format!("FROM /messages/* WHERE {condition} INTO $upstream");
        let found = errors(&route);
        let of_types = found.iter().filter(|error| [TYPES, Code::InvalidArguments].contains(&error.code)).count();
        assert_eq!(of_types, 0, "{condition}: {found:?}");
    }
}

#[test]
fn typographic_quotes() {
    fixes_condition("a = “hot cold”", TOKEN, "a = 'hot cold'");
    explains("is_defined(b) = ‘yes’", TYPES, "write `'yes'`");
    explains("a = ‘hot and cold’", TYPES, "put strings between ' or \"");
    fixes_condition("as_number(a) = “5”", TYPES, "as_number(a) = 5");
    passes("‘a’ = 'b'");
}

#[test]
fn escapes_of_other_languages() {
    fixes_condition("a = \"say \"\"hi\"\"\"", TOKEN, "a = \"say \\\"hi\\\"\"");
    fixes_condition("a = 'it''s cold'", TOKEN, "a = 'it\\'s cold'");
    fixes_condition("a = 'C:\\dir\\x'", Code::UnterminatedString, "a = 'C:\\\\dir\\\\x'");
    fixes_condition("a = 'x\\n' and c = 'd'", Code::UnterminatedString, "a = 'x\\\\n' and c = 'd'");
    fixes_condition("a = \"C:\\dir\\x\"", Code::UnterminatedString, "a = \"C:\\\\dir\\\\x\"");
    explains("a = 'C:\\dir'", Code::UnterminatedString, "write a backslash twice: `'C:\\\\dir'`");
    says_no_more("a = 'hot", Code::UnterminatedString, "the string has no closing quote");
    passes("a = 'it\\'s' and b = \"it's\" and c = 'C:\\\\dir' and d = '\\u0041'");
}

#[test]
fn functions_of_other_languages() {
    let unknown = Code::UnknownFunction;
    fixes_condition("startswith(a, 'b')", unknown, "starts_with(a, 'b')");
    fixes_condition("STARTSWITH(a, 'b')", unknown, "starts_with(a, 'b')");
    fixes_condition("exists(a)", unknown, "is_defined(a)");
    fixes_condition("ToLower(a) = 'b'", unknown, "lower(a) = 'b'");
    fixes_condition("len(a) > 5", unknown, "length(a) > 5");
    fixes_condition("ceil(as_number(a)) > 5", unknown, "ceiling(as_number(a)) > 5");
    explains("IS_OBJECT($body.a)", unknown, "objects and arrays are undefined in conditions");
    explains("is_array($body.a)", unknown, "objects and arrays are undefined in conditions");
    explains("array_contains($body.a, 'b')", unknown, "by its index");
    explains("round(as_number(a)) = 5", unknown, "floor(a + 0.5)");
    explains("regex_match(a, 'b')", unknown, "patterns are not supported");
    explains("coalesce(a, 'b') = 'c'", unknown, "`a ?? b`");
    explains("getdate() > 5", unknown, "cannot read the current time");
    explains("device_id() = 'x'", unknown, "$connectionDeviceId");
    explains("frobnicate(a)", unknown, "the available functions are abs,");
    passes("STARTS_WITH(a, 'b') and Is_Defined(c)");
    passes("len = 'b' and exists = 'c'");
}

#[test]
fn calls_without_their_commas_and_parentheses() {
    fixes_condition("starts_with(a 'b')", TOKEN, "starts_with(a, 'b')");
    explains("starts_with a, 'b'", TOKEN, "`starts_with(...)`");
    fixes_condition("starts with(a, 'b')", TOKEN, "starts_with(a, 'b')");
    fixes_condition("(c = 'd' or Is Defined (a))", TOKEN, "(c = 'd' or is_defined (a))");
    fixes_condition("c = 'd' and ends with (a, lower(b))", TOKEN, "c = 'd' and ends_with (a, lower(b))");
    says_no_more("starts with", TOKEN, "found `with`");
    says_no_more("a frobnicate (b)", TOKEN, "found `frobnicate`");
    says_no_more("(a = 'b') (c = 'd')", TOKEN, "found `(`");
    says_no_more("contains(a, 'b'", TOKEN, "expected an operator, `,` or `)`, found `INTO`");
    fixes_condition("contains(a, 5)", Code::InvalidArguments, "contains(a, '5')");
    fixes_condition("(a = 'b'", Code::MissingParenthesis, "(a = 'b')");
    fixes_condition("(a = 'b'))", Code::SurplusParenthesis, "(a = 'b')");
}

#[test]
fn numbers_of_other_languages() {
    explains("as_number(a) > 1,000", TOKEN, "decimal point");
    explains("as_number(a) > 0,5", TOKEN, "decimal point");
    explains("as_number(a) > 80.5.1", TYPES, "is not a number");
    fixes_condition("temperature > 80", TYPES, "as_number(temperature) > 80");
    passes("as_number(a) > 0.5 and as_number(b) > .5 and as_number(c) > 1e3");
}

#[test]
fn bodies_and_properties_by_other_paths() {
    fixes_condition("body.temperature > 80", TYPES, "$body.temperature > 80");
    fixes_condition("$.temperature > 80", TYPES, "$body.temperature > 80");
    fixes_condition("$body['machine']['temperature'] > 80", TYPES, "$body.machine.temperature > 80");
    fixes_condition("properties['level'] = 'hot'", TOKEN, "level = 'hot'");
    fixes_condition("systemProperties['contentType'] = 'b'", TOKEN, "$contentType = 'b'");
    fixes_condition("readings[0].value > 5", TOKEN, "$body.readings[0].value > 5");
    fixes_condition("[level] = 'hot'", TOKEN, "level = 'hot'");
    explains("{level} = 'hot'", TOKEN, "write other names without braces");
    says_no_more("{} = 'hot'", TOKEN, "expected a system property such as `$name`, found `}`");
    says_no_more("{$level b} = 'hot'", TOKEN, "expected `}`, found `b`");
    explains("$body.readings.0 > 5", Code::InvalidBodyPath, "at most one index");
    passes("$body.readings[0].value > 5 and {$contentType} = 'b' and body = 'c'");
}

#[test]
fn comments_of_other_languages() {
    explains("a = 'b' -- hot", TOKEN, "write comments between");
    explains("a = 'b' # hot", TOKEN, "write comments between");
    explains("a = 'b' // hot", TOKEN, "write comments between");
    passes("a = 'b' /* hot */");
}

#[test]
fn sinks_without_quotes_and_of_other_shapes() {
    let right = "FROM /messages/* INTO BrokeredEndpoint(\"/modules/m/inputs/i\")";
    for sink in [
        "BrokeredEndpoint(/modules/m/inputs/i)",
        "BrokeredEndpoint /modules/m/inputs/i",
        "BrokeredEndpoint(“/modules/m/inputs/i”)",
        "BrokeredEndpoint(\\\"/modules/m/inputs/i\\\")",
        "\"/modules/m/inputs/i\"",
        "/modules/m/inputs/i",
    ] {
        fixes(&format!("FROM /messages/* INTO {sink}"), Code::InvalidSink, right);
    }
    for address in ["/modules/m/i", "m/inputs/i", "/messages/modules/m/inputs/i", "//modules/m/inputs/i"] {
        let route = format!("FROM /messages/* INTO BrokeredEndpoint(\"{address}\")");
        fixes(&route, Code::InvalidEndpointAddress, right);
    }
    fixes("FROM /messages/* INTO BrokeredEndpoint(\"\\modules\\m\\inputs\\i\")", Code::UnterminatedString, right);
    fixes("FROM /messages/* INTO BrokeredEndpoint(\"/modules/m/inputs/i\"", Code::InvalidSink, right);
    explains_route(
        "FROM /messages/* INTO BrokeredEndpoint(\"/modules/m/inputs/i\", \"x\")",
        Code::InvalidSink,
        "write BrokeredEndpoint(\"/modules/NAME/inputs/INPUT\")",
    );
    fixes("FROM /messages/* INTO BrokerEndpoint(\"/modules/m/inputs/i\")", Code::UnknownEndpoint, right);
    explains_route(
        "FROM /messages/* INTO BrokeredEndpoint(\"/modules/m/inputs\")",
        Code::InvalidEndpointAddress,
        "/modules/NAME/inputs/INPUT",
    );
    for sink in ["upstream", "$upsteam", "$cloud", "$IoTHub", "IoTHub", "cloud"] {
        fixes(&format!("FROM /messages/* INTO {sink}"), Code::InvalidSink, "FROM /messages/* INTO $upstream");
    }
    for sink in ["$UPSTREAM", "brokeredendpoint('modules/m/inputs/i/')", "BrokeredEndpoint ( \"/a/m/b/i\" )"] {
        assert_eq!(errors(&format!("FROM /messages/* INTO {sink}")), [], "{sink}");
    }
}

#[test]
fn a_sink_without_into() {
    let right = "FROM /messages/* WHERE a = 'b' INTO $upstream";
    fixes("FROM /messages/* WHERE a = 'b' $upstream", Code::ExpectedKeyword, right);
    fixes("FROM /messages/* $upstream", Code::ExpectedKeyword, "FROM /messages/* INTO $upstream");
    let [wrong, right] = ["", "INTO "]
        .map(|into| format!("FROM /messages/* WHERE a = 'b' {into}BrokeredEndpoint(\"/modules/m/inputs/i\")"));
    fixes(&wrong, Code::ExpectedKeyword, &right);
    explains_route("FROM /messages/* WHERE a = 'b' $upstream", Code::ExpectedKeyword, "write INTO before `$upstream`");
}

#[test]
fn a_sink_that_names_nothing_known() {
    explains_route("FROM /messages/* INTO storage", Code::InvalidSink, "write $upstream for the cloud, or Brokered");
    let blank = "FROM /messages/* INTO BrokeredEndpoint(\"/modules/a/inputs/\")";
    assert_eq!(errors(blank)[0].message, "the endpoint's input is blank");
    fixes(
        "FROM /messages/* INTO BrokeredEndpoint(''/modules/m/inputs/i'')",
        Code::InvalidSink,
        "FROM /messages/* INTO BrokeredEndpoint(\"/modules/m/inputs/i\")",
    );
}

#[test]
fn wildcards_and_characters_of_other_paths() {
    fixes("FROM /messages/+ INTO $upstream", Code::InvalidSource, "FROM /messages/* INTO $upstream");
    explains_route(
        "FROM /messages/modules/+/outputs/o INTO $upstream",
        Code::InvalidSource,
        "end the source with `/*`",
    );
    for name in ["Edge:Solution", "m@1"] {
        let route = format!("FROM /messages/modules/{name}/* INTO $upstream");
        let help = format!("write `FROM /messages/modules/* WHERE $connectionModuleId = '{name}'`");
        explains_route(&route, Code::InvalidSource, &help);
    }
}

#[test]
fn one_mistake_is_one_error() {
    fixes_first("q == 3", "q = 3");
    explains("not undefined", TYPES, "not is_defined(name)");
}

/// Checks that the condition has one syntax error, whose fix gives the other condition, which may have other errors.
#[track_caller]
fn fixes_first(condition: &str, expected: &str) {
    let [route, expected] = [condition, expected].map(|text| format!("FROM /messages/* WHERE {text} INTO $upstream"));
    let found = errors(&route);
    assert_eq!(found.iter().map(|error| error.code).collect::<Vec<_>>(), [TOKEN], "{route}: {found:?}");
    assert_eq!(fixed(&route, &found[0]), expected, "{route}");
}

#[test]
fn sources_of_other_shapes() {
    let right = "FROM /messages/* INTO $upstream";
    for source in ["messages/*", "\"/messages/*\"", "//messages/*", "/messages/", "DeviceMessages"] {
        fixes(&format!("FROM {source} INTO $upstream"), Code::InvalidSource, right);
    }
    fixes("FROM * INTO $upstream", Code::InvalidSource, "FROM /* INTO $upstream");
    fixes("FROM TwinChangeEvents INTO $upstream", Code::InvalidSource, "FROM /twinChangeNotifications INTO $upstream");
    fixes("FROM /'messages'/* INTO $upstream", Code::InvalidSource, right);
    fixes("/messages/* INTO $upstream", Code::ExpectedKeyword, right);
    for (source, help) in [
        ("*", "write `/*`"),
        ("DeviceMessages", "write `/messages/*`"),
        ("\"/messages/*\"", "write `/messages/*`"),
        ("messages/*", "write `/messages/...`"),
    ] {
        assert_eq!(errors(&format!("FROM {source} INTO $upstream"))[0].help.as_deref(), Some(help), "{source}");
    }
    for source in ["messages", "'messages'", "5"] {
        let route = format!("FROM {source} INTO $upstream");
        explains_route(&route, Code::InvalidSource, "write a source as a path such as /messages/*");
        assert_eq!(errors(&route)[0].fix, None, "{source}");
    }
    for condition in ["a = 'b'", "$a = 'b'", "not (a = 'b')"] {
        let route = format!("FROM /messages/* {condition} INTO $upstream");
        explains_route(&route, Code::InvalidSource, "begin a condition with WHERE and a sink with INTO");
    }
    explains_route("FROM /messages/modules/$edgeAgent/* INTO $upstream", Code::InvalidSource, "cannot start with `$`");
    explains_route("FROM /messages/and/* INTO $upstream", Code::InvalidSource, "cannot be a reserved word");
    explains_route("FROM /messages/true/* INTO $upstream", Code::InvalidSource, "cannot be a constant");
    explains_route("FROM /* WHERE a = 'b' WHERE c = 'd' INTO $upstream", TOKEN, "a route has only one WHERE");
    explains("a = from", TOKEN, "a reserved word cannot be a property name");
    fixes(
        "FROM /messages/* AND a = 'b' INTO $upstream",
        Code::InvalidSource,
        "FROM /messages/* WHERE a = 'b' INTO $upstream",
    );
    fixes(
        "FROM /messages/* IF a = 'b' INTO $upstream",
        Code::ExpectedKeyword,
        "FROM /messages/* WHERE a = 'b' INTO $upstream",
    );
    fixes("FROM /messages/* TO $upstream", Code::ExpectedKeyword, right);
    fixes("FROM /messages/* -> $upstream", Code::ExpectedKeyword, right);
    explains_route("FROM /messages/modules/my module/* INTO $upstream", Code::InvalidSource, "remove the white space");
    explains_route("FROM /messages/modules/5/* INTO $upstream", Code::InvalidSource, "reads as a number");
    explains_route("FROM /a/*, /b/* INTO $upstream", Code::InvalidSource, "write one route for each source");
    explains_route("FROM /messages/* WHERE a = 'b'", Code::ExpectedKeyword, "end the route with INTO and a sink");
    let found = errors("SELECT *");
    assert_eq!((found[0].message.as_str(), &found[0].help), ("expected FROM, found the end", &None));
}

#[test]
fn placeholders_that_were_not_filled_in() {
    for route in [
        "FROM /messages/modules/<FROM_MODULE_NAME>/outputs/* INTO $upstream",
        "FROM /messages/modules/${MODULE}/outputs/* INTO $upstream",
        "FROM /messages/modules/$MODULE/outputs/* INTO $upstream",
        "FROM /messages/modules/{{module}}/outputs/* INTO $upstream",
        "FROM /messages/modules/{module}/outputs/* INTO $upstream",
        "FROM ${SOURCE} INTO $upstream",
        "FROM /messages/* WHERE a = ${VALUE} INTO $upstream",
        "FROM /messages/* WHERE as_number(a) > {{ .Values.limit }} INTO $upstream",
        "FROM /messages/* WHERE as_number(a) > <LIMIT> INTO $upstream",
        "FROM /messages/* ${CONDITION} INTO $upstream",
        "FROM /messages/* INTO ${SINK}",
        "FROM /messages/* INTO {{sink}}",
        "FROM /messages/* WHERE as_number(a) <FROM> INTO $upstream",
        // Reported once, although it contains words at which a clause begins.
        "FROM {{ where it comes from }} INTO $upstream",
        "{{ from DeviceMessages }} INTO $upstream",
        "${ROUTE}",
        " {{route}} ",
    ] {
        explains_route(route, Code::PlaceholderLeft, "replace it");
    }
    explains("a = $(VALUE)", Code::UnknownFunction, "a placeholder that was not replaced");
    let found = errors("FROM /messages/* WHERE $(TRUE into x) INTO $upstream");
    let mut placeholders = found.iter().filter(|error| error.code == Code::PlaceholderLeft).peekable();
    assert!(placeholders.peek().is_some());
    assert!(placeholders.all(|error| error.help.as_ref().is_some_and(|help| help.contains("replace it"))), "{found:?}");
    passes("as_number(a) < 5 and as_number(b) > 3");
    passes("{$contentType} = '${VALUE}' and a = '{{x}}'");
}

/// The errors in a manifest, and the manifest with the first fix applied.
fn in_manifest(json: &str) -> (Vec<Code>, Option<String>) {
    let checked = CheckedManifest::from_json(json);
    let found = checked.findings();
    let first = found.first().filter(|found| found.diagnostic.fix.is_some());
    (found.iter().map(|found| found.diagnostic.code).collect(), first.map(|found| fixed(json, &found.diagnostic)))
}

#[test]
fn manifests_are_fixed_too() {
    let manifest = |version: &str, routes: &str| {
        format!("{{\"schemaVersion\": {version}, \"storeAndForwardConfiguration\": {{}}, \"routes\": {{{routes}}}}}")
    };
    let object = r#""a": {"route": "FROM /* INTO $upstream", "priority": 1}"#;
    let (codes, fixed) = in_manifest(&manifest("\"1.0\"", object));
    assert_eq!(codes, [Code::ObjectRouteInOldSchema]);
    assert_eq!(fixed, Some(manifest("\"1.1\"", object)));
    let (codes, fixed) = in_manifest(&manifest("1.0", ""));
    assert_eq!((codes, fixed), (vec![Code::UnsupportedSchemaVersion], Some(manifest("\"1.0\"", ""))));
    for value in ["${TTL}", "{{ttl}}", "<TTL>"] {
        let json = manifest("\"1.1\"", "").replace("{}, ", &format!("{{\"timeToLiveSecs\": {value}}}, "));
        assert_eq!(in_manifest(&json), (vec![Code::PlaceholderLeft], None), "{json}");
    }
    // A fix within a route is escaped for JSON.
    let (codes, fixed) =
        in_manifest(&manifest("\"1.1\"", r#""a": "FROM /* INTO BrokeredEndpoint(/modules/m/inputs/i)""#));
    assert_eq!(codes, [Code::InvalidSink]);
    let right = manifest("\"1.1\"", r#""a": "FROM /* INTO BrokeredEndpoint(\"/modules/m/inputs/i\")""#);
    assert_eq!(fixed.as_deref(), Some(right.as_str()));
    assert_eq!(in_manifest(&right), (vec![], None));
}

/// The texts under a key of the lines of conformance vectors.
fn vectors(file: &str, key: &str) -> Vec<String> {
    let path = format!("{}/tests/conformance/{file}", edgeroute_testkit::repository().display());
    let lines = std::fs::read_to_string(path).unwrap();
    let values = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    values.filter_map(|value| value[key].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_fix_has_a_help_and_changes_the_text_and_no_help_is_a_page() {
    let mut routes = vectors("routes.jsonl", "route");
    let conditions = vectors("conditions.jsonl", "condition");
    routes.extend(conditions.iter().map(|condition| format!("FROM /messages/* WHERE {condition} INTO $upstream")));
    let mut fixes = 0;
    for route in &routes {
        for error in errors(route) {
            assert!(error.message.chars().count() < 300 && !error.message.is_empty(), "{}", error.message);
            assert!(error.help.as_ref().is_none_or(|help| help.chars().count() < 400), "{:?}", error.help);
            let Some(fix) = &error.fix else { continue };
            assert!(error.help.is_some(), "{route}: {error:?}");
            assert_ne!(fix.span.slice(route), fix.replacement, "{route}: {error:?}");
            let changed = fixed(route, &error);
            assert_ne!(errors(&changed).first(), Some(&error), "{route}");
            fixes += 1;
        }
    }
    assert!(routes.len() > 2_000 && fixes > 500, "{fixes} fixes in {} routes", routes.len());
}

/// Checks that the condition has one error with this message and no help.
#[track_caller]
fn says_no_more(condition: &str, code: Code, message: &str) {
    let found = errors(&format!("FROM /messages/* WHERE {condition} INTO $upstream"));
    assert_eq!(found.iter().map(|error| error.code).collect::<Vec<_>>(), [code], "{condition}: {found:?}");
    assert!(found[0].message.contains(message), "{condition}: {}", found[0].message);
    assert_eq!((&found[0].help, &found[0].fix), (&None, &None), "{condition}");
}

#[test]
fn operands_of_other_types() {
    says_no_more("null || 'a' = 'b'", TYPES, "`||` expects strings, found null and a string");
    says_no_more("true + 1 = 2", TYPES, "`+` expects numbers, found a bool and a number");
    says_no_more("a + true = 1", TYPES, "`+` expects numbers, found a string and a bool");
    says_no_more("as_number(a) > '5x'", TYPES, "cannot compare a number with a string");
    says_no_more("$body.x = e5", TYPES, "cannot compare a body value with undefined");
    explains("is_defined(a) and b", TYPES, "compare it, as in `b = 'true'`");
    explains("length(b) || a = 'c'", TYPES, "no function converts a number to a string");
    explains("null = a", TYPES, "`is_null(a)`");
    explains("a = undefined", TYPES, "`not is_defined(a)`");
    explains("1 < as_number(a) < 5", TYPES, "comparisons cannot be chained");
    explains("not not a = 'b'", TYPES, "`not` applies to the next operand only");
    explains("not a and is_defined(b)", TYPES, "`not` applies to the next operand only");
    fixes_condition("5 || a = 'b'", TYPES, "'5' || a = 'b'");
    fixes_condition("5 % $body.n = 1", Code::ValueArithmetic, "5 % as_number($body.n) = 1");
    fixes_condition("{$contentType} > 5", TYPES, "as_number({$contentType}) > 5");
    fixes_condition("a! = true", TYPES, "a! = 'true'");
    explains("as_number(a) > 5.", TYPES, "`5.` is not a number but a property name");
    let long = "a".repeat(99);
    explains(&format!("{long}!=5"), TYPES, "is read as a single property name");
    explains_route(
        "FROM /twinChangeNotifications WHERE twin_change_includes('tags.a') INTO $upstream",
        Code::InvalidBodyPath,
        "without quotes",
    );
    let found = errors("FROM /messages/* WHERE 0x12345678901234567 = 1 INTO $upstream");
    assert_eq!(found[0].secondary[0].text, "undefined: a number of more than 16 digits");
}

#[test]
fn strings_that_touch_a_name() {
    explains("is_defined(a) = b'c'd", TYPES, "put a space between the name and the string");
    fixes_condition_to_types("is_defined(a) = 'b'c'd'", "is_defined(a) = 'b' c'd'");
    fixes_condition_to_types("is_defined(a) = 'b''c'd'", "is_defined(a) = 'b' 'c'd'");
    fixes_condition_to_types("is_defined(a) = 'b''c'", "is_defined(a) = 'b\\'c'");
    fixes_condition_to_types("is_defined(a) = b'c'", "is_defined(a) = b 'c'");
    fixes_condition_to_types("is_defined(a) = 'b'c", "is_defined(a) = 'b' c");
    fixes_condition_to_types("not 'b''", "not 'b' '");
    fixes_condition_to_types("not ''b'", "not '' b'");
    fixes_condition_to_types("as_number(a) = “x”", "as_number(a) = 'x'");
}

/// Checks that the fix of a type error gives the other condition, whatever errors that has.
#[track_caller]
fn fixes_condition_to_types(condition: &str, expected: &str) {
    let [route, expected] = [condition, expected].map(|text| format!("FROM /messages/* WHERE {text} INTO $upstream"));
    let found = errors(&route);
    assert_eq!(found.iter().map(|error| error.code).collect::<Vec<_>>(), [TYPES], "{route}: {found:?}");
    assert_eq!(fixed(&route, &found[0]), expected);
}

#[test]
fn words_for_operators() {
    fixes_condition("as_number(a) gt 5", TOKEN, "as_number(a) > 5");
    fixes_condition("as_number(a) ge 5", TOKEN, "as_number(a) >= 5");
    fixes_condition("as_number(a) lt 5", TOKEN, "as_number(a) < 5");
    fixes_condition("as_number(a) le 5", TOKEN, "as_number(a) <= 5");
    fixes_condition("a is 'b'", TOKEN, "a = 'b'");
    fixes_condition("a is not 'b'", TOKEN, "a != 'b'");
    fixes_condition("a is not present", TOKEN, "not is_defined(a)");
    fixes_condition("$body.a is empty", TOKEN, "$body.a = null");
    fixes_condition("a not like '%b'", TOKEN, "not ends_with(a, 'b')");
    fixes_condition("a not like 'b'", TOKEN, "a != 'b'");
    fixes_condition("a endswith 'b'", TOKEN, "ends_with(a, 'b')");
    fixes_condition("as_number(a) in [5, 6]", TOKEN, "(as_number(a) = 5 or as_number(a) = 6)");
    explains("a like ''", TOKEN, "use `starts_with(a, 'x')`");
    explains("a like '%%'", TOKEN, "use `starts_with(a, 'x')`");
    explains("a matches 'b'", TOKEN, "patterns are not supported");
    explains("a in ('b' 'c')", TOKEN, "compare with each");
    explains("(a = 'b' limit 5) or c = 'd'", TOKEN, "one message at a time");
    for condition in ["a in [x, 'b']", "a in ['b', 'c\\\\d']", "a in [, 5]", "a in ['b]", "a is (b)", "a is )"] {
        let found = errors(&format!("FROM /messages/* WHERE {condition} INTO $upstream"));
        assert_eq!((found[0].code, &found[0].fix), (TOKEN, &None), "{condition}");
    }
    // A list of fifty is written out; a longer one is not.
    for (count, is_fixed) in [(50, true), (51, false)] {
        let condition = format!("a in ({})", vec!["'b'"; count].join(", "));
        let found = errors(&format!("FROM /messages/* WHERE {condition} INTO $upstream"));
        assert_eq!(found[0].fix.is_some(), is_fixed, "{count} items");
    }
}

#[test]
fn characters_that_mean_nothing() {
    let unknown = Code::UnknownCharacter;
    fixes_condition("a = 'b' ;", unknown, "a = 'b' ");
    says_no_more("a = ; 'b'", unknown, "unknown character `;`");
    explains("a = \\ 'b'", unknown, "only within a string");
    explains("a ? 'b'", unknown, "`a ?? b`");
    says_no_more("[] = 'b'", TOKEN, "found `[]`");
    fixes_condition("body['a'] = 'c'", TOKEN, "$body.a = 'c'");
    explains("x['a']['b'] = 'c'", TOKEN, "$body.x['a']['b']");
    explains("x[''] = 'c'", TOKEN, "$body.x['']");
    explains("['a'] = 'c'", TOKEN, "refer to a property by its name alone");
}

#[test]
fn strings_of_several_words() {
    fixes_condition("a = 'it''s cold today'", TOKEN, "a = 'it\\'s cold today'");
    fixes_condition("a = 'it''s cold, it''s wet'", TOKEN, "a = 'it\\'s cold, it\\'s wet'");
    fixes_condition("a = 'b''c''d e'", TOKEN, "a = 'b\\'c\\'d e'");
    fixes_condition("a = \"b\"\"c\"\"d\"", TOKEN, "a = \"b\\\"c\\\"d\"");
    explains("a = “it's cold”", TOKEN, "put strings between ' or \"");
    explains("a = 'it''s cold\n'", TOKEN, "put a space between the name and the string");
    explains("a = “hot\ncold”", TOKEN, "put strings between ' or \"");
    explains("a = “hot” 'x'", TOKEN, "write `'hot'`");
    explains(
        "a = b''c d'",
        TOKEN,
        "`b''c` is read as a single property name; put a space between the name and the string",
    );
    explains("a = 'it''s' cold", TOKEN, "escape a quote within a string as `\\'`: `'it\\'s'`");
    says_no_more("a = 'b' 'c'", TOKEN, "found `'c'`");
    says_no_more("a = 'b'\"c\"", TOKEN, "found `\"c\"`");
    fixes_condition("a = 'b\\u00zz'", Code::UnterminatedString, "a = 'b\\\\u00zz'");
    fixes_condition("a = 'b\\x\\u0041\\\\y'", Code::UnterminatedString, "a = 'b\\\\x\\u0041\\\\y'");
    let found = errors("FROM /messages/* WHERE a = 'b\\q INTO $upstream");
    assert_eq!(found[0].code, Code::UnterminatedString);
    assert!(found[0].help.as_deref().is_some_and(|help| help.contains("must start one of the escapes")));
}

#[test]
fn commas_that_are_missing_or_too_many() {
    fixes_condition("contains(a b)", TOKEN, "contains(a, b)");
    says_no_more("is_defined(a) 5", TOKEN, "found `5`");
    says_no_more("is_defined(a) = true,b", TOKEN, "found `,`");
    says_no_more("is_defined(a) = true,5", TOKEN, "found `,`");
    says_no_more("as_number(a) > 1,b", TOKEN, "found `,`");
}

#[test]
fn errors_point_at_what_is_wrong() {
    for (condition, place, beside) in [
        ("a = \"say \"\"hi\"\"\"", "\"\"", None),
        ("a = \"b\"\"c\"", "\"\"", None),
        ("a = 'C:\\dir'", "\\d", Some(("'", "the string begins here"))),
        ("a = 'C:\\é'", "\\é", Some(("'", "the string begins here"))),
        ("(a b)", "b", Some(("(", "to close this"))),
    ] {
        let route = format!("FROM /messages/* WHERE {condition} INTO $upstream");
        let found = errors(&route);
        assert_eq!(found[0].primary.span.slice(&route), place, "{condition}");
        let labels = found[0].secondary.first().map(|label| (label.span.slice(&route), label.text.as_str()));
        assert_eq!(labels, beside, "{condition}");
    }
    // A comment counts only where it may be none.
    let route = "FROM /messages/modules/m/outputs/o WHERE a = /* note */ 'b' 'c' INTO $upstream";
    assert_eq!(errors(route)[0].secondary, []);
    // Both quotes, not another pair.
    let route = "FROM /messages/* WHERE a = \"b\"\"c\" INTO $upstream";
    assert_eq!(errors(route)[0].primary.span.range().start, route.find("\"\"").unwrap());
}

#[test]
fn what_is_found_is_shown_where_it_is_short_and_named_where_it_is_long() {
    for (text, is_shown, name) in [
        ("a".repeat(40), true, ""),
        ("é".repeat(40), true, ""),
        ("a".repeat(41), false, "a name"),
        ("a\u{200b}".to_owned(), false, "a name"),
        (format!("'{}'", "a".repeat(39)), false, "a string"),
        ("1".repeat(41), false, "a number"),
        (format!("${}", "a".repeat(40)), false, "a system property"),
        (format!("a[{}]", "1".repeat(38)), false, "a name with brackets"),
    ] {
        let found = if is_shown { format!("`{text}`") } else { name.to_owned() };
        let reported = &errors(&format!("FROM /messages/* WHERE true {text} INTO $upstream"))[0].message;
        assert_eq!(*reported, format!("expected an operator or INTO, found {found}"));
    }
    let reported: Vec<String> = errors("FROM /messages/* WHERE a =").into_iter().map(|error| error.message).collect();
    assert_eq!(reported, ["expected an operand, found the end", "expected INTO, found the end"]);
}
