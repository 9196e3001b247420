//! Of which senders a condition can be true.
//!
//! A sender settles what `$connectionModuleId` is: nothing for a leaf device, its id for a module. With those tests
//! settled and every other taken for passed, a formula that is false is false for every message of the sender.

use super::{ModuleId, Modules, Selection, Taken};
use crate::hir::{Condition, Property, fold};
use crate::predicate::{Formula, FormulaId, Formulas, Orderings, Slot, States, TestKind, TextId, Vocabulary, lower};
use crate::text::eq_ignore_case;

/// A set of modules: a few, or all but a few.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SomeModules {
    /// These, ascending.
    Only(Vec<ModuleId>),
    /// All but these, ascending; also modules that nobody has named.
    AllBut(Vec<ModuleId>),
}

impl SomeModules {
    /// Whether the module is among them.
    #[must_use]
    pub fn contains(&self, module: ModuleId) -> bool {
        match self {
            Self::Only(modules) => modules.binary_search(&module).is_ok(),
            Self::AllBut(modules) => modules.binary_search(&module).is_err(),
        }
    }

    /// Whether no module is among them.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Only(modules) if modules.is_empty())
    }
}

/// A condition as the tests that tell senders apart.
#[derive(Debug)]
pub(super) struct Lowered {
    /// Parts before what they are part of, the whole last. Empty: never true.
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Constant(bool),
    /// Nothing that the sender settles.
    Open,
    /// Whether there is a module.
    Presence(States),
    /// Whether the module's id is, or is not, this.
    Name {
        is_equal: bool,
        text: TextId,
    },
    /// Another question about the module's id.
    Other,
    /// The steps at these places.
    All(Vec<usize>),
    Any(Vec<usize>),
}

/// Who sends, as far as it settles tests.
#[derive(Copy, Clone)]
enum Sender<'s> {
    LeafDevice,
    /// A module of this id, in just this spelling where that is known.
    Module(&'s str, Spelling),
    /// A module that no test of the condition names.
    UnnamedModule,
    /// Of which nothing is known.
    Anybody,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Spelling {
    Known,
    /// Only a source names it, which ignores case.
    UpToCase,
}

/// What conditions are lowered with.
#[derive(Debug)]
pub(super) struct Senders {
    vocabulary: Vocabulary,
    formulas: Formulas,
    /// `$connectionModuleId`.
    module: Slot,
}

impl Default for Senders {
    fn default() -> Self {
        let mut vocabulary = Vocabulary::default();
        let module = vocabulary.reads.property(Property::System("connectionModuleId"));
        Self { vocabulary, formulas: Formulas::new(), module }
    }
}

impl Senders {
    pub(super) fn lower(&mut self, condition: &Condition<'_>) -> Lowered {
        let root = lower(&fold(condition), &mut self.vocabulary, &mut self.formulas);
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

    /// Of the senders that `selection` selects, those that the condition can be true of.
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

    /// Of all modules, those that the condition can be true of. Only those are asked that a test names; all of them
    /// where a test asks something else of the id.
    fn of_all(&self, condition: &Lowered, modules: &Modules) -> SomeModules {
        let of_unnamed = self.can_be_true(condition, Sender::UnnamedModule);
        let mut asked: Vec<ModuleId> = Vec::new();
        for step in &condition.steps {
            match step {
                Step::Name { text, .. } => {
                    let name = self.vocabulary.constants.text_of(*text);
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
                        let text = self.vocabulary.constants.text_of(*text);
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
