//! The properties of a twin: patches, and what is valid in them.
//!
//! All functions recurse as deep as the JSON reader lets a document nest, which is 128 levels.

use std::fmt;

use serde_json::{Map, Value};

use super::TwinError;
use crate::json;

/// The desired or the reported properties of a twin, or a patch of them.
pub type Document = Map<String, Value>;

/// The most bytes of a patch, and of a document, as JSON without white space.
pub const LARGEST: usize = 32 * 1024;

/// The most objects and arrays that are nested in each other below the document. Far below the depth at which a stored
/// twin could not be read any more.
const DEEPEST: usize = 10;

/// The most bytes of a name.
const LONGEST_NAME: usize = 1_024;

/// The most bytes of a string.
const LONGEST_STRING: usize = 4_096;

/// The integers that a property can have.
const INTEGERS: std::ops::RangeInclusive<i64> = -(1 << 52)..=(1 << 52) - 1;

/// Reads properties in JSON. Those that are -0 become 0, as no client distinguishes them.
///
/// # Errors
/// Fails if the text is not a JSON object, or has an integer outside 64 bits, which would be rounded.
pub fn read(text: &[u8]) -> Result<Document, TwinError> {
    let mut document = match serde_json::from_slice(text) {
        Ok(Value::Object(document)) => document,
        Ok(_) => return Err(TwinError::invalid("the properties are not a JSON object")),
        Err(error) => return Err(TwinError::invalid(format_args!("the properties are not JSON: {error}"))),
    };
    let is_rounded = |integer: &&str| integer.parse::<i64>().is_err() && integer.parse::<u64>().is_err();
    if let Some(integer) = json::integers(text).find(is_rounded) {
        return Err(out_of_range(
            "a property",
            integer.get(..50).map_or(integer.to_owned(), |start| format!("{start}..")),
        ));
    }
    document.values_mut().for_each(drop_signs_of_zeros);
    Ok(document)
}

