//! Expands the `macro_rules!` macros of the sources, so that the items they generate are listed like all others.
//!
//! Supports what these macros use: fragments that `syn` parses, repetitions and `$crate`. Everything else is an error.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Item;
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{ParseStream, Parser as _};

/// Macros of `std` that are invoked as items and generate nothing public.
const IGNORED: [&str; 1] = ["thread_local"];

/// All macros that are defined in the sources, by name.
#[derive(Default)]
pub(super) struct Macros(BTreeMap<String, Macro>);

struct Macro {
    /// What `$crate` means.
    krate: String,
    rules: Vec<Rule>,
}

struct Rule {
    patterns: Vec<Pattern>,
    body: TokenStream,
}

enum Pattern {
    Token(TokenTree),
    Group(Delimiter, Vec<Self>),
    Variable { name: String, fragment: String },
    Repeat { patterns: Vec<Self>, separator: Option<TokenTree>, operator: char },
}

#[derive(Clone)]
enum Binding {
    One(TokenStream),
    /// One for each repetition.
    Many(Vec<Self>),
}

type Bindings = BTreeMap<String, Binding>;

impl Macros {
    /// Adds the macros that the items define, at any depth.
    pub(super) fn collect(&mut self, krate: &str, items: &[Item]) -> Result<(), String> {
        for item in items {
            match item {
                Item::Macro(item) => {
                    if let Some(name) = &item.ident {
                        let rules = rules(item.mac.tokens.clone()).map_err(|error| format!("{name}!: {error}"))?;
                        self.0.insert(name.to_string(), Macro { krate: krate.to_owned(), rules });
                    }
                }
                Item::Mod(module) => {
                    self.collect(krate, module.content.as_ref().map_or(&[], |(_, items)| items))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Replaces all invocations, at any depth, by the items that they generate.
    pub(super) fn expand(&self, items: Vec<Item>) -> Result<Vec<Item>, String> {
        let mut expanded = Vec::new();
        for item in items {
            match item {
                Item::Macro(item) if item.ident.is_none() => {
                    let name = item.mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
                    if !IGNORED.contains(&name.as_str()) {
                        let known =
                            self.0.get(&name).ok_or_else(|| format!("cannot expand the unknown macro {name}!"))?;
                        let items = known.expand(&item.mac.tokens).map_err(|error| format!("{name}!: {error}"))?;
                        expanded.extend(self.expand(items)?);
                    }
                }
                Item::Mod(mut module) => {
                    if let Some((_, items)) = &mut module.content {
                        *items = self.expand(std::mem::take(items))?;
                    }
                    expanded.push(Item::Mod(module));
                }
                item => expanded.push(item),
            }
        }
        Ok(expanded)
    }
}

impl Macro {
    fn expand(&self, input: &TokenStream) -> syn::Result<Vec<Item>> {
        let mut error = None;
        for rule in &self.rules {
            let mut bindings = Bindings::new();
            let parser = |stream: ParseStream<'_>| match_all(&rule.patterns, stream, &mut bindings);
            match parser.parse2(input.clone()) {
                Ok(()) => return Ok(syn::parse2::<syn::File>(self.transcribe(rule.body.clone(), &bindings)?)?.items),
                Err(mismatch) => error = Some(mismatch),
            }
        }
        Err(error.unwrap_or_else(|| syn::Error::new_spanned(input, "a macro without rules")))
    }

    fn transcribe(&self, body: TokenStream, bindings: &Bindings) -> syn::Result<TokenStream> {
        let mut output = TokenStream::new();
        let mut tokens = body.into_iter();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next() {
                    Some(TokenTree::Ident(name)) if name == "crate" => {
                        output.extend([TokenTree::Ident(Ident::new(&self.krate, name.span()))]);
                    }
                    Some(TokenTree::Ident(name)) => match bindings.get(&name.to_string()) {
                        Some(Binding::One(bound)) => output.extend(bound.clone()),
                        Some(Binding::Many(_)) => return Err(syn::Error::new_spanned(name, "still repeating")),
                        None => return Err(syn::Error::new_spanned(name, "an unknown variable")),
                    },
                    Some(TokenTree::Group(group)) => {
                        let (separator, _) = repetition(&mut tokens)?;
                        for (index, bindings) in iterations(&group.stream(), bindings).iter().enumerate() {
                            output.extend(separator.clone().filter(|_| index > 0));
                            output.extend(self.transcribe(group.stream(), bindings)?);
                        }
                    }
                    other => return Err(syn::Error::new_spanned(other, "expected a variable or a repetition")),
                },
                TokenTree::Group(group) => {
                    let inner = self.transcribe(group.stream(), bindings)?;
                    output.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
                }
                token => output.extend([token]),
            }
        }
        Ok(output)
    }
}

/// The bindings for each repetition of `body`.
fn iterations(body: &TokenStream, bindings: &Bindings) -> Vec<Bindings> {
    let mut variables = BTreeSet::new();
    variables_of(body, &mut variables);
    let repeated: Vec<_> = variables
        .into_iter()
        .filter_map(|name| match bindings.get(&name) {
            Some(Binding::Many(values)) => Some((name, values)),
            _ => None,
        })
        .collect();
    let length = repeated.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    let iteration = |index: usize| {
        let mut bindings = bindings.clone();
        let values = repeated.iter().filter_map(|(name, values)| Some((name.clone(), values.get(index)?.clone())));
        bindings.extend(values);
        bindings
    };
    (0..length).map(iteration).collect()
}

/// Every name after a `$`.
fn variables_of(body: &TokenStream, variables: &mut BTreeSet<String>) {
    let mut after_dollar = false;
    for token in body.clone() {
        match &token {
            TokenTree::Ident(name) if after_dollar => {
                variables.insert(name.to_string());
            }
            TokenTree::Group(group) => variables_of(&group.stream(), variables),
            _ => {}
        }
        after_dollar = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '$');
    }
}

/// Reads `(pattern) => { body };`, any number of times.
fn rules(tokens: TokenStream) -> syn::Result<Vec<Rule>> {
    let parser = |input: ParseStream<'_>| {
        let mut rules = Vec::new();
        while !input.is_empty() {
            let pattern: Group = input.parse()?;
            input.parse::<syn::Token![=>]>()?;
            let body: Group = input.parse()?;
            input.parse::<Option<syn::Token![;]>>()?;
            rules.push(Rule { patterns: patterns(pattern.stream())?, body: body.stream() });
        }
        Ok(rules)
    };
    parser.parse2(tokens)
}

