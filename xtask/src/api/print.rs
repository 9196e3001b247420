//! Prints signatures, each on one line.
//!
//! `prettyplease` prints only whole files, so each part is put into a small item, and the rest is cut off.

use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, Generics, Item, ItemImpl, ItemTrait, Signature, Type, Variant, parse_quote};

/// Prints an item, without a trailing body, comma or semicolon.
fn line(item: Item) -> String {
    let text = prettyplease::unparse(&syn::File { shebang: None, attrs: Vec::new(), items: vec![item] });
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        let closes = part.starts_with([')', ']', '>']);
        if closes || part.starts_with('}') {
            line.truncate(line.trim_end_matches(',').len());
        }
        if !(line.is_empty() || closes || line.ends_with(['(', '[', '<'])) {
            line.push(' ');
        }
        line.push_str(part);
    }
    let line = line.strip_suffix("{}").unwrap_or(&line).trim_end();
    line.trim_end_matches([',', ';']).to_owned()
}

/// Cuts off the text before and after the part that an item was made for.
fn cut<'a>(line: &'a str, before: &str, after: &str) -> &'a str {
    let line = line.strip_prefix(before).unwrap_or(line);
    line.strip_suffix(after).unwrap_or(line)
}

/// Prints a function or method under this path.
pub(super) fn signature(path: &str, signature: &Signature) -> String {
    let mut signature = signature.clone();
    // The names of patterns are no part of the interface.
    for input in &mut signature.inputs {
        if let syn::FnArg::Typed(argument) = input {
            argument.attrs.clear();
            if let syn::Pat::Ident(pattern) = &mut *argument.pat {
                pattern.mutability = None;
                pattern.by_ref = None;
            }
        }
        if let syn::FnArg::Receiver(receiver) = input {
            receiver.attrs.clear();
            if receiver.reference.is_none() {
                receiver.mutability = None;
            }
        }
    }
    let name = signature.ident.to_string();
    let line = line(parse_quote!(#signature {}));
    line.replacen(&format!("fn {name}"), &format!("fn {path}"), 1)
}

/// Prints a type.
pub(super) fn ty(ty: &Type) -> String {
    cut(&line(parse_quote!(type X = #ty;)), "type X = ", "").to_owned()
}

/// Prints a path and the parameters and bounds of a type.
pub(super) fn head(path: &str, generics: &Generics) -> String {
    let (parameters, clause) = (&generics.params, &generics.where_clause);
    let item = if parameters.is_empty() {
        parse_quote!(struct X #clause;)
    } else {
        parse_quote!(struct X<#parameters> #clause;)
    };
    format!("{path}{}", cut(&line(item), "struct X", ""))
}

/// Prints a variant with its fields and value.
pub(super) fn variant(variant: &Variant) -> String {
    let mut variant = variant.clone();
    variant.attrs.clear();
    variant.fields.iter_mut().for_each(|field| field.attrs.clear());
    cut(&line(parse_quote!(enum X { #variant })), "enum X { ", " }").to_owned()
}

/// Prints a trait under this path, with its supertraits.
pub(super) fn trait_head(path: &str, item: &ItemTrait) -> String {
    let mut item = item.clone();
    item.attrs.clear();
    item.items.clear();
    item.vis = syn::Visibility::Inherited;
    let name = item.ident.to_string();
    line(Item::Trait(item)).replacen(&format!("trait {name}"), &format!("trait {path}"), 1)
}

/// Prints an implementation, with the types that it chooses.
pub(super) fn implementation(item: &ItemImpl) -> String {
    let mut head = item.clone();
    head.attrs.clear();
    head.items.clear();
    let mut text = line(Item::Impl(head));
    let types: Vec<String> = item
        .items
        .iter()
        .filter_map(|item| match item {
            syn::ImplItem::Type(item) => Some(format!("type {} = {}", item.ident, ty(&item.ty))),
            _ => None,
        })
        .collect();
    if !types.is_empty() {
        text = format!("{text} {{ {} }}", types.join("; "));
    }
    text
}

/// Prints an attribute.
pub(super) fn attribute(attribute: &Attribute) -> String {
    cut(&line(parse_quote!(#attribute struct X;)), "", " struct X").to_owned()
}

/// Says whether a struct has fields that are not public, and how it is written.
pub(super) fn form(fields: &Fields) -> &'static str {
    let is_private = fields.iter().any(|field| !matches!(field.vis, syn::Visibility::Public(_)));
    match (fields, is_private) {
        (Fields::Unit, _) => ";",
        (Fields::Named(_), false) => "",
        (Fields::Named(_), true) => " { .. }",
        (Fields::Unnamed(_), false) => "()",
        (Fields::Unnamed(_), true) => "(..)",
    }
}

/// The parameters of a derived implementation, which require the trait of each type parameter.
pub(super) fn derived(name: &syn::Path, ident: &syn::Ident, generics: &Generics) -> ItemImpl {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#name));
    }
    let (parameters, arguments, clause) = generics.split_for_impl();
    parse_quote!(impl #parameters #name for #ident #arguments #clause {})
}

/// The traits that attributes derive.
pub(super) fn derives(attributes: &[Attribute]) -> Result<Vec<syn::Path>, String> {
    let mut derives = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let paths = attribute.parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated);
        derives.extend(paths.map_err(|error| error.to_string())?);
    }
    Ok(derives)
}

/// Prints an associated type of a trait, with its bounds.
pub(super) fn associated_type(path: &str, item: &syn::TraitItemType) -> String {
    let (parameters, bounds) = (&item.generics.params, &item.bounds);
    let mut line = line(parse_quote!(trait X<#parameters>: #bounds {}));
    line = cut(&line, "trait X", "").to_owned();
    format!("type {path}::{}{line}", item.ident)
}
