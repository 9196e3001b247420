//! Checks tables that change. Used by the property test in this module and by the fuzz target
//! `incremental_agrees_with_fresh_build`.

use std::collections::BTreeMap;

use edgeroute::{Changes, EndpointId, Route, RouteId, RouteSet, RouteTable, Scratch};
use edgeroute_lang::limits::Budgets;

use crate::cases::Case;
use crate::cases::oracle::{Found, found};

/// More updates would only take longer.
const MOST_UPDATES: usize = 8;

/// A reference model of a route set.
#[derive(Clone, Debug)]
struct Model {
    routes: Vec<Route>,
    fallback: Option<Route>,
}

impl Case {
    /// Changes a set of the case's routes as `steps` choose, with two bytes per change and up to three changes per
    /// update. After each update, the new table (with a scratch that was adapted from all earlier tables) and the
    /// previous table must still deliver every message exactly as tables built from the same routes at once. Returns
    /// the number of deliveries.
    pub fn check_changes(&self, steps: &[u8]) -> Result<usize, String> {
        let Some(((&choice, steps), last)) = steps.split_first().zip(self.routes.len().checked_sub(1)) else {
            return Ok(0);
        };
        let whole = if choice % 4 == 3 { Budgets::default().whole } else { 0 };
        let there = usize::from(choice / 4) % (last + 2);
        let mut model = Model { routes: self.routes[..there].to_vec(), fallback: self.fallback.clone() };
        let case = Self { budgets: self.budgets.clone().with_whole(whole), ..self.clone() };
        let mut set = RouteSet::new(case.of_model(&model).builder(&model.routes, 1)).map_err(|e| e.to_string())?;
        let mut scratch = set.table().create_scratch();
        let mut expected = case.expected(&model)?;
        let mut deliveries = 0;
        let mut ids = Ids::default();
        for update in steps.chunks(6).take(MOST_UPDATES) {
            let before = set.table().clone();
            let changes = update.chunks(2).fold(Changes::new(), |changes, step| {
                let (first, second) = (step.first().copied().unwrap_or_default(), step.last().copied());
                let route = &self.routes[usize::from(first / 8) % (last + 1)];
                let other = &self.routes[usize::from(second.unwrap_or_default()) % (last + 1)];
                model.change(first % 8, route, other, changes)
            });
            let table = set.apply(changes).map_err(|error| error.to_string())?;
            deliveries += case.compare(&before, &mut scratch, &expected, "the table before")?;
            expected = case.expected(&model)?;
            deliveries += case.compare(&table, &mut scratch, &expected, "the changed table")?;
            if !set.routes().eq(&model.routes) || table.len() != model.routes.len() {
                return Err(format!("{} routes of {model:#?}", table.len()));
            }
            ids = ids.after(&set)?;
        }
        Ok(deliveries)
    }

    /// This case with the routes of the model.
    fn of_model(&self, model: &Model) -> Self {
        Self { fallback: model.fallback.clone(), ..self.clone() }
    }

    /// The deliveries of a table that is built at once.
    fn expected(&self, model: &Model) -> Result<Vec<Vec<Found>>, String> {
        let fresh = self.of_model(model).compile(&model.routes, 1)?;
        let mut scratch = fresh.create_scratch();
        Ok(self.messages.iter().map(|parts| found(fresh.route_with(&mut scratch, &parts.message()))).collect())
    }

    fn compare(
        &self,
        table: &RouteTable,
        scratch: &mut Scratch,
        expected: &[Vec<Found>],
        what: &str,
    ) -> Result<usize, String> {
        table.adapt_scratch(scratch);
        for (parts, expected) in self.messages.iter().zip(expected) {
            let given = found(table.route_with(scratch, &parts.message()));
            if given != *expected {
                return Err(format!(
                    "{what}\n{}\n{parts:?}\n expected: {expected:?}\n    found: {given:?}",
                    table.listing()
                ));
            }
        }
        Ok(expected.iter().map(Vec::len).sum())
    }
}

/// The ids of routes and endpoints, by name.
#[derive(Clone, Debug, Default)]
struct Ids {
    routes: BTreeMap<String, RouteId>,
    endpoints: BTreeMap<String, EndpointId>,
}

impl Ids {
    /// Checks that routes and endpoints that were there before have kept their ids, that no two have the same one, and
    /// that the table finds them.
    fn after(&self, set: &RouteSet) -> Result<Self, String> {
        let table = set.table();
        let id = |name: &str| set.route_id(name).ok_or_else(|| format!("no id of {name}"));
        let routes = set.names().map(|name| Ok((name.to_owned(), id(name)?))).collect::<Result<_, String>>()?;
        let endpoints = table.endpoints().map(|(id, endpoint)| (endpoint.to_string(), id)).collect();
        let now = Self { routes, endpoints };
        let has_kept = |(name, id): (&String, &RouteId)| now.routes.get(name).is_none_or(|now| now == id);
        let is_found = |(name, id): (&String, &RouteId)| {
            id.index() < table.route_bound() && table.route_name(*id) == Some(name.as_str())
        };
        let endpoint_has_kept =
            |(name, id): (&String, &EndpointId)| now.endpoints.get(name).is_none_or(|now| now == id);
        let endpoint_is_found = |(name, id): (&String, &EndpointId)| {
            id.index() < table.endpoint_bound() && table.endpoint(*id).is_some_and(|it| it.to_string() == *name)
        };
        let listed = table.routes().filter(|(id, name)| now.routes.get(*name) == Some(id)).count();
        let is_right = listed == now.routes.len()
            && self.routes.iter().all(has_kept)
            && now.routes.iter().all(is_found)
            && self.endpoints.iter().all(endpoint_has_kept)
            && now.endpoints.iter().all(endpoint_is_found);
        if is_right { Ok(now) } else { Err(format!("ids before: {self:?}\nids after: {now:?}")) }
    }
}

impl Model {
    /// Makes a change in the model, and adds it to the changes of the set.
    fn change(&mut self, kind: u8, route: &Route, other: &Route, changes: Changes) -> Changes {
        let name = route.name();
        let place = self.routes.iter().position(|known| known.name() == name);
        let changed = other.clone().with_name(name);
        match (kind, place) {
            (0..=2, Some(place)) => {
                self.routes[place] = changed.clone();
                changes.set(changed)
            }
            (0..=2, None) => {
                self.routes.push(changed.clone());
                changes.set(changed)
            }
            // Replaces all routes: reversed in part, rotated, one missing or one more.
            (3, place) => {
                let turn = other.text().len() % (self.routes.len() + 1);
                self.routes[..turn].reverse();
                self.routes.rotate_left(turn / 2);
                match place {
                    Some(place) => drop(self.routes.remove(place)),
                    None => self.routes.insert(turn, changed),
                }
                let changes = changes.replace_all(&self.routes);
                match &self.fallback {
                    Some(fallback) => changes.fallback(fallback),
                    None => changes,
                }
            }
            (4 | 5, Some(place)) => {
                self.routes.remove(place);
                changes.remove(name)
            }
            (6, _) => {
                self.fallback = Some(changed.clone());
                changes.fallback(changed)
            }
            (7, _) => {
                self.fallback = None;
                changes.remove_fallback()
            }
            _ => changes,
        }
    }
}
