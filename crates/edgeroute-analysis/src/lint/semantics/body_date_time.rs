use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{NodeId, NodeKind, Text};
use edgeroute_lang::span::Span;
use edgeroute_lang::text::is_date;

lint! {
    /// A body value compared with a date and time.
    ///
    /// # Why
    /// The hub reads a body string that looks like a date and time as a date, and dates are undefined in conditions.
    /// A message with a date there satisfies neither the comparison nor its negation.
    ///
    /// # Example
    /// ```route W0206
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.due > '2024-01-01T00:00:00Z' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// Send the time as a number, or as an application property, which stays a string:
    /// ```route
    /// FROM /messages/* WHERE due > '2024-01-01T00:00:00Z' INTO $upstream
    /// ```
    Lint {
        code: Code::BodyDateTime,
        name: "body-date-time",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        let NodeKind::Compare(_, left, right) = node.kind else {
            continue;
        };
        let found = match (body(subject, left), date(subject, right)) {
            (Some(body), Some(date)) => Some((body, date)),
            _ => body(subject, right).zip(date(subject, left)),
        };
        if let Some((body, date)) = found {
            let diagnostic = findings
                .diagnostic(date, "a body value is never a date and time; the hub treats dates as undefined")
                .with_label("a date and time")
                .with_secondary(body, "undefined if the body has a date here")
                .with_help("send it as a number, or as an application property");
            findings.add(subject.index, diagnostic);
        }
    }
}

fn body(subject: &CheckedRoute<'_>, id: NodeId) -> Option<Span> {
    subject.node(id).filter(|node| matches!(node.kind, NodeKind::Body { .. })).map(|node| node.span)
}

fn date(subject: &CheckedRoute<'_>, id: NodeId) -> Option<Span> {
    let NodeKind::ToValue(text) = subject.node(id)?.kind else {
        return None;
    };
    let node = subject.node(text)?;
    match &node.kind {
        NodeKind::Text(Text::WellFormed(text)) if is_date(text) => Some(node.span),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = "a body value is never a date and time; the hub treats dates as undefined";
        check_conditions(
            "body-date-time",
            &[
                ("$body.t > '2024-01-01T00:00:00Z'", &format!("{message}: `'2024-01-01T00:00:00Z'`")),
                ("'2024-01-01T00:00:00' = $body.t", &format!("{message}: `'2024-01-01T00:00:00'`")),
            ],
            &["t > '2024-01-01T00:00:00Z'", "$body.t > '2024-01-01'", "$body.t > '2024-01-01 00:00:00'", "$body.t > 5"],
        );
    }
}
