//! Reports of errors through the crate `miette`.

use edgeroute::RouteTable;
use edgeroute_lang::manifest::Manifest;
use miette::NarratableReportHandler;

/// Renders a report in words, without graphics.
fn narrated(error: &dyn miette::Diagnostic) -> String {
    let mut text = String::new();
    NarratableReportHandler::new().render_report(&mut text, error).unwrap();
    text
}

#[test]
fn a_route_that_does_not_compile_is_reported_with_its_text() {
    let error = RouteTable::builder().route("hot", "FROM /* WHERE t > 80 INTO $upstream").build().unwrap_err();
    let report = narrated(&error);
    for part in [
        "route `hot`: 1:17: E0201: cannot compare a string with a number",
        "Begin snippet for route hot starting at line 1",
        "FROM /* WHERE t > 80 INTO $upstream",
        "label at line 1, column 17: expected operands of the same type",
        "diagnostic help: convert it to a number: `as_number(t) > 80`",
        "diagnostic code: E0201",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
}

#[test]
fn several_problems_are_related_and_each_has_its_own_text() {
    let builder = RouteTable::builder().route("a", "FROM /a INTO upstream").route("b", "FROM /b INTO $upstrem");
    let error = builder.build().unwrap_err();
    let report = narrated(&error);
    assert!(report.contains("snippet for route a") && report.contains("snippet for route b"), "{report}");
    assert!(report.contains("E0301"), "{report}");
}

#[test]
fn problems_of_a_manifest_are_shown_in_the_attached_text() {
    let json = "{\n  \"schemaVersion\": \"9.0\",\n  \"routes\": {},\n  \"storeAndForwardConfiguration\": {}\n}";
    let error = Manifest::from_json(json).unwrap_err();
    let report = miette::Report::new(error).with_source_code(json);
    let report = narrated(report.as_ref());
    assert!(report.contains("label at line 2, columns 20 to 24"), "{report}");
    assert!(report.contains("diagnostic code: E0404"), "{report}");
}
