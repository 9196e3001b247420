//! Checks the findings of lints. Used by the property test in this module and by the fuzz target `lints_are_sound`.
//!
//! What a finding says about messages is expressed as [`Claim`]s, and the interpreter checks them on every message of
//! the case. What a finding says about the author (that something else was probably meant) is not a claim.

use std::collections::BTreeMap;

use edgeroute_analysis::lint::{FIXING_ROUNDS, Finding, Fixes, Level, Levels, Lint, Linter, Place, fix_manifest};
use edgeroute_lang::diagnostic::{Diagnostic, render};
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::hir::TypedRoute;
use edgeroute_lang::interpret::{ResolvedMessage, Verdict, verdict};
use edgeroute_lang::manifest::Manifest;
use edgeroute_lang::message::{MessageSource, Origin};
use edgeroute_lang::route::Route;
use edgeroute_lang::span::{LineIndex, Span};
use edgeroute_lang::syntax::ast::ExprKind;
use edgeroute_lang::syntax::parse_condition;

use crate::cases::{Case, MessageParts, OriginParts};

/// Claims that no message satisfies all of these parts.
struct Claim {
    forbidden: Vec<(Part, bool)>,
    of: Messages,
}

/// A predicate on messages.
enum Part {
    /// The route at this index matches it.
    Takes(usize),
    /// The source of that route matches.
    IsFrom(usize),
    /// The condition of that route is true.
    Holds(usize),
    /// A route with this text matches it.
    TakesAs(String),
    /// This condition is true.
    Is(String),
    /// The path that it comes from contains a `*`.
    HasStar,
}

/// The messages that a claim applies to.
#[derive(Copy, Clone)]
enum Messages {
    All,
    /// Messages stamped by the hub, not by the author of the system properties.
    Stamped,
    /// Messages whose source follows from their sender, as in a hub, and whose sender has names that a hub accepts.
    OfHubs,
}

/// Counts of findings and checks.
#[derive(Clone, Debug, Default)]
pub struct Linted {
    /// The number of findings of each lint.
    pub findings: BTreeMap<&'static str, usize>,
    pub claims: usize,
    pub fixes: usize,
}

/// A case with its routes compiled and its messages resolved.
struct Judge<'c> {
    case: &'c Case,
    routes: Vec<Option<TypedRoute<'c>>>,
    messages: Vec<(&'c MessageParts, MessageSource<'c>, ResolvedMessage<'c>)>,
}

impl Case {
    /// Checks the findings of lints on the case's routes: one by one, together, and as the routes of a manifest.
    pub fn check_lints(&self) -> Result<Linted, String> {
        let levels = Levels::default().with("all".parse().map_err(|_| "no lints")?, Level::Warn);
        let linter = Linter::with_levels(levels).shadowing(self.shadowing).limits(self.limits.clone());
        let report = linter.lint_routes(&self.routes);
        let judge = Judge::new(self);
        let mut linted = Linted::default();
        for finding in report.findings() {
            let name = finding.lint().name();
            *linted.findings.entry(name).or_default() += 1;
            judge.check_finding(finding, &mut linted).map_err(|fault| format!("{name}: {fault}\n{finding:#?}"))?;
        }
        // One form of manifest per case is enough, and twice as fast.
        let modules = (self.messages.len() % 4 > 1).then_some(["m", "sensor", "a", "b", "c", "A"].as_slice());
        let most = if self.messages.len().is_multiple_of(2) { Fixes::KeepMeaning } else { Fixes::ChangeMeaning };
        judge.check_manifest(&linter, modules, most, &mut linted)?;
        Ok(linted)
    }

    pub(super) fn route<'t>(&self, text: &'t str) -> Option<TypedRoute<'t>> {
        TypedRoute::compile(text, self.shadowing, &self.limits).ok()
    }
}

