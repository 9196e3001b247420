//! Tests where each lint reports and where it does not, its messages, and its fixes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use edgeroute_analysis::lint::{ALL, Fixes, Level, Levels, Lint, Linter, RouteInput, fix_manifest};
use edgeroute_lang::diagnostic::{Diagnostic, Finding};
use edgeroute_lang::hir::{Route, Shadowing};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, apply};

/// A linter that runs one lint only.
fn linter(name: &str) -> Linter {
    let levels = Levels::default().with("all".parse().unwrap(), Level::Allow);
    Linter::with_levels(levels.with(name.parse().unwrap(), Level::Warn))
}

/// A finding on a route: the message, the marked text, and the route with the fix applied.
fn shown(route: &str, diagnostic: &Diagnostic) -> String {
    let mut shown = format!("{}: `{}`", diagnostic.message, diagnostic.primary.span.slice(route));
    if let Some(fix) = &diagnostic.fix {
        write!(shown, " -> {}", apply(route, std::slice::from_ref(fix)).text).unwrap();
    }
    shown
}

/// Runs a lint on each of the routes separately.
#[track_caller]
fn check(name: &str, fires: &[(&str, &str)], quiet: &[&str]) {
    assert!(!fires.is_empty() && !quiet.is_empty());
    let linter = linter(name);
    let found = |route: &str| -> Vec<String> {
        let compiled = Route::compile(route, Shadowing::default(), &Limits::default());
        assert!(compiled.is_ok(), "{route}\n{compiled:?}");
        let report = linter.lint_routes(&[RouteInput::new("r", route)]);
        assert_eq!(report.undecided(), 0, "{route}");
        report.findings().iter().map(|finding| shown(route, finding.diagnostic())).collect()
    };
    for (route, expected) in fires {
        assert_eq!(found(route), [*expected], "{route}");
    }
    for route in quiet {
        assert_eq!(found(route), [""; 0], "{route}");
    }
}

/// Same as [`check`], for conditions of a route from every source.
#[track_caller]
fn check_conditions(name: &str, fires: &[(&str, &str)], quiet: &[&str]) {
    let route = |condition: &&str| format!("FROM /* WHERE {condition} INTO $upstream");
    let fires: Vec<(String, String)> = fires
        .iter()
        .map(|(condition, expected)| {
            let expected = match expected.split_once(" -> ") {
                Some((message, fixed)) => format!("{message} -> {}", route(&fixed)),
                None => (*expected).to_owned(),
            };
            (route(condition), expected)
        })
        .collect();
    let quiet: Vec<String> = quiet.iter().map(route).collect();
    let fires: Vec<(&str, &str)> = fires.iter().map(|(route, expected)| (&**route, &**expected)).collect();
    check(name, &fires, &quiet.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The findings of a lint in a manifest of routes `name: text`, `name: priority: text` or `name: priority: seconds:
/// text`, optionally with modules: a line for each finding, with the name of its route and the texts of related
/// locations.
fn said(lint: &str, modules: Option<&[&str]>, routes: &[&str]) -> Vec<String> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let routes: Vec<String> = routes
        .iter()
        .map(|route| {
            let (head, text) = route.split_at(route.find("FROM").expect("a route"));
            let mut head = head.split(": ");
            let name = head.next().unwrap();
            let [priority, seconds] = [(); 2].map(|()| head.next().filter(|field| !field.is_empty()));
            let mut object = format!("{}: {{\"route\": {}", json(name), json(text));
            object += &priority.map(|priority| format!(", \"priority\": {priority}")).unwrap_or_default();
            object += &seconds.map(|seconds| format!(", \"timeToLiveSecs\": {seconds}")).unwrap_or_default();
            object + "}"
        })
        .collect();
    let hub = format!(
        r#"{{"schemaVersion": "1.1", "routes": {{{}}}, "storeAndForwardConfiguration": {{}}}}"#,
        routes.join(", ")
    );
    let text = match modules {
        None => hub,
        Some(modules) => {
            let modules: Vec<String> = modules.iter().map(|module| format!("{}: {{}}", json(module))).collect();
            format!(
                r#"{{"$edgeAgent": {{"properties.desired": {{"modules": {{{}}}}}}},
                "$edgeHub": {{"properties.desired": {hub}}}}}"#,
                modules.join(", ")
            )
        }
    };
    let manifest = Manifest::from_json(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    for route in manifest.routes() {
        let compiled = Route::compile(route.text(), Shadowing::default(), &Limits::default());
        assert!(compiled.is_ok(), "{}\n{compiled:?}", route.text());
    }
    let report = linter(lint).lint_manifest(&text);
    let line = |Finding { route, diagnostic }: &Finding| {
        let mut line = route.as_ref().map(|route| format!("{route}: ")).unwrap_or_default() + &diagnostic.message;
        for label in &diagnostic.secondary {
            write!(line, "; {}: {}", label.text, label.span.slice(&text)).unwrap();
        }
        if let Some(fix) = &diagnostic.fix {
            let fixed = apply(&text, std::slice::from_ref(fix)).text;
            let fixed = Manifest::from_json(&fixed).expect("a fix leaves a manifest");
            let fixed = fixed.routes().iter().find(|fixed| Some(fixed.name()) == route.as_deref()).unwrap();
            write!(line, " -> {}", fixed.text()).unwrap();
        }
        line
    };
    report.findings().iter().map(line).collect()
}

fn into_module(module: &str) -> String {
    format!("INTO BrokeredEndpoint('/modules/{module}/inputs/in')")
}

