//! Which senders a source selects.

use super::{FlowId, ModuleId, Modules};
use crate::source::SourcePattern;
use crate::text::eq_ignore_case;

/// The senders that a route's source selects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// `/*`: whatever passes the hub.
    Everything,
    /// `/messages/*`: every leaf device and every module, with or without an output.
    Messages,
    /// `/messages/modules/*`: every module, with or without an output.
    Modules,
    /// `/messages/modules/NAME/...`: a module.
    Module {
        /// Those of this name. More than one where names differ only by case, which a source ignores; never none.
        modules: Vec<ModuleId>,
        /// Which of its messages.
        outputs: Outputs,
    },
    /// `/twinChangeNotifications`: changes of twins.
    TwinChanges,
    /// A source of the hub's own, such as `/deviceLifecycleEvents`: no leaf device, module or twin sends from there.
    Path,
}

/// Which messages of a module a source selects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outputs {
    /// `/messages/modules/NAME/*`: all of them, also those sent without an output.
    Any,
    /// `/messages/modules/NAME/outputs/*`: those sent by an output.
    Named,
    /// `/messages/modules/NAME/outputs/OUTPUT`: those sent by this output, or one whose name goes on with a `/`.
    One(String),
}

impl Selection {
    /// What `source` selects. A module that it names is added to `modules` unless it is known.
    pub(super) fn new(source: &SourcePattern, flow: FlowId, modules: &mut Modules) -> Self {
        let path = source.as_str();
        let path = path.strip_suffix('/').unwrap_or(path);
        let Some(path) = path.strip_prefix('/') else {
            return if path.is_empty() { Self::Everything } else { Self::Path };
        };
        let mut segments = path.splitn(5, '/');
        let mut next = || segments.next();
        match next() {
            Some(first) if eq_ignore_case(first, "messages") => {}
            Some(first) if eq_ignore_case(first, "twinChangeNotifications") && next().is_none() => {
                return Self::TwinChanges;
            }
            _ => return Self::Path,
        }
        match next() {
            None => return Self::Messages,
            Some(second) if eq_ignore_case(second, "modules") => {}
            Some(_) => return Self::Path,
        }
        let (Some(module), outputs, output) = (next(), next(), next()) else {
            return Self::Modules;
        };
        let outputs = match (outputs, output) {
            (None, _) => Outputs::Any,
            (Some(word), _) if !eq_ignore_case(word, "outputs") => return Self::Path,
            (Some(_), None) => Outputs::Named,
            (Some(_), Some(output)) => Outputs::One(output.to_owned()),
        };
        let named = modules.named_ignoring_case(module);
        if let Outputs::One(output) = &outputs {
            for &module in &named {
                modules.output(module, output, flow);
            }
        }
        Self::Module { modules: named, outputs }
    }

    /// Whether it names no module, and so selects those of all modules or none.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        matches!(self, Self::Everything | Self::Messages | Self::Modules)
    }
}
