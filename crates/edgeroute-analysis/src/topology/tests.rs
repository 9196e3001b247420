//! Tests what routes connect, including cases that only look connected.

use proptest::prelude::*;

use super::*;
use edgeroute::RouteTable;
use edgeroute_lang::message::{Message, Origin};

/// A deployment with these modules and routes, which are named `r0`, `r1` and so on.
fn manifest(modules: &[&str], routes: &[&str]) -> Manifest {
    let object = |members: Vec<String>| format!("{{{}}}", members.join(", "));
    let modules = object(modules.iter().map(|name| format!("{}: {{}}", json(name))).collect());
    let routes: Vec<String> =
        routes.iter().enumerate().map(|(index, route)| format!("\"r{index}\": {}", json(route))).collect();
    let text = format!(
        r#"{{"modulesContent": {{
            "$edgeAgent": {{"properties.desired": {{"modules": {modules}}}}},
            "$edgeHub": {{"properties.desired": {{
                "schemaVersion": "1.1", "storeAndForwardConfiguration": {{}}, "routes": {}}}}}}}}}"#,
        object(routes)
    );
    Manifest::from_json(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn topology(modules: &[&str], routes: &[&str]) -> Topology {
    Topology::of(&manifest(modules, routes), &Limits::default())
}

fn into_module(name: &str) -> String {
    format!("INTO BrokeredEndpoint(\"/modules/{name}/inputs/in\")")
}

fn id(topology: &Topology, name: &str) -> ModuleId {
    topology.modules().find(|(_, module)| module.name() == name).unwrap().0
}

/// The names of the modules that the only flow may take messages from, then `leaf`, `twins` and `other`.
fn takers(modules: &[&str], route: &str) -> Vec<String> {
    let topology = topology(modules, &[route]);
    let (_, flow) = topology.flows().next().unwrap();
    let mut found: Vec<String> =
        topology.modules().filter(|(id, _)| flow.takes_from(*id)).map(|(_, module)| module.name().to_owned()).collect();
    let others = [
        (flow.takes_from_leaf_devices(), "leaf"),
        (flow.takes_twin_changes(), "twins"),
        (flow.takes_other_sources(), "other"),
    ];
    found.extend(others.into_iter().filter(|(takes, _)| *takes).map(|(_, who)| who.to_owned()));
    assert_eq!(flow.takes_nothing(), found.is_empty() && !matches!(flow.modules(), SomeModules::AllBut(_)));
    found
}

/// Each loop as `a -r0-> b -r1-> a`, with its modules and flows.
fn loops(topology: &Topology) -> Vec<String> {
    let name = |id: ModuleId| topology.module(id).unwrap().name();
    let shown = |found: &Loop| {
        let hop = |hop: &Hop| format!("{} -{}-> ", name(hop.module), topology.flow(hop.flow).unwrap().name());
        let way = found.example.iter().map(hop).collect::<Vec<_>>().concat();
        let modules: Vec<&str> = found.modules.iter().map(|id| name(*id)).collect();
        let flows: Vec<&str> = found.flows.iter().map(|id| topology.flow(*id).unwrap().name()).collect();
        format!("{way}{}: {} by {}", name(found.modules[0]), modules.join(" "), flows.join(" "))
    };
    topology.loops().iter().map(shown).collect()
}

#[test]
fn a_source_selects_whoever_sends_from_below_it() {
    let modules = ["a", "b"];
    for (source, takers_of_it) in [
        ("/*", &["a", "b", "leaf", "twins", "other"][..]),
        ("/messages", &["a", "b", "leaf"]),
        ("/Messages/*", &["a", "b", "leaf"]),
        ("/messages/modules/*", &["a", "b"]),
        ("/messages/MODULES/A/*", &["a"]),
        ("/messages/modules/a/outputs/*", &["a"]),
        ("/messages/modules/a/outputs/x/y", &["a"]),
        ("/messages/modules/a/inputs/*", &["other"]),
        ("/messages/devices/*", &["other"]),
        ("/twinchangenotifications/*", &["twins"]),
        ("/twinChangeNotifications/x", &["other"]),
        ("/deviceLifecycleEvents", &["other"]),
    ] {
        assert_eq!(takers(&modules, &format!("FROM {source} INTO $upstream")), takers_of_it, "{source}");
    }
    assert_eq!(takers(&modules, "FROM /messages/modules/*/outputs/* INTO $upstream"), ["*"]);
}

#[test]
fn outputs_are_distinguished_from_messages_without_one() {
    let sources = [
        "/messages/modules/a/*",
        "/messages/modules/a/outputs/*",
        "/messages/modules/a/outputs/X/*",
        "/messages/modules/A/outputs/x",
    ];
    let routes = sources.map(|source| format!("FROM {source} INTO $upstream"));
    let topology = topology(&["a"], &routes.each_ref().map(String::as_str));
    let outputs: Vec<&Outputs> = topology
        .flows()
        .map(|(_, flow)| match flow.selection() {
            Selection::Module { outputs, .. } => outputs,
            other => panic!("{other:?}"),
        })
        .collect();
    let one = |name: &str| Outputs::One(name.to_owned());
    assert_eq!(outputs, [&Outputs::Any, &Outputs::Named, &one("X"), &one("x")]);
    let (_, module) = topology.modules().next().unwrap();
    assert_eq!(module.outputs().len(), 1);
    assert_eq!((&*module.outputs()[0].name, module.outputs()[0].flows.len()), ("X", 2));
}

#[test]
fn a_condition_on_the_stamp_takes_senders_away() {
    let modules = ["a", "b", "c"];
    let takes = |condition: &str| takers(&modules, &format!("FROM /messages/* WHERE {condition} INTO $upstream"));
    assert_eq!(takes("level = 'x'"), ["a", "b", "c", "leaf"]);
    assert_eq!(takes("not is_defined($connectionModuleId)"), ["leaf"]);
    assert_eq!(takes("is_defined($CONNECTIONMODULEID) and level = 'x'"), ["a", "b", "c"]);
    assert_eq!(takes("$connectionModuleId = 'b'"), ["b"]);
    assert_eq!(takes("$connectionModuleId = 'B'"), [""; 0]);
    assert_eq!(takes("$connectionModuleId != 'b'"), ["a", "c"]);
    assert_eq!(takes("not ($connectionModuleId = 'b' or $connectionModuleId = 'c')"), ["a"]);
    assert_eq!(takes("$connectionModuleId = 'b' or level = 'x'"), ["a", "b", "c", "leaf"]);
    assert_eq!(takes("not is_defined($connectionModuleId) or $connectionModuleId = 'a'"), ["a", "leaf"]);
    assert_eq!(takes("starts_with($connectionModuleId, 'a')"), ["a", "b", "c"]);
    assert_eq!(takes("level = 'x' and level = 'y'"), [""; 0]);
    assert_eq!(takes("false"), [""; 0]);
    assert_eq!(takers(&modules, "FROM /messages/modules/a/* WHERE $connectionModuleId = 'b' INTO $upstream"), [""; 0]);
}

#[test]
fn modules_are_those_declared_then_those_that_routes_name() {
    let routes = [
        format!("FROM /messages/modules/ghost/* {}", into_module("Known")),
        format!("FROM /messages/modules/KNOWN/* {}", into_module("")),
        format!("FROM /messages/modules/GHOST/* {}", into_module("known")),
    ];
    let topology = topology(&["known"], &routes.each_ref().map(String::as_str));
    let shown: Vec<(&str, bool, usize)> = topology
        .modules()
        .map(|(_, module)| (module.name(), module.declared().is_some(), module.inputs().len()))
        .collect();
    assert_eq!(shown, [("known", true, 1), ("Known", false, 1), ("", false, 1), ("ghost", false, 0)]);
    // A source ignores case, but an endpoint does not.
    let Selection::Module { modules, .. } = topology.flow(FlowId::new(1)).unwrap().selection() else { panic!() };
    assert_eq!(modules.as_slice(), [id(&topology, "known"), id(&topology, "Known")]);
}

#[test]
fn loops_are_found_with_a_way_round_and_everything_in_them() {
    let routes = [
        format!("FROM /messages/modules/a/* {}", into_module("b")),
        format!("FROM /messages/modules/b/outputs/x {}", into_module("c")),
        format!("FROM /messages/modules/c/* WHERE again = 'yes' {}", into_module("a")),
        format!("FROM /messages/modules/b/outputs/y {}", into_module("a")),
        format!("FROM /messages/modules/a/* {}", into_module("d")),
        format!("FROM /messages/modules/e/* {}", into_module("e")),
        "FROM /messages/* INTO $upstream".to_owned(),
    ];
    let topology = topology(&[], &routes.each_ref().map(String::as_str));
    assert_eq!(loops(&topology), ["b -r3-> a -r0-> b: b c a by r0 r1 r2 r3", "e -r5-> e: e by r5"]);
    let flows: Vec<usize> =
        topology.flows().map(|(id, _)| id).filter(|id| topology.is_in_loop(*id)).map(FlowId::index).collect();
    assert_eq!(flows, [0, 1, 2, 3, 5]);
}

#[test]
fn what_takes_from_all_modules_loops_through_its_own_endpoint() {
    let all = |condition: &str| vec![format!("FROM /messages/modules/* {condition} {}", into_module("log"))];
    let found = |routes: &[String]| {
        loops(&topology(&["a", "b", "log"], &routes.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    assert_eq!(found(&all("")), ["log -r0-> log: log by r0"]);
    assert_eq!(found(&all("WHERE $connectionModuleId != 'log'")), [""; 0]);
    let mut routes = all("WHERE $connectionModuleId != 'log'");
    routes.push(format!("FROM /messages/modules/log/* {}", into_module("b")));
    assert_eq!(found(&routes), ["b -r0-> log -r1-> b: b log by r0 r1"]);
}

#[test]
fn what_can_reach_the_cloud_is_known() {
    let routes = [
        format!("FROM /messages/modules/a/* {}", into_module("b")),
        "FROM /messages/modules/b/* INTO $upstream".to_owned(),
        format!("FROM /messages/modules/c/* {}", into_module("d")),
        format!("FROM /messages/* WHERE not is_defined($connectionModuleId) {}", into_module("a")),
    ];
    let reach = |routes: &[String]| {
        let topology = topology(&["a", "b", "c", "d"], &routes.iter().map(String::as_str).collect::<Vec<_>>());
        let modules: Vec<bool> = topology.modules().map(|(id, _)| topology.reaches_upstream(id)).collect();
        (modules, topology.leaf_devices_reach_upstream())
    };
    assert_eq!(reach(&routes), (vec![true, true, false, false], true));
    assert_eq!(reach(&routes[2..]), (vec![false; 4], false));
}

#[test]
fn routes_with_errors_are_left_out() {
    let topology = topology(&[], &["FROM /messages/* INTO nowhere", "FROM /messages/* WHERE a=='b' INTO $upstream"]);
    assert_eq!(topology.flows().len(), 0);
    let topology = self::topology(&[], &["FROM / INTO $upstream", "FROM /messages/* INTO $upstream"]);
    let (_, flow) = topology.flows().next().unwrap();
    assert_eq!((flow.position(), flow.name(), flow.condition()), (1, "r1", None));
}

// Each route excludes a different module, so listing the possible senders would take 4,000,000 pairs.
#[test]
fn many_routes_from_all_modules_but_one_stay_cheap() {
    let names: Vec<String> = (0..2_000).map(|index| format!("m{index}")).collect();
    let routes: Vec<String> = names
        .iter()
        .map(|name| format!("FROM /messages/modules/* WHERE $connectionModuleId != '{name}' {}", into_module(name)))
        .collect();
    let topology = topology(&[], &routes.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(topology.loops().len(), 1);
    assert_eq!(topology.loops()[0].modules.len(), 2_000);
    assert_eq!(topology.loops()[0].example.len(), 2);
}

fn routes() -> impl Strategy<Value = Vec<String>> {
    let source = prop::sample::select(vec![
        "/*",
        "/messages/*",
        "/messages/modules/*",
        "/messages/modules/a/*",
        "/messages/modules/B/outputs/*",
        "/messages/modules/c/outputs/o",
        "/twinChangeNotifications",
        "/deviceLifecycleEvents",
    ]);
    let leaf = prop::sample::select(vec![
        "true",
        "p = 'x'",
        "is_defined($connectionModuleId)",
        "$connectionModuleId = 'a'",
        "$connectionModuleId != 'b'",
        "$connectionModuleId < 'b'",
        "starts_with($connectionModuleId, 'c')",
        "length($connectionModuleId) = 1",
        "$outputName = 'o'",
        "is_null($connectionModuleId)",
    ]);
    let condition = (leaf.clone(), leaf.clone(), leaf, 0..5).prop_map(|(a, b, c, shape)| match shape {
        0 => a.to_owned(),
        1 => format!("{a} and {b}"),
        2 => format!("not ({a}) and ({b} or {c})"),
        3 => format!("({a} or {b}) and not ({c})"),
        _ => format!("not ({a} and {b} or {c})"),
    });
    let sink = prop::sample::select(vec!["$upstream", "a", "b", "c", "B"])
        .prop_map(|sink| if sink.starts_with('$') { format!("INTO {sink}") } else { into_module(sink) });
    prop::collection::vec((source, condition, sink), 1..6).prop_map(|parts| {
        parts.into_iter().map(|(source, condition, sink)| format!("FROM {source} WHERE {condition} {sink}")).collect()
    })
}

proptest! {
    #[test]
    fn whatever_a_route_takes_its_flow_says_so(
        routes in routes(),
        property in prop::option::of(prop::sample::select(vec!["x", "y"])),
    ) {
        let topology = topology(&["a", "b", "d"], &routes.iter().map(String::as_str).collect::<Vec<_>>());
        for (_, flow) in topology.flows() {
            let table = RouteTable::builder().route("r", &*routes[flow.position()]).build().unwrap();
            let properties: Vec<(&str, &str)> = property.iter().map(|value| ("p", *value)).collect();
            let takes = |origin: Origin<'_>| {
                let message = Message::new(origin).properties(&properties);
                table.route_with(&mut table.create_scratch(), &message).len() > 0
            };
            for (id, module) in topology.modules() {
                let origin = Origin::module("d", module.name());
                for origin in [origin, origin.output("o"), origin.output("q")] {
                    prop_assert!(!takes(origin) || flow.takes_from(id), "{flow:?} from {origin:?}");
                }
            }
            prop_assert!(!takes(Origin::device("leaf")) || flow.takes_from_leaf_devices(), "{flow:?}");
            prop_assert!(!takes(Origin::twin_change("d")) || flow.takes_twin_changes(), "{flow:?}");
            let other = Origin::device("d").with_source("/deviceLifecycleEvents");
            prop_assert!(!takes(other) || flow.takes_other_sources(), "{flow:?}");
        }
    }

    #[test]
    fn loops_are_the_modules_that_can_reach_themselves(routes in routes()) {
        let topology = topology(&["a", "b", "d"], &routes.iter().map(String::as_str).collect::<Vec<_>>());
        let count = topology.modules().len();
        let mut reaches = vec![vec![false; count]; count];
        for (_, flow) in topology.flows() {
            if let Target::Input(to, _) = flow.target() {
                for (from, _) in topology.modules().filter(|(id, _)| flow.takes_from(*id)) {
                    reaches[from.index()][to.index()] = true;
                }
            }
        }
        for through in 0..count {
            for from in 0..count {
                for to in 0..count {
                    reaches[from][to] |= reaches[from][through] && reaches[through][to];
                }
            }
        }
        let mut expected: Vec<Vec<usize>> = (0..count)
            .filter(|&module| reaches[module][module])
            .map(|module| (0..count).filter(|&other| reaches[module][other] && reaches[other][module]).collect())
            .collect();
        expected.dedup();
        expected.sort();
        expected.dedup();
        let found: Vec<Vec<usize>> =
            topology.loops().iter().map(|found| found.modules.iter().map(|id| id.index()).collect()).collect();
        prop_assert_eq!(&found, &expected);
        for found in topology.loops() {
            for (index, hop) in found.example.iter().enumerate() {
                let next = found.example.get(index + 1).unwrap_or(&found.example[0]).module;
                let flow = topology.flow(hop.flow).unwrap();
                prop_assert!(flow.takes_from(hop.module));
                prop_assert!(matches!(flow.target(), Target::Input(module, _) if module == next));
                prop_assert!(found.flows.contains(&hop.flow));
            }
            for (id, flow) in topology.flows() {
                let is_within = matches!(flow.target(), Target::Input(to, _) if found.modules.contains(&to))
                    && found.modules.iter().any(|from| flow.takes_from(*from));
                prop_assert_eq!(found.flows.contains(&id), is_within);
            }
        }
    }
}