const EXAMPLES_OF_LINTS: [&str; 36] = [
    "glued-operator",
    "negated-operand",
    "coalesced-comparison",
    "miscased-constant",
    "trailing-text",
    "comment-in-source",
    "star-in-source",
    "star-after-name",
    "smart-quote",
    "confusable-character",
    "invisible-character",
    "never-true",
    "always-true",
    "contradicts-source",
    "is-defined-of-body",
    "is-null-of-body",
    "body-date-time",
    "input-name-while-routing",
    "twin-query",
    "unknown-system-property",
    "string-number-comparison",
    "unchecked-content-type",
    "wrong-content-type",
    "unknown-module",
    "self-loop",
    "message-loop",
    "missing-default-output",
    "duplicate-route",
    "subsumed-route",
    "outranked-by-catch-all",
    "conflicting-time-to-live",
    "no-way-upstream",
    "unreached-module",
    "unserved-leaf-devices",
    "sinks-differ-by-case",
    "unknown-source",
];

#[test]
fn each_lint_has_a_test_here() {
    let tested: BTreeSet<&str> = EXAMPLES_OF_LINTS.into_iter().collect();
    assert_eq!(ALL.iter().map(|lint| lint.name()).collect::<BTreeSet<_>>(), tested);
    let source = include_str!("lint_cases.rs");
    for name in EXAMPLES_OF_LINTS {
        assert!(source.contains(&format!("fn {}", name.replace('-', "_"))), "{name}");
    }
}

#[test]
fn glued_operator() {
    let said = |name: &str, fixed: &str| format!("`{name}` is read as a single property name: `{name}` -> {fixed}");
    check_conditions(
        "glued-operator",
        &[
            ("level!='low'", &said("level!", "level !='low'")),
            ("$body.n!=5", &said("$body.n!", "$body.n !=5")),
            ("a||'b' = 'c'", &said("a||'b'", "a || 'b' = 'c'")),
            ("$body.temp-1 > 5", &said("$body.temp-1", "$body.temp - 1 > 5")),
            ("$body.n*2 > 5", &said("$body.n*2", "$body.n * 2 > 5")),
            ("'a'||b = 'c'", &said("'a'||b", "'a' || b = 'c'")),
            ("it's = 'c'", "`it's` is read as a single property name, quotes included: `it's`"),
        ],
        &[
            "level != 'low'",
            "level<>'low'",
            "device-type = 'x'",
            "temp-1 = 'x'",
            "$dt-subject = 'x'",
            "$body.machine-id = 'x'",
            "$body.line-2 = 'x'",
            "$body.n - 1 > 5",
            "a || 'b' = 'c'",
            "a.b*c = 'x'",
            "as_number(a) > -5",
        ],
    );
}

#[test]
fn negated_operand() {
    let message = "`not` negates only the left operand, not the comparison";
    check_conditions(
        "negated-operand",
        &[
            ("not $body.a = $body.b", &format!("{message}: `not $body.a` -> not ($body.a = $body.b)")),
            (
                "not $body.a = true and c = 'd'",
                &format!("{message}: `not $body.a` -> not ($body.a = true) and c = 'd'"),
            ),
        ],
        &["not ($body.a = $body.b)", "(not $body.a) = $body.b", "not $body.a or is_defined(b)", "not is_defined(a)"],
    );
}

#[test]
fn coalesced_comparison() {
    let message = "`??` gives a default for the comparison, not for its operand";
    check_conditions(
        "coalesced-comparison",
        &[
            ("$body.a ?? b = 'c'", &format!("{message}: `??` -> ($body.a ?? b) = 'c'")),
            ("'c' = $body.a ?? $body.b", &format!("{message}: `??` -> 'c' = ($body.a ?? $body.b)")),
        ],
        &["($body.a ?? b) = 'c'", "(a = 'c') ?? (b = 'd')", "a = 'c' ?? false", "$body.a ?? (b = 'c')"],
    );
}

#[test]
fn miscased_constant() {
    check_conditions(
        "miscased-constant",
        &[
            ("$body.a = TRUE", "`TRUE` is a property name; the constant is `true`: `TRUE` -> $body.a = true"),
            ("a = True", "`True` is a property name; the constant is `true`: `True` -> a = 'True'"),
            ("$body.a = NULL", "`NULL` is a property name; the constant is `null`: `NULL` -> $body.a = null"),
        ],
        &["$body.a = true", "a = 'TRUE'", "truth = 'x'", "$TRUE = 'x'"],
    );
}

#[test]
fn trailing_text() {
    check(
        "trailing-text",
        &[
            ("FROM /* INTO $upstream;", "text after the sink is ignored: `;` -> FROM /* INTO $upstream"),
            (
                "FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i')  all of it ",
                "text after the sink is ignored: `all of it` -> FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i') ",
            ),
            (
                "FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i')\u{a0}",
                "text after the sink is ignored: `\u{a0}` -> FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i')",
            ),
            ("FROM /* INTO $upstream where a = 'b'", "a WHERE after INTO is ignored: `where a = 'b'`"),
        ],
        &["FROM /* INTO $upstream", "FROM /* INTO $upstream  ", "FROM /messages INTO $upstream /* all */"],
    );
}

#[test]
fn comment_in_source() {
    let message = "`/*` opens a comment here, and the first `*/` ends it";
    check(
        "comment-in-source",
        &[
            ("FROM /messages/*/outputs/o*/ INTO $upstream", &format!("{message}: `/*/outputs/o*/`")),
            ("FROM /messages/* WHERE a = '*/ INTO $upstream", &format!("{message}: `/* WHERE a = '*/`")),
        ],
        &[
            "FROM /messages/* INTO $upstream",
            "FROM /messages /* all */ INTO $upstream",
            "FROM /messages WHERE a/**/= 'b' INTO $upstream",
        ],
    );
}

