use crate::lint::{CheckedRoute, Findings, Fixes, Level, Pass};
use edgeroute_lang::diagnostic::{Code, Diagnostic, closest, quoted};
use edgeroute_lang::endpoint::Endpoint;
use edgeroute_lang::span::Span;
use edgeroute_lang::syntax::ast::SinkKind;

lint! {
    /// An endpoint address with words that the hub ignores.
    ///
    /// # Why
    /// An address has four segments, and the hub looks only at the second, the module, and the fourth, the input.
    /// `/modules/log/input/in` works.
    /// `/devices/leaf-1/inputs/in` does not send to a device but to a module `leaf-1`,
    /// and `/modules/log/outputs/out` sends to an input `out`.
    /// There are no wildcards: `/modules/log/inputs/*` sends to an input with the name `*`.
    /// White space around a name is part of it.
    ///
    /// # Example
    /// ```route W0314
    /// FROM /messages/* INTO BrokeredEndpoint("/modules/log/input/in")
    /// ```
    ///
    /// # Use instead
    /// ```route
    /// FROM /messages/* INTO BrokeredEndpoint("/modules/log/inputs/in")
    /// ```
    ///
    /// # Fix
    /// Writes `modules` or `inputs` for a word that is misspelled, and for `messages`.
    Lint {
        code: Code::OddEndpointAddress,
        name: "odd-endpoint-address",
        level: Level::Warn,
        fixes: Some(Fixes::KeepMeaning),
        pass: Pass::Route(check),
    }
}

fn check(subject: &CheckedRoute<'_>, findings: &mut Findings<'_>) {
    let Some(SinkKind::Function { address, address_span, .. }) = subject.tree.sink.as_ref().map(|sink| &sink.kind)
    else {
        return;
    };
    let Endpoint::Module { module, input } = &subject.typed.endpoint else {
        return;
    };
    // The hub trims white space around the address, and one slash at each end.
    let start = address.len() - address.trim_start().len();
    let path = address.trim();
    let start = start + usize::from(path.starts_with('/'));
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut segments = path.split('/').scan(start, |at, segment| {
        let span = Span::from_range(*at..*at + segment.len()).shifted(address_span.start());
        *at += segment.len() + 1;
        Some((segment, span))
    });
    let [Some(modules), Some(module_segment), Some(inputs), Some(input_segment)] = [(); 4].map(|()| segments.next())
    else {
        return;
    };
    check_first_word(subject, modules, module, findings);
    check_name(subject, module_segment, "module", findings);
    check_third_word(subject, inputs, input, findings);
    check_name(subject, input_segment, "input", findings);
}

/// Checks the word before the module.
fn check_first_word(subject: &CheckedRoute<'_>, (word, span): (&str, Span), module: &str, findings: &mut Findings<'_>) {
    if word.eq_ignore_ascii_case("modules") {
        return;
    }
    let diagnostic = ignored(word, span, findings);
    if ["devices", "device"].iter().any(|device| word.eq_ignore_ascii_case(device)) {
        let help = format!("a hub cannot send to a device; this address is the module `{}`", quoted(module));
        findings.add(subject.index, diagnostic.with_help(help));
    } else {
        let is_typo = word.eq_ignore_ascii_case("messages") || closest(word, ["modules"]).is_some();
        replaced(subject, diagnostic, span, "modules", is_typo, findings);
    }
}

/// Checks the word before the input.
fn check_third_word(subject: &CheckedRoute<'_>, (word, span): (&str, Span), input: &str, findings: &mut Findings<'_>) {
    if word.eq_ignore_ascii_case("inputs") {
        return;
    }
    let diagnostic = ignored(word, span, findings);
    if ["outputs", "output"].iter().any(|output| word.eq_ignore_ascii_case(output)) {
        let help = format!(
            "messages are sent to inputs; this address is the input `{}`, and messages of an output are taken with FROM",
            quoted(input)
        );
        findings.add(subject.index, diagnostic.with_help(help));
    } else {
        let is_typo = closest(word, ["inputs"]).is_some();
        replaced(subject, diagnostic, span, "inputs", is_typo, findings);
    }
}

/// A finding about a word that has no effect.
fn ignored(word: &str, span: Span, findings: &Findings<'_>) -> Diagnostic {
    findings.diagnostic(span, format!("the hub ignores `{}` in an address", quoted(word))).with_label("has no effect")
}

