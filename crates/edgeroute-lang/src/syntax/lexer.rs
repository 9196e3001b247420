//! Splits route text into tokens by the longest match.
//!
//! At each position every token rule of `grammar/tokens.ebnf` is a candidate. The longest match wins, and of equally
//! long matches the rule that the grammar lists first. So `a-b`, `5%2` and `'b'and` are one name each, and `"b"and` is
//! two tokens. The first byte decides which rules can match, so only a few are tried.
//!
//! A lexer is an iterator that ends with one [`TokenKind::Eof`]. It takes time linear in the text and does not
//! allocate; it skips white space and comments.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::combinator::{all_consuming, opt, recognize};
use nom::multi::many0_count;
use nom::{IResult, Parser};

use super::token::{Token, TokenKind};
use crate::span::Span;
use crate::steps;

/// The rest of the text. Every byte that ends a token is ASCII, so tokens end on character boundaries.
type Input<'t> = &'t [u8];

/// Iterates over the tokens of a text.
///
/// ```
/// use edgeroute_lang::syntax::{Lexer, TokenKind};
///
/// let kinds: Vec<TokenKind> = Lexer::new("a-b - 'c'").map(|token| token.kind).collect();
/// assert_eq!(kinds, [TokenKind::Id, TokenKind::Minus, TokenKind::String, TokenKind::Eof]);
/// ```
#[derive(Clone, Debug)]
pub struct Lexer<'t> {
    text: &'t str,
    /// `at <= text.len()`
    at: usize,
    /// Whether no `*/` follows, so that a text with many `/*` is searched only once.
    has_no_comment_end: bool,
    first_comment: Option<Span>,
    is_done: bool,
}

impl<'t> Lexer<'t> {
    /// Starts at the beginning of `text`, which must be shorter than 4 GiB.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, has_no_comment_end: false, first_comment: None, is_done: false }
    }

    /// Returns the first comment that has been skipped so far.
    #[must_use]
    pub fn first_comment(&self) -> Option<Span> {
        self.first_comment
    }

    /// Returns the next token; always [`TokenKind::Eof`] at the end.
    pub fn next_token(&mut self) -> Token {
        self.skip_space_and_comments();
        let rest = self.rest();
        let (kind, length) = match rest.first() {
            None => (TokenKind::Eof, 0),
            Some(&first) => {
                steps::step();
                longest_match(first, rest)
            }
        };
        let span = Span::from_range(self.at..self.at + length);
        self.at += length;
        Token { kind, span }
    }

    fn rest(&self) -> Input<'t> {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let space = run(rest, SPACE);
            steps::bytes(space);
            self.at += space;
            if !matches!(rest.get(space..), Some([b'/', b'*', ..])) {
                return;
            }
            let Some(end) = self.comment_end(self.at + 2) else {
                return;
            };
            self.first_comment.get_or_insert(Span::from_range(self.at..end));
            self.at = end;
        }
    }

    /// Returns the end of the first `*/` that starts at `from` or later.
    fn comment_end(&mut self, from: usize) -> Option<usize> {
        if self.has_no_comment_end {
            return None;
        }
        // Searching for one byte is faster than searching for two.
        let rest = self.text.get(from..)?;
        let is_end = |&(at, _): &(usize, &str)| rest.as_bytes().get(at + 1) == Some(&b'/');
        let found = rest.match_indices('*').find(is_end);
        steps::bytes(found.map_or(rest.len(), |(at, _)| at));
        self.has_no_comment_end = found.is_none();
        found.map(|(at, _)| from + at + 2)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.is_done {
            return None;
        }
        let token = self.next_token();
        self.is_done = token.kind == TokenKind::Eof;
        Some(token)
    }
}

