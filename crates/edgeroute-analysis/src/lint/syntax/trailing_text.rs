use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::TypedRoute;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::{Lexer, TokenKind};

lint! {
    /// Text after the sink of a route.
    ///
    /// # Why
    /// The hub reads a route up to the end of its sink and silently ignores the rest.
    /// A `WHERE` after `INTO` filters nothing: the route takes every message of its source.
    /// A second sink after the first receives nothing; write a route for each sink.
    ///
    /// # Example
    /// ```route W0105
    /// FROM /messages/* INTO $upstream WHERE level = 'critical'
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE level = 'critical' INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Removes text that is no condition and names no other sink, which changes nothing.
    Lint {
        code: Code::TrailingText,
        name: "trailing-text",
        level: Level::Warn,
        fixes: Some(Fixes::KeepMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let (Some(trailing), Some(sink)) = (subject.tree.trailing, &subject.tree.sink) else {
        return;
    };
    let text = subject.slice(trailing);
    let first = Lexer::new(text).next().map(|token| token.kind);
    let is_where = first == Some(TokenKind::Where);
    let kind = match first {
        Some(TokenKind::Where) => Trailing::Condition,
        _ if names_sink(text) => Trailing::Sink,
        Some(TokenKind::And | TokenKind::Or) => Trailing::Condition,
        _ => Trailing::Other,
    };
    let message = match kind {
        Trailing::Condition if is_where => "a WHERE after INTO is ignored",
        Trailing::Sink => "a second sink is ignored",
        Trailing::Condition | Trailing::Other => "text after the sink is ignored",
    };
    let diagnostic = findings.diagnostic(trailing, message).with_label("the hub ignores this");
    let rest = Span::new(sink.span.end(), trailing.end());
    let diagnostic = match (kind, &subject.tree.condition, &subject.tree.source) {
        (Trailing::Condition, None, Some(source)) if is_where => {
            let sink = subject.slice(sink.span);
            let meant = format!("FROM {} {text} INTO {sink}", subject.slice(source.span));
            diagnostic.with_help(match TypedRoute::compile(&meant, subject.shadowing, subject.limits) {
                Ok(_) => format!("put the condition before INTO: `{meant}`"),
                Err(_) => "put the condition before INTO".to_owned(),
            })
        }
        (Trailing::Condition, ..) => {
            diagnostic.with_help("a route has only one WHERE, before INTO; join conditions with `and`")
        }
        (Trailing::Sink, ..) if text.starts_with('(') => diagnostic
            .with_help(format!("`{}` takes no address; write `BrokeredEndpoint{text}`", subject.slice(sink.span))),
        (Trailing::Sink, ..) => diagnostic.with_help("a route has one sink; write a route for each sink"),
        (Trailing::Other, ..) => findings.fix(subject, diagnostic.with_help("remove it"), rest, ""),
    };
    findings.add(subject.index, diagnostic);
}

/// What the text after a sink looks like.
#[derive(Copy, Clone)]
enum Trailing {
    Condition,
    Sink,
    Other,
}

/// Whether the text contains a keyword, a name or an address of a sink.
fn names_sink(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["brokeredendpoint", "$upstream", "/modules/"].iter().any(|part| text.contains(part))
        || Lexer::new(&text).any(|token| token.kind == TokenKind::Into)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check(
            "trailing-text",
            &[
                ("FROM /* INTO $upstream;", "text after the sink is ignored: `;` -> FROM /* INTO $upstream"),
                (
                    "FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i')  all of it ",
                    "text after the sink is ignored: `all of it` -> FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i') ",
                ),
                (
                    "FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i')\u{a0}",
                    "text after the sink is ignored: `\u{a0}` -> FROM /* INTO BrokeredEndpoint('/modules/m/inputs/i')",
                ),
                (
                    "FROM /* INTO $upstream, BrokeredEndpoint('/modules/b/inputs/i')",
                    "a second sink is ignored: `, BrokeredEndpoint('/modules/b/inputs/i')`",
                ),
                ("FROM /* INTO $upstream AND $upstream", "a second sink is ignored: `AND $upstream`"),
                ("FROM /* INTO $upstream into elsewhere", "a second sink is ignored: `into elsewhere`"),
                (
                    "FROM /* INTO $upstream('/modules/b/inputs/i')",
                    "a second sink is ignored: `('/modules/b/inputs/i')`",
                ),
                ("FROM /* INTO $upstream and a = 'b'", "text after the sink is ignored: `and a = 'b'`"),
                ("FROM /* INTO $upstream where a = 'b'", "a WHERE after INTO is ignored: `where a = 'b'`"),
            ],
            &["FROM /* INTO $upstream", "FROM /* INTO $upstream  ", "FROM /messages INTO $upstream /* all */"],
        );
    }
}
