//! Follows all advice: after a fix, its finding is gone, there is no new one, and messages that should be delivered
//! still are. The tests of each lint do the same with their inputs.

use edgeroute::RouteTable;
use edgeroute_analysis::lint::{Lint, Linter, explanation};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, apply};
use edgeroute_lang::message::{Message, Origin};
use edgeroute_testkit::advice::{check_help, check_manifest, check_route, manifest_of};

use crate::codes::examples;

#[test]
fn the_fix_of_every_example_removes_the_finding() {
    let mut faults = Vec::new();
    for lint in Code::ALL.iter().filter_map(|code| Lint::of(*code)) {
        let page = lint.page();
        let shown = examples(&page).into_iter().filter(|example| example.code.is_some());
        let mut fixes = 0;
        for example in shown {
            let checked = match example.language.as_str() {
                "route" => check_route(&example.text, Some(lint.name())),
                _ => check_manifest(&example.text, Some(lint.name())),
            };
            match checked {
                Ok(count) => fixes += count,
                Err(fault) => faults.push(fault),
            }
        }
        // The example of a lint may be one that it does not fix.
        if fixes > 0 && lint.fixes().is_none() {
            faults.push(format!("{}: {fixes} fixes of its examples", lint.name()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn the_fix_of_an_error_leaves_fewer_errors() {
    let mut faults = Vec::new();
    for code in Code::ALL {
        for example in examples(&explanation(*code)) {
            if example.language != "route" {
                continue;
            }
            let errors = |text: &str| {
                TypedRoute::compile(text, Shadowing::default(), &Limits::default()).err().unwrap_or_default()
            };
            let before = errors(&example.text);
            for error in &before {
                faults.extend(check_help(error, &example.text).err().map(|fault| format!("{fault}: {error:#?}")));
                if let Some(fix) = &error.fix {
                    let fixed = apply(&example.text, std::slice::from_ref(fix)).text;
                    if errors(&fixed).len() >= before.len() {
                        faults.push(format!("{} gives {fixed}", example.text));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// What the lint asks for is that the module's own messages stay out; nobody else's may.
#[test]
fn excluding_a_module_keeps_the_messages_of_all_other_senders() {
    let into = "INTO BrokeredEndpoint('/modules/proc/inputs/in')";
    let up = ("up", "FROM /messages/modules/proc/outputs/o INTO $upstream");
    let origins = [
        Origin::device("leaf-1"),
        Origin::device("proc"),
        Origin::module("edge", "sensor"),
        Origin::module("edge", "Proc").output("o"),
        Origin::module("edge", "sensor").output("proc"),
        Origin::twin_change("edge"),
    ];
    for from in [
        "/*",
        "/messages/*",
        "/messages/modules/*",
        "/messages/* WHERE ($connectionModuleId ?? '') != 'other'",
        "/messages/* WHERE $connectionModuleId = 'proc' or not is_defined($connectionModuleId)",
        "/messages/* WHERE length($connectionModuleId ?? 'none') < 7",
    ] {
        let route = format!("FROM {from} {into}");
        let json = manifest_of(&[("in", &route), up]);
        let report = Linter::default().lint_manifest(&json);
        let finding = report.findings().iter().find(|finding| finding.diagnostic.code == Code::SelfLoop);
        let fix = finding.and_then(|finding| finding.diagnostic.fix.clone()).unwrap_or_else(|| panic!("{from}"));
        let fixed = apply(&json, &[fix]).text;
        let [before, after] = [&json, &fixed]
            .map(|json| RouteTable::builder().manifest(&Manifest::from_json(json).unwrap()).build().unwrap());
        let is_in = |table: &RouteTable, origin| {
            let mut scratch = table.create_scratch();
            table.route_with(&mut scratch, &Message::new(origin)).any(|delivery| delivery.route() == "in")
        };
        for origin in origins {
            assert_eq!(is_in(&before, origin), is_in(&after, origin), "{fixed}: {origin:?}");
        }
        assert!(!is_in(&after, Origin::module("edge", "proc")), "{fixed}");
        let left = Linter::default().lint_manifest(&fixed);
        assert_eq!(left.findings(), [], "{fixed}");
    }
}
