//! Determines for which senders a condition can be true.
//!
//! A sender fixes the value of `$connectionModuleId`: undefined for a leaf device, the id for a module. If a formula is
//! false with those tests fixed and every other test assumed to pass, it is false for every message from that sender.

use super::{ModuleId, Modules, Selection, Taken};
use edgeroute_lang::hir::{Condition, Property, fold};
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
}

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
    LeafDevice,
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
}

impl Default for Senders {
    fn default() -> Self {
        let mut interner = Interner::default();
        let module = interner.reads.property(Property::System("connectionModuleId"));
        Self { interner, formulas: Formulas::new(), module }
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
        for (index, _) in needed.iter().enumerate().filter(|(_, needed)| **needed) {
            let place = |part: &FormulaId| places.get(part.index()).copied().unwrap_or(usize::MAX);
            let step = match self.formulas.get(FormulaId::new(index)) {
                Formula::True => Step::Constant(true),
                Formula::False => Step::Constant(false),
                Formula::And(parts) => Step::All(parts.iter().map(place).collect()),
                Formula::Or(parts) => Step::Any(parts.iter().map(place).collect()),
                Formula::Test(test) => match test.kind {
                    TestKind::Expression(..) => Step::Open,
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
        Lowered { steps }
    }

    /// The senders among those that `selection` selects for which the condition can be true.
    pub(super) fn taken(&self, condition: &Lowered, selection: &Selection, modules: &Modules) -> Taken {
        let mut taken =
            Taken { leaf_devices: false, twin_changes: false, paths: false, modules: SomeModules::Only(Vec::new()) };
        if let Selection::Everything | Selection::Messages = selection {
            taken.leaf_devices = self.can_be_true(condition, Sender::LeafDevice);
        }
        if let Selection::Everything | Selection::TwinChanges = selection {
            taken.twin_changes = self.can_be_true(condition, Sender::Anybody);
        }
        if let Selection::Everything | Selection::Path = selection {
            taken.paths = self.can_be_true(condition, Sender::Anybody);
        }
        taken.modules = match selection {
            Selection::Everything | Selection::Messages | Selection::Modules => self.of_all(condition, modules),
            Selection::Module { modules: named, .. } => {
                let can_send = |id: &ModuleId| self.can_come_from(condition, *id, modules);
                SomeModules::Only(named.iter().copied().filter(can_send).collect())
            }
            Selection::TwinChanges | Selection::Path => SomeModules::Only(Vec::new()),
        };
        taken
    }

    /// The modules for which the condition can be true. Only modules that a test names are examined, unless a test asks
    /// something else about the id; then all are.
    fn of_all(&self, condition: &Lowered, modules: &Modules) -> SomeModules {
        let of_unnamed = self.can_be_true(condition, Sender::UnnamedModule);
        let mut asked: Vec<ModuleId> = Vec::new();
        for step in &condition.steps {
            match step {
                Step::Name { text, .. } => {
                    let name = self.interner.constants.text_of(*text);
                    asked.extend(modules.known(name));
                }
                Step::Other => asked.extend((0..modules.all.len()).map(ModuleId::new)),
                _ => {}
            }
        }
        asked.sort_unstable();
        asked.dedup();
        asked.retain(|id| self.can_come_from(condition, *id, modules) != of_unnamed);
        if of_unnamed { SomeModules::AllBut(asked) } else { SomeModules::Only(asked) }
    }

    fn can_come_from(&self, condition: &Lowered, id: ModuleId, modules: &Modules) -> bool {
        modules.all.get(id.index()).is_some_and(|module| {
            let is_known = module.declared.is_some() || !module.inputs.is_empty();
            let spelling = if is_known { Spelling::Known } else { Spelling::UpToCase };
            self.can_be_true(condition, Sender::Module(&module.name, spelling))
        })
    }

    fn can_be_true(&self, condition: &Lowered, sender: Sender<'_>) -> bool {
        let mut passed: Vec<bool> = Vec::with_capacity(condition.steps.len());
        for step in &condition.steps {
            let part = |place: &usize| passed.get(*place).copied().unwrap_or(true);
            let can = match step {
                Step::Constant(truth) => *truth,
                Step::Open => true,
                Step::All(parts) => parts.iter().all(part),
                Step::Any(parts) => parts.iter().any(part),
                Step::Presence(states) => match sender {
                    Sender::Anybody => true,
                    Sender::LeafDevice => states.contains(States::ABSENT),
                    Sender::Module(..) | Sender::UnnamedModule => states.contains(States::TEXT),
                },
                Step::Name { is_equal, text } => match sender {
                    Sender::Anybody => true,
                    Sender::LeafDevice => false,
                    Sender::UnnamedModule => !is_equal,
                    Sender::Module(name, spelling) => {
                        let text = self.interner.constants.text_of(*text);
                        match spelling {
                            Spelling::Known => (name == text) == *is_equal,
                            Spelling::UpToCase => !is_equal || eq_ignore_case(name, text),
                        }
                    }
                },
                Step::Other => !matches!(sender, Sender::LeafDevice),
            };
            passed.push(can);
        }
        passed.last().copied().unwrap_or(false)
    }
}
