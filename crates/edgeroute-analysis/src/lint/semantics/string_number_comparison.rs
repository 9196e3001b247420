use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{Comparison, Node, NodeId, NodeKind, Text};
use edgeroute_lang::text::number_literal;

lint! {
    /// A string ordered against a number in quotes.
    ///
    /// # Why
    /// Properties are strings, and strings compare character by character: `'100' < '80'`, because `1` comes before `8`.
    /// A number in the body is less than every string.
    ///
    /// # Example
    /// ```route W0210
    /// FROM /messages/* WHERE temperature > '80' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Compares numbers, which changes the meaning.
    Lint {
        code: Code::StringNumberComparison,
        name: "string-number-comparison",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        let NodeKind::Compare(comparison, left, right) = node.kind else {
            continue;
        };
        if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            continue;
        }
        let (read, number) = match (read(subject, left), number(subject, right)) {
            (Some(read), Some(number)) => (read, number),
            _ => match read(subject, right).zip(number(subject, left)) {
                Some(found) => found,
                None => continue,
            },
        };
        let (number, literal) = number;
        let name = subject.slice(read.span);
        let is_property = matches!(read.kind, NodeKind::Property(_));
        let fixed_read = if is_property { format!("as_number({name})") } else { name.to_owned() };
        let (first, second) =
            if read.span.start() < number.span.start() { (&*fixed_read, literal) } else { (literal, &*fixed_read) };
        let fixed = format!("{first} {} {second}", comparison.as_str());
        let span = read.span.cover(number.span);
        let message = format!("`{}` compares strings character by character", subject.slice(span));
        let diagnostic = findings
            .diagnostic(span, message)
            .with_label(if is_property {
                "as strings, `'100'` is less than `'80'`"
            } else {
                "a number is less than any string"
            })
            .with_help(format!("to compare numbers, write `{fixed}`"));
        let diagnostic = findings.fix(subject, diagnostic, span, &fixed);
        findings.add(subject.index, diagnostic);
    }
}

/// Returns the node if it is a property or body query.
fn read<'s, 'r>(subject: &'s CheckedRoute<'r>, id: NodeId) -> Option<&'s Node<'r>> {
    subject.node(id).filter(|node| matches!(node.kind, NodeKind::Property(_) | NodeKind::Body { .. }))
}

/// Returns a string literal that is a number, and that number.
fn number<'s, 'r>(subject: &'s CheckedRoute<'r>, id: NodeId) -> Option<(&'s Node<'r>, &'s str)> {
    let mut node = subject.node(id)?;
    if let NodeKind::ToValue(text) = node.kind {
        node = subject.node(text)?;
    }
    match &node.kind {
        NodeKind::Text(Text::WellFormed(text)) => {
            let is_number = text.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit());
            let is_plain = text.chars().all(|character| character.is_ascii_digit() || "-.eE+".contains(character));
            (is_number && is_plain && number_literal(text).is_some()).then_some((node, &**text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = |condition: &str| format!("`{condition}` compares strings character by character: `{condition}`");
        check_conditions(
            "string-number-comparison",
            &[
                ("temp > '80'", &format!("{} -> as_number(temp) > 80", message("temp > '80'"))),
                (
                    "'-1.5' <= $messageId",
                    &format!("{} -> -1.5 <= as_number($messageId)", message("'-1.5' <= $messageId")),
                ),
                ("$body.n < '80'", &format!("{} -> $body.n < 80", message("$body.n < '80'"))),
            ],
            &["temp = '80'", "temp > 'x80'", "day > '2024-01-01'", "as_number(temp) > 80", "version > '1.2.3'"],
        );
    }
}
