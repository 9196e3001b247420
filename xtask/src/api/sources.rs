//! Reads the sources of the crates into modules, and resolves names in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::{Attribute, Item, UseTree, Visibility};

use super::macros::Macros;

/// The path of a module or an item, starting with the crate.
pub(super) type ItemPath = Vec<String>;

/// All modules of the crates, without tests.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) modules: BTreeMap<ItemPath, Module>,
}

#[derive(Default)]
pub(super) struct Module {
    /// The `#[cfg]` attributes of the module and of those around it.
    pub(super) gates: Vec<String>,
    pub(super) items: Vec<Item>,
    pub(super) imports: Vec<Import>,
}

/// One name of a `use` item.
pub(super) struct Import {
    /// The name under which it is imported; `None` for `*`.
    pub(super) name: Option<String>,
    pub(super) path: ItemPath,
    pub(super) attributes: Vec<Attribute>,
    pub(super) is_public: bool,
}

/// What a name means. A name may mean several things, in different namespaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(ItemPath),
    /// An item of a module, by its position.
    Item(ItemPath, usize),
    /// Something in this crate, whose sources are not read.
    External(String),
}

/// Reads a file and the files of its modules, which become inline modules.
pub(super) fn read(file: &Path) -> Result<Vec<Item>, String> {
    let folder = file.parent().unwrap_or(file);
    let is_root = file.file_name().is_some_and(|name| name == "lib.rs" || name == "mod.rs");
    let children = if is_root { folder.to_owned() } else { folder.join(file.file_stem().unwrap_or_default()) };
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut items = parse(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    inline(&mut items, &children)?;
    Ok(items)
}

/// Parses the items of a file.
pub(super) fn parse(text: &str) -> Result<Vec<Item>, String> {
    let file = syn::parse_file(text).map_err(|error| {
        let start = error.span().start();
        format!("{}:{}: {error}", start.line, start.column + 1)
    })?;
    Ok(file.items)
}

fn inline(items: &mut Vec<Item>, folder: &Path) -> Result<(), String> {
    items.retain(|item| !attributes(item).iter().any(is_test));
    for item in items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        if module.attrs.iter().any(|attribute| attribute.path().is_ident("path")) {
            return Err(format!("{}: `#[path]` of the module {name} is not supported", folder.display()));
        }
        if let Some((_, items)) = &mut module.content {
            inline(items, &folder.join(&name))?;
        } else {
            let flat = folder.join(format!("{name}.rs"));
            let file = if flat.is_file() { flat } else { folder.join(&name).join("mod.rs") };
            module.content = Some((syn::token::Brace::default(), read(&file)?));
        }
    }
    Ok(())
}

impl Sources {
    /// Expands the macros of the crates, each a name and its items, and indexes their modules.
    pub(super) fn new(crates: Vec<(&str, Vec<Item>)>) -> Result<Self, String> {
        let mut macros = Macros::default();
        for (name, items) in &crates {
            macros.collect(name, items)?;
        }
        let mut sources = Self::default();
        for (name, items) in crates {
            sources.add(vec![name.to_owned()], Vec::new(), macros.expand(items)?);
        }
        Ok(sources)
    }

    fn add(&mut self, path: ItemPath, module_gates: Vec<String>, mut items: Vec<Item>) {
        items.retain(|item| !attributes(item).iter().any(is_test));
        let mut imports = Vec::new();
        for item in &mut items {
            match item {
                Item::Use(item) => {
                    let is_public = matches!(item.vis, Visibility::Public(_));
                    flatten(&item.tree, &mut Vec::new(), &mut |name, path| {
                        imports.push(Import { name, path, attributes: item.attrs.clone(), is_public });
                    });
                }
                Item::Mod(module) => {
                    let child = [path.as_slice(), &[module.ident.to_string()]].concat();
                    let gates = [module_gates.as_slice(), &gates(&module.attrs)].concat();
                    self.add(child, gates, module.content.take().map_or_else(Vec::new, |(_, items)| items));
                }
                _ => {}
            }
        }
        self.modules.insert(path, Module { gates: module_gates, items, imports });
    }

    /// Returns the item, if the target is one.
    pub(super) fn item(&self, target: &Target) -> Option<&Item> {
        match target {
            Target::Item(module, index) => self.modules.get(module)?.items.get(*index),
            _ => None,
        }
    }

    /// Resolves a path that is written in the module `from`. Empty if it means nothing there; the caller knows the
    /// names that need no import.
    pub(super) fn resolve(&self, from: &[String], path: &[String]) -> Vec<Target> {
        self.follow(from, path, &mut BTreeSet::new())
    }

