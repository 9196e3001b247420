//! Why a part of a condition is what it is.

use core::fmt;

use edgeroute_lang::builtin::Parameter;
use edgeroute_lang::diagnostic::bounded;
use edgeroute_lang::interpret::PropertyKind;
use edgeroute_lang::span::Span;

/// Why a part is undefined, or what may surprise about its value. `Display` says it in a few words.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Note {
    /// `undefined`, or a literal that no number can be read from (`e5`).
    UndefinedLiteral,
    /// The message has no such property.
    NoProperty {
        /// As the condition names it, without the `$`.
        name: String,
        /// Which kind was looked for last.
        kind: PropertyKind,
        /// What the message has instead.
        nearest: Option<Nearest>,
    },
    /// `$inputName`, which a message gets when it is delivered.
    NeverWhileRouting,
    /// The property is there, and null.
    NullProperty,
    /// An application property of this name goes before the body, or before the system property.
    Shadowed,
    /// The body is not looked at: a system property does not have the value that body queries need.
    BodyNotDeclared {
        /// Which.
        property: BodyProperty,
        /// Its value; `None` where it is null, or there is none.
        found: Option<String>,
    },
    /// The body is not what its properties say.
    BodyUnreadable {
        /// The byte at which reading stopped.
        offset: usize,
        /// What was expected there, and what was found.
        reason: String,
    },
    /// Nothing stands at the path, which counts as null.
    NothingThere,
    /// What stands at the path has no value.
    NoValue(BodyPart),
    /// An operand is undefined.
    UndefinedOperand {
        /// Where the first such operand stands.
        operand: Span,
    },
    /// An operand or argument is of a kind that is not taken.
    WrongKind {
        /// Where the operand stands.
        operand: Span,
        /// What it is.
        found: Kind,
        /// What would be taken.
        wanted: Kind,
    },
    /// No number can be read from the text.
    NoNumberInText,
    /// The result is not a number (the root of -1, infinity less infinity).
    NotANumber,
    /// The text is shorter than `substring` needs, or an index is negative.
    OutOfRange,
    /// A property that is null is undefined against a string.
    NullAgainstText,
    /// Values of different kinds differ whatever they are, and are ordered by their kinds.
    DifferentKinds(Kind, Kind),
    /// The two texts differ only by case, which counts.
    DiffersByCase,
    /// Two numbers are compared as the texts they are in, digit by digit.
    NumbersAsTexts,
    /// The whole condition is no bool, so it is not true.
    NoBool(Kind),
}

/// What the message has instead of a property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Nearest {
    /// One of the same kind with a similar name.
    Spelled(String),
    /// One of the same name and the other kind.
    OtherKind,
}

/// The system properties that say how to read a body.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum BodyProperty {
    /// `contentType`, which must be `application/json`.
    ContentType,
    /// `contentEncoding`, which must be `utf-8`, `utf-16` or `utf-32`.
    ContentEncoding,
}

/// What stands in a body and has no value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum BodyPart {
    /// A string that is a date.
    Date,
    /// An array.
    Array,
    /// An object.
    Object,
    /// More than one of what the path asks for.
    Several,
    /// The path cannot be followed.
    Impossible,
}

/// The kinds of values.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `null`
    Null,
    /// A property that is there and null.
    NullProperty,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
}

impl Note {
    /// A name for machines, stable over releases.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UndefinedLiteral => "undefined-literal",
            Self::NoProperty { .. } => "no-property",
            Self::NeverWhileRouting => "never-while-routing",
            Self::NullProperty => "null-property",
            Self::Shadowed => "shadowed",
            Self::BodyNotDeclared { property: BodyProperty::ContentType, .. } => "content-type",
            Self::BodyNotDeclared { property: BodyProperty::ContentEncoding, .. } => "content-encoding",
            Self::BodyUnreadable { .. } => "body-unreadable",
            Self::NothingThere => "nothing-there",
            Self::NoValue(_) => "no-value",
            Self::UndefinedOperand { .. } => "undefined-operand",
            Self::WrongKind { .. } => "wrong-kind",
            Self::NoNumberInText => "no-number-in-text",
            Self::NotANumber => "not-a-number",
            Self::OutOfRange => "out-of-range",
            Self::NullAgainstText => "null-against-text",
            Self::DifferentKinds(..) => "different-kinds",
            Self::DiffersByCase => "differs-by-case",
            Self::NumbersAsTexts => "numbers-as-texts",
            Self::NoBool(_) => "no-bool",
        }
    }

    /// Whether it only passes on what an operand's note says.
    #[must_use]
    pub const fn is_consequence(&self) -> bool {
        matches!(self, Self::UndefinedOperand { .. })
    }
}

