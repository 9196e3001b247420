//! Formats routes in their canonical form, alone or inside a manifest whose other bytes do not change.
//!
//! The canonical form means the same, with one spelling: clauses in upper case, `and`, `or`, `not` and functions in
//! lower case, one space around operators, parentheses only if precedence requires them, all on one line. Text in
//! canonical form stays as it is, byte for byte. So does every text that would lose something: a route with errors,
//! with comments, or with text after the sink, which has no meaning and may well be a mistake.
//!
//! Comments `/* ... */` may be anywhere between tokens. The syntax tree does not contain them, so a route with a
//! comment is never formatted.
//!
//! The cost is that of compiling the routes.

use std::collections::HashSet;

use crate::diagnostic::Diagnostic;
use crate::hir::{self, Shadowing};
use crate::limits::Limits;
use crate::manifest::{Manifest, ManifestProblem, Parsed, RouteSpec, apply};
use crate::span::Span;
use crate::syntax::{Lexer, TokenKind, canonical_route, parse_route};

/// The result of formatting a route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Formatted {
    /// The route is in canonical form already.
    Canonical,
    /// The route has this canonical form.
    Changed(String),
    /// The route must stay as it is.
    Kept(Kept),
}

/// The reason why a route stays as it is. Spans are in bytes of the text that was formatted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kept {
    /// The route does not compile; all errors, at least one.
    Errors(Vec<Diagnostic>),
    /// The route has a comment, which would be lost; the first one.
    Comment(Span),
    /// The route has text after its sink, which would be lost.
    Trailing(Span),
    /// The canonical form has this many bytes, more than [`Limits::route_bytes`].
    TooLong(usize),
}

/// Formats the text of a route. Allocates.
///
/// ```
/// use edgeroute_lang::format::{Formatted, Kept, format_route};
/// use edgeroute_lang::limits::Limits;
///
/// let limits = Limits::default();
/// let formatted = format_route("from /messages/* where ((a<>'b')) into $UPSTREAM", &limits);
/// assert_eq!(formatted, Formatted::Changed("FROM /messages/* WHERE a != 'b' INTO $upstream".to_owned()));
/// let kept = format_route("from /messages/* /* all of them */ into $upstream", &limits);
/// assert!(matches!(kept, Formatted::Kept(Kept::Comment(_))));
/// ```
#[must_use]
pub fn format_route(text: &str, limits: &Limits) -> Formatted {
    let parsed = parse_route(text, limits);
    if let Err(errors) = hir::TypedRoute::check(&parsed.tree, parsed.errors, Shadowing::default()) {
        return Formatted::Kept(Kept::Errors(errors));
    }
    if let Some(comment) = first_comment(text) {
        return Formatted::Kept(Kept::Comment(comment));
    }
    if let Some(trailing) = parsed.tree.trailing {
        return Formatted::Kept(Kept::Trailing(trailing));
    }
    let canonical = canonical_route(&parsed.tree);
    if canonical == text {
        Formatted::Canonical
    } else if canonical.len() > limits.route_bytes {
        Formatted::Kept(Kept::TooLong(canonical.len()))
    } else {
        Formatted::Changed(canonical)
    }
}

fn first_comment(text: &str) -> Option<Span> {
    // Nothing else begins like this, but most routes have `/*` in their source.
    if !text.contains("*/") {
        return None;
    }
    let mut tokens = Lexer::new(text);
    while tokens.first_comment().is_none() && tokens.next_token().kind != TokenKind::Eof {}
    tokens.first_comment()
}

/// A manifest with its routes in canonical form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormattedManifest {
    /// The text of the manifest. It is the same as the input if no route has [changed](Formatted::Changed).
    pub text: String,
    /// The routes, in the order of the text.
    pub routes: Vec<FormattedRoute>,
    /// The problems of the manifest itself. Routes with such a problem are not in `routes` and stay as they are; the
    /// others are formatted anyway.
    pub problems: Vec<ManifestProblem>,
}

/// A route of a manifest and its formatted form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormattedRoute {
    /// The route before formatting.
    pub route: RouteSpec,
    /// The result of formatting. Spans are in bytes of the original manifest.
    pub formatted: Formatted,
}

