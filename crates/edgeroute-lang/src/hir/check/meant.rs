//! Guesses what the author meant by a name or a function that does not exist. This comes before the type errors, which
//! would be misleading.

use super::Checker;
use super::operator::Binary;
use crate::builtin::Function;
use crate::diagnostic::{Diagnostic, QUOTED, quoted, quoted_up_to};
use crate::hir::Type;
use crate::span::Span;
use crate::steps;
use crate::syntax::ast::{BinaryOperator, ExprId, ExprKind};
use crate::syntax::misread::{TYPOGRAPHIC_QUOTES, misread};

/// The maximum length of a help line that quotes a text.
const SHOWN: usize = 2 * QUOTED + 60;

/// A suggestion of what to write instead.
pub(super) struct Suggestion {
    help: String,
    fix: Option<(Span, String)>,
}

impl Suggestion {
    fn new(help: &str, fix: Option<(Span, String)>) -> Self {
        Self { help: quoted_up_to(help, SHOWN), fix }
    }

    /// Adds this help to the error.
    pub(super) fn of(self, error: Diagnostic) -> Diagnostic {
        let error = error.with_help(self.help);
        match self.fix {
            Some((span, text)) => error.with_fix(span, text),
            None => error,
        }
    }
}

/// Applies the first suggestion to the error, or returns the error unchanged.
pub(super) fn fix_or(
    error: Diagnostic,
    fix: Option<Suggestion>,
    otherwise: impl FnOnce(Diagnostic) -> Diagnostic,
) -> Diagnostic {
    match fix {
        Some(fix) => fix.of(error),
        None => otherwise(error),
    }
}

/// Guesses what the name of an unknown function means.
pub(super) fn misread_function(name: &str, span: Span) -> Option<Suggestion> {
    let misread = misread(name, "(")?;
    Some(Suggestion::new(&misread.help, misread.edit.map(|(place, text)| (place.shifted(span.start()), text))))
}

impl Checker<'_, '_> {
    /// Guesses what one of the operands means, if it is a name that looks like something else.
    pub(super) fn misread_operand(&self, operands: &[ExprId]) -> Option<Suggestion> {
        operands.iter().find_map(|&operand| {
            let expression = self.inner(self.syntax.get(operand)?);
            let (ExprKind::Property(name) | ExprKind::SystemProperty(name)) = expression.kind else { return None };
            if let Some(path) = bracketed_body_path(name) {
                let help = format!("begin a body query with `$body.`: write `{}`", quoted(&path));
                return Some(Suggestion::new(&help, Some((expression.span, path))));
            }
            // A name that ends in `!` is misread if `=` follows it directly.
            let is_compared = name.ends_with('!') && self.is_compared_at(expression.span.end());
            let misread = misread(name, if is_compared { "=" } else { " " })?;
            let edit = misread.edit.map(|(span, text)| (span.shifted(expression.span.start()), text));
            Some(Suggestion::new(&misread.help, edit))
        })
    }

    /// `a!=5`, `as_number(a) = “5”`: guesses what a name next to a number means.
    pub(super) fn misread_beside_number(&self, binary: &Binary) -> Option<Suggestion> {
        let text = match binary.types {
            (Type::Text, Type::Number) => binary.left,
            (Type::Number, Type::Text) => binary.right,
            _ => return None,
        };
        let expression = self.syntax.get(text)?;
        let ExprKind::Property(name) = expression.kind else { return None };
        if let Some(stem) = name.strip_suffix('!').filter(|stem| stem.len() <= QUOTED)
            && binary.operator_span.start() == expression.span.end()
            && binary.operator == BinaryOperator::Equal
        {
            let help = format!("`{name}` is read as a single property name; write `as_number({stem}) !=`");
            return Some(Suggestion::new(&help, Some((expression.span, format!("as_number({stem}) !")))));
        }
        let inner = name.trim_matches(TYPOGRAPHIC_QUOTES);
        let is_number =
            inner.len() < name.len() && inner.len() <= QUOTED && inner.parse::<f64>().is_ok_and(f64::is_finite);
        is_number.then(|| {
            let help = format!("typographic quotes are read as part of a name; write `{inner}`");
            Suggestion::new(&help, Some((expression.span, inner.to_owned())))
        })
    }

    /// Whether there is an `=` at byte `offset` of the text.
    fn is_compared_at(&self, offset: u32) -> bool {
        !self.errors.is_full()
            && self.syntax.expressions().inspect(|_| steps::step()).any(|(_, expression)| {
                matches!(expression.kind, ExprKind::Binary { operator: BinaryOperator::Equal, operator_span, .. }
                if operator_span == Span::new(offset, offset + 1))
            })
    }

