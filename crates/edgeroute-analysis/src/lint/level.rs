//! The level of each lint.

use core::fmt;
use core::str::FromStr;

use super::{Lint, all};
use edgeroute_lang::diagnostic::closest;

/// What happens to the findings of a lint.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// The lint is off.
    Allow,
    /// Findings are warnings.
    Warn,
    /// Findings are errors.
    Deny,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        })
    }
}

impl FromStr for Level {
    type Err = UnknownLint;

    fn from_str(text: &str) -> Result<Self, UnknownLint> {
        match text {
            "allow" => Ok(Self::Allow),
            "warn" => Ok(Self::Warn),
            "deny" => Ok(Self::Deny),
            _ => Err(UnknownLint { message: format!("expected `allow`, `warn` or `deny`, found `{text}`") }),
        }
    }
}

/// Selects one lint or several.
///
/// ```
/// use edgeroute_analysis::lint::Selector;
///
/// assert!("never-true".parse::<Selector>().is_ok());
/// assert!("topology".parse::<Selector>().is_ok());
/// let error = "never-treu".parse::<Selector>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown lint `never-treu`, did you mean `never-true`?");
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Selector(Selected);

#[derive(Copy, Clone, Debug)]
enum Selected {
    /// `all`
    All,
    /// `warnings`: every lint whose level is `warn`, for whatever reason.
    Warnings,
    /// `syntax`, `semantics`, `topology`, `manifest`: selected by the first digits of the codes.
    Area(&'static str),
    /// A name or code.
    One(&'static Lint),
}

impl Selector {
    /// Whether it selects a lint that has this level.
    pub(super) fn selects(&self, lint: &Lint, level: Level) -> bool {
        self.rank(lint).is_some() || matches!(self.0, Selected::Warnings) && level == Level::Warn
    }

    /// How specifically it selects a lint, whatever the level of that is.
    fn rank(&self, lint: &Lint) -> Option<u8> {
        match self.0 {
            Selected::All => Some(1),
            Selected::Area(digits) => lint.code().as_str().starts_with(digits).then_some(2),
            Selected::One(one) => (one.code() == lint.code()).then_some(3),
            Selected::Warnings => None,
        }
    }

    /// The name of every lint, group and other set of lints, with a description.
    pub fn names() -> impl Iterator<Item = (&'static str, String)> {
        let of_groups = AREAS.iter().map(|(name, _)| (*name, format!("all lints about {name}")));
        let others = [("all", "all lints"), ("warnings", "all lints at level `warn`")];
        let others = others.map(|(name, description)| (name, description.to_owned()));
        let of_lints = all()
            .flat_map(|lint| [lint.name(), lint.code().as_str()].map(|name| (name, lint.code().title().to_owned())));
        of_lints.chain(of_groups).chain(others)
    }
}

/// The error for a string that is not a lint or not a level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownLint {
    message: String,
}

impl fmt::Display for UnknownLint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for UnknownLint {}

/// The names of groups, with the first digits of their codes.
const AREAS: [(&str, &str); 4] = [("syntax", "W01"), ("semantics", "W02"), ("topology", "W03"), ("manifest", "W04")];

/// Parses the name or code of a lint, or the name of a group, ignoring case.
impl FromStr for Selector {
    type Err = UnknownLint;

    fn from_str(text: &str) -> Result<Self, UnknownLint> {
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        if is("all") {
            return Ok(Self(Selected::All));
        }
        if is("warnings") {
            return Ok(Self(Selected::Warnings));
        }
        if let Some((_, digits)) = AREAS.iter().find(|(name, _)| is(name)) {
            return Ok(Self(Selected::Area(digits)));
        }
        Lint::named(text).map(|lint| Self(Selected::One(lint))).ok_or_else(|| {
            let names = all().map(Lint::name).chain(AREAS.iter().map(|(name, _)| *name));
            let message = match closest(text, names) {
                Some(meant) => format!("unknown lint `{text}`, did you mean `{meant}`?"),
                None => format!("unknown lint `{text}`"),
            };
            UnknownLint { message }
        })
    }
}

/// The level of each lint.
///
/// More specific selectors win: a lint overrides its group, a group overrides `all`; between equals, the last one wins.
/// `warnings` is applied afterwards, to every lint whose level is then `warn`.
///
/// ```
/// use edgeroute_analysis::lint::{Level, Levels, Lint};
///
/// let levels = Levels::default()
///     .with("all".parse()?, Level::Allow)
///     .with("topology".parse()?, Level::Warn)
///     .with("warnings".parse()?, Level::Deny);
/// let level = |name| Lint::named(name).map(|lint| levels.of(lint));
/// assert_eq!(level("message-loop"), Some(Level::Deny));
/// assert_eq!(level("never-true"), Some(Level::Allow));
/// # Ok::<(), edgeroute_analysis::lint::UnknownLint>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// In the order in which they were set.
    set: Vec<(Selector, Level)>,
    /// Levels that override these, the most local last.
    local: Vec<Self>,
}

