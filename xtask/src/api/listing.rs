//! Finds the public items and writes their lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Generics, ImplItem, Item, ItemImpl, TraitItem, Type, Visibility};

use super::print;
use super::sources::{self, ItemPath, Module, Sources, Target};

/// The names that need no import, without the primitive types.
const PRELUDE: [&str; 35] = [
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Hash",
    "Into",
    "IntoIterator",
    "Iterator",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Vec",
];

const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8",
    "usize",
];

/// Writes the listing of a crate.
pub(super) fn text(sources: &Sources, krate: &str) -> Result<String, String> {
    let mut listing =
        Listing { sources, exports: BTreeMap::new(), entries: BTreeMap::new(), counts: Counts::default() };
    let root = vec![krate.to_owned()];
    listing.export(&Target::Module(root.clone()), &root, &[])?;
    listing.list_definitions()?;
    for (path, module) in &sources.modules {
        for item in &module.items {
            if let Item::Impl(item) = item
                && !sources::is_hidden(&item.attrs)
            {
                let implementation = listing.implementation(path, module, item);
                implementation.map_err(|error| format!("{}: {error}", path.join("::")))?;
            }
        }
    }
    Ok(listing.text())
}

struct Listing<'a> {
    sources: &'a Sources,
    /// The public paths of each exported item, with the `#[cfg]` attributes of the path.
    exports: BTreeMap<Target, BTreeSet<Export>>,
    /// The lines of each item, by its path.
    entries: BTreeMap<ItemPath, Entry>,
    counts: Counts,
}

/// A path under which an item is public. The shortest comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Export {
    length: usize,
    path: ItemPath,
    gates: Vec<String>,
}

#[derive(Default)]
struct Entry {
    head: String,
    /// Fields and variants, in the order in which they are declared.
    parts: Vec<String>,
    /// Constants, types and functions of a type or trait, by name.
    members: BTreeSet<(String, String)>,
    implementations: BTreeSet<String>,
}

#[derive(Default)]
struct Counts {
    modules: usize,
    types: usize,
    traits: usize,
    functions: usize,
    constants: usize,
    macros: usize,
    methods: usize,
    parts: usize,
    implementations: usize,
}

