use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::{Code, quoted};
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{ExprKind, Literal, SinkKind};
use edgeroute_lang::syntax::placeholder::{placeholder_in_segment, placeholders_in_string};

lint! {
    /// A template placeholder where the hub takes it verbatim.
    ///
    /// # Why
    /// Within quotes a placeholder such as `${MODULE}` is valid text.
    /// If no tool replaces it, the hub sends to a module with the name `${MODULE}`, or compares with the string `${SITE}`.
    /// The hub reports neither.
    ///
    /// In strings, the lint reports `${X}`, `{{x}}`, `{% x %}`, `<% x %>`, `#{X}` and `$(X)`.
    /// In endpoint addresses and sources, it also reports `<X>` anywhere,
    /// and `%X%`, `__X__`, `@X@`, `$X`, `{x}` and `[x]` as a whole segment.
    /// It does not report these in strings, because a property may have such a value.
    ///
    /// # Example
    /// ```route W0112
    /// FROM /messages/* WHERE site = '${SITE}' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE site = 'plant1' INTO $upstream
    /// ```
    Lint {
        code: Code::PlaceholderInString,
        name: "placeholder-in-string",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    if let Some(source) = &subject.tree.source {
        let text = subject.slice(source.span);
        // In a source with a comment, segments are not separated by slashes alone.
        if !text.contains("*/") {
            check_segments(subject, text, source.span.start(), "no module or output has this name", findings);
        }
    }
    for (_, expression) in subject.expressions() {
        if let ExprKind::Literal(Literal::String(text)) = expression.kind {
            for found in placeholders_in_string(text) {
                report(subject, found.shifted(expression.span.start()), "compared verbatim", findings);
            }
        }
    }
    if let Some(SinkKind::Function { address, address_span, .. }) = subject.tree.sink.as_ref().map(|sink| &sink.kind) {
        check_segments(subject, address, address_span.start(), "part of the name that the hub sends to", findings);
    }
}

fn check_segments(subject: &CheckedRoute<'_>, path: &str, mut start: u32, label: &str, findings: &mut Findings<'_>) {
    for segment in path.split('/') {
        if let Some(found) = placeholder_in_segment(segment) {
            report(subject, found.shifted(start), label, findings);
        }
        start += Span::from_range(0..segment.len() + 1).len();
    }
}

fn report(subject: &CheckedRoute<'_>, span: Span, label: &str, findings: &mut Findings<'_>) {
    let diagnostic = findings
        .diagnostic(span, format!("the placeholder `{}` was not replaced", quoted(subject.slice(span))))
        .with_label(label)
        .with_help("replace it, or run the tool that does so before you deploy");
    findings.add(subject.index, diagnostic);
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, check_conditions};

    fn message(placeholder: &str) -> String {
        format!("the placeholder `{placeholder}` was not replaced: `{placeholder}`")
    }

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "placeholder-in-string",
            &[
                ("site = '${SITE}'", &message("${SITE}")),
                ("site = \"{{ site }}\"", &message("{{ site }}")),
                ("starts_with(site, 'a-$(SITE)')", &message("$(SITE)")),
                ("$body.site != '#{Site}#'", &message("#{Site}#")),
            ],
            &[
                "site = '<SITE>'",
                "site = '%SITE%'",
                "site = '__SITE__'",
                "site = '{\\'a\\': {}}'",
                "site = '$upstream'",
                "contains(topic, '${')",
            ],
        );
    }

    #[test]
    fn placeholders_in_paths_are_reported() {
        let styles = [
            "${MODULE}",
            "{{module}}",
            "<MODULE>",
            "<module name>",
            "%MODULE%",
            "__MODULE__",
            "@MODULE@",
            "$MODULE",
            "{module}",
        ];
        let routes: Vec<(String, String)> = styles
            .iter()
            .map(|style| (format!("FROM /* INTO BrokeredEndpoint('/modules/{style}/inputs/i')"), message(style)))
            .chain([
                ("FROM /messages/modules/__MODULE__/* INTO $upstream".to_owned(), message("__MODULE__")),
                ("FROM /* INTO BrokeredEndpoint('/modules/m/inputs/<input>')".to_owned(), message("<input>")),
                ("FROM /* INTO BrokeredEndpoint(' /modules/${SITE}-filter/inputs/i')".to_owned(), message("${SITE}")),
            ])
            .collect();
        let fires: Vec<(&str, &str)> = routes.iter().map(|(route, expected)| (&**route, &**expected)).collect();
        check(
            "placeholder-in-string",
            &fires,
            &[
                "FROM /* INTO BrokeredEndpoint('/modules/__init__/inputs/i')",
                "FROM /* INTO BrokeredEndpoint('/modules/a$b/inputs/100%')",
                "FROM /messages/modules/filter/* INTO BrokeredEndpoint('/modules/$edgeHub/inputs/*')",
                "FROM /messages/* INTO $upstream",
            ],
        );
    }
}
