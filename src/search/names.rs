//! Finds the slots that read each property of a message.

use crate::index::{Index, KnownNames, Readers};
use crate::tuning::{APPLICATION_NAMES, CACHED_PROPERTIES, SYSTEM_NAMES};
use edgeroute_lang::message::{Message, NameOf, Properties};
use edgeroute_lang::steps;

/// Caches names, because most messages have the same names as earlier messages.
#[derive(Debug)]
pub(super) struct Names {
    application: KnownNames<APPLICATION_NAMES>,
    system: KnownNames<SYSTEM_NAMES>,
}

impl Names {
    /// Creates the caches. Allocates.
    pub(super) fn new() -> Self {
        Self { application: KnownNames::new(), system: KnownNames::new() }
    }

    /// Returns the number of bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.application.heap_bytes() + self.system.heap_bytes()
    }

    /// Calls `visit` for each application property with its readers, its name and its value. Does nothing if no
    /// property is read at all.
    #[inline]
    pub(super) fn visit_application<'m, P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        index: &Index,
        message: &Message<'m, P, S>,
        mut visit: impl FnMut(Readers, &'m str, Option<&'m str>),
    ) {
        let Index { key, application, .. } = index;
        if application.is_empty() {
            return;
        }
        if message.property_count_hint() > CACHED_PROPERTIES {
            return visit_many(index, message, visit);
        }
        message.visit_hinted_properties(|name, hint, text| {
            steps::bytes(name.len());
            let hinted = index.hinted(NameOf::Application, hint);
            visit(hinted.unwrap_or_else(|| self.application.find(application, key, name)), name, text);
        });
    }

    /// Like [`visit_application`](Self::visit_application), for the system properties. Those that the origin stamps
    /// come first. An application property may already be stored in the slots that read them; it then takes precedence.
    #[inline]
    pub(super) fn visit_system<'m, P: Properties + ?Sized, S: Properties + ?Sized>(
        &mut self,
        index: &Index,
        message: &Message<'m, P, S>,
        mut visit: impl FnMut(Readers, &'m str, Option<&'m str>),
    ) {
        let Index { key, system, .. } = index;
        if system.is_empty() {
            return;
        }
        let stamps = message.origin().stamps();
        if index.reads_stamps() {
            for (stamp, value) in stamps.into_iter().flatten() {
                if let Some(value) = value {
                    visit(index.stamp(stamp), stamp.name(), Some(value));
                }
            }
        }
        message.visit_hinted_system_properties(|name, hint, text| {
            steps::bytes(name.len());
            let hinted = index.hinted(NameOf::System, hint);
            let readers = hinted.unwrap_or_else(|| self.system.find(system, key, name));
            if !(readers.is_stamp && stamps.is_some()) {
                visit(readers, name, text);
            }
        });
    }
}

/// Like [`Names::visit_application`], for messages with many properties.
#[inline(never)]
fn visit_many<'m, P: Properties + ?Sized, S: Properties + ?Sized>(
    index: &Index,
    message: &Message<'m, P, S>,
    mut visit: impl FnMut(Readers, &'m str, Option<&'m str>),
) {
    let Index { key, application, .. } = index;
    message.visit_hinted_properties(|name, hint, text| {
        steps::bytes(name.len());
        let hinted = index.hinted(NameOf::Application, hint);
        visit(hinted.unwrap_or_else(|| application.find_rare(key, name)), name, text);
    });
}
