//! Writes the SVG.

use std::fmt::{self, Write as _};

use super::super::words::{CONDITION_WIDTH, NAME_WIDTH, TITLE_WIDTH, short, whole, xml};
use super::super::{EdgeKind, Node, NodeKind, Picture, Row};
use super::paths::{self, Paths};
use super::placed::Placed;
use super::size::{
    BADGE, NAME_LINE, NAME_SIZE, PADDING, PORT_LINE, ROW_GAP, SMALL_LINE, Size, bold_width, has_name, number,
};
use super::style::STYLE;

/// The margin around the picture.
const MARGIN: f64 = 20.0;
/// The height of the caption.
const CAPTION: f64 = 26.0;

pub(super) fn svg(picture: &Picture, sizes: &[Size], placed: &Placed) -> String {
    let mut out = String::new();
    let paths = paths::find(picture, sizes, placed);
    // Writing to a `String` cannot fail.
    let _ = write(&mut out, picture, sizes, placed, &paths);
    out
}

fn write(out: &mut String, picture: &Picture, sizes: &[Size], placed: &Placed, paths: &Paths) -> fmt::Result {
    let has_loops = picture.edges.iter().any(|edge| edge.kind == EdgeKind::Loop);
    let caption = xml(&short(&picture.title, 120));
    let width = (placed.width() + paths.left + paths.right + 2.0 * MARGIN).max(320.0).ceil();
    let height = (placed.height + paths.above + paths.below + 2.0 * MARGIN + CAPTION).ceil();
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{caption}</title>\n<style>{STYLE}</style>"
    )?;
    for (id, class) in [("head", "head"), ("loop-head", "loop-head")] {
        writeln!(
            out,
            "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"3\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{class}\" d=\"M0 0L8 4L0 8z\"/></marker>"
        )?;
    }
    writeln!(out, "<rect class=\"back\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>")?;
    writeln!(out, "<text class=\"small\" x=\"{MARGIN}\" y=\"22\">{caption}</text>")?;
    if has_loops {
        let x = width - MARGIN;
        writeln!(out, "<text class=\"small end warn\" x=\"{x}\" y=\"22\">↻ messages may loop</text>")?;
    }
    let (x, y) = (MARGIN + paths.left, MARGIN + CAPTION + paths.above);
    writeln!(out, "<g transform=\"translate({x:.1} {y:.1})\">")?;
    // Loops are drawn last, on top of the rest.
    for kind in [EdgeKind::Never, EdgeKind::Flow, EdgeKind::Loop] {
        for (edge, way) in picture.edges.iter().zip(&paths.ways).filter(|(edge, _)| edge.kind == kind) {
            let (class, head) = match edge.kind {
                EdgeKind::Flow => ("flow", "head"),
                EdgeKind::Loop => ("loop", "loop-head"),
                EdgeKind::Never => ("never", "head"),
            };
            writeln!(out, "<path class=\"{class}\" marker-end=\"url(#{head})\" d=\"{way}\"/>")?;
        }
    }
    for (index, (node, size)) in picture.nodes.iter().zip(sizes).enumerate() {
        let (left, right) = placed.column(index);
        let x = f64::midpoint(left, right) - size.width / 2.0;
        let y = placed.middle(index) - size.height / 2.0;
        let order = |orders: &[Vec<usize>]| orders.get(index).cloned().unwrap_or_default();
        let ports = [order(&paths.inputs), order(&paths.outputs)];
        let mut drawing = Drawing { out: &mut *out, left: x, right: x + size.width, at: y };
        drawing.node(node, size, &ports)?;
    }
    out.push_str("</g>\n</svg>\n");
    Ok(())
}

/// The state of writing a box, from the top down.
struct Drawing<'o> {
    out: &'o mut String,
    left: f64,
    right: f64,
    /// The height that has been reached.
    at: f64,
}

