//! Words type errors: what was found and what was expected, both operands with their types, and the corrected text if
//! there is one.

use std::borrow::Cow;

use super::Checker;
use super::call::takes;
use super::meant::{Elsewhere, elsewhere, fix_or, misread_function};
use super::operator::Binary;
use crate::body::PathError;
use crate::builtin::{Function, Overload};
use crate::diagnostic::{Code, Diagnostic, QUOTED, is_invisible, quoted};
use crate::hir::Type;
use crate::span::Span;
use crate::syntax::ast::{BinaryOperator, Expr, ExprId, ExprKind, Literal};
use crate::text::number_literal;

/// Operators.
impl Checker<'_, '_> {
    pub(super) fn invalid_operands(&mut self, binary: &Binary) {
        let (left, right) = binary.types;
        let operator = binary.operator.as_str();
        let found = format!("{} and {}", with_article(left), with_article(right));
        let (code, message, expected) = match (binary.operator, binary.types) {
            (
                BinaryOperator::And | BinaryOperator::Or,
                (Type::Null, Type::Undefined) | (Type::Undefined, Type::Null),
            ) => {
                (Code::NullWithUndefined, format!("`{operator}` cannot combine null with undefined"), "expected bools")
            }
            (BinaryOperator::And, (Type::Value, Type::Null)) => {
                let message = "`and` cannot combine a body value with null".to_owned();
                (Code::NullWithUndefined, message, "expected bools")
            }
            (BinaryOperator::Remainder, (Type::Value, Type::Value | Type::Number) | (Type::Number, Type::Value)) => {
                (Code::ValueArithmetic, format!("`%` does not accept body values, found {found}"), "expected numbers")
            }
            (BinaryOperator::And | BinaryOperator::Or, _) => {
                (Code::InvalidOperands, format!("`{operator}` expects bools, found {found}"), "expected bools")
            }
            (BinaryOperator::Concat, _) => {
                (Code::InvalidOperands, format!("`||` expects strings, found {found}"), "expected strings")
            }
            (
                BinaryOperator::Add
                | BinaryOperator::Subtract
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Remainder,
                _,
            ) => (Code::InvalidOperands, format!("`{operator}` expects numbers, found {found}"), "expected numbers"),
            (BinaryOperator::Coalesce, _) => {
                let message = format!("`??` expects operands of the same type, found {found}");
                (Code::InvalidOperands, message, "expected operands of the same type")
            }
            _ => {
                let message = format!("cannot compare {} with {}", with_article(left), with_article(right));
                (Code::InvalidOperands, message, "expected operands of the same type")
            }
        };
        let mut error = Diagnostic::new(code, binary.operator_span, message).with_label(expected);
        for (operand, ty) in [(binary.left, left), (binary.right, right)] {
            if let Some(expression) = self.syntax.get(operand) {
                error = error.with_secondary(expression.span, type_label(self.inner(expression), ty));
            }
        }
        let misread = self.misread_beside_number(binary).or_else(|| self.misread_operand(&[binary.left, binary.right]));
        let error = fix_or(error, misread, |error| self.fix_operands(binary, error));
        self.errors.push(error);
    }

