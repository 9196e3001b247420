//! Reads a whole body, and finds values in it by path.
//!
//! This is the simple way: everything is kept in flat tables, so that reading, searching and dropping never recurse,
//! however deep the body nests. Reading is linear, except for sorting each object's members. A step of a path visits
//! the children of the nodes reached before, or for `..` the whole body. It allocates freely.

use std::collections::BTreeMap;
use std::ops::Range;

use super::encoding::Encoding;
use super::path::{BodyPath, Step};
use super::reader::{Reader, Reason, Unreadable};
use crate::id::define_id;
use crate::text::is_date;

define_id! {
    struct NodeId
}

/// A body that queries can read.
///
/// ```
/// use edgeroute_lang::body::{BodyPath, BodyValue, Document, Encoding};
///
/// let document = Document::read(br#"{"machine": {"status": "hot"}}"#, Encoding::Utf8, 64)?;
/// let found = document.select(&BodyPath::parse("machine.status")?);
/// assert_eq!(found.value(), BodyValue::Text("hot"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Children come before their container; the root is the last.
    nodes: Vec<Node>,
    /// The elements of all arrays, grouped by array, in order.
    elements: Vec<NodeId>,
    /// The members of all objects, grouped by object and sorted by name. Each name occurs once: the last duplicate
    /// counts (SEMANTICS#body-duplicate-keys).
    members: Vec<Member>,
    /// The text of all names and strings.
    texts: String,
}

#[derive(Clone, PartialEq, Debug)]
enum Node {
    Null,
    Bool(bool),
    /// Never NaN.
    Number(f64),
    /// A range of `texts`.
    Text(Range<usize>),
    /// A string that is a date.
    Date,
    /// A range of `elements`.
    Array(Range<usize>),
    /// A range of `members`.
    Object(Range<usize>),
}

#[derive(Clone, PartialEq, Debug)]
struct Member {
    /// A range of `texts`.
    name: Range<usize>,
    value: NodeId,
}

/// The result of a path in a body.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Found<'d> {
    /// Nothing.
    Missing,
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, never NaN; a number that is too large is infinite (SEMANTICS#body-numbers).
    Number(f64),
    /// A string that is not a date.
    Text(&'d str),
    /// A string that is a [date](is_date).
    Date,
    /// An array.
    Array,
    /// An object.
    Object,
    /// More than one value (SEMANTICS#body-several).
    Several,
    /// The path cannot be followed: it cannot be [read as a path](BodyPath::steps), or has a negative index for an
    /// array.
    Impossible,
}

/// The value of a body query.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum BodyValue<'d> {
    /// `null`, or a missing path (SEMANTICS#body-missing).
    Null,
    /// A bool.
    Bool(bool),
    /// A number, never NaN.
    Number(f64),
    /// A string.
    Text(&'d str),
    /// Objects and arrays (SEMANTICS#body-containers), dates (SEMANTICS#body-dates), several values
    /// (SEMANTICS#body-several), and paths that cannot be followed (SEMANTICS#body-path-reading).
    Undefined,
}

impl<'d> Found<'d> {
    /// Returns the value of the body query.
    #[must_use]
    pub const fn value(self) -> BodyValue<'d> {
        match self {
            Self::Missing | Self::Null => BodyValue::Null,
            Self::Bool(bool) => BodyValue::Bool(bool),
            Self::Number(number) => BodyValue::Number(number),
            Self::Text(text) => BodyValue::Text(text),
            Self::Date | Self::Array | Self::Object | Self::Several | Self::Impossible => BodyValue::Undefined,
        }
    }

    /// Whether anything was found, `null` included; `twin_change_includes` returns this. `None` if that is undefined.
    #[must_use]
    pub const fn is_there(self) -> Option<bool> {
        match self {
            Self::Missing => Some(false),
            Self::Impossible => None,
            _ => Some(true),
        }
    }
}

impl Document {
    /// Reads a body: a JSON object, strictly by RFC 8259, with nothing after it. At most `max_depth` containers may
    /// nest, including the root. Of members with the same name the last counts. Allocates.
    ///
    /// # Errors
    /// Reports where and why the body does not meet this, or that it has 4 GiB or more.
    pub fn read(body: &[u8], encoding: Encoding, max_depth: usize) -> Result<Self, Unreadable> {
        if u32::try_from(body.len()).is_err() {
            return Err(Unreadable::new(0, Reason::TooLong));
        }
        Builder::new(Reader::new(body, encoding), max_depth).read()
    }

