//! Checks that the parser is total, and that its results refer to the given text.

use edgeroute_lang::diagnostic::Diagnostic;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{Condition, Route, SinkKind};
use edgeroute_lang::syntax::{Lexer, Parsed, TokenKind, parse_condition, parse_route};
use proptest::prelude::*;

use edgeroute_testkit::strategies::texts;

fn assert_within(text: &str, span: Span) {
    assert!(text.get(span.range()).is_some(), "{span:?} is not within, or not between characters of, {text:?}");
}

fn assert_errors_within(text: &str, errors: &[Diagnostic]) {
    for error in errors {
        assert_within(text, error.primary.span);
        error.secondary.iter().for_each(|label| assert_within(text, label.span));
        error.fix.iter().for_each(|fix| assert_within(text, fix.span));
        assert!(!error.message.is_empty() && !error.message.ends_with('.'), "{}", error.message);
    }
}

fn assert_condition_within(text: &str, condition: &Condition<'_>) {
    assert_within(text, condition.span());
    condition.ignored().into_iter().for_each(|span| assert_within(text, span));
    for (_, expression) in condition.expressions() {
        assert_within(text, expression.span);
    }
}

fn assert_route_within(text: &str, parsed: &Parsed<Route<'_>>) {
    assert_errors_within(text, &parsed.errors);
    let route = &parsed.tree;
    let spans = [route.select, route.trailing, route.source.as_ref().map(|source| source.span)];
    spans.into_iter().flatten().for_each(|span| assert_within(text, span));
    if let Some(sink) = &route.sink {
        assert_within(text, sink.span);
        if let SinkKind::Function { name, name_span, address, address_span } = sink.kind {
            assert_eq!((name_span.slice(text), address_span.slice(text)), (name, address));
        }
    }
    if let Some(condition) = &route.condition {
        assert_condition_within(text, condition);
    }
    if parsed.errors.is_empty() {
        assert!(route.source.is_some() && route.sink.is_some(), "a route without errors has all its parts: {text:?}");
    }
}

fn assert_total(text: &str) {
    let limits = Limits::default();
    assert_route_within(text, &parse_route(text, &limits));
    let parsed = parse_condition(text, &limits);
    assert_errors_within(text, &parsed.errors);
    assert_condition_within(text, &parsed.tree);
}

proptest! {
    #![proptest_config(edgeroute_testkit::proptest_config(400))]

    #[test]
    fn every_prefix_of_a_route_parses_with_its_spans_in_bounds(text in texts::route()) {
        for (end, _) in text.char_indices() {
            assert_total(&text[..end]);
        }
        prop_assert_eq!(parse_route(&text, &Limits::default()).errors, []);
    }

    #[test]
    fn any_text_parses_with_its_spans_in_bounds(text in texts::anything()) {
        assert_total(&text);
    }

    #[test]
    fn tokens_come_in_order_and_end_with_the_text(text in texts::anything()) {
        let mut end = 0;
        for token in Lexer::new(&text) {
            prop_assert!(token.span.range().start >= end);
            assert_within(&text, token.span);
            prop_assert_eq!(token.span.is_empty(), token.kind == TokenKind::Eof);
            end = token.span.range().end;
        }
        prop_assert_eq!(end, text.len());
    }

    /// A standalone condition is parsed like one in a route, up to where the route's condition would have to end.
    #[test]
    fn a_condition_means_alone_what_it_means_in_a_route(text in texts::condition()) {
        let limits = Limits::default();
        let route_text = format!("FROM /a WHERE {text} INTO $upstream");
        let in_route = parse_route(&route_text, &limits);
        let alone = parse_condition(&text, &limits);
        prop_assert_eq!(&in_route.errors, &[]);
        prop_assert_eq!(&alone.errors, &[]);
        prop_assert!(in_route.tree.condition.is_some_and(|condition| condition.eq_ignoring_spans(&alone.tree)));
    }
}