    /// Adds what to write instead, if it is known.
    fn fix_operands(&self, binary: &Binary, error: Diagnostic) -> Diagnostic {
        let operator = binary.operator;
        match (operator, binary.types) {
            (BinaryOperator::And | BinaryOperator::Or, (_, Type::Value)) => self.fix_value_on_the_right(binary, error),
            (BinaryOperator::And | BinaryOperator::Or, (Type::Text, _)) => self.fix_truth_of_text(binary.left, error),
            (BinaryOperator::And | BinaryOperator::Or, (_, Type::Text)) => self.fix_truth_of_text(binary.right, error),
            (BinaryOperator::Concat, (Type::Bool, _) | (_, Type::Bool)) => error
                .with_help("`||` joins strings; if either condition is enough, write `or`")
                .with_fix(binary.operator_span, "or"),
            (BinaryOperator::Concat, (_, Type::Number)) => self.fix_number_as_text(binary.right, error),
            (BinaryOperator::Concat, (Type::Number, _)) => self.fix_number_as_text(binary.left, error),
            (BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Concat, _)
            | (BinaryOperator::Coalesce, (_, Type::Undefined | Type::Null) | (Type::Undefined | Type::Null, _)) => {
                error
            }
            (BinaryOperator::Add, (Type::Text, Type::Text | Type::Value) | (Type::Value, Type::Text)) => {
                error.with_help("use `||` to join strings, or `as_number` to read one as a number")
            }
            (BinaryOperator::Coalesce, (_, Type::Bool)) => self.fix_coalesced_comparison(binary, error),
            // A string with a body value: only arithmetic, since comparisons accept both.
            (BinaryOperator::Remainder, (Type::Value, Type::Number)) | (_, (Type::Text, Type::Value)) => {
                self.fix_as_number(binary, binary.left, error)
            }
            (BinaryOperator::Remainder, (Type::Number, Type::Value)) | (_, (Type::Value, Type::Text)) => {
                self.fix_as_number(binary, binary.right, error)
            }
            (_, (Type::Text, Type::Number)) => self.fix_text_against_number(binary, binary.left, error),
            (_, (Type::Number, Type::Text)) => self.fix_text_against_number(binary, binary.right, error),
            _ if is_arithmetic(operator) => error,
            (_, (Type::Text, Type::Bool)) => self.fix_bool_as_text(binary, binary.right, error),
            (_, (Type::Bool, Type::Text)) => self.fix_bool_as_text(binary, binary.left, error),
            (_, (Type::Text, Type::Null)) => self.fix_absent(binary.left, error),
            (_, (Type::Null, Type::Text)) => self.fix_absent(binary.right, error),
            (_, (ty, Type::Undefined)) => self.fix_undefined(binary.right, binary.left, ty, error),
            (_, (Type::Undefined, ty)) => self.fix_undefined(binary.left, binary.right, ty, error),
            (_, (Type::Bool, _)) => self.fix_chain(binary, error),
            _ => error,
        }
    }

    /// `a = 'b' and $body.t`
    fn fix_value_on_the_right(&self, binary: &Binary, error: Diagnostic) -> Diagnostic {
        let Some(right) = self.syntax.get(binary.right) else {
            return error;
        };
        let written = self.written(binary.right).unwrap_or(Cow::Borrowed("..."));
        let operator = binary.operator.as_str();
        error
            .with_help(format!("compare it: `{operator} {written} = true`, or put it on the left of `{operator}`"))
            .with_fix(Span::at(right.span.end()), " = true")
    }

    /// `a and b = 'c'`
    fn fix_truth_of_text(&self, operand: ExprId, error: Diagnostic) -> Diagnostic {
        match self.written(operand) {
            Some(name) if self.is_property(operand) => {
                error.with_help(format!("compare it, as in `{name} = 'true'`, or use `is_defined({name})`"))
            }
            _ => error,
        }
    }

    /// `a || 5`
    fn fix_number_as_text(&self, operand: ExprId, error: Diagnostic) -> Diagnostic {
        match (self.written(operand), self.syntax.get(operand)) {
            (Some(number), Some(expression)) => {
                let fixed = format!("'{number}'");
                error.with_help(format!("write it as a string: `{fixed}`")).with_fix(expression.span, fixed)
            }
            _ => error.with_help("no function converts a number to a string"),
        }
    }

    /// `a ?? b = c`, which is `a ?? (b = c)`.
    fn fix_coalesced_comparison(&self, binary: &Binary, error: Diagnostic) -> Diagnostic {
        let Some(ExprKind::Binary { operator, left: middle, right: last, .. }) =
            self.syntax.get(binary.right).map(|right| &right.kind)
        else {
            return self.fix_bool_as_text(binary, binary.right, error);
        };
        let written = (self.written(binary.left), self.written(*middle), self.written(*last));
        let spans = (self.syntax.get(binary.left), self.syntax.get(*middle));
        let middle_type = self.node(*middle).map(|middle| self.arena.type_of(middle));
        match (written, spans) {
            ((Some(a), Some(b), Some(c)), (Some(first), Some(second))) if middle_type == Some(binary.types.0) => error
                .with_help(format!("`??` has the lowest precedence; write `({a} ?? {b}) {} {c}`", operator.as_str()))
                .with_fix(first.span.cover(second.span), format!("({a} ?? {b})")),
            _ => error.with_help("`??` has the lowest precedence; put it in parentheses"),
        }
    }

    /// `level > 3`, `as_number(level) > '3'`
    fn fix_text_against_number(&self, binary: &Binary, text: ExprId, error: Diagnostic) -> Diagnostic {
        let Some(expression) = self.syntax.get(text) else {
            return error;
        };
        if let ExprKind::Literal(Literal::String(literal)) = self.inner(expression).kind {
            let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
            let is_number = inner.starts_with(|first: char| first.is_ascii_digit()) && number_literal(inner).is_some();
            return if is_number {
                let help =
                    format!("remove the quotes to make it a number: `{}`", self.with_operand(binary, text, inner));
                error.with_help(help).with_fix(expression.span, inner)
            } else {
                error
            };
        }
        self.fix_as_number(binary, text, error)
    }

