use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::{Lexer, TokenKind};

lint! {
    /// A comment that begins in the middle of a source.
    ///
    /// # Why
    /// `/*` opens a comment wherever a `*/` follows, also in `/messages/*`.
    /// The text between them is not part of the route: `/messages/*/outputs/*/` is `/messages`, which takes every message.
    ///
    /// # Example
    /// ```route W0106
    /// FROM /messages/*/outputs/alarm*/ INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/modules/* WHERE $outputName = 'alarm' INTO $upstream
    /// ```
    Lint {
        code: Code::CommentInSource,
        name: "comment-in-source",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let Some(source) = &subject.tree.source else {
        return;
    };
    let mut last_end = source.span.start();
    for token in Lexer::new(subject.text).skip_while(|token| token.span.start() < source.span.start()) {
        let between = Span::new(last_end, token.span.start());
        // An intended comment has a space before it.
        if subject.slice(between).starts_with("/*") {
            let comment = Span::new(between.start(), between.start() + comment_length(subject.slice(between)));
            let diagnostic = findings
                .diagnostic(comment, "`/*` opens a comment here, and the first `*/` ends it")
                .with_label("not part of the source")
                .with_secondary(source.span, format!("the source is `{}`", source.path));
            findings.add(subject.index, diagnostic.with_help("if you mean a comment, put a space before it"));
            return;
        }
        last_end = token.span.end();
        if matches!(token.kind, TokenKind::Where | TokenKind::Into | TokenKind::Eof) {
            return;
        }
    }
}

fn comment_length(text: &str) -> u32 {
    let end = text.get(2..).and_then(|inner| inner.find("*/")).map_or(text.len(), |end| end + 4);
    Span::from_range(0..end).len()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`/*` opens a comment here, and the first `*/` ends it";
        check(
            "comment-in-source",
            &[
                ("FROM /messages/*/outputs/o*/ INTO $upstream", &format!("{message}: `/*/outputs/o*/`")),
                ("FROM /messages/* WHERE a = '*/ INTO $upstream", &format!("{message}: `/* WHERE a = '*/`")),
            ],
            &[
                "FROM /messages/* INTO $upstream",
                "FROM /messages /* all */ INTO $upstream",
                "FROM /messages WHERE a/**/= 'b' INTO $upstream",
            ],
        );
    }
}
