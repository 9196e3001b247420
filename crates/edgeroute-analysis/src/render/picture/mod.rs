//! Pictures of routes: boxes and arrows, written as DOT, Mermaid or SVG.
//!
//! [`Picture::of_topology`] shows which module's messages go where, and [`Picture::of_tree`] shows the index that
//! routes are compiled to. Both only describe what to draw; each format has its own writer. Names and conditions are
//! always treated as text: every writer escapes for its language and drops control characters. Strings that are too
//! long to read are cut, and the whole string is put in a tooltip if the format supports it.
//!
//! The viewer lays out DOT and Mermaid. SVG is laid out here (feature `svg`), and a picture with more boxes than
//! anybody could read is rejected.
//!
//! The same table or topology always gives the same output, byte for byte.

mod dot;
mod mermaid;
mod of_topology;
mod of_tree;
#[cfg(feature = "svg")]
mod svg;
#[cfg(test)]
mod tests;
mod words;

#[cfg(feature = "svg")]
pub use svg::TooLarge;

/// Boxes and arrows between them.
///
/// ```
/// use edgeroute::RouteTable;
/// use edgeroute_analysis::render::Picture;
///
/// let route = "FROM /messages/* WHERE level = 'hot' INTO $upstream";
/// let table = RouteTable::builder().route("hot", route).build()?;
/// let picture = Picture::of_tree(&table);
/// assert!(picture.to_dot().starts_with("digraph routes {"));
/// assert!(picture.to_mermaid().starts_with("flowchart LR\n"));
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    /// A description for readers who cannot see the picture.
    title: String,
    #[cfg_attr(not(feature = "svg"), expect(dead_code, reason = "only SVG is laid out here"))]
    shape: Shape,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// The structure that a layout can rely on.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Shape {
    /// No restriction: arrows may form loops.
    Graph,
    /// Each node except the first has one arrow into it, from an earlier node.
    Tree,
}

/// A box.
#[derive(Clone, Debug)]
struct Node {
    kind: NodeKind,
    /// The full name.
    name: String,
    /// A word for the kind of node; may be empty.
    note: &'static str,
    /// The inputs, in the order in which they are shown unless the arrows suggest another.
    inputs: Vec<String>,
    outputs: Vec<String>,
    rows: Vec<Row>,
    in_loop: bool,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum NodeKind {
    /// A sender that is not a single module.
    Sender,
    Module,
    /// A module that the deployment does not install.
    UnknownModule,
    Upstream,
    /// Routes with the same senders and the same endpoint.
    Routes,
    /// A test that leads to the routes it finds.
    Test,
}

/// A route in a box.
#[derive(Clone, Debug)]
struct Row {
    /// The priority; empty if the route has the default.
    badge: String,
    /// The full name.
    name: String,
    /// The full conditions on a message, one per line.
    conditions: Vec<String>,
    in_loop: bool,
}

/// An arrow.
#[derive(Clone, Debug)]
struct Edge {
    from: End,
    to: End,
    kind: EdgeKind,
}

/// The end of an arrow at a box: at one of its outputs (or inputs), or anywhere on its side.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct End {
    node: usize,
    port: Option<usize>,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum EdgeKind {
    Flow,
    /// Part of a loop.
    Loop,
    /// No message can pass.
    Never,
}

impl End {
    const fn at(node: usize) -> Self {
        Self { node, port: None }
    }
}

impl Node {
    fn new(kind: NodeKind, name: impl Into<String>) -> Self {
        let (inputs, outputs, rows) = (Vec::new(), Vec::new(), Vec::new());
        Self { kind, name: name.into(), note: "", inputs, outputs, rows, in_loop: false }
    }
}

impl Row {
    /// The full text for a tooltip, with a line for each part.
    fn text(&self) -> String {
        let badge = (!self.badge.is_empty()).then(|| format!("priority {}", self.badge));
        let lines = [Some(self.name.clone()), badge].into_iter().flatten().chain(self.conditions.iter().cloned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Picture {
    fn new(title: impl Into<String>, shape: Shape) -> Self {
        Self { title: title.into(), shape, nodes: Vec::new(), edges: Vec::new() }
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn connect(&mut self, from: End, to: End, kind: EdgeKind) {
        self.edges.push(Edge { from, to, kind });
    }
}
