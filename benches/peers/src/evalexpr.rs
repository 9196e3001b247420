//! evalexpr: operator trees, interpreted one after the other.
//!
//! A missing variable would turn the whole expression into an error. So a missing string is the empty value, and a
//! missing number is NaN. A function of the host tests prefixes.

use std::collections::HashMap;

use ::evalexpr::{Context, EvalexprError, EvalexprResult, Node, Value, build_operator_tree};

use crate::Refusal;
use crate::dialect::{self, Deadline, Dialect, MODULE, OUTPUT, Reads, number_variable, text_variable};
use edgeroute_testkit::harness::{Contender, Winners};
use edgeroute_testkit::workloads::condition::{Key, Test};
use edgeroute_testkit::workloads::{WorkMessage, WorkRoute};

struct Language;

const STARTS_WITH: &str = "starts_with";

impl Dialect for Language {
    const AND: &'static str = " && ";
    const OR: &'static str = " || ";

    fn equals(&self, name: &str, text: &str) -> String {
        format!("{name} == \"{text}\"")
    }

    fn leaf(&self, key: &Key, predicate: &Test, wanted: bool) -> String {
        let text = text_variable(key);
        let number = number_variable(key);
        let present = match predicate {
            Test::Equals(_) | Test::OneOf(_) | Test::StartsWith(_) => format!("{text} != ()"),
            // Only a number equals itself, NaN does not.
            Test::Within(..) | Test::Above(_) | Test::Below(_) => format!("{number} == {number}"),
        };
        let holds = match predicate {
            Test::Equals(value) => self.equals(&text, value),
            Test::OneOf(choice) => {
                let choice: Vec<_> = choice.iter().map(|value| self.equals(&text, value)).collect();
                format!("({})", choice.join(" || "))
            }
            Test::StartsWith(prefix) => format!("{STARTS_WITH}({text}, \"{prefix}\")"),
            Test::Within(low, high) => format!("({number} >= {low} && {number} < {high})"),
            Test::Above(bound) => format!("{number} > {bound}"),
            Test::Below(bound) => format!("{number} < {bound}"),
        };
        if wanted { holds } else { format!("(!({holds}) && {present})") }
    }
}

/// The variables of one message, and the prefix function.
struct Variables(HashMap<String, Value>);

impl Variables {
    fn set(&mut self, name: &str, value: Value) {
        match self.0.get_mut(name) {
            Some(variable) => *variable = value,
            None => {
                self.0.insert(name.to_owned(), value);
            }
        }
    }
}

impl Context for Variables {
    fn get_value(&self, identifier: &str) -> Option<&Value> {
        self.0.get(identifier)
    }

    fn call_function(&self, identifier: &str, argument: &Value) -> EvalexprResult<Value> {
        match argument {
            Value::Tuple(arguments) if identifier == STARTS_WITH => match arguments.as_slice() {
                [Value::String(text), Value::String(prefix)] => Ok(Value::Boolean(text.starts_with(prefix))),
                _ => Ok(Value::Boolean(false)),
            },
            _ => Err(EvalexprError::FunctionIdentifierNotFound(identifier.to_owned())),
        }
    }

    fn are_builtin_functions_disabled(&self) -> bool {
        true
    }

    fn set_builtin_functions_disabled(&mut self, disabled: bool) -> EvalexprResult<()> {
        if disabled { Ok(()) } else { Err(EvalexprError::BuiltinFunctionsCannotBeEnabled) }
    }
}

pub(crate) struct Evalexpr<'m> {
    trees: Vec<Node>,
    variables: Variables,
    texts: Vec<(Key, String)>,
    numbers: Vec<(Key, String)>,
    messages: &'m [WorkMessage],
    winners: Winners,
}

impl Evalexpr<'_> {
    pub(crate) fn new(routes: &[WorkRoute], deadline: Deadline) -> Result<Self, Refusal> {
        let trees = routes
            .iter()
            .enumerate()
            .map(|(index, route)| {
                deadline.check(index)?;
                let text = dialect::condition(&Language, route)?;
                build_operator_tree(&text).map_err(|error| Refusal::Unsupported(error.to_string()))
            })
            .collect::<Result<_, _>>()?;
        let reads = Reads::of(routes);
        let texts = reads.texts_and_prefixes().into_iter().map(|key| (key.clone(), text_variable(key))).collect();
        let numbers = reads.numbers.iter().map(|key| (key.clone(), number_variable(key))).collect();
        let variables = Variables(HashMap::new());
        Ok(Self { trees, variables, texts, numbers, messages: &[], winners: Winners::new(routes) })
    }

    fn winners(&mut self, index: usize) -> &[usize] {
        let message = &self.messages[index];
        self.variables.set(MODULE, Value::String(message.module.clone()));
        self.variables.set(OUTPUT, Value::String(message.output.clone()));
        for (key, name) in &self.texts {
            let value = dialect::text(message, key).map_or(Value::Empty, |text| Value::String(text.to_owned()));
            self.variables.set(name, value);
        }
        for (key, name) in &self.numbers {
            let number = dialect::number(message, key);
            self.variables.set(name, number.map_or(Value::Float(f64::NAN), |number| Value::Int(i64::from(number))));
        }
        self.winners.clear();
        for (route, tree) in self.trees.iter().enumerate() {
            if tree.eval_boolean_with_context(&self.variables) == Ok(true) {
                self.winners.add(route);
            }
        }
        self.winners.get()
    }
}

impl<'m> Contender<'m> for Evalexpr<'m> {
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
