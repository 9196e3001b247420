//! Finds what a path that leads nowhere was probably meant for.

use super::{Document, NearestMember};
use crate::body::path::{BodyPath, Step};
use crate::diagnostic::closest;

/// The most members of an object that are examined.
const EXAMINED: usize = 1_000;

impl Document {
    /// Returns the member that a path was probably meant for, of the object where it leads no further. `None` if no
    /// member is near, for a path with wildcards, and for one that leads somewhere.
    #[must_use]
    pub fn nearest(&self, path: &BodyPath) -> Option<NearestMember<'_>> {
        let mut node = self.root();
        let mut steps = path.steps()?;
        while let [step, rest @ ..] = steps {
            let next = match step {
                Step::Member(name) => self.member(node, name),
                Step::Index(index) => self.elements(node).get(usize::try_from(*index).ok()?).copied(),
                _ => return None,
            };
            match (next, step) {
                (Some(next), _) => node = next,
                (None, Step::Member(name)) => {
                    let names = || self.members(node).iter().take(EXAMINED).map(|member| self.text(&member.name));
                    let mut dotted = name.to_string();
                    for step in rest {
                        let Step::Member(name) = step else { break };
                        dotted.push('.');
                        dotted.push_str(name);
                        if let Some(found) = names().find(|name| *name == dotted) {
                            return Some(NearestMember::Dotted(found));
                        }
                    }
                    return closest(name, names()).map(NearestMember::Spelled);
                }
                (None, _) => return None,
            }
            steps = rest;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Encoding;

    #[test]
    fn a_path_that_leads_nowhere_finds_what_is_near() {
        let body = br#"{"Temperature": 5, "protocol.id": 1, "list": [{"value": 1}], "a": {"level": 1}}"#;
        let document = Document::read(body, Encoding::Utf8, 64).unwrap();
        for (path, expected) in [
            ("temperature", Some(NearestMember::Spelled("Temperature"))),
            ("protocol.id", Some(NearestMember::Dotted("protocol.id"))),
            ("protocol.id.x", Some(NearestMember::Dotted("protocol.id"))),
            ("list[0].valu", Some(NearestMember::Spelled("value"))),
            ("list[1].value", None),
            ("a.levl", Some(NearestMember::Spelled("level"))),
            ("a.level", None),
            ("a.level.x", None),
            ("nothing", None),
            ("*.levl", None),
        ] {
            assert_eq!(document.nearest(&BodyPath::parse(path).unwrap()), expected, "{path}");
        }
    }
}
