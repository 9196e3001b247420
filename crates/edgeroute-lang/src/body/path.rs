//! Paths into bodies: the check at compile time (SEMANTICS#body-path-check), and the reading of the whole text at run
//! time (SEMANTICS#body-path-reading).
//!
//! In the reference, two parsers that disagree do this. The check is a small grammar,
//! `name([digits])?(.name([digits])?)*`, that needs to match only the beginning of the text: it stops at the first
//! character that cannot continue a path, and does not check the rest. The evaluation reads the whole text as a path of
//! a richer language. A text that is not such a path (`a]`, `a[0]x`) compiles and is always undefined.
//!
//! Both take one pass over the text; a path contains its text and its steps.

use core::fmt;

use crate::diagnostic::quoted;
use crate::span::Span;
use crate::text::starts_with_ignore_case;

/// A path into a body, as it follows `$body.`.
///
/// ```
/// use edgeroute_lang::body::{BodyPath, Step};
///
/// let path = BodyPath::parse("readings[0].value")?;
/// assert_eq!(path.steps(), Some(&[Step::Member("readings".into()), Step::Index(0), Step::Member("value".into())][..]));
/// assert!(BodyPath::parse("readings[x]").is_err());
/// # Ok::<(), edgeroute_lang::body::PathError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BodyPath {
    text: Box<str>,
    /// The steps of `text`; `None` if it cannot be read as a path.
    steps: Option<Box<[Step]>>,
}

/// A step of a path, from the nodes that it has reached to nodes below them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// `.k`, `['k']`: the member of an object with this name.
    Member(Box<str>),
    /// `.*`: all members of an object.
    Members,
    /// `[5]`: this element of an array.
    Index(u32),
    /// `[-1]`: finds nothing if there is no array. The query fails if there is one.
    NegativeIndex,
    /// `[*]`: all elements of an array.
    Elements,
    /// `..k`, `..['k']`: the members with this name of all objects from here down.
    Descendants(Box<str>),
    /// `..*`: everything from here down, including the current node.
    AllDescendants,
}

impl BodyPath {
    /// Checks a path and reads its steps. Allocates.
    ///
    /// # Errors
    /// Fails if the reference refuses the path when it compiles the condition, and for characters that the lexer never
    /// includes in a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Check { text, at: 0 }.path()?;
        Ok(Self { text: text.into(), steps: StepReader::new(text).read().map(Vec::into_boxed_slice) })
    }

    /// Returns the path as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the steps from the root; an empty slice is the root itself. `None` if the text cannot be read as a path:
    /// the query is then undefined for every body.
    #[must_use]
    pub fn steps(&self) -> Option<&[Step]> {
        self.steps.as_deref()
    }

    /// Whether the path begins like one into the changes of a twin, in any case: with `properties.reported.`,
    /// `properties.desired.` or `tags.`.
    #[must_use]
    pub fn is_into_twin(&self) -> bool {
        ["properties.reported.", "properties.desired.", "tags."]
            .iter()
            .any(|prefix| starts_with_ignore_case(&self.text, prefix))
    }
}

impl fmt::Display for BodyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The error of a path that is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathError {
    expected: Expected,
    found: Box<str>,
    span: Span,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Expected {
    Name,
    /// A name of digits only.
    NameNotDigits,
    Index,
    ClosingBracket,
    PathCharacter,
}

impl PathError {
    /// Returns the place in the path, in bytes; empty at its end.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Describes what is allowed there.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        match self.expected {
            Expected::Name => "a name",
            Expected::NameNotDigits => "a name that is not all digits",
            Expected::Index => "an index in digits",
            Expected::ClosingBracket => "`]`",
            Expected::PathCharacter => "a character of a path",
        }
    }

    /// Returns the text that was found; empty at the end of the path.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} in the body path, found ", self.expected())?;
        if self.found.is_empty() { f.write_str("the end") } else { write!(f, "`{}`", quoted(&self.found)) }
    }
}

impl core::error::Error for PathError {}

/// The check at compile time.
struct Check<'p> {
    text: &'p str,
    /// An offset in `text`, on a character boundary.
    at: usize,
}

