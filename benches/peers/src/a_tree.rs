//! a-tree: one graph of shared expressions, evaluated from the bottom up.
//!
//! Attributes may be undefined, as in edgeroute. There is no prefix test, so a path has an attribute for each number of
//! segments that some route tests.

use ::a_tree::{ATree, AttributeDefinition, Event, EventError};

use crate::Refusal;
use crate::dialect::{self, Deadline, Dialect, MODULE, OUTPUT, Reads, number_variable, segments, text_variable};
use edgeroute_testkit::harness::{Contender, Winners};
use edgeroute_testkit::workloads::condition::{Key, Test};
use edgeroute_testkit::workloads::{WorkMessage, WorkRoute};

struct Language;

fn prefix_variable(key: &Key, segments: usize) -> String {
    format!("d{segments}_{}", text_variable(key))
}

impl Dialect for Language {
    const AND: &'static str = " and ";
    const OR: &'static str = " or ";

    fn equals(&self, name: &str, text: &str) -> String {
        format!("{name} = '{text}'")
    }

    fn leaf(&self, key: &Key, predicate: &Test, wanted: bool) -> String {
        let text = text_variable(key);
        let number = number_variable(key);
        let equals = if wanted { "=" } else { "<>" };
        match (predicate, wanted) {
            (Test::Equals(value), _) => format!("{text} {equals} '{value}'"),
            (Test::StartsWith(prefix), _) => {
                format!("{} {equals} '{prefix}'", prefix_variable(key, segments(prefix)))
            }
            (Test::OneOf(choice), _) => {
                let choice: Vec<_> = choice.iter().map(|text| format!("'{text}'")).collect();
                format!("{text} {} [{}]", if wanted { "in" } else { "not in" }, choice.join(", "))
            }
            (Test::Within(low, high), true) => format!("({number} >= {low} and {number} < {high})"),
            (Test::Within(low, high), false) => format!("({number} < {low} or {number} >= {high})"),
            (Test::Above(bound), true) => format!("{number} > {bound}"),
            (Test::Above(bound), false) => format!("{number} <= {bound}"),
            (Test::Below(bound), true) => format!("{number} < {bound}"),
            (Test::Below(bound), false) => format!("{number} >= {bound}"),
        }
    }
}

pub(crate) struct Expressions<'m> {
    tree: ATree<usize>,
    texts: Vec<(Key, String)>,
    numbers: Vec<(Key, String)>,
    prefixes: Vec<(Key, usize, String)>,
    messages: &'m [WorkMessage],
    winners: Winners,
}

impl Expressions<'_> {
    pub(crate) fn new(routes: &[WorkRoute], deadline: Deadline) -> Result<Self, Refusal> {
        let reads = Reads::of(routes);
        let texts: Vec<_> = reads.texts.into_iter().map(|key| (key.clone(), text_variable(&key))).collect();
        let numbers: Vec<_> = reads.numbers.into_iter().map(|key| (key.clone(), number_variable(&key))).collect();
        let prefixes: Vec<_> = reads
            .prefixes
            .into_iter()
            .map(|(key, segments)| (key.clone(), segments, prefix_variable(&key, segments)))
            .collect();
        let mut attributes = vec![AttributeDefinition::string(MODULE), AttributeDefinition::string(OUTPUT)];
        attributes.extend(texts.iter().map(|(_, name)| AttributeDefinition::string(name)));
        attributes.extend(numbers.iter().map(|(_, name)| AttributeDefinition::integer(name)));
        attributes.extend(prefixes.iter().map(|(_, _, name)| AttributeDefinition::string(name)));
        let mut tree = ATree::new(&attributes).map_err(|error| Refusal::Unsupported(format!("{error:?}")))?;
        for (index, route) in routes.iter().enumerate() {
            deadline.check(index)?;
            let text = dialect::condition(&Language, route)?;
            tree.insert(&index, &text).map_err(|error| Refusal::Unsupported(format!("{error:?}")))?;
        }
        Ok(Self { tree, texts, numbers, prefixes, messages: &[], winners: Winners::new(routes) })
    }

    fn event(&self, message: &WorkMessage) -> Result<Event, EventError> {
        let mut event = self.tree.make_event();
        event.with_string(MODULE, &message.module)?;
        event.with_string(OUTPUT, &message.output)?;
        for (key, name) in &self.texts {
            if let Some(text) = dialect::text(message, key) {
                event.with_string(name, text)?;
            }
        }
        for (key, name) in &self.numbers {
            if let Some(number) = dialect::number(message, key) {
                event.with_integer(name, i64::from(number))?;
            }
        }
        for (key, segments, name) in &self.prefixes {
            let text = dialect::text(message, key);
            // A path with fewer segments has the empty prefix, which no route tests.
            if let Some(text) = text {
                let end = text.match_indices('/').nth(segments - 1).map_or(0, |(slash, _)| slash + 1);
                event.with_string(name, &text[..end])?;
            }
        }
        event.build()
    }

    fn winners(&mut self, index: usize) -> &[usize] {
        self.winners.clear();
        // Every attribute is defined with its type, so neither call fails.
        if let Ok(event) = self.event(&self.messages[index])
            && let Ok(report) = self.tree.search(&event)
        {
            report.matches().iter().for_each(|route| self.winners.add(**route));
        }
        self.winners.get()
    }
}

impl<'m> Contender<'m> for Expressions<'m> {
    fn load(&mut self, messages: &'m [WorkMessage]) {
        self.messages = messages;
    }

    fn count(&mut self, index: usize) -> usize {
        self.winners(index).len()
    }

    fn deliveries(&mut self, index: usize, into: &mut Vec<usize>) {
        into.extend(self.winners(index));
    }
}
