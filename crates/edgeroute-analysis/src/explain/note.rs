//! Notes that explain the value of a part of a condition.

use core::fmt;

use edgeroute_lang::builtin::Parameter;
use edgeroute_lang::diagnostic::bounded;
use edgeroute_lang::interpret::PropertyKind;
use edgeroute_lang::span::Span;

/// Why a part is undefined, or what may be surprising about its value. `Display` writes it as a short phrase.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Note {
    /// `undefined`, or a literal that is not a valid number (`e5`).
    UndefinedLiteral,
    /// The message has no such property.
    NoProperty {
        /// The name as the condition writes it, without the `$`.
        name: String,
        /// The kind that was looked up last.
        kind: PropertyKind,
        /// What the message has instead.
        nearest: Option<Nearest>,
    },
    /// `$inputName`, which a message gets only on delivery.
    NeverWhileRouting,
    /// The property is present, and null.
    NullProperty,
    /// An application property of this name takes precedence over the body or the system property.
    Shadowed,
    /// The body is not read because a system property does not have the value that body queries require.
    BodyNotDeclared {
        /// The property.
        property: BodyProperty,
        /// Its value; `None` if it is null or missing.
        found: Option<String>,
        /// An application property that was probably meant to be this one.
        application: Option<String>,
    },
    /// The body does not have the format that its properties declare.
    BodyUnreadable {
        /// The byte at which reading stopped.
        offset: usize,
        /// What was expected there, and what was found.
        reason: String,
    },
    /// The path leads nowhere, which counts as null.
    NothingThere {
        /// What the body has instead.
        nearest: Option<Member>,
    },
    /// The path leads to something that has no value.
    NoValue(BodyPart),
    /// An operand is undefined.
    UndefinedOperand {
        /// The span of the first undefined operand.
        operand: Span,
    },
    /// An operand or argument is of a kind that is not accepted.
    WrongKind {
        /// The span of the operand.
        operand: Span,
        /// Its kind.
        found: Kind,
        /// The kind that is accepted.
        wanted: Kind,
    },
    /// The string is not a number.
    NoNumberInText,
    /// The result is not a number (the square root of -1, infinity minus infinity).
    NotANumber,
    /// The string is shorter than `substring` needs, or an index is negative.
    OutOfRange,
    /// Comparing a null property with a string is undefined.
    NullAgainstText,
    /// Values of different kinds are never equal, and are ordered by kind.
    DifferentKinds(Kind, Kind),
    /// The two strings differ only in case, which is significant.
    DiffersByCase,
    /// Two numbers in strings are compared as strings, character by character.
    NumbersAsTexts,
    /// The condition as a whole is not a bool, so it is not true.
    NoBool(Kind),
}

/// What the message has instead of a missing property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Nearest {
    /// A property of the same kind with a similar name.
    Spelled(String),
    /// A property of the same name and the other kind.
    OtherKind,
}

/// What a body has instead of what a path leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Member {
    /// A member with a similar name.
    Spelled(String),
    /// A member with a dot in its name, which a path cannot name.
    Dotted(String),
}

/// The system properties that declare how to read a body.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum BodyProperty {
    /// `contentType`, which must be `application/json`.
    ContentType,
    /// `contentEncoding`, which must be `utf-8`, `utf-16` or `utf-32`.
    ContentEncoding,
}

/// A part of a body that has no value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum BodyPart {
    /// A string that is a date.
    Date,
    /// An array.
    Array,
    /// An object.
    Object,
    /// More than one match for the path.
    Several,
    /// The path cannot be followed.
    Impossible,
}

/// The kinds of values.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `null`
    Null,
    /// A property that is present and null.
    NullProperty,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
}

impl Note {
    /// A machine-readable name, stable across releases.
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
            Self::NothingThere { .. } => "nothing-there",
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

    /// Whether the note only passes on what an operand's note says.
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

    /// The value that body queries require.
    #[must_use]
    pub const fn needed(self) -> &'static str {
        match self {
            Self::ContentType => "`application/json`",
            Self::ContentEncoding => "`utf-8`, `utf-16` or `utf-32`",
        }
    }
}

impl Kind {
    /// The kind that a function parameter accepts.
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
            Self::BodyNotDeclared { property, found: None, application } => {
                write!(f, "body not read because the message has no `{}`", property.name())?;
                match application {
                    Some(name) => write!(f, ", only an application property `{}`", bounded(name)),
                    None => Ok(()),
                }
            }
            Self::BodyNotDeclared { property, found: Some(found), .. } => {
                let (name, needed) = (property.name(), property.needed());
                write!(f, "body not read because `{name}` is `{}`, not {needed}", bounded(found))
            }
            Self::BodyUnreadable { offset, reason } => write!(f, "cannot read the body at byte {offset}: {reason}"),
            Self::NothingThere { nearest } => {
                f.write_str("the body has nothing at this path")?;
                match nearest {
                    Some(Member::Spelled(name)) => write!(f, ", but `{}`", bounded(name)),
                    Some(Member::Dotted(name)) => {
                        write!(f, ", but `{}`, and a path cannot name a member with a dot", bounded(name))
                    }
                    None => Ok(()),
                }
            }
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
