use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::{Code, closest};
use edgeroute_lang::hir::{NodeKind, Property};
use edgeroute_lang::message::{SYSTEM_PROPERTIES, SystemProperty};
use edgeroute_lang::text::eq_ignore_case;

lint! {
    /// A system property that the hub does not know.
    ///
    /// # Why
    /// Any name may follow a `$`.
    /// A name that neither the hub nor a sender can set is undefined in every message,
    /// unless a sender adds an application property whose name begins with a `$`.
    ///
    /// # Example
    /// ```route W0209
    /// FROM /messages/* WHERE $contenttyp = 'application/json' INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE $contentType = 'application/json' INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Writes the name that was probably meant, which changes the meaning.
    Lint {
        code: Code::UnknownSystemProperty,
        name: "unknown-system-property",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        let Some(name) = system_name(&node.kind) else {
            continue;
        };
        if is_of_twin(name) || SYSTEM_PROPERTIES.iter().any(|known| eq_ignore_case(known.name(), name)) {
            continue;
        }
        // Another lint reports operators glued to a name.
        if !name.chars().all(|character| character.is_ascii_alphanumeric() || "-_.[]".contains(character)) {
            continue;
        }
        let label = match node.kind {
            NodeKind::Property(Property::System(_)) => "always undefined",
            _ => "undefined unless a sender adds an application property with this name",
        };
        let diagnostic = findings.diagnostic(node.span, format!("unknown system property `${name}`")).with_label(label);
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let meant = match closest(name, SYSTEM_PROPERTIES.iter().map(SystemProperty::name)) {
            Some(meant) => Some(meant.to_owned()),
            None if !rest.is_empty() => closest(first, ["body"]).map(|body| format!("{body}.{rest}")),
            None => None,
        };
        let diagnostic = match meant {
            Some(meant) => {
                let fixed = subject.slice(node.span).replacen(name, &meant, 1);
                let diagnostic = diagnostic.with_help(format!("did you mean `${meant}`?"));
                findings.fix(subject, diagnostic, node.span, &fixed)
            }
            None if name.eq_ignore_ascii_case("body") => {
                diagnostic.with_help("name a member of the body, as in `$body.level`")
            }
            None => diagnostic.with_help(format!("write an application property without the `$`: `{name}`")),
        };
        findings.add(subject.index, diagnostic);
    }
}

/// The name of the system property that a node reads, without the `$`.
pub(super) fn system_name<'t>(kind: &NodeKind<'t>) -> Option<&'t str> {
    match kind {
        NodeKind::Property(Property::System(name)) => Some(name),
        NodeKind::Property(Property::ApplicationOrSystem(name)) => name.strip_prefix('$'),
        _ => None,
    }
}

pub(super) fn is_of_twin(name: &str) -> bool {
    let (first, _) = name.split_once('.').unwrap_or((name, ""));
    first.eq_ignore_ascii_case("twin")
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check_conditions;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = |name: &str| format!("unknown system property `${name}`");
        check_conditions(
            "unknown-system-property",
            &[
                ("$contenttyp = 'x'", &format!("{}: `$contenttyp` -> $contentType = 'x'", message("contenttyp"))),
                ("{$mesageId} = 'x'", &format!("{}: `{{$mesageId}}` -> {{$messageId}} = 'x'", message("mesageId"))),
                ("$level = 'x'", &format!("{}: `$level`", message("level"))),
                ("$body = 'x'", &format!("{}: `$body`", message("body"))),
                ("$bdy.level = 'x'", &format!("{}: `$bdy.level` -> $body.level = 'x'", message("bdy.level"))),
            ],
            &["$CONTENTTYPE = 'x'", "$body.x = 'x'", "$dt-subject = 'x'", "level = 'x'", "$twin.x = 'x'"],
        );
    }
}
