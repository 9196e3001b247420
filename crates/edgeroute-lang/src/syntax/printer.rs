//! Prints syntax trees, in two forms.
//!
//! [`print_route`] and [`print_condition`] keep the tree: their output parses to the same tree, apart from spans.
//! [`canonical_route`] and [`canonical_condition`] keep the meaning: parentheses only if precedence requires them,
//! functions in lower case, endpoints in their usual spelling. The canonical form of a canonical text is the text
//! itself. Both forms print SELECT, FROM, WHERE and INTO in upper case, `and`, `or` and `not` in lower case, `!=` for
//! `<>`, and one space around an operator. There is a space after a prefix operator too: `-5` is a number, and `- 5` is
//! not.
//!
//! Comments and the text after the sink are not in the tree, so they are not printed. A missing operand is printed as
//! `?`, which no parse accepts. The cost is linear in the tree, and nothing recurses.

use super::ast::{BinaryOperator, Condition, ExprId, ExprKind, Literal, Route, Sink, SinkKind, UnaryOperator};
use super::lexer::Lexer;
use super::token::TokenKind;

/// Prints a route. Allocates.
///
/// ```
/// use edgeroute_lang::limits::Limits;
/// use edgeroute_lang::syntax::{parse_route, print_route};
///
/// let parsed = parse_route("from /messages/* where (a<>'b') into $upstream", &Limits::default());
/// assert_eq!(print_route(&parsed.tree), "FROM /messages/* WHERE (a != 'b') INTO $upstream");
/// ```
#[must_use]
pub fn print_route(route: &Route<'_>) -> String {
    Printer::new(Form::AsWritten).route(route)
}

/// Prints a condition; empty if it has no token. Allocates.
#[must_use]
pub fn print_condition(condition: &Condition<'_>) -> String {
    Printer::new(Form::AsWritten).condition(condition)
}

/// Prints a route in canonical form. Allocates.
#[must_use]
pub fn canonical_route(route: &Route<'_>) -> String {
    Printer::new(Form::Canonical).route(route)
}

