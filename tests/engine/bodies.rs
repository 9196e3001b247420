//! Tests how tables read bodies: bodies similar to earlier ones, and twin changes.

#[cfg(test)]
mod tests {
    use edgeroute::RouteTable;
    use edgeroute_lang::message::{Message, Origin};

    const SYSTEM: [(&str, &str); 2] = [("contentType", "application/json"), ("contentEncoding", "utf-8")];

    /// Names are compared with the previous name at the same place in words of eight bytes, and the differences of the
    /// words are combined. The differences of two words must not cancel out.
    #[test]
    fn names_that_differ_alike_in_several_words_are_other_names() {
        let name = "a".repeat(19);
        let route = format!("FROM /* WHERE $body.{name} = 1 INTO $upstream");
        let table = RouteTable::builder().route("r", route).build().expect("a good route");
        let mut scratch = table.create_scratch();
        let mut takes = |name: &str| {
            let body = format!("{{\"p\":0,\"q\":0,\"{name}\":1}}");
            let message = Message::new(Origin::device("d")).system_properties(&SYSTEM).body(body.as_bytes());
            table.route_with(&mut scratch, &message).count() > 0
        };
        for first in 0..name.len() {
            for second in first..name.len() {
                for _ in 0..3 {
                    assert!(takes(&name));
                }
                let mut other = name.clone();
                other.replace_range(first..=first, "b");
                other.replace_range(second..=second, "b");
                assert!(!takes(&other), "{other}");
            }
        }
    }

    #[test]
    fn a_table_knows_which_paths_a_twin_change_touches() {
        let asked = |condition| format!("FROM /twinChangeNotifications WHERE {condition} INTO $upstream");
        for (condition, taken) in [
            ("twin_change_includes(tags.s)", [true, true, false, false]),
            ("not twin_change_includes(tags.s)", [false, false, true, false]),
        ] {
            let table = RouteTable::builder().route("r", asked(condition)).build().expect("a good route");
            let bodies = ["{\"tags\":{\"s\":1}}", "{\"tags\":{\"s\":{}}}", "{\"tags\":{\"t\":1}}", "{\"tags\":"];
            let found = bodies.map(|body| {
                let message = Message::new(Origin::twin_change("d")).system_properties(&SYSTEM).body(body.as_bytes());
                !table.route(&message).is_empty()
            });
            assert_eq!(found, taken, "{condition}");
        }
    }
}