impl Levels {
    /// Sets the level of the lints that `selector` selects.
    #[must_use]
    pub fn with(mut self, selector: Selector, level: Level) -> Self {
        self.set.push((selector, level));
        self
    }

    /// Adds levels for a part of what is linted. They override these and earlier ones, whatever is more specific.
    #[must_use]
    pub fn overridden_by(mut self, local: Self) -> Self {
        self.local.push(local);
        self
    }

    /// Whether the lint is off only because nothing configures it.
    pub(super) fn leave_off(&self, lint: &Lint) -> bool {
        lint.default_level() == Level::Allow && self.configured(lint).is_none()
    }

    /// The level that selectors other than `warnings` give a lint.
    fn configured(&self, lint: &Lint) -> Option<Level> {
        let local = self.local.iter().rev().find_map(|local| local.configured(lint));
        local.or_else(|| {
            let ranked = self.set.iter().filter_map(|(selector, level)| Some((selector.rank(lint)?, *level)));
            // The last of the most specific selectors wins.
            ranked.max_by_key(|(rank, _)| *rank).map(|(_, level)| level)
        })
    }

    /// The level that `warnings` has.
    fn of_warnings(&self) -> Option<Level> {
        let local = self.local.iter().rev().find_map(Self::of_warnings);
        let is_warnings = |(selector, _): &&(Selector, Level)| matches!(selector.0, Selected::Warnings);
        local.or_else(|| self.set.iter().rev().find(is_warnings).map(|(_, level)| *level))
    }

    /// The level of a lint.
    #[must_use]
    pub fn of(&self, lint: &Lint) -> Level {
        match self.configured(lint).unwrap_or(lint.default_level()) {
            Level::Warn => self.of_warnings().unwrap_or(Level::Warn),
            level => level,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(settings: &[(&str, Level)], name: &str) -> Level {
        let levels = settings
            .iter()
            .fold(Levels::default(), |levels, (selector, level)| levels.with(selector.parse().unwrap(), *level));
        levels.of(Lint::named(name).unwrap())
    }

    #[test]
    fn the_more_specific_selector_has_the_say_and_of_two_alike_the_last() {
        assert_eq!(level(&[], "never-true"), Level::Warn);
        assert_eq!(level(&[("never-true", Level::Deny), ("all", Level::Allow)], "W0201"), Level::Deny);
        assert_eq!(level(&[("semantics", Level::Deny), ("all", Level::Allow)], "w0201"), Level::Deny);
        assert_eq!(level(&[("never-true", Level::Deny), ("W0201", Level::Allow)], "never-true"), Level::Allow);
        assert_eq!(level(&[("topology", Level::Deny)], "never-true"), Level::Warn);
    }

    #[test]
    fn warnings_are_those_that_would_warn() {
        assert_eq!(level(&[("warnings", Level::Deny)], "never-true"), Level::Deny);
        assert_eq!(level(&[("warnings", Level::Deny), ("never-true", Level::Allow)], "never-true"), Level::Allow);
        assert_eq!(level(&[("warnings", Level::Deny)], "unserved-leaf-devices"), Level::Allow);
        assert_eq!(level(&[("all", Level::Deny), ("warnings", Level::Allow)], "never-true"), Level::Deny);
    }

    #[test]
    fn local_levels_override_more_specific_ones() {
        let levels = |settings: &[(&str, Level)]| {
            let with =
                |levels: Levels, (selector, level): &(&str, Level)| levels.with(selector.parse().unwrap(), *level);
            settings.iter().fold(Levels::default(), with)
        };
        let base = || levels(&[("never-true", Level::Deny), ("self-loop", Level::Warn), ("warnings", Level::Deny)]);
        let of = |levels: &Levels, name| levels.of(Lint::named(name).unwrap());
        let local = base().overridden_by(levels(&[("all", Level::Allow)]));
        assert_eq!((of(&local, "never-true"), of(&local, "self-loop")), (Level::Allow, Level::Allow));
        let local = base().overridden_by(levels(&[("semantics", Level::Warn)]));
        assert_eq!((of(&local, "never-true"), of(&local, "always-true")), (Level::Deny, Level::Deny));
        let more_local = local.overridden_by(levels(&[("never-true", Level::Allow), ("warnings", Level::Warn)]));
        assert_eq!((of(&more_local, "never-true"), of(&more_local, "always-true")), (Level::Allow, Level::Warn));
    }
}
