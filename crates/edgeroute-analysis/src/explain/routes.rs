//! The compiled routes, with their texts, that explanations refer to.

use edgeroute_lang::diagnostic::Diagnostic;
use edgeroute_lang::hir::{self, Shadowing};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::MessageSource;
use edgeroute_lang::route::Route;
use edgeroute_lang::source::takes_fallback;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::parse_route;

/// The role of a route in the hub.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Role {
    /// One of the routes.
    Route,
    /// Matches telemetry that no route matches.
    Fallback,
}

/// Compiled routes for explaining messages. Unlike a table, it keeps the routes' texts.
#[derive(Clone, Debug, Default)]
pub struct Routes<'t> {
    declared: Vec<Compiled<'t>>,
    fallback: Option<Compiled<'t>>,
    shadowing: Shadowing,
    limits: Limits,
}

/// A compiled route.
#[derive(Clone, Debug)]
pub(super) struct Compiled<'t> {
    pub(super) route: &'t Route,
    pub(super) typed: hir::TypedRoute<'t>,
    pub(super) role: Role,
    pub(super) sink_span: Span,
    source_span: Span,
}

impl<'t> Routes<'t> {
    /// Creates an empty set. `shadowing` and `limits` must be those of the table whose behaviour is explained.
    #[must_use]
    pub fn new(shadowing: Shadowing, limits: Limits) -> Self {
        Self { shadowing, limits, ..Self::default() }
    }

    /// Adds a route after the others. Allocates.
    ///
    /// # Errors
    /// Returns all errors in the route; the route is then not added. Spans are in bytes of its text.
    pub fn add(&mut self, route: &'t Route) -> Result<(), Vec<Diagnostic>> {
        self.declared.push(self.compile(route, Role::Route)?);
        Ok(())
    }

    /// Sets the fallback, which matches telemetry that no route matches. Its source is ignored. Allocates.
    ///
    /// # Errors
    /// Same as for [`add`](Self::add).
    pub fn set_fallback(&mut self, route: &'t Route) -> Result<(), Vec<Diagnostic>> {
        self.fallback = Some(self.compile(route, Role::Fallback)?);
        Ok(())
    }

    fn compile(&self, route: &'t Route, role: Role) -> Result<Compiled<'t>, Vec<Diagnostic>> {
        let parsed = parse_route(route.text(), &self.limits);
        let source_span = parsed.tree.source.as_ref().map(|source| source.span).unwrap_or_default();
        let sink_span = parsed.tree.sink.as_ref().map(|sink| sink.span).unwrap_or_default();
        let typed = hir::TypedRoute::check(&parsed.tree, parsed.errors, self.shadowing)?;
        Ok(Compiled { route, typed, role, sink_span, source_span })
    }

    pub(super) fn compiled(&self) -> impl Iterator<Item = &Compiled<'t>> {
        self.declared.iter()
    }

    pub(super) const fn compiled_fallback(&self) -> Option<&Compiled<'t>> {
        self.fallback.as_ref()
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) const fn shadowing(&self) -> Shadowing {
        self.shadowing
    }
}

/// Access to the routes.
impl<'t> Routes<'t> {
    /// The routes as given, in the order of declaration, without the fallback.
    pub fn iter(&self) -> impl Iterator<Item = &'t Route> {
        self.declared.iter().map(|compiled| compiled.route)
    }

    /// The number of routes, not counting the fallback.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.declared.len()
    }

    /// Whether there are no routes, not counting the fallback.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.declared.is_empty()
    }
}

impl Compiled<'_> {
    /// Whether the route selects messages from this source.
    pub(super) fn takes(&self, source: MessageSource<'_>) -> bool {
        match self.role {
            Role::Route => self.typed.source.matches(source),
            Role::Fallback => takes_fallback(source),
        }
    }

    /// The span of a segment of the source in the route's text. It covers the whole source if white space or comments
    /// between its tokens make the segment impossible to locate.
    pub(super) fn segment_span(&self, segment: usize) -> Span {
        let written = self.source_span.slice(self.route.text());
        let is_plain = !written.contains(|character: char| character.is_whitespace()) && !written.contains("/*/");
        let mut offset = 0;
        for (index, piece) in written.split('/').enumerate() {
            // The piece before the first slash is empty.
            if is_plain && index == segment + 1 && !piece.is_empty() {
                let start = self.source_span.range().start + offset;
                return Span::from_range(start..start + piece.len());
            }
            offset += piece.len() + 1;
        }
        self.source_span
    }
}