    /// Finds the values of a path, from the root on.
    #[must_use]
    pub fn select(&self, path: &BodyPath) -> Found<'_> {
        let Some(steps) = path.steps() else {
            return Found::Impossible;
        };
        let mut reached = Reached::from([(self.root(), Times::Once)]);
        for step in steps {
            reached = match self.follow(&reached, step) {
                Some(reached) => reached,
                None => return Found::Impossible,
            };
            if reached.is_empty() {
                return Found::Missing;
            }
        }
        let mut reached = reached.into_iter();
        match (reached.next(), reached.next()) {
            (Some((only, Times::Once)), None) => self.found(only),
            _ => Found::Several,
        }
    }

    fn found(&self, id: NodeId) -> Found<'_> {
        match self.nodes.get(id.index()) {
            None => Found::Missing,
            Some(Node::Null) => Found::Null,
            Some(&Node::Bool(bool)) => Found::Bool(bool),
            Some(&Node::Number(number)) => Found::Number(number),
            Some(Node::Text(text)) => Found::Text(self.text(text)),
            Some(Node::Date) => Found::Date,
            Some(Node::Array(_)) => Found::Array,
            Some(Node::Object(_)) => Found::Object,
        }
    }

    fn root(&self) -> NodeId {
        NodeId::new(self.nodes.len().saturating_sub(1))
    }

    fn text(&self, range: &Range<usize>) -> &str {
        self.texts.get(range.clone()).unwrap_or_default()
    }

    /// Iterates over the elements of an array; empty for anything else.
    fn elements(&self, id: NodeId) -> &[NodeId] {
        match self.nodes.get(id.index()) {
            Some(Node::Array(elements)) => self.elements.get(elements.clone()).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Iterates over the members of an object; empty for anything else.
    fn members(&self, id: NodeId) -> &[Member] {
        match self.nodes.get(id.index()) {
            Some(Node::Object(members)) => self.members.get(members.clone()).unwrap_or_default(),
            _ => &[],
        }
    }

    fn member(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let members = self.members(id);
        let index = members.binary_search_by(|member| self.text(&member.name).cmp(name)).ok()?;
        members.get(index).map(|member| member.value)
    }
}

/// The nodes that a path has reached, and how often: with `..` there can be several ways to one node.
type Reached = BTreeMap<NodeId, Times>;

#[derive(Copy, Clone, PartialEq, Eq)]
enum Times {
    Once,
    /// Several times; the exact number has no effect.
    Often,
}

impl Times {
    const fn plus(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (None, times) | (times, None) => times,
            (Some(_), Some(_)) => Some(Self::Often),
        }
    }
}

/// Follows paths.
impl Document {
    /// Returns the nodes that a step reaches; `None` if it cannot be followed.
    fn follow(&self, reached: &Reached, step: &Step) -> Option<Reached> {
        // Every node has one parent, so different nodes never share a child.
        let mut next = Reached::new();
        for (&id, &times) in reached {
            match step {
                Step::Member(name) => next.extend(self.member(id, name).map(|value| (value, times))),
                Step::Members => next.extend(self.members(id).iter().map(|member| (member.value, times))),
                Step::Index(index) => {
                    let element = usize::try_from(*index).ok().and_then(|index| self.elements(id).get(index));
                    next.extend(element.map(|&element| (element, times)));
                }
                Step::NegativeIndex => {
                    if let Some(Node::Array(_)) = self.nodes.get(id.index()) {
                        return None;
                    }
                }
                Step::Elements => next.extend(self.elements(id).iter().map(|&element| (element, times))),
                // These search from all reached nodes at once.
                Step::Descendants(name) => return Some(self.descendants(reached, Some(name))),
                Step::AllDescendants => return Some(self.descendants(reached, None)),
            }
        }
        Some(next)
    }