impl<'p> Check<'p> {
    fn path(mut self) -> Result<(), PathError> {
        if let Some((at, stranger)) = self.text.char_indices().find(|&(_, character)| is_foreign(character)) {
            self.at = at;
            return Err(self.error(Expected::PathCharacter, stranger.len_utf8()));
        }
        loop {
            let name = self.word();
            if name.is_empty() {
                return Err(self.error_at_next(Expected::Name));
            }
            if is_digits(name) {
                return Err(self.error(Expected::NameNotDigits, name.len()));
            }
            self.at += name.len();
            if self.skip('[').is_some() {
                self.index()?;
            }
            if self.skip('.').is_none() {
                return Ok(());
            }
        }
    }

    fn index(&mut self) -> Result<(), PathError> {
        let index = self.word();
        if index.is_empty() {
            return Err(self.error_at_next(Expected::Index));
        }
        if !is_digits(index) {
            return Err(self.error(Expected::Index, index.len()));
        }
        self.at += index.len();
        self.skip(']').ok_or_else(|| self.error_at_next(Expected::ClosingBracket))
    }

    fn rest(&self) -> &'p str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Returns the text up to the next `.`, `[` or `]`.
    fn word(&self) -> &'p str {
        let rest = self.rest();
        rest.find(['.', '[', ']']).and_then(|end| rest.get(..end)).unwrap_or(rest)
    }

    fn skip(&mut self, character: char) -> Option<()> {
        self.rest().starts_with(character).then(|| self.at += character.len_utf8())
    }

    fn error_at_next(&self, expected: Expected) -> PathError {
        self.error(expected, self.rest().chars().next().map_or(0, char::len_utf8))
    }

    /// Creates an error about the next `length` bytes.
    fn error(&self, expected: Expected, length: usize) -> PathError {
        let span = Span::from_range(self.at..self.at + length);
        PathError { expected, found: span.slice(self.text).into(), span }
    }
}

/// Characters that a system property's token, and so a path, never contains.
const fn is_foreign(character: char) -> bool {
    matches!(
        character,
        '(' | ')'
            | '<'
            | '>'
            | '@'
            | ','
            | ';'
            | ':'
            | '\\'
            | '"'
            | '/'
            | '?'
            | '='
            | '{'
            | '}'
            | ' '
            | '\t'
            | '\n'
            | '\r'
    )
}

fn is_digits(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a text as the path to evaluate.
struct StepReader<'p> {
    rest: &'p str,
    steps: Vec<Step>,
    scope: Scope,
}

/// Where the next member is searched.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Scope {
    /// In the current node.
    Children,
    /// From the current node down: `..` was read.
    Descendants,
}

/// The last item that was read.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Last {
    Start,
    Dot,
    Bracket,
    Name,
}

impl<'p> StepReader<'p> {
    fn new(text: &'p str) -> Self {
        // A `$` before any other character begins a name.
        let rest = match text.strip_prefix('$') {
            Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => rest,
            _ => text,
        };
        Self { rest, steps: Vec::new(), scope: Scope::Children }
    }

    /// Reads the whole text as a path (SEMANTICS#body-path-reading); `None` if it is not one.
    fn read(mut self) -> Option<Vec<Step>> {
        let mut last = Last::Start;
        while let Some(first) = self.rest.chars().next() {
            last = match first {
                '.' => {
                    self.rest = self.rest.get(1..)?;
                    if let Some(rest) = self.rest.strip_prefix('.') {
                        self.rest = rest;
                        self.scope = Scope::Descendants;
                    }
                    Last::Dot
                }
                '[' => {
                    self.bracket()?;
                    self.scope = Scope::Children;
                    Last::Bracket
                }
                ']' => return None,
                _ if last == Last::Bracket => return None,
                _ => {
                    self.name();
                    self.scope = Scope::Children;
                    Last::Name
                }
            };
        }
        (last != Last::Dot).then_some(self.steps)
    }