/// Prints a condition in canonical form; empty if it has no token. Allocates.
///
/// ```
/// use edgeroute_lang::limits::Limits;
/// use edgeroute_lang::syntax::{canonical_condition, parse_condition};
///
/// let parsed = parse_condition("((a = b)) AND (NOT ((c or Is_Null(d))))", &Limits::default());
/// assert_eq!(canonical_condition(&parsed.tree), "a = b and not (c or is_null(d))");
/// ```
#[must_use]
pub fn canonical_condition(condition: &Condition<'_>) -> String {
    Printer::new(Form::Canonical).condition(condition)
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Form {
    AsWritten,
    Canonical,
}

/// Looser than every operator: nothing needs parentheses.
const LOOSEST: u8 = 0;
/// Tighter than every binary operator: the operand of a prefix operator.
const TIGHTEST: u8 = u8::MAX;

/// The argument of this function is read as text, and refused if it has parentheses, so the printer must not remove
/// them.
const TEXT_FUNCTION: &str = "twin_change_includes";

/// An item that is still to be printed.
enum Pending {
    Text(&'static str),
    /// An expression, in parentheses if it is binary and binds less tightly than this.
    Expression(ExprId, u8),
    /// An expression that keeps its outermost parentheses.
    Verbatim(ExprId),
}

struct Printer {
    form: Form,
    out: String,
    /// A stack: the next item to print is the last.
    pending: Vec<Pending>,
}

impl Printer {
    fn new(form: Form) -> Self {
        Self { form, out: String::new(), pending: Vec::new() }
    }

    fn route(mut self, route: &Route<'_>) -> String {
        if route.select.is_some() {
            self.clause("SELECT *");
        }
        self.clause("FROM ");
        let path = route.source.as_ref().map_or("?", |source| source.path.as_str());
        self.out.push_str(path);
        let from = self.out.len() - path.len();
        if let Some(condition) = &route.condition {
            self.clause("WHERE ");
            self.expressions(condition);
        }
        self.clause("INTO ");
        match &route.sink {
            Some(sink) => self.sink(sink),
            None => self.out.push('?'),
        }
        keep_from_opening_comment(self.out, from, path)
    }

    fn condition(mut self, condition: &Condition<'_>) -> String {
        self.expressions(condition);
        self.out
    }

    fn clause(&mut self, keyword: &str) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(keyword);
    }

    fn sink(&mut self, sink: &Sink<'_>) {
        match sink.kind {
            SinkKind::System(name) => {
                let name = self.customary(name, "$upstream");
                self.out.push_str(name);
            }
            SinkKind::Function { name, address, .. } => {
                let name = self.customary(name, "BrokeredEndpoint");
                let quote = if contains_unescaped_double_quote(address) { '\'' } else { '"' };
                self.out.push_str(name);
                self.out.push('(');
                self.out.push(quote);
                self.out.push_str(address);
                self.out.push(quote);
                self.out.push(')');
            }
        }
    }

    /// Returns `spelling` if it is another spelling of `name` and the form requires it.
    fn customary<'n>(&self, name: &'n str, spelling: &'static str) -> &'n str {
        if self.form == Form::Canonical && name.eq_ignore_ascii_case(spelling) { spelling } else { name }
    }

    fn expressions(&mut self, condition: &Condition<'_>) {
        self.pending.extend(condition.root().map(|root| Pending::Expression(root, LOOSEST)));
        while let Some(pending) = self.pending.pop() {
            match pending {
                Pending::Text(text) => self.out.push_str(text),
                Pending::Expression(id, least) => match condition.get(id) {
                    Some(expression) => self.expression(&expression.kind, least, self.form),
                    None => self.out.push('?'),
                },
                Pending::Verbatim(id) => match condition.get(id) {
                    Some(expression) => self.expression(&expression.kind, LOOSEST, Form::AsWritten),
                    None => self.out.push('?'),
                },
            }
        }
    }

    /// Prints the beginning of an expression and pushes its operands onto the stack.
    fn expression(&mut self, kind: &ExprKind<'_>, least: u8, form: Form) {
        match kind {
            ExprKind::Missing => self.out.push('?'),
            ExprKind::Literal(literal) => self.out.push_str(literal_text(*literal)),
            ExprKind::Property(name) | ExprKind::SystemProperty(name) => self.out.push_str(name),
            ExprKind::EscapedSystemProperty(name) => {
                self.out.push('{');
                self.out.push_str(name);
                self.out.push('}');
            }
            ExprKind::Call { name, arguments, .. } => {
                self.function_name(name);
                self.out.push('(');
                self.pending.push(Pending::Text(")"));
                for (index, &argument) in arguments.iter().enumerate().rev() {
                    self.pending.push(if name.eq_ignore_ascii_case(TEXT_FUNCTION) {
                        Pending::Verbatim(argument)
                    } else {
                        Pending::Expression(argument, LOOSEST)
                    });
                    if index > 0 {
                        self.pending.push(Pending::Text(", "));
                    }
                }
            }
            ExprKind::Unary { operator, operand, .. } => {
                self.out.push_str(match operator {
                    UnaryOperator::Negate => "- ",
                    UnaryOperator::Not => "not ",
                });
                self.pending.push(Pending::Expression(*operand, TIGHTEST));
            }
            ExprKind::Binary { operator, left, right, .. } => {
                let precedence = operator.precedence();
                if precedence < least {
                    self.out.push('(');
                    self.pending.push(Pending::Text(")"));
                }
                // All operators group from the left: on the right, one of the same precedence needs parentheses.
                self.pending.push(Pending::Expression(*right, precedence + 1));
                self.pending.push(Pending::Text(spaced(*operator)));
                self.pending.push(Pending::Expression(*left, precedence));
            }
            ExprKind::Parenthesized(inner) if form == Form::Canonical => {
                self.pending.push(Pending::Expression(*inner, least));
            }
            ExprKind::Parenthesized(inner) => {
                self.out.push('(');
                self.pending.push(Pending::Text(")"));
                self.pending.push(Pending::Expression(*inner, LOOSEST));
            }
        }
    }

    /// Prints a function's name; in canonical form in lower case, unless that is a constant such as `true`.
    fn function_name(&mut self, name: &str) {
        let lower = name.to_ascii_lowercase();
        let is_lowered = self.form == Form::Canonical && Lexer::new(&lower).next_token().kind == TokenKind::Id;
        self.out.push_str(if is_lowered { &lower } else { name });
    }
}

/// Only in source paths can `/*` occur outside strings. It opens a comment if `*/` follows anywhere; a space between
/// the two has no meaning and prevents that.
fn keep_from_opening_comment(text: String, from: usize, path: &str) -> String {
    let opens = text.get(from..).and_then(|rest| {
        let (_, rest) = rest.split_once("/*")?;
        rest.contains("*/").then_some(())
    });
    match (opens, text.get(..from), text.get(from + path.len()..)) {
        (Some(()), Some(before), Some(after)) => [before, &path.replace("/*", "/ *"), after].concat(),
        _ => text,
    }
}

/// Whether the text between the quotes of a string contains a `"` without a backslash, so that the quotes must be `'`.
fn contains_unescaped_double_quote(inner: &str) -> bool {
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return true,
            '\\' => {
                characters.next();
            }
            _ => {}
        }
    }
    false
}

fn literal_text(literal: Literal<'_>) -> &str {
    match literal {
        Literal::True => "true",
        Literal::False => "false",
        Literal::Null => "null",
        Literal::Undefined => "undefined",
        Literal::Integer(text) | Literal::Hex(text) | Literal::Real(text) | Literal::String(text) => text,
    }
}

