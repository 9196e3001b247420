//! The codes of all findings: stable, in one table.
//!
//! A code is a row of the table at the end of this file, and a page that explains it: `codes/CODE.md` for an error, the
//! doc comment of the lint in `edgeroute-analysis` for a warning. The first paragraph of a page says what the code means,
//! and why. Fenced blocks are examples: a route (`route`), a manifest (`json`) or a program (`rust`). The word after the
//! language is the code that the example produces; an example without one produces none. The tests of
//! `edgeroute-analysis` check this, and `cargo xtask docs` collects the pages in `docs/codes.md`.

use core::fmt;
use core::str::FromStr;

/// How serious a finding is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Accepted, but almost certainly a mistake.
    Warning,
    /// Refused.
    Error,
}

impl Severity {
    /// Returns `error` or `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! page {
    (Error, $text:literal) => {
        Some(include_str!(concat!("codes/", $text, ".md")))
    };
    (Warning, $text:literal) => {
        None
    };
}

macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $title:literal;)+) => {
        /// The kind of a finding. `Display` prints the stable form, such as `E0101`, and [`FromStr`] parses it in any
        /// case. The first digits give the [area](Code::area).
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the stable form, such as `E0101`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Describes the code in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)+
                }
            }

            /// Explains an error in Markdown: what it means, why, an example that produces it, and the fix. `None` for
            /// a warning, whose lint in `edgeroute-analysis` has the page.
            #[must_use]
            pub const fn explanation(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => page!($severity, $text),)+
                }
            }

            /// Returns the severity of the code: error or warning.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    UnexpectedToken = "E0101", Error, "a token in a place where the grammar does not allow it";
    UnknownCharacter = "E0102", Error, "a character that cannot start a token";
    UnterminatedString = "E0103", Error, "a string without a closing quote";
    MissingParenthesis = "E0104", Error, "an opening parenthesis without a closing one";
    SurplusParenthesis = "E0105", Error, "a closing parenthesis without an opening one";
    ExpectedOperand = "E0106", Error, "a missing operand";
    ExpectedKeyword = "E0107", Error, "a missing keyword";
    InvalidSource = "E0108", Error, "a source that is not a path";
    EmptyRoute = "E0109", Error, "a route without text";
    PlaceholderLeft = "E0110", Error, "a template placeholder that was not replaced";

    InvalidOperands = "E0201", Error, "operands of types that the operator does not accept";
    UnknownFunction = "E0202", Error, "an unknown function";
    InvalidArguments = "E0203", Error, "arguments that no overload of the function accepts";
    InvalidBodyPath = "E0204", Error, "an unsupported body path";
    NullWithUndefined = "E0205", Error, "null combined with undefined or a body value";
    ValueArithmetic = "E0206", Error, "an operator that does not accept body values";
    TwinFunctionOutsideTwinSource = "E0207", Error, "a twin function in a route that does not take twin notifications";

    InvalidSink = "E0301", Error, "a sink that is neither $upstream nor an endpoint";
    UnknownEndpoint = "E0302", Error, "an unknown endpoint function";
    InvalidEndpointAddress = "E0303", Error, "a malformed endpoint address";

    InvalidJson = "E0401", Error, "a manifest that is not valid JSON";
    MissingManifestKey = "E0402", Error, "a missing manifest key";
    InvalidManifestValue = "E0403", Error, "a manifest value of the wrong type or out of range";
    UnsupportedSchemaVersion = "E0404", Error, "an unsupported schema version";
    InvalidRouteName = "E0405", Error, "a route without a name";
    InvalidRoutePriority = "E0406", Error, "a priority out of range";
    NoHubProperties = "E0407", Error, "a document without the hub's desired properties";
    ObjectRouteInOldSchema = "E0408", Error, "a route written as an object in a manifest of schema 1.0";

    RouteTooLong = "E0501", Error, "a route longer than the limit";
    NestingTooDeep = "E0502", Error, "nesting deeper than the limit";
    TooManyRoutes = "E0503", Error, "more routes than the limit";
    TooManyErrors = "E0504", Error, "more errors than are listed";
    ManifestTooLong = "E0505", Error, "a manifest longer than the limit";
    TooManyReads = "E0506", Error, "more distinct names and paths than a table can hold";

    RouteNameTaken = "E0601", Error, "a route added under a name that is already taken";
    NoSuchRoute = "E0602", Error, "a change to a route that does not exist";

    GluedOperator = "W0101", Warning, "an operator or quote that touches a name and so becomes part of it";
    NegatedOperand = "W0102", Warning, "`not` before a comparison without parentheses";
    CoalescedComparison = "W0103", Warning, "`??` next to a comparison without parentheses";
    MiscasedConstant = "W0104", Warning, "a constant that is not in lower case";
    TrailingText = "W0105", Warning, "text after the sink of a route";
    CommentInSource = "W0106", Warning, "a comment that begins in the middle of a source";
    StarInSource = "W0107", Warning, "a `*` that is not at the end of a source";
    StarAfterName = "W0108", Warning, "a `*` directly after the last name of a source";
    SmartQuote = "W0109", Warning, "typographic quotes, which do not quote";
    ConfusableCharacter = "W0110", Warning, "a letter of another script that looks like a Latin one";
    InvisibleCharacter = "W0111", Warning, "a character that is invisible or changes the order in which text is shown";
    PlaceholderInString = "W0112", Warning, "a template placeholder where the hub takes it verbatim";
    ConcatenatedAlternatives = "W0113", Warning, "strings joined with `||` instead of compared one by one";
    UnparenthesizedConcatenation = "W0114", Warning, "`||` next to a comparison without parentheses";
    UnknownLint = "W0115", Warning, "a comment for edgeroute that names no lint";

    NeverTrue = "W0201", Warning, "a condition that no message satisfies";
    AlwaysTrue = "W0202", Warning, "a condition that every message of the source satisfies";
    ContradictsSource = "W0203", Warning, "a condition that contradicts the source of its route";
    IsDefinedOfBody = "W0204", Warning, "`is_defined` of a body query";
    IsNullOfBody = "W0205", Warning, "`is_null` of a body query";
    BodyDateTime = "W0206", Warning, "a body value compared with a date and time";
    InputNameWhileRouting = "W0207", Warning, "`$inputName`, which is never set while the hub routes";
    TwinQuery = "W0208", Warning, "a twin query, which routes of the edge hub do not support";
    UnknownSystemProperty = "W0209", Warning, "a system property that the hub does not know";
    StringNumberComparison = "W0210", Warning, "a string ordered against a number in quotes";
    UncheckedContentType = "W0211", Warning, "routes that query the body without checking its content type";
    WrongContentType = "W0212", Warning, "a body query combined with a test for another content type";
    BareSystemProperty = "W0213", Warning, "the name of a system property or a body path without the `$`";
    MissingIsGreatest = "W0214", Warning, "a comparison that is true if the body has no such value";

    UnknownModule = "W0301", Warning, "a module that the deployment does not install";
    SelfLoop = "W0302", Warning, "a module that receives its own messages";
    MessageLoop = "W0303", Warning, "modules whose messages can loop";
    MissingDefaultOutput = "W0304", Warning, "no route for messages that a module sends without an output";
    DuplicateRoute = "W0305", Warning, "two routes that take the same messages to the same endpoint";
    SubsumedRoute = "W0306", Warning, "a route made superfluous by another";
    OutrankedByCatchAll = "W0307", Warning, "a route outranked by one that takes everything";
    ConflictingTimeToLive = "W0308", Warning, "routes to one endpoint with equal priorities and different times to live";
    NoWayUpstream = "W0309", Warning, "no route to the cloud";
    UnreachedModule = "W0310", Warning, "a module that no route takes from or sends to";
    UnservedLeafDevices = "W0311", Warning, "no route for messages of leaf devices";
    SinksDifferByCase = "W0312", Warning, "endpoints that differ only by case";
    UnknownSource = "W0313", Warning, "a source that no message comes from";
    OddEndpointAddress = "W0314", Warning, "an endpoint address with words that the hub ignores";
    PossibleLoop = "W0315", Warning, "modules whose messages may loop";

    DuplicateKey = "W0401", Warning, "a key that occurs more than once";
    UnknownKey = "W0402", Warning, "a key that the hub ignores";
    ConvertedNumber = "W0403", Warning, "a number that the hub converts from another form";
    RefusedRouteName = "W0404", Warning, "a route name that IoT Hub refuses";
    NoRoutes = "W0405", Warning, "a deployment without routes";
}

