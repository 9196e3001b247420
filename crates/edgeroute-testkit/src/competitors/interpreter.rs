//! The interpreter as a contender: evaluates every route in the plainest way.

use edgeroute_lang::hir::{Shadowing, TypedRoute};
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::limits::Limits;

use crate::harness::{Contender, Winners};
use crate::workloads::{WorkMessage, WorkRoute};

/// The typed routes, and the messages to interpret them on.
#[derive(Debug)]
pub struct Interpreter<'m> {
    routes: Vec<TypedRoute<'m>>,
    winners: Winners,
    limits: Limits,
    messages: &'m [WorkMessage],
}

impl<'m> Interpreter<'m> {
    /// Compiles `texts`, the texts of `routes`.
    ///
    /// # Errors
    /// Returns the first error of the first route that does not compile.
    pub fn new(routes: &[WorkRoute], texts: &'m [String]) -> Result<Self, String> {
        let limits = Limits::default();
        let compile = |text: &'m String| {
            TypedRoute::compile(text, Shadowing::default(), &limits).map_err(|errors| {
                let first = errors.first().map_or("no diagnostic", |error| &error.message);
                format!("`{text}`: {first}")
            })
        };
        let compiled = texts.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { routes: compiled, winners: Winners::new(routes), limits, messages: &[] })
    }

    /// The routes that deliver the message at `index`.
    fn winners(&mut self, index: usize) -> &[usize] {
        let message = super::message(&self.messages[index]);
        let facts = ResolvedMessage::lenient(&message, &self.limits);
        let source = message.origin().source();
        self.winners.clear();
        for (index, route) in self.routes.iter().enumerate() {
            if route.source.matches(source) && verdict(&route.condition, &facts) == Verdict::True {
                self.winners.add(index);
            }
        }
        self.winners.get()
    }
}

impl<'m> Contender<'m> for Interpreter<'m> {
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
