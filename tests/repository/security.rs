//! Tests the promises of `SECURITY.md` that belong to no single module, and checks that the names in it exist.

use std::fs;

use edgeroute::{RouteTable, RouteTableBuilder};
use edgeroute_lang::message::{Message, Origin};

type Pairs = Vec<(String, Option<String>)>;

#[test]
fn every_test_that_the_document_names_exists() {
    let root = edgeroute_testkit::repository();
    let document = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    // Every other part is the text between backticks.
    let quoted: Vec<&str> = document.split('`').skip(1).step_by(2).collect();
    let mut tests = 0;
    for quoted in quoted {
        if let Some(target) = quoted.strip_prefix("fuzz: ") {
            assert!(root.join(format!("fuzz/fuzz_targets/{target}.rs")).exists(), "{quoted}");
            tests += 1;
        } else if let Some((path, name)) = quoted.split_once(".rs: ") {
            let text = fs::read_to_string(root.join(format!("{path}.rs"))).unwrap_or_default();
            assert!(text.contains(&format!("fn {name}(")), "there is no {quoted}");
            tests += 1;
        } else if [".rs", ".md", ".toml", ".ci/run"].iter().any(|end| quoted.ends_with(end)) {
            assert!(root.join(quoted).exists(), "there is no {quoted}");
        }
    }
    assert!(tests > 30, "{tests} tests");
    let targets = fs::read_dir(root.join("fuzz/fuzz_targets")).unwrap();
    for target in targets.map(|entry| entry.unwrap().path()) {
        let name = target.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(document.contains(&format!("`fuzz: {name}`")), "{name} is not named");
    }
}

/// The names of the routes that deliver a message.
fn winners(table: &RouteTable, origin: Origin<'_>, properties: &Pairs, system: &Pairs, body: &[u8]) -> Vec<String> {
    let message = Message::new(origin).properties(properties).system_properties(system).body(body);
    table.route(&message).into_iter().map(|delivery| delivery.route().to_owned()).collect()
}

fn table(routes: &[String]) -> RouteTableBuilder {
    let numbered = routes.iter().enumerate();
    numbered.fold(RouteTable::builder(), |builder, (number, text)| builder.route(number.to_string(), text))
}

/// A route to an endpoint of its own.
fn route(source: &str, condition: &str, number: usize) -> String {
    format!("FROM {source} WHERE {condition} INTO BrokeredEndpoint('/modules/m/inputs/i{number}')")
}

#[test]
fn nothing_that_a_sender_writes_changes_its_stamps() {
    let stamps = ["connectionDeviceId", "connectionModuleId", "outputName", "inputName"];
    let claims = ["edge", "leaf", "camera", "alarm", "admin", ""];
    let mut conditions = vec!["true".to_owned()];
    for stamp in stamps {
        for form in [format!("${stamp}"), format!("{{${stamp}}}"), format!("${}", stamp.to_uppercase())] {
            conditions.extend(claims.map(|claim| format!("{form} = '{claim}'")));
            conditions.extend(["is_defined", "is_null", "is_string"].map(|function| format!("{function}({form})")));
            conditions.push(format!("starts_with({form}, 'a')"));
        }
    }
    let sources = ["/*", "/messages/modules/*", "/messages/modules/admin/*", "/messages/modules/camera/outputs/admin"];
    let routes: Vec<String> = sources
        .iter()
        .flat_map(|source| conditions.iter().map(move |condition| (source, condition)))
        .enumerate()
        .map(|(number, (source, condition))| route(source, condition, number))
        .collect();
    let origins = [
        Origin::device("leaf"),
        Origin::module("edge", "camera"),
        Origin::module("edge", "camera").output("alarm"),
        Origin::twin_change("leaf"),
    ];
    let names = stamps.iter().flat_map(|stamp| {
        ["", "$", "{$", "$$"].into_iter().flat_map(move |before| {
            let name = format!("{before}{stamp}{}", if before == "{$" { "}" } else { "" });
            [name.to_uppercase(), name.to_lowercase(), name]
        })
    });
    let names: Vec<String> = names.chain(["messageType".to_owned(), "$messageType".to_owned()]).collect();
    // Some routes are decided by terms, all of them by the index.
    for routes in [&routes[..], &routes[..60]] {
        let table = table(routes).build().unwrap();
        for origin in origins {
            let honest = winners(&table, origin, &Vec::new(), &Vec::new(), b"");
            assert!(!honest.is_empty());
            for claim in [Some("admin"), Some("twinChangeNotification"), Some(""), None] {
                let forged: Pairs = names.iter().map(|name| (name.clone(), claim.map(str::to_owned))).collect();
                let body = br#"{"$connectionModuleId": "admin", "connectionModuleId": "admin", "properties": {}}"#;
                let found = winners(&table, origin, &forged, &forged, body);
                assert_eq!(found, honest, "{origin:?} with {claim:?}");
                for one in &forged {
                    let one = vec![one.clone()];
                    assert_eq!(winners(&table, origin, &one, &Vec::new(), body), honest, "{origin:?} with {one:?}");
                    assert_eq!(winners(&table, origin, &Vec::new(), &one, body), honest, "{origin:?} with {one:?}");
                }
            }
        }
    }
}

