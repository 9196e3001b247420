//! What is wrong with a route or a manifest, as data.
//!
//! A [`Diagnostic`] has a stable [`Code`], a message, a primary span with a label, and, where they help, further spans,
//! a help line and a fix that a machine can apply. Spans are in bytes of one text; whoever parsed the text knows which.
//! [`render`] turns a diagnostic into text, apart from how it was found.

mod code;
mod excerpt;
mod list;
mod render;
mod suggest;

pub use code::{Code, Severity, UnknownCode};
#[cfg(feature = "pretty")]
pub(crate) use excerpt::{Excerpt, excerpts};
pub(crate) use excerpt::{QUOTED, bounded, is_invisible, quoted, quoted_up_to};
pub(crate) use list::DiagnosticList;
pub use list::MAX_ERRORS;
pub use render::render;
pub use suggest::closest;

use std::sync::Arc;

use crate::span::Span;

/// One finding about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding, stable over releases.
    pub code: Code,
    /// How bad it is: as its code says, unless whoever asked has said otherwise.
    pub severity: Severity,
    /// Lower case, no full stop: the thing found, and what was expected.
    pub message: String,
    /// Where it is.
    pub primary: Label,
    /// Further places that explain it.
    pub secondary: Vec<Label>,
    /// What to do about it, where that can be said.
    pub help: Option<String>,
    /// An edit that mends it, where one is certain to.
    pub fix: Option<Fix>,
}

/// A diagnostic, and the route that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The route's name, which the findings about a route share. `None` where it is about something else of the manifest.
    pub route: Option<Arc<str>>,
    /// What was found. Its spans are in bytes of the text that is reported on, the manifest's rather than the route's.
    pub diagnostic: Diagnostic,
}

impl Finding {
    /// A finding that is about no route of a name.
    #[must_use]
    pub const fn new(diagnostic: Diagnostic) -> Self {
        Self { route: None, diagnostic }
    }

    /// A finding about a route.
    #[must_use]
    pub fn in_route(name: impl Into<Arc<str>>, diagnostic: Diagnostic) -> Self {
        Self { route: Some(name.into()), diagnostic }
    }
}

/// A span, and what there is to say at it (may be empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes meant.
    pub span: Span,
    /// What is there, or was expected there.
    pub text: String,
}

/// An edit: replace the bytes of `span` by `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The bytes to replace; may be empty, to insert.
    pub span: Span,
    /// The new text.
    pub replacement: String,
}

impl Diagnostic {
    /// A finding with a primary span, whose label is empty.
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

    /// Says something at the primary span.
    #[must_use]
    pub fn with_label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn with_secondary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds a help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds an edit that mends it.
    #[must_use]
    pub fn with_fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// Error or warning.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Makes it worse, or less bad, than its code is.
    #[must_use]
    pub const fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The primary label, then the others.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        core::iter::once(&self.primary).chain(&self.secondary)
    }

    /// The same finding with every span moved on by `offset` bytes: from a part of a text to the whole.
    #[must_use]
    pub fn shifted(self, offset: u32) -> Self {
        self.map_spans(|span| span.shifted(offset))
    }

    /// The same finding with every span put through `map`: from one text to another.
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
