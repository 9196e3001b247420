//! The decision structure as a graph in DOT, the language of Graphviz.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::RouteTable;
use crate::tree::ListedFiling;

/// How many characters of a label are shown.
const LABEL_WIDTH: usize = 80;

/// The structure of a table as a DOT graph, from left to right: sources, the tests by which each finds its routes, the
/// routes with what is then checked. Allocates; costs a walk over the table. The same table gives the same text.
///
/// ```
/// use edgeroute::RouteTable;
/// use edgeroute::render::tree_dot;
///
/// let route = "FROM /messages/* WHERE level = 'hot' INTO $upstream";
/// let table = RouteTable::builder().route("hot", route).build()?.into_table();
/// let graph = tree_dot(&table);
/// assert!(graph.starts_with("digraph routes {"));
/// assert!(graph.contains(r#"label="hot -> $upstream\nLEVEL = \"hot\"""#));
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[must_use]
pub fn tree_dot(table: &RouteTable) -> String {
    let mut graph = Graph { text: String::new(), nodes: 0 };
    // A `String` takes every write.
    let _ = writeln!(graph.text, "digraph routes {{\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];");
    let message = graph.node("message", "ellipse");
    for listing in table.listings() {
        for group in listing.groups() {
            let source = graph.node(&group.path, "folder");
            graph.edge(message, source, "");
            // Routes that one test finds stand behind one node.
            let mut by_access: BTreeMap<Option<String>, Vec<&ListedFiling>> = BTreeMap::new();
            for filing in &group.filings {
                by_access.entry(filing.access.clone()).or_default().push(filing);
            }
            for (access, filings) in by_access {
                let from = match &access {
                    None => source,
                    Some(access) => {
                        let test = graph.node(access, "diamond");
                        graph.edge(source, test, "");
                        test
                    }
                };
                for filing in filings {
                    let route = graph.node(&format!("{}\n{}", listing.label(filing.route), filing.condition), "box");
                    graph.edge(from, route, filing.header.as_deref().unwrap_or_default());
                }
            }
        }
        if let Some((route, condition)) = listing.fallback() {
            let route = graph.node(&format!("{}\n{condition}", listing.label(route)), "box");
            graph.edge(message, route, "fallback");
        }
    }
    graph.text.push_str("}\n");
    graph.text
}

struct Graph {
    text: String,
    nodes: usize,
}

impl Graph {
    fn node(&mut self, label: &str, shape: &str) -> usize {
        let id = self.nodes;
        self.nodes += 1;
        let _ = writeln!(self.text, "  n{id} [shape={shape}, label=\"{}\"];", escaped(label));
        id
    }

    fn edge(&mut self, from: usize, to: usize, label: &str) {
        let label = if label.is_empty() { String::new() } else { format!(" [label=\"{}\"]", escaped(label)) };
        let _ = writeln!(self.text, "  n{from} -> n{to}{label};");
    }
}

/// A label as DOT has it in quotes: each line cut to what can be read, control characters as spaces.
fn escaped(label: &str) -> String {
    let line = |line: &str| {
        let mut shown = String::new();
        for (index, character) in line.chars().enumerate() {
            match character {
                _ if index == LABEL_WIDTH => {
                    shown.push('…');
                    break;
                }
                '"' | '\\' => shown.extend(['\\', character]),
                _ if character.is_control() => shown.push(' '),
                _ => shown.push(character),
            }
        }
        shown
    };
    label.lines().map(line).collect::<Vec<_>>().join("\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_cut() {
        assert_eq!(escaped("a\"b\\c\nd\te"), r#"a\"b\\c\nd e"#);
        assert_eq!(escaped(&"é".repeat(100)).chars().count(), LABEL_WIDTH + 1);
    }

    #[test]
    fn routes_that_one_test_finds_share_its_node() {
        let route = |name| format!("FROM /messages/* WHERE device = 'a' and x{name} != 'b' INTO $upstream");
        let budgets = crate::limits::Budgets { clauses: 0, list: 0, ..Default::default() };
        let builder = RouteTable::builder().budgets(budgets).fallback("rest", "FROM /* INTO $upstream");
        let table = (0..3).fold(builder, |builder, name| builder.route(format!("r{name}"), route(name)));
        let graph = tree_dot(&table.build().unwrap().into_table());
        assert_eq!(graph.matches("shape=diamond").count(), 1, "{graph}");
        assert_eq!(graph.matches("label=\"X1 is there\"").count(), 1, "{graph}");
        assert!(graph.contains("[label=\"fallback\"]"), "{graph}");
    }
}
