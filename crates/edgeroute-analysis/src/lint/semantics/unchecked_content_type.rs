use crate::lint::semantics::unknown_system_property::system_name;
use crate::lint::{CheckedRoute, Findings, Level, Pass, Related, RouteSetContext};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::NodeKind;
use edgeroute_lang::span::Span;
use edgeroute_lang::text::eq_ignore_case;

lint! {
    /// Routes that query the body without checking its content type.
    ///
    /// # Why
    /// The body of a message can be queried only if its sender has set the system property `contentType` to
    /// `application/json`
    /// and `contentEncoding` to `utf-8`, `utf-16` or `utf-32`.
    /// Otherwise every query is undefined, and the route silently does not match.
    /// Client libraries do not set these properties by default.
    /// A condition that checks them documents the requirement, and shows why a message was not delivered.
    ///
    /// This lint is off by default, because a condition need not check the content type.
    /// It reports all such routes in one finding.
    ///
    /// # Example
    /// ```route W0211
    /// FROM /messages/* WHERE $body.level = 'critical' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' and $body.level = 'critical' INTO $upstream
    /// ```
    Lint {
        code: Code::UncheckedContentType,
        name: "unchecked-content-type",
        level: Level::Allow,
        fixes: None,
        pass: Pass::Set(check),
    }
}

/// The most other routes that are pointed at.
const SHOWN: usize = 4;

fn check(set: &RouteSetContext<'_>, findings: &mut Findings<'_>) {
    let mut routes = set.subjects.iter().filter_map(|subject| Some((subject, untested_query(subject)?)));
    let Some((first, query)) = routes.next() else {
        return;
    };
    let others: Vec<(&CheckedRoute<'_>, Span)> = routes.collect();
    let message = "the body can be queried only if the sender sets `contentType` and `contentEncoding`";
    let diagnostic = findings
        .diagnostic(query, message)
        .with_label("otherwise undefined, so the route does not match")
        .with_help(
            "set `application/json` and `utf-8` in the sender, and check with `$contentType = 'application/json' and ...`",
        );
    let diagnostic = match others.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => {
            let help = diagnostic.help.clone().unwrap_or_default();
            let routes = if more == 1 { "route" } else { "routes" };
            diagnostic.with_help(format!("{help} (and in {more} more {routes})"))
        }
        _ => diagnostic,
    };
    let related = others.into_iter().take(SHOWN).map(|(subject, span)| Related {
        route: subject.index,
        span,
        text: "also here".to_owned(),
    });
    findings.add_related(first.index, diagnostic, related.collect());
}

/// The first body query of a route that does not check the content type. Twin changes always have a content type.
fn untested_query(subject: &CheckedRoute<'_>) -> Option<Span> {
    if subject.typed.source.is_twin_changes() {
        return None;
    }
    let is_asked = subject.nodes().any(|node| {
        system_name(&node.kind)
            .is_some_and(|name| eq_ignore_case(name, "contentType") || eq_ignore_case(name, "contentEncoding"))
    });
    let query = subject.nodes().find(|node| matches!(node.kind, NodeKind::Body { .. }))?;
    (!is_asked).then_some(query.span)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check_conditions, said};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "unchecked-content-type",
            &[(
                "$body.a = 5 and $body.b = 6",
                "the body can be queried only if the sender sets `contentType` and `contentEncoding`: `$body.a`",
            )],
            &["$contentType = 'application/json' and $body.a = 5", "a = 'x'"],
        );
        let routes: Vec<String> =
            (0..8).map(|number| format!("r{number}: FROM /* WHERE $body.a = {number} INTO $upstream")).collect();
        let found = said("unchecked-content-type", None, &routes.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].matches("also here").count(), 4);
    }
}
