use crate::lint::semantics::unknown_system_property::system_name;
use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{Comparison, Node, NodeId, NodeKind, Property, Text};
use edgeroute_lang::span::Span;
use edgeroute_lang::text::eq_ignore_case;

lint! {
    /// A body query combined with a test for another content type.
    ///
    /// # Why
    /// A body can be queried only if `contentType` is exactly `application/json`, without parameters,
    /// and `contentEncoding` is `utf-8`, `utf-16` or `utf-32`, in upper or lower case.
    /// A condition that requires any other value and queries the body is never true,
    /// unless a sender adds an application property named `$contentType`, which takes precedence.
    ///
    /// # Example
    /// ```route W0212
    /// FROM /messages/* WHERE $contentType = 'application/json;charset=utf-8' and $body.level = 'critical' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.level = 'critical' INTO $upstream
    /// ```
    Lint {
        code: Code::WrongContentType,
        name: "wrong-content-type",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let conjuncts: Vec<Span> = subject.conjuncts().iter().map(|conjunct| conjunct.span).collect();
    for node in subject.nodes() {
        let Some(WrongTest { read, name, expected }) =
            wrong_test(subject, node).filter(|_| conjuncts.contains(&node.span))
        else {
            continue;
        };
        // Whether the query is in another operand of the same `and`.
        let is_beside = |query: &&Node<'_>| {
            let is_within = |part: &Span| part.start() <= query.span.start() && query.span.end() <= part.end();
            matches!(query.kind, NodeKind::Body { .. })
                && conjuncts.iter().any(|part| part != &node.span && is_within(part))
        };
        if let Some(query) = subject.nodes().find(is_beside) {
            let undefined = match read {
                Property::ApplicationOrSystem(_) => {
                    format!("this is undefined unless a sender adds an application property `${name}`")
                }
                Property::Application(_) | Property::System(_) => "this is undefined".to_owned(),
            };
            let diagnostic = findings
                .diagnostic(node.span, format!("a body whose `{name}` is not {expected} cannot be queried"))
                .with_label("if this is true")
                .with_secondary(query.span, undefined)
                .with_help(format!("test for {expected}; the hub reads no other bodies"));
            findings.add(subject.index, diagnostic);
        }
    }
}

/// A comparison of a property with a value that rules out body queries.
struct WrongTest<'r> {
    read: Property<'r>,
    name: &'static str,
    /// The value that body queries require.
    expected: &'static str,
}

fn wrong_test<'r>(subject: &CheckedRoute<'r>, node: &Node<'_>) -> Option<WrongTest<'r>> {
    let NodeKind::Compare(Comparison::Equal, left, right) = node.kind else {
        return None;
    };
    let (read, text) = match (property(subject, left), text(subject, right)) {
        (Some(read), Some(text)) => (read, text),
        _ => (property(subject, right)?, text(subject, left)?),
    };
    let name = system_name(&NodeKind::Property(read))?;
    let is_one_of = |known: &[&str]| known.iter().any(|known| eq_ignore_case(known, text));
    if eq_ignore_case(name, "contentType") && !is_one_of(&["application/json"]) {
        return Some(WrongTest { read, name: "contentType", expected: "`application/json`" });
    }
    if eq_ignore_case(name, "contentEncoding") && !is_one_of(&["utf-8", "utf-16", "utf-32"]) {
        return Some(WrongTest { read, name: "contentEncoding", expected: "`utf-8`, `utf-16` or `utf-32`" });
    }
    None
}

fn property<'r>(subject: &CheckedRoute<'r>, id: NodeId) -> Option<Property<'r>> {
    match subject.node(id)?.kind {
        NodeKind::Property(property) => Some(property),
        _ => None,
    }
}

fn text<'s>(subject: &'s CheckedRoute<'_>, id: NodeId) -> Option<&'s str> {
    match &subject.node(id)?.kind {
        NodeKind::Text(Text::WellFormed(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check_conditions, said};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "wrong-content-type",
            &[
                (
                    "$contentType = 'application/json;charset=utf-8' and $body.a = 5",
                    "a body whose `contentType` is not `application/json` cannot be queried: `$contentType = \
                     'application/json;charset=utf-8'`",
                ),
                (
                    "a = 'x' and ($body.a = 5 and 'UTF8' = $contentEncoding)",
                    "a body whose `contentEncoding` is not `utf-8`, `utf-16` or `utf-32` cannot be queried: `'UTF8' = \
                     $contentEncoding`",
                ),
            ],
            &[
                "$contentType = 'APPLICATION/JSON' and $contentEncoding = 'UTF-16' and $body.a = 5",
                "$contentType = 'text/plain' or $body.a = 5",
                "$contentType = 'text/plain' and a = 'x'",
                "$contentType != 'text/plain' and $body.a = 5",
            ],
        );
    }

    /// Regression found by `lints_are_sound`: an application property named `$contentType` takes precedence over the system
    /// property, and says nothing about the body.
    #[test]
    fn wrong_content_type_considers_what_senders_may_add() {
        let said_of = |condition: &str| {
            let route = format!("r: FROM /* WHERE {condition} and $body.a = 5 INTO $upstream");
            said("wrong-content-type", None, &[&route]).join("")
        };
        let shadowed = "this is undefined unless a sender adds an application property `$contentType`: $body.a";
        assert!(
            said_of("$contentType = 'text/plain'").ends_with(shadowed),
            "{}",
            said_of("$contentType = 'text/plain'")
        );
        assert!(said_of("{$contentType} = 'text/plain'").ends_with("this is undefined: $body.a"));
    }
}
