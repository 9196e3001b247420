//! The functions of the language: one table of names, overloads, result types and documentation.
//!
//! [`crate::value`] computes the functions; this module only describes them.
//! The type checker, the messages, [`reference`](mod@reference) and `docs/language.md` all read the same table.
//! Names compare ignoring case (SEMANTICS#function-names).
//! A look-up scans the table.

mod table;

pub mod reference;

use core::fmt;

use crate::diagnostic::closest;

pub use table::Function;

/// The type of a parameter. Every parameter except [`Path`](Parameter::Path) also accepts a body value, whose kind is
/// known at run time (SEMANTICS#arguments).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Parameter {
    /// A string.
    Text,
    /// A number.
    Number,
    /// Anything, `null` and `undefined` included.
    Any,
    /// A path into a twin, written without quotes.
    Path,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Any => "anything",
            Self::Path => "path",
        })
    }
}

/// One list of parameters of a function. `Display` prints it as `(string, number)`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Overload {
    parameters: &'static [Parameter],
    rest: Option<Parameter>,
}

impl Overload {
    /// The required parameters.
    #[must_use]
    pub const fn parameters(&self) -> &'static [Parameter] {
        self.parameters
    }

    /// The type of any number of further arguments; `None` if there can be no further arguments.
    #[must_use]
    pub const fn rest(&self) -> Option<Parameter> {
        self.rest
    }

    /// Whether the overload accepts `count` arguments.
    #[must_use]
    pub const fn takes(&self, count: usize) -> bool {
        count == self.parameters.len() || (self.rest.is_some() && count > self.parameters.len())
    }

    /// The parameter for the argument at `index`, counted from 0.
    #[must_use]
    pub fn parameter(&self, index: usize) -> Option<Parameter> {
        self.parameters.get(index).copied().or(self.rest)
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{parameter}")?;
        }
        f.write_str(if self.rest.is_some() { ", ...)" } else { ")" })
    }
}

/// The type of a function's result.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Returns {
    /// A string.
    Text,
    /// A number.
    Number,
    /// A bool.
    Bool,
}

impl fmt::Display for Returns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Bool => "bool",
        })
    }
}

/// The documentation of a function, beyond its one-line summary.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Doc {
    /// The names of the arguments, for the longest overload.
    pub arguments: &'static [&'static str],
    /// The result for a null argument: a null property, or a null in the body.
    pub null: &'static str,
    /// The result for an undefined argument.
    pub undefined: &'static str,
    /// Edge cases, each a short sentence without its full stop.
    pub notes: &'static [&'static str],
    /// An example.
    pub example: Example,
}

/// An example of a call, evaluated on the [sample message](reference::SAMPLE_MESSAGE). A test evaluates every example.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// The call.
    pub call: &'static str,
    /// The result as a literal: a number, a quoted string, `true`, `false` or `undefined`.
    pub result: &'static str,
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.call, self.result)
    }
}

impl Function {
    /// Finds the function of this name, ignoring case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // All names are ASCII, and no letter outside ASCII maps to one inside (SEMANTICS#case-mapping).
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// Finds the function whose name is closest to a mistyped one.
    #[must_use]
    pub fn closest_to(name: &str) -> Option<Self> {
        closest(name, Self::ALL.iter().map(|function| function.name())).and_then(Self::named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_names_and_has_no_name_twice() {
        for pair in Function::ALL.windows(2) {
            assert!(pair[0].name() < pair[1].name(), "{:?} before {:?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn names_ignore_case() {
        assert_eq!(Function::named("Starts_WITH"), Some(Function::StartsWith));
        assert_eq!(Function::named("startswith"), None);
        for &function in Function::ALL {
            assert_eq!(Function::named(&function.name().to_uppercase()), Some(function));
        }
    }

    #[test]
    fn a_mistyped_name_finds_the_closest_function() {
        assert_eq!(Function::closest_to("startswith"), Some(Function::StartsWith));
        assert_eq!(Function::closest_to("IsDefined"), Some(Function::IsDefined));
        assert_eq!(Function::closest_to("frobnicate"), None);
    }

    #[test]
    fn overloads_show_and_count_their_parameters() {
        let shown = |function: Function| function.overloads().iter().map(Overload::to_string).collect::<Vec<_>>();
        assert_eq!(shown(Function::Substring), ["(string, number)", "(string, number, number)"]);
        assert_eq!(shown(Function::Concat), ["(string, string, ...)"]);
        assert_eq!(shown(Function::IsNull), ["(anything)"]);
        let concat = &Function::Concat.overloads()[0];
        assert_eq!([0, 1, 2, 3, 9].map(|count| concat.takes(count)), [false, false, true, true, true]);
        assert_eq!(concat.parameter(7), Some(Parameter::Text));
        let length = &Function::Length.overloads()[0];
        assert_eq!([0, 1, 2].map(|count| length.takes(count)), [false, true, false]);
        assert_eq!(length.parameter(1), None);
    }
}