impl<'c> Judge<'c> {
    fn new(case: &'c Case) -> Self {
        let judged = |parts: &'c MessageParts| {
            let message = parts.message();
            (parts, message.origin().source(), ResolvedMessage::lenient(&message, &case.limits))
        };
        Self {
            case,
            routes: case.routes.iter().map(|route| case.route(route.text())).collect(),
            messages: case.messages.iter().map(judged).collect(),
        }
    }

    fn check_finding(&self, finding: &Finding, linted: &mut Linted) -> Result<(), String> {
        let Place::Route(index) = finding.place() else {
            return Err("there is no manifest".to_owned());
        };
        let (text, diagnostic) = (self.case.routes[index].text(), finding.diagnostic());
        check_places(text, diagnostic)?;
        for related in finding.related() {
            slice(self.case.routes[related.route].text(), related.span)?;
        }
        let mut claims = claims(finding, index, &self.case.routes)?;
        if let Some(fix) = &diagnostic.fix {
            let fixed_route = replaced(text, fix.span, &fix.replacement);
            if self.case.route(&fixed_route).is_none() || fixed_route == *text {
                return Err(format!("the fix gives {fixed_route}"));
            }
            match finding.lint().fixes() {
                None => return Err("a fix that the lint does not announce".to_owned()),
                Some(Fixes::KeepMeaning) => claims.extend(same(index, &fixed_route, Messages::All)),
                Some(Fixes::ChangeMeaning) => {}
            }
            self.check_removal(finding, index, &fixed_route)?;
            linted.fixes += 1;
        }
        linted.claims += claims.len();
        claims.iter().try_for_each(|claim| self.check_claim(claim))?;
        let is_superfluous =
            matches!(finding.lint().name(), "duplicate-route" | "subsumed-route" | "outranked-by-catch-all");
        if is_superfluous { self.check_superfluous(index) } else { Ok(()) }
    }

    /// Checks that a fix does not add findings like its own. The next mistake of the same kind in the route may now be
    /// the one that is reported.
    fn check_removal(&self, finding: &Finding, index: usize, fixed_route: &str) -> Result<(), String> {
        let lint = finding.lint();
        let off = Levels::default().with("all".parse().map_err(|_| "no lints")?, Level::Allow);
        let levels = off.with(lint.name().parse().map_err(|_| "no lint")?, Level::Warn);
        let linter = Linter::with_levels(levels).shadowing(self.case.shadowing).limits(self.case.limits.clone());
        let count = |routes: &[Route]| {
            let report = linter.lint_routes(routes);
            let is_same = |other: &&Finding| {
                other.place() == finding.place() && other.diagnostic().message == finding.diagnostic().message
            };
            report.findings().iter().filter(is_same).count()
        };
        let mut routes = self.case.routes.clone();
        let before = count(&routes);
        if let Some(route) = routes.get_mut(index) {
            *route = route.clone().with_text(fixed_route);
        }
        if count(&routes) <= before && fixed_route != self.case.routes[index].text() {
            Ok(())
        } else {
            Err(format!("more findings of this kind: {fixed_route}"))
        }
    }

    fn check_claim(&self, claim: &Claim) -> Result<(), String> {
        let asked: Vec<Option<TypedRoute<'_>>> = claim
            .forbidden
            .iter()
            .map(|(part, _)| match part {
                Part::Takes(index) | Part::IsFrom(index) | Part::Holds(index) => match self.routes[*index] {
                    Some(_) => Ok(None),
                    None => Err("said of a route with errors".to_owned()),
                },
                Part::TakesAs(text) | Part::Is(text) => {
                    self.case.route(text).map(Some).ok_or_else(|| format!("this does not compile: {text}"))
                }
                Part::HasStar => Ok(None),
            })
            .collect::<Result<_, String>>()?;
        for (parts, source, facts) in &self.messages {
            let is_meant = match claim.of {
                Messages::All => true,
                Messages::Stamped => !matches!(parts.origin, OriginParts::SystemProperties),
                Messages::OfHubs => is_of_hub(parts),
            };
            let is_forbidden = claim.forbidden.iter().zip(&asked).all(|((part, wanted), asked)| {
                let route = match part {
                    Part::Takes(index) | Part::IsFrom(index) | Part::Holds(index) => &self.routes[*index],
                    Part::TakesAs(_) | Part::Is(_) | Part::HasStar => asked,
                };
                let is_from = || route.as_ref().is_some_and(|route| route.source.matches(*source));
                let holds = || route.as_ref().is_some_and(|route| verdict(&route.condition, facts) == Verdict::True);
                let is_so = match part {
                    Part::Takes(_) | Part::TakesAs(_) => is_from() && holds(),
                    Part::IsFrom(_) => is_from(),
                    Part::Holds(_) | Part::Is(_) => holds(),
                    Part::HasStar => source.to_string().contains('*'),
                };
                is_so == *wanted
            });
            if is_meant && is_forbidden {
                let body = String::from_utf8_lossy(&parts.body);
                let shown: Vec<String> = claim.forbidden.iter().map(|(part, so)| self.shown(part, *so)).collect();
                return Err(format!("not so: {}\nof {parts:?}\nwith the body {body}", shown.join(", ")));
            }
        }
        Ok(())
    }

    fn shown(&self, part: &Part, is_so: bool) -> String {
        let shown = match part {
            Part::Takes(index) => format!("takes: {}", self.case.routes[*index].text()),
            Part::IsFrom(index) => format!("comes from: {}", self.case.routes[*index].text()),
            Part::Holds(index) => format!("holds: {}", self.case.routes[*index].text()),
            Part::TakesAs(text) => format!("takes: {text}"),
            Part::Is(text) => format!("is: {text}"),
            Part::HasStar => "has a star in its source".to_owned(),
        };
        if is_so { shown } else { format!("not {shown}") }
    }

    /// Checks that every message of a hub is delivered the same way without the route.
    fn check_superfluous(&self, index: usize) -> Result<(), String> {
        for (parts, source, facts) in self.messages.iter().filter(|(parts, ..)| is_of_hub(parts)) {
            let [with, without] = [None, Some(index)].map(|without| self.deliveries(*source, facts, without));
            if with != without {
                return Err(format!("{parts:?} is delivered as {with:?}, without the route as {without:?}"));
            }
        }
        Ok(())
    }

    /// Where a message goes, at which priority, and for how long it is kept there, with one route left out.
    fn deliveries(
        &self,
        source: MessageSource<'_>,
        facts: &ResolvedMessage<'_>,
        without: Option<usize>,
    ) -> BTreeMap<String, (u32, u32)> {
        let mut deliveries: BTreeMap<String, (u32, u32)> = BTreeMap::new();
        for (index, (route, compiled)) in self.case.routes.iter().zip(&self.routes).enumerate() {
            let Some(compiled) = compiled.as_ref().filter(|_| Some(index) != without) else {
                continue;
            };
            if compiled.source.matches(source) && verdict(&compiled.condition, facts) == Verdict::True {
                let terms = (route.priority().get(), route.time_to_live().as_secs());
                let delivery = deliveries.entry(compiled.endpoint.to_string()).or_insert(terms);
                if terms.0 < delivery.0 {
                    *delivery = terms;
                }
            }
        }
        deliveries
    }

    /// Checks the findings for a manifest of the routes and these modules, and what remains after all fixes.
    fn check_manifest(
        &self,
        linter: &Linter,
        modules: Option<&[&str]>,
        most: Fixes,
        linted: &mut Linted,
    ) -> Result<(), String> {
        let text = manifest(&self.case.routes, modules);
        let report = linter.lint_manifest(&text);
        for finding in report.findings() {
            let fault = check_places(&text, &finding.diagnostic).err().or_else(|| {
                let index = self.case.routes.iter().position(|route| finding.route.as_deref() == Some(route.name()));
                self.topology_fault(&finding.diagnostic, index?)
            });
            if let Some(fault) = fault {
                return Err(format!("{fault}\n{finding:#?}\n{text}"));
            }
            let name = Lint::of(finding.diagnostic.code).map_or("none", Lint::name);
            *linted.findings.entry(name).or_default() += 1;
        }
        let fixed = fix_manifest(&text, linter, most);
        if fixed.applied == 0 {
            return Ok(());
        }
        let fixed_route = Manifest::from_json(&fixed.text).map_err(|error| format!("{error}\n{}", fixed.text))?;
        if fixed_route.routes().len() != self.case.routes.len() {
            return Err(format!("another number of routes: {}", fixed.text));
        }
        let again = fix_manifest(&fixed.text, linter, most);
        // Fixing may stop at the limit of rounds; each round fixes something.
        if again.applied > 0 && fixed.applied < FIXING_ROUNDS {
            return Err(format!("fixed again: {}\n{}", fixed.text, again.text));
        }
        if most == Fixes::KeepMeaning {
            for (index, fixed_route) in fixed_route.routes().iter().enumerate() {
                // A route with errors had no meaning to keep.
                if self.routes[index].is_some() && fixed_route.text() != self.case.routes[index].text() {
                    for claim in same(index, fixed_route.text(), Messages::All) {
                        self.check_claim(&claim)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Finds a fault in a finding about the routes together, where their sinks and sources suffice to decide it.
    fn topology_fault(&self, diagnostic: &Diagnostic, index: usize) -> Option<String> {
        let name = Lint::of(diagnostic.code)?.name();
        let named = diagnostic.message.split('`').nth(1).unwrap_or_default();
        let is_taken = |is_meant: &dyn Fn(&OriginParts) -> bool| {
            let mut meant = self.messages.iter().filter(|(parts, ..)| is_meant(&parts.origin));
            meant.any(|(_, source, facts)| !self.deliveries(*source, facts, None).is_empty())
        };
        let is_wrong = match name {
            "no-way-upstream" => self.routes.iter().flatten().any(|route| route.endpoint == Endpoint::Upstream),
            "self-loop" => {
                let origins = [Origin::module("d", named), Origin::module("d", named).output("o")];
                let route = self.routes[index].as_ref()?;
                !origins.iter().any(|origin| route.source.matches(origin.source()))
            }
            "missing-default-output" => is_taken(
                &|origin| matches!(origin, OriginParts::Module { module, output: None, .. } if module == named),
            ),
            "unserved-leaf-devices" => is_taken(&|origin| matches!(origin, OriginParts::Device(_))),
            _ => false,
        };
        is_wrong.then(|| format!("{name} is not so"))
    }
}

/// Whether the message's source follows from its sender, with names that hubs accept.
pub(super) fn is_of_hub(parts: &MessageParts) -> bool {
    let is_name = |name: &String| !name.is_empty() && !name.contains('/') && name.trim() == name;
    match &parts.origin {
        OriginParts::Device(_) | OriginParts::TwinChange => true,
        OriginParts::Module { module, output, .. } => is_name(module) && output.iter().all(is_name),
        OriginParts::Other(_) | OriginParts::SystemProperties => false,
    }
}

/// The claims that a finding on the route at `index` makes.
fn claims(finding: &Finding, index: usize, routes: &[Route]) -> Result<Vec<Claim>, String> {
    let (text, diagnostic) = (routes[index].text(), finding.diagnostic());
    let primary = slice(text, diagnostic.primary.span)?;
    let secondary = |at: usize| diagnostic.secondary.get(at).map(|label| slice(text, label.span)).transpose();
    let never = |of, parts: Vec<(Part, bool)>| Claim { forbidden: parts, of };
    let is = |condition: String| (Part::Is(asking(&condition)), true);
    let is_not = |condition: String| (Part::Is(asking(&condition)), false);
    let rank = |index: usize| (routes[index].priority(), routes[index].time_to_live());
    let claims = match finding.lint().name() {
        "never-true" => {
            let labels = diagnostic.secondary.iter().map(|label| Ok(is(slice(text, label.span)?.to_owned())));
            let mut claims = vec![never(Messages::All, vec![(Part::Holds(index), true)])];
            claims.extend(match labels.collect::<Result<Vec<_>, String>>()? {
                parts if parts.is_empty() => None,
                parts => Some(never(Messages::All, parts)),
            });
            claims
        }
        "always-true" => {
            vec![never(Messages::OfHubs, vec![(Part::IsFrom(index), true), (Part::Holds(index), false)])]
        }
        "contradicts-source" => vec![never(Messages::OfHubs, vec![(Part::Takes(index), true)])],
        "unknown-source" => vec![never(Messages::OfHubs, vec![(Part::IsFrom(index), true)])],
        "star-in-source" => vec![never(Messages::All, vec![(Part::IsFrom(index), true), (Part::HasStar, false)])],
        "input-name-while-routing" => vec![never(Messages::Stamped, vec![is(format!("is_defined({primary})"))])],
        "is-defined-of-body" => {
            let query = argument(primary);
            vec![never(Messages::All, vec![is(format!("({query}) = null")), is_not(primary.to_owned())])]
        }
        "is-null-of-body" => {
            let query = argument(primary);
            vec![never(Messages::All, vec![is(format!("({query}) != null")), is_not(primary.to_owned())])]
        }
        "missing-is-greatest" => {
            let shown = diagnostic.message.rsplit_once('`').and_then(|(shown, _)| shown.split_once('`'));
            let path = diagnostic.primary.text.rsplit_once('`').and_then(|(path, _)| path.split_once('`'));
            let ((_, shown), (_, path)) = (shown.ok_or("no comparison")?, path.ok_or("no path")?);
            vec![never(Messages::All, vec![is(format!("{path} = null")), is_not(shown.to_owned())])]
        }
        "body-date-time" => match secondary(0)? {
            Some(query) => {
                vec![never(Messages::All, vec![is(format!("{} = {primary}", unshadowed(query)))])]
            }
            None => return Err("no body query".to_owned()),
        },
        "string-number-comparison" if diagnostic.primary.text.starts_with("numbers") => match body_query(primary) {
            Some(query) => {
                let query = unshadowed(&query);
                vec![never(Messages::All, vec![is(format!("is_number({query})")), is_not(format!("{query} < '0'"))])]
            }
            None => return Err("no body query".to_owned()),
        },
        "negated-operand" => {
            let means = diagnostic.primary.text.split_once('`').and_then(|(_, rest)| rest.strip_suffix('`'));
            let fixed_route = replaced(text, diagnostic.primary.span, means.ok_or("no meaning")?);
            same(index, &fixed_route, Messages::All).into()
        }
        "coalesced-comparison" => match diagnostic.secondary.first() {
            Some(label) => {
                let fixed_route = replaced(text, label.span, &format!("({})", slice(text, label.span)?));
                same(index, &fixed_route, Messages::All).into()
            }
            None => return Err("no comparison".to_owned()),
        },
        "trailing-text" | "comment-in-source" => {
            // Tokens separated by a comment must stay separate.
            same(index, &replaced(text, diagnostic.primary.span, " "), Messages::All).into()
        }
        "unchecked-content-type" => {
            let places = finding.related().iter().map(|related| (related.route, related.span));
            let places = places.chain([(index, diagnostic.primary.span)]);
            let claim = |(route, span): (usize, Span)| {
                let query = unshadowed(slice(routes[route].text(), span)?);
                Ok([
                    never(
                        Messages::All,
                        vec![
                            is("upper({$contentType}) != 'APPLICATION/JSON'".to_owned()),
                            is(format!("is_defined({query})")),
                        ],
                    ),
                    never(
                        Messages::All,
                        vec![is_not("is_string({$contentEncoding})".to_owned()), is(format!("is_defined({query})"))],
                    ),
                ])
            };
            places.map(claim).collect::<Result<Vec<_>, String>>()?.into_iter().flatten().collect()
        }
        "wrong-content-type" => match diagnostic.secondary.first() {
            Some(label) => {
                let query = unshadowed(slice(text, label.span)?);
                let mut parts = vec![is(primary.to_owned()), is(format!("is_defined({query})"))];
                // "... unless a sender adds an application property": that property then differs from the system
                // property.
                if let Some((_, name)) = label.text.split_once("property `$") {
                    let name = name.trim_end_matches('`');
                    parts.push(is(format!("${name} = {{${name}}}")));
                }
                vec![never(Messages::All, parts)]
            }
            None => return Err("no body query".to_owned()),
        },
        name @ ("duplicate-route" | "subsumed-route" | "outranked-by-catch-all") => {
            let winner = finding.related().first().ok_or("no other route")?.route;
            let (ours, theirs) = ((Part::Takes(index), true), (Part::Takes(winner), false));
            let mut claims = vec![never(Messages::OfHubs, vec![ours, theirs])];
            match name {
                "duplicate-route" => {
                    let (ours, theirs) = ((Part::Takes(index), false), (Part::Takes(winner), true));
                    claims.push(never(Messages::OfHubs, vec![ours, theirs]));
                }
                "outranked-by-catch-all" => {
                    claims.push(never(
                        Messages::OfHubs,
                        vec![(Part::IsFrom(winner), true), (Part::Takes(winner), false)],
                    ));
                }
                _ => {}
            }
            if rank(winner).0 > rank(index).0 || (rank(winner).0 == rank(index).0 && rank(winner) != rank(index)) {
                return Err("the other route comes later".to_owned());
            }
            claims
        }
        "conflicting-time-to-live" => {
            let other = finding.related().first().ok_or("no other route")?.route;
            if rank(other).0 != rank(index).0 || rank(other).1 == rank(index).1 {
                return Err("no tie".to_owned());
            }
            Vec::new()
        }
        _ => Vec::new(),
    };
    Ok(claims)
}

/// Claims that the route at `index` matches exactly what a route with this text matches.
fn same(index: usize, text: &str, of: Messages) -> [Claim; 2] {
    [true, false].map(|is_taken| Claim {
        forbidden: vec![(Part::Takes(index), is_taken), (Part::TakesAs(text.to_owned()), !is_taken)],
        of,
    })
}

/// A route with this condition, from a source where twin functions are allowed if it uses them.
fn asking(condition: &str) -> String {
    let is_of_twins = condition.to_lowercase().contains("twin_change_includes");
    let source = if is_of_twins { "/twinChangeNotifications" } else { "/messages" };
    format!("FROM {source} WHERE {condition} INTO $upstream")
}

/// The text between the parentheses of a call.
fn argument(call: &str) -> &str {
    let inner = call.split_once('(').map_or(call, |(_, inner)| inner);
    inner.strip_suffix(')').unwrap_or(inner)
}

/// A body query in the form that no application property shadows.
fn unshadowed(query: &str) -> String {
    if query.starts_with('{') { query.to_owned() } else { format!("{{{query}}}") }
}

/// The body query of a comparison.
fn body_query(comparison: &str) -> Option<String> {
    let parsed = parse_condition(comparison, &edgeroute_lang::limits::Limits::default());
    let mut expressions = parsed.tree.expressions().map(|(_, expression)| expression);
    expressions.find_map(|expression| match expression.kind {
        ExprKind::SystemProperty(name) | ExprKind::EscapedSystemProperty(name) => Some(name.to_owned()),
        _ => None,
    })
}

/// Checks that every span of a diagnostic is within its text and on character boundaries, and that it can be shown.
fn check_places(text: &str, diagnostic: &Diagnostic) -> Result<(), String> {
    let labels = [&diagnostic.primary].into_iter().chain(&diagnostic.secondary).map(|label| label.span);
    labels.chain(diagnostic.fix.iter().map(|fix| fix.span)).try_for_each(|span| slice(text, span).map(|_| ()))?;
    let shown = render(diagnostic, "routes", text, &LineIndex::new(text));
    let is_clean = shown.chars().all(|character| character == '\n' || !character.is_control());
    if shown.contains(diagnostic.code.as_str()) && is_clean { Ok(()) } else { Err(format!("shown as {shown}")) }
}

fn slice(text: &str, span: Span) -> Result<&str, String> {
    text.get(span.range()).ok_or_else(|| format!("{span:?} in a text of {} bytes", text.len()))
}

fn replaced(text: &str, span: Span, replacement: &str) -> String {
    let mut text = text.to_owned();
    text.replace_range(span.range(), replacement);
    text
}

/// A manifest of the routes; with modules, a whole deployment.
fn manifest(routes: &[Route], modules: Option<&[&str]>) -> String {
    let of_route = |route: &Route| {
        let (name, text) = (route.name(), serde_json::Value::from(route.text()));
        let (priority, seconds) = (route.priority().get(), route.time_to_live().as_secs());
        format!(r#""{name}": {{"route": {text}, "priority": {priority}, "timeToLiveSecs": {seconds}}}"#)
    };
    let routes: Vec<String> = routes.iter().map(of_route).collect();
    let routes = routes.join(", ");
    let hub = format!(r#"{{"schemaVersion": "1.1", "routes": {{{routes}}}, "storeAndForwardConfiguration": {{}}}}"#);
    let Some(modules) = modules else { return hub };
    let modules: Vec<String> = modules.iter().map(|module| format!(r#""{module}": {{}}"#)).collect();
    format!(
        r#"{{"$edgeAgent": {{"properties.desired": {{"modules": {{{}}}}}}}, "$edgeHub": {{"properties.desired": {hub}}}}}"#,
        modules.join(", ")
    )
}
