use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::Code;
use edgeroute_lang::hir::{NodeKind, Property};
use edgeroute_lang::message::{SYSTEM_PROPERTIES, SystemProperty};
use edgeroute_lang::text::eq_ignore_case;

lint! {
    /// The name of a system property or a body path without the `$`.
    ///
    /// # Why
    /// A name without `$` reads an application property: `contentType` is not `$contentType`,
    /// `body.level` does not read the body, and `properties.alarm` is not `alarm`.
    /// Messages rarely have such a property, so the comparison is undefined and `not is_defined(..)` is always true.
    /// Any sender can set an application property.
    /// If a condition tests `connectionDeviceId` without the `$`, a client can pass for another device.
    ///
    /// The lint reports these names, in any case:
    /// `connectionDeviceId`, `connectionModuleId`, `connectionDeviceGenerationId`, `connectionAuthMethod`, `contentType`,
    /// `contentEncoding`, `outputName`, `edgeMessageId`, `edgeHubOriginInterface`, `dt-subject` and `dt-dataschema`;
    /// the names that these and others have in protocols, such as `iothub-connection-device-id`;
    /// and names that begin with `body.`, `properties.`, `appProperties.`, `applicationProperties.`, `sysProperties.` or
    /// `systemProperties.`.
    /// It does not report other system properties, such as `messageId`, `userId`, `to` and `version`,
    /// because senders often use these names for application properties of their own.
    ///
    /// # Example
    /// ```route W0213
    /// FROM /messages/* WHERE NOT IS_DEFINED(connectionModuleId) INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* WHERE NOT IS_DEFINED($connectionModuleId) INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Writes the name that was probably meant, which changes the meaning.
    Lint {
        code: Code::BareSystemProperty,
        name: "bare-system-property",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

/// System properties that hardly any sender uses as the name of an application property.
const CERTAIN: [&str; 11] = [
    "connectionDeviceId",
    "connectionModuleId",
    "connectionDeviceGenerationId",
    "connectionAuthMethod",
    "contentType",
    "contentEncoding",
    "outputName",
    "edgeMessageId",
    "edgeHubOriginInterface",
    "dt-subject",
    "dt-dataschema",
];

/// The names of system properties in protocols, and in conditions.
const IN_PROTOCOLS: [(&str, &str); 8] = [
    ("iothub-connection-device-id", "connectionDeviceId"),
    ("iothub-connection-module-id", "connectionModuleId"),
    ("iothub-connection-auth-method", "connectionAuthMethod"),
    ("iothub-connection-auth-generation-id", "connectionDeviceGenerationId"),
    ("iothub-content-type", "contentType"),
    ("iothub-content-encoding", "contentEncoding"),
    ("iothub-enqueuedtime", "enqueuedTime"),
    ("iothub-interface-id", "iothub-interface-id"),
];

/// What a name almost certainly means.
struct Meant {
    /// A description of it.
    what: String,
    /// What to write; `None` if there is no such thing.
    written: Option<String>,
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    for node in subject.nodes() {
        let NodeKind::Property(Property::Application(name)) = node.kind else {
            continue;
        };
        // Another lint reports operators glued to a name.
        if !name.chars().all(|character| character.is_alphanumeric() || "-_.[]".contains(character)) {
            continue;
        }
        let Some(Meant { what, written }) = meant(name, subject.typed.source.is_twin_changes()) else {
            continue;
        };
        let is_identity =
            written.as_deref().is_some_and(|written| written.starts_with("$connection") || written == "$outputName");
        let label = if is_identity { "any sender can set this" } else { "an application property" };
        let diagnostic = findings
            .diagnostic(node.span, format!("`{name}` reads an application property, not {what}"))
            .with_label(label);
        let diagnostic = match written {
            Some(written) => {
                let diagnostic = diagnostic.with_help(format!("write `{written}`"));
                let fixed = subject.slice(node.span).replacen(name, &written, 1);
                findings.fix(subject, diagnostic, node.span, &fixed)
            }
            None => diagnostic.with_help("write a system property as `$NAME`"),
        };
        findings.add(subject.index, diagnostic);
    }
}

fn meant(name: &str, is_of_twins: bool) -> Option<Meant> {
    let system =
        |known: &str| Meant { what: format!("the system property `${known}`"), written: Some(format!("${known}")) };
    let in_protocol =
        |name: &str| IN_PROTOCOLS.iter().find(|(wire, _)| eq_ignore_case(wire, name)).map(|(_, known)| *known);
    if let Some(known) = CERTAIN.into_iter().find(|known| eq_ignore_case(known, name)).or_else(|| in_protocol(name)) {
        return Some(system(known));
    }
    let (first, rest) = name.split_once('.')?;
    if rest.is_empty() || rest.starts_with('.') {
        return None;
    }
    let is = |words: &[&str]| words.iter().any(|word| eq_ignore_case(word, first));
    if is(&["body"]) {
        Some(Meant { what: "the body".to_owned(), written: Some(format!("$body.{rest}")) })
    } else if is(&["properties"]) && is_of_twins {
        Some(Meant { what: "the twin in the body".to_owned(), written: Some(format!("$body.{name}")) })
    } else if is(&["properties", "appProperties", "applicationProperties"]) {
        Some(Meant { what: format!("`{rest}`"), written: Some(rest.to_owned()) })
    } else if is(&["sysProperties", "systemProperties"]) {
        let known = SYSTEM_PROPERTIES.iter().map(SystemProperty::name).find(|known| eq_ignore_case(known, rest));
        Some(
            known
                .or_else(|| in_protocol(rest))
                .map_or_else(|| Meant { what: "a system property".to_owned(), written: None }, system),
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, check_conditions};

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = |name: &str, what: &str| format!("`{name}` reads an application property, not {what}: `{name}`");
        let system = |name: &str, known: &str| message(name, &format!("the system property `${known}`"));
        check_conditions(
            "bare-system-property",
            &[
                (
                    "contentType = 'application/json'",
                    &format!("{} -> $contentType = 'application/json'", system("contentType", "contentType")),
                ),
                (
                    "connectiondeviceid = 'leaf-1'",
                    &format!(
                        "{} -> $connectionDeviceId = 'leaf-1'",
                        system("connectiondeviceid", "connectionDeviceId")
                    ),
                ),
                (
                    "NOT IS_DEFINED(connectionModuleId)",
                    &format!(
                        "{} -> NOT IS_DEFINED($connectionModuleId)",
                        system("connectionModuleId", "connectionModuleId")
                    ),
                ),
                (
                    "iothub-connection-device-id = 'd'",
                    &format!(
                        "{} -> $connectionDeviceId = 'd'",
                        system("iothub-connection-device-id", "connectionDeviceId")
                    ),
                ),
                (
                    "iothub-interface-id = 'urn:x'",
                    &format!(
                        "{} -> $iothub-interface-id = 'urn:x'",
                        system("iothub-interface-id", "iothub-interface-id")
                    ),
                ),
                ("body.level = 'high'", &format!("{} -> $body.level = 'high'", message("body.level", "the body"))),
                ("properties.alarm = '1'", &format!("{} -> alarm = '1'", message("properties.alarm", "`alarm`"))),
                (
                    "systemProperties.contentType = 'x'",
                    &format!("{} -> $contentType = 'x'", system("systemProperties.contentType", "contentType")),
                ),
                ("systemProperties.level = 'x'", &message("systemProperties.level", "a system property")),
            ],
            &[
                "$contentType = 'application/json'",
                "{$contentType} = 'application/json'",
                "$body.contentType = 'x'",
                "messageId = 'x' and userId = 'y' and to = 'z' and version = '1' and correlationId = '5'",
                "operation = 'x' and statusCode = '200' and messageType = 'alarm' and ack = 'full'",
                "body = 'x'",
                "properties = 'x'",
                "level = 'contentType'",
                "content-type = 'x'",
                "body.level! = 'x'",
            ],
        );
    }

    #[test]
    fn properties_in_twin_routes_are_in_the_body() {
        check(
            "bare-system-property",
            &[(
                "FROM /twinChangeNotifications WHERE properties.reported.mode = 'on' INTO $upstream",
                "`properties.reported.mode` reads an application property, not the twin in the body: `properties.reported.mode` \
                 -> FROM /twinChangeNotifications WHERE $body.properties.reported.mode = 'on' INTO $upstream",
            )],
            &["FROM /twinChangeNotifications WHERE twin_change_includes(properties.reported.mode) INTO $upstream"],
        );
    }
}
