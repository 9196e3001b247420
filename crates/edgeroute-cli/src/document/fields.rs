//! Reads objects with a known set of keys.

use std::ops::Range;

use edgeroute_lang::diagnostic::closest;

use super::{Member, Problem, Value, quoted};

/// The members of an object, which are taken out one by one.
pub(crate) struct Fields<'t> {
    members: Vec<Member<'t>>,
    span: Range<usize>,
}

impl<'t> Fields<'t> {
    /// Reads an object that has only these keys, and none of them twice.
    pub(crate) fn of(value: Value<'t>, known: &[&str]) -> Result<Self, Problem> {
        let span = value.span();
        Self::new(value.members()?, span, known)
    }

    /// Same as [`of`](Self::of), for the members of an object at `span`.
    pub(crate) fn new(members: Vec<Member<'t>>, span: Range<usize>, known: &[&str]) -> Result<Self, Problem> {
        for (index, member) in members.iter().enumerate() {
            if !known.contains(&&*member.key) {
                return Err(Self::unknown(member, known));
            }
            if members.iter().take(index).any(|before| before.key == member.key) {
                return Err(Problem::new(member.key_span.clone(), format!("{} is given twice", quoted(&member.key))));
            }
        }
        Ok(Self { members, span })
    }

    /// Takes the value of a key; null counts as missing.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value<'t>> {
        self.take_nullable(key).filter(|value| !value.is_null())
    }

    /// Takes the value of a key, which may be null.
    pub(crate) fn take_nullable(&mut self, key: &str) -> Option<Value<'t>> {
        let index = self.members.iter().position(|member| member.key == key)?;
        Some(self.members.swap_remove(index).value)
    }

    /// Takes the value of a required key.
    pub(crate) fn require(&mut self, key: &str) -> Result<Value<'t>, Problem> {
        let start = self.span.start;
        self.take_nullable(key).ok_or_else(|| Problem::new(start..start + 1, format!("missing key `{key}`")))
    }

    /// Takes the value of a key out of an object of which other keys do not matter.
    pub(crate) fn any_of(value: Value<'t>) -> Result<Self, Problem> {
        let span = value.span();
        Ok(Self { members: value.members()?, span })
    }

    /// The position of a key.
    pub(crate) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.members.iter().find(|member| member.key == key).map(|member| member.key_span.clone())
    }

    /// The problem of a member whose key is not one of the known ones.
    pub(crate) fn unknown(member: &Member<'_>, known: &[&str]) -> Problem {
        let key = &member.key;
        let problem = Problem::new(member.key_span.clone(), format!("unknown key {}", quoted(key)));
        match closest(key, known.iter().copied()) {
            Some(near) => problem.with_help(format!("did you mean `{near}`?")),
            None if key == "<<" => problem.with_help("use an alias for the whole value; merge keys are not supported"),
            None => {
                let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
                problem.with_help(format!("known keys: {}", known.join(", ")))
            }
        }
    }
}
