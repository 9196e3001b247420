//! Determines for which senders a condition can be true.
//!
//! A sender fixes the value of `$connectionModuleId`: undefined for a leaf device, the id for a module. If a formula is
//! false with those tests fixed and every other test assumed to pass, it is false for every message from that sender.
//! If the condition asks more of the id than a test can, the id is written into the condition instead.

use core::cell::Cell;

use super::{ModuleId, Modules, Selection, Taken};
use edgeroute_lang::hir::{Condition, Known, Property, assume, fold};
use edgeroute_lang::message::Stamp;
use edgeroute_lang::predicate::{
    Formula, FormulaId, Formulas, Interner, Orderings, Slot, States, TestKind, TextId, lower,
};
use edgeroute_lang::text::eq_ignore_case;

/// A set of modules: a few, or all except a few.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SomeModules {
    /// These, ascending.
    Only(Vec<ModuleId>),
    /// All modules except these, ascending. Includes modules that no route names.
    AllBut(Vec<ModuleId>),
}

impl SomeModules {
    /// Whether the set contains the module.
    #[must_use]
    pub fn contains(&self, module: ModuleId) -> bool {
        match self {
            Self::Only(modules) => modules.binary_search(&module).is_ok(),
            Self::AllBut(modules) => modules.binary_search(&module).is_err(),
        }
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Only(modules) if modules.is_empty())
    }
}

/// A condition reduced to the tests that distinguish senders.
#[derive(Debug)]
pub(super) struct Lowered {
    /// Operands before the steps that use them, the whole condition last. Empty if it is never true.
    steps: Vec<Step>,
    /// Whether an expression reads the module's id.
    computes_id: bool,
}

/// The most nodes of conditions into which ids are written. Beyond that, an expression may be true for any module.
const NODES: usize = 500_000;

#[derive(Debug)]
enum Step {
    Constant(bool),
    /// The sender does not decide the test.
    Open,
    /// Tests whether there is a module.
    Presence(States),
    /// Tests whether the module's id is, or is not, this name.
    Name {
        is_equal: bool,
        text: TextId,
    },
    /// Any other test on the module's id.
    Other,
    /// True if all the steps at these indices are.
    All(Vec<usize>),
    Any(Vec<usize>),
}