impl Code {
    /// Describes the area of the code. Codes with the same letter and first two digits share an area.
    #[must_use]
    pub fn area(self) -> &'static str {
        match self.as_str().get(..3).unwrap_or_default() {
            "E01" => "Syntax",
            "E02" => "Types",
            "E03" => "Sinks",
            "E04" => "Manifests",
            "E05" => "Limits",
            "E06" => "Route changes",
            "W01" => "Lints: syntax",
            "W02" => "Lints: semantics",
            "W03" => "Lints: topology",
            "W04" => "Lints: manifest",
            _ => "",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error of a string that is not a code.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown code")
    }
}

impl core::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_ascending_and_titled() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str(), "{} before {}", pair[0], pair[1]);
        }
        for code in Code::ALL {
            assert!(!code.title().is_empty() && !code.title().ends_with('.'), "{code}");
            assert_ne!(code.area(), "", "{code}");
            let letter = if code.severity() == Severity::Error { "E" } else { "W" };
            assert!(code.as_str().starts_with(letter), "{code}");
        }
    }

    #[test]
    fn codes_are_read_in_any_case() {
        for &code in Code::ALL {
            assert_eq!(code.as_str().to_lowercase().parse(), Ok(code));
        }
        for text in ["", "E", "E0101 ", "E9999"] {
            assert_eq!(text.parse::<Code>(), Err(UnknownCode), "{text}");
        }
    }
}