/// Returns the longest token at the start of `rest`, whose first byte is `first` and not white space.
fn longest_match(first: u8, rest: Input<'_>) -> (TokenKind, usize) {
    let second = rest.get(1).copied();
    match first {
        b'(' => (TokenKind::OpenParenthesis, 1),
        b')' => (TokenKind::CloseParenthesis, 1),
        b',' => (TokenKind::Comma, 1),
        b'{' => (TokenKind::OpenBrace, 1),
        b'}' => (TokenKind::CloseBrace, 1),
        // Comments have been skipped already.
        b'/' => (TokenKind::Slash, 1),
        b'=' => (TokenKind::Equal, 1),
        b'<' => match second {
            Some(b'=') => (TokenKind::LessOrEqual, 2),
            Some(b'>') => (TokenKind::NotEqual, 2),
            _ => (TokenKind::Less, 1),
        },
        b'>' => match second {
            Some(b'=') => (TokenKind::GreaterOrEqual, 2),
            _ => (TokenKind::Greater, 1),
        },
        b'?' if second == Some(b'?') => (TokenKind::Coalesce, 2),
        b'?' | b'@' | b':' | b';' | b'\\' => (TokenKind::Unknown, 1),
        b'"' => quoted(first, rest),
        // `'` opens a string, and is a name character too.
        b'\'' => or_longer_word(quoted(first, rest), rest),
        b'!' if second == Some(b'=') => or_longer_word((TokenKind::NotEqual, 2), rest),
        _ => word(rest),
    }
}

/// Returns the candidate, or the word that starts there if it is longer: the grammar lists the rules of words last.
fn or_longer_word(candidate: (TokenKind, usize), rest: Input<'_>) -> (TokenKind, usize) {
    let word_length = run(rest, WORD);
    steps::bytes(word_length);
    if word_length > candidate.1 { word(rest) } else { candidate }
}

