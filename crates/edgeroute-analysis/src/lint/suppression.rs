//! Comments in routes that turn lints off: `/* edgeroute: allow(self-loop, W0303) */`.
//!
//! A comment is allowed between any two tokens. It must not follow a source that ends in `/*`, because that `/*` then
//! opens the comment; the first place in a route, before FROM, is always safe. Text after the closing parenthesis is a
//! reason for people.

use super::{Level, Lint, Selector};
use edgeroute_lang::diagnostic::{Code, quoted};
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::Lexer;

/// What a comment starts with to be a directive.
const MARKER: &str = "edgeroute:";

/// The lints that the comments of one route turn off.
#[derive(Debug, Default)]
pub(super) struct Suppressions {
    allowed: Vec<Selector>,
    mistakes: Vec<Mistake>,
}

/// Something in a directive that turns nothing off.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
}

impl Suppressions {
    /// Reads the comments in the text of a route. Takes time linear in the text.
    pub(super) fn of(text: &str) -> Self {
        let mut suppressions = Self::default();
        if text.contains("edgeroute") {
            for comment in comments(text) {
                suppressions.read(comment, text);
            }
        }
        suppressions
    }

    /// Whether a lint with this level is turned off.
    pub(super) fn allow(&self, lint: &Lint, level: Level) -> bool {
        self.allowed.iter().any(|selector| selector.selects(lint, level))
    }

    pub(super) fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// Reads a comment, whose span is without its delimiters.
    fn read(&mut self, comment: Span, text: &str) {
        let inner = comment.slice(text);
        let start = comment.range().start;
        let Some(at) = inner.find(MARKER) else {
            let blank = inner.len() - inner.trim_start().len();
            let word = Span::from_range(start + blank..start + blank + MARKER.len() - 1);
            if inner.trim_start().starts_with("edgeroute allow") {
                self.mistake(word, "a directive begins with `edgeroute:`", None);
            }
            return;
        };
        let marker = Span::from_range(start + at..start + at + MARKER.len());
        if !inner.get(..at).unwrap_or_default().trim().is_empty() {
            self.mistake(
                marker,
                "`edgeroute:` is not at the start of its comment",
                Some("put the comment before FROM"),
            );
            return;
        }
        let rest = inner.get(at + MARKER.len()..).unwrap_or_default();
        let list = rest.trim_start().strip_prefix("allow").and_then(|rest| rest.trim_start().strip_prefix('('));
        let Some((names, _)) = list.and_then(|list| list.split_once(')')) else {
            self.mistake(marker, "expected `allow(LINT)` after `edgeroute:`", None);
            return;
        };
        // The names are followed by the parenthesis and the reason.
        let mut start = start + inner.len() - list.map_or(0, str::len);
        for name in names.split(',') {
            let before = name.len() - name.trim_start().len();
            let span = Span::from_range(start + before..start + before + name.trim().len());
            start += name.len() + 1;
            self.add(name.trim(), span);
        }
    }

    fn add(&mut self, name: &str, span: Span) {
        match name.parse() {
            Ok(selector) => self.allowed.push(selector),
            Err(_) if name.is_empty() => self.mistake(span, "expected the name of a lint", None),
            Err(_) if name.parse::<Code>().is_ok() => {
                self.mistake(span, &format!("{name} is an error, which cannot be turned off"), None);
            }
            Err(error) => {
                let error = if name.chars().count() > 40 {
                    format!("unknown lint `{}`", quoted(name))
                } else {
                    error.to_string()
                };
                self.mistake(span, &error, None);
            }
        }
    }

    fn mistake(&mut self, span: Span, message: &str, help: Option<&'static str>) {
        self.mistakes.push(Mistake { span, message: message.to_owned(), help });
    }
}

/// The spans of the comments between tokens, without their delimiters.
fn comments(text: &str) -> impl Iterator<Item = Span> {
    let mut end = 0;
    let gaps = Lexer::new(text).map(move |token| {
        let gap = end..token.span.range().start;
        end = token.span.range().end;
        gap
    });
    gaps.flat_map(move |gap| {
        let mut from = gap.start;
        core::iter::from_fn(move || {
            let open = from + text.get(from..gap.end)?.find("/*")? + 2;
            let close = open + text.get(open..gap.end)?.find("*/")?;
            from = close + 2;
            Some(Span::from_range(open..close))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the lints at level `warn` are off, and the messages and marked texts of the mistakes.
    fn read(text: &str, lints: [&str; 2]) -> ([bool; 2], Vec<String>) {
        let suppressions = Suppressions::of(text);
        let off = lints.map(|name| suppressions.allow(Lint::named(name).unwrap(), Level::Warn));
        let shown = |mistake: &Mistake| format!("{}: `{}`", mistake.message, mistake.span.slice(text));
        (off, suppressions.mistakes().iter().map(shown).collect())
    }

    #[test]
    fn comments_turn_off_names_codes_and_groups_wherever_they_are() {
        let lints = ["self-loop", "never-true"];
        for (text, off) in [
            ("/* edgeroute: allow(self-loop) */ FROM /messages/* INTO $upstream", [true, false]),
            ("/*edgeroute:allow( W0302 , never-true ) it is meant */FROM /* INTO $upstream", [true, true]),
            ("FROM /messages INTO $upstream /* a */ /* edgeroute: allow(topology) */", [true, false]),
            ("FROM /messages WHERE a = 'b' /* edgeroute: allow(ALL) */ INTO $upstream", [true, true]),
            ("/* edgeroute: allow(warnings) */ FROM /* INTO $upstream", [true, true]),
            ("FROM /messages WHERE a = '/* edgeroute: allow(all) */' INTO $upstream", [false, false]),
            ("/* edgeroute */ FROM /* INTO $upstream", [false, false]),
        ] {
            assert_eq!(read(text, lints), (off, Vec::new()), "{text}");
        }
    }

    #[test]
    fn what_turns_nothing_off_is_reported() {
        let mistakes = |comment: &str| read(&format!("/*{comment}*/ FROM /* INTO $upstream"), ["self-loop"; 2]).1;
        assert_eq!(
            mistakes(" edgeroute: allow(self-lop, E0201, , self-loop, zzzzzzzzz) "),
            [
                "unknown lint `self-lop`, did you mean `self-loop`?: `self-lop`",
                "E0201 is an error, which cannot be turned off: `E0201`",
                "expected the name of a lint: ``",
                "unknown lint `zzzzzzzzz`: `zzzzzzzzz`",
            ]
        );
        for comment in
            ["edgeroute: self-loop", "edgeroute: allow self-loop", "edgeroute: allow(self-loop", "edgeroute:"]
        {
            assert_eq!(mistakes(comment), ["expected `allow(LINT)` after `edgeroute:`: `edgeroute:`"], "{comment}");
        }
        assert_eq!(mistakes(" edgeroute allow(self-loop) "), ["a directive begins with `edgeroute:`: `edgeroute`"]);
        let swallowed = read("FROM /messages/* /* edgeroute: allow(self-loop) */ INTO $upstream", ["self-loop"; 2]);
        assert_eq!(
            swallowed,
            ([false; 2], vec!["`edgeroute:` is not at the start of its comment: `edgeroute:`".to_owned()])
        );
    }
}