impl BodyProperty {
    /// The property's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentType => "contentType",
            Self::ContentEncoding => "contentEncoding",
        }
    }

    /// What body queries need it to be.
    #[must_use]
    pub const fn needed(self) -> &'static str {
        match self {
            Self::ContentType => "`application/json`",
            Self::ContentEncoding => "`utf-8`, `utf-16` or `utf-32`",
        }
    }
}

impl Kind {
    /// What a parameter of a function takes.
    pub(super) const fn of(parameter: Parameter) -> Option<Self> {
        match parameter {
            Parameter::Text => Some(Self::Text),
            Parameter::Number => Some(Self::Number),
            Parameter::Any | Parameter::Path => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::NullProperty => "a null property",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::Text => "a string",
        })
    }
}

impl fmt::Display for BodyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date => "a date, which has no value",
            Self::Array => "an array, which has no value",
            Self::Object => "an object, which has no value",
            Self::Several => "several values at this path",
            Self::Impossible => "the path cannot be followed",
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UndefinedLiteral => f.write_str("this literal has no value"),
            Self::NoProperty { name, kind, nearest } => no_property(f, name, *kind, nearest.as_ref()),
            Self::NeverWhileRouting => f.write_str("set only on delivery, never while routing"),
            Self::NullProperty => f.write_str("the property is null"),
            Self::Shadowed => f.write_str("an application property of this name takes precedence"),
            Self::BodyNotDeclared { property, found: None } => {
                write!(f, "body not read because the message has no `{}`", property.name())
            }
            Self::BodyNotDeclared { property, found: Some(found) } => {
                let (name, needed) = (property.name(), property.needed());
                write!(f, "body not read because `{name}` is `{}`, not {needed}", bounded(found))
            }
            Self::BodyUnreadable { offset, reason } => write!(f, "cannot read the body at byte {offset}: {reason}"),
            Self::NothingThere => f.write_str("the body has nothing at this path"),
            Self::NoValue(part) => part.fmt(f),
            Self::UndefinedOperand { .. } => f.write_str("an operand is undefined"),
            Self::WrongKind { found, wanted, .. } => write!(f, "expected {wanted}, found {found}"),
            Self::NoNumberInText => f.write_str("the string is not a number"),
            Self::NotANumber => f.write_str("the result is not a number"),
            Self::OutOfRange => f.write_str("the index is out of range"),
            Self::NullAgainstText => f.write_str("compares a null property with a string"),
            Self::DifferentKinds(left, right) => write!(f, "compares {left} with {right}"),
            Self::DiffersByCase => f.write_str("they differ only by case, and case matters"),
            Self::NumbersAsTexts => f.write_str("compared as strings, digit by digit, not as numbers"),
            Self::NoBool(kind) => write!(f, "a condition that is {kind} is never true"),
        }
    }
}

fn no_property(f: &mut fmt::Formatter<'_>, name: &str, kind: PropertyKind, nearest: Option<&Nearest>) -> fmt::Result {
    let name = bounded(name);
    let (sign, what, other) = match kind {
        PropertyKind::Application => ("", "property", "system property"),
        PropertyKind::System => ("$", "system property", "application property"),
    };
    write!(f, "the message has no {what} `{sign}{name}`")?;
    match nearest {
        None => Ok(()),
        Some(Nearest::Spelled(near)) => write!(f, ", but `{sign}{}`", bounded(near)),
        Some(Nearest::OtherKind) => write!(f, ", but the {other} `{}{name}`", if sign.is_empty() { "$" } else { "" }),
    }
}
