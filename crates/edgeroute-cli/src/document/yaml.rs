//! Reads YAML 1.2 with the core schema, from the parser's events and without recursion.
//!
//! An alias becomes a copy of the anchored value. The size of a copy is checked before it is made, so that a few lines
//! of nested aliases cannot exhaust memory. Merge keys (`<<`), which are not part of YAML 1.2, and tags outside the
//! core schema are rejected.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::{Kind, MAX_DEPTH, Member, Problem, Value, quoted};

/// The maximum size of all values together, with aliases copied, in bytes.
const MAX_SIZE: usize = 64 << 20;
/// The assumed size of a value besides its text.
const SIZE_OF_VALUE: usize = 96;

/// Parses a whole document.
pub(super) fn parse(text: &str) -> Result<Value<'_>, Problem> {
    let places = Places::new(text);
    let mut builder = Builder { open: Vec::new(), root: None, anchors: HashMap::new(), size: 0 };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| places.problem(&error))?;
        let span = places.byte(span.start.index())..places.byte(span.end.index());
        if event == Event::StreamEnd {
            break;
        }
        builder.event(event, span)?;
    }
    builder.root.ok_or_else(|| Problem::new(0..0, "the document is empty"))
}

/// Maps characters, which the parser counts, to bytes.
struct Places {
    /// The start of each character, then the length of the text. Empty if every character is one byte.
    starts: Vec<usize>,
    length: usize,
}

impl Places {
    fn new(text: &str) -> Self {
        let starts = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { starts, length: text.len() }
    }

    fn byte(&self, character: usize) -> usize {
        if self.starts.is_empty() {
            return character.min(self.length);
        }
        self.starts.get(character).copied().unwrap_or(self.length)
    }

    fn problem(&self, error: &ScanError) -> Problem {
        let at = self.byte(error.marker().index());
        Problem::new(at..at, error.info())
    }
}

struct Builder<'t> {
    /// The lists and objects that are not closed yet, outermost first. `open.len() <= MAX_DEPTH`
    open: Vec<Open<'t>>,
    root: Option<Value<'t>>,
    anchors: HashMap<usize, Anchored<'t>>,
    /// The size of the values made so far. `size <= MAX_SIZE`
    size: usize,
}

/// A list or an object under construction.
struct Open<'t> {
    start: usize,
    anchor: usize,
    /// The value of `size` when it was opened.
    size_before: usize,
    content: Content<'t>,
}

enum Content<'t> {
    List(Vec<Value<'t>>),
    Object(Object<'t>),
}

/// A value that aliases can refer to.
struct Anchored<'t> {
    value: Value<'t>,
    size: usize,
}

impl<'t> Builder<'t> {
    fn event(&mut self, event: Event<'t>, span: Range<usize>) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Problem::new(span, "the file must contain a single document"))
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.grow(SIZE_OF_VALUE + text.len(), &span)?;
                let size = SIZE_OF_VALUE + text.len();
                let kind = scalar(text, style, tag.as_deref(), &span)?;
                self.add(Value { span, kind }, anchor, size)
            }
            Event::Alias(anchor) => {
                let Some(Anchored { value, size }) = self.anchors.get(&anchor) else {
                    return Err(Problem::new(span, "an alias to a value that contains it"));
                };
                let size = *size;
                // The size is checked before the value is copied.
                if self.size.saturating_add(size) > MAX_SIZE {
                    return Err(too_large(span));
                }
                let value = value.clone();
                self.size += size;
                self.add(value, 0, size)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span, anchor, tag.as_deref(), "seq", Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.open(span, anchor, tag.as_deref(), "map", Content::Object(Object::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(closed) = self.open.pop() else { return Ok(()) };
                let kind = match closed.content {
                    Content::List(elements) => Kind::List(elements),
                    Content::Object(object) => Kind::Object(object.members),
                };
                let size = self.size - closed.size_before;
                self.add(Value { span: closed.start..span.end.max(closed.start), kind }, closed.anchor, size)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn grow(&mut self, size: usize, span: &Range<usize>) -> Result<(), Problem> {
        self.size = self.size.saturating_add(size);
        if self.size > MAX_SIZE { Err(too_large(span.clone())) } else { Ok(()) }
    }

    fn open(
        &mut self,
        span: Range<usize>,
        anchor: usize,
        tag: Option<&Tag>,
        core: &str,
        content: Content<'t>,
    ) -> Result<(), Problem> {
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema() || tag.suffix != core) {
            return Err(Problem::new(span, "unknown tag"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::new(span, format!("nested deeper than the limit of {MAX_DEPTH}")));
        }
        if self.awaits_key() {
            return Err(Problem::new(span, "a key must be a string"));
        }
        let size_before = self.size;
        self.grow(SIZE_OF_VALUE, &span)?;
        self.open.push(Open { start: span.start, anchor, size_before, content });
        Ok(())
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Object(Object { key: None, .. }), .. }))
    }