#[test]
fn star_in_source() {
    let message = "`*` in the middle of a source matches only itself: `*`";
    check(
        "star-in-source",
        &[
            ("FROM /messages/modules/*/outputs/o INTO $upstream", message),
            ("FROM /messages/modules/sens*/outputs/* INTO $upstream", message),
        ],
        &["FROM /messages/* INTO $upstream", "FROM /messages/modules/m** INTO $upstream"],
    );
}

#[test]
fn star_after_name() {
    check(
        "star-after-name",
        &[
            (
                "FROM /messages/modules/sens* INTO $upstream",
                "`sens*` matches only `sens`, not every name that starts with it: `*` -> FROM /messages/modules/sens/* INTO \
                 $upstream",
            ),
            (
                // A slash would open a comment.
                "FROM /messages/modules/m/outputs/o* WHERE a = 'b' /* c */ INTO $upstream",
                "`o*` matches only `o`, not every name that starts with it: `*`",
            ),
        ],
        &["FROM /messages/modules/sens/* INTO $upstream", "FROM /messages* INTO $upstream", "FROM /* INTO $upstream"],
    );
}

#[test]
fn smart_quote() {
    check_conditions(
        "smart-quote",
        &[
            ("a = ‘b’", "‘ does not quote a string; it is read as part of a name: `‘b’` -> a = 'b'"),
            ("a = “b”", "“ does not quote a string; it is read as part of a name: `“b”` -> a = 'b'"),
            ("a = it’s", "’ does not quote a string; it is read as part of a name: `it’s`"),
            ("a = `b`", "` does not quote a string; it is read as part of a name: ``b`` -> a = 'b'"),
        ],
        &["a = 'b’s'", "a = \"“b”\"", "a`b = 'c'"],
    );
}

#[test]
fn confusable_character() {
    check(
        "confusable-character",
        &[
            (
                "FROM /* WHERE lеvel = 'x' INTO $upstream",
                "`lеvel` contains a letter that only looks like one in `level`: `lеvel` -> FROM /* WHERE level = 'x' INTO $upstream",
            ),
            (
                "FROM /messages/modules/sеnsor INTO $upstream",
                "`sеnsor` contains a letter that only looks like one in `sensor`: `sеnsor` -> FROM /messages/modules/sensor INTO \
                 $upstream",
            ),
            (
                "FROM /* WHERE a = 'сritical' INTO $upstream",
                "`сritical` contains a letter that only looks like one in `critical`: `сritical` -> FROM /* WHERE a = 'critical' \
                 INTO $upstream",
            ),
        ],
        &[
            "FROM /* WHERE уровень = 'высокий' INTO $upstream",
            "FROM /* WHERE région = 'Zürich' INTO $upstream",
            "FROM /* WHERE level = 'μm' INTO $upstream",
            "FROM /* WHERE a = 'abc-где' INTO $upstream",
        ],
    );
}

#[test]
fn invisible_character() {
    check_conditions(
        "invisible-character",
        &[
            ("a = 'x\u{200b}'", "U+200B is invisible and is part of a name or string: `\u{200b}` -> a = 'x'"),
            ("a = 'x'\u{a0}", "U+00A0 looks like a space but is part of a name or string: `\u{a0}` -> a = 'x' "),
            ("a = 'x\u{202e}'", "U+202E changes the order in which the text is displayed: `\u{202e}` -> a = 'x'"),
        ],
        &["a = 'x'", "a = 'é'", "a = '👩\u{200d}🚀'", "a\t=\r\n'x'"],
    );
}

#[test]
fn never_true() {
    let message = "this condition is never true";
    let all = |condition: &str| format!("{message}: `{condition}`");
    check_conditions(
        "never-true",
        &[
            ("a = 'x' and a = 'y'", &all("a = 'x' and a = 'y'")),
            ("as_number(a) > 5 and as_number(a) < 3", &all("as_number(a) > 5 and as_number(a) < 3")),
            ("level", &all("level")),
            ("1 > 2", &all("1 > 2")),
            (
                "$body.a > 5 and $body.a < 'x' and $body.a = null",
                &all("$body.a > 5 and $body.a < 'x' and $body.a = null"),
            ),
        ],
        &["a = 'x' or a = 'y'", "as_number(a) > 3 and as_number(a) < 5", "a != 'x' and a != 'y'", "length(a) < 0"],
    );
    let report = linter("never-true").lint_routes(&[RouteInput::new(
        "r",
        "FROM /* WHERE b = 'z' and a = 'x' and c = 'z' and a = 'y' INTO $upstream",
    )]);
    let labels: Vec<(u32, &str)> = report.findings()[0]
        .diagnostic()
        .secondary
        .iter()
        .map(|label| (label.span.start(), label.text.as_str()))
        .collect();
    assert_eq!(labels, [(26, "if this is true"), (50, "this is false")]);
}

#[test]
fn always_true() {
    check(
        "always-true",
        &[
            ("FROM /* WHERE true INTO $upstream", "this condition is always true: `true` -> FROM /* INTO $upstream"),
            (
                "FROM /* WHERE is_defined(a) or not is_defined(a) INTO $upstream",
                "this condition is always true: `is_defined(a) or not is_defined(a)` -> FROM /* INTO $upstream",
            ),
            (
                // Selects only these messages, so nothing is fixed.
                "FROM /messages/modules/* WHERE is_defined($connectionModuleId) INTO $upstream",
                "this condition is always true: `is_defined($connectionModuleId)`",
            ),
        ],
        &[
            "FROM /* INTO $upstream",
            "FROM /* WHERE a = 'x' or a != 'x' INTO $upstream",
            "FROM /messages/* WHERE is_defined($connectionModuleId) INTO $upstream",
            "FROM /messages/modules/a/* WHERE $connectionModuleId = 'a' INTO $upstream",
        ],
    );
}

