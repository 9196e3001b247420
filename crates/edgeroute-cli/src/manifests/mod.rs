//! Reads manifests in the forms that people have them.
//!
//! The library reads strict JSON in UTF-8 whose top level is a deployment or the hub's properties. This module accepts
//! more and reduces it to that: UTF-16, comments and trailing commas, templates with values for their placeholders, and
//! documents with manifests inside them. Where it can, it replaces what the library must not see by spaces, so that
//! positions stay; [`View::locate`] maps the others.

mod definitions;
mod encoding;
mod lenient;
mod paths;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use edgeroute_lang::diagnostic::{Code, Finding};
use edgeroute_lang::manifest::{Embedded, Manifest, embedded_manifests};
use edgeroute_lang::span::Span;

use crate::{input, output};
use definitions::{Definition, Definitions, Substitutions};
use encoding::Encoding;

pub(crate) use paths::{Found, Input, inputs};

/// The maximum number of places that an error lists.
const SHOWN: usize = 5;

/// How manifests are read.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Reading manifests")]
pub(crate) struct ReadingArguments {
    /// Replace the placeholder NAME of a template, such as ${NAME} or {{NAME}}; may be repeated
    #[arg(long, short = 'd', value_name = "NAME=VALUE", global = false)]
    define: Vec<Definition>,
    /// Read values of placeholders from a file of lines NAME=VALUE; may be repeated
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// Accept comments and trailing commas, as in files *.template.json and *.jsonc
    #[arg(long)]
    jsonc: bool,
    /// Use only the manifest at this place of a larger document, such as resources[0].properties
    #[arg(long, value_name = "PATH")]
    at: Option<String>,
}

impl ReadingArguments {
    /// The files with values of placeholders.
    pub(crate) fn env_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.env_file.iter()
    }

    /// The values of placeholders. Those on the command line override those in files.
    fn definitions(&self) -> io::Result<Definitions> {
        let mut definitions = Definitions::default();
        for file in &self.env_file {
            let read = definitions::read_env(&input::read_text(file)?).map_err(|why| input::invalid(file, &why))?;
            definitions.extend(read);
        }
        definitions.extend(self.define.iter().cloned());
        Ok(definitions)
    }
}

/// A file with its manifests.
#[derive(Debug)]
pub(crate) struct ManifestFile<'a> {
    arguments: &'a ReadingArguments,
    path: PathBuf,
    definitions: Definitions,
    encoding: Encoding,
    /// The decoded text, which positions refer to.
    text: String,
    views: Vec<View>,
}

/// A manifest of a file.
#[derive(Debug)]
pub(crate) struct View {
    /// What the library reads; `None` if it is the text of the file.
    readable: Option<String>,
    substitutions: Substitutions,
    /// The place in the document, as in `resources[0].properties`; `None` if the manifest is the whole document.
    place: Option<String>,
}

impl<'a> ManifestFile<'a> {
    /// Reads a file. It has at least one manifest, which may have errors.
    ///
    /// # Errors
    /// Errors name the file. Fails if it cannot be read or decoded, if a file of definitions is not valid, or if there
    /// is no manifest at the place that was asked for.
    pub(crate) fn read(path: &Path, arguments: &'a ReadingArguments) -> io::Result<Self> {
        let (text, encoding) = Encoding::decode(input::read_bytes(path)?).map_err(|why| input::invalid(path, &why))?;
        let definitions = arguments.definitions()?;
        let path = path.to_owned();
        Self { arguments, path, definitions, encoding, text: String::new(), views: Vec::new() }.with_text(text)
    }

    /// The same file with another text, as if it had been read from there.
    ///
    /// # Errors
    /// Same as for [`read`](Self::read).
    pub(crate) fn with_text(self, text: String) -> io::Result<Self> {
        let views = self.views_of(&text)?;
        Ok(Self { text, views, ..self })
    }

    /// Reads another text as if it were in this file.
    ///
    /// # Errors
    /// Same as for [`read`](Self::read).
    pub(crate) fn reread(&self, text: &str) -> io::Result<Self> {
        let unread = Self {
            path: self.path.clone(),
            definitions: self.definitions.clone(),
            text: String::new(),
            views: Vec::new(),
            ..*self
        };
        unread.with_text(text.to_owned())
    }

    /// A text that is not in a file, under this name in messages.
    pub(crate) fn generated(name: &str, text: String, arguments: &'a ReadingArguments) -> Self {
        let whole = View { readable: None, substitutions: Substitutions::default(), place: None };
        let (definitions, encoding) = (Definitions::default(), Encoding::Utf8);
        Self { arguments, path: PathBuf::from(name), definitions, encoding, text, views: vec![whole] }
    }

