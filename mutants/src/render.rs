//! Writes a file with its mutants behind switches.

use std::ops::Range;

use crate::list::Mutant;
use crate::weave::{Edit, Form};

/// A file with its switches.
#[derive(Default)]
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// What was written for a mutant alone.
    pub(crate) own: Vec<(usize, Range<usize>)>,
    /// What was written for several: an error in it that is of none is of them all.
    pub(crate) shared: Vec<(Vec<usize>, Range<usize>)>,
}

impl Rendered {
    pub(crate) fn of(source: &str, edits: &[Edit<'_>]) -> Self {
        let mut rendered = Self::default();
        rendered.part(source, edits, 0..source.len());
        rendered
    }

    /// A part of the source, with the edits in it.
    fn part(&mut self, source: &str, edits: &[Edit<'_>], part: Range<usize>) {
        let mut written = part.start;
        let first = edits.partition_point(|edit| edit.range.start < part.start);
        for (number, edit) in edits.iter().enumerate().skip(first) {
            let Range { start, end } = edit.range.clone();
            if start > part.end || (start == part.end && start != end) {
                break;
            }
            // Inner edits are written with those around them.
            if end > part.end || start < written {
                continue;
            }
            self.text.push_str(&source[written..start]);
            let begin = self.text.len();
            self.edit(source, &edits[number + 1..], edit);
            let deleting: &[&Mutant] = if let Form::Guard { deleting } = &edit.form { deleting } else { &[] };
            let ids = edit.mutants.iter().chain(deleting).map(|mutant| mutant.id).collect();
            self.shared.push((ids, begin..self.text.len()));
            written = end;
        }
        self.text.push_str(&source[written..part.end]);
    }

    /// What is there for one mutant.
    fn own(&mut self, mutant: &Mutant, text: &str) {
        let begin = self.text.len();
        self.text.push_str(text);
        self.own.push((mutant.id, begin..self.text.len()));
    }

    /// `if SWITCH { instead } else`, for each mutant.
    fn instead(&mut self, mutants: &[&Mutant], instead: impl Fn(&Mutant) -> String) {
        for mutant in mutants {
            self.own(mutant, &format!("if {} {{ {} }} else ", switch(mutant), instead(mutant)));
        }
    }

    fn edit(&mut self, source: &str, inner: &[Edit<'_>], edit: &Edit<'_>) {
        let Edit { range, form, mutants } = edit;
        match form {
            Form::Const => {}
            Form::Matched => self.part(source, inner, range.clone()),
            Form::Body => {
                for mutant in mutants {
                    self.own(mutant, &format!(" if {} {{ return {}; }}", switch(mutant), mutant.replacement));
                }
            }
            Form::IteratorBody => {
                for mutant in mutants {
                    // Of what cargo-mutants returns, none or one element.
                    let value = match mutant.replacement.strip_prefix("::std::iter::once") {
                        Some(element) => format!("Some{element}"),
                        None => "None".to_owned(),
                    };
                    let text = format!(
                        " if {} {{ return crate::mutation::Either::Left(Option::into_iter({value})); }}",
                        switch(mutant)
                    );
                    self.own(mutant, &text);
                }
                self.text.push_str(" crate::mutation::Either::Right({");
                self.part(source, inner, range.clone());
                self.text.push_str("})");
            }
            Form::Arm => {
                for mutant in mutants {
                    self.own(mutant, &format!(" if !{}", switch(mutant)));
                }
            }
            Form::Guard { deleting } => {
                for mutant in deleting {
                    self.own(mutant, &format!("!{} && ", switch(mutant)));
                }
                self.text.push('(');
                self.instead(mutants, |mutant| mutant.replacement.clone());
                self.text.push('{');
                self.part(source, inner, range.clone());
                self.text.push_str("})");
            }
            Form::Binary { left, operator, right } => {
                self.text.push('(');
                let (before, behind) = (&source[left.start..operator.start], &source[operator.end..right.end]);
                self.instead(mutants, |mutant| format!("{before}{}{behind}", mutant.replacement));
                self.text.push('{');
                self.part(source, inner, left.clone());
                self.text.push_str(&source[left.end..right.start]);
                self.part(source, inner, right.clone());
                self.text.push_str("})");
            }
            Form::Unary { operator, operand } => {
                self.text.push('(');
                self.instead(mutants, |_| source[operand.clone()].to_owned());
                self.text.push('{');
                self.text.push_str(&source[operator.clone()]);
                self.part(source, inner, operand.clone());
                self.text.push_str("})");
            }
            Form::Field { name, value, base } => {
                self.text.push_str(name);
                self.text.push_str(": ");
                self.instead(mutants, |_| format!("({}).{name}", &source[base.clone()]));
                self.text.push('{');
                match value {
                    Some(value) => self.part(source, inner, value.clone()),
                    None => self.text.push_str(name),
                }
                self.text.push('}');
            }
        }
    }
}

fn switch(mutant: &Mutant) -> String {
    format!("crate::mutation::on({})", mutant.id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Rendered;
    use crate::list::{Kind, Mutant, Place};
    use crate::weave;

    /// The mutant that changes the only `what` of the source.
    fn mutant(id: usize, source: &str, kind: Kind, what: &str, replacement: &str) -> Mutant {
        let start = source.find(what).unwrap_or_else(|| panic!("{what} is not in {source}"));
        let place = |offset: usize| {
            let before = &source[..offset];
            let line = before.rfind('\n').map_or(0, |at| at + 1);
            Place::new(before.matches('\n').count() + 1, before[line..].chars().count() + 1)
        };
        Mutant {
            id,
            name: what.to_owned(),
            file: "src/lib.rs".to_owned(),
            kind,
            replacement: replacement.to_owned(),
            from: place(start),
            to: place(start + what.len()),
        }
    }

    fn rendered(source: &str, mutants: &[Mutant]) -> String {
        let woven = weave::edits(source, mutants.iter(), &BTreeSet::new()).expect("it parses");
        Rendered::of(source, &woven.edits).text
    }

    #[test]
    fn operators_within_operators_keep_their_switches() {
        let source = "fn f(a: u8) -> bool { let é = !(a < 3); é }";
        let mutants = [
            mutant(1, source, Kind::UnaryOperator, "!", ""),
            mutant(2, source, Kind::BinaryOperator, "<", "<="),
            mutant(3, source, Kind::BinaryOperator, "<", "=="),
        ];
        assert_eq!(
            rendered(source, &mutants),
            "fn f(a: u8) -> bool { let é = (if crate::mutation::on(1) { (a < 3) } else {!((if crate::mutation::on(2) \
             { a <= 3 } else if crate::mutation::on(3) { a == 3 } else {a < 3}))}); é }"
        );
    }

    #[test]
    fn bodies_return_early_and_their_functions_are_no_longer_constant() {
        let source = "const fn f() -> u8 {\n    4\n}";
        assert_eq!(
            rendered(source, &[mutant(7, source, Kind::Body, "4", "0")]),
            " fn f() -> u8 { if crate::mutation::on(7) { return 0; }\n    4\n}"
        );
    }

    #[test]
    fn arms_are_deleted_with_their_guards() {
        let source =
            "fn f(a: u8) -> u8 {\n    match a {\n        1 => 2,\n        b if b > 3 => 4,\n        _ => 5,\n    }\n}";
        let mutants = [
            mutant(1, source, Kind::MatchArm, "1 => 2,", ""),
            mutant(2, source, Kind::MatchArm, "b if b > 3 => 4,", ""),
            mutant(3, source, Kind::MatchArmGuard, "b > 3", "true"),
        ];
        assert_eq!(
            rendered(source, &mutants),
            "fn f(a: u8) -> u8 {\n    match a {\n        1 if !crate::mutation::on(1) => 2,\n        b if \
             !crate::mutation::on(2) && (if crate::mutation::on(3) { true } else {b > 3}) => 4,\n        _ => 5,\n    }\n}"
        );
    }

    #[test]
    fn conditions_that_declare_have_no_switch_beside_them() {
        let source = "fn f(a: Option<u8>) -> bool { if let Some(b) = a && b > 3 { true } else { false } }";
        let mutants = [mutant(9, source, Kind::BinaryOperator, "&&", "||")];
        let woven = weave::edits(source, mutants.iter(), &BTreeSet::new()).expect("it parses");
        assert_eq!(woven.beside_let, [9]);
        assert!(woven.edits.is_empty());
    }
}
