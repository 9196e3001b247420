//! Checks that the dependencies require no more than this package declares.

use std::collections::BTreeSet;
use std::env;
use std::process::Command;

use serde_json::Value;

/// `cargo metadata` with all features. Downloads nothing beyond what the build needs.
fn metadata() -> Value {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--locked", "--all-features"]);
    let output = command.current_dir(edgeroute_testkit::repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The ids of a package and of its dependencies, without dev-dependencies.
fn built_of(metadata: &Value, package: &str) -> BTreeSet<String> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let mut open = vec![package.to_owned()];
    let mut all = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !all.insert(id.clone()) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                open.push(dependency["pkg"].as_str().unwrap().to_owned());
            }
        }
    }
    all
}

/// `1.88` and `1.88.0` as numbers.
fn version(text: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = text.split('.').map(|number| number.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

/// One toolchain cannot show that an older one builds this package. It can show that no dependency declares a newer
/// compiler than ours, and clippy's `incompatible_msrv` checks that no standard library function is newer.
#[test]
fn no_dependency_needs_a_newer_compiler_than_this_package_says() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let declared = |id: &str| {
        let package = packages.iter().find(|package| package["id"] == *id).unwrap();
        (package["name"].as_str().unwrap(), package["rust_version"].as_str())
    };
    let members = metadata["workspace_members"].as_array().unwrap();
    assert!(members.len() > 5, "{} members", members.len());
    let mut newer = Vec::new();
    for member in members.iter().map(|id| id.as_str().unwrap()) {
        let (name, ours) = declared(member);
        let ours = version(ours.expect("members declare a compiler"));
        let built_of = built_of(&metadata, member);
        let needed = built_of.iter().map(|id| declared(id));
        let needed =
            needed.filter_map(|(name, theirs)| Some((name, theirs?))).filter(|(_, theirs)| version(theirs) > ours);
        newer.extend(needed.map(|(dependency, theirs)| format!("{name}: {dependency} needs {theirs}")));
    }
    assert_eq!(newer, [""; 0]);
}
