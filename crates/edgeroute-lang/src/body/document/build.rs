//! Reads a body into its tables.

use std::ops::Range;

use super::{Document, Member, Node, NodeId};
use crate::body::reader::{Reader, Reason, Unreadable};
use crate::text::is_date;

/// Builds a [`Document`] from the tokens of a body.
pub(super) struct Builder<'b> {
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
    pub(super) fn new(reader: Reader<'b>, max_depth: usize) -> Self {
        let document = Document { nodes: Vec::new(), elements: Vec::new(), members: Vec::new(), texts: String::new() };
        Self { reader, max_depth, document, open: Vec::new(), children: Vec::new(), number: String::new() }
    }

    pub(super) fn read(mut self) -> Result<Document, Unreadable> {
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