impl FormattedManifest {
    /// Whether no route needs a change; some may be unable to change.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.changed().next().is_none()
    }

    /// Iterates over the routes that changed, with their canonical forms.
    pub fn changed(&self) -> impl Iterator<Item = (&RouteSpec, &str)> {
        self.routes.iter().filter_map(|route| match &route.formatted {
            Formatted::Changed(canonical) => Some((&route.route, canonical.as_str())),
            _ => None,
        })
    }

    /// Iterates over the routes that had to stay as they are, with the reasons.
    pub fn kept(&self) -> impl Iterator<Item = (&RouteSpec, &Kept)> {
        self.routes.iter().filter_map(|route| match &route.formatted {
            Formatted::Kept(why) => Some((&route.route, why)),
            _ => None,
        })
    }
}

/// Formats every route of a manifest. Only the contents of the routes' JSON strings change. Allocates.
///
/// ```
/// use edgeroute_lang::format::format_manifest;
/// use edgeroute_lang::limits::Limits;
///
/// let json = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes": {
///     "up":   "from /* into $UPSTREAM",
///     "hot": {"priority":0, "route": "FROM /messages/* WHERE a=\"b\" INTO $upstream" } }}"#;
/// let formatted = format_manifest(json, &Limits::default());
/// assert!(formatted.text.ends_with(r#""routes": {
///     "up":   "FROM /* INTO $upstream",
///     "hot": {"priority":0, "route": "FROM /messages/* WHERE a = \"b\" INTO $upstream" } }}"#));
/// assert_eq!(formatted.changed().count(), 2);
/// ```
#[must_use]
pub fn format_manifest(text: &str, limits: &Limits) -> FormattedManifest {
    let Parsed { manifest, unusable_routes, problems } = Manifest::parse(text);
    let faulty: HashSet<&str> = problems.iter().filter_map(ManifestProblem::route).collect();
    let sound = manifest.as_ref().map(Manifest::routes).unwrap_or_default();
    let mut routes: Vec<FormattedRoute> = sound
        .iter()
        .chain(&unusable_routes)
        .filter(|route| !faulty.contains(route.name()))
        .map(|route| FormattedRoute {
            formatted: located(route, format_route(route.text(), limits)),
            route: route.clone(),
        })
        .collect();
    routes.sort_by_key(|route| route.route.text_span());
    let mut formatted = FormattedManifest { text: String::new(), routes, problems };
    let edits: Vec<_> = formatted.changed().map(|(route, canonical)| route.rewritten(text, canonical)).collect();
    formatted.text = apply(text, &edits).text;
    formatted
}

