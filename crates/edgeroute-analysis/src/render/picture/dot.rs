//! Writes a picture in DOT, the language of Graphviz.
//!
//! Boxes are tables in HTML-like labels, so that an arrow can end at a row.

use std::fmt::Write as _;

use super::words::{CONDITION_WIDTH, NAME_WIDTH, TITLE_WIDTH, escaped, short, whole, xml};
use super::{EdgeKind, End, Node, NodeKind, Picture, Row};

impl Picture {
    /// Writes the picture in DOT, from left to right. Allocates.
    ///
    /// ```
    /// use edgeroute::RouteTable;
    /// use edgeroute_analysis::render::Picture;
    ///
    /// let table = RouteTable::builder().route("up", "FROM /* INTO $upstream").build()?;
    /// let dot = Picture::of_tree(&table).to_dot();
    /// assert!(dot.contains("n0 -> n1;"));
    /// # Ok::<(), edgeroute::CompileError>(())
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut out = String::from(
            "digraph routes {\n  rankdir=LR;\n  ranksep=1;\n  node [shape=plain, fontname=\"sans-serif\", fontsize=12];\n  \
             edge [color=\"#5f6b7a\", arrowsize=0.7];\n",
        );
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "  tooltip=\"{}\";", quoted(&self.title));
        for (index, node) in self.nodes.iter().enumerate() {
            let _ = writeln!(out, "  n{index} [label=<{}>, tooltip=\"{}\"];", label(node), quoted(&tooltip(node)));
        }
        for edge in &self.edges {
            let attributes = match edge.kind {
                EdgeKind::Flow => "",
                EdgeKind::Loop => " [color=\"#c0392b\", penwidth=1.6]",
                EdgeKind::Never => " [style=dotted]",
            };
            let _ = writeln!(
                out,
                "  n{}{} -> n{}{}{attributes};",
                edge.from.node,
                port('o', edge.from),
                edge.to.node,
                port('i', edge.to)
            );
        }
        out.push_str("}\n");
        out
    }
}

fn port(side: char, end: End) -> String {
    end.port.map(|port| format!(":{side}{port}")).unwrap_or_default()
}

fn label(node: &Node) -> String {
    let (fill, style) = match node.kind {
        NodeKind::Sender => ("#e3f1e5", "rounded"),
        NodeKind::Module => ("#e4ecf7", "solid"),
        NodeKind::UnknownModule => ("#fbe9d0", "dashed"),
        NodeKind::Upstream => ("#d9e8f5", "rounded"),
        NodeKind::Test => ("#f3ecd7", "rounded"),
        NodeKind::Routes => ("#ffffff", "rounded"),
    };
    let color = if node.in_loop { "#c0392b" } else { "#7b8794" };
    let mut out = format!(
        "<table border=\"1\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"3\" style=\"{style}\" bgcolor=\"{fill}\" color=\"{color}\">"
    );
    let mut row = |cells: &str| {
        let _ = write!(out, "<tr>{cells}</tr>");
    };
    if !node.name.is_empty() || node.rows.is_empty() {
        row(&format!("<td colspan=\"2\"><b>{}</b></td>", cell(&node.name, TITLE_WIDTH)));
    }
    if !node.note.is_empty() {
        row(&format!("<td colspan=\"2\"><i>{}</i></td>", cell(node.note, NAME_WIDTH)));
    }
    for index in 0..node.inputs.len().max(node.outputs.len()) {
        let side = |ports: &[String], side: char, align: &str| match ports.get(index) {
            Some(name) => format!("<td port=\"{side}{index}\" align=\"{align}\">{}</td>", cell(name, NAME_WIDTH)),
            None => "<td></td>".to_owned(),
        };
        row(&format!("{}{}", side(&node.inputs, 'i', "left"), side(&node.outputs, 'o', "right")));
    }
    for route in &node.rows {
        row(&format!("<td colspan=\"2\" align=\"left\">{}</td>", route_cell(route)));
    }
    out.push_str("</table>");
    out
}

fn route_cell(row: &Row) -> String {
    let badge = if row.badge.is_empty() { String::new() } else { format!(" (priority {})", row.badge) };
    let mark = if row.in_loop { " ↻" } else { "" };
    let mut out = format!("{}{badge}{mark}<br align=\"left\"/>", cell(&row.name, NAME_WIDTH));
    for condition in &row.conditions {
        let _ = write!(
            out,
            "<font face=\"monospace\" point-size=\"10\">{}</font><br align=\"left\"/>",
            cell(condition, CONDITION_WIDTH)
        );
    }
    out
}

/// Shortens the content of a cell. It is never empty, because Graphviz rejects an empty tag.
fn cell(text: &str, width: usize) -> String {
    match short(text, width) {
        text if text.is_empty() => " ".to_owned(),
        text => xml(&text),
    }
}

fn tooltip(node: &Node) -> String {
    let rows: Vec<String> = node.rows.iter().map(Row::text).collect();
    if rows.is_empty() { node.name.clone() } else { rows.join("\n\n") }
}

/// Escapes a text for a string in double quotes: not shortened, with line breaks as `\n`.
fn quoted(text: &str) -> String {
    escaped(&whole(text), |character| match character {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        '\n' => Some("\\n"),
        _ => None,
    })
}
