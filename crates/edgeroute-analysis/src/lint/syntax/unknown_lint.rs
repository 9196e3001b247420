use crate::lint::suppression::Suppressions;
use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// A comment for edgeroute that names no lint.
    ///
    /// # Why
    /// The comment `/* edgeroute: allow(LINT) */` turns lints off for one route.
    /// LINT is the name, code or group of a lint, or several with commas.
    /// A comment that names something else turns nothing off.
    /// The comment must come before `FROM`, or after a source that does not end in `/*`: that `/*` would open the comment.
    ///
    /// # Example
    /// ```route W0115
    /// /* edgeroute: allow(self-lop) */ FROM /messages/modules/a/* INTO BrokeredEndpoint("/modules/a/inputs/again")
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// /* edgeroute: allow(self-loop) */ FROM /messages/modules/a/* INTO BrokeredEndpoint("/modules/a/inputs/again")
    /// ```
    Lint {
        code: Code::UnknownLint,
        name: "unknown-lint",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for mistake in Suppressions::of(subject.text).mistakes() {
        let mut diagnostic = findings.diagnostic(mistake.span, mistake.message.as_str());
        diagnostic.help = mistake.help.map(str::to_owned);
        findings.add(subject.index, diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_names_that_are_no_lints() {
        check(
            "unknown-lint",
            &[
                (
                    "/* edgeroute: allow(self-lop, topology) */ FROM /* INTO $upstream",
                    "unknown lint `self-lop`, did you mean `self-loop`?: `self-lop`",
                ),
                (
                    "/* edgeroute: deny(all) */ FROM /* INTO $upstream",
                    "expected `allow(LINT)` after `edgeroute:`: `edgeroute:`",
                ),
                (
                    "FROM /messages/* /* edgeroute: allow(all) */ INTO $upstream",
                    "`edgeroute:` is not at the start of its comment: `edgeroute:`",
                ),
            ],
            &[
                "/* edgeroute: allow(self-loop, topology, W0201) because it is meant */ FROM /* INTO $upstream",
                "/* for edgeroute */ FROM /* INTO $upstream",
                "/* edgeroute: allow(unknown-lint, zzz) */ FROM /* INTO $upstream",
            ],
        );
    }
}
