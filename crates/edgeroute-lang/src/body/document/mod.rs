//! Reads a whole body, and finds values in it by path.
//!
//! This is the simple way: everything is kept in flat tables, so that reading, searching and dropping never recurse,
//! however deep the body nests. Reading is linear, except for sorting each object's members. A step of a path visits
//! the children of the nodes reached before, or for `..` the whole body. It allocates freely.

mod build;
mod nearest;
mod select;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::encoding::Encoding;
use super::reader::{Reader, Reason, Unreadable};
use crate::id::define_id;
use build::Builder;

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
    /// A string that is a [date](crate::text::is_date).
    Date,
    /// An array.
    Array,
    /// An object.
    Object,
    /// More than one value (SEMANTICS#body-several).
    Several,
    /// The path cannot be followed: it cannot be [read as a path](super::BodyPath::steps), or has a negative index for
    /// an array.
    Impossible,
}

/// What a body has where a path leads nowhere.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NearestMember<'d> {
    /// A member with a similar name.
    Spelled(&'d str),
    /// A member whose name has the dot that the path reads as the start of another step.
    Dotted(&'d str),
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
