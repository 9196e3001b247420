//! cel: programs of the Common Expression Language, interpreted one after the other.
//!
//! A missing variable is an error. `||` and `&&` absorb errors as Kleene's connectives absorb undefined. A program that
//! still ends in an error does not match.

use std::sync::Arc;

use ::cel::common::types::{CelInt, CelString};
use ::cel::{Context, Env, Program, Value};

use crate::Refusal;
use crate::dialect::{self, Deadline, Dialect, MODULE, OUTPUT, Reads, number_variable, text_variable};
use edgeroute_testkit::harness::{Contender, Winners};
use edgeroute_testkit::workloads::condition::{Key, Test};
use edgeroute_testkit::workloads::{WorkMessage, WorkRoute};

struct Language;

impl Dialect for Language {
    const AND: &'static str = " && ";
    const OR: &'static str = " || ";

    fn equals(&self, name: &str, text: &str) -> String {
        format!("{name} == '{text}'")
    }

    fn leaf(&self, key: &Key, predicate: &Test, wanted: bool) -> String {
        let text = text_variable(key);
        let number = number_variable(key);
        let holds = match predicate {
            Test::Equals(value) if !wanted => return format!("{text} != '{value}'"),
            Test::Equals(value) => self.equals(&text, value),
            Test::OneOf(choice) => {
                let choice: Vec<_> = choice.iter().map(|text| format!("'{text}'")).collect();
                format!("{text} in [{}]", choice.join(", "))
            }
            Test::StartsWith(prefix) => format!("{text}.startsWith('{prefix}')"),
            Test::Within(low, high) => format!("({number} >= {low} && {number} < {high})"),
            Test::Above(bound) => format!("{number} > {bound}"),
            Test::Below(bound) => format!("{number} < {bound}"),
        };
        if wanted { holds } else { format!("!({holds})") }
    }
}

pub(crate) struct Cel<'m> {
    environment: Arc<Env>,
    programs: Vec<Program>,
    texts: Vec<(Key, String)>,
    numbers: Vec<(Key, String)>,
    messages: &'m [WorkMessage],
    winners: Winners,
}

impl Cel<'_> {
    pub(crate) fn new(routes: &[WorkRoute], deadline: Deadline) -> Result<Self, Refusal> {
        let environment = Arc::new(Env::stdlib());
        let programs = routes
            .iter()
            .enumerate()
            .map(|(index, route)| {
                deadline.check(index)?;
                let text = dialect::condition(&Language, route)?;
                environment.compile(&text).map_err(|error| Refusal::Unsupported(error.to_string()))
            })
            .collect::<Result<_, _>>()?;
        let reads = Reads::of(routes);
        let texts = reads.texts_and_prefixes().into_iter().map(|key| (key.clone(), text_variable(key))).collect();
        let numbers = reads.numbers.iter().map(|key| (key.clone(), number_variable(key))).collect();
        Ok(Self { environment, programs, texts, numbers, messages: &[], winners: Winners::new(routes) })
    }

    fn winners(&mut self, index: usize) -> &[usize] {
        let message = &self.messages[index];
        let mut context = Context::with_env(Arc::clone(&self.environment));
        context.add_variable_as_val(MODULE, Box::new(CelString::from(message.module.as_str())));
        context.add_variable_as_val(OUTPUT, Box::new(CelString::from(message.output.as_str())));
        for (key, name) in &self.texts {
            if let Some(text) = dialect::text(message, key) {
                context.add_variable_as_val(name, Box::new(CelString::from(text)));
            }
        }
        for (key, name) in &self.numbers {
            if let Some(number) = dialect::number(message, key) {
                context.add_variable_as_val(name, Box::new(CelInt::from(i64::from(number))));
            }
        }
        self.winners.clear();
        for (route, program) in self.programs.iter().enumerate() {
            if matches!(program.execute(&context), Ok(Value::Bool(true))) {
                self.winners.add(route);
            }
        }
        self.winners.get()
    }
}

impl<'m> Contender<'m> for Cel<'m> {
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
