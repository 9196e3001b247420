//! Property names that a hub resolves once.

use std::fmt;
use std::sync::Arc;

use super::RouteTable;
use edgeroute_lang::message::{NameHint, NameOf, PropertyName};

/// The name of a property, resolved for one table. Use it in a slice of properties in place of the name as a string;
/// matching then does not look up the name. With another table it still means the same name, which is then looked up
/// like any other. After [changes](super::RouteSet::apply) it still saves most lookups, until all routes are
/// recompiled.
///
/// ```
/// use edgeroute::{Message, Origin, RouteTable};
///
/// let route = "FROM /messages/* WHERE level = 'hot' INTO $upstream";
/// let table = RouteTable::builder().route("hot", route).build()?;
/// let level = table.key("level");
/// let properties = [(&level, "hot")];
/// assert!(table.is_match(&Message::new(Origin::device("leaf")).properties(&properties)));
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Clone)]
pub struct Key {
    name: Arc<str>,
    /// The hint for the first segment of the table, which is the largest. `None` if the table has no segment.
    hint: Option<NameHint>,
}

/// Resolving names.
impl RouteTable {
    /// Resolves the name of an application property. Allocates.
    #[must_use]
    pub fn key(&self, name: &str) -> Key {
        self.resolve(NameOf::Application, name)
    }

    /// Resolves the name of a system property, given without the `$`. Allocates.
    #[must_use]
    pub fn system_key(&self, name: &str) -> Key {
        self.resolve(NameOf::System, name)
    }

    fn resolve(&self, of: NameOf, name: &str) -> Key {
        let hint = self.segments().next().map(|segment| segment.matcher.index.hint(of, name));
        Key { name: name.into(), hint }
    }
}

impl PropertyName for Key {
    fn as_name(&self) -> &str {
        &self.name
    }

    fn hint(&self) -> Option<NameHint> {
        self.hint
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgeroute_lang::message::{Message, Origin};

    fn table(condition: &str) -> RouteTable {
        let text = format!("FROM /messages/* WHERE {condition} INTO $upstream");
        RouteTable::builder().route("route", text).build().unwrap()
    }

    #[test]
    fn a_key_means_its_name_whatever_table_made_it_and_for_whatever_kind() {
        let (one, other) = (table("b = '1' and a = '2' and $cid = '3'"), table("a = '2' and b = '1' and $cid = '3'"));
        for maker in [&one, &other, &table("true")] {
            let properties = [(maker.key("A"), "2"), (maker.system_key("b"), "1"), (maker.key("c"), "9")];
            let system = [(maker.system_key("CID"), "3"), (maker.key("a"), "8")];
            let message = Message::new(Origin::device("leaf")).properties(&properties).system_properties(&system);
            assert!(one.is_match(&message));
            assert!(other.is_match(&message));
        }
    }

    #[test]
    fn a_resolved_stamp_cannot_be_forged_either() {
        let table = table("$connectionDeviceId = 'leaf'");
        let forged = [(table.system_key("connectionDeviceId"), "leaf")];
        assert!(!table.is_match(&Message::new(Origin::device("other")).system_properties(&forged)));
        assert!(table.is_match(&Message::new(Origin::device("leaf")).system_properties(&forged)));
    }
}
