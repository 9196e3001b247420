use crate::lint::semantics::unknown_system_property::{is_of_twin, system_name};
use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;

lint! {
    /// A twin query, which routes of the edge hub do not support.
    ///
    /// # Why
    /// Routes in the cloud can query `$twin.tags.site`.
    /// Routes of the edge hub read `$twin` as a system property, which no message has: it is undefined.
    ///
    /// # Example
    /// ```route W0208
    /// FROM /messages/* WHERE $twin.tags.site = 'plant1' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// Let the sender copy the value into a property of the message:
    /// ```route
    /// FROM /messages/* WHERE site = 'plant1' INTO $upstream
    /// ```
    Lint {
        code: Code::TwinQuery,
        name: "twin-query",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        if let Some(name) = system_name(&node.kind).filter(|name| is_of_twin(name)) {
            let diagnostic = findings
                .diagnostic(
                    node.span,
                    format!("`${name}` does not query a twin; routes of the edge hub cannot query twins"),
                )
                .with_label("a system property that no message has")
                .with_help("let the sender copy the value into a property of the message");
            findings.add(subject.index, diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "`$twin.tags.a` does not query a twin; routes of the edge hub cannot query twins";
        check_conditions(
            "twin-query",
            &[("$twin.tags.a = 'x'", &format!("{message}: `$twin.tags.a`"))],
            &["twin.tags.a = 'x'", "$body.twin.tags.a = 'x'", "$twinning = 'x'"],
        );
    }
}
