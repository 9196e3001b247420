//! A whole route with types: source, condition and endpoint.

use super::{CheckOptions, Condition, Node, NodeKind, Shadowing, TwinFunctions, Type, check};
use crate::diagnostic::Diagnostic;
use crate::endpoint::Endpoint;
use crate::limits::Limits;
use crate::source::SourcePattern;
use crate::span::Span;
use crate::syntax::{ast, parse_route};

/// A typed route.
#[derive(Clone, Debug)]
pub struct TypedRoute<'t> {
    /// The source, which selects messages.
    pub source: SourcePattern,
    /// The condition that a selected message must meet; not yet folded.
    pub condition: Condition<'t>,
    /// The endpoint that messages are sent to.
    pub endpoint: Endpoint,
}

impl<'t> TypedRoute<'t> {
    /// Compiles the text of a route.
    ///
    /// ```
    /// use edgeroute_lang::hir::{TypedRoute, Shadowing};
    /// use edgeroute_lang::limits::Limits;
    ///
    /// let text = "FROM /messages/* WHERE level > 3 INTO $upsteam";
    /// let errors = TypedRoute::compile(text, Shadowing::default(), &Limits::default()).unwrap_err();
    /// assert_eq!(errors.len(), 2);
    /// assert_eq!(errors[1].help.as_deref(), Some("did you mean $upstream?"));
    /// ```
    ///
    /// # Errors
    /// Every error in the order of the text: syntax errors and errors of the sink, and type errors if there are no
    /// syntax errors. Spans are in bytes of `text`.
    pub fn compile(text: &'t str, shadowing: Shadowing, limits: &Limits) -> Result<Self, Vec<Diagnostic>> {
        let parsed = parse_route(text, limits);
        Self::check(&parsed.tree, parsed.errors, shadowing)
    }

    /// Types a syntax tree for which the parser found `errors`.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn check(
        tree: &ast::Route<'t>,
        mut errors: Vec<Diagnostic>,
        shadowing: Shadowing,
    ) -> Result<Self, Vec<Diagnostic>> {
        let source = tree.source.as_ref().map(|source| SourcePattern::new(&source.path));
        let endpoint = match tree.sink.as_ref().map(Endpoint::from_sink) {
            Some(Err(error)) => {
                errors.push(*error);
                None
            }
            Some(Ok(endpoint)) => Some(endpoint),
            None => None,
        };
        let is_of_twins = source.as_ref().is_some_and(SourcePattern::is_twin_changes);
        let twin_functions = if is_of_twins { TwinFunctions::Known } else { TwinFunctions::Unknown };
        let condition = match &tree.condition {
            None => Ok(Condition::always()),
            Some(condition) => check(condition, &CheckOptions { twin_functions, shadowing }),
        };
        match (source, condition, endpoint) {
            (Some(source), Ok(condition), Some(endpoint)) if errors.is_empty() => {
                Ok(Self { source, condition, endpoint })
            }
            (_, condition, _) => {
                // Syntax errors take precedence over type errors, which might only follow from them
                // (SEMANTICS#all-errors).
                // An error at the place of another is the same mistake, or follows from it.
                let of_syntax: Vec<Span> = errors.iter().map(|error| error.primary.span).collect();
                let of_types = condition.err().unwrap_or_default();
                errors.extend(of_types.into_iter().filter(|error| !of_syntax.contains(&error.primary.span)));
                errors.sort_by_key(|error| error.primary.span);
                Err(errors)
            }
        }
    }
}

impl Condition<'_> {
    /// The condition of a route without WHERE: `true` (SEMANTICS#no-condition).
    fn always() -> Self {
        Self { nodes: vec![Node { kind: NodeKind::Bool(true), ty: Type::Bool, span: Span::default() }] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn codes(text: &str) -> Vec<Code> {
        match TypedRoute::compile(text, Shadowing::default(), &Limits::default()) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(|error| error.code).collect(),
        }
    }

    #[test]
    fn errors_of_all_clauses_are_reported_at_once_in_order() {
        assert_eq!(codes("FROM /a INTO $upstream"), []);
        assert_eq!(
            codes("FROM /1 WHERE a = 1 INTO Endpoint('x')"),
            [Code::InvalidSource, Code::InvalidOperands, Code::UnknownEndpoint]
        );
        assert_eq!(codes("FROM /a WHERE a = INTO $upstream"), [Code::ExpectedOperand]);
        assert_eq!(codes("FROM /a"), [Code::ExpectedKeyword]);
        assert_eq!(codes(""), [Code::EmptyRoute]);
    }

    #[test]
    fn twin_functions_are_known_where_only_twin_changes_come() {
        assert_eq!(codes("FROM /TwinChangeNotifications/* WHERE twin_change_includes(tags.x) INTO $upstream"), []);
        assert_ne!(codes("FROM /* WHERE twin_change_includes(tags.x) INTO $upstream"), []);
    }
}