#[test]
fn contradicts_source() {
    let message = "this condition is never true for messages from this source";
    check(
        "contradicts-source",
        &[
            (
                "FROM /messages/modules/a/* WHERE $connectionModuleId = 'b' INTO $upstream",
                &format!("{message}: `$connectionModuleId = 'b'`"),
            ),
            (
                "FROM /messages/modules/* WHERE not is_defined($connectionModuleId) INTO $upstream",
                &format!("{message}: `not is_defined($connectionModuleId)`"),
            ),
            (
                "FROM /messages/modules/a/outputs/o WHERE $outputName = 'p' INTO $upstream",
                &format!("{message}: `$outputName = 'p'`"),
            ),
        ],
        &[
            "FROM /messages/modules/a/* WHERE $connectionModuleId = 'A' INTO $upstream",
            "FROM /messages/* WHERE $connectionModuleId = 'b' INTO $upstream",
            "FROM /messages/modules/a/* WHERE connectionModuleId = 'b' INTO $upstream",
            "FROM /messages/modules/a/* WHERE b = 'x' and b = 'y' INTO $upstream",
        ],
    );
}

#[test]
fn is_defined_of_body() {
    check_conditions(
        "is-defined-of-body",
        &[(
            "not is_defined($body.a.b)",
            "`is_defined` of a body query does not test whether a value is present: `is_defined($body.a.b)` -> not \
             ($body.a.b != null)",
        )],
        &["is_defined(a)", "is_defined($body.a = 5)", "$body.a != null", "is_string($body.a)"],
    );
}

#[test]
fn is_null_of_body() {
    check_conditions(
        "is-null-of-body",
        &[(
            "is_null($body.a)",
            "`is_null` of a body query is true for every value that is present: `is_null($body.a)` -> ($body.a = null)",
        )],
        &["is_null(a)", "$body.a = null"],
    );
}

#[test]
fn body_date_time() {
    let message = "a body value is never a date and time; the hub treats dates as undefined";
    check_conditions(
        "body-date-time",
        &[
            ("$body.t > '2024-01-01T00:00:00Z'", &format!("{message}: `'2024-01-01T00:00:00Z'`")),
            ("'2024-01-01T00:00:00' = $body.t", &format!("{message}: `'2024-01-01T00:00:00'`")),
        ],
        &["t > '2024-01-01T00:00:00Z'", "$body.t > '2024-01-01'", "$body.t > '2024-01-01 00:00:00'", "$body.t > 5"],
    );
}

#[test]
fn input_name_while_routing() {
    check_conditions(
        "input-name-while-routing",
        &[
            ("$inputName = 'in'", "`$inputName` is never set while the hub routes: `$inputName`"),
            ("not is_defined({$INPUTNAME})", "`$INPUTNAME` is never set while the hub routes: `{$INPUTNAME}`"),
        ],
        &["$outputName = 'in'", "inputName = 'in'"],
    );
}

#[test]
fn twin_query() {
    let message = "`$twin.tags.a` does not query a twin; routes of the edge hub cannot query twins";
    check_conditions(
        "twin-query",
        &[("$twin.tags.a = 'x'", &format!("{message}: `$twin.tags.a`"))],
        &["twin.tags.a = 'x'", "$body.twin.tags.a = 'x'", "$twinning = 'x'"],
    );
}

#[test]
fn unknown_system_property() {
    let message = |name: &str| format!("unknown system property `${name}`");
    check_conditions(
        "unknown-system-property",
        &[
            ("$contenttyp = 'x'", &format!("{}: `$contenttyp` -> $contentType = 'x'", message("contenttyp"))),
            ("{$mesageId} = 'x'", &format!("{}: `{{$mesageId}}` -> {{$messageId}} = 'x'", message("mesageId"))),
            ("$level = 'x'", &format!("{}: `$level`", message("level"))),
            ("$body = 'x'", &format!("{}: `$body`", message("body"))),
            ("$bdy.level = 'x'", &format!("{}: `$bdy.level` -> $body.level = 'x'", message("bdy.level"))),
        ],
        &["$CONTENTTYPE = 'x'", "$body.x = 'x'", "$dt-subject = 'x'", "level = 'x'", "$twin.x = 'x'"],
    );
}

#[test]
fn string_number_comparison() {
    let message = |condition: &str| format!("`{condition}` compares strings character by character: `{condition}`");
    check_conditions(
        "string-number-comparison",
        &[
            ("temp > '80'", &format!("{} -> as_number(temp) > 80", message("temp > '80'"))),
            ("'-1.5' <= $messageId", &format!("{} -> -1.5 <= as_number($messageId)", message("'-1.5' <= $messageId"))),
            ("$body.n < '80'", &format!("{} -> $body.n < 80", message("$body.n < '80'"))),
        ],
        &["temp = '80'", "temp > 'x80'", "day > '2024-01-01'", "as_number(temp) > 80", "version > '1.2.3'"],
    );
}

#[test]
fn unchecked_content_type() {
    check_conditions(
        "unchecked-content-type",
        &[(
            "$body.a = 5 and $body.b = 6",
            "the body can be queried only if the sender sets `contentType` and `contentEncoding`: `$body.a`",
        )],
        &["$contentType = 'application/json' and $body.a = 5", "a = 'x'"],
    );
    let routes: Vec<String> =
        (0..8).map(|number| format!("r{number}: FROM /* WHERE $body.a = {number} INTO $upstream")).collect();
    let found = said("unchecked-content-type", None, &routes.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].matches("also here").count(), 4);
}