const fn spaced(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Multiply => " * ",
        BinaryOperator::Divide => " / ",
        BinaryOperator::Remainder => " % ",
        BinaryOperator::Add => " + ",
        BinaryOperator::Subtract => " - ",
        BinaryOperator::Concat => " || ",
        BinaryOperator::Less => " < ",
        BinaryOperator::LessOrEqual => " <= ",
        BinaryOperator::Greater => " > ",
        BinaryOperator::GreaterOrEqual => " >= ",
        BinaryOperator::Equal => " = ",
        BinaryOperator::NotEqual => " != ",
        BinaryOperator::And => " and ",
        BinaryOperator::Or => " or ",
        BinaryOperator::Coalesce => " ?? ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::syntax::{parse_condition, parse_route};

    fn canonical(text: &str) -> String {
        canonical_condition(&parse_condition(text, &Limits::default()).tree)
    }

    fn printed(text: &str) -> String {
        print_condition(&parse_condition(text, &Limits::default()).tree)
    }

    fn canonical_of_route(text: &str) -> String {
        canonical_route(&parse_route(text, &Limits::default()).tree)
    }

    #[test]
    fn parentheses_stay_only_where_precedence_asks_for_them() {
        for (text, expected) in [
            ("((a))", "a"),
            ("(a and b) or (c)", "a and b or c"),
            ("a and (b or c)", "a and (b or c)"),
            ("(a + b) + (c + d)", "a + b + (c + d)"),
            ("(a * b) + (c * d)", "a * b + c * d"),
            ("not (a = b)", "not (a = b)"),
            ("(not a) = b", "not a = b"),
            ("not (not ((a)))", "not not a"),
            ("a * (- b)", "a * - b"),
            ("(a ?? b) ?? (c ?? d)", "a ?? b ?? (c ?? d)"),
            ("f((a or b), ((c)))", "f(a or b, c)"),
            ("(Twin_Change_Includes((tags.a)))", "twin_change_includes((tags.a))"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn a_minus_before_a_number_stays_an_operator() {
        for text in ["- 5", "- -5", "a - -5", "- - 5", "-5", "a - 5"] {
            assert_eq!(canonical(text), text);
            assert_eq!(printed(text), text);
        }
        assert_eq!(canonical("-(5)"), "- 5");
        assert_eq!(printed("-(5)"), "- (5)");
    }

    #[test]
    fn function_names_are_lowered_unless_that_makes_a_constant() {
        assert_eq!(canonical("As_Number(a) = LENGTH(b)"), "as_number(a) = length(b)");
        assert_eq!(canonical("TRUE(a)"), "TRUE(a)");
        assert_eq!(printed("As_Number(a)"), "As_Number(a)");
    }

    #[test]
    fn a_missing_operand_is_printed_as_what_no_parse_accepts() {
        assert_eq!(printed("a and"), "a and ?");
        assert_eq!(printed(" /* nothing */ "), "");
    }

    #[test]
    fn routes_are_printed_on_one_line_with_their_clauses_in_upper_case() {
        let text = "select * from /a/b\n where x -- y\n into brokeredendpoint('/modules/m/inputs/i') trailing";
        assert_eq!(
            canonical_of_route(&text.replace("--", "<>")),
            "SELECT * FROM /a/b WHERE x != y INTO BrokeredEndpoint(\"/modules/m/inputs/i\")"
        );
        assert_eq!(canonical_of_route("FROM /* INTO $UpStream"), "FROM /* INTO $upstream");
        assert_eq!(canonical_of_route("FROM /1 INTO"), "FROM ? INTO ?");
    }

    #[test]
    fn an_address_with_a_double_quote_keeps_its_single_quotes() {
        for (text, expected) in [
            (r#"FROM /* INTO f('a"b')"#, r#"FROM /* INTO f('a"b')"#),
            (r#"FROM /* INTO f('a\"b')"#, r#"FROM /* INTO f("a\"b")"#),
            (r#"FROM /* INTO f('a\\"b')"#, r#"FROM /* INTO f('a\\"b')"#),
            (r#"FROM /* INTO f("it's")"#, r#"FROM /* INTO f("it's")"#),
        ] {
            assert_eq!(canonical_of_route(text), expected, "{text}");
        }
    }

    // `FROM /* WHERE a = '*/'` would begin with a comment.
    #[test]
    fn a_source_path_opens_no_comment() {
        assert_eq!(canonical_of_route("FROM / * WHERE a = '*/' INTO $x"), "FROM / * WHERE a = '*/' INTO $x");
        assert_eq!(canonical_of_route("FROM / */ */ ** INTO $x"), "FROM / */ */ ** INTO $x");
        assert_eq!(canonical_of_route("FROM / * WHERE a = '/*' INTO $x"), "FROM /* WHERE a = '/*' INTO $x");
        assert_eq!(canonical_of_route("FROM /*/ a INTO $x"), "FROM /*/a INTO $x");
    }
}