    /// `not a = 'b'`, which is `(not a) = 'b'`: suggests the negated comparison.
    pub(super) fn negated_comparison(&self, negated: ExprId) -> Option<(Span, String)> {
        // Walks the whole condition, so it must not run for every error of a hostile one.
        if self.errors.is_full() {
            return None;
        }
        let mut not = None;
        for (id, expression) in self.syntax.expressions() {
            steps::step();
            match expression.kind {
                ExprKind::Unary { operator_span, operand, .. } if operand == negated => not = Some((id, operator_span)),
                ExprKind::Binary { operator, left, right, .. } if matches!(operator.precedence(), 4 | 5) => {
                    let Some((_, not_span)) = not.filter(|&(id, _)| id == left) else { continue };
                    let (left, right) = (self.written(negated)?, self.written(right).zip(self.syntax.get(right))?);
                    let fixed = format!("not ({left} {} {})", operator.as_str(), right.0);
                    return Some((not_span.cover(right.1.span), fixed));
                }
                _ => {}
            }
        }
        None
    }

    /// `a = 'b' || c = 'd'`, which is `(a = ('b' || c)) = 'd'`: suggests `or` for the `||`.
    pub(super) fn concat_for_or(&self, left: ExprId) -> Option<Span> {
        let ExprKind::Binary { operator, right, .. } = self.syntax.get(left)?.kind else { return None };
        if !matches!(operator.precedence(), 4 | 5) {
            return None;
        }
        match self.syntax.get(right)?.kind {
            ExprKind::Binary { operator: BinaryOperator::Concat, operator_span, .. } => Some(operator_span),
            _ => None,
        }
    }
}

/// Suggests `$body.a.b` for `$body['a']['b']`.
fn bracketed_body_path(name: &str) -> Option<String> {
    let (body, mut rest) = name.split_at_checked("$body".len())?;
    if !body.eq_ignore_ascii_case("$body") || !rest.starts_with('[') {
        return None;
    }
    let mut path = "$body".to_owned();
    while let Some(inner) = rest.strip_prefix('[') {
        let (key, after) = inner.split_once(']')?;
        if key.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push('[');
            path.push_str(key);
            path.push(']');
        } else {
            path.push('.');
            path.push_str(key.strip_prefix('\'')?.strip_suffix('\'')?);
        }
        rest = after;
    }
    path.push_str(rest);
    Some(path)
}

/// A function of another language.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Elsewhere {
    /// This language has it by another name.
    Function(Function),
    /// This language does not have it; what to use instead.
    Help(&'static str),
}

const NO_STRUCTURES: &str =
    "objects and arrays are undefined in conditions; query a member, as in `$body.machine.id != null`";
const NO_TIME: &str = "a route cannot read the current time";
const NO_PATTERNS: &str = "patterns are not supported; use `starts_with`, `ends_with` or `contains`";
const NO_CHOICE: &str = "there is no conditional function; `a ?? b` is `b` if `a` is undefined";
const NO_AGGREGATES: &str = "a route looks at one message at a time; read a member of an array by its index";

