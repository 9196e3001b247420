use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::{Lexer, TokenKind};

lint! {
    /// Text after the sink of a route.
    ///
    /// # Why
    /// The hub reads a route up to the end of its sink and silently ignores the rest.
    /// A `WHERE` after `INTO` filters nothing: the route takes every message of its source.
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
    /// Removes text that is not a `WHERE`, which changes nothing.
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
    let is_where = Lexer::new(text).next().is_some_and(|token| token.kind == TokenKind::Where);
    let message = if is_where { "a WHERE after INTO is ignored" } else { "text after the sink is ignored" };
    let diagnostic = findings.diagnostic(trailing, message).with_label("the hub ignores this");
    let rest = Span::new(sink.span.end(), trailing.end());
    let diagnostic = match (is_where, &subject.tree.condition, &subject.tree.source) {
        (true, None, Some(source)) => {
            let path = subject.slice(source.span);
            diagnostic.with_help(format!("put the condition before INTO: `FROM {path} {text} INTO ...`"))
        }
        (true, ..) => diagnostic.with_help("a route has only one WHERE, before INTO; join conditions with `and`"),
        (false, ..) => findings.fix(subject, diagnostic.with_help("remove it"), rest, ""),
    };
    findings.add(subject.index, diagnostic);
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
                ("FROM /* INTO $upstream where a = 'b'", "a WHERE after INTO is ignored: `where a = 'b'`"),
            ],
            &["FROM /* INTO $upstream", "FROM /* INTO $upstream  ", "FROM /messages INTO $upstream /* all */"],
        );
    }
}