/// Converts the spans to spans of the manifest.
fn located(route: &RouteSpec, formatted: Formatted) -> Formatted {
    let Formatted::Kept(why) = formatted else {
        return formatted;
    };
    Formatted::Kept(match why {
        Kept::Errors(errors) => Kept::Errors(errors.into_iter().map(|error| route.locate_diagnostic(error)).collect()),
        Kept::Comment(span) => Kept::Comment(route.locate(span)),
        Kept::Trailing(span) => Kept::Trailing(route.locate(span)),
        Kept::TooLong(bytes) => Kept::TooLong(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn formatted(text: &str) -> Formatted {
        format_route(text, &Limits::default())
    }

    #[test]
    fn a_route_becomes_canonical_once() {
        let Formatted::Changed(canonical) =
            formatted("select *\nfrom / a/* where NOT(a=b)OR Is_Null(c) into $Upstream")
        else {
            panic!()
        };
        assert_eq!(canonical, "SELECT * FROM /a/* WHERE not (a = b) or is_null(c) INTO $upstream");
        assert_eq!(formatted(&canonical), Formatted::Canonical);
    }

    #[test]
    fn what_would_lose_something_is_kept() {
        let kept = |text: &str| match formatted(text) {
            Formatted::Kept(Kept::Comment(span) | Kept::Trailing(span)) => span.slice(text).to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(kept("from /a where /* why */ b = c into $upstream"), "/* why */");
        assert_eq!(kept("/**/ from /a into $upstream"), "/**/");
        assert_eq!(kept("from /a into $upstream where b = c"), "where b = c");
        // The comment that the source of a route opens by mistake.
        assert_eq!(kept("FROM /messages/* INTO $upstream */ INTO $upstream"), "/* INTO $upstream */");
    }

    #[test]
    fn text_that_looks_like_a_comment_is_formatted() {
        for (text, canonical) in [
            ("from /a where b = '/* no */' into $upstream", "FROM /a WHERE b = '/* no */' INTO $upstream"),
            ("from / * where b = '*/' into $upstream", "FROM / * WHERE b = '*/' INTO $upstream"),
            ("from /* into $upstream", "FROM /* INTO $upstream"),
        ] {
            assert_eq!(formatted(text), Formatted::Changed(canonical.to_owned()));
        }
    }

    #[test]
    fn routes_with_errors_are_kept_with_all_of_them() {
        let Formatted::Kept(Kept::Errors(errors)) = formatted("from /a where lenght(b) = c into nowhere") else {
            panic!()
        };
        let codes: Vec<Code> = errors.iter().map(|error| error.code).collect();
        assert_eq!(codes.len(), 2, "{codes:?}");
    }

    #[test]
    fn a_form_that_is_too_long_is_not_written() {
        let limits = Limits::default().with_route_bytes(32);
        assert_eq!(format_route("from /a where b=c into $upstream", &limits), Formatted::Kept(Kept::TooLong(34)));
    }

    #[test]
    fn the_rest_of_a_manifest_stays_byte_for_byte() {
        let json = "\u{feff}{ \"schemaVersion\" :\"1.1\",\r\n\t\"routes\":{\"a\":\"from /a into $upstream\" ,\
            \"b\" : {\"route\":\"from /b where c=\\u0022d\\u0022 into $upstream\",\"note\":[1e2 , \"\\/\"]},\
            \"c\": \"from /c /* why */ into $upstream\", \"d\": \"from /d\", \"e\": 5},\
            \"storeAndForwardConfiguration\":{}}\n\n";
        let found = format_manifest(json, &Limits::default());
        let expected = json
            .replace("from /a into", "FROM /a INTO")
            .replace("from /b where c=\\u0022d\\u0022 into", "FROM /b WHERE c = \\u0022d\\u0022 INTO");
        assert_eq!(found.text, expected);
        let kept: Vec<&str> = found.kept().map(|(route, _)| route.name()).collect();
        assert_eq!(kept, ["c", "d"]);
        let Some((_, Kept::Comment(span))) = found.kept().next() else { panic!() };
        assert_eq!(span.slice(json), "/* why */");
        let problems: Vec<Option<&str>> = found.problems.iter().map(ManifestProblem::route).collect();
        assert_eq!(problems, [Some("e")]);
        assert!(format_manifest(&found.text, &Limits::default()).is_unchanged());
    }

    #[test]
    fn routes_are_formatted_whatever_else_is_wrong_with_the_manifest() {
        let json = r#"{"routes": {"a": "from /a into $upstream"}}"#;
        let found = format_manifest(json, &Limits::default());
        assert_eq!(found.text, r#"{"routes": {"a": "FROM /a INTO $upstream"}}"#);
        assert_eq!(found.problems.len(), 2);
        let broken = format_manifest("{", &Limits::default());
        assert_eq!((&*broken.text, broken.routes.len(), broken.problems.len()), ("{", 0, 1));
    }

    // The decoded text of a lone surrogate differs from the file.
    #[test]
    fn a_route_that_cannot_be_read_in_full_is_left_alone() {
        let json = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {}, "routes":
            {"a": "from /\ud800 into $upstream", "b": "from /b into $upstream"}}"#;
        assert_eq!(format_manifest(json, &Limits::default()).text, json.replace("from /b into", "FROM /b INTO"));
    }

    #[test]
    fn routes_of_layers_are_formatted_in_place() {
        let json = r#"{"modulesContent": {"$edgeHub": {"properties.desired.routes.up": "from /a into $upstream",
            "properties.desired.routes.down": {"route": "from /b into $upstream"}}}}"#;
        let found = format_manifest(json, &Limits::default());
        assert_eq!(found.text, json.replace("from", "FROM").replace("into", "INTO"));
    }
}
