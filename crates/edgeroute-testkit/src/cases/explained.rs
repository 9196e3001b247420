//! Checks explanations. Used by the property test in this module and by the fuzz target `explain_agrees_with_match`.

use edgeroute_analysis::explain::{
    ConditionExplanation, Coverage, Explanation, Lost, Outcome, PartValue, Routes, explain,
};
use edgeroute_analysis::render::{ExplanationJson, SourceDetail, TextStyle, explanation_text};
use edgeroute_lang::interpret::Verdict;

use crate::cases::Case;
use crate::cases::oracle::{Found, found};

impl Case {
    /// Checks that coverage counts agree with the explanation of each message.
    pub fn check_coverage(&self) -> Result<(), String> {
        let routes = self.explained_routes()?;
        let mut coverage = Coverage::new(&routes, 2).map_err(|error| error.to_string())?;
        let mut counts = vec![(0, 0); self.routes.len() + usize::from(self.fallback.is_some())];
        let mut nowhere = Vec::new();
        for (number, parts) in self.messages.iter().enumerate() {
            let message = parts.message();
            coverage.add(number, &message);
            let explanation = explain(&routes, &message);
            for (count, route) in counts.iter_mut().zip(explanation.routes()) {
                count.0 += u64::from(matches!(route.outcome(), Outcome::Delivers | Outcome::Outranked { .. }));
                count.1 += u64::from(matches!(route.outcome(), Outcome::Delivers));
            }
            if explanation.deliveries().is_empty() {
                nowhere.push(number);
            }
        }
        let counted: Vec<(u64, u64)> =
            coverage.routes().iter().map(|route| (route.matched(), route.delivered())).collect();
        let lost: Vec<usize> = coverage.lost().iter().map(Lost::message).collect();
        let of_sources: u64 = coverage.lost_by_source().iter().map(|(_, count)| count).sum();
        let is_right = counted == counts
            && coverage.deliveries() == counts.iter().map(|(_, delivered)| delivered).sum::<u64>()
            && coverage.messages() == u64::try_from(self.messages.len()).unwrap_or_default()
            && coverage.nowhere() == u64::try_from(nowhere.len()).unwrap_or_default()
            && coverage.nowhere() == of_sources
            && lost.iter().eq(nowhere.iter().take(2));
        let rest = |lost: &Lost<'_>| lost.other_source() + lost.is_false() + lost.undefined() == counts.len();
        if is_right && coverage.lost().iter().all(rest) {
            Ok(())
        } else {
            Err(format!("explained: {counts:?}, nowhere {nowhere:?}\ncounted: {counted:?}, nowhere {lost:?}"))
        }
    }

    /// Checks that every message's explanation has the deliveries of the table, that its outcomes and verdicts are
    /// consistent, that everything undefined has a reason, and that all explanations can be written.
    pub fn check_explanations(&self) -> Result<(), String> {
        let table = self.compile(&self.routes, 1)?;
        let mut scratch = table.create_scratch();
        let routes = self.explained_routes()?;
        for parts in &self.messages {
            let message = parts.message();
            let delivered = found(table.route_with(&mut scratch, &message));
            let explanation = explain(&routes, &message);
            let fault = fault(&explanation, &delivered);
            if let Some(fault) = fault {
                let style = TextStyle { source_detail: SourceDetail::Full, ..TextStyle::default() };
                let shown = explanation_text(&explanation, &style);
                return Err(format!("{fault}\n{parts:?}\n{}\n{shown}", table.listing()));
            }
        }
        Ok(())
    }

    fn explained_routes(&self) -> Result<Routes<'_>, String> {
        let mut routes = Routes::new(self.shadowing, self.limits.clone());
        for route in &self.routes {
            routes.add(route).map_err(|errors| format!("{errors:?}"))?;
        }
        if let Some(fallback) = &self.fallback {
            routes.set_fallback(fallback).map_err(|errors| format!("{errors:?}"))?;
        }
        Ok(routes)
    }
}

/// Finds a fault in the explanation of a message with these deliveries.
fn fault(explanation: &Explanation<'_, '_>, delivered: &[Found]) -> Option<String> {
    let explained: Vec<Found> = explanation
        .deliveries()
        .iter()
        .filter_map(|delivery| explanation.route(delivery.winner()))
        .map(|winner| Found {
            route: winner.route().name().to_owned(),
            endpoint: winner.endpoint().to_string(),
            priority: winner.route().priority().get(),
            time_to_live: winner.route().time_to_live().as_secs(),
        })
        .collect();
    if explained != delivered {
        return Some(format!("explained: {explained:?}\n  matched: {delivered:?}"));
    }
    for (index, route) in explanation.routes().iter().enumerate() {
        let name = route.route().name();
        let verdict = route.condition().map(ConditionExplanation::verdict);
        let is_winner = explanation.deliveries().iter().any(|delivery| delivery.winner() == index);
        let agrees = match route.outcome() {
            Outcome::Delivers => is_winner && verdict == Some(Verdict::True),
            Outcome::Outranked { by, .. } => {
                let is_listed = |delivery: &&edgeroute_analysis::explain::DeliveryExplanation| {
                    delivery.winner() == *by && delivery.outranked().contains(&index)
                };
                !is_winner
                    && verdict == Some(Verdict::True)
                    && explanation.deliveries().iter().filter(is_listed).count() == 1
                    && explanation.route(*by).is_some_and(|winner| winner.endpoint() == route.endpoint())
            }
            Outcome::NotTrue(why) => !is_winner && *why != Verdict::True && verdict == Some(*why),
            Outcome::OtherSource(_) | Outcome::NotNeeded | Outcome::NotTelemetry => !is_winner && verdict.is_none(),
        };
        if !agrees {
            return Some(format!("{name}: {:?}, but its condition is {verdict:?}", route.outcome()));
        }
        for part in route.condition().into_iter().flat_map(ConditionExplanation::parts) {
            let written = route.route().text().get(part.span().range());
            if written.is_none_or(str::is_empty) {
                return Some(format!("{name}: {part:?} is not part of the route"));
            }
            if matches!(part.value(), PartValue::Undefined) && part.note().is_none() && written != Some("undefined") {
                return Some(format!("{name}: {written:?} is undefined for no reason"));
            }
        }
    }
    let style = TextStyle { source_detail: SourceDetail::Full, ..TextStyle::default() };
    let (text, json) = (explanation_text(explanation, &style), ExplanationJson::new().write(explanation));
    let is_clean = text.chars().all(|character| character == '\n' || !character.is_control());
    (!is_clean || json.contains('\n') || !json.ends_with('}')).then(|| format!("not to be shown: {text}{json}"))
}
