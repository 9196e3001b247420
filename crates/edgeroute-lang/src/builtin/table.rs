//! The table of functions.

use super::{Doc, Example, Overload, Parameter, Returns};

/// Defines [`Function`] from the table below.
///
/// An entry is `Variant = "name" [parameters] | [parameters] -> result { .. }`; in a parameter list, `; Type` allows any
/// number of further arguments. `returns` completes the sentence "Returns ...".
macro_rules! functions {
    ($(
        $name:ident = $text:literal $([$($parameter:ident),+ $(; $rest:ident)?])|+ -> $returns:ident {
            arguments: $arguments:expr,
            returns: $summary:literal,
            null: $null:literal,
            undefined: $undefined:literal,
            notes: $notes:expr,
            example: $call:literal => $result:literal,
        }
    )+) => {
        /// A function.
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Function {
            $(#[doc = concat!("Returns ", $summary, ".")] $name,)+
        }

        impl Function {
            /// Every function, by name.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name, in lower case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The result in a few words, as a clause for diagnostics: "returns the absolute value".
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("returns ", $summary),)+
                }
            }

            /// The result as a sentence: "Returns the absolute value."
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("Returns ", $summary, "."),)+
                }
            }

            /// The arguments, the edge cases and an example.
            #[must_use]
            pub const fn details(self) -> &'static Doc {
                match self {
                    $(Self::$name => const {
                        &Doc {
                            arguments: &$arguments,
                            null: $null,
                            undefined: $undefined,
                            notes: &$notes,
                            example: Example { call: $call, result: $result },
                        }
                    },)+
                }
            }

            /// The lists of parameters that the function accepts.
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

            /// The type of the result.
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
    Abs = "abs" [Number] -> Number {
        arguments: ["number"],
        returns: "the absolute value",
        null: "undefined",
        undefined: "undefined",
        notes: [],
        example: "abs(-3)" => "3",
    }
    AsNumber = "as_number" [Text] | [Number] -> Number {
        arguments: ["value"],
        returns: "the number that a string spells, or a number unchanged",
        null: "undefined",
        undefined: "undefined",
        notes: [
            "A string that does not spell a number is undefined, and so are `NaN` and hex",
            "White space around the number, `,` between digits, a sign on either side and `(5)` for -5 are accepted",
            "Overflow is infinity",
        ],
        example: "as_number('1,000.5')" => "1000.5",
    }
    Ceiling = "ceiling" [Number] -> Number {
        arguments: ["number"],
        returns: "the smallest integer that is not less than the number",
        null: "undefined",
        undefined: "undefined",
        notes: ["`ceiling(-0.5)` is negative zero, which equals 0"],
        example: "ceiling(1.2)" => "2",
    }
    Concat = "concat" [Text, Text; Text] -> Text {
        arguments: ["first", "second"],
        returns: "the strings joined in order",
        null: "a null property is the empty string; a null in the body: undefined",
        undefined: "undefined",
        notes: ["At least two arguments are required", "`a || b` is the same as `concat(a, b)`"],
        example: "concat('a', 'b', 'c')" => "'abc'",
    }
    Contains = "contains" [Text, Text] -> Bool {
        arguments: ["string", "part"],
        returns: "whether the first string contains the second",
        null: "undefined",
        undefined: "undefined",
        notes: ["Case matters", "Every string contains the empty string"],
        example: "contains('abc', 'b')" => "true",
    }
    EndsWith = "ends_with" [Text, Text] -> Bool {
        arguments: ["string", "suffix"],
        returns: "whether the first string ends with the second",
        null: "undefined",
        undefined: "undefined",
        notes: ["Case matters", "Every string ends with the empty string"],
        example: "ends_with('abc', 'bc')" => "true",
    }
    Exp = "exp" [Number] -> Number {
        arguments: ["number"],
        returns: "e raised to the power of the number",
        null: "undefined",
        undefined: "undefined",
        notes: ["Overflow is infinity"],
        example: "exp(0)" => "1",
    }
    Floor = "floor" [Number] -> Number {
        arguments: ["number"],
        returns: "the largest integer that is not greater than the number",
        null: "undefined",
        undefined: "undefined",
        notes: [],
        example: "floor(-0.5)" => "-1",
    }
    IndexOf = "index_of" [Text, Text] -> Number {
        arguments: ["string", "part"],
        returns: "the index of the first occurrence of the second string in the first, or -1",
        null: "undefined",
        undefined: "undefined",
        notes: ["Indices start at 0 and count UTF-16 code units", "The index of the empty string is 0"],
        example: "index_of('abc', 'c')" => "2",
    }
    IsBool = "is_bool" [Any] -> Bool {
        arguments: ["value"],
        returns: "whether the value is a bool",
        null: "false",
        undefined: "an undefined bool or body value: undefined; anything else: false",
        notes: ["A property is a string, so the result is false even for a property `true`"],
        example: "is_bool(1 = 1)" => "true",
    }
    IsDefined = "is_defined" [Any] -> Bool {
        arguments: ["value"],
        returns: "whether the value is defined",
        null: "true",
        undefined: "false",
        notes: ["Null is defined, and so is a path that the body lacks: use `$body.x != null` to test for one"],
        example: "is_defined(level)" => "true",
    }
    IsNull = "is_null" [Any] -> Bool {
        arguments: ["value"],
        returns: "whether the value is a null property, or a body value that is present",
        null: "true",
        undefined: "an undefined body value: undefined; anything else: false",
        notes: [
            "Of a body value the result is true for whatever is present, null or not, and false for a missing path: use `$body.x = null` to test for null",
        ],
        example: "is_null(nothing)" => "true",
    }
    IsNumber = "is_number" [Any] -> Bool {
        arguments: ["value"],
        returns: "whether the value is a finite number",
        null: "false",
        undefined: "false",
        notes: ["A property is a string, so the result is false even for a property `5`"],
        example: "is_number(1 + 1)" => "true",
    }
    IsString = "is_string" [Any] -> Bool {
        arguments: ["value"],
        returns: "whether the value is a string that is present and not null",
        null: "false",
        undefined: "false",
        notes: [],
        example: "is_string(level)" => "true",
    }
    Length = "length" [Text] -> Number {
        arguments: ["string"],
        returns: "the number of UTF-16 code units in the string",
        null: "undefined",
        undefined: "undefined",
        notes: ["A character outside the Basic Multilingual Plane, such as an emoji, counts as 2"],
        example: "length('abc')" => "3",
    }
    Lower = "lower" [Text] -> Text {
        arguments: ["string"],
        returns: "the string in lower case, mapped code point by code point",
        null: "undefined",
        undefined: "undefined",
        notes: ["The number of code points never changes", "`İ` maps to itself"],
        example: "lower('AbC')" => "'abc'",
    }
    Power = "power" [Number, Number] -> Number {
        arguments: ["base", "exponent"],
        returns: "the first number raised to the power of the second",
        null: "undefined",
        undefined: "undefined",
        notes: ["`power(-1, 0.5)` is undefined", "Overflow is infinity"],
        example: "power(2, 10)" => "1024",
    }
    Sign = "sign" [Number] -> Number {
        arguments: ["number"],
        returns: "-1, 0 or 1",
        null: "undefined",
        undefined: "undefined",
        notes: ["The sign of negative zero is 0"],
        example: "sign(-7)" => "-1",
    }
    Sqrt = "sqrt" [Number] -> Number {
        arguments: ["number"],
        returns: "the square root",
        null: "undefined",
        undefined: "undefined",
        notes: ["The root of a negative number is undefined"],
        example: "sqrt(9)" => "3",
    }
    Square = "square" [Number] -> Number {
        arguments: ["number"],
        returns: "the number multiplied by itself",
        null: "undefined",
        undefined: "undefined",
        notes: ["Same result as `power(number, 2)`"],
        example: "square(-3)" => "9",
    }
    StartsWith = "starts_with" [Text, Text] -> Bool {
        arguments: ["string", "prefix"],
        returns: "whether the first string starts with the second",
        null: "undefined",
        undefined: "undefined",
        notes: ["Case matters", "Every string starts with the empty string"],
        example: "starts_with('abc', 'ab')" => "true",
    }
    Substring = "substring" [Text, Number] | [Text, Number, Number] -> Text {
        arguments: ["string", "start", "count"],
        returns: "the part of a string from an index on, or a given number of UTF-16 code units from there",
        null: "undefined",
        undefined: "undefined",
        notes: [
            "Without `count`, `start` must be 0 to the length; with `count`, it must be less than the length",
            "`count` must be 0 to the number of code units that remain",
            "Outside these ranges the result is undefined",
            "Fractions are dropped after the ranges are checked",
        ],
        example: "substring('abcd', 1, 2)" => "'bc'",
    }
    TwinChangeIncludes = "twin_change_includes" [Path] -> Bool {
        arguments: ["path"],
        returns: "whether a twin change contains a path",
        null: "a null at the path: true",
        undefined: "an unreadable body: undefined",
        notes: [
            "Allowed only in routes from `/twinChangeNotifications`",
            "The path is written without quotes and starts with `properties.reported.`, `properties.desired.` or `tags.`",
            "A path that the change lacks: false",
        ],
        example: "twin_change_includes(tags.site)" => "true",
    }
    Upper = "upper" [Text] -> Text {
        arguments: ["string"],
        returns: "the string in upper case, mapped code point by code point",
        null: "undefined",
        undefined: "undefined",
        notes: ["The number of code points never changes", "`ß`, `ı` and `ſ` map to themselves"],
        example: "upper('abc')" => "'ABC'",
    }
}
