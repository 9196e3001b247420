//! Explains the value of an expression that is not in a route.

use super::condition;
use super::note::Note;
use super::part::ConditionExplanation;
use edgeroute_lang::diagnostic::{Code, Diagnostic};
use edgeroute_lang::hir::{CheckOptions, Shadowing, TwinFunctions, check};
use edgeroute_lang::interpret::ResolvedMessage;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, MessageSource, Properties};
use edgeroute_lang::syntax::parse_condition;

/// Explains the value that a condition, or any other expression of the language, has for a message. The last
/// [part](ConditionExplanation::parts) is the whole expression. Allocates.
///
/// # Errors
/// All errors in the expression. Spans are in bytes of `text`.
///
/// ```
/// use edgeroute_analysis::explain::explain_expression;
/// use edgeroute_lang::limits::Limits;
/// use edgeroute_lang::message::{Message, Origin};
///
/// let properties = [("t", "4")];
/// let message = Message::new(Origin::device("leaf-7")).properties(&properties);
/// let explained = explain_expression("as_number(t) * 2", &message, &Limits::default()).expect("it is valid");
/// let value = explained.parts().last().map(|part| part.value().to_string());
/// assert_eq!(value.as_deref(), Some("8"));
/// ```
pub fn explain_expression(
    text: &str,
    message: &Message<'_, impl Properties + ?Sized, impl Properties + ?Sized>,
    limits: &Limits,
) -> Result<ConditionExplanation, Vec<Diagnostic>> {
    let is_of_twins = matches!(message.origin().source(), MessageSource::TwinChange);
    let twin_functions = if is_of_twins { TwinFunctions::Known } else { TwinFunctions::Unknown };
    let parsed = parse_condition(text, limits);
    let mut errors = parsed.errors;
    if let Some(rest) = parsed.tree.ignored() {
        errors.push(Diagnostic::new(Code::UnexpectedToken, rest, "unexpected text after the expression"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let typed = check(&parsed.tree, &CheckOptions { twin_functions, shadowing: Shadowing::default() })?;
    let mut explained = condition::explain(&typed, text, &ResolvedMessage::lenient(message, limits));
    // An expression need not be a condition.
    if let Some(whole) = explained.parts.last_mut() {
        whole.note = whole.note.take().filter(|note| !matches!(note, Note::NoBool(_)));
    }
    Ok(explained)
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgeroute_lang::message::Origin;

    fn shown(text: &str) -> String {
        let properties = [("t", "4"), ("name", "a b")];
        let message = Message::new(Origin::device("d")).properties(&properties).body(b"{\"x\": 1.5}");
        match explain_expression(text, &message, &Limits::default()) {
            Err(errors) => errors
                .iter()
                .map(|error| format!("{}: {}", error.code, error.primary.span.slice(text)))
                .collect::<Vec<_>>()
                .join("; "),
            Ok(explained) => {
                let parts =
                    explained.parts().iter().map(|part| format!("{} = {}", part.span().slice(text), part.value()));
                parts.collect::<Vec<_>>().join("; ")
            }
        }
    }

    #[test]
    fn conditions_and_values_are_explained() {
        assert_eq!(shown("as_number(t) > 3"), "t = \"4\"; as_number(t) = 4; as_number(t) > 3 = true");
        assert_eq!(shown("as_number(t) + 1"), "t = \"4\"; as_number(t) = 4; as_number(t) + 1 = 5");
        assert_eq!(shown("name || '!'"), "name = \"a b\"; name || '!' = \"a b!\"");
        assert_eq!(shown("missing"), "missing = undefined");
        assert_eq!(shown("true"), "true = true");
        assert_eq!(shown("5"), "5 = 5");
        assert_eq!(shown("upper(name)"), "name = \"a b\"; upper(name) = \"A B\"");
    }

    #[test]
    fn errors_are_those_of_the_expression() {
        assert_eq!(shown("as_number(t"), "E0101: ");
        assert_eq!(shown("t > 3"), "E0201: >");
        assert_eq!(shown("t = '4' more"), "E0101: more");
        assert_eq!(shown("lenght(t)"), "E0202: lenght");
        assert_eq!(shown("t) = (t"), "E0101: ) = (t");
    }
}
