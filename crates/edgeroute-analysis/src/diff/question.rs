//! Decides whether there is a message that a route delivers and that the other set delivers differently.

use std::rc::Rc;

use super::side::{Compiled, Compiler, Side, Winner};
use super::witness::{Region, Spellings, messages};
use super::{Answer, Undecided, Which, Witness, is_same};
use edgeroute_lang::message::OwnedMessage;
use edgeroute_lang::prove::{self, Claim, Model, Prover, SourceFacts};
use edgeroute_lang::source::SourcePattern;

/// The maximum number of times that one question is asked, each time without the messages of one more route.
const ROUNDS: usize = 40;

/// The maximum number of open cases of a proof that are turned into messages.
const MODELS: usize = 4;

/// The maximum number of routes of the other set that are considered as winners over all routes of the question's class.
pub(super) const RIVALS: usize = 64;

/// The budget for searches in compiled tables.
const SEARCHES: usize = 1_000_000;

/// The budget for conditions that the interpreter evaluates in whole sets, in nodes.
const INTERPRETED: usize = 2_000_000;

/// The budget for conditions of single routes that the interpreter evaluates, in nodes.
const TRIED: usize = 8_000_000;

/// The cost of a message besides the evaluation of conditions.
const MESSAGE: usize = 30;

/// Both sets, and what questions have cost so far.
#[derive(Debug)]
pub(super) struct Court<'d> {
    pub(super) old: Side<'d>,
    pub(super) new: Side<'d>,
    pub(super) compiler: Compiler<'d>,
    pub(super) prover: Prover,
    searches: usize,
    interpreted: usize,
    tried: usize,
}

/// A question about a route.
#[derive(Copy, Clone, Debug)]
pub(super) struct Question {
    /// The set of the route.
    pub(super) which: Which,
    /// The route, or the fallback.
    pub(super) route: Winner,
    /// Its counterpart in the other set.
    pub(super) partner: Option<Winner>,
}

/// A part of a question: messages from a region that meet some claims.
#[derive(Clone, Debug)]
struct Case {
    region: Region,
    claims: Vec<Claim>,
    /// The routes that must not match.
    negated: Vec<(Which, Winner)>,
    /// Whether a rival takes the messages: a route of the other set that wins before routes of the same class.
    has_rival: bool,
}

/// The result of a message.
enum Tried {
    /// The sets deliver it differently.
    Found(Box<Witness>),
    /// This route decides, so its messages must be left out.
    By(Which, Winner),
    /// The message does not do what its model promised.
    Useless,
    /// The budget is used up.
    Exhausted,
}

impl<'d> Court<'d> {
    pub(super) fn new(old: Side<'d>, new: Side<'d>, compiler: Compiler<'d>) -> Self {
        Self { old, new, compiler, prover: Prover::new(), searches: SEARCHES, interpreted: INTERPRETED, tried: TRIED }
    }

