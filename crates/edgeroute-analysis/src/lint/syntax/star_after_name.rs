use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::span::Span;

lint! {
    /// A `*` directly after the last name of a source.
    ///
    /// # Why
    /// A `*` matches whole names, not the end of one.
    /// `/messages/modules/sensor*` means `/messages/modules/sensor/*`: it takes the messages of `sensor` but not those of
    /// `sensor2`.
    ///
    /// # Example
    /// ```route W0108
    /// FROM /messages/modules/sensor* INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/modules/* WHERE starts_with($connectionModuleId, 'sensor') INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Puts a slash before the `*`, which shows what the source means and changes nothing.
    Lint {
        code: Code::StarAfterName,
        name: "star-after-name",
        level: Level::Warn,
        fixes: Some(Fixes::KeepMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let Some(source) = &subject.tree.source else {
        return;
    };
    let text = subject.slice(source.span);
    let name = text.trim_end_matches('*');
    if name.len() == text.len() || name.ends_with(['/', ' ', '\t', '\r', '\n']) || name.contains('*') {
        return;
    }
    let stars = Span::new(source.span.end() - Span::from_range(name.len()..text.len()).len(), source.span.end());
    let segment = name.rsplit('/').next().unwrap_or_default().trim();
    // At this position only the hub's own names are valid, so no other name can start this way.
    let index = subject.typed.source.as_str().trim_matches('/').matches('/').count();
    if !matches!(index, 2 | 4) {
        return;
    }
    let diagnostic = findings
        .diagnostic(stars, format!("`{segment}*` matches only `{segment}`, not every name that starts with it"))
        .with_label("matches whole names only");
    let path = name.rsplit_once('/').map_or("", |(path, _)| path);
    let property = if index == 2 { "$connectionModuleId" } else { "$outputName" };
    let diagnostic = diagnostic
        .with_help(format!("to match all of them, write `{path}/* WHERE starts_with({property}, '{segment}')`"));
    let diagnostic = findings.fix(subject, diagnostic, stars, "/*");
    findings.add(subject.index, diagnostic);
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check(
            "star-after-name",
            &[
                (
                    "FROM /messages/modules/sens* INTO $upstream",
                    "`sens*` matches only `sens`, not every name that starts with it: `*` -> FROM /messages/modules/sens/* INTO \
                     $upstream",
                ),
                (
                    // A slash would open a comment.
                    "FROM /messages/modules/m/outputs/o* WHERE a = 'b' /* c */ INTO $upstream",
                    "`o*` matches only `o`, not every name that starts with it: `*`",
                ),
            ],
            &[
                "FROM /messages/modules/sens/* INTO $upstream",
                "FROM /messages* INTO $upstream",
                "FROM /* INTO $upstream",
            ],
        );
    }
}
