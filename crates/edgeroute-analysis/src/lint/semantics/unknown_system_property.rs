use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::{Code, closest, is_slip};
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
        let diagnostic = match meant(name) {
            Some(Meant { written, is_certain }) => {
                let fixed = match (written.strip_prefix('$'), subject.slice(node.span)) {
                    (Some(_), braced) if braced.starts_with('{') => format!("{{{written}}}"),
                    _ => written.clone(),
                };
                let diagnostic = diagnostic.with_help(format!("did you mean `{written}`?"));
                if is_certain { findings.fix(subject, diagnostic, node.span, &fixed) } else { diagnostic }
            }
            None if name.eq_ignore_ascii_case("body") => {
                diagnostic.with_help("name a member of the body, as in `$body.level`")
            }
            None => diagnostic.with_help(format!("write an application property without the `$`: `{name}`")),
        };
        findings.add(subject.index, diagnostic);
    }
}

/// What was probably meant by a name.
struct Meant {
    /// Its spelling in a condition.
    written: String,
    is_certain: bool,
}

/// Names of other places for the same properties: the hub's own interfaces, and the query language of the cloud.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("authMethod", "connectionAuthMethod"),
    ("connectionDevice", "connectionDeviceId"),
    ("connectionModule", "connectionModuleId"),
    ("device", "connectionDeviceId"),
    ("deviceId", "connectionDeviceId"),
    ("enqueuedTimeUtc", "enqueuedTime"),
    ("iothub-connection-auth-method", "connectionAuthMethod"),
    ("iothub-connection-device-id", "connectionDeviceId"),
    ("iothub-connection-module-id", "connectionModuleId"),
    ("iothub-enqueuedtime", "enqueuedTime"),
    ("module", "connectionModuleId"),
    ("moduleId", "connectionModuleId"),
    ("output", "outputName"),
    ("schema", "messageSchema"),
];

/// The containers in which other tools show properties.
const OF_SYSTEM: [&str; 3] = ["systemProperties", "system", "sys"];
const OF_APPLICATION: [&str; 5] =
    ["properties", "applicationProperties", "appProperties", "userProperties", "property"];

/// What was probably meant by `$name`.
fn meant(name: &str) -> Option<Meant> {
    let certain = |written: String| Some(Meant { written, is_certain: true });
    if let Some(known) = other_name(name) {
        return certain(format!("${known}"));
    }
    if let Some((first, rest)) = name.split_once('.').filter(|(_, rest)| !rest.is_empty()) {
        let is_one_of = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(first));
        if is_one_of(&OF_SYSTEM) {
            return match known(rest).or_else(|| other_name(rest)) {
                Some(known) => certain(format!("${known}")),
                None => near(rest),
            };
        }
        if is_one_of(&OF_APPLICATION) {
            return certain(known(rest).map_or_else(|| rest.to_owned(), |known| format!("${known}")));
        }
        if let Some(body) = closest(first, ["body"]) {
            return Some(Meant { written: format!("${body}.{rest}"), is_certain: is_slip(first, body) });
        }
    }
    near(name)
}

fn known(name: &str) -> Option<&'static str> {
    SYSTEM_PROPERTIES.iter().map(SystemProperty::name).find(|known| eq_ignore_case(known, name))
}

fn other_name(name: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| eq_ignore_case(other, name)).map(|(_, known)| *known)
}

fn near(name: &str) -> Option<Meant> {
    // Nothing can be asked of the input while routing.
    let names = SYSTEM_PROPERTIES.iter().map(SystemProperty::name).filter(|known| *known != "inputName");
    let near = closest(name, names);
    let is_slip_of_near = near.is_some_and(|near| is_slip(name, near));
    if let Some((_, known)) = OTHER_NAMES.iter().find(|(other, _)| is_slip(name, other)) {
        let is_certain = !is_slip_of_near || near == Some(known);
        return Some(Meant { written: format!("${known}"), is_certain });
    }
    near.map(|near| Meant { written: format!("${near}"), is_certain: is_slip_of_near })
}

/// The name of the system property that a node reads, without the `$`.
pub(in crate::lint) fn system_name<'t>(kind: &NodeKind<'t>) -> Option<&'t str> {
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
                ("$moduleId = 'x'", &format!("{}: `$moduleId` -> $connectionModuleId = 'x'", message("moduleId"))),
                (
                    "{$deviceId} = 'x'",
                    &format!("{}: `{{$deviceId}}` -> {{$connectionDeviceId}} = 'x'", message("deviceId")),
                ),
                ("$output = 'x'", &format!("{}: `$output` -> $outputName = 'x'", message("output"))),
                (
                    "$systemProperties.contentType = 'x'",
                    &format!(
                        "{}: `$systemProperties.contentType` -> $contentType = 'x'",
                        message("systemProperties.contentType")
                    ),
                ),
                (
                    "$properties.alarm = 'x'",
                    &format!("{}: `$properties.alarm` -> alarm = 'x'", message("properties.alarm")),
                ),
                ("$content-type = 'x'", &format!("{}: `$content-type` -> $contentType = 'x'", message("content-type"))),
                // Near, but not so near that it is certain.
                ("$modulId = 'x'", &format!("{}: `$modulId`", message("modulId"))),
                ("$level = 'x'", &format!("{}: `$level`", message("level"))),
                ("$body = 'x'", &format!("{}: `$body`", message("body"))),
                ("$bdy.level = 'x'", &format!("{}: `$bdy.level` -> $body.level = 'x'", message("bdy.level"))),
            ],
            &["$CONTENTTYPE = 'x'", "$body.x = 'x'", "$dt-subject = 'x'", "level = 'x'", "$twin.x = 'x'"],
        );
    }
}