    fn views_of(&self, text: &str) -> io::Result<Vec<View>> {
        let (filled, substitutions) = self.definitions.fill_in(text);
        let strict = if self.is_lenient() { lenient::strict(&filled) } else { Cow::Borrowed(&*filled) };
        let changed = |text: Cow<'_, str>| match (&filled, text) {
            (Cow::Borrowed(_), Cow::Borrowed(_)) => None,
            (_, text) => Some(text.into_owned()),
        };
        let embedded = match &self.arguments.at {
            Some(at) => vec![embedded_at(at, &strict).map_err(|why| input::invalid(&self.path, &why))?],
            None if is_manifest(&strict) => Vec::new(),
            None => embedded_manifests(&strict),
        };
        if embedded.is_empty() {
            return Ok(vec![View { readable: changed(strict), substitutions, place: None }]);
        }
        let view = |embedded: &Embedded| {
            let range = embedded.span.range();
            let outside = [0..range.start, range.end..strict.len()];
            View {
                readable: Some(lenient::blank(&strict, &outside)),
                substitutions: substitutions.clone(),
                place: Some(embedded.path.clone()),
            }
        };
        Ok(embedded.iter().map(view).collect())
    }

    /// Whether comments are accepted.
    fn is_lenient(&self) -> bool {
        let name = self.path.to_string_lossy().to_lowercase();
        self.arguments.jsonc || [".template.json", ".jsonc"].iter().any(|end| name.ends_with(end))
    }

    /// Reports on standard error if the file would be JSON if comments and trailing commas were accepted.
    pub(crate) fn report_comments(&self) {
        if self.is_refused_for_comments() {
            input::report(&format!("{}: has comments or trailing commas; read it with --jsonc", self.name()));
        }
    }

    fn is_refused_for_comments(&self) -> bool {
        let is_json =
            |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text.trim_start_matches('\u{feff}')).is_ok();
        !self.is_lenient() && !is_json(&self.text) && is_json(&lenient::strict(&self.text))
    }

    /// The name in messages.
    pub(crate) fn name(&self) -> String {
        input::name(&self.path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The text, which positions refer to.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text by value.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The manifest, for a command that uses only one.
    ///
    /// # Errors
    /// Fails if there are several.
    pub(crate) fn only_view(&self) -> io::Result<&View> {
        match &*self.views {
            [only] => Ok(only),
            views => {
                let places: Vec<String> =
                    views.iter().filter_map(View::place).take(SHOWN).map(|place| format!("`{place}`")).collect();
                let why =
                    format!("{} manifests in this file; choose one with --at: {}", views.len(), places.join(", "));
                Err(input::invalid(&self.path, &why))
            }
        }
    }

    /// The manifests, each with the text that the library reads.
    pub(crate) fn views(&self) -> impl ExactSizeIterator<Item = (&View, &str)> {
        self.views.iter().map(|view| (view, view.readable.as_deref().unwrap_or(&self.text)))
    }

    /// Whether the text may be a manifest, of which only a file found in a directory is asked.
    pub(crate) fn may_be_manifest(&self) -> bool {
        ["$edgeHub", "modulesContent", "storeAndForwardConfiguration"].iter().any(|key| self.text.contains(key))
    }

    /// Writes the text to the file in its encoding.
    ///
    /// # Errors
    /// Errors name the file.
    pub(crate) fn write(&self) -> io::Result<()> {
        output::replace(&self.path, &self.bytes())
    }

    /// The text in the file's encoding.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.encoding.encode(&self.text)
    }
}

impl View {
    /// The place in the document, as in `resources[0].properties`; `None` if the manifest is the whole document.
    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Maps a finding in the text that the library reads to the text of the file. It keeps its fix unless that would
    /// change the value of a placeholder.
    pub(crate) fn locate(&self, finding: Finding) -> Finding {
        let Finding { route, mut diagnostic, .. } = finding;
        if diagnostic.fix.as_ref().is_some_and(|fix| self.substitutions.touch(fix.span)) {
            diagnostic.fix = None;
        }
        let diagnostic = diagnostic.map_spans(|span| self.locate_span(span));
        match route {
            Some(route) => Finding::in_route(route, diagnostic),
            None => Finding::new(diagnostic),
        }
    }

    /// Maps a span like [`locate`](Self::locate).
    pub(crate) fn locate_span(&self, span: Span) -> Span {
        self.substitutions.locate(span)
    }

    /// Whether a span has a part of the value of a placeholder, so that the file has something else there.
    pub(crate) fn is_filled_in(&self, span: Span) -> bool {
        self.substitutions.touch(span)
    }
}

/// Whether the library reads the document itself as a manifest, although maybe with errors.
fn is_manifest(text: &str) -> bool {
    // A list may have manifests.
    let is_list = text.trim_start_matches('\u{feff}').trim_start().starts_with('[');
    !is_list && !Manifest::parse(text).problems.iter().any(|problem| problem.diagnostic().code == Code::NoHubProperties)
}

fn embedded_at(at: &str, text: &str) -> Result<Embedded, String> {
    let mut embedded = embedded_manifests(text);
    if let Some(index) = embedded.iter().position(|embedded| embedded.path == at) {
        return Ok(embedded.swap_remove(index));
    }
    if embedded.iter().any(|embedded| embedded.path.is_empty()) {
        return Err(format!("no manifest at `{at}`; the document itself is one"));
    }
    let places: Vec<String> = embedded.iter().take(SHOWN).map(|embedded| format!("`{}`", embedded.path)).collect();
    Err(match &*places {
        [] => format!("no manifest at `{at}`"),
        places => format!("no manifest at `{at}`; found at {}", places.join(", ")),
    })
}
