//! The worked example of ARCHITECTURE.md is what the crate does.

use edgeroute::RouteTable;
use edgeroute::limits::Budgets;

/// The text of the `index`th fenced block of ARCHITECTURE.md that is marked `kind`.
fn block(kind: &str, index: usize) -> String {
    let text = include_str!("../ARCHITECTURE.md");
    let fence = format!("```{kind}\n");
    let after = text.split(&fence).nth(index + 1).unwrap_or_else(|| panic!("no block {index} of kind {kind}"));
    after.split("```").next().unwrap_or_default().to_owned()
}

#[test]
fn the_worked_example_prints_the_tree_that_it_shows() {
    let routes = block("routes", 0);
    let mut builder = RouteTable::builder().budgets(Budgets { list: 0, ..Budgets::default() });
    for line in routes.lines() {
        let (name, text) = line.split_once(": ").unwrap();
        builder = builder.route(name, text);
    }
    let table = builder.build().unwrap_or_else(|error| panic!("{error}")).into_table();
    assert_eq!(format!("{table:?}"), block("tree", 0));
}
