//! Lints: what is accepted, and surely not meant.
//!
//! A lint is one small file. Its doc comment says what it finds, why that matters, shows an example and what to write
//! instead; the pages of its code ([`Code::explanation`]) and `docs/lints.md` are made of it. [`ALL`] lists them.
//!
//! Only routes without errors are linted. What a lint says of the truth of a condition is proved on the formulas that
//! the matcher executes, or not said; a proof that would take too long is given up, and [`Report::undecided`] counts
//! these. The cost is linear in the routes, but for lints that compare routes with each other, which look at the routes
//! to the same endpoint only and within a budget.
//!
//! ```
//! use edgeroute::lint::{Linter, RouteInput};
//!
//! let routes = [RouteInput::new("hot", "FROM /messages/* WHERE level = 'a' and level = 'b' INTO $upstream")];
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

use crate::diagnostic::Code;

pub use finding::{Finding, ManifestReport, Place, Related, Report};
pub use fixing::{FIXING_ROUNDS, Fixed, fix_manifest};
pub use level::{Level, Levels, Selector, UnknownLint};
pub use linter::{Linter, RouteInput};
pub use registry::ALL;

use findings::Findings;
use subject::{Set, Subject};

/// Something to look for.
#[derive(Debug)]
pub struct Lint {
    code: Code,
    name: &'static str,
    level: Level,
    fixes: Option<Fixes>,
    pass: Pass,
}

/// What the fixes of a lint do.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fixes {
    /// The routes mean the same as before.
    KeepMeaning,
    /// The routes mean what was likely meant.
    ChangeMeaning,
}

/// What a lint looks at.
#[derive(Debug)]
enum Pass {
    /// One route.
    Route(fn(&Subject<'_>, &mut Findings<'_>)),
    /// All of them.
    Set(fn(&Set<'_>, &mut Findings<'_>)),
}

impl Lint {
    /// Its code, stable over releases.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Its name: a few words with hyphens between them.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its level where nobody has said otherwise.
    #[must_use]
    pub const fn default_level(&self) -> Level {
        self.level
    }

    /// What its fixes do; `None` where it has none.
    #[must_use]
    pub const fn fixes(&self) -> Option<Fixes> {
        self.fixes
    }

    /// The lint that gives a code; errors have none.
    #[must_use]
    pub fn of(code: Code) -> Option<&'static Self> {
        ALL.iter().copied().find(|lint| lint.code == code)
    }

    /// The lint of this name or code, ignoring case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter()
            .copied()
            .find(|lint| lint.name.eq_ignore_ascii_case(name) || lint.code.as_str().eq_ignore_ascii_case(name))
    }
}