/// Returns a string, or an unterminated one. If the closed form matches, it is the longer of the two.
fn quoted(quote: u8, rest: Input<'_>) -> (TokenKind, usize) {
    // Most strings have no escape, so the next quote is the end.
    let inner = rest.iter().skip(1).position(|&byte| byte == quote || byte == b'\\');
    steps::bytes(inner.unwrap_or(rest.len()));
    if let Some(end) = inner.map(|length| length + 1).filter(|&end| rest.get(end) == Some(&quote)) {
        return (TokenKind::String, end + 1);
    }
    let matched: IResult<_, _> =
        recognize((take_while_m_n(1, 1, |byte| byte == quote), many0_count(alt((plain(quote), escape))))).parse(rest);
    let length = matched.map_or(1, |(_, open): (_, Input<'_>)| open.len());
    steps::bytes(length);
    if rest.get(length) == Some(&quote) {
        (TokenKind::String, length + 1)
    } else {
        (TokenKind::UnterminatedString, length)
    }
}

/// Characters of a string that need no escape.
fn plain<'t>(quote: u8) -> impl Parser<Input<'t>, Output = Input<'t>, Error = nom::error::Error<Input<'t>>> {
    take_while1(move |byte| byte != quote && byte != b'\\')
}

/// `\"`, `\'`, `\\` or `\uXXXX`.
fn escape(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    alt((
        tag(b"\\\"".as_slice()),
        tag(b"\\'".as_slice()),
        tag(b"\\\\".as_slice()),
        recognize((tag(b"\\u".as_slice()), take_while_m_n(4, 4, |byte: u8| byte.is_ascii_hexdigit()))),
    ))
    .parse(input)
}

/// A run of name characters and brackets. Every rule except those of strings and punctuation matches within it, and
/// only a match of the whole run can be the longest.
fn word(rest: Input<'_>) -> (TokenKind, usize) {
    // The classes that contain all of its bytes.
    let mut common = u8::MAX;
    let mut length = 0;
    for &byte in rest {
        let classes = CLASSES[usize::from(byte)];
        if classes & WORD == 0 {
            break;
        }
        common &= classes;
        length += 1;
    }
    steps::bytes(length);
    (rest.get(..length).map_or(TokenKind::Unknown, |word| classify(word, common)), length)
}

/// Returns the kind of a word, whose bytes are all in `classes`.
fn classify(word: Input<'_>, classes: u8) -> TokenKind {
    match word {
        [b'$', _, ..] => TokenKind::SystemProperty,
        _ if classes & NAME == 0 => TokenKind::BracketPath,
        _ if classes & DIGIT != 0 => TokenKind::Integer,
        b"+" => TokenKind::Plus,
        b"-" => TokenKind::Minus,
        b"*" => TokenKind::Star,
        b"%" => TokenKind::Percent,
        b"||" => TokenKind::Concat,
        [b'0'..=b'9' | b'-' | b'.' | b'e' | b'E', ..] => number(word).unwrap_or(TokenKind::Id),
        _ => keyword(word).unwrap_or(TokenKind::Id),
    }
}

fn number(word: Input<'_>) -> Option<TokenKind> {
    fn whole<'t>(rule: impl Parser<Input<'t>, Error = nom::error::Error<Input<'t>>>, word: Input<'t>) -> bool {
        all_consuming(rule).parse(word).is_ok()
    }
    if whole(integer, word) {
        Some(TokenKind::Integer)
    } else if whole(hex, word) {
        Some(TokenKind::Hex)
    } else if whole(real, word) {
        Some(TokenKind::Real)
    } else {
        None
    }
}

fn digits0(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    take_while(|byte: u8| byte.is_ascii_digit()).parse(input)
}

fn digits1(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    take_while1(|byte: u8| byte.is_ascii_digit()).parse(input)
}

fn minus(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    tag(b"-".as_slice()).parse(input)
}

fn integer(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    recognize((opt(minus), digits1)).parse(input)
}

fn hex(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    let prefix = alt((tag(b"0x".as_slice()), tag(b"0X".as_slice())));
    recognize((prefix, take_while1(|byte: u8| byte.is_ascii_hexdigit()))).parse(input)
}

fn real(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    let with_point = recognize((opt(minus), digits0, tag(b".".as_slice()), digits1, opt(exponent)));
    let with_exponent = recognize((opt(minus), digits0, exponent));
    alt((with_point, with_exponent)).parse(input)
}

fn exponent(input: Input<'_>) -> IResult<Input<'_>, Input<'_>> {
    let sign = take_while_m_n(0, 1, |byte: u8| matches!(byte, b'+' | b'-'));
    recognize((take_while_m_n(1, 1, |byte: u8| matches!(byte, b'e' | b'E')), sign, digits1)).parse(input)
}

fn keyword(word: Input<'_>) -> Option<TokenKind> {
    let any_case = |keyword: &[u8], kind| word.eq_ignore_ascii_case(keyword).then_some(kind);
    match word.len() {
        2 => any_case(b"or", TokenKind::Or),
        3 => any_case(b"and", TokenKind::And).or_else(|| any_case(b"not", TokenKind::Not)),
        // Constants are case-sensitive (SEMANTICS#constants).
        4 if word == b"true" => Some(TokenKind::True),
        4 if word == b"null" => Some(TokenKind::Null),
        4 => any_case(b"from", TokenKind::From).or_else(|| any_case(b"into", TokenKind::Into)),
        5 if word == b"false" => Some(TokenKind::False),
        5 => any_case(b"where", TokenKind::Where),
        6 => any_case(b"select", TokenKind::Select),
        9 if word == b"undefined" => Some(TokenKind::Undefined),
        _ => None,
    }
}

/// White space.
const SPACE: u8 = 1;
/// Name characters: all of Unicode except the language's punctuation.
const NAME: u8 = 2;
/// Name characters and brackets.
const WORD: u8 = 4;
const DIGIT: u8 = 8;

/// The classes of each byte.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => SPACE,
            b'(' | b')' | b'<' | b'>' | b'@' | b',' | b';' | b':' | b'\\' | b'"' | b'/' | b'?' | b'=' | b'{' | b'}' => {
                0
            }
            b'[' | b']' => WORD,
            b'0'..=b'9' => NAME | WORD | DIGIT,
            _ => NAME | WORD,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

/// Counts the bytes at the start of `rest` that are in `class`.
fn run(rest: Input<'_>, class: u8) -> usize {
    rest.iter().position(|&byte| CLASSES[usize::from(byte)] & class == 0).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        Lexer::new(text).map(|token| token.kind).filter(|&kind| kind != Eof).collect()
    }

    #[test]
    fn an_operator_that_touches_a_name_is_part_of_it() {
        for text in [
            "a-b", "3-4", "5%2", "a||b", "+5", "-x", "-$x", "-0x10", "**", "5.", "1e", "5and", "it's", "'a'||'b'",
            "'b'and",
        ] {
            assert_eq!(kinds(text), [Id], "{text}");
        }
        assert_eq!(kinds("a *5"), [Id, Id]);
        assert_eq!(kinds("a!=b"), [Id, Equal, Id]);
        assert_eq!(kinds("a !=b"), [Id, NotEqual, Id]);
        assert_eq!(kinds("\"b\"and"), [String, And]);
        assert_eq!(kinds("-(5)"), [Minus, OpenParenthesis, Integer, CloseParenthesis]);
        assert_eq!(kinds("- x"), [Minus, Id]);
        assert_eq!(kinds("a\u{a0}b \u{c}"), [Id, Id]);
    }

    #[test]
    fn numbers_match_whole_words_only() {
        assert_eq!(kinds("5 -5 0x1F 0X0"), [Integer, Integer, Hex, Hex]);
        assert_eq!(kinds("1.5 -.5 .5e3 1e5 e5 -e5 E1 1e+5 1.5E-3"), [Real; 9]);
        assert_eq!(kinds("0x 0xg 1e+ . -. --5 1.5.5 e"), [Id; 8]);
    }

    #[test]
    fn keywords_ignore_case_and_constants_do_not() {
        assert_eq!(kinds("SELECT From wHERE into AND Or nOt"), [Select, From, Where, Into, And, Or, Not]);
        assert_eq!(kinds("true false null undefined"), [True, False, Null, Undefined]);
        assert_eq!(kinds("TRUE False NULL Undefined"), [Id; 4]);
    }

    #[test]
    fn system_properties_and_bracket_paths() {
        assert_eq!(kinds("$body.x-1 $x||'b' $$q $a[0]"), [SystemProperty; 4]);
        assert_eq!(kinds("$"), [Id]);
        assert_eq!(kinds("a[0] ] 'a'[0] true[ 5["), [BracketPath; 5]);
        assert_eq!(kinds("{$a}"), [OpenBrace, SystemProperty, CloseBrace]);
    }

    #[test]
    fn strings_take_known_escapes_only() {
        assert_eq!(kinds(r#"'a\'b' "a\"b" 'a\\' '\u00e9' 'a"b' "it's" "\"" '\'a'"#), [String; 8]);
        assert_eq!(kinds("'a\nb'"), [String]);
        assert_eq!(kinds(r"'a\q'"), [UnterminatedString, Unknown, Id]);
        assert_eq!(kinds(r"'a\u12'"), [UnterminatedString, Unknown, Id]);
        assert_eq!(kinds("'a = b"), [UnterminatedString]);
        assert_eq!(kinds("'a'='b'"), [String, Equal, String]);
        assert_eq!(kinds("\"a"), [UnterminatedString]);
    }

    #[test]
    fn comments_end_at_the_first_close_even_within_a_string() {
        assert_eq!(kinds("a /* b */ c"), [Id, Id]);
        assert_eq!(kinds("a /* '*/' "), [Id, UnterminatedString]);
        assert_eq!(kinds("/*/"), [Slash, Star, Slash]);
        assert_eq!(kinds("/* a"), [Slash, Star, Id]);
        assert_eq!(kinds("/**/a/*b*/"), [Id]);
        assert_eq!(kinds("a /*b*//*c*/ d /*"), [Id, Id, Slash, Star]);
        let comment = |text| {
            let mut lexer = Lexer::new(text);
            lexer.by_ref().for_each(drop);
            lexer.first_comment()
        };
        assert_eq!(comment("a /*b*/ /*c*/"), Some(Span::new(2, 7)));
        assert_eq!(comment("a"), None);
    }

    #[test]
    fn unknown_characters() {
        assert_eq!(kinds("@ : ; \\ ?"), [Unknown; 5]);
        assert_eq!(kinds("a ?? b ???"), [Id, Coalesce, Id, Coalesce, Unknown]);
    }

    #[test]
    fn tokens_and_what_lies_between_cover_the_text() {
        let text = "FROM /a WHERE é = '\u{1F600}' INTO $x";
        let mut end = 0;
        for token in Lexer::new(text) {
            assert!(token.span.start() >= end);
            assert!(text.is_char_boundary(token.span.range().start) && text.is_char_boundary(token.span.range().end));
            end = token.span.end();
        }
        assert_eq!(end as usize, text.len());
    }
}
