use crate::lint::editing::string_literal;
use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::{Code, closest, is_slip};
use edgeroute_lang::span::Span;

lint! {
    /// A source that no message comes from.
    ///
    /// # Why
    /// The edge hub routes messages of leaf devices (`/messages`),
    /// messages of modules (`/messages/modules/NAME`, or `/messages/modules/NAME/outputs/OUTPUT` with an output)
    /// and twin changes (`/twinChangeNotifications`).
    /// No message comes from any other source.
    /// Sources that exist only in the cloud, such as `/deviceLifecycleEvents`, are accepted but match nothing.
    ///
    /// # Example
    /// ```route W0313
    /// FROM /messages/module/sensor/* INTO $upstream
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/modules/sensor/* INTO $upstream
    /// ```
    ///
    /// # Fix
    /// Writes the word that was probably meant, which changes the meaning.
    Lint {
        code: Code::UnknownSource,
        name: "unknown-source",
        level: Level::Warn,
        fixes: Some(Fixes::ChangeMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let Some(source) = &subject.tree.source else {
        return;
    };
    let pattern = subject.typed.source.as_str();
    let path = pattern.strip_suffix('/').unwrap_or(pattern);
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let is = |index: usize, word: &str| segments.get(index).is_none_or(|segment| segment.eq_ignore_ascii_case(word));
    let is_twins = is(0, "twinChangeNotifications");
    // The index of the first segment that a hub does not have, and the words that are valid there.
    let (index, words): (usize, &[&str]) = if path.is_empty() {
        return;
    } else if is_twins && segments.len() > 1 {
        (1, &[])
    } else if is_twins {
        return;
    } else if !is(0, "messages") {
        (0, &["messages", "twinChangeNotifications"])
    } else if !is(1, "modules") {
        (1, &["modules"])
    } else if !is(3, "outputs") {
        (3, &["outputs"])
    } else {
        return;
    };
    let wrong = segments.get(index).copied().unwrap_or_default();
    // Another lint reports a wildcard in the middle of a source.
    if wrong == "*" {
        return;
    }
    let text = subject.slice(source.span);
    let place =
        text.find(wrong).map_or(source.span, |at| Span::from_range(at..at + wrong.len()).shifted(source.span.start()));
    let diagnostic =
        findings.diagnostic(place, format!("no message comes from `{path}`")).with_label("not a source of an edge hub");
    if let Some((elsewhere, help)) = of_cloud(&segments) {
        let diagnostic = diagnostic.with_help(help);
        let diagnostic = match elsewhere {
            Some(source_of_hub) => findings.fix(subject, diagnostic, source.span, source_of_hub),
            None => diagnostic,
        };
        findings.add(subject.index, diagnostic);
        return;
    }
    let meant = closest(wrong, words.iter().copied());
    let diagnostic = match meant {
        Some(meant) => {
            let diagnostic = diagnostic.with_help(format!("did you mean `{meant}`?"));
            if is_slip(wrong, meant) { findings.fix(subject, diagnostic, place, meant) } else { diagnostic }
        }
        None => diagnostic.with_help(
            "use /messages/*, /messages/modules/NAME/*, /messages/modules/NAME/outputs/OUTPUT or \
             /twinChangeNotifications",
        ),
    };
    findings.add(subject.index, diagnostic);
}

/// The source of the hub that corresponds to one of the cloud's, and the help.
fn of_cloud(segments: &[&str]) -> Option<(Option<&'static str>, String)> {
    let segment = |index: usize| segments.get(index).copied().unwrap_or_default();
    let is = |index: usize, words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(segment(index)));
    if is(0, &["twinChangeEvents", "deviceTwinChangeEvents", "twinChanges", "twinNotifications"]) && segments.len() == 1
    {
        let help = "the hub's name for this source is `/twinChangeNotifications`".to_owned();
        return Some((Some("/twinChangeNotifications"), help));
    }
    if is(0, &["deviceMessages", "deviceMessage", "telemetry", "events"]) && segments.len() == 1 {
        return Some((Some("/messages/*"), "the hub's name for this source is `/messages/*`".to_owned()));
    }
    if is(0, &["messages"]) && is(1, &["events"]) && segments.len() == 2 {
        return Some((Some("/messages/*"), "messages to the cloud come from `/messages/*`".to_owned()));
    }
    let is_device = is(1, &["devices", "device", "leafDevices"]) && is(0, &["messages"]);
    if is_device || (is(0, &["devices"]) && segments.len() > 1) {
        let device = segment(if is_device { 2 } else { 1 });
        let device = if device.is_empty() || device == "*" { "DEVICE" } else { device };
        let id = string_literal(device);
        return Some((None, format!("write `FROM /messages/* WHERE $connectionDeviceId = {id}`")));
    }
    if is(
        0,
        &[
            "deviceLifecycleEvents",
            "deviceJobLifecycleEvents",
            "deviceConnectionStateEvents",
            "digitalTwinChangeEvents",
        ],
    ) {
        return Some((None, "only the cloud has this source; route it in IoT Hub".to_owned()));
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let message = |path: &str| format!("no message comes from `{path}`");
        let fires = [
            ("/message/*", "message", "/messages/*"),
            ("/messages/module/m/*", "module", "/messages/modules/m/*"),
            ("/messages/modules/m/output/o", "output", "/messages/modules/m/outputs/o"),
        ]
        .map(|(source, wrong, fixed)| {
            let path = source.trim_end_matches("/*");
            let route = |source: &str| format!("FROM {source} INTO $upstream");
            (route(source), format!("{}: `{wrong}` -> {}", message(path), route(fixed)))
        });
        let mut fires: Vec<(&str, &str)> = fires.iter().map(|(route, expected)| (&**route, &**expected)).collect();
        let lifecycle = format!("{}: `deviceLifecycleEvents`", message("/deviceLifecycleEvents"));
        fires.push(("FROM /deviceLifecycleEvents INTO $upstream", &lifecycle));
        let cloud = [
            ("/twinChangeEvents", "twinChangeEvents", "/twinChangeNotifications"),
            ("/deviceMessages/*", "deviceMessages", "/messages/*"),
        ]
        .map(|(source, wrong, fixed)| {
            let path = source.trim_end_matches("/*");
            let route = |source: &str| format!("FROM {source} INTO $upstream");
            (route(source), format!("{}: `{wrong}` -> {}", message(path), route(fixed)))
        });
        fires.extend(cloud.iter().map(|(route, expected)| (&**route, &**expected)));
        let device = format!("{}: `devices`", message("/messages/devices/leaf-1"));
        fires.push(("FROM /messages/devices/leaf-1/* INTO $upstream", &device));
        let twins = format!("{}: `x`", message("/twinChangeNotifications/x"));
        fires.push(("FROM /twinChangeNotifications/x INTO $upstream", &twins));
        check(
            "unknown-source",
            &fires,
            &[
                "FROM /* INTO $upstream",
                "FROM /MESSAGES INTO $upstream",
                "FROM /messages/Modules/m/Outputs/* INTO $upstream",
                "FROM /messages/modules/m/outputs/a/b INTO $upstream",
                "FROM /twinChangeNotifications/* INTO $upstream",
                "FROM /messages/modules/*/outputs/o INTO $upstream",
            ],
        );
    }
}