    /// Returns the members with a name below all reached nodes; without a name, everything from there down. A node is
    /// reached once for each reached node that it is below.
    fn descendants(&self, reached: &Reached, name: Option<&str>) -> Reached {
        let mut below = Reached::new();
        let mut pending = vec![(self.root(), None, None)];
        while let Some((id, member_name, above)) = pending.pop() {
            let here = Times::plus(above, reached.get(&id).copied());
            let times = match name {
                None => here,
                Some(_) if member_name == name => above,
                Some(_) => None,
            };
            below.extend(times.map(|times| (id, times)));
            pending.extend(self.elements(id).iter().map(|&element| (element, None, here)));
            pending.extend(self.members(id).iter().map(|member| (member.value, Some(self.text(&member.name)), here)));
        }
        below
    }
}

/// Builds a [`Document`] from the tokens of a body.
struct Builder<'b> {
    reader: Reader<'b>,
    max_depth: usize,
    document: Document,
    /// The open containers, outermost first. `open.len() <= max_depth`
    open: Vec<Container>,
    /// The contents of the open containers so far, outermost first.
    children: Vec<Member>,
    /// A buffer for the text of a number.
    number: String,
}

/// An open container.
struct Container {
    kind: ContainerKind,
    /// The name of the container as a member; empty for an element and for the root.
    name: Range<usize>,
    /// Its children start here, while it is the innermost. `first_child <= children.len()`
    first_child: usize,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum ContainerKind {
    Array,
    Object,
}

/// The last item that was read within the innermost container.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Last {
    /// The opening bracket.
    Opening,
    Child,
    Comma,
}

impl ContainerKind {
    const fn closing(self) -> char {
        match self {
            Self::Array => ']',
            Self::Object => '}',
        }
    }

    const fn comma_or_closing(self) -> &'static str {
        match self {
            Self::Array => "`,` or `]`",
            Self::Object => "`,` or `}`",
        }
    }
}

impl<'b> Builder<'b> {
    fn new(reader: Reader<'b>, max_depth: usize) -> Self {
        let document = Document { nodes: Vec::new(), elements: Vec::new(), members: Vec::new(), texts: String::new() };
        Self { reader, max_depth, document, open: Vec::new(), children: Vec::new(), number: String::new() }
    }

    fn read(mut self) -> Result<Document, Unreadable> {
        if self.reader.peek_token() != Some('{') {
            return Err(self.reader.expected("`{` at the start of an object"));
        }
        let mut last = self.open(ContainerKind::Object, 0..0)?;
        while let Some(kind) = self.open.last().map(|container| container.kind) {
            last = match (last, self.reader.peek_token()) {
                (Last::Opening | Last::Child, Some(next)) if next == kind.closing() => self.close(kind),
                (Last::Child, Some(',')) => {
                    self.reader.skip();
                    Last::Comma
                }
                (Last::Child, _) => return Err(self.reader.expected(kind.comma_or_closing())),
                (Last::Opening | Last::Comma, _) => self.child(kind)?,
            };
        }
        self.reader.end()?;
        Ok(self.document)
    }

    /// Reads an element or a member; for a container, only its opening bracket.
    fn child(&mut self, kind: ContainerKind) -> Result<Last, Unreadable> {
        let name = match kind {
            ContainerKind::Array => 0..0,
            ContainerKind::Object => self.name()?,
        };
        let node = match self.reader.peek_token() {
            Some('{') => return self.open(ContainerKind::Object, name),
            Some('[') => return self.open(ContainerKind::Array, name),
            Some('"') => self.string()?,
            Some('-' | '0'..='9') => Node::Number(self.reader.number(&mut self.number)?),
            Some('t') => self.reader.word("true").map(|()| Node::Bool(true))?,
            Some('f') => self.reader.word("false").map(|()| Node::Bool(false))?,
            Some('n') => self.reader.word("null").map(|()| Node::Null)?,
            _ => return Err(self.reader.expected("a value")),
        };
        Ok(self.add(node, name))
    }

    /// Reads a member's name and its colon.
    fn name(&mut self) -> Result<Range<usize>, Unreadable> {
        if self.reader.peek_token() != Some('"') {
            return Err(self.reader.expected("a name in quotes"));
        }
        let start = self.document.texts.len();
        self.reader.string(&mut self.document.texts)?;
        if self.reader.peek_token() != Some(':') {
            return Err(self.reader.expected("`:`"));
        }
        self.reader.skip();
        Ok(start..self.document.texts.len())
    }