#[test]
fn wrong_content_type() {
    check_conditions(
        "wrong-content-type",
        &[
            (
                "$contentType = 'application/json;charset=utf-8' and $body.a = 5",
                "a body whose `contentType` is not `application/json` cannot be queried: `$contentType = \
                 'application/json;charset=utf-8'`",
            ),
            (
                "a = 'x' and ($body.a = 5 and 'UTF8' = $contentEncoding)",
                "a body whose `contentEncoding` is not `utf-8`, `utf-16` or `utf-32` cannot be queried: `'UTF8' = \
                 $contentEncoding`",
            ),
        ],
        &[
            "$contentType = 'APPLICATION/JSON' and $contentEncoding = 'UTF-16' and $body.a = 5",
            "$contentType = 'text/plain' or $body.a = 5",
            "$contentType = 'text/plain' and a = 'x'",
            "$contentType != 'text/plain' and $body.a = 5",
        ],
    );
}

/// Regression found by `lints_are_sound`: an application property named `$contentType` takes precedence over the system
/// property, and says nothing about the body.
#[test]
fn wrong_content_type_considers_what_senders_may_add() {
    let said_of = |condition: &str| {
        let route = format!("r: FROM /* WHERE {condition} and $body.a = 5 INTO $upstream");
        said("wrong-content-type", None, &[&route]).join("")
    };
    let shadowed = "this is undefined unless a sender adds an application property `$contentType`: $body.a";
    assert!(said_of("$contentType = 'text/plain'").ends_with(shadowed), "{}", said_of("$contentType = 'text/plain'"));
    assert!(said_of("{$contentType} = 'text/plain'").ends_with("this is undefined: $body.a"));
}

#[test]
fn unknown_module() {
    let modules: Option<&[&str]> = Some(&["sensor", "filter"]);
    let routes = [
        "a: FROM /messages/modules/Sensr/outputs/* INTO $upstream",
        "b: FROM /messages/modules/SENSOR/* INTO BrokeredEndpoint('/modules/Filter/inputs/in')",
        "c: FROM /messages/modules/other/* INTO BrokeredEndpoint('/modules/filter/inputs/in')",
    ];
    assert_eq!(
        said("unknown-module", modules, &routes),
        [
            "a: the deployment does not install a module `Sensr` -> FROM /messages/modules/sensor/outputs/* INTO $upstream",
            "b: the deployment does not install a module `Filter` -> FROM /messages/modules/SENSOR/* INTO \
             BrokeredEndpoint('/modules/filter/inputs/in')",
            "c: the deployment does not install a module `other`",
        ]
    );
    assert_eq!(said("unknown-module", None, &routes), [""; 0]);
    let known = [
        "a: FROM /messages/modules/SENSOR/* INTO BrokeredEndpoint('/modules/filter/inputs/in')",
        "b: FROM /messages/modules/*/x INTO $upstream",
    ];
    assert_eq!(said("unknown-module", modules, &known), [""; 0]);
}

#[test]
fn self_loop() {
    let into = into_module("filter");
    let up = "up: FROM /messages/modules/filter/outputs/o INTO $upstream";
    let fires = |source: &str| said("self-loop", None, &[&format!("r: FROM {source} {into}"), up]);
    for source in
        ["/*", "/messages/*", "/messages/modules/*", "/messages/modules/Filter/*", "/messages/modules/filter/outputs/*"]
    {
        let source_text = format!("; also takes what `filter` sends: {source}");
        assert_eq!(fires(source), [format!("r: the module `filter` receives its own messages{source_text}")]);
    }
    assert_eq!(
        fires("/messages/* WHERE level = 'x'"),
        ["r: the module `filter` receives its own messages that satisfy the condition; also takes what `filter` \
          sends: /messages/*"]
    );
    for source in [
        "/messages/modules/filter/outputs/again",
        "/messages/modules/other/*",
        "/messages/* WHERE not is_defined($connectionModuleId)",
        "/messages/modules/* WHERE $connectionModuleId != 'filter'",
        "/twinChangeNotifications",
    ] {
        assert_eq!(fires(source), [""; 0], "{source}");
    }
    // Nothing shows that the module sends.
    assert_eq!(said("self-loop", None, &[&format!("r: FROM /messages/* {into}")]), [""; 0]);
}

#[test]
fn message_loop() {
    let [a, b, c] = ["a", "b", "c"].map(into_module);
    let there = format!("there: FROM /messages/modules/a/* {b}");
    let back = |from: &str| format!("back: FROM {from} {a}");
    let fires =
        |back: &str| said("message-loop", None, &[&there, back, "up: FROM /messages/modules/b/* INTO $upstream"]);
    for from in
        ["/messages/modules/b/*", "/messages/modules/b/outputs/*", "/messages/* WHERE $connectionModuleId = 'b'"]
    {
        let found = fires(&back(from));
        let way = "part of the loop: BrokeredEndpoint('/modules/a/inputs/in')";
        assert_eq!(found, [format!("there: messages can loop: `b`, `a`, `b`; {way}")], "{from}");
    }
    for from in
        ["/messages/modules/b/outputs/reply", "/messages/modules/c/*", "/messages/* WHERE $connectionModuleId = 'd'"]
    {
        assert_eq!(fires(&back(from)), [""; 0], "{from}");
    }
    let routes = [
        format!("x: FROM /messages/modules/a/* {b}"),
        format!("y: FROM /messages/modules/b/* {c}"),
        format!("z: FROM /messages/modules/c/* {a}"),
    ];
    let found = said("message-loop", None, &routes.each_ref().map(String::as_str));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("x: messages can loop: `b`, `c`, `a`, `b`"), "{found:?}");
}