/// The sender, as far as it decides tests.
#[derive(Copy, Clone)]
enum Sender<'s> {
    /// A module with this id, in exactly this spelling if the spelling is known.
    Module(&'s str, Spelling),
    /// A module that no test of the condition names.
    UnnamedModule,
    /// An unknown sender.
    Anybody,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Spelling {
    Known,
    /// Named only by sources, which ignore case.
    UpToCase,
}

/// The context for lowering conditions.
#[derive(Debug)]
pub(super) struct Senders {
    interner: Interner,
    formulas: Formulas,
    /// The slot of `$connectionModuleId`.
    module: Slot,
    /// What is left of [`NODES`].
    nodes_left: Cell<usize>,
}

impl Default for Senders {
    fn default() -> Self {
        let mut interner = Interner::default();
        let module = interner.reads.property(Property::System("connectionModuleId"));
        Self { interner, formulas: Formulas::new(), module, nodes_left: Cell::new(NODES) }
    }
}

impl Senders {
    pub(super) fn lower(&mut self, condition: &Condition<'_>) -> Lowered {
        let root = lower(&fold(condition), &mut self.interner, &mut self.formulas);
        let mut places = vec![usize::MAX; root.index() + 1];
        let mut needed = vec![false; root.index() + 1];
        if let Some(last) = needed.last_mut() {
            *last = true;
        }
        for index in (0..=root.index()).rev() {
            if needed.get(index) == Some(&true)
                && let Formula::And(parts) | Formula::Or(parts) = self.formulas.get(FormulaId::new(index))
            {
                for part in parts {
                    if let Some(needed) = needed.get_mut(part.index()) {
                        *needed = true;
                    }
                }
            }
        }
        let mut steps = Vec::new();
        let mut computes_id = false;
        for (index, _) in needed.iter().enumerate().filter(|(_, needed)| **needed) {
            let place = |part: &FormulaId| places.get(part.index()).copied().unwrap_or(usize::MAX);
            let step = match self.formulas.get(FormulaId::new(index)) {
                Formula::True => Step::Constant(true),
                Formula::False => Step::Constant(false),
                Formula::And(parts) => Step::All(parts.iter().map(place).collect()),
                Formula::Or(parts) => Step::Any(parts.iter().map(place).collect()),
                Formula::Test(test) => match test.kind {
                    TestKind::Expression(_, expression) => {
                        let expression = self.interner.expressions().get(expression.index());
                        computes_id |= expression.is_some_and(|expression| expression.reads(self.module));
                        Step::Open
                    }
                    _ if test.slot != self.module => Step::Open,
                    TestKind::State(states) => Step::Presence(states),
                    TestKind::Text(Orderings::EQUAL, text) => Step::Name { is_equal: true, text },
                    TestKind::Text(Orderings::DIFFERENT, text) => Step::Name { is_equal: false, text },
                    _ => Step::Other,
                },
            };
            if let Some(place) = places.get_mut(index) {
                *place = steps.len();
            }
            steps.push(step);
        }
        Lowered { steps, computes_id }
    }

    /// The senders among those that `selection` selects for which the condition can be true.
    pub(super) fn taken(
        &self,
        condition: &Condition<'_>,
        lowered: &Lowered,
        selection: &Selection,
        modules: &Modules,
    ) -> Taken {
        let mut taken =
            Taken { leaf_devices: false, twin_changes: false, paths: false, modules: SomeModules::Only(Vec::new()) };
        if let Selection::Everything | Selection::Messages = selection {
            taken.leaf_devices = can_hold(condition, |stamp| (stamp != Stamp::Device).then_some(Known::Undefined));
        }
        if let Selection::Everything | Selection::TwinChanges = selection {
            taken.twin_changes = self.can_be_true(lowered, Sender::Anybody);
        }
        if let Selection::Everything | Selection::Path = selection {
            taken.paths = self.can_be_true(lowered, Sender::Anybody);
        }
        taken.modules = match selection {
            Selection::Everything | Selection::Messages | Selection::Modules => {
                self.of_all(condition, lowered, modules)
            }
            Selection::Module { modules: named, .. } => {
                let can_send = |id: &ModuleId| self.can_come_from(condition, lowered, *id, modules);
                SomeModules::Only(named.iter().copied().filter(can_send).collect())
            }
            Selection::TwinChanges | Selection::Path => SomeModules::Only(Vec::new()),
        };
        taken
    }

    /// The modules for which the condition can be true. Only modules that a test names are examined, unless a test asks
    /// something else about the id; then all are.
    fn of_all(&self, condition: &Condition<'_>, lowered: &Lowered, modules: &Modules) -> SomeModules {
        let of_unnamed = self.can_be_true(lowered, Sender::UnnamedModule);
        let mut asked: Vec<ModuleId> = Vec::new();
        let all = || (0..modules.all.len()).map(ModuleId::new);
        for step in &lowered.steps {
            match step {
                Step::Name { text, .. } => {
                    let name = self.interner.constants.text_of(*text);
                    asked.extend(modules.known(name));
                }
                Step::Other => asked.extend(all()),
                _ => {}
            }
        }
        if lowered.computes_id && self.nodes_left.get() > 0 {
            asked.extend(all());
        }
        asked.sort_unstable();
        asked.dedup();
        asked.retain(|id| self.can_come_from(condition, lowered, *id, modules) != of_unnamed);
        if of_unnamed { SomeModules::AllBut(asked) } else { SomeModules::Only(asked) }
    }

    fn can_come_from(&self, condition: &Condition<'_>, lowered: &Lowered, id: ModuleId, modules: &Modules) -> bool {
        let Some(module) = modules.all.get(id.index()) else {
            return false;
        };
        let is_known = module.declared.is_some() || !module.inputs.is_empty();
        let spelling = if is_known { Spelling::Known } else { Spelling::UpToCase };
        if !self.can_be_true(lowered, Sender::Module(&module.name, spelling)) {
            return false;
        }
        if !lowered.computes_id || !is_known {
            return true;
        }
        let Some(nodes_left) = self.nodes_left.get().checked_sub(condition.nodes().len()) else {
            return true;
        };
        self.nodes_left.set(nodes_left);
        can_hold(condition, |stamp| match stamp {
            Stamp::Module => Some(Known::Text(&module.name)),
            Stamp::Input => Some(Known::Undefined),
            Stamp::Device | Stamp::Output => None,
        })
    }

    fn can_be_true(&self, condition: &Lowered, sender: Sender<'_>) -> bool {
        let mut passed: Vec<bool> = Vec::with_capacity(condition.steps.len());
        for step in &condition.steps {
            let part = |place: &usize| passed.get(*place).copied().unwrap_or(true);
            let can = match step {
                Step::Constant(truth) => *truth,
                Step::Open | Step::Other => true,
                Step::All(parts) => parts.iter().all(part),
                Step::Any(parts) => parts.iter().any(part),
                Step::Presence(states) => match sender {
                    Sender::Anybody => true,
                    Sender::Module(..) | Sender::UnnamedModule => states.contains(States::TEXT),
                },
                Step::Name { is_equal, text } => match sender {
                    Sender::Anybody => true,
                    Sender::UnnamedModule => !is_equal,
                    Sender::Module(name, spelling) => {
                        let text = self.interner.constants.text_of(*text);
                        match spelling {
                            Spelling::Known => (name == text) == *is_equal,
                            Spelling::UpToCase => !is_equal || eq_ignore_case(name, text),
                        }
                    }
                },
            };
            passed.push(can);
        }
        passed.last().copied().unwrap_or(false)
    }
}

/// Whether the condition can be true for messages with these stamps.
fn can_hold<'c>(condition: &'c Condition<'_>, known: impl Fn(Stamp) -> Option<Known<'c>>) -> bool {
    let (mut interner, mut formulas) = (Interner::default(), Formulas::new());
    let root = lower(&fold(&assume(condition, known)), &mut interner, &mut formulas);
    !matches!(formulas.get(root), Formula::False)
}

/// Whether the condition is true for every message of a module with this id.
///
/// The module is on a device whose id no condition names: the hub's own device has an id, but not that of a leaf
/// device or of a child.
pub(crate) fn holds_for_module(condition: &Condition<'_>, module: &str) -> bool {
    let known = |stamp| match stamp {
        Stamp::Module => Some(Known::Text(module)),
        Stamp::Device => Some(Known::Text(UNNAMED_DEVICE)),
        Stamp::Input => Some(Known::Undefined),
        Stamp::Output => None,
    };
    let (mut interner, mut formulas) = (Interner::default(), Formulas::new());
    let root = lower(&fold(&assume(condition, known)), &mut interner, &mut formulas);
    matches!(formulas.get(root), Formula::True)
}

/// An id that no condition names.
const UNNAMED_DEVICE: &str = "\u{1}";