impl Drawing<'_> {
    fn node(&mut self, node: &Node, size: &Size, ports: &[Vec<usize>; 2]) -> fmt::Result {
        let (class, radius) = match node.kind {
            NodeKind::Sender => ("sender", 16),
            NodeKind::Module => ("module", 3),
            NodeKind::UnknownModule => ("unknown", 3),
            NodeKind::Upstream => ("upstream", 16),
            NodeKind::Test => ("test", 10),
            NodeKind::Routes => ("routes", 6),
        };
        let round = if node.in_loop { " round" } else { "" };
        let (x, y, width, height) = (self.left, self.at, size.width, size.height);
        writeln!(
            self.out,
            "<g><rect class=\"box {class}{round}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             rx=\"{radius}\"/>"
        )?;
        let is_bare = node.rows.is_empty() && node.inputs.is_empty() && node.outputs.is_empty();
        let head = super::size::head_height(node);
        // If a box is high only because of its arrows, its name is centred vertically.
        self.at += if is_bare { (size.height - head) / 2.0 } else { PADDING / 2.0 };
        if has_name(node) {
            self.title(&node.name)?;
            let centre = f64::midpoint(self.left, self.right);
            self.line("name centre", centre, NAME_LINE, &short(&node.name, TITLE_WIDTH))?;
        }
        if !node.note.is_empty() {
            let centre = f64::midpoint(self.left, self.right);
            self.line("small note centre", centre, SMALL_LINE, node.note)?;
        }
        self.ports(node, ports)?;
        for (index, row) in node.rows.iter().enumerate() {
            if index > 0 {
                let (left, right, y) = (self.left, self.right, self.at + ROW_GAP / 2.0);
                writeln!(
                    self.out,
                    "<line class=\"split\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
                )?;
                self.at += ROW_GAP;
            }
            self.row(row)?;
        }
        self.out.push_str("</g>\n");
        Ok(())
    }

    fn ports(&mut self, node: &Node, [inputs, outputs]: &[Vec<usize>; 2]) -> fmt::Result {
        let lines = inputs.len().max(outputs.len());
        if lines == 0 {
            return Ok(());
        }
        let (left, right, y) = (self.left, self.right, self.at + 2.0);
        writeln!(self.out, "<line class=\"split\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>")?;
        let top = self.at + 4.0;
        for (names, order, class, x) in [
            (&node.inputs, inputs, "small", self.left + PADDING),
            (&node.outputs, outputs, "small end", self.right - PADDING),
        ] {
            self.at = top;
            for name in order.iter().filter_map(|port| names.get(*port)) {
                self.out.push_str("<g>");
                self.title(name)?;
                self.line(class, x, PORT_LINE, &short(name, NAME_WIDTH))?;
                self.out.push_str("</g>\n");
            }
        }
        self.at = top + number(lines) * PORT_LINE;
        Ok(())
    }

    fn row(&mut self, row: &Row) -> fmt::Result {
        self.out.push_str("<g>");
        self.title(&row.text())?;
        let mut x = self.left + PADDING;
        if !row.badge.is_empty() {
            let (y, middle) = (self.at + 2.0, x + 8.0);
            write!(
                self.out,
                "<rect class=\"badge\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"16\" height=\"15\" rx=\"4\"/>\
                 <text class=\"badge-text\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
                y + 11.5,
                xml(&short(&row.badge, 2))
            )?;
            x += BADGE;
        }
        let name = short(&row.name, NAME_WIDTH);
        if row.in_loop {
            let after = x + bold_width(&name, NAME_SIZE) + 4.0;
            write!(self.out, "<text class=\"name warn\" x=\"{after:.1}\" y=\"{:.1}\">↻</text>", self.at + 14.0)?;
        }
        self.line("name", x, NAME_LINE, &name)?;
        let x = self.left + PADDING;
        for condition in &row.conditions {
            self.line("code", x, SMALL_LINE, &short(condition, CONDITION_WIDTH))?;
        }
        self.out.push_str("</g>\n");
        Ok(())
    }

    /// Writes a line of text and moves to the next.
    fn line(&mut self, class: &str, x: f64, height: f64, text: &str) -> fmt::Result {
        let y = self.at + height * 0.74;
        self.at += height;
        writeln!(self.out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", xml(text))
    }

    /// Writes the full text as a tooltip.
    fn title(&mut self, text: &str) -> fmt::Result {
        write!(self.out, "<title>{}</title>", xml(&whole(text)))
    }
}
