//! What the routes of a table read from a message, each item once.

use crate::body::BodyPath;
use crate::hash_map::RandomMap;
use crate::hir::Property;
use crate::id::define_id;
use crate::steps;
use crate::text::fold;

define_id! {
    /// A property or a place in the body that is read from a message.
    pub struct Slot
}

impl Slot {
    /// Represents no slot. No table has this many.
    pub const NONE: Self = Self(u32::MAX);
}

/// Every slot of a table, numbered in the order in which it was first seen.
#[derive(Debug, Default)]
pub struct SlotTable {
    slots: Vec<SlotKind>,
    by_kind: RandomMap<SlotKind, Slot>,
    /// The slots of properties by their kind and original spelling, since most are spelled the same everywhere.
    spelled: [RandomMap<Box<str>, Slot>; 3],
}

/// What a slot reads. Names are in upper case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// An application property.
    Application(Box<str>),
    /// A system property.
    System(Box<str>),
    /// The application property `$NAME`, or else the system property `NAME`. The name is without the `$`.
    ApplicationOrSystem(Box<str>),
    /// A place in the body, or the application property that shadows it, if the message has it.
    Body {
        /// The place in the body.
        path: BodyPath,
        /// The slot of the application property that shadows it.
        shadow: Option<Slot>,
    },
}

impl SlotTable {
    /// Returns the slot of a property. Allocates if this spelling is new.
    pub fn property(&mut self, property: Property<'_>) -> Slot {
        let [application, system, either] = &mut self.spelled;
        let (spelled, name, kind): (_, _, fn(Box<str>) -> SlotKind) = match property {
            Property::Application(name) => (application, name, SlotKind::Application),
            Property::System(name) => (system, name, SlotKind::System),
            Property::ApplicationOrSystem(name) => {
                (either, name.strip_prefix('$').unwrap_or(name), SlotKind::ApplicationOrSystem)
            }
        };
        steps::bytes(name.len());
        if let Some(&slot) = spelled.get(name) {
            return slot;
        }
        let kind = kind(fold(name).into());
        let slot = intern(&mut self.slots, &mut self.by_kind, kind);
        spelled.insert(name.into(), slot);
        slot
    }

    /// Returns the slot of a place in the body.
    pub fn body(&mut self, path: &BodyPath, shadow: Option<&str>) -> Slot {
        steps::bytes(path.as_str().len());
        let shadow = shadow.map(|name| self.property(Property::Application(name)));
        intern(&mut self.slots, &mut self.by_kind, SlotKind::Body { path: path.clone(), shadow })
    }

    /// Returns the slot of this kind, whose name is in upper case.
    #[cfg(feature = "parallel")]
    pub(super) fn slot(&mut self, kind: SlotKind) -> Slot {
        intern(&mut self.slots, &mut self.by_kind, kind)
    }

    /// Returns the slot of this kind, if there is one. Must not be called on a frozen table.
    pub fn known(&self, kind: &SlotKind) -> Option<Slot> {
        self.by_kind.get(kind).copied()
    }

    /// Drops what only adding slots needs.
    pub(super) fn freeze(&mut self) {
        self.by_kind = RandomMap::default();
        self.spelled = Default::default();
        self.slots.shrink_to_fit();
    }

    /// Returns the bytes allocated on the heap. Paths are only estimated.
    pub(super) fn heap_bytes(&self) -> usize {
        let names = self.slots.iter().map(|kind| match kind {
            SlotKind::Application(name) | SlotKind::System(name) | SlotKind::ApplicationOrSystem(name) => name.len(),
            SlotKind::Body { path, .. } => path.as_str().len(),
        });
        self.slots.capacity() * size_of::<SlotKind>() + names.sum::<usize>()
    }

    /// Iterates over every slot in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Slot, &SlotKind)> {
        self.slots.iter().enumerate().map(|(index, kind)| (Slot::new(index), kind))
    }

    /// Returns what a slot reads.
    pub fn get(&self, slot: Slot) -> Option<&SlotKind> {
        self.slots.get(slot.index())
    }

    /// Returns whether there are no slots.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns the number of slots.
    pub fn len(&self) -> usize {
        self.slots.len()
    }
}

fn intern(slots: &mut Vec<SlotKind>, by_kind: &mut RandomMap<SlotKind, Slot>, kind: SlotKind) -> Slot {
    if let Some(&slot) = by_kind.get(&kind) {
        return slot;
    }
    let slot = Slot::new(slots.len());
    slots.push(kind.clone());
    by_kind.insert(kind, slot);
    slot
}
