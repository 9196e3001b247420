//! Lints: find routes that are valid but almost certainly wrong.
//!
//! Each lint is one file: its declaration, its check and its tests. The doc comment of the declaration describes the
//! problem, explains why it matters, and shows an example and its correction. It is the page of the lint's code
//! ([`Lint::page`]), which `docs/codes.md` contains. [`all`] lists the lints.
//!
//! Only routes without errors are linted. Lints report that a condition is always or never true only if it is proved on
//! the formulas that the matcher executes. A proof that exceeds its time budget is abandoned and counted by
//! [`Report::undecided`]. The cost is linear in the number of routes, except for lints that compare routes with each
//! other. Those compare only routes to the same endpoint, and within a budget.
//!
//! A comment `/* edgeroute: allow(LINT) */` in a route turns lints off for this route.
//!
//! ```
//! use edgeroute::Route;
//! use edgeroute_analysis::lint::Linter;
//!
//! let routes = [Route::new("hot", "FROM /messages/* WHERE level = 'a' and level = 'b' INTO $upstream")];
//! let report = Linter::default().lint_routes(&routes);
//! let names: Vec<&str> = report.findings().iter().map(|finding| finding.lint().name()).collect();
//! assert_eq!(names, ["never-true"]);
//! ```

mod editing;
mod finding;
mod findings;
mod fixing;
mod level;
mod linter;
mod subject;
mod suppression;
#[cfg(test)]
mod testing;

/// Declares the lint of a file. The doc comment is its page.
macro_rules! lint {
    ($(#[doc = $line:literal])+ Lint { $($fields:tt)+ }) => {
        $(#[doc = $line])+
        pub(super) const LINT: $crate::lint::Lint =
            $crate::lint::Lint { doc: concat!($($line, "\n"),+), $($fields)+ };
    };
}

mod manifest;
mod semantics;
mod syntax;
mod topology;

use std::borrow::Cow;

use edgeroute_lang::diagnostic::{Applicability, Code};

pub use finding::{Finding, ManifestReport, Place, Related, Report};
pub use fixing::{FIXING_ROUNDS, Fixed, fix_manifest, fix_text};
pub use level::{Level, Levels, Selector, UnknownLint};
pub use linter::Linter;

use findings::Findings;
use subject::{CheckedRoute, DocumentContext, RouteSetContext};
use suppression::Suppressions;

/// A check for one kind of mistake.
#[derive(Debug)]
pub struct Lint {
    code: Code,
    name: &'static str,
    level: Level,
    fixes: Option<Fixes>,
    pass: Pass,
    /// The lines of its doc comment, each after a space.
    doc: &'static str,
}

/// The effect of a lint's fixes.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fixes {
    /// The routes keep their meaning.
    KeepMeaning,
    /// The routes change to what was probably meant.
    ChangeMeaning,
}

impl Fixes {
    /// How the fixes are applied.
    #[must_use]
    pub const fn applicability(self) -> Applicability {
        match self {
            Self::KeepMeaning => Applicability::Safe,
            Self::ChangeMeaning => Applicability::Unsafe,
        }
    }
}

/// What a lint examines.
#[derive(Debug)]
enum Pass {
    /// One route.
    Route(fn(&CheckedRoute<'_>, &mut Findings<'_>)),
    /// All routes together.
    Set(fn(&RouteSetContext<'_>, &mut Findings<'_>)),
    /// The manifest around the routes.
    Manifest(fn(&DocumentContext<'_>, &mut Findings<'_>)),
}

impl Lint {
    /// Its code, stable across releases.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Its name: a few words joined by hyphens.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its level unless configured otherwise.
    #[must_use]
    pub const fn default_level(&self) -> Level {
        self.level
    }

    /// What its fixes do; `None` if it has none.
    #[must_use]
    pub const fn fixes(&self) -> Option<Fixes> {
        self.fixes
    }

    /// Explains the lint in Markdown: what it reports, why, an example, what to write instead, and what its fix does. The
    /// sections have headings of the third level.
    #[must_use]
    pub fn page(&self) -> String {
        let lines = self.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.map(|line| if line.starts_with("# ") { format!("##{line}\n") } else { format!("{line}\n") }).collect()
    }

    /// Returns the lint for a code; error codes have none.
    #[must_use]
    pub fn of(code: Code) -> Option<&'static Self> {
        all().find(|lint| lint.code == code)
    }

    /// Returns the lint with this name or code, ignoring case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        all().find(|lint| lint.name.eq_ignore_ascii_case(name) || lint.code.as_str().eq_ignore_ascii_case(name))
    }
}

/// Returns every lint, in the order of the codes.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    [syntax::LINTS, semantics::LINTS, topology::LINTS, manifest::LINTS].into_iter().flatten().copied()
}

/// Explains a code in Markdown: the page of the error, or of the lint.
#[must_use]
pub fn explanation(code: Code) -> Cow<'static, str> {
    match code.explanation() {
        Some(page) => page.into(),
        None => Lint::of(code).map(Lint::page).unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgeroute_lang::diagnostic::Severity;

    #[test]
    fn each_warning_code_has_one_lint_in_order() {
        let of_lints: Vec<Code> = all().map(Lint::code).collect();
        let warnings = Code::ALL.iter().copied().filter(|code| code.severity() == Severity::Warning);
        assert_eq!(of_lints, warnings.collect::<Vec<_>>());
    }

    #[test]
    fn names_are_words_with_hyphens_and_no_two_alike() {
        let mut names: Vec<&str> = all().map(Lint::name).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn the_page_of_each_lint_has_all_sections() {
        for lint in all() {
            let page = lint.page();
            let title = page.lines().next().unwrap_or_default();
            assert_eq!(title.to_lowercase(), format!("{}.", lint.code().title()).to_lowercase(), "{}", lint.name());
            let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
            let expected = ["Why", "Example", "Use instead", "Fix"];
            let count = if lint.fixes().is_some() { 4 } else { 3 };
            assert_eq!(sections, expected[..count], "{}", lint.name());
        }
    }

    /// Code shared by lints is in files without a lint; every file of a lint is named after it.
    #[test]
    fn each_lint_has_tests_in_its_file() {
        for lint in all() {
            let group = match lint.code().as_str() {
                code if code.starts_with("W01") => "syntax",
                code if code.starts_with("W02") => "semantics",
                code if code.starts_with("W03") => "topology",
                _ => "manifest",
            };
            let path = format!("crates/edgeroute-analysis/src/lint/{group}/{}.rs", lint.name().replace('-', "_"));
            let source = edgeroute_testkit::read(&path);
            assert!(source.contains(&format!("name: \"{}\"", lint.name())), "{path}");
            assert!(source.contains("#[test]"), "{path}");
        }
    }
}
