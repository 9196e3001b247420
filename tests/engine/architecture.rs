//! Checks the worked example of ARCHITECTURE.md against the crate.

use edgeroute::RouteTable;
use edgeroute_lang::limits::Budgets;

/// The text of the first fenced block of ARCHITECTURE.md that is marked `kind`.
fn block(kind: &str) -> Option<&'static str> {
    let (_, after) = include_str!("../../ARCHITECTURE.md").split_once(&format!("```{kind}\n"))?;
    after.split("```").next()
}

#[test]
fn the_worked_example_prints_the_tree_that_it_shows() {
    let routes = block("routes").unwrap();
    let mut builder = RouteTable::builder().budgets(Budgets::default().with_terms(0).with_list(0));
    for line in routes.lines() {
        let (name, text) = line.split_once(": ").unwrap();
        builder = builder.route(name, text);
    }
    let table = builder.build().unwrap();
    assert_eq!(table.listing().to_string(), block("index").unwrap());
}