#[test]
fn missing_default_output() {
    let named = "r: FROM /messages/modules/a/outputs/* INTO $upstream";
    assert_eq!(
        said("missing-default-output", None, &[named]),
        ["r: no route takes messages that `a` sends without an output -> FROM /messages/modules/a/* INTO $upstream"]
    );
    for other in [
        "s: FROM /messages/* INTO $upstream",
        "s: FROM /messages/modules/A/* WHERE level = 'x' INTO $upstream",
        "s: FROM /messages/modules/* WHERE $connectionModuleId = 'a' INTO $upstream",
    ] {
        assert_eq!(said("missing-default-output", None, &[named, other]), [""; 0], "{other}");
    }
    assert_eq!(
        said("missing-default-output", None, &["r: FROM /messages/modules/a/outputs/o INTO $upstream"]),
        [""; 0]
    );
}

#[test]
fn duplicate_route() {
    let one = "one: FROM /messages/* WHERE a = 'x' and b = 'y' INTO $upstream";
    assert_eq!(
        said("duplicate-route", None, &[one, "two: FROM /MESSAGES WHERE (B = 'y') and a = 'x' INTO $upstream"]),
        [
            "two: this route takes the same messages to the same endpoint as `one`; takes the same messages: /messages/* WHERE a = 'x' \
          and b = 'y' INTO $upstream"
        ]
    );
    for other in [
        "two: FROM /messages/* WHERE a = 'x' and b = 'z' INTO $upstream",
        "two: FROM /messages/* WHERE a = 'x' and b = 'y' INTO BrokeredEndpoint('/modules/m/inputs/i')",
        "two: FROM /messages/modules/* WHERE a = 'x' and b = 'y' INTO $upstream",
        "two: 3: FROM /messages/* WHERE a = 'x' and b = 'y' INTO $upstream",
        "two: : 60: FROM /messages/* WHERE a = 'x' and b = 'y' INTO $upstream",
    ] {
        assert_eq!(said("duplicate-route", None, &[one, other]), [""; 0], "{other}");
    }
}

#[test]
fn subsumed_route() {
    let wide = "wide: 3: FROM /messages/* WHERE as_number(t) > 5 INTO $upstream";
    let fires = |narrow: &str| said("subsumed-route", None, &[wide, narrow]);
    let all = "takes all of its messages: /messages/* WHERE as_number(t) > 5 INTO $upstream";
    for narrow in [
        "narrow: 3: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream",
        "narrow: 3: FROM /messages/modules/m WHERE as_number(t) = 6 and a = 'x' INTO $upstream",
        "narrow: 3: FROM /messages/* WHERE (as_number(t) = 6 or as_number(t) = 7) and a = 'x' INTO $upstream",
    ] {
        let expected = format!("narrow: `wide` takes every message of this route to the same endpoint; {all}");
        assert_eq!(fires(narrow), [expected], "{narrow}");
    }
    assert_eq!(
        fires("narrow: 4: 60: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream"),
        [format!("narrow: `wide` takes every message of this route at a higher priority; {all}")]
    );
    for narrow in [
        "narrow: 3: FROM /messages/modules/* WHERE as_number(t) > 4 INTO $upstream",
        "narrow: 3: FROM /* WHERE as_number(t) > 6 INTO $upstream",
        "narrow: 3: FROM /messages/modules/* WHERE as_number(t) > 6 or a = 'x' INTO $upstream",
        "narrow: 2: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream",
        "narrow: 3: 60: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream",
        "narrow: 3: FROM /messages/* WHERE as_number(t) > 6 INTO BrokeredEndpoint('/modules/m/inputs/i')",
        "narrow: 3: FROM /messages/* WHERE as_number(t) > 6 and as_number(t) < 6 INTO $upstream",
    ] {
        assert_eq!(fires(narrow), [""; 0], "{narrow}");
    }
}

/// Regression found by `lints_are_sound`: among equal priorities the first route delivers. Without `early`, `other`
/// would deliver instead of `wide`, and the message would be kept for a minute.
#[test]
fn a_route_before_others_with_another_time_to_live_is_not_superfluous() {
    let early = "early: 3: FROM /messages/* WHERE as_number(t) > 6 INTO $upstream";
    let other = "other: 3: 60: FROM /messages/* WHERE a = 'x' INTO $upstream";
    let wide = "wide: 3: FROM /messages/* WHERE as_number(t) > 5 INTO $upstream";
    assert_eq!(said("subsumed-route", None, &[early, other, wide]), [""; 0]);
    for order in [[early, wide, other], [other, early, wide], [wide, other, early]] {
        assert_eq!(said("subsumed-route", None, &order).len(), 1, "{order:?}");
    }
}

/// The conditions of routes that go upstream, with `#` numbered.
fn numbered(condition: &str, numbers: impl Iterator<Item = usize>) -> Vec<String> {
    let condition = |n: usize| condition.replace('#', &n.to_string());
    numbers.map(|n| format!("FROM /messages/* WHERE {} INTO $upstream", condition(n))).collect()
}

