//! What the routes of a table read of a message, each once.

use crate::body::BodyPath;
use crate::hir::Property;
use crate::id::define_id;
use crate::keyed::KeyedMap;
use crate::text::fold;

define_id! {
    /// Something that is read of a message: a property, or a place in the body.
    pub(crate) struct Slot
}

/// Everything that is read, numbered in the order in which it was first met.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    slots: Vec<SlotKind>,
    by_kind: KeyedMap<SlotKind, Slot>,
}

/// What a slot reads. Names are upper-cased.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SlotKind {
    /// An application property.
    Application(Box<str>),
    /// A system property.
    System(Box<str>),
    /// The application property `$NAME`, or else the system property `NAME`; the name is without the `$`.
    ApplicationOrSystem(Box<str>),
    /// A place in the body, or the application property that shadows it, if that is there.
    Body { path: BodyPath, shadow: Option<Slot> },
}

impl Reads {
    /// The slot of a property. Allocates where it is new.
    pub(crate) fn property(&mut self, property: Property<'_>) -> Slot {
        let folded = |name: &str| fold(name).into();
        self.slot(match property {
            Property::Application(name) => SlotKind::Application(folded(name)),
            Property::System(name) => SlotKind::System(folded(name)),
            Property::ApplicationOrSystem(name) => {
                SlotKind::ApplicationOrSystem(folded(name.strip_prefix('$').unwrap_or(name)))
            }
        })
    }

    /// The slot of a place in the body.
    pub(crate) fn body(&mut self, path: &BodyPath, shadow: Option<&str>) -> Slot {
        let shadow = shadow.map(|name| self.property(Property::Application(name)));
        self.slot(SlotKind::Body { path: path.clone(), shadow })
    }

    fn slot(&mut self, kind: SlotKind) -> Slot {
        if let Some(&slot) = self.by_kind.get(&kind) {
            return slot;
        }
        let slot = Slot::new(self.slots.len());
        self.slots.push(kind.clone());
        self.by_kind.insert(kind, slot);
        slot
    }

    /// Forgets what only adding needs.
    pub(super) fn freeze(&mut self) {
        self.by_kind = KeyedMap::default();
        self.slots.shrink_to_fit();
    }

    /// Bytes on the heap, paths not counted in full.
    pub(super) fn heap_bytes(&self) -> usize {
        let names = self.slots.iter().map(|kind| match kind {
            SlotKind::Application(name) | SlotKind::System(name) | SlotKind::ApplicationOrSystem(name) => name.len(),
            SlotKind::Body { path, .. } => path.as_str().len(),
        });
        self.slots.capacity() * size_of::<SlotKind>() + names.sum::<usize>()
    }

    /// Every slot, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (Slot, &SlotKind)> {
        self.slots.iter().enumerate().map(|(index, kind)| (Slot::new(index), kind))
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&SlotKind> {
        self.slots.get(slot.index())
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}