/// Maps a name from other query languages, IoT Hub's among them, to its equivalent.
pub(super) fn elsewhere(name: &str) -> Option<Elsewhere> {
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "exists" | "isset" | "has" | "has_property" | "property_exists" | "defined" => {
            Elsewhere::Function(Function::IsDefined)
        }
        "isempty" | "is_empty" | "isnullorempty" | "is_undefined" | "isundefined" => {
            Elsewhere::Help("use `not is_defined(a)` or `a = ''`")
        }
        "tonumber" | "number" | "parse_number" | "tofloat" | "to_float" | "float" | "toint" | "to_int" | "int"
        | "integer" | "parsefloat" | "parse_float" | "parseint" | "parse_int" | "double" | "todouble" | "val" => {
            Elsewhere::Function(Function::AsNumber)
        }
        "cast" | "try_cast" | "convert" => Elsewhere::Help("use `as_number(a)` to read a string as a number"),
        "tostring" | "to_string" | "str" | "string" | "as_string" => {
            Elsewhere::Help("properties are already strings, and no function converts a number to a string")
        }
        "tolower" | "lcase" | "lowercase" | "to_lower" | "downcase" => Elsewhere::Function(Function::Lower),
        "toupper" | "ucase" | "uppercase" | "to_upper" | "upcase" => Elsewhere::Function(Function::Upper),
        "len" | "strlen" | "char_length" | "size" => Elsewhere::Function(Function::Length),
        "instr" | "indexof" | "position" | "charindex" | "locate" | "strpos" => Elsewhere::Function(Function::IndexOf),
        "substr" | "mid" | "slice" | "left" => Elsewhere::Function(Function::Substring),
        "includes" | "contain" | "has_substring" | "strcontains" => Elsewhere::Function(Function::Contains),
        "begins_with" | "beginswith" | "has_prefix" | "hasprefix" => Elsewhere::Function(Function::StartsWith),
        "has_suffix" | "hassuffix" => Elsewhere::Function(Function::EndsWith),
        "concatenate" | "join" => Elsewhere::Function(Function::Concat),
        "pow" => Elsewhere::Function(Function::Power),
        "ceil" => Elsewhere::Function(Function::Ceiling),
        "round" | "trunc" | "truncate" => Elsewhere::Help("to round, use `floor(a + 0.5)`, `floor` or `ceiling`"),
        "mod" => Elsewhere::Help("for the remainder of two numbers, use `a % b`"),
        "$" => Elsewhere::Help("`$(...)` is a placeholder that was not replaced"),
        "isnan" | "is_nan" | "isnumeric" | "is_numeric" | "is_integer" | "is_float" => {
            Elsewhere::Help("use `is_number(as_number(a))` to test whether a string is a number")
        }
        "is_object" | "is_array" | "is_primitive" | "is_obj" | "isobject" | "isarray" | "isprimitive" => {
            Elsewhere::Help(NO_STRUCTURES)
        }
        "array_contains" | "array_length" | "array_slice" | "arrays_overlap" | "count" | "sum" | "avg" | "min"
        | "max" | "any" | "all" => Elsewhere::Help(NO_AGGREGATES),
        "coalesce" | "ifnull" | "nvl" | "if" | "iif" | "iff" | "case" | "choose" => Elsewhere::Help(NO_CHOICE),
        "regex" | "regex_match" | "regexp_like" | "regexp" | "matches" | "match" | "like" | "rlike" | "glob" => {
            Elsewhere::Help(NO_PATTERNS)
        }
        "now" | "getdate" | "current_timestamp" | "current_date" | "date" | "datetime" | "timestamp" | "today"
        | "hour" | "day" | "dateadd" | "datediff" | "getcurrentdatetime" => Elsewhere::Help(NO_TIME),
        "trim" | "ltrim" | "rtrim" | "replace" | "split" | "reverse" | "pad" => {
            Elsewhere::Help("strings are compared verbatim; use `starts_with`, `ends_with` or `contains`")
        }
        "device_id" | "deviceid" | "get_device_id" => {
            Elsewhere::Help("write `$connectionDeviceId`, without parentheses")
        }
        "module_id" | "moduleid" => Elsewhere::Help("write `$connectionModuleId`, without parentheses"),
        "in" => Elsewhere::Help("compare with each value: `a = 'x' or a = 'y'`"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_other_languages_are_none_of_ours() {
        for function in Function::ALL {
            assert_eq!(elsewhere(function.name()), None);
        }
        assert_eq!(elsewhere("ToLower"), Some(Elsewhere::Function(Function::Lower)));
        assert_eq!(elsewhere("IS_OBJECT"), Some(Elsewhere::Help(NO_STRUCTURES)));
    }

    #[test]
    fn a_word_of_each_kind_is_the_function_that_is_meant() {
        for (word, function) in [
            ("exists", Function::IsDefined),
            ("toInt", Function::AsNumber),
            ("lcase", Function::Lower),
            ("ucase", Function::Upper),
            ("strlen", Function::Length),
            ("charindex", Function::IndexOf),
            ("substr", Function::Substring),
            ("includes", Function::Contains),
            ("has_prefix", Function::StartsWith),
            ("has_suffix", Function::EndsWith),
            ("join", Function::Concat),
            ("pow", Function::Power),
            ("ceil", Function::Ceiling),
        ] {
            assert_eq!(elsewhere(word), Some(Elsewhere::Function(function)), "{word}");
        }
    }

    #[test]
    fn a_word_of_another_dialect_suggests_what_exists() {
        for (word, said) in [
            ("isEmpty", "not is_defined(a)"),
            ("cast", "to read a string as a number"),
            ("toString", "already strings"),
            ("trunc", "floor(a + 0.5)"),
            ("mod", "a % b"),
            ("isNumeric", "is_number(as_number(a))"),
            ("count", NO_AGGREGATES),
            ("iif", NO_CHOICE),
            ("glob", NO_PATTERNS),
            ("now", NO_TIME),
            ("trim", "compared verbatim"),
            ("deviceId", "$connectionDeviceId"),
            ("moduleId", "$connectionModuleId"),
            ("in", "compare with each value"),
        ] {
            let Some(Elsewhere::Help(help)) = elsewhere(word) else { panic!("{word} has no help") };
            assert!(help.contains(said), "{word}: {help}");
        }
    }

    #[test]
    fn paths_in_brackets_are_written_with_dots() {
        assert_eq!(bracketed_body_path("$body['a']['b'][0].c").as_deref(), Some("$body.a.b[0].c"));
        assert_eq!(bracketed_body_path("$body.a"), None);
        assert_eq!(bracketed_body_path("$body[a]"), None);
    }
}
