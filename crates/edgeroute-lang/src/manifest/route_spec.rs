//! One route of a manifest, and its place there.

use std::sync::Arc;

use super::json::escaped;
use super::located_text::{LocatedText, Places};
use crate::diagnostic::Diagnostic;
use crate::priority::{Priority, TimeToLive};
use crate::span::Span;

/// A route as a manifest declares it. Its text has not been parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteSpec {
    name: Arc<str>,
    name_span: Span,
    text: String,
    text_span: Span,
    places: Places,
    priority: Priority,
    time_to_live: TimeToLive,
}

/// Getters.
impl RouteSpec {
    /// Returns the route's name as the manifest spells it. It is not blank, and unique in the manifest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text of the route, such as `FROM /messages/* INTO $upstream`. It is not blank.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the priority.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// Returns the time to live of the route's messages.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.time_to_live
    }
}

/// The place in the manifest's text. All spans are in bytes of that text.
impl RouteSpec {
    /// Returns the span of the key that names the route, with its quotes; for a route of a layered deployment, the
    /// whole dotted key.
    #[must_use]
    pub const fn name_span(&self) -> Span {
        self.name_span
    }

    /// Returns the span of the JSON string that contains the route's text, with its quotes.
    #[must_use]
    pub const fn text_span(&self) -> Span {
        self.text_span
    }

    /// Maps a span of [`text`](Self::text) to the span of the manifest that produced it, through the escapes of the
    /// JSON string. A character that was escaped maps to its whole escape. Costs a binary search of the escapes.
    ///
    /// ```
    /// use edgeroute_lang::manifest::Manifest;
    /// use edgeroute_lang::span::Span;
    ///
    /// let json = r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": {
    ///     "toFilter": "FROM /* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")" }}"#;
    /// let manifest = Manifest::from_json(json)?;
    /// let route = &manifest.routes()[0];
    /// let quote = route.text().find('"').and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    /// assert_eq!(route.locate(Span::new(quote, quote + 1)).slice(json), r#"\""#);
    /// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn locate(&self, span: Span) -> Span {
        self.places.locate(span)
    }

    /// Maps a finding about [`text`](Self::text) to one about the manifest: its spans are [located](Self::locate), and
    /// the replacement of its fix is escaped for the JSON string.
    #[must_use]
    pub fn locate_diagnostic(&self, diagnostic: Diagnostic) -> Diagnostic {
        let mut located = diagnostic.map_spans(|span| self.locate(span));
        if let Some(fix) = &mut located.fix {
            fix.replacement = escaped(&fix.replacement);
        }
        located
    }
}

impl RouteSpec {
    /// Returns the shared name: it may be long, and many findings may refer to it.
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Creates a route with the default priority and time to live.
    pub(super) fn new(name: &str, name_span: Span, text: LocatedText<'_>, text_span: Span) -> Self {
        Self {
            name: name.into(),
            name_span,
            text: text.text.into_owned(),
            text_span,
            places: text.places,
            priority: Priority::DEFAULT,
            time_to_live: TimeToLive::HUB_DEFAULT,
        }
    }

    /// The span between the quotes.
    pub(super) fn content_span(&self) -> Span {
        self.places.content()
    }

    /// The characters that are written as escapes, with the spans of the escapes.
    pub(super) fn escapes(&self) -> impl Iterator<Item = (char, Span)> {
        self.places
            .escapes()
            .filter_map(|(character, escape)| Some((character.slice(&self.text).chars().next()?, escape)))
    }

    pub(super) fn with_terms(self, priority: Priority, time_to_live: TimeToLive) -> Self {
        Self { priority, time_to_live, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn a_fix_is_escaped_for_the_file() {
        let file = r#""a = \"b""#;
        let text = LocatedText::decode(file.trim_matches('"'), 1);
        let spec = RouteSpec::new("r", Span::default(), text, Span::new(0, 9));
        assert_eq!(spec.text(), "a = \"b");
        let end = Span::at(6);
        let found = Diagnostic::new(Code::UnterminatedString, Span::new(4, 6), "no closing quote").with_fix(end, "\"");
        let located = spec.locate_diagnostic(found);
        assert_eq!(located.primary.span.slice(file), r#"\"b"#);
        let fix = located.fix.unwrap();
        let mut fixed = file.to_owned();
        fixed.replace_range(fix.span.range(), &fix.replacement);
        assert_eq!(fixed, r#""a = \"b\"""#);
    }
}
