//! The senders that a source selects.

use super::{FlowId, ModuleId, Modules};
use edgeroute_lang::source::SourcePattern;
use edgeroute_lang::text::eq_ignore_case;

/// The senders that a route's source selects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// `/*`: everything that passes through the hub.
    Everything,
    /// `/messages/*`: every leaf device and every module, with or without an output.
    Messages,
    /// `/messages/modules/*`: every module, with or without an output.
    Modules,
    /// `/messages/modules/NAME/...`: one module.
    Module {
        /// The modules with this name: more than one if names differ only in case, which a source ignores. Never empty.
        modules: Vec<ModuleId>,
        /// Which of the module's messages are selected.
        outputs: Outputs,
    },
    /// `/twinChangeNotifications`: twin changes.
    TwinChanges,
    /// A source of the hub's own, such as `/deviceLifecycleEvents`. No leaf device, module or twin sends from there.
    Path,
}

/// The messages of a module that a source selects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outputs {
    /// `/messages/modules/NAME/*`: all of them, including those sent without an output.
    Any,
    /// `/messages/modules/NAME/outputs/*`: those sent through an output.
    Named,
    /// `/messages/modules/NAME/outputs/OUTPUT`: those sent through this output, or one whose name continues with a `/`.
    One(String),
}

impl Selection {
    /// Returns what `source` selects. Adds a module that it names to `modules` if it is not known yet.
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

    /// Whether the source names no module, and so selects messages from all modules or from none.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        matches!(self, Self::Everything | Self::Messages | Self::Modules)
    }
}