    fn follow(&self, from: &[String], path: &[String], visited: &mut BTreeSet<(ItemPath, String)>) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Target::Module(from.to_vec())];
        };
        let mut targets = match first.as_str() {
            "crate" => vec![Target::Module(from.iter().take(1).cloned().collect())],
            "self" => vec![Target::Module(from.to_vec())],
            "super" => vec![Target::Module(from.split_last().map_or_else(Vec::new, |(_, parent)| parent.to_vec()))],
            "std" | "core" | "alloc" => vec![Target::External(first.clone())],
            _ => self.lookup(from, first, visited),
        };
        if targets.is_empty() {
            let root = vec![first.clone()];
            if self.modules.contains_key(&root) {
                targets = vec![Target::Module(root)];
            } else if !rest.is_empty() {
                targets = vec![Target::External(first.clone())];
            }
        }
        for segment in rest {
            let mut next = Vec::new();
            for target in targets {
                match target {
                    Target::Module(path) if segment == "super" => {
                        next.extend(path.split_last().map(|(_, parent)| Target::Module(parent.to_vec())));
                    }
                    Target::Module(path) => next.extend(self.lookup(&path, segment, visited)),
                    Target::External(_) => next.push(target),
                    Target::Item(..) => {}
                }
            }
            targets = next;
        }
        targets.sort();
        targets.dedup();
        targets
    }

    /// Everything that a name means in a module, by definition or import.
    fn lookup(&self, path: &[String], name: &str, visited: &mut BTreeSet<(ItemPath, String)>) -> Vec<Target> {
        let Some(module) = self.modules.get(path) else {
            return Vec::new();
        };
        let mut targets = Vec::new();
        for (index, item) in module.items.iter().enumerate() {
            if self::name(item).is_some_and(|defined| defined == name) {
                targets.push(match item {
                    Item::Mod(_) => Target::Module([path, &[name.to_owned()]].concat()),
                    _ => Target::Item(path.to_vec(), index),
                });
            }
        }
        // An import whose path starts with its own name, such as `use render::render`, must not follow itself.
        let key = (path.to_vec(), name.to_owned());
        if visited.insert(key.clone()) {
            for import in &module.imports {
                match &import.name {
                    Some(imported) if imported == name => targets.extend(self.follow(path, &import.path, visited)),
                    Some(_) => {}
                    None => {
                        for target in self.follow(path, &import.path, visited) {
                            if let Target::Module(path) = target {
                                targets.extend(self.lookup(&path, name, visited));
                            }
                        }
                    }
                }
            }
            visited.remove(&key);
        }
        targets
    }
}

/// Calls `add` with the name and the path of each import of a `use` item.
fn flatten(tree: &UseTree, prefix: &mut ItemPath, add: &mut impl FnMut(Option<String>, ItemPath)) {
    let with = |prefix: &ItemPath, last: String| [prefix.as_slice(), &[last]].concat();
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, add);
            prefix.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, prefix, add)),
        UseTree::Glob(_) => add(None, prefix.clone()),
        UseTree::Name(name) if name.ident == "self" => add(prefix.last().cloned(), prefix.clone()),
        UseTree::Name(name) => add(Some(name.ident.to_string()), with(prefix, name.ident.to_string())),
        UseTree::Rename(rename) if rename.ident == "self" => add(Some(rename.rename.to_string()), prefix.clone()),
        UseTree::Rename(rename) => add(Some(rename.rename.to_string()), with(prefix, rename.ident.to_string())),
    }
}

/// The name that an item defines.
pub(super) fn name(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Macro(item) => item.ident.as_ref(),
        Item::Mod(item) => Some(&item.ident),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item is public where it is defined. Macros have no visibility.
pub(super) fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Macro(item) => return item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")),
        Item::Mod(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Union(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

/// The `#[cfg]` attributes, as text.
pub(super) fn gates(attributes: &[Attribute]) -> Vec<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).map(super::print::attribute).collect()
}

/// Whether one of the attributes is `#[doc(hidden)]`.
pub(super) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| is_list(attribute, "doc", &["hidden"]))
}

/// Whether the attribute excludes an item from every build but those of tests.
fn is_test(attribute: &Attribute) -> bool {
    is_list(attribute, "cfg", &["test", "doctest", "loom"])
}

/// Whether the attribute is `#[name(word)]` with one of the words.
fn is_list(attribute: &Attribute, name: &str, words: &[&str]) -> bool {
    attribute.path().is_ident(name)
        && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| words.iter().any(|word| argument == word))
}
