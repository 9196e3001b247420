//! Lints: find routes that are valid but almost certainly wrong.
//!
//! Each lint is one small file. Its doc comment describes the problem, explains why it matters, and shows an example
//! and its correction. The pages of its code ([`Code::explanation`]) and `docs/lints.md` are generated from it. [`ALL`]
//! lists the lints.
//!
//! Only routes without errors are linted. Lints report that a condition is always or never true only if it is proved on
//! the formulas that the matcher executes. A proof that exceeds its time budget is abandoned and counted by
//! [`Report::undecided`]. The cost is linear in the number of routes, except for lints that compare routes with each
//! other. Those compare only routes to the same endpoint, and within a budget.
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

mod finding;
mod findings;
mod fixing;
mod level;
mod linter;
mod registry;
mod subject;

mod semantics;
mod syntax;
mod topology;

use edgeroute_lang::diagnostic::Code;

pub use finding::{Finding, ManifestReport, Place, Related, Report};
pub use fixing::{FIXING_ROUNDS, Fixed, fix_manifest};
pub use level::{Level, Levels, Selector, UnknownLint};
pub use linter::Linter;
pub use registry::ALL;

use findings::Findings;
use subject::{CheckedRoute, RouteSetContext};

/// A check for one kind of mistake.
#[derive(Debug)]
pub struct Lint {
    code: Code,
    name: &'static str,
    level: Level,
    fixes: Option<Fixes>,
    pass: Pass,
}

/// The effect of a lint's fixes.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fixes {
    /// The routes keep their meaning.
    KeepMeaning,
    /// The routes change to what was probably meant.
    ChangeMeaning,
}

/// What a lint examines.
#[derive(Debug)]
enum Pass {
    /// One route.
    Route(fn(&CheckedRoute<'_>, &mut Findings<'_>)),
    /// All routes together.
    Set(fn(&RouteSetContext<'_>, &mut Findings<'_>)),
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

    /// Returns the lint for a code; error codes have none.
    #[must_use]
    pub fn of(code: Code) -> Option<&'static Self> {
        ALL.iter().copied().find(|lint| lint.code == code)
    }

    /// Returns the lint with this name or code, ignoring case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter()
            .copied()
            .find(|lint| lint.name.eq_ignore_ascii_case(name) || lint.code.as_str().eq_ignore_ascii_case(name))
    }
}