/// Adds the finding, with a fix if the word is a typo.
fn replaced(
    subject: &CheckedRoute<'_>,
    diagnostic: Diagnostic,
    span: Span,
    meant: &str,
    is_typo: bool,
    findings: &mut Findings<'_>,
) {
    let diagnostic = diagnostic.with_help(format!("write `{meant}`"));
    let diagnostic = if is_typo { findings.fix(subject, diagnostic, span, meant) } else { diagnostic };
    findings.add(subject.index, diagnostic);
}

/// Checks the name of a module or an input.
fn check_name(subject: &CheckedRoute<'_>, (name, span): (&str, Span), what: &str, findings: &mut Findings<'_>) {
    let (message, help) = if ["*", "#", "+"].contains(&name) {
        (format!("`{name}` is not a wildcard in an address"), format!("write the name of one {what}"))
    } else if name.trim().is_empty() {
        (format!("the name of the {what} is blank"), format!("write the name of the {what}"))
    } else if name.trim() != name {
        let message = format!("the white space around `{}` is part of the name of the {what}", quoted(name.trim()));
        (message, "remove the white space".to_owned())
    } else {
        return;
    };
    let diagnostic = findings.diagnostic(span, message).with_label(format!("the {what} that the hub sends to"));
    findings.add(subject.index, diagnostic.with_help(help));
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, linter};
    use edgeroute_lang::route::Route;

    fn route(address: &str) -> String {
        format!("FROM /messages/* INTO BrokeredEndpoint('{address}')")
    }

    #[test]
    fn it_reports_mistakes_and_nothing_else() {
        let ignored = |word: &str| format!("the hub ignores `{word}` in an address: `{word}`");
        let fixed = |word: &str, address: &str| format!("{} -> {}", ignored(word), route(address));
        let fires: Vec<(String, String)> = [
            ("/modules/m/input/i", fixed("input", "/modules/m/inputs/i")),
            ("/module/m/inputs/i", fixed("module", "/modules/m/inputs/i")),
            ("modules/m/imputs/i", fixed("imputs", "modules/m/inputs/i")),
            (" /messages/m/inputs/i/ ", fixed("messages", " /modules/m/inputs/i/ ")),
            ("/modules/m/outputs/o", ignored("outputs")),
            ("/devices/leaf-1/inputs/i", ignored("devices")),
            ("/x/m/inputs/i", ignored("x")),
            ("/modules/m/inputs/*", "`*` is not a wildcard in an address: `*`".to_owned()),
            ("/modules//inputs/i", "the name of the module is blank: ``".to_owned()),
            ("/modules/ m/inputs/i", "the white space around `m` is part of the name of the module: ` m`".to_owned()),
        ]
        .map(|(address, expected)| (route(address), expected))
        .into();
        let fires: Vec<(&str, &str)> = fires.iter().map(|(route, expected)| (&**route, &**expected)).collect();
        let quiet: Vec<String> = [
            "/modules/m/inputs/i",
            "modules/m/inputs/i/",
            "/Modules/M/INPUTS/I",
            " /modules/m/inputs/i ",
            "/modules/a*b/inputs/i#1",
        ]
        .map(route)
        .into();
        let quiet: Vec<&str> = quiet.iter().map(String::as_str).chain(["FROM /* INTO $upstream"]).collect();
        check("odd-endpoint-address", &fires, &quiet);
    }

    #[test]
    fn the_help_says_where_the_hub_sends() {
        let help = |address: &str| -> Vec<String> {
            let report = linter("odd-endpoint-address").lint_routes(&[Route::new("r", route(address))]);
            report.findings().iter().filter_map(|finding| finding.diagnostic().help.clone()).collect()
        };
        assert_eq!(
            help("/devices/leaf-1/inputs/i"),
            ["a hub cannot send to a device; this address is the module `leaf-1`"]
        );
        assert_eq!(
            help("/modules/m/outputs/o"),
            [
                "messages are sent to inputs; this address is the input `o`, and messages of an output are taken with FROM"
            ]
        );
        assert_eq!(help("/module/m/input/i"), ["write `modules`", "write `inputs`"]);
    }
}