#[test]
fn a_duplicate_is_found_among_many_routes_that_differ_by_one_test() {
    for condition in ["id = '#'", "site = 's' and id = '#'", "length(id) = #", "site = 's' and length(id) = #"] {
        let texts = numbered(condition, (0..100).chain([50]));
        let routes: Vec<RouteInput<'_>> = texts.iter().map(|text| RouteInput::new("r", text)).collect();
        let linter = linter("duplicate-route");
        let report = linter.lint_routes(&routes);
        assert_eq!(report.findings().len(), 1, "{condition}");
        assert_eq!(report.undecided(), 0, "{condition}");
    }
}

#[test]
fn routes_that_were_not_compared_with_all_others_are_counted() {
    for (count, undecided) in [(32, 0), (40, 40)] {
        let texts = numbered("starts_with(id, '#.')", 0..count);
        let routes: Vec<RouteInput<'_>> = texts.iter().map(|text| RouteInput::new("r", text)).collect();
        let linter = linter("subsumed-route");
        let report = linter.lint_routes(&routes);
        assert!(report.findings().is_empty());
        assert_eq!(report.undecided(), undecided);
    }
}

#[test]
fn outranked_by_catch_all() {
    let all = "all: 0: FROM /messages/* INTO $upstream";
    assert_eq!(
        said("outranked-by-catch-all", None, &["r: 5: FROM /messages/* WHERE a = 'x' INTO $upstream", all]),
        [
            "r: `all` takes every message of its source at a higher priority than this route; has priority 0: /messages/* INTO $upstream"
        ]
    );
    for route in [
        "r: 0: FROM /messages/* WHERE a = 'x' INTO $upstream",
        "r: 5: FROM /* WHERE a = 'x' INTO $upstream",
        "r: 5: FROM /messages/* WHERE a = 'x' INTO BrokeredEndpoint('/modules/m/inputs/i')",
    ] {
        assert_eq!(said("outranked-by-catch-all", None, &[route, all]), [""; 0], "{route}");
    }
}

#[test]
fn conflicting_time_to_live() {
    let one = "one: 5: 60: FROM /messages/* WHERE a = 'x' INTO $upstream";
    let fires = |other: &str| said("conflicting-time-to-live", None, &[one, other]);
    for other in [
        "two: 5: FROM /messages/* INTO $upstream",
        "two: 5: 90: FROM /messages/modules/m/* WHERE b = 'y' INTO $upstream",
    ] {
        let expected = "two: `one` has the same endpoint and priority but a different time to live; 60 seconds here: \
                        /messages/* WHERE a = 'x' INTO $upstream";
        assert_eq!(fires(other), [expected], "{other}");
    }
    for other in [
        "two: 5: 60: FROM /messages/* INTO $upstream",
        "two: 4: FROM /messages/* INTO $upstream",
        "two: 5: FROM /twinChangeNotifications INTO $upstream",
        "two: 5: FROM /messages/* WHERE a = 'y' INTO $upstream",
        "two: 5: FROM /messages/* INTO BrokeredEndpoint('/modules/m/inputs/i')",
    ] {
        assert_eq!(fires(other), [""; 0], "{other}");
    }
}

#[test]
fn no_way_upstream() {
    let local = format!("a: FROM /messages/* {}", into_module("m"));
    assert_eq!(said("no-way-upstream", None, &[&local]), ["a: no route leads to the cloud"]);
    assert_eq!(said("no-way-upstream", None, &[&local, "up: FROM /messages/* INTO $upstream"]), [""; 0]);
    assert_eq!(said("no-way-upstream", None, &[]), [""; 0]);
    // A layer may leave it to its base, and a route with an error may be the missing one.
    let route = serde_json::Value::from("FROM /messages/* INTO BrokeredEndpoint('/modules/m/inputs/i')").to_string();
    let layer = format!(r#"{{"$edgeHub": {{"properties.desired.routes.a": {route}}}}}"#);
    assert_eq!(linter("no-way-upstream").lint_manifest(&layer).findings(), []);
    let broken = format!(
        r#"{{"schemaVersion": "1.1", "storeAndForwardConfiguration": {{}}, "routes": {{"a": {route}, "up": "FROM /messages/* INTO upstream"}}}}"#
    );
    assert_eq!(linter("no-way-upstream").lint_manifest(&broken).findings(), []);
}

#[test]
fn unreached_module() {
    let modules: Option<&[&str]> = Some(&["a", "b", "c"]);
    let routes = [&*format!("x: FROM /messages/modules/A/* {}", into_module("b"))];
    assert_eq!(
        said("unreached-module", modules, &routes),
        ["no route takes messages from the module `c` or sends any to it"]
    );
    assert_eq!(said("unreached-module", modules, &["x: FROM /messages/* INTO $upstream"]), [""; 0]);
    assert_eq!(said("unreached-module", None, &routes), [""; 0]);
}

/// Regression found by `lints_are_sound`: for a hub where application properties take precedence over stamps, the
/// linter treated `$connectionModuleId` as the stamp, which leaf devices do not have. A leaf device can send a property
/// with that name, and the route then matches.
#[test]
fn leaf_devices_may_pass_for_modules_where_stamps_can_be_shadowed() {
    let json = r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": {
        "up": "FROM /messages/* WHERE $connectionModuleId = 'm' INTO $upstream" }}"#;
    let found = |shadowing| linter("unserved-leaf-devices").shadowing(shadowing).lint_manifest(json).findings().len();
    assert_eq!((found(Shadowing::Deny), found(Shadowing::Reference)), (1, 0));
}

#[test]
fn unserved_leaf_devices() {
    let fires = |route: &str| said("unserved-leaf-devices", None, &[route]);
    assert_eq!(fires("a: FROM /messages/modules/* INTO $upstream"), ["a: no route takes messages from leaf devices"]);
    assert_eq!(
        fires("a: FROM /messages/* WHERE is_defined($connectionModuleId) INTO $upstream"),
        ["a: no route takes messages from leaf devices"]
    );
    assert_eq!(fires("a: FROM /messages/* WHERE level = 'x' INTO $upstream"), [""; 0]);
}