    fn name(&mut self) {
        let end = self.rest.find(['.', '[', ']']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        // White space other than a space can be part of a name, but the reference trims it from the end of the path.
        let name = if rest.is_empty() { name.trim_end() } else { name };
        self.rest = rest;
        let step = match (name, self.scope) {
            ("*", Scope::Children) => Step::Members,
            ("*", Scope::Descendants) => Step::AllDescendants,
            _ => self.member(name),
        };
        self.steps.push(step);
    }

    /// `[5]`, `[-1]`, `[*]` or `['k']`.
    fn bracket(&mut self) -> Option<()> {
        let inner = self.rest.strip_prefix('[')?;
        let (step, rest) = if let Some(quoted) = inner.strip_prefix('\'') {
            let (name, rest) = quoted.split_once('\'')?;
            (self.member(name), rest.strip_prefix(']')?)
        } else {
            let (index, rest) = inner.split_once(']')?;
            (index_step(index)?, rest)
        };
        self.rest = rest;
        self.steps.push(step);
        Some(())
    }

    fn member(&self, name: &str) -> Step {
        match self.scope {
            Scope::Children => Step::Member(name.into()),
            Scope::Descendants => Step::Descendants(name.into()),
        }
    }
}

/// Returns the step of an unquoted text in brackets: an index is a 32-bit integer. Digits before a `*` have no meaning.
fn index_step(index: &str) -> Option<Step> {
    let is_index = |index: &str| index.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if index.strip_suffix('*').is_some_and(is_index) {
        return Some(Step::Elements);
    }
    if !is_index(index) {
        return None;
    }
    let index: i32 = index.parse().ok()?;
    Some(u32::try_from(index).map_or(Step::NegativeIndex, Step::Index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str) -> Step {
        Step::Member(name.into())
    }

    fn descendants(name: &str) -> Step {
        Step::Descendants(name.into())
    }

    fn steps(text: &str) -> Option<Vec<Step>> {
        let path = BodyPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(path.as_str(), text);
        path.steps().map(<[Step]>::to_vec)
    }

    #[test]
    fn names_are_any_text_that_is_not_all_digits() {
        for name in
            ["x", "5x", "-1", "'q'", "x-y", "$x", "0%", "é", "machine!", "I'mnotusingspaces%1", "1e5", "\0", "\u{665}"]
        {
            assert_eq!(steps(name), Some(vec![member(name)]), "{name}");
        }
        assert_eq!(steps("a.b.$.c"), Some(vec![member("a"), member("b"), member("$"), member("c")]));
    }

    #[test]
    fn an_index_may_follow_a_name() {
        assert_eq!(steps("a[0]"), Some(vec![member("a"), Step::Index(0)]));
        assert_eq!(
            steps("a[01].b[2147483647]"),
            Some(vec![member("a"), Step::Index(1), member("b"), Step::Index(2_147_483_647)])
        );
    }

    #[test]
    fn a_leading_dollar_before_a_dot_or_bracket_is_the_root() {
        assert_eq!(steps("$"), Some(vec![]));
        assert_eq!(steps("$.a"), Some(vec![member("a")]));
        assert_eq!(steps("$[0]"), Some(vec![Step::Index(0)]));
        assert_eq!(steps("$$"), Some(vec![member("$$")]));
    }

    #[test]
    fn a_star_is_every_member() {
        assert_eq!(steps("*"), Some(vec![Step::Members]));
        assert_eq!(steps("x.*[0]"), Some(vec![member("x"), Step::Members, Step::Index(0)]));
        assert_eq!(steps("x*"), Some(vec![member("x*")]));
    }

    #[test]
    fn check_refuses_paths_with_an_invalid_beginning() {
        let table = [
            ("", "0..0 a name"),
            ("5", "0..1 a name that is not all digits"),
            ("n.0", "2..3 a name that is not all digits"),
            ("n.0.x", "2..3 a name that is not all digits"),
            (".x", "0..1 a name"),
            ("[0]", "0..1 a name"),
            ("]", "0..1 a name"),
            ("x.", "2..2 a name"),
            ("a..b", "2..3 a name"),
            ("a[0]..b", "5..6 a name"),
            ("nested.]deep", "7..8 a name"),
            ("a.[0]", "2..3 a name"),
            ("a[", "2..2 an index in digits"),
            ("a[]", "2..3 an index in digits"),
            ("a[-1]", "2..4 an index in digits"),
            ("a[*]", "2..3 an index in digits"),
            ("a['é']", "2..6 an index in digits"),
            ("a[b]", "2..3 an index in digits"),
            ("a[0", "3..3 `]`"),
            ("a[0.b]", "3..4 `]`"),
            ("a[0[", "3..4 `]`"),
            ("é[0][1]a b", "9..10 a character of a path"),
            ("a@", "1..2 a character of a path"),
        ];
        for (text, expected) in table {
            let error = BodyPath::parse(text).expect_err(text);
            assert_eq!(format!("{:?} {}", error.span(), error.expected()), expected, "{text}");
            assert_eq!(error.found(), error.span().slice(text), "{text}");
        }
        assert_eq!(
            BodyPath::parse("a[b]").expect_err("no index").to_string(),
            "expected an index in digits in the body path, found `b`"
        );
        assert_eq!(
            BodyPath::parse("a.").expect_err("no name").to_string(),
            "expected a name in the body path, found the end"
        );
    }

    #[test]
    fn check_ignores_an_invalid_rest_and_the_whole_path_is_read() {
        let x0 = || vec![member("x"), Step::Index(0)];
        let with = |more: &[Step]| Some([x0(), more.to_vec()].concat());
        assert_eq!(steps("x[0][1]"), with(&[Step::Index(1)]));
        assert_eq!(steps("x[0][*]"), with(&[Step::Elements]));
        assert_eq!(steps("x[0][1*]"), with(&[Step::Elements]));
        assert_eq!(steps("x[0][-1]"), with(&[Step::NegativeIndex]));
        assert_eq!(steps("x[0][-0]"), with(&[Step::Index(0)]));
        assert_eq!(steps("x[0]['k']"), with(&[member("k")]));
        assert_eq!(steps("x[0]['a.b]['].c"), with(&[member("a.b]["), member("c")]));
        assert_eq!(steps("x[0]['*']['']"), with(&[member("*"), member("")]));
        assert_eq!(steps("x[0][1]..k"), with(&[Step::Index(1), descendants("k")]));
        assert_eq!(steps("x[0][1]..k.m"), with(&[Step::Index(1), descendants("k"), member("m")]));
        assert_eq!(steps("x[0][1]....k"), with(&[Step::Index(1), descendants("k")]));
        assert_eq!(steps("x[0][1]..['k']"), with(&[Step::Index(1), descendants("k")]));
        assert_eq!(steps("x[0][1]..*"), with(&[Step::Index(1), Step::AllDescendants]));
        assert_eq!(steps("x[0][1]..[2].k"), with(&[Step::Index(1), Step::Index(2), member("k")]));
        assert_eq!(steps("x[0][1].[2]"), with(&[Step::Index(1), Step::Index(2)]));
    }

    #[test]
    fn paths_that_cannot_be_read_have_no_steps() {
        let texts = [
            "a]",
            "a]b",
            "a[0]x",
            "a[0]]",
            "a[2147483648]",
            "x[0][",
            "x[0][]",
            "x[0][--1]",
            "x[0][-]",
            "x[0][-2147483649]",
            "x[0][+1]",
            "x[0][1x]",
            "x[0][*1]",
            "x[0]['k",
            "x[0]['k'",
            "x[0]['k'x]",
            "x[0][1].",
            "x[0][1]..",
        ];
        for text in texts {
            assert_eq!(steps(text), None, "{text}");
        }
    }

    #[test]
    fn white_space_at_the_end_of_a_path_is_trimmed() {
        assert_eq!(steps("a\u{A0}.b\u{C}\u{2003}"), Some(vec![member("a\u{A0}"), member("b")]));
        assert_eq!(steps("*\u{A0}"), Some(vec![Step::Members]));
        assert_eq!(steps("\u{B}"), Some(vec![member("")]));
    }

    #[test]
    fn twin_paths_are_recognised_by_their_beginning() {
        for (text, expected) in [
            ("properties.reported.x", true),
            ("Properties.DESIRED.x.y", true),
            ("tags.location", true),
            ("tags", false),
            ("tagsx.y", false),
            ("properties.other.x", false),
        ] {
            assert_eq!(BodyPath::parse(text).map(|path| path.is_into_twin()), Ok(expected), "{text}");
        }
    }
}