    /// Adds a complete value to the innermost open list or object.
    fn add(&mut self, value: Value<'t>, anchor: usize, size: usize) -> Result<(), Problem> {
        // 0 means that there is no anchor.
        if anchor > 0 {
            self.grow(size, &value.span)?;
            self.anchors.insert(anchor, Anchored { value: value.clone(), size });
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(value),
            Some(Content::List(elements)) => elements.push(value),
            Some(Content::Object(object)) => object.add(value)?,
        }
        Ok(())
    }
}

/// An object under construction.
#[derive(Default)]
struct Object<'t> {
    members: Vec<Member<'t>>,
    keys: HashSet<Cow<'t, str>>,
    /// The key whose value comes next.
    key: Option<(Cow<'t, str>, Range<usize>)>,
}

impl<'t> Object<'t> {
    /// Adds a key, or the value of the current key.
    fn add(&mut self, value: Value<'t>) -> Result<(), Problem> {
        if let Some((key, key_span)) = self.key.take() {
            self.members.push(Member { key, key_span, value });
            return Ok(());
        }
        let span = value.span();
        let text = match value.kind {
            Kind::Text(text) | Kind::Number(text) => text,
            Kind::Null => Cow::Borrowed("null"),
            Kind::Bool(bool) => Cow::Borrowed(if bool { "true" } else { "false" }),
            _ => return Err(Problem::new(span, "a key must be a string")),
        };
        // Checked in bodies as well, because nothing else checks them.
        if !self.keys.insert(text.clone()) {
            return Err(Problem::new(span, format!("{} is given twice", quoted(&text))));
        }
        self.key = Some((text, span));
        Ok(())
    }
}

fn too_large(span: Range<usize>) -> Problem {
    Problem::new(span, format!("with its aliases written out, the document is larger than {} MiB", MAX_SIZE >> 20))
}

/// Determines the value of a scalar by the core schema.
fn scalar<'t>(
    text: Cow<'t, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    span: &Range<usize>,
) -> Result<Kind<'t>, Problem> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => return Ok(Kind::Text(text)),
        // `! x` is a string regardless of its form.
        Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => return Ok(Kind::Text(text)),
        Some(tag) if !tag.is_yaml_core_schema() || !["null", "bool", "int", "float"].contains(&&*tag.suffix) => {
            return Err(Problem::new(span.clone(), "unknown tag"));
        }
        None if style != ScalarStyle::Plain => return Ok(Kind::Text(text)),
        Some(_) | None => {}
    }
    let kind = match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN"
        | ".NAN" => {
            let problem = Problem::new(span.clone(), "JSON cannot represent this number");
            return Err(problem.with_help(format!("put it in quotes to make it a string: \"{text}\"")));
        }
        _ => match number(&text) {
            Some(Cow::Owned(number)) => Kind::Number(Cow::Owned(number)),
            Some(Cow::Borrowed(_)) => Kind::Number(text),
            None => Kind::Text(text),
        },
    };
    Ok(kind)
}

/// Converts a number of the core schema to JSON, verbatim if possible.
fn number(text: &str) -> Option<Cow<'_, str>> {
    let prefixed = |prefix, radix| {
        let digits = text.strip_prefix(prefix)?;
        let is_plain = !digits.starts_with(['+', '-']);
        u128::from_str_radix(digits, radix).ok().filter(|_| is_plain).map(|number| Cow::Owned(number.to_string()))
    };
    if let Some(number) = prefixed("0x", 16).or_else(|| prefixed("0o", 8)) {
        return Some(number);
    }
    let (minus, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, unsigned.get(at + 1..)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    let exponent_digits = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    let is_number = has_digits
        && is_digits(whole)
        && fraction.is_none_or(is_digits)
        && exponent_digits.is_none_or(|digits| !digits.is_empty() && is_digits(digits));
    if !is_number {
        return None;
    }
    let is_json = !text.starts_with('+')
        && !whole.is_empty()
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| !fraction.is_empty());
    if is_json {
        return Some(Cow::Borrowed(text));
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.filter(|fraction| !fraction.is_empty()).map(|fraction| format!(".{fraction}"));
    let exponent = exponent.map(|exponent| format!("e{exponent}"));
    Some(Cow::Owned(format!("{minus}{whole}{}{}", fraction.unwrap_or_default(), exponent.unwrap_or_default())))
}