#[test]
fn sinks_differ_by_case() {
    let route =
        |name: &str, sink: &str| format!("{name}: FROM /messages/modules/{name} INTO BrokeredEndpoint('{sink}')");
    let one = route("a", "/modules/m/inputs/in");
    assert_eq!(
        said("sinks-differ-by-case", None, &[&one, &route("b", "/modules/M/inputs/In")]),
        ["b: `/modules/M/inputs/In` and `/modules/m/inputs/in` are different endpoints; the other endpoint: \
          BrokeredEndpoint('/modules/m/inputs/in')"]
    );
    for sink in ["/modules/m/inputs/in", "modules/m/INPUTS/in/", "/modules/m/inputs/in2"] {
        assert_eq!(said("sinks-differ-by-case", None, &[&one, &route("b", sink)]), [""; 0], "{sink}");
    }
}

#[test]
fn unknown_source() {
    let message = |path: &str| format!("no message comes from `{path}`");
    let fires = [
        ("/message/*", "message", "/messages/*"),
        ("/messages/module/m/*", "module", "/messages/modules/m/*"),
        ("/messages/modules/m/output/o", "output", "/messages/modules/m/outputs/o"),
    ]
    .map(|(source, wrong, fixed)| {
        let path = source.trim_end_matches("/*");
        let route = |source: &str| format!("FROM {source} INTO $upstream");
        (route(source), format!("{}: `{wrong}` -> {}", message(path), route(fixed)))
    });
    let mut fires: Vec<(&str, &str)> = fires.iter().map(|(route, expected)| (&**route, &**expected)).collect();
    let lifecycle = format!("{}: `deviceLifecycleEvents`", message("/deviceLifecycleEvents"));
    fires.push(("FROM /deviceLifecycleEvents INTO $upstream", &lifecycle));
    let twins = format!("{}: `x`", message("/twinChangeNotifications/x"));
    fires.push(("FROM /twinChangeNotifications/x INTO $upstream", &twins));
    check(
        "unknown-source",
        &fires,
        &[
            "FROM /* INTO $upstream",
            "FROM /MESSAGES INTO $upstream",
            "FROM /messages/Modules/m/Outputs/* INTO $upstream",
            "FROM /messages/modules/m/outputs/a/b INTO $upstream",
            "FROM /twinChangeNotifications/* INTO $upstream",
            "FROM /messages/modules/*/outputs/o INTO $upstream",
        ],
    );
}

#[test]
fn a_lint_that_is_off_hints_at_what_it_would_find() {
    let route = RouteInput::new("r", "FROM /* WHERE $body.a = 5 INTO $upstream");
    let hints = |levels: Levels| -> Vec<&str> {
        Linter::with_levels(levels).lint_routes(&[route]).hints().iter().map(|lint| lint.name()).collect()
    };
    let name = "unchecked-content-type";
    assert_eq!(hints(Levels::default()), [name]);
    for (selector, level) in [(name, Level::Allow), ("all", Level::Allow), (name, Level::Warn), ("W02", Level::Warn)] {
        if let Ok(selector) = selector.parse() {
            assert_eq!(hints(Levels::default().with(selector, level)), [""; 0]);
        }
    }
}

#[test]
fn lints_with_fixes_state_whether_the_meaning_stays() {
    let keeps: Vec<&str> =
        ALL.iter().filter(|lint| lint.fixes() == Some(Fixes::KeepMeaning)).map(|lint| lint.name()).collect();
    assert_eq!(keeps, ["trailing-text", "star-after-name", "always-true"]);
    assert_eq!(Lint::named("W0105").map(Lint::name), Some("trailing-text"));
}

/// The reference accepts these manifests and so do we. After fixes, they must still be manifests of the same routes,
/// without errors.
#[test]
fn manifests_of_the_reference_are_linted_and_fixed() {
    let linter = Linter::with_levels(Levels::default().with("all".parse().unwrap(), Level::Warn));
    let (mut accepted, mut applied) = (0, 0);
    for line in include_str!("../../../../tests/conformance/manifests.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let compiles = |route: &serde_json::Value| route["compile"]["ok"] == true;
        let Some(true) = row["parsed"]["routes"].as_array().map(|routes| routes.iter().all(compiles)) else {
            continue;
        };
        let text = row["json"].as_str().unwrap();
        // The reference also reads some texts that are not JSON.
        let Ok(manifest) = Manifest::from_json(text) else {
            continue;
        };
        accepted += 1;
        assert_eq!(linter.lint_manifest(text).undecided(), 0, "{text}");
        for most in [Fixes::KeepMeaning, Fixes::ChangeMeaning] {
            let fixed = fix_manifest(text, &linter, most);
            applied += fixed.applied;
            let fixed = Manifest::from_json(&fixed.text).unwrap_or_else(|error| panic!("{}\n{error}", fixed.text));
            assert_eq!(fixed.routes().len(), manifest.routes().len());
            for (route, before) in fixed.routes().iter().zip(manifest.routes()) {
                assert_eq!((route.name(), route.priority()), (before.name(), before.priority()));
                let compiled = Route::compile(route.text(), Shadowing::default(), &Limits::default());
                assert!(compiled.is_ok(), "{} was {}", route.text(), before.text());
            }
        }
    }
    assert!(accepted > 450 && applied > 20, "{accepted} manifests, {applied} fixes");
}
