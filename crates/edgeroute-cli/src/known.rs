//! Arguments whose values are names that the command knows, so that shells can complete them.
//!
//! The values are not listed in the help, because there are too many; the arguments hide them there.

use core::str::FromStr as _;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use edgeroute_analysis::lint::{self, Selector, UnknownLint};
use edgeroute_lang::builtin::Function;
use edgeroute_lang::diagnostic::Code;
use std::ffi::OsStr;

/// Parses like another parser, and knows values to complete.
#[derive(Clone)]
pub(crate) struct Known<P> {
    parser: P,
    values: fn() -> Vec<PossibleValue>,
}

impl<P: TypedValueParser> TypedValueParser for Known<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<P::Value, Error> {
        self.parser.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.values)().into_iter()))
    }
}

/// Names, codes and groups of lints.
pub(crate) fn lints() -> impl TypedValueParser<Value = Selector> {
    let parser: fn(&str) -> Result<Selector, UnknownLint> = Selector::from_str;
    Known { parser, values: || Selector::names().map(|(name, about)| PossibleValue::new(name).help(about)).collect() }
}

/// Codes, and names of lints. Other values are accepted, too, so that the command itself can report them.
pub(crate) fn codes() -> impl TypedValueParser<Value = String> {
    let values = || {
        let codes = Code::ALL.iter().map(|code| (code.as_str(), *code));
        let lints = lint::all().map(|lint| (lint.name(), lint.code()));
        codes.chain(lints).map(|(name, code)| PossibleValue::new(name).help(code.title())).collect()
    };
    Known { parser: StringValueParser::new(), values }
}

/// Names of functions. Other values are accepted, too, so that the command itself can report them.
pub(crate) fn functions() -> impl TypedValueParser<Value = String> {
    let values = || Function::ALL.iter().map(|function| PossibleValue::new(function.name())).collect();
    Known { parser: StringValueParser::new(), values }
}
