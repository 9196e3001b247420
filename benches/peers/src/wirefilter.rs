//! wirefilter: filters compiled to closures, one after the other.
//!
//! A wirefilter field always has a value. So a missing string is empty, and a missing number is far below all others.
//! Tests that would treat these as a value first test for presence. There is no prefix test; an anchored regular
//! expression replaces it.

use ::wirefilter::{ExecutionContext, Filter, Scheme, Type};

use crate::Refusal;
use crate::dialect::{self, Deadline, Dialect, MODULE, OUTPUT, Reads, number_variable, text_variable};
use edgeroute_testkit::harness::{Contender, Winners};
use edgeroute_testkit::workloads::condition::{Key, Test};
use edgeroute_testkit::workloads::{WorkMessage, WorkRoute};

const NO_NUMBER: i32 = -1_000_000_000;

struct Language;

impl Dialect for Language {
    const AND: &'static str = " and ";
    const OR: &'static str = " or ";

    fn equals(&self, name: &str, text: &str) -> String {
        format!("{name} == \"{text}\"")
    }

    fn leaf(&self, key: &Key, predicate: &Test, wanted: bool) -> String {
        let text = text_variable(key);
        let number = number_variable(key);
        let present = match predicate {
            Test::Equals(_) | Test::OneOf(_) | Test::StartsWith(_) => format!("{text} != \"\""),
            Test::Within(..) | Test::Above(_) | Test::Below(_) => format!("{number} != {NO_NUMBER}"),
        };
        let holds = match predicate {
            Test::Equals(wanted) => self.equals(&text, wanted),
            Test::OneOf(choice) => {
                let choice: Vec<_> = choice.iter().map(|text| format!("\"{text}\"")).collect();
                format!("{text} in {{{}}}", choice.join(" "))
            }
            Test::StartsWith(prefix) => format!("{text} matches \"^{prefix}\""),
            Test::Within(low, high) => format!("({number} >= {low} and {number} < {high})"),
            Test::Above(bound) => format!("{number} > {bound}"),
            Test::Below(bound) => format!("({number} < {bound} and {present})"),
        };
        if wanted { holds } else { format!("(not ({holds}) and {present})") }
    }
}

pub(crate) struct Wirefilter<'m> {
    scheme: &'m Scheme,
    filters: Vec<Filter<'m>>,
    texts: Vec<(Key, String)>,
    numbers: Vec<(Key, String)>,
    messages: &'m [WorkMessage],
    winners: Winners,
}

impl Wirefilter<'_> {
    pub(crate) fn new(routes: &[WorkRoute], deadline: Deadline) -> Result<Self, Refusal> {
        let reads = Reads::of(routes);
        let mut texts = Vec::new();
        let mut numbers = Vec::new();
        let mut fields = vec![(MODULE.to_owned(), Type::Bytes), (OUTPUT.to_owned(), Type::Bytes)];
        for key in reads.texts_and_prefixes() {
            fields.push((text_variable(key), Type::Bytes));
            texts.push((key.clone(), text_variable(key)));
        }
        for key in &reads.numbers {
            fields.push((number_variable(key), Type::Int));
            numbers.push((key.clone(), number_variable(key)));
        }
        let scheme = Scheme::try_from_iter(fields).map_err(|error| Refusal::Unsupported(error.to_string()))?;
        // Filters borrow their scheme. A process builds only a few schemes.
        let scheme: &Scheme = Box::leak(Box::new(scheme));
        let filters = routes
            .iter()
            .enumerate()
            .map(|(index, route)| {
                deadline.check(index)?;
                let text = dialect::condition(&Language, route)?;
                let filter = scheme.parse(&text).map_err(|error| Refusal::Unsupported(error.to_string()))?;
                Ok(filter.compile())
            })
            .collect::<Result<_, Refusal>>()?;
        Ok(Self { scheme, filters, texts, numbers, messages: &[], winners: Winners::new(routes) })
    }

    fn winners(&mut self, index: usize) -> &[usize] {
        let message = &self.messages[index];
        let mut context = ExecutionContext::new(self.scheme);
        // Each field is in the scheme with this type, and the filters use the same scheme, so nothing here fails.
        let _ = context.set_field_value(MODULE, message.module.as_str());
        let _ = context.set_field_value(OUTPUT, message.output.as_str());
        for (key, name) in &self.texts {
            let _ = context.set_field_value(name, dialect::text(message, key).unwrap_or_default());
        }
        for (key, name) in &self.numbers {
            let _ = context.set_field_value(name, dialect::number(message, key).unwrap_or(NO_NUMBER));
        }
        self.winners.clear();
        for (route, filter) in self.filters.iter().enumerate() {
            if filter.execute(&context) == Ok(true) {
                self.winners.add(route);
            }
        }
        self.winners.get()
    }
}

impl<'m> Contender<'m> for Wirefilter<'m> {
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