    /// `level > 3`, `$body.n % 2`
    fn fix_as_number(&self, binary: &Binary, operand: ExprId, error: Diagnostic) -> Diagnostic {
        match (self.written(operand), self.syntax.get(operand)) {
            (Some(written), _) if written.starts_with(|first: char| first.is_ascii_digit()) => {
                error.with_help(format!("`{written}` is not a number but a property name"))
            }
            (Some(written), Some(expression)) => {
                let fixed = format!("as_number({written})");
                let help = format!("convert it to a number: `{}`", self.with_operand(binary, operand, &fixed));
                error.with_help(help).with_fix(expression.span, fixed)
            }
            _ => error.with_help("use `as_number(...)` to convert it to a number"),
        }
    }

    /// `level = true`
    fn fix_bool_as_text(&self, binary: &Binary, operand: ExprId, error: Diagnostic) -> Diagnostic {
        match (self.written(operand), self.syntax.get(operand)) {
            (Some(written), Some(expression)) => {
                let fixed = format!("'{written}'");
                error.with_help(format!("compare with a string: `{fixed}`")).with_fix(expression.span, fixed)
            }
            _ => self.fix_chain(binary, error),
        }
    }

    /// `level = null`
    fn fix_absent(&self, text: ExprId, error: Diagnostic) -> Diagnostic {
        let written = self.written(text).unwrap_or(Cow::Borrowed("..."));
        error.with_help(format!(
            "use `is_null({written})` for \"present and null\", `not is_defined({written})` for \"missing\""
        ))
    }

    /// `level = undefined`, `$body.x = undefined`
    fn fix_undefined(&self, undefined: ExprId, other: ExprId, other_type: Type, error: Diagnostic) -> Diagnostic {
        let is_keyword = self
            .syntax
            .get(undefined)
            .is_some_and(|expression| matches!(self.inner(expression).kind, ExprKind::Literal(Literal::Undefined)));
        let written = self.written(other).unwrap_or(Cow::Borrowed("..."));
        match other_type {
            Type::Value if is_keyword => {
                error.with_help(format!("a missing body path is null; write `{written} = null`"))
            }
            _ if is_keyword => error.with_help(format!("use `not is_defined({written})`")),
            _ => error,
        }
    }

    /// `1 < a < 5`
    fn fix_chain(&self, binary: &Binary, error: Diagnostic) -> Diagnostic {
        let is_comparison = self.syntax.get(binary.left).is_some_and(|left| match left.kind {
            ExprKind::Binary { operator, .. } => matches!(operator.precedence(), 4 | 5),
            _ => false,
        });
        match self.concat_for_or(binary.left) {
            Some(operator) => error
                .with_help("`||` joins strings; if either condition is enough, write `or`")
                .with_fix(operator, "or"),
            None if is_comparison => error.with_help("comparisons cannot be chained; join two of them with `and`"),
            None => error,
        }
    }

    pub(super) fn invalid_negation(&mut self, operator_span: Span, operand: ExprId, ty: Type) {
        let Some(expression) = self.syntax.get(operand) else {
            return;
        };
        let code = if ty == Type::Value { Code::ValueArithmetic } else { Code::InvalidOperands };
        let message = format!("unary `-` expects a number, found {}", with_article(ty));
        let error = Diagnostic::new(code, operator_span, message)
            .with_label("expected a number")
            .with_secondary(expression.span, type_label(self.inner(expression), ty));
        let fixed = match (self.written(operand), ty) {
            (Some(written), Type::Value) => Some(format!("(0 - {written})")),
            (Some(written), Type::Text) => Some(format!("- as_number({written})")),
            _ => None,
        };
        self.errors.push(match fixed {
            Some(fixed) => {
                error.with_help(format!("write `{fixed}`")).with_fix(operator_span.cover(expression.span), fixed)
            }
            None => error,
        });
    }

