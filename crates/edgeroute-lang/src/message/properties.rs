//! Properties in any container: slices of pairs, maps, pointers to properties, several of them in a row, and the hub's
//! own type.

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
/// use edgeroute::Properties;
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
    /// The index that created the hint.
    #[doc(hidden)]
    pub index: u64,
    /// The kind of property the name was resolved for.
    #[doc(hidden)]
    pub of: NameOf,
    /// The entry of the name in that index.
    #[doc(hidden)]
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

/// Implements [`Properties`] by iterating over pairs of a name and a value.
macro_rules! iterated {
    ($(impl[$($parameters:tt)*] $type:ty),+ $(,)?) => {
        $(
            impl<$($parameters)*> Properties for $type {
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
        )+
    };
}

iterated!(
    impl[N: PropertyName, V: PropertyValue] [(N, V)],
    impl[N: PropertyName, V: PropertyValue, const LENGTH: usize] [(N, V); LENGTH],
    impl[N: PropertyName, V: PropertyValue] Vec<(N, V)>,
    impl[N: PropertyName, V: PropertyValue, S] HashMap<N, V, S>,
    impl[N: PropertyName, V: PropertyValue] BTreeMap<N, V>,
);

/// Implements [`Properties`] for pointers to properties.
macro_rules! pointers {
    ($($type:ty),+) => {
        $(
            impl<P: Properties + ?Sized> Properties for $type {
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
        )+
    };
}

pointers!(&P, Box<P>, Rc<P>, Arc<P>);

/// `None` has no properties.
impl<P: Properties> Properties for Option<P> {
    fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
        if let Some(properties) = self {
            properties.visit(visit);
        }
    }

    fn visit_hinted<'m>(&'m self, visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        if let Some(properties) = self {
            properties.visit_hinted(visit);
        }
    }

    fn count_hint(&self) -> usize {
        self.as_ref().map_or(0, Properties::count_hint)
    }
}

/// The properties of the first, then those of the second. A name may be in both: the rule for duplicate names
/// (SEMANTICS#ambiguous-names) applies to all properties together, so neither takes precedence. The number is known
/// only if both numbers are.
///
/// ```
/// use edgeroute::{Message, Origin};
///
/// let (fixed, added) = ([("site", "north")], vec![("level".to_owned(), Some("4".to_owned()))]);
/// let both = (&fixed, &added);
/// let message = Message::new(Origin::device("edge-1")).properties(&both);
/// let mut names = Vec::new();
/// message.visit_properties(|name, _| names.push(name));
/// assert_eq!(names, ["site", "level"]);
/// ```
impl<A: Properties, B: Properties> Properties for (A, B) {
    fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
        self.0.visit(&mut visit);
        self.1.visit(visit);
    }

    fn visit_hinted<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.0.visit_hinted(&mut visit);
        self.1.visit_hinted(visit);
    }

    fn count_hint(&self) -> usize {
        match (self.0.count_hint(), self.1.count_hint()) {
            (0, _) | (_, 0) => 0,
            (first, second) => first.saturating_add(second),
        }
    }
}

/// [`Properties`] through a pointer to a type that is known only at run time.
///
/// Every sized type with `Properties` implements it; implement `Properties`, not this trait. A hub with several protocol
/// heads can give each its own type of properties and still route all messages by one function:
/// `Message<'_, dyn DynProperties>`, or a `Box<dyn DynProperties>` as the properties.
///
/// The extra cost is one indirect call for each message and one for each property, because the visitor cannot be
/// inlined. Nothing is allocated.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use edgeroute::{DynProperties, Message, Origin};
///
/// let heads: [Box<dyn DynProperties + Send>; 2] =
///     [Box::new([("level", "4")]), Box::new(BTreeMap::from([("level", "4")]))];
/// for properties in &heads {
///     let message = Message::new(Origin::device("edge-1")).properties(properties);
///     message.visit_properties(|name, value| assert_eq!((name, value), ("level", Some("4"))));
/// }
/// ```
pub trait DynProperties {
    /// Calls `visit` once for each property, as [`Properties::visit_hinted`] does.
    fn visit_dyn<'m>(&'m self, visit: &mut dyn FnMut(&'m str, Option<NameHint>, Option<&'m str>));

    /// Returns the number of properties if it is known without counting, else 0, as [`Properties::count_hint`] does.
    fn count_hint_dyn(&self) -> usize;
}

impl<P: Properties> DynProperties for P {
    fn visit_dyn<'m>(&'m self, visit: &mut dyn FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
        self.visit_hinted(visit);
    }

    fn count_hint_dyn(&self) -> usize {
        self.count_hint()
    }
}

/// Implements [`Properties`] for trait objects.
macro_rules! objects {
    ($($type:ty),+) => {
        $(
            impl Properties for $type {
                fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
                    self.visit_dyn(&mut |name, _, value| visit(name, value));
                }

                fn visit_hinted<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<NameHint>, Option<&'m str>)) {
                    self.visit_dyn(&mut visit);
                }

                fn count_hint(&self) -> usize {
                    self.count_hint_dyn()
                }
            }
        )+
    };
}