fn patterns(tokens: TokenStream) -> syn::Result<Vec<Pattern>> {
    let mut patterns_found = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        patterns_found.push(match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match (tokens.next(), tokens.next()) {
                (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(_))) => {
                    let fragment = tokens.next().map(|token| token.to_string()).unwrap_or_default();
                    Pattern::Variable { name: name.to_string(), fragment }
                }
                (Some(TokenTree::Group(group)), Some(next)) => {
                    let (separator, operator) = repetition(&mut [next].into_iter().chain(&mut tokens))?;
                    Pattern::Repeat { patterns: patterns(group.stream())?, separator, operator }
                }
                (other, _) => return Err(syn::Error::new_spanned(other, "expected a variable or a repetition")),
            },
            TokenTree::Group(group) => Pattern::Group(group.delimiter(), patterns(group.stream())?),
            token => Pattern::Token(token),
        });
    }
    Ok(patterns_found)
}

/// Reads what follows the parentheses of a repetition: a separator, if any, and `*`, `+` or `?`.
fn repetition(tokens: &mut impl Iterator<Item = TokenTree>) -> syn::Result<(Option<TokenTree>, char)> {
    let operator = |token: &TokenTree| match token {
        TokenTree::Punct(punct) if matches!(punct.as_char(), '*' | '+' | '?') => Some(punct.as_char()),
        _ => None,
    };
    let first = tokens.next();
    if let Some(operator) = first.as_ref().and_then(operator) {
        return Ok((None, operator));
    }
    match tokens.next().as_ref().and_then(operator) {
        Some(operator) => Ok((first, operator)),
        None => Err(syn::Error::new_spanned(first, "expected `*`, `+` or `?`")),
    }
}

