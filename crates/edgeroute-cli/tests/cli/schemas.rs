//! Checks the JSON Schemas against the readers: accepted input validates, and input that is rejected for its shape does
//! not.

use std::fs;

use edgeroute_lang::manifest::Manifest;
use jsonschema::Validator;
use serde_json::{Value, json};

fn read(path: &str) -> String {
    fs::read_to_string(edgeroute_testkit::repository().join(path)).expect("a file of the repository")
}

fn manifest_schema() -> Validator {
    let schema: Value = serde_json::from_str(&read("schemas/manifest.schema.json")).expect("JSON");
    jsonschema::meta::validate(&schema).expect("a schema");
    jsonschema::validator_for(&schema).expect("a schema")
}

#[test]
fn manifests_that_are_accepted_are_valid_and_most_others_are_not() {
    let schema = manifest_schema();
    let (mut accepted, mut refused, mut invalid) = (0, 0, 0);
    for line in read("tests/conformance/manifests.jsonl").lines() {
        let row: Value = serde_json::from_str(line).expect("a row of JSON");
        let text = row["json"].as_str().expect("a manifest");
        // A schema does not apply to text that is not JSON by RFC 8259.
        let Ok(manifest) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        if Manifest::from_json(text).is_ok() {
            let errors: Vec<String> = schema.iter_errors(&manifest).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{text}\n{errors:?}");
            accepted += 1;
        } else {
            refused += 1;
            invalid += usize::from(!schema.is_valid(&manifest));
        }
    }
    assert!(accepted > 400, "{accepted} were accepted");
    // A schema cannot express duplicate keys, or numbers in strings that are too large.
    assert!(refused > 200 && invalid * 10 > refused * 9, "of {refused} that are refused {invalid} are invalid");
}

#[test]
fn every_shape_of_document_is_valid() {
    let schema = manifest_schema();
    let hub = json!({
        "schemaVersion": "1.2",
        "routes": { "up": { "route": "FROM /* INTO $upstream", "priority": 3 } },
        "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 }
    });
    let modules = json!({
        "$edgeAgent": {}, "$edgeHub": { "properties.desired": hub }, "camera": { "properties.desired": {} }
    });
    let layer = json!({ "properties.desired.routes.up": { "route": "FROM /* INTO $upstream" } });
    let completed = json!({
        "properties.desired": { "routes": {}, "storeAndForwardConfiguration": {} },
        "properties.desired.schemaVersion": "1.1"
    });
    let old = json!({ "schemaVersion": "1.0", "routes": { "a": null, "": " " }, "storeAndForwardConfiguration": {} });
    for document in [
        serde_json::from_str(&read("examples/deployment.json")).expect("JSON"),
        hub,
        modules.clone(),
        json!({ "modulesContent": modules }),
        json!({ "id": "d", "content": { "modulesContent": modules }, "priority": 10 }),
        json!({ "modulesContent": { "$edgeHub": layer } }),
        json!({ "$edgeHub": layer }),
        layer,
        json!({ "modulesContent": { "$edgeHub": completed } }),
        old,
    ] {
        assert!(Manifest::from_json(&document.to_string()).is_ok(), "{document}");
        assert!(schema.is_valid(&document), "{document}: {:?}", schema.validate(&document).map_err(|e| e.to_string()));
    }
}

#[test]
fn mistakes_are_pointed_at() {
    let schema = manifest_schema();
    let routes =
        |routes: Value| json!({ "schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": routes });
    for (document, place) in [
        (routes(json!({ "a": { "route": "FROM /* INTO $upstream", "priority": 12 } })), "/routes/a"),
        (routes(json!({ "a": { "priority": 1 } })), "/routes/a"),
        (routes(json!({ "a": 5 })), "/routes/a"),
        (routes(json!([])), "/routes"),
        (json!({ "schemaVersion": "2.0", "routes": {}, "storeAndForwardConfiguration": {} }), "/schemaVersion"),
        (
            json!({ "schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": { "a": { "route": "x" } } }),
            "/routes/a",
        ),
        (json!({ "modulesContent": { "$edgeAgent": {} } }), "/modulesContent"),
        (json!({ "schemaVersion": "1.1", "routes": {} }), ""),
    ] {
        assert!(Manifest::from_json(&document.to_string()).is_err(), "{document}");
        let places: Vec<String> =
            schema.iter_errors(&document).map(|error| error.instance_path().to_string()).collect();
        assert!(places.iter().any(|found| found == place), "{document}: {places:?}");
    }
}
