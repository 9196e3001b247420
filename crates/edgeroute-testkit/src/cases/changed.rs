//! Checks tables that change. Used by the property test in this module and by the fuzz target
//! `incremental_agrees_with_fresh_build`.

use edgeroute::{Changes, Compiled, RouteSet, RouteTable, Scratch};
use edgeroute_lang::limits::Budgets;

use crate::cases::oracle::{Found, found};
use crate::cases::{Case, RouteText};

/// More updates would only take longer.
const MOST_UPDATES: usize = 8;

/// A reference model of a route set.
#[derive(Clone, Debug)]
struct Model {
    routes: Vec<RouteText>,
    fallback: Option<RouteText>,
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
        for update in steps.chunks(6).take(MOST_UPDATES) {
            let before = set.table().clone();
            let changes = update.chunks(2).fold(Changes::new(), |changes, step| {
                let (first, second) = (step.first().copied().unwrap_or_default(), step.last().copied());
                let route = &self.routes[usize::from(first / 8) % (last + 1)];
                let other = &self.routes[usize::from(second.unwrap_or_default()) % (last + 1)];
                model.change(first % 8, route, other, changes)
            });
            let table = set.apply(changes).map(Compiled::into_table).map_err(|error| error.to_string())?;
            deliveries += case.compare(&before, &mut scratch, &expected, "the table before")?;
            expected = case.expected(&model)?;
            deliveries += case.compare(&table, &mut scratch, &expected, "the changed table")?;
            if table.len() != model.routes.len() {
                return Err(format!("{} routes of {model:#?}", table.len()));
            }
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
                return Err(format!("{what}\n{table:?}\n{parts:?}\n expected: {expected:?}\n    found: {given:?}"));
            }
        }
        Ok(expected.iter().map(Vec::len).sum())
    }
}

impl Model {
    /// Makes a change in the model, and adds it to the changes of the set.
    fn change(&mut self, kind: u8, route: &RouteText, other: &RouteText, changes: Changes) -> Changes {
        let name = route.name.clone();
        let place = self.routes.iter().position(|known| known.name == name);
        let RouteText { text, priority, time_to_live, .. } = other.clone();
        let changed = RouteText { name: name.clone(), ..other.clone() };
        match (kind, place) {
            (0..=3, Some(place)) => {
                self.routes[place] = changed;
                changes.set_with(name, text, priority, time_to_live)
            }
            (0..=3, None) => {
                self.routes.push(changed);
                changes.set_with(name, text, priority, time_to_live)
            }
            (4 | 5, Some(place)) => {
                self.routes.remove(place);
                changes.remove(name)
            }
            (6, _) => {
                self.fallback = Some(changed);
                changes.fallback_with(name, text, priority, time_to_live)
            }
            (7, _) => {
                self.fallback = None;
                changes.remove_fallback()
            }
            _ => changes,
        }
    }
}