objects!(
    dyn DynProperties + '_,
    dyn DynProperties + Send + '_,
    dyn DynProperties + Sync + '_,
    dyn DynProperties + Send + Sync + '_
);

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasherDefault, DefaultHasher};

    use super::*;

    type Shown<'m> = Vec<(&'m str, Option<&'m str>)>;

    /// Returns all properties, sorted, and checks that both kinds of visit agree on them.
    fn visited(properties: &(impl Properties + ?Sized)) -> Shown<'_> {
        let (mut all, mut hinted) = (Vec::new(), Vec::new());
        properties.visit(|name, value| all.push((name, value)));
        properties.visit_hinted(|name, _, value| hinted.push((name, value)));
        assert_eq!(all, hinted);
        all.sort_unstable();
        all
    }

    /// Like [`visited`], for properties whose number is known.
    fn shown(properties: &(impl Properties + ?Sized)) -> Shown<'_> {
        let all = visited(properties);
        assert_eq!(properties.count_hint(), all.len());
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
        assert_eq!(shown(&Rc::new(pairs)), expected);
        assert_eq!(shown(&Arc::<[_]>::from(pairs.to_vec())), expected);
        assert_eq!(shown(&Some(&pairs[..])), expected);
        assert_eq!(shown(&([pairs[1]], Some([pairs[0]]))), expected);
        assert_eq!(shown(&pairs as &dyn DynProperties), expected);
        assert_eq!(shown(&pairs as &(dyn DynProperties + Send)), expected);
        assert_eq!(shown(&pairs as &(dyn DynProperties + Sync)), expected);
        assert_eq!(shown(&pairs as &(dyn DynProperties + Send + Sync)), expected);
        assert_eq!(shown(&(Box::new(pairs) as Box<dyn DynProperties>)), expected);
        let owned: HashMap<String, Option<String>, BuildHasherDefault<DefaultHasher>> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        assert_eq!(shown(&owned), expected);
    }

    #[test]
    fn no_properties_are_shown_by_none() {
        assert_eq!(shown(&None::<[(&str, &str); 1]>), []);
        assert_eq!(shown(&(NoProperties, NoProperties)), []);
    }

    #[test]
    fn pairs_are_visited_one_after_the_other() {
        let mut names = Vec::new();
        (([("b", "1")], [("a", "2")]), [("b", "3")]).visit(|name, value| names.push((name, value)));
        assert_eq!(names, [("b", Some("1")), ("a", Some("2")), ("b", Some("3"))]);
    }

    /// A type that does not know the number of its properties.
    struct Uncounted;
    impl Properties for Uncounted {
        fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>)) {
            visit("u", Some("1"));
        }
    }

    #[test]
    fn the_number_of_a_pair_is_known_only_if_both_are() {
        let pairs = [("a", "1"), ("b", "2")];
        assert_eq!((pairs, pairs).count_hint(), 4);
        for properties in [&(pairs, Uncounted) as &dyn DynProperties, &(Uncounted, pairs), &Some((pairs, Uncounted))] {
            assert_eq!((visited(properties).len(), properties.count_hint()), (3, 0));
        }
    }

    /// A name that was resolved beforehand.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    struct Resolved(u32);
    impl PropertyName for Resolved {
        fn as_name(&self) -> &'static str {
            "resolved"
        }

        fn hint(&self) -> Option<NameHint> {
            Some(NameHint { index: 1, of: NameOf::Application, entry: self.0 })
        }
    }

    #[test]
    fn hints_are_kept_by_every_shape() {
        fn entries(properties: &(impl Properties + ?Sized)) -> Vec<u32> {
            let mut entries = Vec::new();
            properties.visit_hinted(|_, hint, _| entries.extend(hint.map(|hint| hint.entry)));
            entries
        }
        let pair = || (Resolved(7), "x");
        assert_eq!(entries(&[pair()]), [7]);
        assert_eq!(entries(&[pair()][..]), [7]);
        assert_eq!(entries(&vec![pair()]), [7]);
        assert_eq!(entries(&BTreeMap::from([pair()])), [7]);
        assert_eq!(entries(&HashMap::from([pair()])), [7]);
        assert_eq!(entries(&&[pair()]), [7]);
        assert_eq!(entries(&Box::new([pair()])), [7]);
        assert_eq!(entries(&Rc::new([pair()])), [7]);
        assert_eq!(entries(&Arc::new([pair()])), [7]);
        assert_eq!(entries(&Some([pair()])), [7]);
        assert_eq!(entries(&([pair()], [(Resolved(8), "x")])), [7, 8]);
        assert_eq!(entries(&[pair()] as &dyn DynProperties), [7]);
        let shared: Arc<dyn DynProperties + Send + Sync> = Arc::new(Some(([("a", "1")], Box::new([pair()]))));
        assert_eq!(entries(&shared), [7]);
    }
}
