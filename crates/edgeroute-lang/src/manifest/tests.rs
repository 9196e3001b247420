//! Tests the rules of manifests, and the positions that problems report.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Code;
use crate::span::Span;

const UP: &str = "FROM /* INTO $upstream";

/// Returns hub properties of this schema with these routes.
fn hub(version: &str, routes: &str) -> String {
    format!(r#"{{"schemaVersion": {version}, "storeAndForwardConfiguration": {{}}, "routes": {routes}}}"#)
}

/// Returns every problem: its code, its route, and the text at its position.
fn problems(json: &str) -> Vec<(&'static str, Option<String>, &str)> {
    let found = Manifest::parse(json).problems;
    found
        .iter()
        .map(|problem| {
            let diagnostic = problem.diagnostic();
            (diagnostic.code.as_str(), problem.route().map(str::to_owned), diagnostic.primary.span.slice(json))
        })
        .collect()
}

/// Returns the routes of a good manifest: name, text, priority, time to live.
fn routes(json: &str) -> Vec<(String, String, u32, u32)> {
    let manifest = Manifest::from_json(json).unwrap_or_else(|error| panic!("{json}\n{error}"));
    manifest
        .routes()
        .iter()
        .map(|route| {
            let terms = (route.priority().get(), route.time_to_live().as_secs());
            (route.name().to_owned(), route.text().to_owned(), terms.0, terms.1)
        })
        .collect()
}

/// Returns only names and texts.
fn names_and_texts(json: &str) -> Vec<(String, String)> {
    routes(json).into_iter().map(|(name, text, ..)| (name, text)).collect()
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test]
fn routes_are_text_or_objects_in_order() {
    let json = hub(
        r#""1.3""#,
        r#"{"b": "FROM /b INTO $upstream",
            "a": {"timeToLiveSecs": 60, "route": "FROM /a INTO $upstream", "priority": 4, "note": []},
            "c": {"ROUTE": "FROM /c INTO $upstream", "Priority": 2000000000}}"#,
    );
    let route = |name: &str, priority, time_to_live| {
        (name.to_owned(), format!("FROM /{name} INTO $upstream"), priority, time_to_live)
    };
    assert_eq!(routes(&json), [route("b", 2_000_000_000, 0), route("a", 4, 60), route("c", 2_000_000_000, 0)]);
}

