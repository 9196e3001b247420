use super::listing;
use super::sources::{self, Sources};

/// Lists the crate `top`, which may re-export items of the crate `base`.
fn list(top: &str, base: &str) -> Result<String, String> {
    let crates = vec![("top", sources::parse(top)?), ("base", sources::parse(base)?)];
    listing::text(&Sources::new(crates)?, "top")
}

/// The lines of the listing, without the module of the root, empty lines and counts.
fn lines(top: &str, base: &str) -> Vec<String> {
    let text = list(top, base).unwrap();
    text.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("# ")).map(str::to_owned).collect()
}

#[test]
fn traits_show_what_must_be_implemented() {
    let top = "
        pub trait Visit: Sized {
            const LIMIT: usize = 3;
            fn visit<'m>(&'m self, mut visit: impl FnMut(&'m str, Option<&'m str>));
            fn count(&self) -> usize where Self: Copy { 0 }
            #[doc(hidden)]
            fn internal(&self);
        }
        impl<T: Visit + ?Sized> Visit for &T {}
    ";
    assert_eq!(
        lines(top, ""),
        [
            "trait top::Visit: Sized",
            "provided const top::Visit::LIMIT: usize",
            "provided fn top::Visit::count(&self) -> usize where Self: Copy",
            "required fn top::Visit::visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>))",
            "impl<T: Visit + ?Sized> Visit for &T",
        ]
    );
}

#[test]
fn generic_structs_show_bounds_and_public_fields() {
    let top = "
        use std::fmt;
        #[derive(Clone)]
        #[must_use]
        pub struct Cell<'t, T: ?Sized = str> where T: Send { pub name: &'t str, value: Box<T> }
        pub struct Pair(pub u8, u8);
        impl<'t> Cell<'t> {
            pub const fn new(name: &'t str) -> Self { loop {} }
            pub(crate) fn crate_only(self) {}
            fn private(self) {}
        }
        impl<T: Copy + Send> Cell<'_, T> {
            #[doc(hidden)]
            pub fn hidden(&self) {}
            pub fn value<const N: usize>(mut self, #[cfg(all())] most: [T; N]) -> Result<T, fmt::Error> where T: Ord { loop {} }
        }
        impl<T: ?Sized + Send> fmt::Debug for Cell<'_, T> {}
    ";
    assert_eq!(
        lines(top, ""),
        [
            "struct top::Cell<'t, T: ?Sized = str> where T: Send { .. }",
            "field top::Cell::name: &'t str",
            "const fn top::Cell::new(name: &'t str) -> Self",
            "fn top::Cell::value<const N: usize>(self, most: [T; N]) -> Result<T, fmt::Error> where T: Ord \
             for impl<T: Copy + Send> Cell<'_, T>",
            "impl<'t, T: ?Sized + Clone> Clone for top::Cell<'t, T> where T: Send",
            "impl<T: ?Sized + Send> Debug for top::Cell<'_, T>",
            "struct top::Pair(..)",
            "field top::Pair::0: u8",
        ]
    );
}

#[test]
fn long_signatures_stay_on_one_line() {
    let arguments: Vec<String> = (0..20).map(|number| format!("argument_{number}: Option<Vec<u8>>")).collect();
    let signature = format!("({}) -> Result<Vec<u8>, String>", arguments.join(", "));
    let top = format!("pub fn long{signature} {{}}");
    assert_eq!(lines(&top, ""), [format!("fn top::long{signature}")]);
}

#[test]
fn features_are_shown_also_those_of_the_module() {
    let top = r#"
        #[non_exhaustive]
        pub enum Kind {
            Plain,
            #[cfg(feature = "extra")]
            Fields { /** doc */ a: u8, b: Vec<u8> },
            Tuple(u8),
        }
        #[cfg(feature = "miette")]
        mod reports { impl miette::Diagnostic for super::Kind {} }
        #[cfg(feature = "extra")]
        impl Iterator for Kind { type Item = u8; fn next(&mut self) -> Option<u8> { None } }
        #[cfg(test)]
        impl Copy for Kind {}
    "#;
    assert_eq!(
        lines(top, "").join("\n"),
        r#"#[non_exhaustive] enum top::Kind
variant top::Kind::Plain
#[cfg(feature = "extra")] variant top::Kind::Fields { a: u8, b: Vec<u8> }
variant top::Kind::Tuple(u8)
#[cfg(feature = "extra")] impl Iterator for top::Kind { type Item = u8 }
#[cfg(feature = "miette")] impl miette::Diagnostic for top::Kind"#
    );
}

#[test]
fn exports_are_followed_renamed_and_listed_once() {
    let base = "
        pub mod inner {
            mod private { pub struct Thing; pub fn render() {} }
            mod render { pub fn render() {} }
            pub use private::Thing;
            pub use render::render;
            impl crate::Unlisted { pub fn nothing(self) {} }
        }
        pub struct Unlisted;
    ";
    let top = "
        pub use base::inner::Thing as Renamed;
        pub use base::inner;
        #[doc(hidden)]
        pub mod internals { pub struct Hidden; }
        impl From<Renamed> for String {}
    ";
    assert_eq!(
        lines(top, base),
        [
            "struct top::Renamed;",
            "impl From<Renamed> for String",
            "mod top::inner",
            "use top::inner::Thing = top::Renamed",
            "fn top::inner::render()",
        ]
    );
}

#[test]
fn macros_are_expanded() {
    let top = "
        macro_rules! kinds {
            ($(#[$attribute:meta])* $visibility:vis $type:ident: $($name:ident = $text:literal, $from:ty);+ $(;)?) => {
                $(#[$attribute])*
                $visibility enum $type { $($name),+ }
                $(impl From<$from> for $type {})+
                impl $type { $visibility const ALL: &'static [&'static str] = &[$($crate::text($text)),+]; }
            };
        }
        kinds! { #[derive(Copy, Clone)] pub Kind: A = \"a\", Vec<u8>; B = \"b\", u8; }
    ";
    assert_eq!(
        lines(top, ""),
        [
            "enum top::Kind",
            "variant top::Kind::A",
            "variant top::Kind::B",
            "const top::Kind::ALL: &'static [&'static str]",
            "impl Clone for top::Kind",
            "impl Copy for top::Kind",
            "impl From<Vec<u8>> for top::Kind",
            "impl From<u8> for top::Kind",
        ]
    );
}

#[test]
fn names_that_cannot_be_resolved_are_errors() {
    let error = |top| list(top, "pub mod known {}").unwrap_err();
    assert_eq!(error("pub use base::known::Missing;"), "top: `pub use base::known::Missing` cannot be resolved");
    assert_eq!(
        error("pub use serde::Serialize;"),
        "top: `pub use serde::Serialize` exports an item of the crate serde, which cannot be listed"
    );
    assert_eq!(error("pub use base::known::*;"), "top: `pub use base::known`: name the items instead of `*`");
    assert_eq!(error("impl Clone for Missing {}"), "top: cannot resolve `Missing` in an `impl`");
    assert_eq!(error("unknown! {}"), "cannot expand the unknown macro unknown!");
}

#[test]
fn items_are_counted() {
    let text = list("#[derive(Copy)] pub struct A { pub a: u8 } impl A { pub fn new() {} } pub fn f() {}", "").unwrap();
    let counts: Vec<&str> = text.lines().filter(|line| line.starts_with("# ")).collect();
    assert_eq!(
        counts,
        [
            "# 4 public items: 1 modules, 1 types, 0 traits, 1 functions, 0 constants, 0 macros, 1 methods and constants of types and traits.",
            "# 1 fields and variants. 1 implementations of traits.",
        ]
    );
}
