//! Pictures of routes: boxes and arrows, written as DOT, Mermaid or SVG.
//!
//! [`Picture::of_topology`] shows which module's messages go where, [`Picture::of_tree`] the structure that routes are
//! compiled to. Both only say what there is to see; each format then has its own writer. Whatever names and conditions
//! hold, they stay text: every writer escapes for its language and drops control characters. What is too long to be
//! read is cut, with the whole text as a tooltip where the format has them.
//!
//! DOT and Mermaid are laid out by whoever shows them. SVG is laid out here (the feature `svg`), and says no to a picture
//! with more boxes than anybody could read.
//!
//! The same table or topology gives the same text, byte for byte.

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
/// use edgeroute::render::Picture;
///
/// let route = "FROM /messages/* WHERE level = 'hot' INTO $upstream";
/// let table = RouteTable::builder().route("hot", route).build()?.into_table();
/// let picture = Picture::of_tree(&table);
/// assert!(picture.to_dot().starts_with("digraph routes {"));
/// assert!(picture.to_mermaid().starts_with("flowchart LR\n"));
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    /// What is shown, for whoever cannot see it.
    title: String,
    #[cfg_attr(not(feature = "svg"), expect(dead_code, reason = "only SVG is laid out here"))]
    shape: Shape,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// What a layout can rely on.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Shape {
    /// Anything: arrows may go round.
    Graph,
    /// Each node but the first has one arrow into it, from a node before it.
    Tree,
}

/// A box.
#[derive(Clone, Debug)]
struct Node {
    kind: NodeKind,
    /// Not cut.
    name: String,
    /// A word on what it is; may be empty.
    note: &'static str,
    /// What goes in, in the order in which it is to be shown where nothing speaks for another.
    inputs: Vec<String>,
    outputs: Vec<String>,
    rows: Vec<Row>,
    in_loop: bool,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum NodeKind {
    /// Who sends and is no module of its own.
    Sender,
    Module,
    /// A module that the deployment does not have.
    UnknownModule,
    Upstream,
    /// Routes from the same to the same.
    Routes,
    /// A test that leads on to what it finds.
    Test,
}

/// A route in a box.
#[derive(Clone, Debug)]
struct Row {
    /// Its priority; empty where it has none.
    badge: String,
    /// Not cut.
    name: String,
    /// What is asked of a message, not cut; a line each.
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

/// Where an arrow meets a box: at one of its outputs (or inputs), or anywhere on its side.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct End {
    node: usize,
    port: Option<usize>,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum EdgeKind {
    Flow,
    /// Part of a way round.
    Loop,
    /// Nothing gets through.
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
    /// All of it, for a tooltip: a line for each part.
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