    fn string(&mut self) -> Result<Node, Unreadable> {
        let start = self.document.texts.len();
        self.reader.string(&mut self.document.texts)?;
        let text = start..self.document.texts.len();
        if is_date(self.document.text(&text)) {
            self.document.texts.truncate(start);
            return Ok(Node::Date);
        }
        Ok(Node::Text(text))
    }

    /// Opens a container, unless it nests deeper than the limit (SEMANTICS#body-depth).
    fn open(&mut self, kind: ContainerKind, name: Range<usize>) -> Result<Last, Unreadable> {
        if self.open.len() >= self.max_depth {
            return Err(Unreadable::new(self.reader.offset(), Reason::TooDeep { limit: self.max_depth }));
        }
        self.reader.skip();
        self.open.push(Container { kind, name, first_child: self.children.len() });
        Ok(Last::Opening)
    }

    /// Closes the innermost container, which is of this kind.
    fn close(&mut self, kind: ContainerKind) -> Last {
        self.reader.skip();
        let Some(container) = self.open.pop() else {
            return Last::Child;
        };
        let document = &mut self.document;
        let node = match kind {
            ContainerKind::Array => {
                let start = document.elements.len();
                document.elements.extend(self.children.drain(container.first_child..).map(|child| child.value));
                Node::Array(start..document.elements.len())
            }
            ContainerKind::Object => {
                // The sort is stable, so of several members with one name the last comes first and stays.
                let mut members: Vec<Member> = self.children.drain(container.first_child..).rev().collect();
                members.sort_by(|a, b| document.text(&a.name).cmp(document.text(&b.name)));
                members.dedup_by(|a, b| document.text(&a.name) == document.text(&b.name));
                let start = document.members.len();
                document.members.append(&mut members);
                Node::Object(start..document.members.len())
            }
        };
        self.add(node, container.name)
    }

