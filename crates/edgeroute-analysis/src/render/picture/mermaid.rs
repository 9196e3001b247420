//! Writes a picture in Mermaid, which code hosts render in Markdown.

use std::fmt::Write as _;

use super::words::{CONDITION_WIDTH, NAME_WIDTH, TITLE_WIDTH, escaped, short};
use super::{EdgeKind, End, Node, NodeKind, Picture, Row};

impl Picture {
    /// Writes the picture as a Mermaid flowchart, from left to right. Outputs and inputs are labels of the arrows.
    /// Allocates.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "  accTitle: {}", text(&self.title, usize::MAX));
        for (index, node) in self.nodes.iter().enumerate() {
            let (open, close, class) = match node.kind {
                NodeKind::Sender => ("([", "])", "sender"),
                NodeKind::Module => ("[", "]", "module"),
                NodeKind::UnknownModule => ("[", "]", "unknown"),
                NodeKind::Upstream => ("([", "])", "upstream"),
                NodeKind::Test => ("{{", "}}", "test"),
                NodeKind::Routes => ("(", ")", "routes"),
            };
            let mark = if node.in_loop { "In_loop" } else { "" };
            let _ = writeln!(out, "  n{index}{open}\"{}\"{close}:::{class}{mark}", label(node));
        }
        for edge in &self.edges {
            let line = match edge.kind {
                EdgeKind::Flow => "-->",
                EdgeKind::Loop => "==>",
                EdgeKind::Never => "-.->",
            };
            let names = [self.port_name(edge.from, |node| &node.outputs), self.port_name(edge.to, |node| &node.inputs)];
            let label = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
            let label = if label.is_empty() { label } else { format!("|\"{label}\"|") };
            let _ = writeln!(out, "  n{} {line}{label} n{}", edge.from.node, edge.to.node);
        }
        for (class, fill, line, dashed) in [
            ("sender", "#e3f1e5", "#4a7c59", false),
            ("module", "#e4ecf7", "#4a6fa5", false),
            ("unknown", "#fbe9d0", "#b9770e", true),
            ("upstream", "#d9e8f5", "#2e6da4", false),
            ("test", "#f3ecd7", "#8a7434", false),
            ("routes", "#ffffff", "#7b8794", false),
        ] {
            for (suffix, line, width) in [("", line, 1), ("In_loop", "#c0392b", 2)] {
                let dashes = if dashed { ",stroke-dasharray:4" } else { "" };
                let _ = writeln!(
                    out,
                    "  classDef {class}{suffix} fill:{fill},stroke:{line},color:#1c2733,stroke-width:{width}px{dashes}"
                );
            }
        }
        let loops: Vec<String> = self
            .edges
            .iter()
            .enumerate()
            .filter(|(_, edge)| edge.kind == EdgeKind::Loop)
            .map(|(index, _)| index.to_string())
            .collect();
        if !loops.is_empty() {
            let _ = writeln!(out, "  linkStyle {} stroke:#c0392b", loops.join(","));
        }
        out
    }

    fn port_name(&self, end: End, ports: impl Fn(&Node) -> &[String]) -> Option<String> {
        let name = ports(self.nodes.get(end.node)?).get(end.port?)?;
        Some(text(name, NAME_WIDTH))
    }
}

fn label(node: &Node) -> String {
    let mut lines = Vec::new();
    if !node.name.is_empty() || node.rows.is_empty() {
        lines.push(format!("<b>{}</b>", text(&node.name, TITLE_WIDTH)));
    }
    if !node.note.is_empty() {
        lines.push(format!("<i>{}</i>", text(node.note, NAME_WIDTH)));
    }
    lines.extend(node.rows.iter().map(route));
    lines.join("<br/>")
}

fn route(row: &Row) -> String {
    let badge = if row.badge.is_empty() { String::new() } else { format!(" (priority {})", row.badge) };
    let mark = if row.in_loop { " ↻" } else { "" };
    let name = format!("<b>{}</b>{badge}{mark}", text(&row.name, NAME_WIDTH));
    let conditions = row.conditions.iter().map(|condition| text(condition, CONDITION_WIDTH));
    core::iter::once(name).chain(conditions).collect::<Vec<_>>().join("<br/>")
}

/// Shortens a text and replaces every character that is special in Mermaid, in the Markdown of its labels, or in HTML
/// by an entity.
fn text(text: &str, width: usize) -> String {
    let shown = escaped(&short(text, width), |character| match character {
        '"' => Some("#quot;"),
        '#' => Some("#35;"),
        '&' => Some("#amp;"),
        '<' => Some("#lt;"),
        '>' => Some("#gt;"),
        '`' => Some("#96;"),
        '*' => Some("#42;"),
        '_' => Some("#95;"),
        '\\' => Some("#92;"),
        '[' => Some("#91;"),
        ']' => Some("#93;"),
        '(' => Some("#40;"),
        ')' => Some("#41;"),
        '{' => Some("#123;"),
        '}' => Some("#125;"),
        '|' => Some("#124;"),
        ';' => Some("#59;"),
        ':' => Some("#58;"),
        '%' => Some("#37;"),
        '$' => Some("#36;"),
        '~' => Some("#126;"),
        _ => None,
    });
    if shown.is_empty() { " ".to_owned() } else { shown }
}
