//! What the routes of a table read of a message, each once.

use crate::body::BodyPath;
use crate::hir::Property;
use crate::id::define_id;
use crate::keyed::KeyedMap;
use crate::text::fold;
use crate::work;

define_id! {
    /// Something that is read of a message: a property, or a place in the body.
    pub(crate) struct Slot
}

impl Slot {
    /// Stands for no slot: no table has as many.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// Everything that is read, numbered in the order in which it was first met.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    slots: Vec<SlotKind>,
    by_kind: KeyedMap<SlotKind, Slot>,
    /// Properties as they were written, by the kind of their slot: most are written the same everywhere.
    spelled: [KeyedMap<Box<str>, Slot>; 3],
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
    /// The slot of a property. Allocates where this spelling of it is new.
    pub(crate) fn property(&mut self, property: Property<'_>) -> Slot {
        let [application, system, either] = &mut self.spelled;
        let (spelled, name, kind): (_, _, fn(Box<str>) -> SlotKind) = match property {
            Property::Application(name) => (application, name, SlotKind::Application),
            Property::System(name) => (system, name, SlotKind::System),
            Property::ApplicationOrSystem(name) => {
                (either, name.strip_prefix('$').unwrap_or(name), SlotKind::ApplicationOrSystem)
            }
        };
        work::bytes(name.len());
        if let Some(&slot) = spelled.get(name) {
            return slot;
        }
        let kind = kind(fold(name).into());
        let slot = intern(&mut self.slots, &mut self.by_kind, kind);
        spelled.insert(name.into(), slot);
        slot
    }

    /// The slot of a place in the body.
    pub(crate) fn body(&mut self, path: &BodyPath, shadow: Option<&str>) -> Slot {
        work::bytes(path.as_str().len());
        let shadow = shadow.map(|name| self.property(Property::Application(name)));
        intern(&mut self.slots, &mut self.by_kind, SlotKind::Body { path: path.clone(), shadow })
    }

    /// The slot of something that is read, the name upper-cased.
    #[cfg(feature = "parallel")]
    pub(super) fn slot(&mut self, kind: SlotKind) -> Slot {
        intern(&mut self.slots, &mut self.by_kind, kind)
    }

    /// The slot that reads this, if anything does; not of frozen reads.
    pub(super) fn known(&self, kind: &SlotKind) -> Option<Slot> {
        self.by_kind.get(kind).copied()
    }

    /// Forgets what only adding needs.
    pub(super) fn freeze(&mut self) {
        self.by_kind = KeyedMap::default();
        self.spelled = Default::default();
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

fn intern(slots: &mut Vec<SlotKind>, by_kind: &mut KeyedMap<SlotKind, Slot>, kind: SlotKind) -> Slot {
    if let Some(&slot) = by_kind.get(&kind) {
        return slot;
    }
    let slot = Slot::new(slots.len());
    slots.push(kind.clone());
    by_kind.insert(kind, slot);
    slot
}
