//! One route of a manifest, and where it stands there.

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

/// What it says.
impl RouteSpec {
    /// The route's name, as the manifest spells it. Not blank; no other route of the manifest has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The route, such as `FROM /messages/* INTO $upstream`. Not blank.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its priority.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// How long its messages are kept.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.time_to_live
    }
}

/// Where it stands in the manifest's text. All spans are in bytes of that text.
impl RouteSpec {
    /// The key that names the route, with its quotes; for a route of a layered deployment, the whole dotted key.
    #[must_use]
    pub const fn name_span(&self) -> Span {
        self.name_span
    }

    /// The JSON string that holds the route's text, with its quotes.
    #[must_use]
    pub const fn text_span(&self) -> Span {
        self.text_span
    }

    /// From a span of [`text`](Self::text) to the span of the manifest that wrote it, through the escapes of the JSON
    /// string: a character that was escaped leads to its whole escape. Costs a binary search among the escapes.
    ///
    /// ```
    /// use edgeroute::manifest::Manifest;
    /// use edgeroute::span::Span;
    ///
    /// let json = r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": {
    ///     "toFilter": "FROM /* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")" }}"#;
    /// let manifest = Manifest::from_json(json)?;
    /// let route = &manifest.routes()[0];
    /// let quote = route.text().find('"').and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    /// assert_eq!(route.locate(Span::new(quote, quote + 1)).slice(json), r#"\""#);
    /// # Ok::<(), edgeroute::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn locate(&self, span: Span) -> Span {
        self.places.locate(span)
    }

    /// A finding about [`text`](Self::text) as one about the manifest: its spans are [located](Self::locate), and what
    /// its fix puts in is escaped as the JSON string needs it.
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
    /// The name, shared: it may be long, and what is told about its route much.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// A route of the default priority and time to live.
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

    /// What stands between the quotes.
    pub(super) fn content_span(&self) -> Span {
        self.places.content()
    }

    /// The characters that are written as escapes, and where the escapes stand.
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
        let mut mended = file.to_owned();
        mended.replace_range(fix.span.range(), &fix.replacement);
        assert_eq!(mended, r#""a = \"b\"""#);
    }
}
