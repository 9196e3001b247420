use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::syntax::ast::ExprKind;

lint! {
    /// Typographic quotes, which do not quote.
    ///
    /// # Why
    /// Word processors and chat programs turn `'critical'` into `‘critical’`.
    /// In a route these quotes are letters: `‘critical’` is a property name, and no message has that property.
    ///
    /// # Example
    /// ```route W0109
    /// FROM /messages/* WHERE level = ‘critical’ INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE level = 'critical' INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Writes straight quotes, which changes the meaning.
    Lint {
        code: Code::SmartQuote,
        name: "smart-quote",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

/// Quotation marks and primes that people type or paste instead of `'` and `"`.
const QUOTES: [char; 14] = [
    '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{2032}',
    '\u{2033}', '\u{ab}', '\u{bb}', '\u{2039}', '\u{203a}',
];

/// Accents that are used as quotes when they surround a name.
const ACCENTS: [char; 2] = ['\u{b4}', '`'];

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for (_, expression) in subject.expressions() {
        let (ExprKind::Property(name) | ExprKind::SystemProperty(name)) = expression.kind else {
            continue;
        };
        let is_quote = |character: char| QUOTES.contains(&character) || ACCENTS.contains(&character);
        let is_quoted = name.chars().count() > 1 && name.starts_with(is_quote) && name.ends_with(is_quote);
        if !is_quoted && !name.contains(QUOTES) {
            continue;
        }
        let Some(quote) = name.chars().find(|character| is_quote(*character)) else {
            continue;
        };
        let diagnostic = findings
            .diagnostic(expression.span, format!("{quote} does not quote a string; it is read as part of a name"))
            .with_label("reads a property with this name");
        let inner = name.trim_matches(is_quote);
        let fixed = format!("'{inner}'");
        let diagnostic = if is_quoted && !inner.contains(['\'', '\\']) {
            findings.fix(subject, diagnostic.with_help(format!("write `{fixed}`")), expression.span, &fixed)
        } else {
            diagnostic.with_help("put strings between ' or \"")
        };
        findings.add(subject.index, diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        check_conditions(
            "smart-quote",
            &[
                ("a = ‘b’", "‘ does not quote a string; it is read as part of a name: `‘b’` -> a = 'b'"),
                ("a = “b”", "“ does not quote a string; it is read as part of a name: `“b”` -> a = 'b'"),
                ("a = it’s", "’ does not quote a string; it is read as part of a name: `it’s`"),
                ("a = `b`", "` does not quote a string; it is read as part of a name: ``b`` -> a = 'b'"),
            ],
            &["a = 'b’s'", "a = \"“b”\"", "a`b = 'c'"],
        );
    }
}