fn match_all(patterns: &[Pattern], input: ParseStream<'_>, bindings: &mut Bindings) -> syn::Result<()> {
    patterns.iter().try_for_each(|pattern| match_one(pattern, input, bindings))
}

fn match_one(pattern: &Pattern, input: ParseStream<'_>, bindings: &mut Bindings) -> syn::Result<()> {
    match pattern {
        Pattern::Token(expected) => match_token(expected, input),
        Pattern::Group(delimiter, patterns) => {
            let group: Group = input.parse()?;
            if group.delimiter() != *delimiter {
                return Err(syn::Error::new_spanned(group, "another delimiter"));
            }
            let parser = |stream: ParseStream<'_>| match_all(patterns, stream, bindings);
            parser.parse2(group.stream())
        }
        Pattern::Variable { name, fragment } => {
            bindings.insert(name.clone(), Binding::One(parse_fragment(fragment, input)?));
            Ok(())
        }
        Pattern::Repeat { patterns, separator, operator } => {
            let mut names = Vec::new();
            variables_bound(patterns, &mut names);
            let mut columns: BTreeMap<String, Vec<Binding>> =
                names.into_iter().map(|name| (name, Vec::new())).collect();
            while !input.is_empty() {
                let fork = input.fork();
                let mut once = Bindings::new();
                if match_all(patterns, &fork, &mut once).is_err() {
                    break;
                }
                input.advance_to(&fork);
                for (name, binding) in once {
                    columns.entry(name).or_default().push(binding);
                }
                let separated =
                    separator.as_ref().is_none_or(|separator| match_token(separator, &input.fork()).is_ok());
                if *operator == '?' || !separated {
                    break;
                }
                if let Some(separator) = separator {
                    match_token(separator, input)?;
                }
            }
            bindings.extend(columns.into_iter().map(|(name, column)| (name, Binding::Many(column))));
            Ok(())
        }
    }
}

fn match_token(expected: &TokenTree, input: ParseStream<'_>) -> syn::Result<()> {
    let token: TokenTree = input.parse()?;
    if token.to_string() == expected.to_string() {
        Ok(())
    } else {
        Err(syn::Error::new_spanned(token, format!("expected `{expected}`")))
    }
}

fn variables_bound(patterns: &[Pattern], names: &mut Vec<String>) {
    for pattern in patterns {
        match pattern {
            Pattern::Token(_) => {}
            Pattern::Variable { name, .. } => names.push(name.clone()),
            Pattern::Group(_, patterns) | Pattern::Repeat { patterns, .. } => variables_bound(patterns, names),
        }
    }
}

fn parse_fragment(fragment: &str, input: ParseStream<'_>) -> syn::Result<TokenStream> {
    Ok(match fragment {
        "expr" => input.parse::<syn::Expr>()?.into_token_stream(),
        "ident" => input.call(Ident::parse_any)?.into_token_stream(),
        "literal" => input.parse::<syn::Lit>()?.into_token_stream(),
        "meta" => input.parse::<syn::Meta>()?.into_token_stream(),
        "tt" => input.parse::<TokenTree>()?.into_token_stream(),
        "ty" => input.parse::<syn::Type>()?.into_token_stream(),
        "vis" => input.parse::<syn::Visibility>()?.into_token_stream(),
        _ => return Err(input.error(format!("cannot read the fragment `{fragment}`"))),
    })
}
