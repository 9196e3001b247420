//! Types function calls (SEMANTICS#function-names, SEMANTICS#arguments).

use smallvec::SmallVec;

use super::{Checker, TwinFunctions};
use crate::body::BodyPath;
use crate::builtin::{Function, Overload, Parameter, Returns};
use crate::hir::{NodeId, NodeKind, Type};
use crate::span::Span;
use crate::syntax::ast::{ExprId, ExprKind};

impl Checker<'_, '_> {
    pub(super) fn call(&mut self, name: &str, name_span: Span, arguments: &[ExprId], span: Span) -> Option<NodeId> {
        let Some(function) = Function::named(name) else {
            self.unknown_function(name, name_span);
            return None;
        };
        if function == Function::TwinChangeIncludes {
            return self.twin_change_includes(name_span, arguments, span);
        }
        // A call that the parser could not read to its end may lack any number of arguments.
        let is_broken = |argument: &ExprId| {
            self.syntax.get(*argument).is_some_and(|argument| matches!(argument.kind, ExprKind::Missing))
        };
        if arguments.iter().any(is_broken) {
            return None;
        }
        let Some(overload) = function.overloads().iter().find(|overload| overload.takes(arguments.len())) else {
            self.invalid_argument_count(function, name_span, arguments);
            return None;
        };
        // No two overloads of one function accept the same number of arguments, except those of `as_number`.
        let nodes: SmallVec<[NodeId; 3]> =
            arguments.iter().map(|&argument| self.node(argument)).collect::<Option<_>>()?;
        let is_taken = |overload: &Overload| {
            overload.takes(nodes.len())
                && nodes.iter().enumerate().all(|(index, &node)| {
                    overload.parameter(index).is_some_and(|parameter| takes(parameter, self.arena.type_of(node)))
                })
        };
        if !function.overloads().iter().any(is_taken) {
            self.invalid_arguments(function, overload, name_span, arguments);
            return None;
        }
        if function == Function::Concat {
            return Some(self.joined(&nodes, span));
        }
        let ty = match function.returns() {
            Returns::Text => Type::Text,
            Returns::Number => Type::Number,
            Returns::Bool => Type::Bool,
        };
        Some(self.arena.push(NodeKind::Call(function, nodes), ty, span))
    }

    /// Types `twin_change_includes`, whose argument is a path written like a property name
    /// (SEMANTICS#twin-change-includes). Only a single name can begin as such a path must.
    fn twin_change_includes(&mut self, name_span: Span, arguments: &[ExprId], span: Span) -> Option<NodeId> {
        if self.options.twin_functions == TwinFunctions::Unknown {
            self.twin_function_elsewhere(name_span);
            return None;
        }
        let [argument] = arguments else {
            self.invalid_argument_count(Function::TwinChangeIncludes, name_span, arguments);
            return None;
        };
        let expression = self.syntax.get(*argument)?;
        let ExprKind::Property(path) = expression.kind else {
            self.invalid_twin_path(name_span, expression);
            return None;
        };
        match BodyPath::parse(path) {
            Ok(path) if !path.is_into_twin() => {
                self.invalid_twin_path(name_span, expression);
                None
            }
            Ok(path) => Some(self.arena.push(NodeKind::TwinChangeIncludes(path), Type::Bool, span)),
            Err(error) => {
                self.invalid_body_path(&error, path, expression.span);
                None
            }
        }
    }
}

/// Whether a parameter accepts an argument of this type; a body value is always accepted (SEMANTICS#arguments).
pub(super) fn takes(parameter: Parameter, ty: Type) -> bool {
    match parameter {
        Parameter::Any => true,
        Parameter::Text => matches!(ty, Type::Text | Type::Value),
        Parameter::Number => matches!(ty, Type::Number | Type::Value),
        Parameter::Path => false,
    }
}