#[test]
fn priorities_are_digits_or_the_default_however_they_are_written() {
    let accepted = [
        ("0", 0),
        ("9", 9),
        ("2000000000", 2_000_000_000),
        ("1.0", 1),
        ("2.5", 2),
        (r#"" 3 ""#, 3),
        ("true", 1),
        ("false", 0),
        ("-0.4", 0),
    ];
    let refused = ["10", "9.5e0", "-1", "null", r#""""#, r#""3.0""#, r#""x""#, "[]", "{}", "1e400", "2000000001"];
    let json = |priority: &str| hub(r#""1.1""#, &format!(r#"{{"r": {{"route": "{UP}", "priority": {priority}}}}}"#));
    for (priority, expected) in accepted {
        assert_eq!(routes(&json(priority))[0].2, expected, "{priority}");
    }
    for priority in refused {
        assert_eq!(problems(&json(priority)), [("E0406", Some("r".to_owned()), priority)]);
    }
}

#[test]
fn times_to_live_are_seconds_of_32_bits() {
    let json =
        |seconds: &str| hub(r#""1.2""#, &format!(r#"{{"r": {{"route": "{UP}", "timeToLiveSecs": {seconds}}}}}"#));
    let accepted =
        [("0", 0), ("4294967295", u32::MAX), (r#""60""#, 60), ("59.5", 60), ("true", 1), ("4294967295.4", u32::MAX)];
    for (seconds, expected) in accepted {
        assert_eq!(routes(&json(seconds))[0].3, expected, "{seconds}");
    }
    for seconds in ["4294967296", "-1", "null", "4294967295.5", r#""1e2""#, "{}"] {
        assert_eq!(problems(&json(seconds)), [("E0403", Some("r".to_owned()), seconds)]);
    }
}

#[test]
fn schema_1_0_takes_text_and_passes_over_blank_text() {
    let json = hub(r#""1.0""#, &format!(r#"{{"a": "{UP}", "": " \t\u00a0", "b": null, "c": ""}}"#));
    assert_eq!(names_and_texts(&json), [pair("a", UP)]);
    for nothing in ["null", "{}"] {
        assert_eq!(routes(&hub(r#""1.0""#, nothing)), []);
    }
    assert_eq!(routes(r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}}"#), []);
}

#[test]
fn schema_1_0_refuses_objects_and_says_which_schema_has_them() {
    let json = hub(r#""1.0""#, &format!(r#"{{"a": {{"route": "{UP}"}}, "b": 5, "c": "{UP}"}}"#));
    let parsed = Manifest::parse(&json);
    let object = parsed.problems[0].diagnostic();
    assert_eq!((object.code, parsed.problems[0].route()), (Code::ObjectRouteInOldSchema, Some("a")));
    assert_eq!(
        object.help.as_deref(),
        Some("an object route requires schema 1.1 or later; write `\"schemaVersion\": \"1.1\"`")
    );
    assert_eq!(object.secondary[0].span.slice(&json), r#""1.0""#);
    assert_eq!(parsed.problems[1].diagnostic().primary.span.slice(&json), "5");
    let names: Vec<&str> = parsed.manifest.as_ref().unwrap().routes().iter().map(RouteSpec::name).collect();
    assert_eq!(names, ["c"]);
}

#[test]
fn from_1_1_a_route_needs_text_that_is_not_blank() {
    let cases = [
        (r#""""#, "E0109", r#""""#),
        (r#"" \u2003""#, "E0109", r#"" \u2003""#),
        (r#"{"route": ""}"#, "E0109", r#""""#),
        (r#"{"priority": 1}"#, "E0402", "{"),
        (r#"{"route": null}"#, "E0403", "null"),
        (r#"{"route": ["x"]}"#, "E0403", r#"["x"]"#),
        ("null", "E0403", "null"),
        ("5", "E0403", "5"),
        ("[]", "E0403", "[]"),
    ];
    for (value, code, place) in cases {
        let json = hub(r#""1.1""#, &format!(r#"{{"r": {value}}}"#));
        assert_eq!(problems(&json), [(code, Some("r".to_owned()), place)], "{value}");
    }
}

#[test]
fn a_blank_name_is_refused_in_every_schema() {
    for version in ["1.0", "1.1", "1.3"] {
        for name in ["", " ", r"\t\u3000"] {
            let json = hub(&format!(r#""{version}""#), &format!(r#"{{"{name}": "{UP}"}}"#));
            let found = problems(&json);
            assert_eq!((found.len(), found[0].0, found[0].2), (1, "E0405", &*format!("\"{name}\"")), "{version}");
        }
    }
}

#[test]
fn a_name_stays_as_it_is_written() {
    let json = hub(r#""1.1""#, &format!(r#"{{"a.b 'c'": "{UP}", "[\"\\]": "{UP}", "nul\u0000": "{UP}"}}"#));
    assert_eq!(names_and_texts(&json), [pair("a.b 'c'", UP), pair("[\"\\]", UP), pair("nul\0", UP)]);
}

#[test]
fn what_the_manifest_needs_depends_on_the_schema() {
    let store = r#""storeAndForwardConfiguration": {}"#;
    let cases = [
        (format!(r#"{{{store}, "routes": {{}}}}"#), 1, "the manifest has no `schemaVersion`"),
        (format!(r#"{{{store}, "schemaVersion": "1.1"}}"#), 1, "the manifest has no `routes`"),
        (r#"{"schemaVersion": "1.0"}"#.to_owned(), 1, "the manifest has no `storeAndForwardConfiguration`"),
        (r#"{"routes": {}}"#.to_owned(), 2, "the manifest has no `schemaVersion`"),
    ];
    for (json, count, message) in cases {
        let parsed = Manifest::parse(&json);
        assert_eq!((parsed.manifest, parsed.problems.len()), (None, count), "{json}");
        assert_eq!(parsed.problems[0].diagnostic().message, message);
        assert_eq!(parsed.problems[0].diagnostic().primary.span.slice(&json), "{");
    }
}

#[test]
fn null_and_empty_routes_are_no_routes() {
    for version in [r#""1.0""#, r#""1.1""#, "1.2"] {
        assert_eq!(routes(&hub(version, "null")), []);
        assert_eq!(routes(&hub(version, "{}")), []);
    }
}

#[test]
fn routes_that_are_no_object_are_refused() {
    for version in [r#""1.0""#, r#""1.1""#] {
        for value in ["5", r#""x""#, "[]", "true"] {
            assert_eq!(problems(&hub(version, value)), [("E0403", None, value)]);
        }
    }
}

#[test]
fn keys_ignore_case_except_the_schema_version() {
    let json = format!(
        r#"{{"schemaVersion": "1.1", "ROUTES": {{"r": {{"Route": "{UP}", "PRIORITY": 2, "timetolivesecs": 3}}}},
            "StoreAndForwardConfiguration": {{"TIMETOLIVESECS": 4, "STORELIMITS": {{"maxsizebytes": 5}}}}}}"#
    );
    assert_eq!(routes(&json), [("r".to_owned(), UP.to_owned(), 2, 3)]);
    let manifest = Manifest::from_json(&json).unwrap();
    let store = manifest.store_and_forward().unwrap();
    assert_eq!((store.time_to_live_secs(), store.store_limits().unwrap().max_size_bytes), (4, 5));

    let json = r#"{"SchemaVersion": "1.1", "routes": {}, "storeAndForwardConfiguration": {}}"#;
    let error = Manifest::from_json(json).unwrap_err();
    let label = &error.problems()[0].diagnostic().secondary[0];
    assert_eq!(
        (label.span.slice(json), &*label.text),
        (r#""SchemaVersion""#, "write `schemaVersion`; this key is case-sensitive")
    );
}

#[test]
fn a_second_schema_version_in_another_case_is_an_unknown_key() {
    let json = format!(
        r#"{{"schemaVersion": "1.1", "SchemaVersion": "", "routes": {{"r": "{UP}"}},
            "storeAndForwardConfiguration": {{}}}}"#
    );
    assert_eq!(Manifest::from_json(&json).unwrap().schema_version().map(SchemaVersion::as_str), Some("1.1"));
}

#[test]
fn a_key_that_is_nearly_right_is_named_where_the_right_one_is_missing() {
    let json = hub(r#""1.1""#, &format!(r#"{{"r": {{"rout": "{UP}"}}}}"#));
    let error = Manifest::from_json(&json).unwrap_err();
    let label = &error.problems()[0].diagnostic().secondary[0];
    assert_eq!((label.span.slice(&json), &*label.text), (r#""rout""#, "did you mean `route`?"));

    let json = r#"{"schemaVersion": "1.1", "routes": {}, "storeAndForward": {}}"#;
    let error = Manifest::from_json(json).unwrap_err();
    assert_eq!(error.problems()[0].diagnostic().secondary[0].text, "did you mean `storeAndForwardConfiguration`?");
}

#[test]
fn of_duplicates_the_last_counts_in_the_place_of_the_first() {
    let json = hub(r#""1.1""#, r#"{"a": null, "b": "FROM /b INTO $upstream", "a": "FROM /a INTO $upstream"}"#);
    assert_eq!(names_and_texts(&json), [pair("a", "FROM /a INTO $upstream"), pair("b", "FROM /b INTO $upstream")]);

    let json =
        hub(r#""1.1""#, &format!(r#"{{"r": {{"priority": 99, "route": "{UP}", "priority": 3, "PRIORITY": 4}}}}"#));
    assert_eq!(routes(&json)[0].2, 4);

    let json = format!(
        r#"{{"schemaVersion": "9", "routes": {{"a": "{UP}"}}, "schemaVersion": "1.2", "Routes": {{"b": "{UP}"}},
            "storeAndForwardConfiguration": {{"timeToLiveSecs": 1}}, "storeandforwardconfiguration": {{}}}}"#
    );
    assert_eq!(names_and_texts(&json), [pair("b", UP)]);
    assert_eq!(Manifest::from_json(&json).unwrap().store_and_forward().unwrap().time_to_live_secs(), 0);
}

#[test]
fn a_replaced_value_is_refused_where_the_reference_converts_it_first() {
    let json = hub(r#""1.0""#, &format!(r#"{{"a": {{}}, "a": "{UP}"}}"#));
    assert_eq!(problems(&json), [("E0408", Some("a".to_owned()), "{}")]);
    let json =
        r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {"timeToLiveSecs": null, "timeToLiveSecs": 1}}"#;
    assert_eq!(problems(json), [("E0403", None, "null")]);
}

#[test]
fn the_store_keeps_messages_for_seconds_or_for_ever() {
    let json = |value: &str| format!(r#"{{"schemaVersion": "1.0", "storeAndForwardConfiguration": {value}}}"#);
    let limits = |max_size_bytes| Some(StoreLimits { max_size_bytes });
    let accepted = [
        ("{}", 0, None),
        (r#"{"timeToLiveSecs": 7200}"#, 7200, None),
        (r#"{"timeToLiveSecs": -1}"#, -1, None),
        (r#"{"timeToLiveSecs": "+60", "storeLimits": null}"#, 60, None),
        (r#"{"storeLimits": {}}"#, 0, limits(0)),
        (r#"{"storeLimits": {"maxSizeBytes": 9223372036854775807}}"#, 0, limits(i64::MAX)),
        (r#"{"storeLimits": {"maxSizeBytes": "-12"}}"#, 0, limits(-12)),
        (r#"{"storeLimits": {"maxSizeBytes": 1.5e3}}"#, 0, limits(1500)),
    ];
    for (value, seconds, limits) in accepted {
        let manifest = Manifest::from_json(&json(value)).unwrap();
        let store = manifest.store_and_forward().unwrap();
        assert_eq!((store.time_to_live_secs(), store.store_limits()), (seconds, limits), "{value}");
        let retention = u64::try_from(seconds)
            .map_or(Retention::Forever, |seconds| Retention::For(core::time::Duration::from_secs(seconds)));
        assert_eq!(store.retention(), retention);
    }
    let refused = [
        ("null", "null"),
        ("[]", "[]"),
        (r#""""#, r#""""#),
        (r#"{"timeToLiveSecs": 1.0}"#, "1.0"),
        (r#"{"timeToLiveSecs": true}"#, "true"),
        (r#"{"timeToLiveSecs": null}"#, "null"),
        (r#"{"timeToLiveSecs": 2147483648}"#, "2147483648"),
        (r#"{"storeLimits": 5}"#, "5"),
        (r#"{"storeLimits": {"maxSizeBytes": null}}"#, "null"),
        (r#"{"storeLimits": {"maxSizeBytes": 9223372036854775808}}"#, "9223372036854775808"),
    ];
    for (value, place) in refused {
        assert_eq!(problems(&json(value)), [("E0403", None, place)], "{value}");
    }
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_text() {
    let json = "{
  \"routes\": {
    \"low\": { \"route\": \"FROM /* INTO $upstream\",
             \"priority\": 12, \"timeToLiveSecs\": -1 },
    \"none\": 5,
    \"good\": \"FROM /* INTO $upstream\",
    \"\": \"FROM /* INTO $upstream\"
  },
  \"storeAndForwardConfiguration\": { \"timeToLiveSecs\": \"é\", \"storeLimits\": 1 },
  \"schemaVersion\": \"1.4\"
}";
    let error = Manifest::from_json(json).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the manifest is not valid
  4:26: E0406: route `low`: `priority` must be a whole number from 0 to 9, found 12
  4:48: E0403: route `low`: `timeToLiveSecs` must be a whole number of seconds from 0 to 4294967295, found -1
  5:13: E0403: route `none`: a route must be a string or an object, found 5
  7:5: E0405: route ``: the name of a route must not be blank
  9:55: E0403: `timeToLiveSecs` must be a whole number of seconds (negative for no limit), found \"é\"
  9:75: E0403: `storeLimits` must be an object or null, found 1
  10:20: E0404: schema version `1.4` is not supported"
    );
}

#[test]
fn bad_routes_are_skipped_and_reported_by_name() {
    let json = hub(r#""1.2""#, &format!(r#"{{"a": "{UP}", "b": {{"route": "{UP}", "priority": 10}}, "c": "{UP}"}}"#));
    let Parsed { manifest, unusable_routes, problems } = Manifest::parse(&json);
    let manifest = manifest.unwrap();
    let names: Vec<&str> = manifest.routes().iter().map(RouteSpec::name).collect();
    assert_eq!(names, ["a", "c"]);
    let unusable: Vec<&str> = unusable_routes.iter().map(RouteSpec::name).collect();
    assert_eq!(unusable, ["b"], "to be checked all the same");
    assert_eq!(manifest.store_and_forward(), Some(&StoreAndForward::default()));
    let reported: Vec<Option<&str>> = problems.iter().map(ManifestProblem::route).collect();
    assert_eq!(reported, [Some("b")]);
    assert_eq!(Manifest::from_json(&json).unwrap_err().into_problems(), problems);
}

#[test]
fn a_manifest_with_a_problem_of_its_own_gives_no_routes_to_route_by() {
    let json = format!(r#"{{"schemaVersion": "1.2", "routes": {{"a": "{UP}"}}}}"#);
    let parsed = Manifest::parse(&json);
    assert_eq!(parsed.manifest, None);
    let readable: Vec<&str> = parsed.unusable_routes.iter().map(RouteSpec::name).collect();
    assert_eq!(readable, ["a"], "to be checked all the same");
}

#[test]
fn a_place_in_a_route_leads_through_escapes_to_its_column() {
    let json = "{\"schemaVersion\": \"1.0\", \"storeAndForwardConfiguration\": {}, \"routes\": {
  \"é\": \"FROM /* WHERE \\u0061 = \\\"b\\\" / INTO $upstream\" }}";
    let manifest = Manifest::from_json(json).unwrap();
    let route = &manifest.routes()[0];
    assert_eq!(route.text(), "FROM /* WHERE a = \"b\" / INTO $upstream");
    let lines = crate::span::LineIndex::new(json);
    let place = |part: &str| {
        let at = route.text().find(part).unwrap();
        let span = route.locate(Span::from_range(at..at + part.len()));
        (lines.position(json, span.start()).to_string(), span.slice(json))
    };
    assert_eq!(place("FROM"), ("2:9".to_owned(), "FROM"));
    assert_eq!(place("a ="), ("2:23".to_owned(), "\\u0061 ="));
    assert_eq!(place("\"b\""), ("2:32".to_owned(), "\\\"b\\\""));
    assert_eq!(place("/ INTO"), ("2:38".to_owned(), "/ INTO"));
    assert_eq!(route.name_span().slice(json), "\"é\"");
    assert!(route.text_span().slice(json).ends_with("$upstream\""));
}

#[test]
fn a_deployment_holds_the_properties_of_its_hub() {
    let properties = hub(r#""1.1""#, &format!(r#"{{"r": "{UP}"}}"#));
    let modules = format!(
        r#"{{"$edgeAgent": {{"properties.desired": {{"routes": 5}}}},
            "$edgeHub": {{"properties.desired": {properties}}}}}"#
    );
    let documents = [
        properties.clone(),
        format!(r#"{{"modulesContent": {modules}}}"#),
        format!(r#"{{"id": "d", "schemaVersion": "1.0", "content": {{"modulesContent": {modules}}}}}"#),
        modules,
        format!(r#"{{"properties.desired": {properties}}}"#),
    ];
    for document in documents {
        assert_eq!(names_and_texts(&document), [pair("r", UP)], "{document}");
    }
}

#[test]
fn dotted_keys_are_laid_over_the_properties() {
    let json = r#"{"modulesContent": {"$edgeHub": {
        "properties.desired.routes.c": {"route": "FROM /c INTO $upstream", "priority": 1},
        "properties.desired.routes.a": "FROM /new INTO $upstream",
        "properties.desired": {
            "schemaVersion": "1.0",
            "storeAndForwardConfiguration": {"timeToLiveSecs": 5},
            "routes": {"a": "FROM /a INTO $upstream", "b": "FROM /b INTO $upstream"}
        },
        "properties.desired.schemaVersion": "1.2",
        "properties.desired.routes.c.timeToLiveSecs": 7,
        "properties.desired.storeAndForwardConfiguration.storeLimits.maxSizeBytes": 9
    }}}"#;
    let route = |name: &str, path: &str, priority, time_to_live| {
        (name.to_owned(), format!("FROM {path} INTO $upstream"), priority, time_to_live)
    };
    let default = 2_000_000_000;
    assert_eq!(routes(json), [route("a", "/new", default, 0), route("b", "/b", default, 0), route("c", "/c", 1, 7)]);
    let manifest = Manifest::from_json(json).unwrap();
    let store = manifest.store_and_forward().unwrap();
    assert_eq!((store.time_to_live_secs(), store.store_limits().unwrap().max_size_bytes), (5, 9));
    assert_eq!(manifest.schema_version().unwrap().as_str(), "1.2");
    assert_eq!(manifest.routes()[0].name_span().slice(json), r#""properties.desired.routes.a""#);
    assert_eq!(manifest.routes()[1].name_span().slice(json), r#""b""#);
}

#[test]
fn a_layer_alone_leaves_the_rest_to_its_base() {
    let json = format!(r#"{{"modulesContent": {{"$edgeHub": {{"properties.desired.routes.up": "{UP}"}}}}}}"#);
    let manifest = Manifest::from_json(&json).unwrap();
    assert_eq!((manifest.schema_version(), manifest.store_and_forward()), (None, None));
    assert_eq!(names_and_texts(&json), [pair("up", UP)]);

    let json = format!(
        r#"{{"$edgeHub": {{"properties.desired.schemaVersion": "1.0",
            "properties.desired.routes.up": {{"route": "{UP}"}}}}}}"#
    );
    assert_eq!(problems(&json).first().map(|problem| problem.0), Some("E0408"));
    let json = format!(r#"{{"$edgeHub": {{"properties.desired.routes": {{"a": "{UP}"}}}}}}"#);
    assert_eq!(names_and_texts(&json), [pair("a", UP)]);
}

#[test]
fn a_dotted_name_is_a_name_unless_a_field_follows_it() {
    let json = format!(
        r#"{{"$edgeHub": {{"properties.desired.routes.a.b": "{UP}", "properties.desired.routes.c.d.route": "{UP}",
            "properties.desired.routes.priority": "{UP}", "properties.desired.routes.c.d.PRIORITY": 3}}}}"#
    );
    let name = |name: &str, priority| (name.to_owned(), UP.to_owned(), priority, 0);
    assert_eq!(routes(&json), [name("a.b", 2_000_000_000), name("c.d", 3), name("priority", 2_000_000_000)]);
}

#[test]
fn a_field_laid_over_text_replaces_it() {
    let json = format!(
        r#"{{"$edgeHub": {{"properties.desired.routes.a": "{UP}", "properties.desired.routes.a.priority": 3}}}}"#
    );
    assert_eq!(problems(&json), [("E0402", Some("a".to_owned()), r#""properties.desired.routes.a.priority""#)]);
}

#[test]
fn problems_of_a_layer_are_at_their_dotted_keys() {
    let json = r#"{"$edgeHub": {"properties.desired.routes.": "x", "properties.desired.routes.b": 7}}"#;
    assert_eq!(
        problems(json),
        [("E0405", Some(String::new()), r#""properties.desired.routes.""#), ("E0403", Some("b".to_owned()), "7")]
    );
}

#[test]
fn a_document_without_a_hub_says_where_one_was_expected() {
    let cases = [
        ("{}", "{", "this is neither a deployment manifest nor the hub's desired properties", ""),
        (r#"{"moduleContent": {}}"#, "{", "this is neither", "did you mean `modulesContent`?"),
        (
            r#"{"modulesContent": {"edgeHub": {}}}"#,
            r#""modulesContent""#,
            "the deployment has no `$edgeHub`",
            "did you mean `$edgeHub`?",
        ),
        (
            r#"{"modulesContent": {"$edgeHub": {"properties": {}}}}"#,
            r#""$edgeHub""#,
            "`$edgeHub` has no `properties.desired`",
            "",
        ),
        (
            r#"{"$edgeHub": {"property.desired": {}}}"#,
            r#""$edgeHub""#,
            "`$edgeHub` has no",
            "did you mean `properties.desired`?",
        ),
    ];
    for (json, place, message, label) in cases {
        let error = Manifest::from_json(json).unwrap_err();
        let found = error.problems()[0].diagnostic();
        assert_eq!((found.code, found.primary.span.slice(json)), (Code::NoHubProperties, place), "{json}");
        assert!(found.message.starts_with(message), "{}", found.message);
        assert_eq!(found.secondary.first().map_or("", |label| &*label.text), label, "{json}");
    }
    let refused = [
        ("[]", "[]"),
        ("5", "5"),
        (r#"{"modulesContent": []}"#, "[]"),
        (r#"{"modulesContent": {"$edgeHub": 1}}"#, "1"),
        (r#"{"modulesContent": {"$edgeHub": {"properties.desired": null}}}"#, "null"),
    ];
    for (json, place) in refused {
        assert_eq!(problems(json), [("E0403", None, place)]);
    }
}

#[test]
fn a_manifest_inside_another_document_is_pointed_at() {
    let properties = hub(r#""1.1""#, "{}");
    let deployment = format!(r#"{{"modulesContent": {{"$edgeHub": {{"properties.desired": {properties}}}}}}}"#);
    for (json, code, help) in [
        (
            format!(r#"{{"resources": [{{"properties": {deployment}}}]}}"#),
            Code::NoHubProperties,
            "give only the value at `resources[0].properties`, which is a deployment",
        ),
        (
            format!(r#"{{"moduleId": "$edgeHub", "properties": {{"desired": {properties}}}}}"#),
            Code::NoHubProperties,
            "give only the value at `properties.desired`, which is the hub's desired properties",
        ),
        (
            format!(r#"[{{"content": {deployment}}}, {{"content": {deployment}}}]"#),
            Code::InvalidManifestValue,
            "give only one of the 2 manifests in it; the value at `[0].content` is a deployment",
        ),
    ] {
        let error = Manifest::from_json(&json).unwrap_err();
        let found = error.problems()[0].diagnostic();
        assert_eq!((found.code, found.help.as_deref()), (code, Some(help)), "{json}");
        assert_eq!(found.secondary[0].span.slice(&json), "{");
    }
}

#[test]
fn a_misspelled_key_within_content_is_named() {
    let json = r#"{"content": {"moduleContent": {"$edgeHub": {"properties.desired": {}}}}}"#;
    let error = Manifest::from_json(json).unwrap_err();
    let label = &error.problems()[0].diagnostic().secondary[0];
    assert_eq!((label.span.slice(json), &*label.text), (r#""moduleContent""#, "did you mean `modulesContent`?"));
}

#[test]
fn placeholders_in_quoted_values_are_reported_as_such() {
    let cases = [
        (hub(r#""${VERSION}""#, "{}"), "${VERSION}"),
        (hub(r#""1.1""#, &format!(r#"{{"r": {{"route": "{UP}", "priority": "{{{{p}}}}"}}}}"#)), "{{p}}"),
        (hub(r#""1.1""#, &format!(r#"{{"r": {{"route": "{UP}", "timeToLiveSecs": "%TTL%"}}}}"#)), "%TTL%"),
        (hub(r#""1.1""#, "\"#{ROUTES}#\""), "#{ROUTES}#"),
        (hub(r#""1.1""#, "{}").replace("{}", r#"{"timeToLiveSecs": "__TTL__"}"#), "__TTL__"),
    ];
    for (json, placeholder) in cases {
        let found = problems(&json);
        assert_eq!((found[0].0, found[0].2), ("E0110", placeholder), "{json}");
        assert!(found.len() == 1 || json.contains("\"routes\": {\"time"), "{json}: {found:?}");
    }
}

#[test]
fn columns_do_not_count_a_byte_order_mark() {
    let plain = hub(r#""1.9""#, "{}");
    let position = |json: &str| Manifest::parse(json).problems[0].position().to_string();
    assert_eq!(position(&format!("\u{feff}{plain}")), position(&plain));
}

#[test]
fn lenient_json_is_refused() {
    let good = hub(r#""1.1""#, &format!(r#"{{"r": {{"route": "{UP}", "priority": 1}}}}"#));
    assert_eq!(problems(&good), []);
    for (strict, lenient) in [
        ("{\"schema", "/* c */{\"schema"),
        ("\"routes\"", "'routes'"),
        ("\"routes\"", "routes"),
        ("1}}}", "1,}}}"),
        ("1}}}", "01}}}"),
        ("1}}}", "0x1}}}"),
        ("1}}}", "NaN}}}"),
        ("FROM /*", "FROM\t/*"),
    ] {
        let json = good.replacen(strict, lenient, 1);
        assert_ne!(json, good);
        assert_eq!(
            Manifest::from_json(&json).unwrap_err().problems()[0].diagnostic().code,
            Code::InvalidJson,
            "{json}"
        );
    }
}

#[test]
fn lone_surrogates_are_refused_in_what_is_read_and_nowhere_else() {
    let json = hub(r#""1.1""#, r#"{"a": "FROM /\ud800 INTO $upstream", "\udc00b": {"route": "x"}}"#);
    assert_eq!(
        problems(&json),
        [("E0403", Some("a".to_owned()), r"\ud800"), ("E0403", Some("\u{fffd}b".to_owned()), r"\udc00")]
    );
    let json = hub(r#""1.1""#, &format!(r#"{{"a": {{"route": "{UP}", "\ud800": "\ud800"}}}}"#));
    assert_eq!(names_and_texts(&json), [pair("a", UP)]);
    let json = r#"{"$edgeHub": {"properties.desired.routes.\ud800": "x"}}"#;
    assert_eq!(problems(json), [("E0403", Some("\u{fffd}".to_owned()), r"\ud800")]);
}

#[test]
fn what_is_not_interpreted_is_left_alone() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let json = format!(
        r#"{{"mqttBroker": 5, "integrity": "\ud800", "x": {deep}, "$version": 2, "schemaVersion": "1.3",
            "routes": {{}}, "storeAndForwardConfiguration": {{"x": {deep}}}}}"#
    );
    assert_eq!(problems(&json), []);
}

#[test]
fn a_hundred_thousand_routes_are_read_in_one_go() {
    let lines: Vec<String> =
        (0..100_000).map(|n| format!(r#""r{n}": {{"route": "{UP}", "priority": {}}}"#, n % 11)).collect();
    let Parsed { manifest, problems, .. } = Manifest::parse(&hub(r#""1.1""#, &format!("{{{}}}", lines.join(","))));
    assert_eq!((manifest.unwrap().routes().len(), problems.len()), (90_910, 9_090));
    assert_eq!(ManifestError::new(problems).to_string().lines().count(), 22);
}

/// Generates JSON from keys that the reader searches for, and values that it does not expect there.
fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "0",
        "-1",
        "1.1",
        "2.5",
        "1e400",
        "12",
        "\"\"",
        "\"1.0\"",
        "\"1.1\"",
        "\"FROM /* INTO $upstream\"",
        r#""\ud800""#,
        r#""a \u0041\"b""#,
        "[]",
        "{}",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(6, 48, 6, |inner| {
        let key = prop::sample::select(vec![
            "schemaVersion",
            "SCHEMAVERSION",
            "routes",
            "storeAndForwardConfiguration",
            "timeToLiveSecs",
            "priority",
            "route",
            "storeLimits",
            "maxSizeBytes",
            "a",
            "",
            r"\ud800",
            "modulesContent",
            "content",
            "$edgeHub",
            "properties.desired",
            "properties.desired.routes.a",
            "properties.desired.routes.a.priority",
            "properties.desired.routes",
            "properties.desired.",
            "properties.desired.storeAndForwardConfiguration.x.y",
        ]);
        let member = (key, inner.clone()).prop_map(|(key, value)| format!("\"{key}\": {value}"));
        prop_oneof![
            3 => prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",\n"))),
            1 => prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

/// Checks the invariants of every result: the two policies agree, and every span is in the text.
fn check(json: &str) {
    let Parsed { manifest, problems, .. } = Manifest::parse(json);
    assert!(manifest.is_some() || !problems.is_empty());
    assert_eq!(manifest.is_none(), problems.iter().any(|problem| problem.route().is_none()));
    assert_eq!(Manifest::from_json(json).is_ok(), problems.is_empty());
    for problem in &problems {
        let diagnostic = problem.diagnostic();
        // What is suggested is not what is written.
        for label in &diagnostic.secondary {
            let written = json.get(label.span.range()).unwrap_or_default().trim_matches('"');
            assert!(!label.text.contains(&format!("mean `{written}`")), "{}: {json}", label.text);
        }
        for span in core::iter::once(&diagnostic.primary).chain(&diagnostic.secondary).map(|label| label.span) {
            assert!(json.get(span.range()).is_some(), "{span:?} of {json}");
        }
    }
    for route in manifest.iter().flat_map(Manifest::routes) {
        assert!(json.get(route.name_span().range()).is_some_and(|name| name.starts_with('"')));
        let whole = route.locate(Span::from_range(0..route.text().len()));
        let text_span = route.text_span();
        assert_eq!((whole.start(), whole.end()), (text_span.start() + 1, text_span.end() - 1));
    }
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(json in any_value()) {
        check(&json);
    }

    #[test]
    fn any_text_is_read_or_refused(json in any::<String>()) {
        check(&json);
    }

    #[test]
    fn any_cut_and_change_of_a_manifest_is_read_or_refused(
        at in 0_usize..200,
        insert in prop::sample::select(vec!["", "\"", "\\", "{", "}", ",", "é", "\u{feff}", "\0", "//"]),
        remove in 0_usize..4,
    ) {
        let routes = format!(r#"{{"é": {{"route": "{UP} \" \u00e9", "priority": 1}}}}"#);
        let mut json: Vec<char> = hub(r#""1.1""#, &routes).chars().collect();
        let at = at.min(json.len());
        let end = (at + remove).min(json.len());
        json.splice(at..end, insert.chars());
        check(&json.into_iter().collect::<String>());
    }
}

/// Returns the names of the modules that a deployment declares, with this agent and these module twins.
fn modules(agent: &str, twins: &str) -> Option<Vec<String>> {
    let hub = hub("\"1.1\"", "{}");
    let json = format!(
        r#"{{"modulesContent": {{"$edgeAgent": {agent}, "$edgeHub": {{"properties.desired": {hub}}} {twins}}}}}"#
    );
    let manifest = Manifest::from_json(&json).unwrap_or_else(|error| panic!("{json}\n{error}"));
    let modules = manifest.modules()?;
    for module in modules {
        assert!(module.name_span().slice(&json).contains(module.name()), "{module:?}");
    }
    Some(modules.iter().map(|module| module.name().to_owned()).collect())
}

#[test]
fn modules_are_those_installed_and_those_that_have_a_twin() {
    let agent = r#"{"properties.desired": {"modules": {"a": {}, "b": {}, "a": {}, "gone": null}},
        "properties.desired.modules.c.d": {}, "properties.desired.modules.b.env.X.value": "1"}"#;
    let twins = r#", "b": {"properties.desired": {}}, "late": {"properties.desired": {}}"#;
    assert_eq!(modules(agent, twins).unwrap(), ["a", "b", "c.d", "late"]);
    assert_eq!(modules(r#"{"properties.desired": {"modules": {}}}"#, "").unwrap(), [""; 0]);
}

#[test]
fn modules_are_unknown_where_a_deployment_leaves_them_to_another() {
    assert_eq!(modules(r#"{"properties.desired.modules.c": {}}"#, ", \"b\": {}"), None);
    assert_eq!(modules(r#"{"properties.desired": {"modules": []}}"#, ""), None);
    assert_eq!(modules("5", ""), None);
    assert_eq!(Manifest::from_json(&hub("\"1.1\"", "{}")).unwrap().modules(), None);
}

#[test]
fn a_manifest_is_parsed_as_it_is_read() {
    let json = hub("\"1.1\"", &format!("{{\"up\": \"{UP}\"}}"));
    assert_eq!(json.parse(), Manifest::from_json(&json));
    assert_eq!("{}".parse::<Manifest>(), Manifest::from_json("{}"));
}

/// The JSON string of a route's text, with some characters written as escapes.
fn any_route_string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[aé€😀/]",
        prop::sample::select(vec![r#"\""#, r"\\", r"\/", r"\b", r"\n", r"\u0041", r"\u00E9", r"\ud83d\ude00"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| format!("x{}", pieces.concat()))
}

proptest! {
    #[test]
    fn each_byte_of_the_text_leads_to_its_route_and_back(strings in prop::collection::vec(any_route_string(), 1..4)) {
        let routes: Vec<String> =
            strings.iter().enumerate().map(|(index, string)| format!("\"r{index}\": \"{string}\"")).collect();
        // The last value of a name counts, in the place of the first.
        let json = hub("\"1.1\"", &format!(r#"{{"r0": "overridden", {}, "last": "z"}}"#, routes.iter().rev().cloned().collect::<Vec<_>>().join(", ")));
        let manifest = Manifest::from_json(&json).unwrap();
        prop_assert_eq!(manifest.routes().len(), strings.len() + 1);
        let mut inside = 0;
        for offset in (0..=json.len()).map(|offset| u32::try_from(offset).unwrap()) {
            let Some((route, at)) = manifest.route_at(offset) else {
                prop_assert!(manifest.routes().iter().all(|route| route.span_in_text(Span::at(offset)).is_none()));
                continue;
            };
            inside += 1;
            prop_assert!(route.text().is_char_boundary(at as usize));
            prop_assert!(route.text_span().start() < offset && offset < route.text_span().end());
            prop_assert!(route.locate(Span::at(at)).start() <= offset);
            let span = route.span_in_text(Span::new(offset, route.text_span().end() - 1)).unwrap();
            prop_assert_eq!(span, Span::new(at, u32::try_from(route.text().len()).unwrap()));
        }
        let lengths: usize = manifest.routes().iter().map(|route| route.text_span().len() as usize - 1).sum();
        prop_assert_eq!(inside, lengths);
        for route in manifest.routes() {
            let boundaries: Vec<u32> = (0..=route.text().len()).filter(|&at| route.text().is_char_boundary(at)).map(|at| u32::try_from(at).unwrap()).collect();
            for (index, &from) in boundaries.iter().enumerate() {
                prop_assert_eq!(manifest.route_at(route.locate(Span::at(from)).start()), Some((route, from)));
                for &to in boundaries.iter().skip(index) {
                    let located = route.locate(Span::new(from, to));
                    prop_assert_eq!(route.span_in_text(located), Some(Span::new(from, to)));
                    // Without the first and the last byte of a longer span, the same characters are meant.
                    if located.len() > 2 && located.slice(&json).chars().count() == 1 {
                        let part = Span::new(located.start() + 1, located.end() - 1);
                        prop_assert_eq!(route.span_in_text(part), Some(Span::new(from, to)));
                    }
                }
            }
        }
    }
}
