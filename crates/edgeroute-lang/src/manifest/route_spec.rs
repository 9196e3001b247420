//! One route of a manifest, and its place there.

use super::json::escaped;
use super::located_text::{LocatedText, Places};
use crate::diagnostic::Diagnostic;
use crate::priority::{Priority, TimeToLive};
use crate::route::Route;
use crate::span::{Span, floor};

/// A route of a manifest, and its place in the manifest's text. The text of the route has not been parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteSpec {
    route: Route,
    name_span: Span,
    text_span: Span,
    places: Places,
}

/// Getters.
impl RouteSpec {
    /// Returns the route.
    #[must_use]
    pub const fn route(&self) -> &Route {
        &self.route
    }

    /// Returns the route's name as the manifest spells it. It is not blank, and unique in the manifest.
    #[must_use]
    pub fn name(&self) -> &str {
        self.route.name()
    }

    /// Returns the text of the route, such as `FROM /messages/* INTO $upstream`. It is not blank.
    #[must_use]
    pub fn text(&self) -> &str {
        self.route.text()
    }

    /// Returns the priority.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.route.priority()
    }

    /// Returns the time to live of the route's messages.
    #[must_use]
    pub const fn time_to_live(&self) -> TimeToLive {
        self.route.time_to_live()
    }
}

impl From<&RouteSpec> for Route {
    fn from(spec: &RouteSpec) -> Self {
        spec.route.clone()
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
    /// use edgeroute::Manifest;
    /// use edgeroute::span::Span;
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

    /// Maps byte `offset` of the manifest to the byte of [`text`](Self::text) that it produced: the inverse of
    /// [`locate`](Self::locate). A byte within an escape or within a character maps to the start of the character, and
    /// the closing quote to the end of the text. `None` if the byte is not in this route's JSON string. Costs a binary
    /// search of the escapes.
    ///
    /// ```
    /// use edgeroute::Manifest;
    ///
    /// let json = r#"{"schemaVersion": "1.0", "storeAndForwardConfiguration": {}, "routes": {
    ///     "up": "FROM /* WHERE a = \"b\" INTO $upstream" }}"#;
    /// let manifest = Manifest::from_json(json)?;
    /// let route = &manifest.routes()[0];
    /// let cursor = json.find("INTO").and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    /// let offset = route.offset_in_text(cursor).unwrap_or_default() as usize;
    /// assert!(route.text()[offset..].starts_with("INTO"));
    /// assert_eq!(route.offset_in_text(0), None);
    /// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn offset_in_text(&self, offset: u32) -> Option<u32> {
        let found = self.places.find(offset)? as usize;
        u32::try_from(floor(self.text(), found)).ok()
    }

    /// Maps a span of the manifest to the span of [`text`](Self::text) that it produced: the inverse of
    /// [`locate`](Self::locate). A part of an escape or of a character maps to the whole character. `None` if a part of
    /// the span is not in this route's JSON string. Costs a binary search of the escapes.
    #[must_use]
    pub fn span_in_text(&self, span: Span) -> Option<Span> {
        let found = self.places.find_span(span)?;
        let ceiling = |offset: usize| (offset..=self.text().len()).find(|&at| self.text().is_char_boundary(at));
        let start = floor(self.text(), found.start() as usize);
        let end = if found.is_empty() { start } else { ceiling(found.end() as usize)? };
        Some(Span::from_range(start..end))
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
    /// Creates a route with the default priority and time to live.
    pub(super) fn new(name: &str, name_span: Span, text: LocatedText<'_>, text_span: Span) -> Self {
        Self { route: Route::new(name, text.text), name_span, text_span, places: text.places }
    }

    /// The span between the quotes.
    pub(super) fn content_span(&self) -> Span {
        self.places.content()
    }

    /// The characters that are written as escapes, with the spans of the escapes.
    pub(super) fn escapes(&self) -> impl Iterator<Item = (char, Span)> {
        self.places
            .escapes()
            .filter_map(|(character, escape)| Some((character.slice(self.route.text()).chars().next()?, escape)))
    }

    pub(super) fn with_settings(self, priority: Priority, time_to_live: TimeToLive) -> Self {
        Self { route: self.route.with_priority(priority).with_time_to_live(time_to_live), ..self }
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