    pub(super) fn invalid_not(&mut self, operator_span: Span, operand: ExprId, ty: Type) {
        let Some(expression) = self.syntax.get(operand) else {
            return;
        };
        let message = format!("`not` expects a bool, found {}", with_article(ty));
        let error = Diagnostic::new(Code::InvalidOperands, operator_span, message)
            .with_label("expected a bool")
            .with_secondary(expression.span, type_label(self.inner(expression), ty));
        let written = self.written(operand).unwrap_or(Cow::Borrowed("..."));
        let help = if matches!(self.inner(expression).kind, ExprKind::Literal(_)) {
            "write a condition after `not`, such as `not is_defined(name)`".to_owned()
        } else {
            format!("`not` applies to the next operand only; to negate a comparison, write `not ({written} = ...)`")
        };
        let error = fix_or(error, self.misread_operand(&[operand]), |error| match self.negated_comparison(operand) {
            Some((span, fixed)) => error
                .with_help(format!("`not` applies to the next operand only; write `{fixed}`"))
                .with_fix(span, fixed),
            None => error.with_help(help),
        });
        self.errors.push(error);
    }
}

/// Functions and paths.
impl Checker<'_, '_> {
    pub(super) fn unknown_function(&mut self, name: &str, span: Span) {
        // Guessing what was meant is the only part that takes more than a few steps.
        let misread = if self.errors.is_full() { None } else { misread_function(name, span) };
        let elsewhere = elsewhere(name);
        let meant = match elsewhere {
            Some(Elsewhere::Function(function)) => Some(function),
            Some(Elsewhere::Help(_)) => None,
            None if self.errors.is_full() => None,
            None => Function::closest_to(name),
        };
        let error = Diagnostic::new(Code::UnknownFunction, span, format!("unknown function `{}`", quoted(name)));
        self.errors.push(if let Some(misread) = misread {
            misread.of(error)
        } else if let Some(Elsewhere::Help(help)) = elsewhere {
            error.with_help(help)
        } else if let Some(meant) = meant {
            error.with_help(format!("did you mean `{}`?", meant.name())).with_guess(span, meant.name())
        } else {
            let names: Vec<&str> = Function::ALL.iter().map(|function| function.name()).collect();
            error.with_help(format!("the available functions are {}", names.join(", ")))
        });
    }

    pub(super) fn invalid_argument_count(&mut self, function: Function, name_span: Span, arguments: &[ExprId]) {
        let (name, count) = (function.name(), arguments.len());
        let plural = if count == 1 { "" } else { "s" };
        let message = format!("`{name}` takes {}, found {count} argument{plural}", alternatives(function));
        let error = Diagnostic::new(Code::InvalidArguments, name_span, message);
        self.errors.push(error.with_label(function.doc()));
    }

    pub(super) fn invalid_arguments(
        &mut self,
        function: Function,
        overload: &Overload,
        name_span: Span,
        arguments: &[ExprId],
    ) {
        let types: Vec<Type> = arguments
            .iter()
            .map(|&argument| self.node(argument).map_or(Type::Undefined, |node| self.arena.type_of(node)))
            .collect();
        let found: Vec<String> = types.iter().map(|&ty| type_name(ty).to_owned()).collect();
        let message = format!("`{}` takes {}, found ({})", function.name(), alternatives(function), found.join(", "));
        let mut error = Diagnostic::new(Code::InvalidArguments, name_span, message).with_label(function.doc());
        for ((index, &argument), &ty) in arguments.iter().enumerate().zip(&types) {
            let (Some(parameter), Some(expression)) = (overload.parameter(index), self.syntax.get(argument)) else {
                continue;
            };
            if takes(parameter, ty) {
                continue;
            }
            error = error.with_secondary(expression.span, type_label(self.inner(expression), ty));
            if error.fix.is_some() {
                continue;
            }
            error = fix_or(error, self.misread_operand(&[argument]), |error| match (ty, self.written(argument)) {
                (Type::Text, Some(written)) => {
                    let fixed = format!("as_number({written})");
                    error.with_help(format!("convert it to a number: `{fixed}`")).with_fix(expression.span, fixed)
                }
                (Type::Number, Some(written)) => {
                    let fixed = format!("'{written}'");
                    error.with_help(format!("write it as a string: `{fixed}`")).with_fix(expression.span, fixed)
                }
                _ => error,
            });
        }
        self.errors.push(error);
    }

    /// `place` is the place of the path, or of an expression that contains it.
    pub(super) fn invalid_body_path(&mut self, error: &PathError, path: &str, place: Span) {
        let is_exact = place.range().len() == path.len();
        let span = if is_exact { error.span().shifted(place.start()) } else { place };
        let error = Diagnostic::new(Code::InvalidBodyPath, span, error.to_string())
            .with_label(format!("expected {}", error.expected()))
            .with_help("write a path as names separated by dots, each with at most one index: `machine.tags[0].name`");
        self.errors.push(error);
    }

    pub(super) fn twin_function_elsewhere(&mut self, span: Span) {
        let message = "`twin_change_includes` is available only in routes FROM /twinChangeNotifications";
        self.errors.push(Diagnostic::new(Code::TwinFunctionOutsideTwinSource, span, message));
    }

