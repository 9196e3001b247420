//! The functions of the language: one table of names, overloads and result types.
//!
//! What a function computes stands in [`crate::value`], beside the values it computes with. Names compare ignoring
//! case. A look-up walks the table.

use core::fmt;

use crate::diagnostic::closest;

/// What a parameter takes. All but [`Path`](Parameter::Path) take a body value too, whose kind is known at run time.
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

/// One list of parameters that a function takes. `Display` shows it, as `(string, number)`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Overload {
    parameters: &'static [Parameter],
    rest: Option<Parameter>,
}

impl Overload {
    /// The parameters that must be there.
    #[must_use]
    pub const fn parameters(&self) -> &'static [Parameter] {
        self.parameters
    }

    /// What any number of further arguments must be; `None`: there are none.
    #[must_use]
    pub const fn rest(&self) -> Option<Parameter> {
        self.rest
    }

    /// Whether it takes `count` arguments.
    #[must_use]
    pub const fn takes(&self, count: usize) -> bool {
        count == self.parameters.len() || (self.rest.is_some() && count > self.parameters.len())
    }

    /// The parameter that takes the argument at `index`, counted from 0.
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

/// What a function gives.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Returns {
    /// A string.
    Text,
    /// A number.
    Number,
    /// A bool.
    Bool,
}

macro_rules! functions {
    ($($name:ident = $text:literal $([$($parameter:ident),+ $(; $rest:ident)?])|+ -> $returns:ident, $doc:literal;)+) => {
        /// A function.
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Function {
            $(#[doc = $doc] $name,)+
        }

        impl Function {
            /// Every function, by name.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As it is written, in lower case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What it does, in a few words.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => $doc,)+
                }
            }

            /// The lists of parameters that it takes.
            #[must_use]
            pub const fn overloads(self) -> &'static [Overload] {
                match self {
                    $(Self::$name => const {
                        &[$(Overload {
                            parameters: &[$(Parameter::$parameter),+],
                            rest: functions!(@rest $($rest)?),
                        }),+]
                    },)+
                }
            }

            /// What it gives.
            #[must_use]
            pub const fn returns(self) -> Returns {
                match self {
                    $(Self::$name => Returns::$returns,)+
                }
            }
        }
    };
    (@rest) => { None };
    (@rest $rest:ident) => { Some(Parameter::$rest) };
}

functions! {
    Abs = "abs" [Number] -> Number, "the absolute value";
    AsNumber = "as_number" [Text] | [Number] -> Number, "the number that a string spells; a number is returned unchanged";
    Ceiling = "ceiling" [Number] -> Number, "the smallest integer not less than the number";
    Concat = "concat" [Text, Text; Text] -> Text, "the strings joined; a null property counts as the empty string";
    Contains = "contains" [Text, Text] -> Bool, "whether the first string contains the second";
    EndsWith = "ends_with" [Text, Text] -> Bool, "whether the first string ends with the second";
    Exp = "exp" [Number] -> Number, "e to the power of the number";
    Floor = "floor" [Number] -> Number, "the greatest integer not greater than the number";
    IndexOf = "index_of" [Text, Text] -> Number, "the index of the second string in the first, from 0; -1 if absent";
    IsBool = "is_bool" [Any] -> Bool, "whether the value is a bool";
    IsDefined = "is_defined" [Any] -> Bool, "whether the value is defined; null and a missing body path are";
    IsNull = "is_null" [Any] -> Bool, "whether the value is a null property, or a body value that is present";
    IsNumber = "is_number" [Any] -> Bool, "whether the value is a finite number";
    IsString = "is_string" [Any] -> Bool, "whether the value is a string that is present and not null";
    Length = "length" [Text] -> Number, "the length of the string in UTF-16 code units";
    Lower = "lower" [Text] -> Text, "the string in lower case, code point by code point";
    Power = "power" [Number, Number] -> Number, "the first number to the power of the second";
    Sign = "sign" [Number] -> Number, "-1, 0 or 1";
    Sqrt = "sqrt" [Number] -> Number, "the square root; undefined of a negative number";
    Square = "square" [Number] -> Number, "the number times itself";
    StartsWith = "starts_with" [Text, Text] -> Bool, "whether the first string starts with the second";
    Substring = "substring" [Text, Number] | [Text, Number, Number] -> Text,
        "the string from an index on, or this many UTF-16 code units of it; undefined if out of range";
    TwinChangeIncludes = "twin_change_includes" [Path] -> Bool, "whether a twin change touches a path";
    Upper = "upper" [Text] -> Text, "the string in upper case, code point by code point";
}

impl Function {
    /// The function of this name, ignoring case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // All names are ASCII, which no other letter is a case of.
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// The function that was likely meant by a name that is none.
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
    fn a_mistyped_name_finds_what_was_meant() {
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
