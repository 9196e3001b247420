use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;

lint! {
    /// A `*` that is not at the end of a source.
    ///
    /// # Why
    /// A `*` is a wildcard only at the end of a source.
    /// Elsewhere it is a name like any other:
    /// `/messages/modules/*/outputs/alarm` takes the messages of a module whose id is `*`, which no module has.
    ///
    /// # Example
    /// ```route W0107
    /// FROM /messages/modules/*/outputs/alarm INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/modules/* WHERE $outputName = 'alarm' INTO $upstream
    /// ```
    Lint {
        code: Code::StarInSource,
        name: "star-in-source",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let pattern = subject.typed.source.as_str();
    let (Some(source), true) = (&subject.tree.source, pattern.contains('*')) else {
        return;
    };
    let at = subject.slice(source.span).find('*').and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    let star = Span::new(source.span.start() + at, source.span.start() + at + 1);
    let diagnostic = findings
        .diagnostic(star, "`*` in the middle of a source matches only itself")
        .with_label("not a wildcard here");
    let segments: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    let help = match segments.as_slice() {
        [messages, modules, "*", outputs, rest @ ..]
            if messages.eq_ignore_ascii_case("messages")
                && modules.eq_ignore_ascii_case("modules")
                && outputs.eq_ignore_ascii_case("outputs") =>
        {
            match rest {
                [] | ["*"] => "write `/messages/modules/* WHERE is_defined($outputName)`".to_owned(),
                [output] => format!("write `/messages/modules/* WHERE $outputName = '{output}'`"),
                _ => "test `$outputName` in the condition".to_owned(),
            }
        }
        _ => "shorten the source to the part before the `*`, and test the rest in the condition".to_owned(),
    };
    findings.add(subject.index, diagnostic.with_help(help));
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`*` in the middle of a source matches only itself: `*`";
        check(
            "star-in-source",
            &[
                ("FROM /messages/modules/*/outputs/o INTO $upstream", message),
                ("FROM /messages/modules/sens*/outputs/* INTO $upstream", message),
            ],
            &["FROM /messages/* INTO $upstream", "FROM /messages/modules/m** INTO $upstream"],
        );
    }
}