#[test]
fn a_bad_route_changes_no_answer_of_the_others() {
    let conditions = [
        "level = 'critical'",
        "level != 'critical'",
        "as_number(temp) > 80",
        "starts_with(site, 'plant') and level = 'low'",
        "$body.n = 1 or site = 'plant1'",
        "not is_defined(level)",
        "upper(site) = 'PLANT1'",
        "true",
    ];
    let deep = format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000));
    let long = format!("a = '{}'", "x".repeat(2 << 20));
    let bad = [
        "level = ".to_owned(),
        "level = 'critical' and (".to_owned(),
        "level + 1 = 2".to_owned(),
        "no_such_function(level)".to_owned(),
        "'never ends".to_owned(),
        "@".to_owned(),
        deep,
        long,
    ];
    let good: Vec<String> =
        conditions.iter().enumerate().map(|(number, condition)| route("/*", condition, number)).collect();
    let alone = table(&good).build().unwrap();
    let system: Pairs = [("contentType", "application/json"), ("contentEncoding", "utf-8")]
        .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
        .into();
    for (number, bad) in bad.iter().enumerate() {
        // Before, among and after the others.
        for place in [0, good.len() / 2, good.len()] {
            let mut builder = RouteTable::builder();
            for (index, text) in good.iter().enumerate() {
                if index == place {
                    builder = builder.route("bad", route("/*", bad, 99));
                }
                builder = builder.route(index.to_string(), text);
            }
            if place == good.len() {
                builder = builder.route("bad", route("/*", bad, 99));
            }
            let compiled = builder.build_partial().unwrap();
            assert!(compiled.skipped.iter().all(|problem| problem.route() == "bad"), "{number}");
            assert!(!compiled.skipped.is_empty(), "{number}");
            let table = compiled.table;
            for level in [None, Some("critical"), Some("low")] {
                for (temp, site, body) in
                    [("90", "plant1", r#"{"n": 1}"#), ("x", "plant2", r#"{"n": 2}"#), ("5", "other", "no JSON")]
                {
                    let mut properties: Pairs =
                        vec![("temp".to_owned(), Some(temp.to_owned())), ("site".to_owned(), Some(site.to_owned()))];
                    properties.extend(level.map(|level| ("level".to_owned(), Some(level.to_owned()))));
                    let [with, without] = [&table, &alone]
                        .map(|table| winners(table, Origin::device("d"), &properties, &system, body.as_bytes()));
                    assert!(!without.is_empty());
                    assert_eq!(with, without, "with bad route {number} at {place}");
                }
            }
        }
    }
}