fn drop_signs_of_zeros(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if number.is_f64() && number.as_f64().is_some_and(|number| number == 0.0 && number.is_sign_negative()) {
                *value = 0.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(drop_signs_of_zeros),
        Value::Object(object) => object.values_mut().for_each(drop_signs_of_zeros),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn out_of_range(name: impl fmt::Display, integer: impl fmt::Display) -> TwinError {
    let (first, last) = (INTEGERS.start(), INTEGERS.end());
    TwinError::invalid(format_args!("{name} is {integer}, and integers go from {first} to {last}"))
}

/// Reads a patch and checks it, see [`check`].
pub(super) fn parse_patch(bytes: &[u8]) -> Result<Document, TwinError> {
    let patch = read(bytes)?;
    check(&patch)?;
    Ok(patch)
}

/// Checks a patch or document.
///
/// # Errors
/// Fails if it has more than 32 KiB, if more than 10 objects and arrays are nested in it, if a name has more than 1,024 bytes or
/// characters that are not permitted, if a string has more than 4,096 bytes, if an integer is not within ±2⁵², or if an
/// array has a `null`.
pub(super) fn check(document: &Document) -> Result<(), TwinError> {
    check_object(document, DEEPEST)?;
    check_size(document)
}

/// Checks that a document has at most 32 KiB.
pub(super) fn check_size(document: &Document) -> Result<(), TwinError> {
    let size = serde_json::to_vec(document).map_err(TwinError::internal)?.len();
    if size > LARGEST {
        return Err(TwinError::invalid(format_args!("the properties have {size} bytes, more than {LARGEST}")));
    }
    Ok(())
}

fn check_object(object: &Document, depth: usize) -> Result<(), TwinError> {
    for (name, value) in object {
        check_name(name)?;
        check_value(name, value, depth)?;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), TwinError> {
    let shown = || name.chars().take(50).collect::<String>();
    if name.len() > LONGEST_NAME {
        return Err(TwinError::invalid(format_args!(
            "the name `{}..` has {} bytes, more than {LONGEST_NAME}",
            shown(),
            name.len()
        )));
    }
    let is_refused = |character: char| character.is_control() || character.is_whitespace() || ".$#".contains(character);
    if let Some(character) = name.chars().find(|character| is_refused(*character)) {
        return Err(TwinError::invalid(format_args!("the name `{}` contains {character:?}", shown())));
    }
    Ok(())
}

fn check_value(name: &str, value: &Value, depth: usize) -> Result<(), TwinError> {
    match value {
        Value::Number(number) => {
            let is_integer = number.is_i64() || number.is_u64();
            if is_integer && !number.as_i64().is_some_and(|number| INTEGERS.contains(&number)) {
                return Err(out_of_range(format_args!("`{name}`"), number));
            }
            Ok(())
        }
        Value::String(string) if string.len() > LONGEST_STRING => Err(TwinError::invalid(format_args!(
            "the string `{name}` has {} bytes, more than {LONGEST_STRING}",
            string.len()
        ))),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Array(items) => {
            let depth = below(name, depth)?;
            items.iter().try_for_each(|item| match item {
                Value::Null => Err(TwinError::invalid(format_args!("the array `{name}` contains null"))),
                item => check_value(name, item, depth),
            })
        }
        Value::Object(object) => check_object(object, below(name, depth)?),
    }
}

/// Returns how many objects and arrays can be nested in one at `name`, where `depth` can be.
fn below(name: &str, depth: usize) -> Result<usize, TwinError> {
    depth.checked_sub(1).ok_or_else(|| {
        TwinError::invalid(format_args!("more than {DEEPEST} objects and arrays are nested at `{name}`"))
    })
}

/// Applies a patch: objects are merged, `null` removes, and everything else replaces.
pub fn merge(target: &mut Document, patch: Document) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(&name);
            }
            Value::Object(patch) => {
                if let Some(Value::Object(object)) = target.get_mut(&name) {
                    merge(object, patch);
                } else {
                    let mut object = Document::new();
                    merge(&mut object, patch);
                    target.insert(name, Value::Object(object));
                }
            }
            value => {
                target.insert(name, value);
            }
        }
    }
}

/// Returns the patch that makes `new` of `old`.
pub fn difference(old: &Document, new: &Document) -> Document {
    let mut patch = Document::new();
    for (name, value) in new {
        let change = match (old.get(name), value) {
            (Some(before), value) if before == value => continue,
            (Some(Value::Object(before)), Value::Object(object)) => Value::Object(difference(before, object)),
            (_, value) => value.clone(),
        };
        patch.insert(name.clone(), change);
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    patch
}

/// Makes null whatever `other` has differently, so that a [`difference`] from the result leads from either document to a
/// third. Documents have no null themselves.
pub(super) fn blend(target: &mut Document, other: &Document) {
    for (name, value) in &mut *target {
        match (value, other.get(name)) {
            (value, Some(other)) if *value == *other => {}
            (Value::Object(object), Some(Value::Object(other))) => blend(object, other),
            (value @ Value::Object(_), _) => *value = uncertain(value),
            (value, other) => *value = other.map_or(Value::Null, uncertain),
        }
    }
    for (name, value) in other {
        if !target.contains_key(name) {
            target.insert(name.clone(), uncertain(value));
        }
    }
}

/// Returns what a blend has for a value that differs. The names in objects are kept, because a patch has to
/// remove them one by one.
fn uncertain(value: &Value) -> Value {
    match value {
        Value::Object(object) if !object.is_empty() => {
            Value::Object(object.iter().map(|(name, value)| (name.clone(), uncertain(value))).collect())
        }
        _ => Value::Null,
    }
}

/// Returns a document with its `$version`, as clients get it.
pub(super) fn with_version(mut document: Document, version: u64) -> Document {
    document.insert("$version".to_owned(), version.into());
    document
}

#[cfg(test)]
mod tests;
