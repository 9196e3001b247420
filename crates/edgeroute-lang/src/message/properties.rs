//! Properties in three forms: slices of pairs, maps, and the hub's own type.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// The properties of a message, in any container.
///
/// A value of `None` is a property that is present and null (SEMANTICS#null-properties). Names ignore case
/// (SEMANTICS#property-names); of two names that differ only by case, the one that sorts first counts
/// (SEMANTICS#ambiguous-names).
///
/// ```
/// use edgeroute_lang::message::Properties;
///
/// struct Decoded { level: String, site: Option<String> }
///
/// impl Properties for Decoded {
///     fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
///         visit("level", Some(&self.level));
///         if let Some(site) = &self.site {
///             visit("site", Some(site));
///         }
///     }
/// }
/// ```
pub trait Properties {
    /// Calls `visit` once for each property with its name and value.
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>));

    /// Like [`visit`](Self::visit), with a hint for each name that was resolved beforehand.
    /// Only a type that stores resolved keys needs to implement it.
    fn visit_hinted<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.visit(|name, value| visit(name, None, value));
    }

    /// Returns the number of properties if it is known without counting, else 0. It affects only speed.
    fn count_hint(&self) -> usize {
        0
    }
}

/// The result of resolving a name beforehand: the place where a table reads it. It saves a look-up and has no other
/// effect. A table that did not create it ignores it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NameHint {
    /// The table that created the hint.
    pub tree: u64,
    /// The kind of property the name was resolved for.
    pub of: NameOf,
    /// The entry of the name in that table.
    pub entry: u32,
}

/// The kind of property that a name was resolved for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum NameOf {
    /// An application property.
    Application,
    /// A system property.
    System,
}

/// The empty set of properties.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProperties;

impl Properties for NoProperties {
    fn visit<'m>(&'m self, _: impl FnMut(&'m str, Option<&'m str>)) {}
}

/// A type that can be a property's name in a slice or map.
pub trait PropertyName {
    /// Returns the name.
    fn as_name(&self) -> &str;

    /// Returns the hint of the name, if it was resolved beforehand.
    fn hint(&self) -> Option<NameHint> {
        None
    }
}

/// A type that can be a property's value in a slice or map: a string, or an `Option` of one, where `None` is null.
pub trait PropertyValue {
    /// Returns the value; `None` is null.
    fn as_value(&self) -> Option<&str>;
}

macro_rules! text_like {
    ($($type:ty),+) => {
        $(
            impl PropertyName for $type {
                fn as_name(&self) -> &str {
                    self
                }
            }

            impl PropertyValue for $type {
                fn as_value(&self) -> Option<&str> {
                    Some(self)
                }
            }
        )+
    };
}

text_like!(str, String, Box<str>, Rc<str>, Arc<str>, Cow<'_, str>);

impl<T: PropertyName + ?Sized> PropertyName for &T {
    fn as_name(&self) -> &str {
        (**self).as_name()
    }

    fn hint(&self) -> Option<NameHint> {
        (**self).hint()
    }
}

impl<T: PropertyValue + ?Sized> PropertyValue for &T {
    fn as_value(&self) -> Option<&str> {
        (**self).as_value()
    }
}

impl<T: PropertyValue> PropertyValue for Option<T> {
    fn as_value(&self) -> Option<&str> {
        self.as_ref().and_then(PropertyValue::as_value)
    }
}

impl<N: PropertyName, V: PropertyValue> Properties for [(N, V)] {
    fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
        for (name, value) in self {
            visit(name.as_name(), value.as_value());
        }
    }

    fn visit_hinted<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        for (name, value) in self {
            visit(name.as_name(), name.hint(), value.as_value());
        }
    }

    fn count_hint(&self) -> usize {
        self.len()
    }
}

impl<N: PropertyName, V: PropertyValue, const LENGTH: usize> Properties for [(N, V); LENGTH] {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        self.as_slice().visit(visit);
    }

    fn visit_hinted<'m>(&'m self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.as_slice().visit_hinted(visit);
    }

    fn count_hint(&self) -> usize {
        LENGTH
    }
}

impl<N: PropertyName, V: PropertyValue> Properties for Vec<(N, V)> {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        self.as_slice().visit(visit);
    }

    fn visit_hinted<'m>(&'m self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.as_slice().visit_hinted(visit);
    }

    fn count_hint(&self) -> usize {
        self.len()
    }
}

impl<N: PropertyName, V: PropertyValue, S> Properties for HashMap<N, V, S> {
    fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
        for (name, value) in self {
            visit(name.as_name(), value.as_value());
        }
    }

    fn count_hint(&self) -> usize {
        self.len()
    }
}

impl<N: PropertyName, V: PropertyValue> Properties for BTreeMap<N, V> {
    fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
        for (name, value) in self {
            visit(name.as_name(), value.as_value());
        }
    }

    fn count_hint(&self) -> usize {
        self.len()
    }
}

impl<T: Properties + ?Sized> Properties for &T {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        (**self).visit(visit);
    }

    fn visit_hinted<'m>(&'m self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        (**self).visit_hinted(visit);
    }

    fn count_hint(&self) -> usize {
        (**self).count_hint()
    }
}

impl<T: Properties + ?Sized> Properties for Box<T> {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        (**self).visit(visit);
    }

    fn visit_hinted<'m>(&'m self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        (**self).visit_hinted(visit);
    }

    fn count_hint(&self) -> usize {
        (**self).count_hint()
    }
}

impl<T: Properties + ?Sized> Properties for Arc<T> {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        (**self).visit(visit);
    }

    fn visit_hinted<'m>(&'m self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        (**self).visit_hinted(visit);
    }

    fn count_hint(&self) -> usize {
        (**self).count_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasherDefault, DefaultHasher};

    use super::*;

    fn shown(properties: &(impl Properties + ?Sized)) -> Vec<(&str, Option<&str>)> {
        let mut all = Vec::new();
        properties.visit(|name, value| all.push((name, value)));
        assert_eq!(properties.count_hint(), all.len());
        all.sort_unstable();
        all
    }

    #[test]
    fn every_shape_shows_the_same_properties() {
        let expected = vec![("a", Some("1")), ("b", None)];
        let pairs = [("a", Some("1")), ("b", None)];
        assert_eq!(shown(&pairs), expected);
        assert_eq!(shown(&pairs[..]), expected);
        assert_eq!(shown(&pairs.to_vec()), expected);
        assert_eq!(shown(&HashMap::from(pairs)), expected);
        assert_eq!(shown(&BTreeMap::from(pairs)), expected);
        assert_eq!(shown(&Box::new(pairs)), expected);
        let owned: HashMap<String, Option<String>, BuildHasherDefault<DefaultHasher>> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        assert_eq!(shown(&owned), expected);
    }
}
