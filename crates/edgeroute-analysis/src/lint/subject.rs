//! The input of lints: routes in all their forms.

use std::cell::OnceCell;

use super::topology::{Relation, RelationKind, Relations};
use crate::topology::Topology;
use edgeroute_lang::hir;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::{Manifest, Survey};
use edgeroute_lang::predicate::FormulaId;
use edgeroute_lang::priority::{Priority, TimeToLive};
use edgeroute_lang::prove::{Prover, SourceFacts};
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::{self, Expr, ExprId, ExprKind};

/// A route without errors.
#[derive(Debug)]
pub(super) struct CheckedRoute<'r> {
    /// The index among the given routes.
    pub(super) index: usize,
    pub(super) name: &'r str,
    pub(super) text: &'r str,
    pub(super) priority: Priority,
    pub(super) time_to_live: TimeToLive,
    pub(super) tree: ast::Route<'r>,
    pub(super) typed: hir::TypedRoute<'r>,
    /// True exactly when the condition is true.
    pub(super) formula: FormulaId,
    /// What the source implies about its messages.
    pub(super) facts: SourceFacts,
    pub(super) shadowing: hir::Shadowing,
    pub(super) limits: &'r Limits,
}

/// All routes together.
#[derive(Debug)]
pub(super) struct RouteSetContext<'s> {
    pub(super) subjects: &'s [CheckedRoute<'s>],
    /// Whether these are all the routes: none has errors, and no base deployment can add more.
    pub(super) is_complete: bool,
    /// The manifest that the routes are from, and its topology.
    pub(super) manifest: Option<(&'s Manifest, &'s Topology)>,
    /// Computed when a lint first needs it.
    pub(super) relations: OnceCell<Relations>,
}

/// The manifest around the routes.
#[derive(Debug)]
pub(super) struct DocumentContext<'d> {
    /// The text of the manifest.
    pub(super) text: &'d str,
    pub(super) survey: Survey,
    /// The number of routes, including those that cannot be used.
    pub(super) route_count: usize,
}

impl<'r> CheckedRoute<'r> {
    /// The expressions of the condition, operands first.
    pub(super) fn expressions(&self) -> impl Iterator<Item = (ExprId, &Expr<'r>)> {
        self.tree.condition.iter().flat_map(ast::Condition::expressions)
    }

    pub(super) fn expression(&self, id: ExprId) -> Option<&Expr<'r>> {
        self.tree.condition.as_ref()?.get(id)
    }

    /// The expression that each expression is an operand of, by index.
    pub(super) fn parents(&self) -> Vec<Option<ExprId>> {
        let mut parents = vec![None; self.expressions().count()];
        for (id, expression) in self.expressions() {
            let mut adopt = |operand: ExprId| {
                if let Some(parent) = parents.get_mut(operand.index()) {
                    *parent = Some(id);
                }
            };
            match &expression.kind {
                ExprKind::Parenthesized(operand) | ExprKind::Unary { operand, .. } => adopt(*operand),
                ExprKind::Binary { left, right, .. } => {
                    adopt(*left);
                    adopt(*right);
                }
                ExprKind::Call { arguments, .. } => arguments.iter().copied().for_each(adopt),
                _ => {}
            }
        }
        parents
    }

    /// The expression without the parentheses around it.
    pub(super) fn unparenthesized(&self, mut id: ExprId) -> Option<&Expr<'r>> {
        loop {
            let expression = self.expression(id)?;
            match expression.kind {
                ExprKind::Parenthesized(inner) => id = inner,
                _ => return Some(expression),
            }
        }
    }

    /// The nodes of the typed condition, if the route has one.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &hir::Node<'r>> {
        let has_condition = self.tree.condition.is_some();
        self.typed.condition.nodes().map(|(_, node)| node).filter(move |_| has_condition)
    }

    pub(super) fn node(&self, id: hir::NodeId) -> Option<&hir::Node<'r>> {
        self.typed.condition.get(id)
    }

    /// The text of a span.
    pub(super) fn slice(&self, span: Span) -> &'r str {
        span.slice(self.text)
    }

    /// The text with a span replaced.
    pub(super) fn with(&self, span: Span, replacement: &str) -> String {
        let mut text = self.text.to_owned();
        if text.get(span.range()).is_some() {
            text.replace_range(span.range(), replacement);
        }
        text
    }

    /// Whether the route still compiles when a span is replaced.
    pub(super) fn compiles_with(&self, span: Span, replacement: &str) -> bool {
        hir::TypedRoute::compile(&self.with(span, replacement), self.shadowing, self.limits).is_ok()
    }

    /// The span from the source to the sink.
    pub(super) fn route_span(&self) -> Span {
        let source = self.tree.source.as_ref().map(|source| source.span);
        let sink = self.tree.sink.as_ref().map(|sink| sink.span);
        source.zip(sink).map_or(Span::default(), |(source, sink)| source.cover(sink))
    }

    /// The operands of the top-level `and` of the condition, without the parentheses around them.
    pub(super) fn conjuncts(&self) -> Vec<&Expr<'r>> {
        let mut conjuncts = Vec::new();
        let mut open: Vec<ExprId> = self.tree.condition.iter().filter_map(ast::Condition::root).collect();
        while let Some(expression) = open.pop().and_then(|id| self.expression(id)) {
            match expression.kind {
                ExprKind::Parenthesized(inner) => open.push(inner),
                ExprKind::Binary { operator: ast::BinaryOperator::And, left, right, .. } => open.extend([right, left]),
                _ => conjuncts.push(expression),
            }
        }
        conjuncts
    }
}

impl<'s> RouteSetContext<'s> {
    /// The checked route for this index among the given routes.
    pub(super) fn subject_at(&self, index: usize) -> Option<&'s CheckedRoute<'s>> {
        let at = self.subjects.binary_search_by_key(&index, |subject| subject.index).ok()?;
        self.subjects.get(at)
    }
    /// The pairs of routes where the second makes the first change no delivery.
    pub(super) fn related(
        &self,
        reasoner: &mut Prover,
        is_meant: impl Fn(RelationKind) -> bool,
    ) -> Vec<(&'s CheckedRoute<'s>, &'s CheckedRoute<'s>, RelationKind)> {
        let relations = self.relations.get_or_init(|| Relations::of(self.subjects, reasoner));
        let meant = relations.all.iter().filter(|relation| is_meant(relation.kind));
        let pair = |relation: &Relation| {
            Some((self.subjects.get(relation.loser)?, self.subjects.get(relation.winner)?, relation.kind))
        };
        meant.filter_map(pair).collect()
    }
}
