//! Reads the configuration file, `edgeroute.toml`.
//!
//! ```toml
//! [lints]
//! topology = "deny"
//! W0304 = "allow"
//!
//! [files."layers/*.json".lints]
//! no-way-upstream = "allow"
//!
//! [routes."alertsUpstream".lints]
//! always-true = "allow"
//! ```
//!
//! Every command that reads manifests for an author checks the whole file, so that a mistake in it is not hidden until
//! another command runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgeroute_analysis::lint::{Level, Levels, Linter, Selector};
use glob::{MatchOptions, Pattern};

use crate::document::{Fields, Member, Problem, Value, parse_toml};
use crate::input;

/// The name of the file.
const NAME: &str = "edgeroute.toml";

/// The sections of the file.
const SECTIONS: [&str; 3] = ["lints", "files", "routes"];

/// The content of a configuration file.
#[derive(Debug, Default)]
struct Config {
    /// The directory of the file, which patterns are relative to.
    directory: PathBuf,
    lints: Settings,
    files: Vec<(Pattern, Settings)>,
    routes: Vec<(String, Settings)>,
}

type Settings = Vec<(Selector, Level)>;

/// The configuration of manifests, each from the file in the manifest's directory or the nearest directory above it. For
/// standard input and routes on the command line, the search starts in the working directory.
#[derive(Debug, Default)]
pub(crate) struct Configs {
    /// The file that is used instead of those beside the manifests.
    given: Option<PathBuf>,
    read: BTreeMap<PathBuf, Config>,
    /// The configuration file of each directory with manifests.
    of_directories: BTreeMap<PathBuf, Option<PathBuf>>,
}

impl Configs {
    /// Reads the configuration files of these manifests, or only the `given` one. Reports every mistake in them on
    /// standard error, and then returns `None`.
    ///
    /// # Errors
    /// Fails if a file cannot be read.
    pub(crate) fn read(manifests: &[PathBuf], given: Option<&Path>) -> io::Result<Option<Self>> {
        let mut configs = Self { given: given.map(Path::to_owned), ..Self::default() };
        let paths: BTreeSet<PathBuf> = if let Some(given) = given {
            BTreeSet::from([given.to_owned()])
        } else {
            let manifests = manifests.iter().map(PathBuf::as_path).chain([Path::new("-")]);
            manifests.filter_map(|manifest| configs.find(manifest)).collect()
        };
        let mut is_valid = true;
        for path in paths {
            let text = input::read_text(&path)?;
            match Config::parse(&text, path.parent().unwrap_or(Path::new(""))) {
                Ok(config) => drop(configs.read.insert(path, config)),
                Err(problems) => {
                    is_valid = false;
                    let name = input::name(&path);
                    for problem in problems {
                        input::report(&(problem.render(&name, &text) + "\n"));
                    }
                }
            }
        }
        Ok(is_valid.then_some(configs))
    }

    /// The files that were read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.read.keys()
    }

    fn find(&mut self, manifest: &Path) -> Option<PathBuf> {
        let directory = directory_of(manifest)?;
        self.of_directories.entry(directory).or_insert_with_key(|directory| find_from(directory)).clone()
    }

    fn of(&self, manifest: &Path) -> Option<&Config> {
        let path = match &self.given {
            Some(given) => given,
            None => self.of_directories.get(&directory_of(manifest)?)?.as_ref()?,
        };
        self.read.get(path)
    }

    /// The levels that every manifest with the same configuration has.
    pub(crate) fn levels(&self, manifest: &Path) -> Levels {
        self.of(manifest).map(|config| levels(&config.lints)).unwrap_or_default()
    }

    /// A linter with the levels for a manifest: those of all, then those of its file, then those of its routes.
    pub(crate) fn linter(&self, manifest: &Path, of_all: Levels) -> Linter {
        let Some(config) = self.of(manifest) else {
            return Linter::with_levels(of_all);
        };
        let of_files = config.files.iter().filter(|(pattern, _)| config.matches(pattern, manifest));
        let of_all = of_files.fold(of_all, |of_all, (_, settings)| of_all.overridden_by(levels(settings)));
        let linter = Linter::with_levels(of_all);
        config.routes.iter().fold(linter, |linter, (route, settings)| linter.route_levels(route, levels(settings)))
    }
}

fn levels(settings: &Settings) -> Levels {
    settings.iter().fold(Levels::default(), |levels, (selector, level)| levels.with(*selector, *level))
}

/// The directory of a manifest. Its parents are known only after the path is made canonical.
fn directory_of(manifest: &Path) -> Option<PathBuf> {
    let directory = if input::is_stdin(manifest) { Path::new("") } else { manifest.parent()? };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    fs::canonicalize(directory).ok()
}

/// Finds the configuration file in a canonical directory or the nearest one above it.
fn find_from(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().map(|directory| directory.join(NAME)).find(|path| path.is_file())
}

impl Config {
    /// # Errors
    /// Returns every mistake in the text, in order.
    fn parse(text: &str, directory: &Path) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut config = Self { directory: directory.to_owned(), ..Self::default() };
        let (value, syntax) = parse_toml(text);
        problems.extend(syntax);
        for section in members(value, &mut problems) {
            match &*section.key {
                "lints" => config.lints = settings(section.value, &mut problems),
                "files" => {
                    for (name, span, settings) in parts(section.value, &mut problems) {
                        match Pattern::new(&name) {
                            Ok(pattern) => config.files.push((pattern, settings)),
                            Err(error) => problems.push(Problem::new(span, format!("not a pattern: {}", error.msg))),
                        }
                    }
                }
                "routes" => {
                    let parts = parts(section.value, &mut problems);
                    config.routes.extend(parts.into_iter().map(|(name, _, settings)| (name, settings)));
                }
                _ => problems.push(Fields::unknown(&section, &SECTIONS)),
            }
        }
        problems.sort_by_key(|problem| problem.span.start);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn matches(&self, pattern: &Pattern, manifest: &Path) -> bool {
        let Some(path) = fs::canonicalize(manifest).ok() else {
            return false;
        };
        let directory = fs::canonicalize(&self.directory).unwrap_or_default();
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        path.strip_prefix(directory).is_ok_and(|path| pattern.matches_path_with(path, options))
    }
}