    /// Adds a child to the innermost open container.
    fn add(&mut self, node: Node, name: Range<usize>) -> Last {
        let value = NodeId::new(self.document.nodes.len());
        self.document.nodes.push(node);
        self.children.push(Member { name, value });
        Last::Child
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const DEPTH: usize = 64;

    fn read(body: &str) -> Document {
        Document::read(body.as_bytes(), Encoding::Utf8, DEPTH).unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    fn refusal(body: &str) -> String {
        match Document::read(body.as_bytes(), Encoding::Utf8, DEPTH) {
            Ok(document) => panic!("{body}: {document:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[track_caller]
    fn check(document: &Document, path: &str, expected: Found<'_>) {
        let path = BodyPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(document.select(&path), expected, "{path}");
    }

    #[test]
    fn members_and_elements_are_found_by_path() {
        let document = read(
            r#" {"t": true, "f": false, "u": null, "n": -2.5, "s": "str", "o": {"x": {"y": 1}}, "a": [1, [2, 3], {"k": 4}],
                "5x": 5, "e": {}, "l": [], "$": {"a": 6}, "$x": 7, "": 8, "D": "2020-01-01T00:00:00Z"} "#,
        );
        let table = [
            ("t", Found::Bool(true)),
            ("f", Found::Bool(false)),
            ("u", Found::Null),
            ("n", Found::Number(-2.5)),
            ("s", Found::Text("str")),
            ("o", Found::Object),
            ("o.x.y", Found::Number(1.0)),
            ("$.o.x.y", Found::Number(1.0)),
            ("a", Found::Array),
            ("a[0]", Found::Number(1.0)),
            ("a[1][1]", Found::Number(3.0)),
            ("a[2].k", Found::Number(4.0)),
            ("5x", Found::Number(5.0)),
            ("D", Found::Date),
            ("$x", Found::Number(7.0)),
            ("$.$.a", Found::Number(6.0)),
            ("$", Found::Object),
            ("\u{A0}", Found::Number(8.0)),
            ("T", Found::Missing),
            ("none.x", Found::Missing),
            ("s.x", Found::Missing),
            ("a.k", Found::Missing),
            ("a[3]", Found::Missing),
            ("o[0]", Found::Missing),
            ("$[0]", Found::Missing),
            ("a]", Found::Impossible),
            ("none[2147483648]", Found::Impossible),
        ];
        for (path, expected) in table {
            check(&document, path, expected);
        }
    }

    #[test]
    fn stars_take_all_members_or_elements() {
        let document = read(r#"{"e": {}, "one": {"k": 5}, "two": {"k": 5, "l": null}, "a": [[1]], "m": [[1, 2]]}"#);
        check(&document, "*", Found::Several);
        check(&document, "e.*", Found::Missing);
        check(&document, "one.*", Found::Number(5.0));
        check(&document, "two.*", Found::Several);
        check(&document, "*.l", Found::Null);
        check(&document, "*.k", Found::Several);
        check(&document, "a.*", Found::Missing);
        check(&document, "a[0][*]", Found::Number(1.0));
        check(&document, "m[0][*]", Found::Several);
        check(&document, "one[0][*]", Found::Missing);
    }

    #[test]
    fn descendants_are_reached_once_for_every_way_to_them() {
        let document = read(r#"{"a": [[{"x": {"k": 1}}, {"k": {"k": 2}}, 3, []]]}"#);
        check(&document, "a[0][0]..k", Found::Number(1.0));
        check(&document, "a[0][0]..x", Found::Object);
        check(&document, "a[0][1]..k", Found::Several);
        check(&document, "a[0][1]..k.k", Found::Number(2.0));
        check(&document, "a[0][1]..k..k", Found::Number(2.0));
        check(&document, "a[0][0]..*..k", Found::Several);
        check(&document, "a[0][0]..none", Found::Missing);
        check(&document, "a[0][2]..*", Found::Number(3.0));
        check(&document, "a[0][2]..k", Found::Missing);
        check(&document, "a[0][3]..*", Found::Array);
        check(&document, "a[0][9]..*", Found::Missing);
        check(&document, "a[0]['x']..k", Found::Missing);
    }

    #[test]
    fn a_negative_index_fails_only_where_there_is_an_array() {
        let document = read(r#"{"a": [[1]], "o": [{"x": 1}]}"#);
        check(&document, "a[0][-1]", Found::Impossible);
        check(&document, "o[0][-1]", Found::Missing);
        check(&document, "none[0][-1]", Found::Missing);
        check(&document, "*[0][-1]", Found::Impossible);
    }

    #[test]
    fn what_is_found_has_a_value_and_a_presence() {
        let table = [
            (Found::Missing, BodyValue::Null, Some(false)),
            (Found::Null, BodyValue::Null, Some(true)),
            (Found::Bool(false), BodyValue::Bool(false), Some(true)),
            (Found::Number(0.0), BodyValue::Number(0.0), Some(true)),
            (Found::Text(""), BodyValue::Text(""), Some(true)),
            (Found::Date, BodyValue::Undefined, Some(true)),
            (Found::Array, BodyValue::Undefined, Some(true)),
            (Found::Object, BodyValue::Undefined, Some(true)),
            (Found::Several, BodyValue::Undefined, Some(true)),
            (Found::Impossible, BodyValue::Undefined, None),
        ];
        for (found, value, there) in table {
            assert_eq!((found.value(), found.is_there()), (value, there), "{found:?}");
        }
    }

    #[test]
    fn last_of_duplicate_members_counts() {
        let document = read(r#"{"x": 1, "y": {"k": 1}, "x": {"k": 2}, "X": 3, "\u0078": {"k": 4}}"#);
        check(&document, "x.k", Found::Number(4.0));
        check(&document, "X", Found::Number(3.0));
        let document = read(r#"{"a": [[{"k": 1, "k": 2, "k": 3}]]}"#);
        check(&document, "a[0][0].*", Found::Number(3.0));
        check(&document, "a[0][0]..k", Found::Number(3.0));
    }

    #[test]
    fn numbers_are_the_nearest_doubles() {
        let table = [
            ("0", 0.0),
            ("-0", 0.0),
            ("-0.0", -0.0),
            ("-0e1", -0.0),
            ("1e400", f64::INFINITY),
            ("-1E+400", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("12345678901234567890", 12_345_678_901_234_567_000.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("0.1e-1", 0.01),
            ("1e+0002", 100.0),
        ];
        for (text, expected) in table {
            let document = read(&format!(r#"{{"n":{text}}}"#));
            let Found::Number(number) = document.select(&BodyPath::parse("n").expect("a path")) else {
                panic!("{text}: {document:?}");
            };
            assert_eq!(number.to_bits(), expected.to_bits(), "{text}");
        }
        let long = format!(r#"{{"n":0.{}1e100001}}"#, "0".repeat(100_000));
        check(&read(&long), "n", Found::Number(1.0));
    }

    #[test]
    fn escapes_of_lone_surrogates_are_replaced() {
        let table = [
            (r#"\"\\\/\b\f\n\r\t\u0041"#, "\"\\/\u{8}\u{C}\n\r\tA"),
            (r"\ud835\uDCB3y", "𝒳y"),
            (r"\ud835y", "\u{FFFD}y"),
            (r"\ud835", "\u{FFFD}"),
            (r"\udcb3y", "\u{FFFD}y"),
            (r"\ud835\n", "\u{FFFD}\n"),
            (r"\ud835\u0041", "\u{FFFD}A"),
            (r"\ud835\ud835\udcb3", "\u{FFFD}𝒳"),
            (r"\ud835\ud835\ud835", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            (r"\udcb3\ud835", "\u{FFFD}\u{FFFD}"),
            (r"\u0000", "\0"),
        ];
        for (text, expected) in table {
            check(&read(&format!(r#"{{"s":"{text}"}}"#)), "s", Found::Text(expected));
        }
    }

    #[test]
    fn other_encodings_and_ill_formed_text_are_read() {
        let text = r#"{"é": "𝒳"}"#;
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf32: Vec<u8> = text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
        for (body, encoding) in
            [(text.as_bytes(), Encoding::Utf8), (&utf16, Encoding::Utf16), (&utf32, Encoding::Utf32)]
        {
            let document = Document::read(body, encoding, DEPTH).expect("a document");
            check(&document, "é", Found::Text("𝒳"));
            assert!(Document::read(&[body, b"\0"].concat(), encoding, DEPTH).is_err(), "{encoding:?}");
        }
        let document = Document::read(b"{\"s\": \"\xFFa\xE2\x82\"}", Encoding::Utf8, DEPTH).expect("a document");
        check(&document, "s", Found::Text("\u{FFFD}a\u{FFFD}"));
        let lone = b"{\0\"\0s\0\"\0:\0\"\0\x35\xD8\"\0}\0";
        let document = Document::read(lone, Encoding::Utf16, DEPTH).expect("a document");
        check(&document, "s", Found::Text("\u{FFFD}"));
    }

    #[test]
    fn containers_nest_as_deep_as_the_limit() {
        let nested = |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
        check(&read(&nested(64)), "a", Found::Array);
        assert_eq!(refusal(&nested(65)), "cannot read the body at byte 68: nested deeper than the limit of 64");
        assert!(Document::read(b"{}", Encoding::Utf8, 0).is_err());
        assert!(Document::read(b"{}", Encoding::Utf8, 1).is_ok());
    }

    #[test]
    fn depth_is_bounded_by_the_limit_alone() {
        let depth = 300_000;
        let body = format!("{}{}{}{}{}", r#"{"x":["#, r#"{"a":"#.repeat(depth - 2), "1", "}".repeat(depth - 2), "]}");
        let document = Document::read(body.as_bytes(), Encoding::Utf8, depth).expect("a document");
        check(&document, "x[0].a.a", Found::Object);
        check(&document, "x[0]['a']..a", Found::Several);
        check(&document, "x[0]['a']..b", Found::Missing);
        drop(document);
        let half = body.as_bytes().get(..body.len() / 2).expect("half a body");
        assert!(Document::read(half, Encoding::Utf8, depth).is_err());
    }

    #[test]
    fn many_members_are_read_in_reasonable_time() {
        let members: Vec<String> = (0..100_000).rev().map(|n| format!(r#""{}": {n}"#, n % 50_000)).collect();
        let document = read(&format!(r#"{{"o": [[{{{}, "last": true}}]]}}"#, members.join(",")));
        check(&document, "o[0][0].last", Found::Bool(true));
        check(&document, "o[0][0]['49999']", Found::Number(49_999.0));
        check(&document, "o[0][0]..*..*..*..*", Found::Several);
    }

    #[test]
    fn what_is_not_a_json_object_is_refused_at_its_byte() {
        let table = [
            ("", 0, "expected `{` at the start of an object, found the end"),
            (" []", 1, "expected `{` at the start of an object, found `[`"),
            ("null", 0, "expected `{` at the start of an object, found `n`"),
            ("\u{FEFF}{}", 0, "expected `{` at the start of an object, found `<U+FEFF>`"),
            ("{} {}", 3, "expected the end of the body, found `{`"),
            ("{}\0", 2, "expected the end of the body, found `␀`"),
            ("{", 1, "expected a name in quotes, found the end"),
            ("{'a': 1}", 1, "expected a name in quotes, found `'`"),
            ("{a: 1}", 1, "expected a name in quotes, found `a`"),
            ("{\"a\" 1}", 5, "expected `:`, found `1`"),
            ("{\"a\": }", 6, "expected a value, found `}`"),
            ("{\"a\": 1,}", 8, "expected a name in quotes, found `}`"),
            ("{\"a\": 1]", 7, "expected `,` or `}`, found `]`"),
            ("{\"a\": 1 \"b\": 2}", 8, "expected `,` or `}`, found `\"`"),
            ("{\"a\": [1,]}", 9, "expected a value, found `]`"),
            ("{\"a\": [,1]}", 7, "expected a value, found `,`"),
            ("{\"a\": [1}", 8, "expected `,` or `]`, found `}`"),
            ("{\"a\": nul}", 9, "expected null, found `}`"),
            ("{\"a\": True}", 6, "expected a value, found `T`"),
            ("{\"a\": NaN}", 6, "expected a value, found `N`"),
            ("{\"a\": 01}", 7, "expected `,` or `}`, found `1`"),
            ("{\"a\": +1}", 6, "expected a value, found `+`"),
            ("{\"a\": -}", 7, "expected a digit, found `}`"),
            ("{\"a\": .5}", 6, "expected a value, found `.`"),
            ("{\"a\": 5.}", 8, "expected a digit, found `}`"),
            ("{\"a\": 1e}", 8, "expected a digit, found `}`"),
            ("{\"a\": 0x1}", 7, "expected `,` or `}`, found `x`"),
            ("{\"a\": \"\n\"}", 7, "expected a character of a string or its closing quote, found `␊`"),
            ("{\"a\": \"\\q\"}", 8, "expected an escape, found `q`"),
            ("{\"a\": \"\\u00g0\"}", 11, "expected a hex digit, found `g`"),
            ("{\"a\": \"\\ud835\\u\"}", 15, "expected a hex digit, found `\"`"),
            ("{\"é\": \"x", 9, "expected a character of a string or its closing quote, found the end"),
            ("{\"a\": 1, /* c */ \"b\": 2}", 9, "expected a name in quotes, found `/`"),
            ("{\u{A0}}", 1, "expected a name in quotes, found `\u{a0}`"),
        ];
        for (body, offset, reason) in table {
            assert_eq!(refusal(body), format!("cannot read the body at byte {offset}: {reason}"), "{body}");
        }
        let utf16: Vec<u8> = "{a}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Document::read(&utf16, Encoding::Utf16, DEPTH).map_err(|error| error.offset()), Err(2));
    }

    /// Converts a node to a value of `serde_json`.
    fn value_of(document: &Document, id: NodeId) -> Value {
        match document.found(id) {
            Found::Bool(bool) => bool.into(),
            Found::Number(number) => number.into(),
            Found::Text(text) => text.into(),
            Found::Array => document.elements(id).iter().map(|&element| value_of(document, element)).collect(),
            Found::Object => {
                let members = document.members(id).iter();
                members
                    .map(|member| (document.text(&member.name).to_owned(), value_of(document, member.value)))
                    .collect()
            }
            _ => Value::Null,
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has no NaN", |number| number.is_finite()).prop_map(Value::from),
            "[a\"\\\\/\u{7}\n\u{E9}\u{1D4B3}\u{FFFF}]{0,6}".prop_map(Value::from),
        ];
        scalar.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[ab\"\u{E9}]{0,2}", inner, 0..5)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// Follows every way to every node of a path, one by one, as the reference does.
    fn ways(document: &Document, steps: &[Step]) -> Option<Vec<NodeId>> {
        fn all_below(document: &Document, id: NodeId, name: Option<&str>) -> Vec<NodeId> {
            let elements = document.elements(id).iter().map(|&element| (element, None));
            let members = document.members(id).iter();
            let members = members.map(|member| (member.value, Some(document.text(&member.name))));
            let mut below = Vec::new();
            for (child, child_name) in elements.chain(members) {
                if name.is_none() || child_name == name {
                    below.push(child);
                }
                below.extend(all_below(document, child, name));
            }
            below
        }
        let mut reached = vec![document.root()];
        for step in steps {
            let mut next = Vec::new();
            for id in reached {
                match step {
                    Step::Member(name) => next.extend(document.member(id, name)),
                    Step::Members => next.extend(document.members(id).iter().map(|member| member.value)),
                    Step::Index(index) => {
                        next.extend(document.elements(id).get(usize::try_from(*index).expect("a small index")));
                    }
                    Step::NegativeIndex if document.found(id) == Found::Array => return None,
                    Step::NegativeIndex => {}
                    Step::Elements => next.extend(document.elements(id)),
                    Step::Descendants(name) => next.extend(all_below(document, id, Some(name))),
                    Step::AllDescendants => {
                        next.push(id);
                        next.extend(all_below(document, id, None));
                    }
                }
            }
            reached = next;
        }
        Some(reached)
    }

    proptest! {
        #[test]
        fn several_ways_are_distinguished_from_one(
            value in any_value(),
            steps in proptest::collection::vec(
                prop::sample::select(vec![".a", ".b", "..a", "..b", ".*", "..*", "[0]", "[*]", "['a']", "..['b']", "[-1]"]),
                0..5,
            ),
        ) {
            let document = read(&serde_json::json!({ "root": [[value]] }).to_string());
            let path = BodyPath::parse(&format!("root[0][0]{}", steps.concat())).expect("a path");
            let expected = match ways(&document, path.steps().expect("steps")).as_deref() {
                None => Found::Impossible,
                Some([]) => Found::Missing,
                Some(&[only]) => document.found(only),
                Some(_) => Found::Several,
            };
            prop_assert_eq!(document.select(&path), expected, "{}", path);
        }

        #[test]
        fn documents_are_read_as_they_were_written(value in any_value()) {
            let body = serde_json::to_string_pretty(&serde_json::json!({ "root": value })).expect("text");
            for (encoding, body) in [
                (Encoding::Utf8, body.clone().into_bytes()),
                (Encoding::Utf16, body.encode_utf16().flat_map(u16::to_le_bytes).collect()),
                (Encoding::Utf32, body.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect()),
            ] {
                let document = Document::read(&body, encoding, DEPTH).expect("a document");
                prop_assert_eq!(&value_of(&document, document.root())["root"], &value);
            }
        }

        /// Half of these bodies are valid JSON. `serde_json` checks skipped values only by the grammar: surrogates may
        /// be lone, and numbers may have any size.
        #[test]
        fn serde_json_agrees_on_what_is_json(
            value in any_value(),
            at in any::<prop::sample::Index>(),
            mutation in prop::sample::select(vec!["", "", "", "\"", "\\", "u", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", " ", "\n", "t"]),
            removed in 0_usize..2,
        ) {
            let mut body: Vec<char> =
                serde_json::json!({ "root": value, "n": -1.5e3, "s": "\\ud835" }).to_string().replace("\\\\u", "\\u").chars().collect();
            let at = at.index(body.len());
            if !mutation.is_empty() {
                body.splice(at..at + removed, mutation.chars());
            }
            let body: String = body.into_iter().collect();
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok() && body.trim_start().starts_with('{');
            prop_assert_eq!(Document::read(body.as_bytes(), Encoding::Utf8, DEPTH).is_ok(), expected, "{}", body);
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                if let Err(error) = Document::read(&body, encoding, DEPTH) {
                    prop_assert!(error.offset() <= body.len());
                }
            }
        }
    }
}