impl Listing<'_> {
    /// Records that a target is public under this path, and so is everything public in it, if it is a module.
    fn export(&mut self, target: &Target, path: &ItemPath, gates: &[String]) -> Result<(), String> {
        let gates = match target {
            Target::Module(_) => gates.to_vec(),
            _ => [
                gates,
                &self.sources.item(target).map_or_else(Vec::new, |item| sources::gates(sources::attributes(item))),
            ]
            .concat(),
        };
        let is_known = self.exports.contains_key(target);
        let export = Export { length: path.len(), path: path.clone(), gates: gates.clone() };
        self.exports.entry(target.clone()).or_default().insert(export);
        let Target::Module(module_path) = target else {
            return Ok(());
        };
        if is_known {
            return Ok(());
        }
        let sources = self.sources;
        let module = sources.modules.get(module_path).ok_or_else(|| format!("no module {}", module_path.join("::")))?;
        let child = |name: String| [path.as_slice(), &[name]].concat();
        for (index, item) in module.items.iter().enumerate() {
            let Some(name) = sources::name(item).map(ToString::to_string) else { continue };
            let is_exported_macro = matches!(item, Item::Macro(_)) && module_path.len() > 1;
            if !sources::is_public(item) || sources::is_hidden(sources::attributes(item)) || is_exported_macro {
                continue;
            }
            let target = match item {
                Item::Mod(_) => Target::Module([module_path.as_slice(), std::slice::from_ref(&name)].concat()),
                _ => Target::Item(module_path.clone(), index),
            };
            let gates = match item {
                Item::Mod(module) => [gates.as_slice(), &sources::gates(&module.attrs)].concat(),
                _ => gates.clone(),
            };
            self.export(&target, &child(name), &gates)?;
        }
        for import in module.imports.iter().filter(|import| import.is_public && !sources::is_hidden(&import.attributes))
        {
            let written = format!("{}: `pub use {}`", module_path.join("::"), import.path.join("::"));
            let Some(name) = &import.name else {
                return Err(format!("{written}: name the items instead of `*`"));
            };
            let targets: Vec<Target> = sources
                .resolve(module_path, &import.path)
                .into_iter()
                .filter(|target| self.is_visible(target))
                .collect();
            if targets.is_empty() {
                return Err(format!("{written} cannot be resolved"));
            }
            let gates = [gates.as_slice(), &sources::gates(&import.attributes)].concat();
            for target in targets {
                if let Target::External(krate) = target {
                    return Err(format!("{written} exports an item of the crate {krate}, which cannot be listed"));
                }
                if !sources.item(&target).is_some_and(|item| sources::is_hidden(sources::attributes(item))) {
                    self.export(&target, &child(name.clone()), &gates)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a `pub use` exports the target: a private module of the same name is not exported.
    fn is_visible(&self, target: &Target) -> bool {
        match target {
            Target::Module(path) => path.split_last().is_none_or(|(name, parent)| {
                let siblings = self.sources.modules.get(parent).map_or(&[][..], |module| &module.items);
                let is_it = |item: &&Item| matches!(item, Item::Mod(module) if module.ident == name);
                siblings.iter().find(is_it).is_none_or(sources::is_public)
            }),
            Target::Item(..) => self.sources.item(target).is_some_and(sources::is_public),
            Target::External(_) => true,
        }
    }

    /// Returns the shortest path of an item, if it is exported.
    fn path(&self, target: &Target) -> Option<&ItemPath> {
        Some(&self.exports.get(target)?.first()?.path)
    }

    fn list_definitions(&mut self) -> Result<(), String> {
        for (target, exports) in &self.exports {
            let mut exports = exports.iter();
            let Some(export) = exports.next() else { continue };
            let shown = export.path.join("::");
            for alias in exports {
                let head = format!("{}use {} = {shown}", prefix(&alias.gates, &[]), alias.path.join("::"));
                self.entries.entry(alias.path.clone()).or_default().head = head;
            }
            let entry = self.entries.entry(export.path.clone()).or_default();
            if let Some(item) = self.sources.item(target) {
                let definition = entry.define(item, &shown, &export.gates, &mut self.counts);
                definition.map_err(|error| format!("{shown}: {error}"))?;
            } else {
                self.counts.modules += 1;
                entry.head = format!("{}mod {shown}", prefix(&export.gates, &[]));
            }
        }
        Ok(())
    }

    /// Lists an `impl`, if it is for an exported type or of an exported trait.
    fn implementation(&mut self, from: &[String], module: &Module, item: &ItemImpl) -> Result<(), String> {
        let gates = [module.gates.as_slice(), &sources::gates(&item.attrs)].concat();
        let mut names = Names { generics: &item.generics, found: Vec::new() };
        names.visit_type(&item.self_ty);
        if let Some((_, path, _)) = &item.trait_ {
            names.visit_path(path);
        }
        let mut owner = None;
        for name in names.found {
            let targets = self.sources.resolve(from, &name);
            let is_builtin = matches!(name.as_slice(), [only] if is_builtin(only));
            if targets.is_empty() && !is_builtin {
                return Err(format!("cannot resolve `{}` in an `impl`", name.join("::")));
            }
            owner = owner.or_else(|| targets.iter().find_map(|target| self.path(target)).cloned());
        }
        let Some(path) = owner else {
            return Ok(());
        };
        let mut item = item.clone();
        self.shorten_trait(from, &mut item);
        let mut printed = item.clone();
        Qualify { listing: self, from }.visit_type_mut(&mut printed.self_ty);
        let entry = self.entries.entry(path.clone()).or_default();
        if item.trait_.is_some() {
            entry.implementations.insert(format!("{}{}", prefix(&gates, &[]), print::implementation(&printed)));
        } else {
            entry.add_methods(&item, &path.join("::"), &gates);
        }
        Ok(())
    }

    /// Writes a trait of the standard library without its path, as `derive` does.
    fn shorten_trait(&self, from: &[String], item: &mut ItemImpl) {
        let Some((_, path, _)) = &mut item.trait_ else { return };
        let is_std = |target: &Target| matches!(target, Target::External(krate) if ["std", "core", "alloc"].contains(&krate.as_str()));
        if path.segments.len() > 1
            && self.sources.resolve(from, &segments(path)).iter().any(is_std)
            && let Some(last) = path.segments.last().cloned()
        {
            *path = last.into();
        }
    }

    fn text(mut self) -> String {
        let mut text = String::new();
        for entry in self.entries.values() {
            let lines = entry.parts.iter().chain(entry.members.iter().map(|(_, line)| line));
            let _ = writeln!(text, "{}", entry.head);
            for line in lines.chain(&entry.implementations) {
                let _ = writeln!(text, "{line}");
            }
            text.push('\n');
            self.counts.parts += entry.parts.len();
            self.counts.methods += entry.members.len();
            self.counts.implementations += entry.implementations.len();
        }
        text.push_str(&self.counts.text());
        text
    }
}

impl Entry {
    fn define(&mut self, item: &Item, path: &str, gates: &[String], counts: &mut Counts) -> Result<(), String> {
        let prefix = prefix(gates, sources::attributes(item));
        self.head = match item {
            Item::Const(item) => {
                counts.constants += 1;
                format!("{prefix}const {path}: {}", print::ty(&item.ty))
            }
            Item::Static(item) => {
                counts.constants += 1;
                format!("{prefix}static {path}: {}", print::ty(&item.ty))
            }
            Item::Fn(item) => {
                counts.functions += 1;
                format!("{prefix}{}", print::signature(path, &item.sig))
            }
            Item::Macro(_) => {
                counts.macros += 1;
                format!("{prefix}macro {path}!")
            }
            Item::Type(item) => {
                counts.types += 1;
                format!("{prefix}type {} = {}", print::head(path, &item.generics), print::ty(&item.ty))
            }
            Item::Struct(item) => {
                counts.types += 1;
                self.derive(&item.attrs, &item.ident, &item.generics, path, gates)?;
                for (index, field) in item.fields.iter().enumerate() {
                    if matches!(field.vis, Visibility::Public(_)) && !sources::is_hidden(&field.attrs) {
                        let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                        self.parts.push(format!(
                            "{}field {path}::{name}: {}",
                            self::prefix(&[], &field.attrs),
                            print::ty(&field.ty)
                        ));
                    }
                }
                format!("{prefix}struct {}{}", print::head(path, &item.generics), print::form(&item.fields))
            }
            Item::Enum(item) => {
                counts.types += 1;
                self.derive(&item.attrs, &item.ident, &item.generics, path, gates)?;
                for variant in item.variants.iter().filter(|variant| !sources::is_hidden(&variant.attrs)) {
                    self.parts.push(format!(
                        "{}variant {path}::{}",
                        self::prefix(&[], &variant.attrs),
                        print::variant(variant)
                    ));
                }
                format!("{prefix}enum {}", print::head(path, &item.generics))
            }
            Item::Trait(item) => {
                counts.traits += 1;
                for item in &item.items {
                    self.add_trait_item(item, path)?;
                }
                format!("{prefix}{}", print::trait_head(path, item))
            }
            _ => return Err("cannot list an item of this kind".to_owned()),
        };
        Ok(())
    }

    /// Adds the derived implementations.
    fn derive(
        &mut self,
        attributes: &[Attribute],
        ident: &syn::Ident,
        generics: &Generics,
        path: &str,
        gates: &[String],
    ) -> Result<(), String> {
        for name in print::derives(attributes)? {
            let mut item = print::derived(&name, ident, generics);
            if let Type::Path(ty) = &mut *item.self_ty {
                rename(&mut ty.path, path);
            }
            self.implementations.insert(format!("{}{}", prefix(gates, &[]), print::implementation(&item)));
        }
        Ok(())
    }

    fn add_trait_item(&mut self, item: &TraitItem, path: &str) -> Result<(), String> {
        let (name, attributes, text, is_provided) = match item {
            TraitItem::Fn(item) => {
                let name = item.sig.ident.to_string();
                let text = print::signature(&format!("{path}::{name}"), &item.sig);
                (name, &item.attrs, text, item.default.is_some())
            }
            TraitItem::Const(item) => {
                let text = format!("const {path}::{}: {}", item.ident, print::ty(&item.ty));
                (item.ident.to_string(), &item.attrs, text, item.default.is_some())
            }
            TraitItem::Type(item) => {
                let text = print::associated_type(path, item);
                (item.ident.to_string(), &item.attrs, text, item.default.is_some())
            }
            _ => return Err("cannot list an item of this kind in a trait".to_owned()),
        };
        if !sources::is_hidden(attributes) {
            let kind = if is_provided { "provided" } else { "required" };
            self.members.insert((name, format!("{}{kind} {text}", prefix(&[], attributes))));
        }
        Ok(())
    }

    /// Adds the public functions and constants of an inherent implementation.
    fn add_methods(&mut self, item: &ItemImpl, path: &str, gates: &[String]) {
        // Lifetimes limit nothing; parameters and arguments of types may.
        let is_general = item.generics.type_params().next().is_none()
            && item.generics.const_params().next().is_none()
            && !has_type_arguments(&item.self_ty);
        let condition = if is_general { String::new() } else { format!(" for {}", print::implementation(item)) };
        for member in &item.items {
            let (name, attributes, visibility, text) = match member {
                ImplItem::Fn(item) => {
                    let name = item.sig.ident.to_string();
                    let text = print::signature(&format!("{path}::{name}"), &item.sig);
                    (name, &item.attrs, &item.vis, text)
                }
                ImplItem::Const(item) => {
                    let text = format!("const {path}::{}: {}", item.ident, print::ty(&item.ty));
                    (item.ident.to_string(), &item.attrs, &item.vis, text)
                }
                _ => continue,
            };
            if matches!(visibility, Visibility::Public(_)) && !sources::is_hidden(attributes) {
                self.members.insert((name, format!("{}{text}{condition}", prefix(gates, attributes))));
            }
        }
    }
}

impl Counts {
    fn text(&self) -> String {
        let Self { modules, types, traits, functions, constants, macros, methods, parts, implementations } = self;
        let items = modules + types + traits + functions + constants + macros + methods;
        format!(
            "# {items} public items: {modules} modules, {types} types, {traits} traits, {functions} functions, \
             {constants} constants, {macros} macros, {methods} methods and constants of types and traits.\n\
             # {parts} fields and variants. {implementations} implementations of traits.\n"
        )
    }
}

/// The attributes that are part of the interface, each followed by a space.
fn prefix(gates: &[String], attributes: &[Attribute]) -> String {
    let is_kept = |attribute: &&Attribute| {
        ["deprecated", "non_exhaustive", "repr"].iter().any(|name| attribute.path().is_ident(name))
    };
    let mut prefix = gates.to_vec();
    prefix.extend(sources::gates(attributes).into_iter().filter(|gate| !gates.contains(gate)));
    prefix.extend(attributes.iter().filter(is_kept).map(print::attribute));
    prefix.push(String::new());
    prefix.join(" ")
}

/// Whether a type is written with type or constant arguments, which limit an `impl`.
fn has_type_arguments(ty: &Type) -> bool {
    struct Arguments(bool);
    impl<'ast> Visit<'ast> for Arguments {
        fn visit_generic_argument(&mut self, argument: &'ast syn::GenericArgument) {
            self.0 |= !matches!(argument, syn::GenericArgument::Lifetime(_));
        }
    }
    let mut arguments = Arguments(false);
    arguments.visit_type(ty);
    arguments.0
}

fn is_builtin(name: &str) -> bool {
    PRELUDE.contains(&name) || PRIMITIVES.contains(&name)
}

fn segments(path: &syn::Path) -> ItemPath {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

/// Collects the paths of types and traits in the order in which they are written, without the parameters of the `impl`.
struct Names<'a> {
    generics: &'a Generics,
    found: Vec<ItemPath>,
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let is_parameter = |ident: &syn::Ident| {
            ident == "Self"
                || self.generics.type_params().any(|parameter| parameter.ident == *ident)
                || self.generics.const_params().any(|parameter| parameter.ident == *ident)
        };
        if path.segments.first().is_some_and(|first| !is_parameter(&first.ident)) {
            self.found.push(segments(path));
        }
        syn::visit::visit_path(self, path);
    }
}

/// Replaces the exported types in the type of an `impl` by the paths under which they are public.
struct Qualify<'a> {
    listing: &'a Listing<'a>,
    from: &'a [String],
}

impl VisitMut for Qualify<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        syn::visit_mut::visit_path_mut(self, path);
        let targets = self.listing.sources.resolve(self.from, &segments(path));
        if let Some(public) = targets.iter().find_map(|target| self.listing.path(target)) {
            rename(path, &public.join("::"));
        }
    }
}

/// Gives a path another name, and keeps the arguments.
fn rename(path: &mut syn::Path, name: &str) {
    let arguments = path.segments.last().map(|last| last.arguments.clone());
    if let Ok(mut renamed) = syn::parse_str::<syn::Path>(name) {
        if let (Some(last), Some(arguments)) = (renamed.segments.last_mut(), arguments) {
            last.arguments = arguments;
        }
        *path = renamed;
    }
}
