use crate::lint::{CheckedRoute, Findings, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{NodeKind, Property};
use edgeroute_lang::text::eq_ignore_case;

lint! {
    /// `$inputName`, which is never set while the hub routes.
    ///
    /// # Why
    /// The hub sets the input name of a message when it delivers the message to that input.
    /// No message has an input name while it is being routed, so the property is undefined in every route.
    ///
    /// # Example
    /// ```route W0207
    /// FROM /messages/modules/filter/* WHERE $inputName = 'in' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// Distinguish messages by the output that they were sent to:
    /// ```route
    /// FROM /messages/modules/filter/* WHERE $outputName = 'out' INTO $upstream
    /// ```
    Lint {
        code: Code::InputNameWhileRouting,
        name: "input-name-while-routing",
        level: Level::Warn,
        fixes: None,
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        if let NodeKind::Property(Property::System(name)) = node.kind
            && eq_ignore_case(name, "inputName")
        {
            let diagnostic = findings
                .diagnostic(node.span, format!("`${name}` is never set while the hub routes"))
                .with_label("always undefined")
                .with_help("use `$outputName`, the output that the message was sent to");
            findings.add(subject.index, diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "input-name-while-routing",
            &[
                ("$inputName = 'in'", "`$inputName` is never set while the hub routes: `$inputName`"),
                ("not is_defined({$INPUTNAME})", "`$INPUTNAME` is never set while the hub routes: `{$INPUTNAME}`"),
            ],
            &["$outputName = 'in'", "inputName = 'in'"],
        );
    }
}