    pub(super) fn invalid_twin_path(&mut self, name_span: Span, argument: &Expr<'_>) {
        let message = "`twin_change_includes` expects a path that begins with `properties.reported.`, \
                       `properties.desired.` or `tags.`";
        let error = Diagnostic::new(Code::InvalidBodyPath, argument.span, message)
            .with_secondary(name_span, Function::TwinChangeIncludes.doc());
        self.errors.push(match argument.kind {
            ExprKind::Literal(Literal::String(_)) => error.with_help("write the path without quotes"),
            _ => error,
        });
    }
}

/// The text of operands.
impl<'t> Checker<'_, 't> {
    /// Returns the expression without the parentheses around it.
    pub(super) fn inner<'e>(&'e self, mut expression: &'e Expr<'t>) -> &'e Expr<'t> {
        while let ExprKind::Parenthesized(inner) = expression.kind {
            match self.syntax.get(inner) {
                Some(inner) => expression = inner,
                None => break,
            }
        }
        expression
    }

    /// Returns a name or literal as written; `None` for anything longer, and for anything that a message cannot show.
    pub(super) fn written(&self, expression: ExprId) -> Option<Cow<'t, str>> {
        self.written_at_any_length(expression)
            .filter(|text| text.chars().nth(QUOTED).is_none() && !text.chars().any(is_invisible))
    }

    fn written_at_any_length(&self, expression: ExprId) -> Option<Cow<'t, str>> {
        Some(match self.inner(self.syntax.get(expression)?).kind {
            ExprKind::Property(name) | ExprKind::SystemProperty(name) => Cow::Borrowed(name),
            ExprKind::EscapedSystemProperty(name) => Cow::Owned(format!("{{{name}}}")),
            ExprKind::Literal(literal) => Cow::Borrowed(match literal {
                Literal::True => "true",
                Literal::False => "false",
                Literal::Null => "null",
                Literal::Undefined => "undefined",
                Literal::Integer(text) | Literal::Hex(text) | Literal::Real(text) | Literal::String(text) => text,
            }),
            _ => return None,
        })
    }

    fn is_property(&self, expression: ExprId) -> bool {
        self.syntax.get(expression).is_some_and(|expression| {
            matches!(
                self.inner(expression).kind,
                ExprKind::Property(_) | ExprKind::SystemProperty(_) | ExprKind::EscapedSystemProperty(_)
            )
        })
    }

    /// Returns the binary expression with one of its operands replaced, if it can be written.
    fn with_operand(&self, binary: &Binary, operand: ExprId, replacement: &str) -> String {
        let text = |of: ExprId| if of == operand { Some(Cow::Borrowed(replacement)) } else { self.written(of) };
        match (text(binary.left), text(binary.right)) {
            (Some(left), Some(right)) => format!("{left} {} {right}", binary.operator.as_str()),
            _ => replacement.to_owned(),
        }
    }
}

fn is_arithmetic(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Add
            | BinaryOperator::Subtract
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Remainder
    )
}

const fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Text => "string",
        Type::Number => "number",
        Type::Bool => "bool",
        Type::Null => "null",
        Type::Undefined => "undefined",
        Type::Value => "body value",
    }
}

fn with_article(ty: Type) -> Cow<'static, str> {
    match ty {
        Type::Null | Type::Undefined => Cow::Borrowed(type_name(ty)),
        _ => Cow::Owned(format!("a {}", type_name(ty))),
    }
}

/// Describes an operand: its type, and the reason if it may be surprising.
fn type_label(expression: &Expr<'_>, ty: Type) -> &'static str {
    match (&expression.kind, ty) {
        (ExprKind::Property(_) | ExprKind::SystemProperty(_) | ExprKind::EscapedSystemProperty(_), Type::Text) => {
            "string: every property is a string"
        }
        (ExprKind::SystemProperty(_) | ExprKind::EscapedSystemProperty(_), Type::Undefined) => {
            "undefined: only `$body.` paths can have an index"
        }
        (ExprKind::Literal(Literal::Real(_)), Type::Undefined) => "undefined: a number without a digit before its `e`",
        (ExprKind::Literal(Literal::Hex(_)), Type::Undefined) => "undefined: a number of more than 16 digits",
        _ => type_name(ty),
    }
}

/// `(string, number) or (string, number, number)`
fn alternatives(function: Function) -> String {
    let overloads: Vec<String> = function.overloads().iter().map(Overload::to_string).collect();
    overloads.join(" or ")
}
