//! Reads TOML. The TOML parser's own depth limit is below ours.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Kind, MAX_DEPTH, Member, Problem, Value};

/// Parses a whole document.
pub(super) fn parse(text: &str) -> Result<Value<'_>, Problem> {
    let table = DeTable::parse(text).map_err(|error| problem(text, &error))?;
    let span = table.span();
    Ok(Value { span, kind: object(table.into_inner(), 1)? })
}

/// Parses as much of a document as possible. Also returns every error.
pub(crate) fn parse_all(text: &str) -> (Value<'_>, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<Problem> = errors.iter().map(|error| problem(text, error)).collect();
    let span = table.span();
    let kind = object(table.into_inner(), 1).unwrap_or_else(|problem| {
        problems.push(problem);
        Kind::Object(Vec::new())
    });
    (Value { span, kind }, problems)
}

fn problem(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    Problem::new(span, error.message().trim_end().replace('\n', ", "))
}

fn object(table: DeTable<'_>, depth: usize) -> Result<Kind<'_>, Problem> {
    let members = table.into_iter().map(|(key, value)| {
        let key_span = key.span();
        Ok(Member { key: key.into_inner(), key_span, value: self::value(value, depth)? })
    });
    let mut members: Vec<Member<'_>> = members.collect::<Result<_, Problem>>()?;
    // A table sorts its keys by name; people expect the order of the file.
    members.sort_by_key(|member| member.key_span.start);
    Ok(Kind::Object(members))
}

fn value(value: Spanned<DeValue<'_>>, depth: usize) -> Result<Value<'_>, Problem> {
    let span = value.span();
    if depth > MAX_DEPTH {
        return Err(Problem::new(span, format!("nested deeper than the limit of {MAX_DEPTH}")));
    }
    let kind = match value.into_inner() {
        DeValue::String(text) => Kind::Text(text),
        DeValue::Boolean(bool) => Kind::Bool(bool),
        DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Kind::Number(Cow::Owned(integer.to_string())),
            Err(_) => return Err(Problem::new(span, "the number is too large")),
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Kind::Number(Cow::Owned(format!("{number:?}"))),
            _ => return Err(Problem::new(span, "JSON cannot represent this number")),
        },
        DeValue::Datetime(datetime) => Kind::Text(Cow::Owned(datetime.to_string())),
        DeValue::Array(elements) => {
            Kind::List(elements.into_iter().map(|element| self::value(element, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => object(table, depth + 1)?,
    };
    Ok(Value { span, kind })
}
