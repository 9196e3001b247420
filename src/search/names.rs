//! What reads each of a message's properties.

use crate::message::{Message, NameOf, Properties};
use crate::tree::{KnownNames, Readers, Tree};
use crate::work;

/// Of so many properties of a message hardly one is read, and their names would displace each other among the known ones.
const MANY: usize = 48;

/// Messages mostly have the names that messages before them had.
#[derive(Debug)]
pub(super) struct Names {
    application: KnownNames<128>,
    system: KnownNames<32>,
}

impl Names {
    /// Allocates.
    pub(super) fn new() -> Self {
        Self { application: KnownNames::new(), system: KnownNames::new() }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.application.heap_bytes() + self.system.heap_bytes()
    }

    /// Shows each application property with what reads it, its name and its value, or none if none is read at all.
    #[inline]
    pub(super) fn visit_application<'m, P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        tree: &Tree,
        message: &Message<'m, P, S>,
        mut visit: impl FnMut(Readers, &'m str, Option<&'m str>),
    ) {
        let Tree { key, application, .. } = tree;
        if application.is_empty() {
            return;
        }
        if message.property_count_hint() > MANY {
            return visit_many(tree, message, visit);
        }
        message.visit_hinted_properties(|name, hint, text| {
            work::bytes(name.len());
            let hinted = tree.hinted(NameOf::Application, hint);
            visit(hinted.unwrap_or_else(|| self.application.find(application, key, name)), name, text);
        });
    }

    /// As [`visit_application`](Self::visit_application), of the system properties, those that the origin stamps first.
    /// What they are read by may be read by an application property already, which then goes before them.
    #[inline]
    pub(super) fn visit_system<'m, P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        tree: &Tree,
        message: &Message<'m, P, S>,
        mut visit: impl FnMut(Readers, &'m str, Option<&'m str>),
    ) {
        let Tree { key, system, .. } = tree;
        if system.is_empty() {
            return;
        }
        let stamps = message.origin().stamps();
        if tree.reads_stamps() {
            for (stamp, value) in stamps.into_iter().flatten() {
                if let Some(value) = value {
                    visit(tree.stamp(stamp), stamp.name(), Some(value));
                }
            }
        }
        message.visit_hinted_system_properties(|name, hint, text| {
            work::bytes(name.len());
            let hinted = tree.hinted(NameOf::System, hint);
            let readers = hinted.unwrap_or_else(|| self.system.find(system, key, name));
            if !(readers.is_stamp && stamps.is_some()) {
                visit(readers, name, text);
            }
        });
    }
}

/// As [`Names::visit_application`], of messages with many properties.
#[inline(never)]
fn visit_many<'m, P: Properties + ?Sized, S: Properties + ?Sized>(
    tree: &Tree,
    message: &Message<'m, P, S>,
    mut visit: impl FnMut(Readers, &'m str, Option<&'m str>),
) {
    let Tree { key, application, .. } = tree;
    message.visit_hinted_properties(|name, hint, text| {
        work::bytes(name.len());
        let hinted = tree.hinted(NameOf::Application, hint);
        visit(hinted.unwrap_or_else(|| application.find_rare(key, name)), name, text);
    });
}
