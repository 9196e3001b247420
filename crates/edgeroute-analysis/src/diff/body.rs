//! Builds a JSON body that has given values at given paths.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgeroute_lang::body::{BodyPath, Step};
use edgeroute_lang::prove::SlotValue;

/// The maximum length of an array.
const MOST_ELEMENTS: u32 = 16;

/// A body in the making: nodes refer to others by index, so nothing recurses.
#[derive(Debug)]
pub(super) struct BodyBuilder {
    /// The first is the root, an object.
    nodes: Vec<Node>,
    max_depth: usize,
}

#[derive(Debug)]
enum Node {
    Object(BTreeMap<String, usize>),
    Array(Vec<Option<usize>>),
    Leaf(String),
    /// Not decided yet.
    Empty,
}

/// A part of a body that is still to be written.
enum Part {
    Node(usize),
    Text(String),
}

impl BodyBuilder {
    pub(super) fn new(max_depth: usize) -> Self {
        Self { nodes: vec![Node::Object(BTreeMap::new())], max_depth }
    }

    /// Puts a value at a path. Does nothing if the path does not lead to one place, or if another value is in the way.
    pub(super) fn put(&mut self, path: &BodyPath, value: &SlotValue) {
        let leaf = match value {
            SlotValue::Missing => return,
            SlotValue::Null => "null".to_owned(),
            SlotValue::Undefined => "{}".to_owned(),
            SlotValue::Bool(truth) => truth.to_string(),
            SlotValue::Number(number) => json_number(*number),
            SlotValue::Text(text) => json_string(text),
        };
        let Some(steps) = path.steps().filter(|steps| !steps.is_empty() && steps.len() <= self.max_depth) else {
            return;
        };
        let mut at = 0;
        for step in steps {
            let next = match step {
                Step::Member(name) | Step::Descendants(name) => self.member(at, name),
                Step::Members => self.member(at, "member"),
                Step::Index(index) if *index < MOST_ELEMENTS => self.element(at, *index),
                Step::Elements => self.element(at, 0),
                Step::Index(_) | Step::NegativeIndex | Step::AllDescendants => None,
            };
            let Some(next) = next else { return };
            at = next;
        }
        if let Some(node @ Node::Empty) = self.nodes.get_mut(at) {
            *node = Node::Leaf(leaf);
        }
    }

    fn member(&mut self, at: usize, name: &str) -> Option<usize> {
        let next = self.nodes.len();
        let node = self.nodes.get_mut(at)?;
        if matches!(node, Node::Empty) {
            *node = Node::Object(BTreeMap::new());
        }
        let Node::Object(members) = node else { return None };
        let found = *members.entry(name.to_owned()).or_insert(next);
        if found == next {
            self.nodes.push(Node::Empty);
        }
        Some(found)
    }

    fn element(&mut self, at: usize, index: u32) -> Option<usize> {
        let (next, index) = (self.nodes.len(), index as usize);
        let node = self.nodes.get_mut(at)?;
        if matches!(node, Node::Empty) {
            *node = Node::Array(Vec::new());
        }
        let Node::Array(elements) = node else { return None };
        if elements.len() <= index {
            elements.resize(index + 1, None);
        }
        let found = *elements.get_mut(index)?.get_or_insert(next);
        if found == next {
            self.nodes.push(Node::Empty);
        }
        Some(found)
    }

    /// Writes the body.
    pub(super) fn finish(&self) -> String {
        let mut out = String::new();
        let mut open = vec![Part::Node(0)];
        while let Some(part) = open.pop() {
            let node = match part {
                Part::Text(text) => {
                    out.push_str(&text);
                    continue;
                }
                Part::Node(index) => self.nodes.get(index),
            };
            match node {
                None | Some(Node::Empty) => out.push_str("null"),
                Some(Node::Leaf(leaf)) => out.push_str(leaf),
                Some(Node::Object(members)) => {
                    out.push('{');
                    open.push(Part::Text("}".to_owned()));
                    for (place, (name, member)) in members.iter().enumerate().rev() {
                        let separator = if place == 0 { "" } else { ", " };
                        open.push(Part::Node(*member));
                        open.push(Part::Text(format!("{separator}{}: ", json_string(name))));
                    }
                }
                Some(Node::Array(elements)) => {
                    out.push('[');
                    open.push(Part::Text("]".to_owned()));
                    for (place, element) in elements.iter().enumerate().rev() {
                        open.push(element.map_or_else(|| Part::Text("null".to_owned()), Part::Node));
                        if place > 0 {
                            open.push(Part::Text(", ".to_owned()));
                        }
                    }
                }
            }
        }
        out
    }
}

fn json_number(number: f64) -> String {
    let magnitude = number.abs();
    if number.is_infinite() {
        if number > 0.0 { "1e999".to_owned() } else { "-1e999".to_owned() }
    } else if number.is_nan() {
        "null".to_owned()
    } else if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control < ' ' => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(values: &[(&str, SlotValue)]) -> String {
        let mut builder = BodyBuilder::new(64);
        for (path, value) in values {
            builder.put(&BodyPath::parse(path).unwrap(), value);
        }
        builder.finish()
    }

    #[test]
    fn values_are_put_at_their_paths() {
        let text = |text: &str| SlotValue::Text(text.to_owned());
        assert_eq!(body(&[]), "{}");
        assert_eq!(
            body(&[
                ("a.b", SlotValue::Number(-0.5)),
                ("a.c[2].d", text("\"\\\n\u{1F600}")),
                ("z", SlotValue::Null),
                ("y", SlotValue::Missing),
                ("u", SlotValue::Undefined),
                ("t", SlotValue::Bool(true)),
                ("big", SlotValue::Number(1e300)),
            ]),
            r#"{"a": {"b": -0.5, "c": [null, null, {"d": "\"\\\u000a😀"}]}, "big": 1e300, "t": true, "u": {}, "z": null}"#
        );
    }

    #[test]
    fn a_value_in_the_way_stays() {
        let number = SlotValue::Number;
        assert_eq!(body(&[("a", number(1.0)), ("a.b", number(2.0))]), r#"{"a": 1}"#);
        assert_eq!(body(&[("a.b", number(2.0)), ("a", number(1.0)), ("a[0]", number(1.0))]), r#"{"a": {"b": 2}}"#);
        assert_eq!(body(&[("a[2000000]", number(1.0))]), r#"{"a": null}"#);
    }
}
