//! A value of the hub's properties: the nested value, with the settings of dotted keys applied to it.
//!
//! A layered deployment names a setting by its path, `"properties.desired.routes.up": ...`, instead of nesting it. This
//! module treats both alike: the nested value, and the settings inside it. They are merged one level at a time, when
//! the members are requested; a level costs the number of its members and settings.

use std::borrow::Cow;
use std::collections::HashMap;

use super::json::{Key, Kind, Node};
use crate::span::Span;

/// A value with settings applied to it.
#[derive(Clone, Debug)]
pub(super) struct Layered<'t> {
    /// The nested JSON value, if there is one.
    base: Option<Node<'t>>,
    /// In the order of the document.
    settings: Vec<Setting<'t>>,
}

/// A value, and the path where a dotted key puts it.
#[derive(Clone, Debug)]
pub(super) struct Setting<'t> {
    /// Not empty; the last name of the path comes first.
    pub(super) reversed_path: Vec<String>,
    /// The whole dotted key.
    pub(super) key: Key<'t>,
    pub(super) value: Node<'t>,
}

/// A member of a layered object.
#[derive(Clone, Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Key<'t>,
    pub(super) value: Layered<'t>,
}

impl<'t> Layered<'t> {
    const fn plain(node: Node<'t>) -> Self {
        Self { base: Some(node), settings: Vec::new() }
    }

    /// Settings apply only to objects: as in a twin patch, they replace any other value.
    pub(super) fn new(base: Option<Node<'t>>, settings: Vec<Setting<'t>>) -> Self {
        let base = base.filter(|node| settings.is_empty() || node.is_object());
        Self { base, settings }
    }

    pub(super) fn kind(&self) -> Kind {
        self.base.map_or(Kind::Object, Node::kind)
    }

    /// Describes the value for a message.
    pub(super) fn describe(&self) -> String {
        self.base.map_or_else(|| Kind::Object.to_string(), Node::describe)
    }

    /// Returns the value if it is a single JSON value without settings.
    pub(super) fn node(&self) -> Option<Node<'t>> {
        self.base.filter(|_| self.settings.is_empty())
    }

    /// Returns the span of the value; if it consists only of settings, the span of the first.
    pub(super) fn span(&self) -> Span {
        match (self.base, self.settings.first()) {
            (Some(node), _) => node.span(),
            (None, Some(setting)) => setting.key.span.cover(setting.value.span()),
            (None, None) => Span::default(),
        }
    }

    /// Returns the place to report a missing member: the opening brace of the object.
    pub(super) fn opening(&self) -> Span {
        match (self.base, self.settings.first()) {
            (Some(node), _) => node.opening(),
            (None, Some(setting)) => setting.key.span,
            (None, None) => Span::default(),
        }
    }

    /// Returns the members of an object, including duplicates: first the nested ones, in order, each with its settings;
    /// then those that only settings name. Empty for any other value.
    pub(super) fn members(self) -> Vec<Entry<'t>> {
        let written = self.base.map(Node::members).unwrap_or_default();
        let mut entries: Vec<Entry<'t>> =
            written.into_iter().map(|member| Entry { key: member.key, value: Layered::plain(member.value) }).collect();
        if self.settings.is_empty() {
            return entries;
        }
        // The last of duplicates counts, so the settings apply to it.
        let mut by_name: HashMap<String, usize> =
            entries.iter().enumerate().map(|(index, entry)| (entry.key.name.to_string(), index)).collect();
        for mut setting in self.settings {
            let name = setting.reversed_path.pop().unwrap_or_default();
            if let Some(entry) = by_name.get(&name).and_then(|&index| entries.get_mut(index)) {
                entry.lay_over(setting);
            } else {
                by_name.insert(name.clone(), entries.len());
                entries.push(Entry::new(name, setting));
            }
        }
        entries
    }
}

impl<'t> Entry<'t> {
    /// A member that is not nested in an object.
    fn new(name: String, setting: Setting<'t>) -> Self {
        let Key { span, lone_surrogate, .. } = setting.key;
        let key = Key { name: Cow::Owned(name), span, lone_surrogate };
        let value = if setting.reversed_path.is_empty() {
            Layered::plain(setting.value)
        } else {
            Layered::new(None, vec![setting])
        };
        Self { key, value }
    }

    fn lay_over(&mut self, setting: Setting<'t>) {
        if setting.reversed_path.is_empty() {
            self.key.span = setting.key.span;
            self.value = Layered::plain(setting.value);
        } else {
            self.value.settings.push(setting);
            self.value.base = self.value.base.filter(|node| node.is_object());
        }
    }
}
