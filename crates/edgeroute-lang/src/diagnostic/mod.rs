//! Problems in a route or a manifest, as data.
//!
//! A [`Diagnostic`] has a stable [`Code`], a message, and a primary span with a label. It may have further spans, a
//! help line, and a fix that a machine can apply. Spans are in bytes of one text, which the caller that parsed it
//! knows. [`render`] prints a diagnostic and knows nothing of how it was found.

mod code;
mod excerpt;
mod list;
mod render;
mod suggest;

pub use code::{Code, Severity, UnknownCode};

pub use excerpt::{Excerpt, excerpts};
pub use excerpt::{QUOTED, bounded, is_invisible, quoted, quoted_up_to};
pub use list::DiagnosticList;
pub use list::MAX_ERRORS;
pub use render::render;
pub use suggest::{closest, is_slip};

use std::sync::Arc;

use crate::span::Span;

/// One finding about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Diagnostic {
    /// The kind of finding, stable across releases.
    pub code: Code,
    /// How serious it is: the severity of its code, unless the caller changed it.
    pub severity: Severity,
    /// What was found, then what was expected; lower case, without a full stop.
    pub message: String,
    /// The place of the problem.
    pub primary: Label,
    /// Further places that help to explain it.
    pub secondary: Vec<Label>,
    /// An instruction that fixes the problem, if there is one.
    pub help: Option<String>,
    /// An edit that fixes the problem, if there is one.
    pub fix: Option<Fix>,
}

/// A diagnostic with the route it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Finding {
    /// The route's name, which all findings about a route share. `None` if the finding is about another part of the
    /// manifest.
    pub route: Option<Arc<str>>,
    /// The diagnostic. Its spans are in bytes of the reported text, which is the manifest and not the route.
    pub diagnostic: Diagnostic,
}

impl Finding {
    /// Creates a finding that is not about a named route.
    #[must_use]
    pub const fn new(diagnostic: Diagnostic) -> Self {
        Self { route: None, diagnostic }
    }

    /// Creates a finding about a route.
    #[must_use]
    pub fn in_route(name: impl Into<Arc<str>>, diagnostic: Diagnostic) -> Self {
        Self { route: Some(name.into()), diagnostic }
    }
}

/// A span and a message about it, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Label {
    /// The bytes marked.
    pub span: Span,
    /// What is there, or what was expected there.
    pub text: String,
}

/// An edit that replaces the bytes of `span` by `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Fix {
    /// The bytes to replace; empty for an insertion.
    pub span: Span,
    /// The new text.
    pub replacement: String,
    /// Whether the edit can be made without asking the author.
    pub applicability: Applicability,
}

/// Whether a fix can be applied without asking the author.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub enum Applicability {
    /// A valid route keeps its meaning; a route with an error gets the only meaning that it can have had.
    #[default]
    Safe,
    /// The route changes its meaning, or gets the one that was probably meant.
    Unsafe,
}

impl Applicability {
    /// Returns `safe` or `unsafe`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

impl Fix {
    /// Creates the safe edit that puts `replacement` in place of the bytes of `span`.
    #[must_use]
    pub fn new(span: Span, replacement: impl Into<String>) -> Self {
        Self { span, replacement: replacement.into(), applicability: Applicability::Safe }
    }

    /// Sets whether the edit can be made without asking the author.
    #[must_use]
    pub fn with_applicability(self, applicability: Applicability) -> Self {
        Self { applicability, ..self }
    }
}

impl Diagnostic {
    /// Creates a diagnostic with a primary span whose label is empty.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Sets the label of the primary span.
    #[must_use]
    pub fn with_label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds a further span with its label.
    #[must_use]
    pub fn with_secondary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Sets the help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the edit that fixes the problem.
    #[must_use]
    pub fn with_fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix::new(span, replacement));
        self
    }

    /// Sets an edit that probably fixes the problem as the author wants it.
    #[must_use]
    pub fn with_guess(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix::new(span, replacement).with_applicability(Applicability::Unsafe));
        self
    }

    /// Replaces the severity of the code.
    #[must_use]
    pub const fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Iterates over the primary label, then the others.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        core::iter::once(&self.primary).chain(&self.secondary)
    }

    /// Moves every span on by `offset` bytes, from a part of a text to the whole.
    #[doc(hidden)]
    #[must_use]
    pub fn shifted(self, offset: u32) -> Self {
        self.map_spans(|span| span.shifted(offset))
    }

    /// Maps every span with `map`, from one text to another.
    #[doc(hidden)]
    #[must_use]
    pub fn map_spans(mut self, map: impl Fn(Span) -> Span) -> Self {
        self.primary.span = map(self.primary.span);
        for label in &mut self.secondary {
            label.span = map(label.span);
        }
        if let Some(fix) = &mut self.fix {
            fix.span = map(fix.span);
        }
        self
    }
}