/// The parts of a section, each a name with a table `lints`.
fn parts(section: Value<'_>, problems: &mut Vec<Problem>) -> Vec<(String, core::ops::Range<usize>, Settings)> {
    let mut parts = Vec::new();
    for part in members(section, problems) {
        for member in members(part.value, problems) {
            if member.key == "lints" {
                let name = part.key.clone().into_owned();
                parts.push((name, part.key_span.clone(), settings(member.value, problems)));
            } else {
                problems.push(Fields::unknown(&member, &["lints"]));
            }
        }
    }
    parts
}

fn settings(section: Value<'_>, problems: &mut Vec<Problem>) -> Settings {
    let mut settings = Vec::new();
    for Member { key, key_span, value } in members(section, problems) {
        let selector = key.parse::<Selector>().map_err(|error| Problem::new(key_span, error.to_string()));
        let span = value.span();
        let level = value.text().and_then(|text| text.parse().map_err(|error| Problem::new(span, format!("{error}"))));
        match (selector, level) {
            (Ok(selector), Ok(level)) => settings.push((selector, level)),
            (selector, level) => problems.extend(selector.err().into_iter().chain(level.err())),
        }
    }
    settings
}

fn members<'t>(value: Value<'t>, problems: &mut Vec<Problem>) -> Vec<Member<'t>> {
    value.members().unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use edgeroute_analysis::lint::Lint;

    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<String>> {
        let shown = |problem: &Problem| {
            let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}: {}{help}", &text[problem.span.clone()], problem.message)
        };
        Config::parse(text, Path::new("")).map_err(|problems| problems.iter().map(shown).collect())
    }

    #[test]
    fn a_file_sets_levels_by_name_code_and_group() {
        let config = parse("[lints]\nall = \"allow\"\ntopology = \"warn\"\nW0303 = \"deny\"").unwrap();
        let levels = levels(&config.lints);
        let level = |name| levels.of(Lint::named(name).unwrap());
        assert_eq!(level("message-loop"), Level::Deny);
        assert_eq!(level("self-loop"), Level::Warn);
        assert_eq!(level("never-true"), Level::Allow);
        assert!(parse("").is_ok());
    }

    #[test]
    fn every_mistake_in_a_file_is_reported() {
        let text = "\
lint = 5
[lints]
never-treu = \"deny\"
never-true = \"error\"
self-loop = 5
zzzzzzzzz = \"forbid\"
[fmt]
[routes.\"a.b\".lint]
[files.\"***\".lints]
all = \"warn\"
[files]
";
        assert_eq!(
            parse(text).unwrap_err(),
            [
                "lint: unknown key `lint` (did you mean `lints`?)",
                "never-treu: unknown lint `never-treu`, did you mean `never-true`?",
                "\"error\": expected `allow`, `warn` or `deny`, found `error`",
                "5: expected a string, found the number 5 (put it in quotes to make it a string: \"5\")",
                "zzzzzzzzz: unknown lint `zzzzzzzzz`",
                "\"forbid\": expected `allow`, `warn` or `deny`, found `forbid`",
                "fmt: unknown key `fmt` (known keys: `lints`, `files`, `routes`)",
                "lint: unknown key `lint` (did you mean `lints`?)",
                "\"***\": not a pattern: wildcards are either regular `*` or recursive `**`",
            ]
        );
    }

    #[test]
    fn mistakes_in_the_syntax_do_not_hide_others() {
        let found = parse("[lints]\nnever-true = deny\nself-loop = \n[fmt]\n").unwrap_err();
        assert!(found.len() >= 3, "{found:?}");
        assert!(found.iter().any(|found| found.starts_with("fmt: unknown key")), "{found:?}");
    }

    #[test]
    fn the_file_beside_a_manifest_is_found_or_the_nearest_above() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let manifest = below.join("deployment.json");
        let find = || find_from(&directory_of(&manifest).unwrap()).unwrap();
        fs::write(directory.path().join(NAME), "[lints]\nnever-true = \"deny\"").unwrap();
        assert_eq!(find(), fs::canonicalize(directory.path()).unwrap().join(NAME));
        fs::write(below.join(NAME), "").unwrap();
        assert_eq!(find(), fs::canonicalize(&below).unwrap().join(NAME));
    }

    #[test]
    fn patterns_are_relative_to_the_file() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("layers/old")).unwrap();
        let [layer, old, top] =
            ["layers/a.json", "layers/old/a.json", "a.json"].map(|name| directory.path().join(name));
        for path in [&layer, &old, &top] {
            fs::write(path, "").unwrap();
        }
        let config = Config { directory: directory.path().to_owned(), ..Config::default() };
        let matches =
            |pattern: &str| [&layer, &old, &top].map(|path| config.matches(&Pattern::new(pattern).unwrap(), path));
        assert_eq!(matches("layers/*.json"), [true, false, false]);
        assert_eq!(matches("layers/**/*.json"), [true, true, false]);
        assert_eq!(matches("*.json"), [false, false, true]);
    }
}
