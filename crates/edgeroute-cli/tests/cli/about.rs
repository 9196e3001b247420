//! Tests what the command prints about itself and the language: help, versions, manual pages, completions, schemas,
//! codes, functions.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use edgeroute_analysis::lint;
use edgeroute_lang::builtin::Function;
use edgeroute_lang::diagnostic::Code;
use serde_json::Value;
use tempfile::TempDir;

fn edgeroute(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_edgeroute")).args(arguments).output().expect("the command runs")
}

fn said(arguments: &[&str]) -> String {
    let output = edgeroute(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Every command listed in the help.
fn commands() -> Vec<String> {
    let help = said(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<String> = listed
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 10, "{names:?}");
    names
}

#[test]
fn every_command_teaches_by_example() {
    for command in commands() {
        let help = said(&[&command, "--help"]);
        let examples: Vec<&str> = help
            .lines()
            .skip_while(|line| *line != "Examples:")
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .collect();
        assert!(examples.iter().any(|line| line.contains(&format!("edgeroute {command}"))), "{command}: {examples:?}");
        assert!(said(&[&command, "--version"]).ends_with(&format!(" {}\n", env!("CARGO_PKG_VERSION"))));
    }
    assert_eq!(said(&["--version"]), format!("edgeroute {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("man1");
    said(&["man", "--dir", path.to_str().expect("UTF-8")]);
    let whole = fs::read_to_string(path.join("edgeroute.1")).expect("a page");
    assert_eq!(whole, said(&["man"]));
    let commands = commands();
    for command in &commands {
        assert!(whole.contains(&format!("edgeroute\\-{}", command.replace('-', "\\-"))), "{command} in {whole}");
        let page = fs::read_to_string(path.join(format!("edgeroute-{command}.1"))).expect("a page");
        assert_eq!(page, said(&["man", command]));
        assert!(page.contains("\n.SH EXAMPLES\n.nf\n"), "{page}");
        // A line that begins with a dot is a request; only these are intended.
        let requests = [".ie", ".el", ".TH", ".SH", ".PP", ".TP", ".RS", ".RE", ".br", ".IP", ".nf", ".fi"];
        for line in page.lines().filter(|line| line.starts_with('.')) {
            assert!(requests.iter().any(|request| line.starts_with(request)), "{line}");
        }
    }
    assert_eq!(fs::read_dir(&path).expect("a directory").count(), commands.len() + 1);
    assert_eq!(edgeroute(&["man", "nothing"]).status.code(), Some(2));
}

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = said(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not know {command}");
        }
        assert!(script.contains("--skip-bad-routes") || script.contains("skip-bad-routes"), "{shell}");
    }
}

#[test]
fn bash_takes_its_completions() {
    let Ok(mut bash) = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn() else {
        return;
    };
    bash.stdin.take().expect("a pipe").write_all(said(&["completions", "bash"]).as_bytes()).expect("written");
    assert!(bash.wait().expect("bash").success());
}

#[test]
fn names_of_lints_codes_and_functions_are_completed_but_not_in_the_help() {
    for shell in ["bash", "zsh"] {
        let script = said(&["completions", shell]);
        let lints = lint::all().flat_map(|lint| [lint.name(), lint.code().as_str()]);
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let functions = Function::ALL.iter().map(|function| function.name());
        for name in lints.chain(codes).chain(functions).chain(["topology", "warnings"]) {
            assert!(script.contains(name), "{shell} does not know {name}");
        }
    }
    for command in ["lint", "explain-code", "functions"] {
        let help = said(&[command, "--help"]);
        assert!(!help.contains("possible values: glued") && !help.contains("glued-operator:"), "{help}");
        assert!(help.lines().count() < 150, "{help}");
    }
}

/// The completions that bash offers for the last word.
#[cfg(unix)]
fn completed(words: &[&str]) -> Vec<String> {
    let script = said(&["completions", "bash"]);
    let last = words.len() - 1;
    let run = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}; _edgeroute edgeroute '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words[last],
        words[last - 1],
    );
    let output = Command::new("bash").arg("-c").arg(run).output().expect("bash");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn bash_completes_names_where_they_are_arguments() {
    assert_eq!(completed(&["edgeroute", "lint", "--allow", "never-t"]), ["never-true"]);
    assert_eq!(completed(&["edgeroute", "explain-code", "E010"]).first().map(String::as_str), Some("E0101"));
    assert_eq!(completed(&["edgeroute", "functions", "subs"]), ["substring"]);
}

#[test]
fn schemas_are_printed_and_are_schemas() {
    for (kind, title) in [("manifest", "deployment manifest"), ("messages", "message"), ("cases", "ases")] {
        let schema: Value = serde_json::from_str(&said(&["schema", kind])).expect("JSON");
        assert!(jsonschema::meta::is_valid(&schema), "{kind}");
        assert!(schema["title"].as_str().is_some_and(|found| found.contains(title)), "{kind}: {}", schema["title"]);
    }
}

/// The output of a command that must exit with code 2, and its errors.
fn refused(arguments: &[&str]) -> (String, String) {
    let output = edgeroute(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    let [out, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    (out, errors)
}

#[test]
fn explain_code_prints_the_page_of_a_code_and_lists_them_all() {
    let page = said(&["explain-code", "e0201"]);
    assert!(page.starts_with("error[E0201]: operands of types that the operator does not accept\n\n"), "{page}");
    assert!(page.contains("\n    FROM /messages/* WHERE temperature > 80 INTO $upstream\n"), "{page}");
    assert!(!page.contains("```"), "{page}");
    let list = said(&["explain-code"]);
    assert!(Code::ALL.iter().all(|code| list.contains(&format!("  {code}  {}\n", code.title()))), "{list}");
}

#[test]
fn explain_code_takes_the_name_of_a_lint() {
    for lint in lint::all() {
        let of_code = said(&["explain-code", lint.code().as_str()]);
        assert_eq!(said(&["explain-code", &lint.name().to_uppercase()]), of_code);
    }
}

#[test]
fn explain_code_suggests_the_nearest_code_or_lint() {
    let (out, errors) = refused(&["explain-code", "E9\u{1b}", "E0101", "W201", "never-treu"]);
    assert_eq!(
        errors,
        "unknown code `E9\u{241b}`; run `edgeroute explain-code` to list all\n\
         unknown code `W201`, did you mean `W0201`?\n\
         unknown code `never-treu`, did you mean `never-true`?\n"
    );
    assert!(out.starts_with("error[E0101]"), "{out}");
}

#[test]
fn functions_prints_the_page_of_a_function_and_lists_them_all() {
    let pages = said(&["functions", "SUBSTRING", "length"]);
    assert!(pages.starts_with("substring(string, start)\nsubstring(string, start, count)\n\n"), "{pages}");
    assert!(pages.contains("\n\nlength(string)\n\n"), "{pages}");
    for part in ["Arguments:  string: string\n", "\nNull:  ", "\nUndefined:  ", "\nExample:    length('abc') = 3\n"] {
        assert!(pages.contains(part), "{part} in {pages}");
    }
    let list = said(&["functions"]);
    assert!(list.contains("\nsubstring(string, start[, count])  string  Returns "), "{list}");
    assert_eq!(list.lines().count(), Function::ALL.len());
}

#[test]
fn functions_suggests_the_nearest_function() {
    let (out, errors) = refused(&["functions", "lenght", "abs", "frobnicate"]);
    assert!(out.starts_with("abs(") && out.ends_with('\n') && !out.contains("\n\n\n"), "{out}");
    assert_eq!(
        errors,
        "unknown function `lenght`, did you mean `length`?\n\
         unknown function `frobnicate`; run `edgeroute functions` to list all\n"
    );
}
