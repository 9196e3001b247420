use super::*;
use crate::diff::{Comparer, Declared, Setting};
use crate::render::diff_json;

const OLD: [(&str, &str); 6] = [
    ("gone", "FROM /messages/* WHERE kind = 'debug' INTO BrokeredEndpoint(\"/modules/log/inputs/in\")"),
    ("hot", "FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream"),
    ("plain", "from /messages/modules/a/* into BrokeredEndpoint(\"/modules/a/inputs/in\")"),
    ("before", "FROM /messages/modules/b/* INTO BrokeredEndpoint(\"/modules/b/inputs/in\")"),
    ("words", "FROM /messages/* WHERE not (level != 'a') INTO BrokeredEndpoint(\"/modules/c/inputs/in\")"),
    ("last", "FROM /twinChangeNotifications INTO $upstream"),
];

fn compared() -> Diff {
    let old = Declared::new(OLD).with_setting(Setting::TimeToLive, "7200");
    let new = Declared::new([
        Route::new("last", OLD[5].1),
        Route::new("hot", "FROM /messages/* WHERE as_number(temperature) > 90 INTO $upstream"),
        Route::new("plain", "FROM /messages/modules/a/* INTO BrokeredEndpoint(\"/modules/a/inputs/in\")"),
        Route::new("after", OLD[3].1),
        Route::new("words", "FROM /messages/* WHERE level = 'a' INTO BrokeredEndpoint(\"/modules/c/inputs/in\")"),
        Route::new("fast", "FROM /messages/* WHERE alarm = 'on' INTO $upstream")
            .with_priority(Priority::HIGHEST)
            .with_time_to_live(TimeToLive::from_secs(60)),
    ])
    .with_setting(Setting::TimeToLive, "3600");
    Comparer::new().compare(&old, &new)
}

#[test]
fn a_comparison_is_read_at_a_glance() {
    assert_eq!(
        diff_text(&compared(), Color::Never),
        r#"~ storeAndForwardConfiguration.timeToLiveSecs: 7200 -> 3600

~ route `last` moved from position 6 to 1

~ route `hot`
    - FROM /messages/* WHERE as_number(temperature) > 80 INTO $upstream
    + FROM /messages/* WHERE as_number(temperature) > 90 INTO $upstream
                                                      ^
    no longer delivered to $upstream, for example:
      {"origin":{"device":"edge-1"},"properties":{"temperature":"81"}}
      old: $upstream by `hot`
      new: nowhere

~ route `plain`, only its layout
    - from /messages/modules/a/* into BrokeredEndpoint("/modules/a/inputs/in")
    + FROM /messages/modules/a/* INTO BrokeredEndpoint("/modules/a/inputs/in")
    delivers the same messages

~ route `after`, before `before`
    FROM /messages/modules/b/* INTO BrokeredEndpoint("/modules/b/inputs/in")
    delivers the same messages

~ route `words`
    - FROM /messages/* WHERE not (level != 'a') INTO BrokeredEndpoint("/modules/c/inputs/in")
    + FROM /messages/* WHERE level = 'a' INTO BrokeredEndpoint("/modules/c/inputs/in")
                             ^^^^^^^^^^^
    delivers the same messages

+ route `fast`
    FROM /messages/* WHERE alarm = 'on' INTO $upstream
    priority 0, time to live 60 s
    newly delivered to $upstream, for example:
      {"origin":{"device":"edge-1"},"properties":{"alarm":"on"}}
      old: nowhere
      new: $upstream by `fast` (priority 0, kept 60 s)

- route `gone`
    FROM /messages/* WHERE kind = 'debug' INTO BrokeredEndpoint("/modules/log/inputs/in")
    no longer delivered to /modules/log/inputs/in, for example:
      {"origin":{"device":"edge-1"},"properties":{"kind":"debug"}}
      old: /modules/log/inputs/in by `gone`
      new: nowhere

1 route added, 1 removed, 1 renamed, 2 changed, 1 only reformatted, 1 moved
some messages are delivered differently
"#
    );
}

#[test]
fn colours_mark_what_was_added_and_removed() {
    let text = diff_text(&compared(), Color::Ansi);
    assert!(text.contains("\u{1b}[32m+\u{1b}[0m route"), "{text}");
    assert!(text.contains("\u{1b}[31m- FROM"), "{text}");
}

#[test]
fn untrusted_text_is_printed_safely() {
    let old = Declared::new([("a\u{1b}[31m", "FROM /messages/* WHERE a = '\u{202E}x'\nINTO $upstream")]);
    let text = diff_text(&Comparer::new().compare(&old, &Declared::default()), Color::Never);
    assert!(text.chars().all(|character| character == '\n' || is_shown(character)), "{text:?}");
}

#[test]
fn equal_sets_take_two_lines() {
    let set = Declared::new(OLD);
    assert_eq!(
        diff_text(&Comparer::new().compare(&set, &set), Color::Never),
        "6 routes unchanged\nall messages are delivered the same\n"
    );
}

#[test]
fn the_json_has_what_the_documentation_shows() {
    let page = edgeroute_testkit::read("docs/output.md");
    let (_, rest) = page.split_once("this document, written on one line:\n\n```json\n").unwrap();
    let (_, rest) = rest.split_once("the same comparison is this document, written on one line:\n\n```json\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let set = |limit: u32| {
        let hot = format!("FROM /messages/* WHERE as_number(temperature) > {limit} INTO $upstream");
        Declared::new([("hot", hot.as_str()), ("alerts", "FROM /messages/* WHERE level = 'alert' INTO $upstream")])
    };
    let diff = Comparer::new().compare(&set(80), &set(90));
    let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
    assert_eq!(value(&diff_json(&diff)), value(shown));
    assert!(page.contains(&format!("```text\n{}```\n", diff_text(&diff, Color::Never))));
}
