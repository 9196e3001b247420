//! Conditions as data, from which the route's text and every contender's own form are derived.

use std::fmt;

/// A property of a message, as a condition names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Application(String),
    /// The name without its `$`.
    System(String),
}

impl Key {
    pub fn application(name: impl Into<String>) -> Self {
        Self::Application(name.into())
    }

    pub fn system(name: impl Into<String>) -> Self {
        Self::System(name.into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(name) => f.write_str(name),
            Self::System(name) => write!(f, "${name}"),
        }
    }
}

/// A test on the value of one property. It is undefined if the property is missing, or is not a number where the test
/// needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Equals(String),
    OneOf(Vec<String>),
    StartsWith(String),
    /// A number from the first bound up to but not including the second.
    Within(i32, i32),
    Above(i32),
    Below(i32),
}

/// A condition as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Test(Key, Test),
    /// `key != 'text'`.
    Differs(Key, String),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// A formula without negations for when a condition is true. It has two values instead of three: an undefined test
/// neither succeeds nor fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// The test is defined and has the wanted outcome.
    Leaf {
        key: Key,
        test: Test,
        wanted: bool,
    },
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl Condition {
    pub fn equals(key: &str, text: impl Into<String>) -> Self {
        Self::Test(Key::application(key), Test::Equals(text.into()))
    }

    pub fn differs(key: &str, text: impl Into<String>) -> Self {
        Self::Differs(Key::application(key), text.into())
    }

    pub fn test(key: &str, test: Test) -> Self {
        Self::Test(Key::application(key), test)
    }

    /// The formula for when this condition is true.
    pub fn is_true(&self) -> Formula {
        self.lower(true)
    }

    fn lower(&self, wanted: bool) -> Formula {
        let lower_all = |conditions: &[Self]| conditions.iter().map(|condition| condition.lower(wanted)).collect();
        match self {
            Self::Test(key, test) => Formula::Leaf { key: key.clone(), test: test.clone(), wanted },
            Self::Differs(key, text) => {
                Formula::Leaf { key: key.clone(), test: Test::Equals(text.clone()), wanted: !wanted }
            }
            Self::Not(condition) => condition.lower(!wanted),
            Self::All(conditions) if wanted => Formula::All(lower_all(conditions)),
            Self::Any(conditions) if !wanted => Formula::All(lower_all(conditions)),
            Self::All(conditions) | Self::Any(conditions) => Formula::Any(lower_all(conditions)),
        }
    }

    /// The precedence of the condition's text, for parentheses: a range is written as two comparisons, a choice as
    /// several.
    fn precedence(&self) -> u8 {
        match self {
            Self::Any(_) | Self::Test(_, Test::OneOf(_)) => 0,
            Self::All(_) | Self::Test(_, Test::Within(..)) => 1,
            Self::Not(_) | Self::Test(..) | Self::Differs(..) => 2,
        }
    }

    fn fmt_joined(conditions: &[Self], operator: &str, precedence: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in conditions.iter().enumerate() {
            if index > 0 {
                f.write_str(operator)?;
            }
            if condition.precedence() < precedence {
                write!(f, "({condition})")?;
            } else {
                write!(f, "{condition}")?;
            }
        }
        Ok(())
    }
}

/// Writes the hub's language. The strings of a workload contain no quotes and no backslashes.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(key, Test::Equals(text)) => write!(f, "{key} = '{text}'"),
            Self::Test(key, Test::OneOf(texts)) => {
                for (index, text) in texts.iter().enumerate() {
                    write!(f, "{}{key} = '{text}'", if index > 0 { " or " } else { "" })?;
                }
                Ok(())
            }
            Self::Test(key, Test::StartsWith(prefix)) => write!(f, "starts_with({key}, '{prefix}')"),
            Self::Test(key, Test::Within(low, high)) => {
                write!(f, "as_number({key}) >= {low} and as_number({key}) < {high}")
            }
            Self::Test(key, Test::Above(bound)) => write!(f, "as_number({key}) > {bound}"),
            Self::Test(key, Test::Below(bound)) => write!(f, "as_number({key}) < {bound}"),
            Self::Differs(key, text) => write!(f, "{key} != '{text}'"),
            Self::All(conditions) => Self::fmt_joined(conditions, " and ", 1, f),
            Self::Any(conditions) => Self::fmt_joined(conditions, " or ", 0, f),
            Self::Not(condition) => write!(f, "not ({condition})"),
        }
    }
}