    pub(super) const fn side(&self, which: Which) -> &Side<'d> {
        match which {
            Which::Old => &self.old,
            Which::New => &self.new,
        }
    }

    /// Decides a question. `rivals` are the routes of the other set that may win before routes of the same class
    /// although the question's route wins in its own set; `None` if there are too many.
    pub(super) fn decide(&mut self, question: &Question, rivals: Option<&[usize]>) -> Answer {
        let own = self.side(question.which);
        let Some(compiled) = own.compiled(question.route).cloned() else {
            return Answer::Undecided(Undecided::Broken);
        };
        let mut spellings = Spellings::default();
        spellings.add(&compiled.typed.condition);
        let mut case = Case {
            region: Region {
                source: compiled.source.clone(),
                spelled: compiled.typed.source.as_str().to_owned(),
                excluded: Vec::new(),
            },
            claims: vec![(compiled.formula(&mut self.prover), true)],
            negated: Vec::new(),
            has_rival: false,
        };
        if question.route.is_none() {
            // SEMANTICS#fallback
            "/MESSAGES/".clone_into(&mut case.region.source);
            "/messages/".clone_into(&mut case.region.spelled);
        }
        let mut cases = vec![case.clone()];
        let other = question.which.other();
        if let Some(partner) = question.partner
            && let (Some(ours), Some(theirs)) =
                (self.side(question.which).entry(question.route), self.side(other).entry(partner))
            && let Some(their_compiled) = theirs.compiled.clone()
            && their_compiled.endpoint == compiled.endpoint
        {
            spellings.add(&their_compiled.typed.condition);
            if ours.class() == theirs.class() {
                cases = self.without(case.clone(), other, partner);
            }
        }
        match self.search(question, cases, &mut spellings) {
            Answer::Same => {}
            answer => return answer,
        }
        let Some(rivals) = rivals else {
            return Answer::Undecided(Undecided::TooMany);
        };
        let mut undecided = None;
        for rival in rivals {
            let Some(theirs) = self.side(other).compiled(Some(*rival)).cloned() else { continue };
            let mut case = case.clone();
            if theirs.source.starts_with(&case.region.source) {
                case.region.source.clone_from(&theirs.source);
                theirs.typed.source.as_str().clone_into(&mut case.region.spelled);
            } else if !case.region.source.starts_with(&theirs.source) {
                continue;
            }
            case.claims.push((theirs.formula(&mut self.prover), true));
            case.has_rival = true;
            let mut spellings = spellings.clone();
            spellings.add(&theirs.typed.condition);
            match self.search(question, vec![case], &mut spellings) {
                Answer::Same => {}
                Answer::Undecided(why) => undecided = Some(why),
                found @ Answer::Different(_) => return found,
            }
        }
        undecided.map_or(Answer::Same, Answer::Undecided)
    }

    /// Looks for a witness in these cases. *Same* means that no message meets the requirements of any of them.
    fn search(&mut self, question: &Question, mut cases: Vec<Case>, spellings: &mut Spellings) -> Answer {
        let mut undecided = None;
        let mut rounds = 0;
        while let Some(case) = cases.pop() {
            rounds += 1;
            if rounds > ROUNDS {
                return Answer::Undecided(Undecided::NotProved);
            }
            let facts = facts(&case.region);
            let given_up = self.prover.given_up();
            let (mut decider, mut why, mut is_impossible) = (None, Undecided::NotProved, false);
            // Most questions need only one model.
            for most in [1, MODELS] {
                let (answer, models) = self.prover.models(&case.claims, &facts, most);
                is_impossible = answer == prove::Answer::Impossible;
                if models.is_empty() && self.prover.given_up() > given_up {
                    why = Undecided::TooMany;
                }
                let skipped = usize::from(most > 1);
                match self.attempt_all(question, models.get(skipped..).unwrap_or_default(), &case, spellings) {
                    Tried::Found(witness) => return Answer::Different(witness),
                    Tried::By(which, route) => decider = Some((which, route)),
                    Tried::Useless => {}
                    Tried::Exhausted => why = Undecided::TooMany,
                }
                if is_impossible || decider.is_some() || why == Undecided::TooMany {
                    break;
                }
            }
            if is_impossible {
                continue;
            }
            match decider {
                Some((which, route)) => {
                    if let Some(compiled) = self.side(which).compiled(route) {
                        spellings.add(&compiled.typed.condition);
                    }
                    cases.extend(self.without(case, which, route));
                }
                None => undecided = Some(why),
            }
        }
        undecided.map_or(Answer::Same, Answer::Undecided)
    }

    /// Delivers the messages of the models until one decides.
    fn attempt_all(&mut self, question: &Question, models: &[Model], case: &Case, spellings: &Spellings) -> Tried {
        let max_depth = self.compiler.limits().body_depth;
        for message in models.iter().flat_map(|model| messages(model, &case.region, spellings, max_depth)) {
            match self.attempt(question, message) {
                Tried::Useless => {}
                Tried::By(which, route) if case.negated.contains(&(which, route)) => {}
                // The rival does not take the message, although the model says so. Leaving out the messages of the
                // winner would leave out messages that the rival does take.
                Tried::By(which, _) if case.has_rival && which != question.which => {}
                decided => return decided,
            }
        }
        Tried::Useless
    }

    /// Returns the case without the messages that a route takes. It has two parts if the route is from a source within
    /// the region.
    fn without(&mut self, mut case: Case, which: Which, route: Winner) -> Vec<Case> {
        let Some(compiled) = self.side(which).compiled(route).map(Rc::clone) else {
            return vec![case];
        };
        case.negated.push((which, route));
        // The source of a fallback is ignored.
        let source = if route.is_some() { compiled.source.as_str() } else { "/MESSAGES/" };
        let is_within = source.starts_with(&case.region.source) && *source != case.region.source;
        let is_apart = !is_within && !case.region.source.starts_with(source);
        if is_apart || case.region.excluded.iter().any(|excluded| source.starts_with(excluded)) {
            return vec![case];
        }
        let claim = (compiled.formula(&mut self.prover), false);
        if !is_within {
            case.claims.push(claim);
            return vec![case];
        }
        let mut within = case.clone();
        source.clone_into(&mut within.region.source);
        within.region.spelled = spelled_source(&compiled);
        within.region.excluded.retain(|excluded| excluded.starts_with(source));
        within.claims.push(claim);
        case.region.excluded.push(source.to_owned());
        // The last one is tried first.
        vec![within, case]
    }

    /// Delivers a message with both sets.
    fn attempt(&mut self, question: &Question, message: OwnedMessage) -> Tried {
        let limits = self.compiler.limits().clone();
        let (own, other) = (question.which, question.which.other());
        let cost = MESSAGE + self.side(own).compiled(question.route).map_or(0, |compiled| compiled.cost());
        let Some(left) = self.tried.checked_sub(cost) else {
            return Tried::Exhausted;
        };
        self.tried = left;
        if !self.side(own).takes(question.route, &message, &limits) {
            return Tried::Useless;
        }
        let Some(left) = self.searches.checked_sub(self.old.search_cost() + self.new.search_cost()) else {
            return Tried::Exhausted;
        };
        self.searches = left;
        let old = self.old.winners(&message, &self.compiler);
        let new = self.new.winners(&message, &self.compiler);
        let (ours, theirs) = match own {
            Which::Old => (&old, &new),
            Which::New => (&new, &old),
        };
        if !ours.contains(&question.route) {
            // Another route to the endpoint won; for the fallback, any other route.
            let endpoint = self.endpoint(own, question.route);
            let winner =
                ours.iter().find(|winner| question.route.is_none() || self.endpoint(own, **winner) == endpoint);
            return winner.map_or(Tried::Useless, |winner| Tried::By(own, *winner));
        }
        let (delivered_old, delivered_new) = (self.old.delivered(&old), self.new.delivered(&new));
        let entry = self.side(own).entry(question.route);
        let class = entry.map(super::side::Entry::class);
        let endpoint = self.endpoint(own, question.route);
        let same = theirs.iter().find(|winner| {
            self.endpoint(other, **winner) == endpoint
                && self.side(other).entry(**winner).map(super::side::Entry::class) == class
        });
        if let Some(same) = same {
            return Tried::By(other, *same);
        }
        if is_same(&delivered_old, &delivered_new) || !self.confirms(&message, &old, &new, &limits) {
            return Tried::Useless;
        }
        let endpoint = self.side(own).compiled(question.route).map(|compiled| compiled.typed.endpoint.clone());
        Tried::Found(Box::new(Witness { message, endpoint, old: delivered_old, new: delivered_new }))
    }

    /// Whether the interpreter delivers the message as the compiled tables did. In sets so large that it would take too
    /// long, it checks only that the winners match.
    fn confirms(
        &mut self,
        message: &OwnedMessage,
        old: &[Winner],
        new: &[Winner],
        limits: &edgeroute_lang::limits::Limits,
    ) -> bool {
        let (old_side, new_side) = (&self.old, &self.new);
        let interpreted = old_side
            .interpreted(message, limits, &mut self.interpreted)
            .and_then(|found| Some((found, new_side.interpreted(message, limits, &mut self.interpreted)?)));
        match interpreted {
            Some((of_old, of_new)) => of_old == old && of_new == new,
            None => {
                old.iter().all(|winner| old_side.takes(*winner, message, limits))
                    && new.iter().all(|winner| new_side.takes(*winner, message, limits))
            }
        }
    }

    fn endpoint(&self, which: Which, route: Winner) -> Option<usize> {
        self.side(which).compiled(route).map(|compiled| compiled.endpoint)
    }
}

/// What is known about the stamps of messages from a region.
fn facts(region: &Region) -> SourceFacts {
    let facts = SourceFacts::of(&SourcePattern::new(&region.source)).while_routing();
    let excludes =
        |path: &str| region.excluded.iter().any(|excluded| excluded.strip_prefix(&region.source) == Some(path));
    if region.source == "/MESSAGES/" && excludes("MODULES/") {
        facts.without_module()
    } else if excludes("OUTPUTS/") && region.source.starts_with("/MESSAGES/MODULES/") {
        facts.without_output()
    } else {
        facts
    }
}

fn spelled_source(compiled: &Compiled<'_>) -> String {
    compiled.typed.source.as_str().to_owned()
}

impl Which {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}
