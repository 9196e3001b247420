//! Writes findings in the style of a compiler, drawn by `annotate-snippets`.
//!
//! That crate gets excerpts of lines ([`excerpts`]), never a whole file, so that a finding costs the same in a manifest
//! that is one long line. It never gets characters that a terminal would interpret.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{FileReport, Report};
use crate::render::Color;
use edgeroute_lang::diagnostic::{Applicability, Excerpt, Finding, Label, Severity, bounded, excerpts, quoted};
use edgeroute_lang::span::Span;

impl Report<'_> {
    /// Writes each finding in the style of a compiler: the lines it refers to, with labels beneath the marked parts.
    /// Ends with an empty line if there is any finding.
    #[must_use]
    pub fn text(&self, color: Color) -> String {
        let renderer = match color {
            Color::Never => Renderer::plain(),
            Color::Ansi => Renderer::styled(),
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut out = String::new();
        for (file, finding) in self.findings() {
            out.push_str(&shown(&renderer, file, finding, self.marks_fixes));
            out.push_str("\n\n");
        }
        out
    }
}

fn shown(renderer: &Renderer, file: &FileReport<'_>, finding: &Finding, marks_fixes: bool) -> String {
    let diagnostic = &finding.diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let labels: Vec<&Label> = diagnostic.labels().collect();
    let spans: Vec<Span> = labels.iter().map(|label| label.span).collect();
    let name = bounded(file.name);
    let mut excerpts = excerpts(file.text, &file.lines, &spans);
    // The first excerpt must be the one with the finding's own position.
    excerpts.sort_by_key(|excerpt| !shows_primary(excerpt));
    let title = level.primary_title(bounded(&diagnostic.message)).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    for excerpt in &excerpts {
        group = group.element(snippet(excerpt, &name, &labels));
    }
    group = group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(bounded(help))));
    let in_route = finding.route.iter().map(|route| Level::NOTE.message(format!("in route `{}`", quoted(route))));
    let fixable = diagnostic.fix.iter().filter(|_| marks_fixes).map(|fix| match fix.applicability {
        Applicability::Safe => Level::NOTE.message("fixable with --fix"),
        Applicability::Unsafe => Level::NOTE.message("fixable with --fix --unsafe-fixes"),
    });
    let drawn = renderer.render(&[group.elements(in_route).elements(fixable)]);
    let places = excerpts.iter().filter_map(|excerpt| places(excerpt, file, &name, &labels));
    with_places_in_the_file(&drawn, places)
}

fn shows_primary(excerpt: &Excerpt) -> bool {
    excerpt.marks.iter().any(|mark| mark.label == 0)
}

fn snippet<'s>(
    excerpt: &'s Excerpt,
    name: &'s str,
    labels: &[&'s Label],
) -> Snippet<'s, annotate_snippets::Annotation<'s>> {
    let annotations = excerpt.marks.iter().map(|mark| {
        let kind = if mark.label == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = labels.get(mark.label).map(|label| bounded(&label.text)).filter(|text| !text.is_empty());
        kind.span(mark.range.clone()).label(text)
    });
    let line = Span::at(excerpt.line).range().start;
    Snippet::source(excerpt.text.as_str()).path(name).line_start(line).annotations(annotations)
}

/// The position that an excerpt marks: as it is drawn, with the column in the excerpt, and as it is in the file.
fn places(excerpt: &Excerpt, file: &FileReport<'_>, name: &str, labels: &[&Label]) -> Option<(String, String)> {
    let mark = excerpt.marks.iter().min_by_key(|mark| (mark.label != 0, mark.range.start))?;
    let column = excerpt.text.get(..mark.range.start)?.chars().count() + 1;
    let place = file.position(labels.get(mark.label)?.span.start());
    Some((format!("{name}:{}:{column}", excerpt.line), format!("{name}:{place}")))
}

/// Replaces the positions in the excerpts by positions in the file. Each is on a line of its own after an arrow, or
/// after colons from the second excerpt on.
fn with_places_in_the_file(drawn: &str, places: impl Iterator<Item = (String, String)>) -> String {
    let mut places = places.peekable();
    let mut lines = Vec::new();
    for line in drawn.lines() {
        let mut line = line.to_owned();
        let found = places.next_if(|(drawn, _)| {
            line.strip_suffix(drawn).is_some_and(|before| before.contains("-->") || before.contains(":::"))
        });
        if let Some((drawn, in_file)) = found {
            line.truncate(line.len() - drawn.len());
            line.push_str(&in_file);
        }
        lines.push(line);
    }
    lines.join("\n")
}
