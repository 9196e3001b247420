//! Where in a file mutants stand, and what of its syntax each changes.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::Result;
use crate::list::{Kind, Mutant};

/// A place with mutants, which a [`render`](crate::render) writes with their switches.
pub(crate) struct Edit<'m> {
    /// What of the source is written anew; nothing, for what is put in between.
    pub(crate) range: Range<usize>,
    pub(crate) form: Form<'m>,
    pub(crate) mutants: Vec<&'m Mutant>,
}

pub(crate) enum Form<'m> {
    Binary {
        left: Range<usize>,
        operator: Range<usize>,
        right: Range<usize>,
    },
    Unary {
        operator: Range<usize>,
        operand: Range<usize>,
    },
    /// A guard, the mutants of which replace it; `deleting` take its arm out.
    Guard {
        deleting: Vec<&'m Mutant>,
    },
    /// Behind the pattern of an arm without a guard.
    Arm,
    /// Before the first statement of a function.
    Body,
    /// The body of a function that returns some iterator: what a mutant returns is of another type.
    IteratorBody,
    /// A field of a struct of which a mutant takes the rest's: `base` is where the rest comes from.
    Field {
        name: String,
        value: Option<Range<usize>>,
        base: Range<usize>,
    },
    /// `const` of a function that asks switches.
    Const,
    /// What a `match` is of, which stays: the place of an error that arms are missing.
    Matched,
}

/// What was found in a file.
pub(crate) struct Woven<'m> {
    /// In order; an outer one before those within it.
    pub(crate) edits: Vec<Edit<'m>>,
    /// `||` beside a `let`, which no compiler takes.
    pub(crate) beside_let: Vec<usize>,
}

/// The edits of a file. Functions in `constant` stay so: mutants within them are among those that are left out.
pub(crate) fn edits<'m>(
    source: &str,
    mutants: impl Iterator<Item = &'m Mutant>,
    constant: &BTreeSet<String>,
) -> Result<Woven<'m>> {
    let mut by_range: HashMap<(usize, usize), Vec<&Mutant>> = HashMap::new();
    for mutant in mutants {
        by_range.entry((mutant.from.offset(source), mutant.to.offset(source))).or_default().push(mutant);
    }
    let mut finder = Finder { by_range, constant, edits: Vec::new(), beside_let: Vec::new() };
    finder.visit_file(&syn::parse_file(source)?);
    if let Some(mutant) = finder.by_range.values().flatten().next() {
        return Err(format!("no syntax stands there: {}", mutant.name).into());
    }
    let Finder { mut edits, beside_let, .. } = finder;
    edits.sort_by_key(|edit| (edit.range.start, usize::MAX - edit.range.end));
    Ok(Woven { edits, beside_let })
}

struct Finder<'m, 'c> {
    /// Those for which no syntax was found yet.
    by_range: HashMap<(usize, usize), Vec<&'m Mutant>>,
    constant: &'c BTreeSet<String>,
    edits: Vec<Edit<'m>>,
    beside_let: Vec<usize>,
}

impl<'m> Finder<'m, '_> {
    /// Takes the mutants of this kind that stand there.
    fn take(&mut self, range: &Range<usize>, kind: Kind) -> Vec<&'m Mutant> {
        let key = (range.start, range.end);
        let Some(all) = self.by_range.get_mut(&key) else { return Vec::new() };
        let (found, others) = all.iter().partition(|mutant| mutant.kind == kind);
        *all = others;
        if all.is_empty() {
            self.by_range.remove(&key);
        }
        found
    }

    /// As [`take`](Self::take), of what begins there and is of any length.
    fn take_from(&mut self, start: usize, kind: Kind) -> Vec<&'m Mutant> {
        let mut ends: Vec<usize> = self.by_range.keys().filter(|key| key.0 == start).map(|key| key.1).collect();
        ends.sort_unstable();
        ends.into_iter().flat_map(|end| self.take(&(start..end), kind)).collect()
    }

    fn add(&mut self, range: Range<usize>, form: Form<'m>, mutants: Vec<&'m Mutant>) {
        self.edits.push(Edit { range, form, mutants });
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if let Some(constness) = &signature.constness
            && !self.constant.contains(&signature.ident.to_string())
        {
            self.add(constness.span().byte_range(), Form::Const, Vec::new());
        }
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        let statements = first.span().byte_range().start..last.span().byte_range().end;
        let mutants = self.take(&statements, Kind::Body);
        if mutants.is_empty() {
            return;
        }
        let open = block.brace_token.span.open().byte_range().end;
        let close = block.brace_token.span.close().byte_range().start;
        let is_some_type =
            matches!(&signature.output, syn::ReturnType::Type(_, of) if matches!(**of, syn::Type::ImplTrait(_)));
        if is_some_type {
            self.add(open..close, Form::IteratorBody, mutants);
        } else {
            self.add(open..open, Form::Body, mutants);
        }
    }
}

/// Whether a condition declares something, so that it is no value.
fn has_let(condition: &syn::Expr) -> bool {
    match condition {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_, '_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let operator = binary.op.span().byte_range();
        let mutants = self.take(&operator, Kind::BinaryOperator);
        if has_let(&binary.left) || has_let(&binary.right) {
            self.beside_let.extend(mutants.iter().map(|mutant| mutant.id));
        } else if !mutants.is_empty() {
            let (left, right) = (binary.left.span().byte_range(), binary.right.span().byte_range());
            self.add(left.start..right.end, Form::Binary { left, operator, right }, mutants);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let operator = unary.op.span().byte_range();
        let mutants = self.take(&operator, Kind::UnaryOperator);
        if !mutants.is_empty() {
            let operand = unary.expr.span().byte_range();
            self.add(operator.start..operand.end, Form::Unary { operator, operand }, mutants);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_match(&mut self, expression: &'ast syn::ExprMatch) {
        let mut deleted = Vec::new();
        for arm in &expression.arms {
            let deleting = self.take_from(arm.span().byte_range().start, Kind::MatchArm);
            deleted.extend_from_slice(&deleting);
            if let syn::Pat::Guard(guarded) = &arm.pat {
                let range = guarded.guard.span().byte_range();
                let mutants = self.take(&range, Kind::MatchArmGuard);
                if !(mutants.is_empty() && deleting.is_empty()) {
                    self.add(range, Form::Guard { deleting }, mutants);
                }
            } else if !deleting.is_empty() {
                let end = arm.pat.span().byte_range().end;
                self.add(end..end, Form::Arm, deleting);
            }
        }
        if !deleted.is_empty() {
            self.add(expression.expr.span().byte_range(), Form::Matched, deleted);
        }
        visit::visit_expr_match(self, expression);
    }

    fn visit_expr_struct(&mut self, expression: &'ast syn::ExprStruct) {
        if let Some(rest) = &expression.rest {
            for field in &expression.fields {
                let range = field.span().byte_range();
                let mutants = self.take_from(range.start, Kind::StructField);
                if let (false, syn::Member::Named(name)) = (mutants.is_empty(), &field.member) {
                    let value = field.colon_token.map(|_| field.expr.span().byte_range());
                    let form = Form::Field { name: name.to_string(), value, base: rest.span().byte_range() };
                    self.add(range, form, mutants);
                }
            }
        }
        visit::visit_expr_struct(self, expression);
    }
}
