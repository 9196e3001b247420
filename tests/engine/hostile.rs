//! Tests deep, long and odd texts: nothing may panic, overflow the stack or take more than linear time.
//!
//! No clock is read. The sizes are such that anything quadratic would take minutes instead of seconds.

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use edgeroute::{Delivery, RouteTable};
    use edgeroute_lang::diagnostic::{Code, MAX_ERRORS};
    use edgeroute_lang::hir::{CheckOptions, check, fold};
    use edgeroute_lang::interpret::{Body, ResolvedMessage, Verdict, verdict};
    use edgeroute_lang::limits::{Budgets, Limits};
    use edgeroute_lang::manifest::Manifest;
    use edgeroute_lang::message::{Message, Origin};
    use edgeroute_lang::syntax::{
        Lexer, canonical_condition, canonical_route, parse_condition, parse_route, print_condition, print_route,
    };

    const MEGABYTE: usize = 1 << 20;

    fn unlimited() -> Limits {
        Limits::default().with_nesting(usize::MAX).with_route_bytes(usize::MAX)
    }

    fn codes(condition: &str) -> Vec<Code> {
        parse_condition(condition, &Limits::default()).errors.iter().map(|error| error.code).collect()
    }

    /// Runs a text through every operation on conditions and routes, without the limits that would reject it early.
    /// Returns the verdict on an empty message if the text is a condition.
    fn go_through(condition: &str) -> Option<Verdict> {
        let limits = unlimited();
        let route = format!("FROM /* WHERE {condition} INTO $upstream");
        let parsed = parse_route(&route, &limits);
        if parsed.errors.is_empty() {
            let printed = print_route(&parsed.tree);
            assert!(parse_route(&printed, &limits).tree.eq_ignoring_spans(&parsed.tree));
            assert!(canonical_route(&parsed.tree).len() <= printed.len());
        }
        let parsed = parse_condition(condition, &limits);
        if !parsed.errors.is_empty() {
            assert!(parsed.errors.len() <= MAX_ERRORS + 1);
            return None;
        }
        let printed = print_condition(&parsed.tree);
        assert!(parse_condition(&printed, &limits).tree.eq_ignoring_spans(&parsed.tree));
        assert!(canonical_condition(&parsed.tree).len() <= printed.len());
        let typed = check(&parsed.tree, &CheckOptions::default()).ok()?;
        let facts = ResolvedMessage::new(&Message::new(Origin::device("d")), &limits).unwrap();
        let found = verdict(&typed, &facts);
        assert_eq!(verdict(&fold(&typed), &facts), found);
        Some(found)
    }

    /// Repeats `open` before `inner` and `close` after it, `depth` times each.
    fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
        [open.repeat(depth).as_str(), inner, &close.repeat(depth)].concat()
    }

    #[test]
    fn every_kind_of_nesting_is_refused_over_the_limit() {
        let limit = Limits::default().nesting;
        assert_eq!(codes(&nested("(", "a", ")", limit)), []);
        for text in [
            nested("(", "true", ")", limit + 1),
            nested("(", "true", ")", 100_000),
            nested("not ", "true", "", 100_000),
            nested("- ", "5", "", 100_000),
            nested("lower(", "a", ")", 100_000),
            nested("not (true and ", "false", ")", 50_000),
        ] {
            assert_eq!(codes(&text), [Code::NestingTooDeep]);
            let route = format!("FROM /* WHERE {text} INTO $upstream");
            let errors = parse_route(&route, &Limits::default()).errors;
            assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [Code::NestingTooDeep]);
        }
    }

    #[test]
    fn nesting_without_a_limit_needs_no_stack() {
        let depth = 100_000;
        assert_eq!(go_through(&nested("(", "true", ")", depth)), Some(Verdict::True));
        assert_eq!(go_through(&nested("not ", "true", "", depth)), Some(Verdict::True));
        assert_eq!(go_through(&nested("not (", "true", ")", depth + 1)), Some(Verdict::False));
        assert_eq!(go_through(&nested("abs(", "- 5", ")", depth)), Some(Verdict::Undefined));
        assert_eq!(go_through(&nested("- ", "5", "", depth)), Some(Verdict::Undefined));
        assert_eq!(go_through(&nested("true and (", "false", ")", depth)), Some(Verdict::False));
        assert_eq!(go_through(&nested("is_defined(concat(a, ", "a", "))", depth)), None);
    }

    #[test]
    fn broken_nesting_is_reported_once_or_a_hundred_times() {
        for text in [
            "(".repeat(100_000),
            ")".repeat(100_000),
            nested("(", "", ")", 100_000),
            nested("f(", "a", "", 100_000),
            nested("((", "a", ")", 100_000),
            nested("(", "a", "))", 100_000),
            nested("(f(", "a", ")", 100_000),
            nested("{", "$a", "}", 100_000),
            "(a))".repeat(100_000),
            "((a)) = b)".repeat(50_000),
            "f((a)), b) and ".repeat(50_000),
            "a = = ".repeat(50_000),
            "f(,".repeat(50_000),
            "a @ ".repeat(100_000),
        ] {
            let parsed = parse_condition(&text, &unlimited());
            assert!((1..=MAX_ERRORS + 1).contains(&parsed.errors.len()), "{} errors", parsed.errors.len());
            assert_eq!(go_through(&text), None);
        }
    }

    #[test]
    fn long_conditions_are_as_good_as_short_ones() {
        let terms = 100_000;
        assert_eq!(go_through(&vec!["true"; terms].join(" and ")), Some(Verdict::True));
        assert_eq!(go_through(&vec!["a = 'b'"; terms].join(" or ")), Some(Verdict::Undefined));
        assert_eq!(go_through(&vec!["undefined"; terms].join(" ?? ")), Some(Verdict::Undefined));
        assert_eq!(go_through(&format!("0 < {}", vec!["1"; terms].join(" + "))), Some(Verdict::True));
        assert_eq!(go_through(&format!("is_defined({})", vec!["'a'"; 1_000].join(" || "))), Some(Verdict::True));
        let many = format!("length(concat({})) > 0", vec!["'a'"; terms].join(", "));
        assert_eq!(go_through(&many), Some(Verdict::True));
    }

    #[test]
    fn tokens_of_a_megabyte_are_tokens() {
        for text in [
            format!("a = '{}'", "x".repeat(MEGABYTE)),
            format!("a = '{}'", r"\u0041".repeat(MEGABYTE / 6)),
            format!("a = '{}'", r"\\".repeat(MEGABYTE / 2)),
            format!("{} = 'a'", "x".repeat(MEGABYTE)),
            format!("${} = 'a'", "x".repeat(MEGABYTE)),
            format!("$body{} = 'a'", ".x".repeat(MEGABYTE / 2)),
            format!("/*{}*/ a = 'b'", "* /".repeat(MEGABYTE / 3)),
            format!("{} a = 'b'", " \n".repeat(MEGABYTE / 2)),
            format!("{} a = 'b'", "/**/".repeat(MEGABYTE / 4)),
        ] {
            assert!(go_through(&text).is_some(), "{}", &text[..20]);
        }
        for number in
            ["9".repeat(MEGABYTE), format!("0.{}", "1".repeat(MEGABYTE)), "0x".to_owned() + &"f".repeat(MEGABYTE)]
        {
            assert!(go_through(&format!("is_defined({number})")).is_some(), "{}", &number[..5]);
        }
    }

    #[test]
    fn a_text_over_the_limit_is_not_looked_at() {
        let limit = Limits::default().route_bytes;
        let of_length = |length: usize| format!("a = '{}'", "x".repeat(length - "a = ''".len()));
        assert_eq!(codes(&of_length(limit)), []);
        assert_eq!(codes(&of_length(limit + 1)), [Code::RouteTooLong]);
    }

    #[test]
    fn floods_of_what_opens_and_never_closes_are_linear() {
        for count in [50_000, 100_000] {
            for piece in
                ["/*", "/* ", "/", "*/", "/*/", "'", "\"", "'\"", "\" ", "'\\", "\\", "\"\\", "{", "[", "$", "!", "?"]
            {
                let text = piece.repeat(count);
                assert_eq!(Lexer::new(&text).last().map(|token| token.span.range().end), Some(text.len()), "{piece}");
                let parsed = parse_condition(&text, &unlimited());
                assert!(parsed.errors.len() <= MAX_ERRORS + 1, "{piece}");
                let parsed = parse_route(&text, &unlimited());
                assert!((1..=MAX_ERRORS + 1).contains(&parsed.errors.len()), "{piece}");
            }
        }
    }

    #[test]
    fn paths_of_a_hundred_thousand_items_are_paths() {
        for item in ["/ *", "/a", "/ a", "/ **"] {
            let text = format!("FROM {} INTO $upstream", item.repeat(100_000));
            let parsed = parse_route(&text, &unlimited());
            assert_eq!(parsed.errors, [], "{item}");
            assert_eq!(parsed.tree.source.unwrap().path.len(), item.replace(' ', "").len() * 100_000);
        }
        // Each `/*/` opens a comment and does not close it; the next one does.
        for item in ["/*/", "/*/*", "/**", "/* /"] {
            let text = format!("FROM {} INTO $upstream", item.repeat(100_000));
            assert!(!parse_route(&text, &unlimited()).errors.is_empty(), "{item}");
        }
    }

    #[test]
    fn odd_characters_are_characters() {
        let odd = "\0 a\u{0}b \u{b} \u{85} \u{a0} \u{2028} \u{feff} \u{fffd} \u{202e} \u{10ffff}";
        for text in [odd.to_owned(), odd.repeat(10_000), format!("'{odd}' = a"), format!("a = \"{odd}\"")] {
            go_through(&text);
            let _ = parse_route(&text, &Limits::default());
        }
        assert_eq!(go_through("'\0' = \"\\u0000\""), Some(Verdict::True));
        assert_eq!(go_through(r"length('\uD800') = 1 and length('\uDC00\uD800') = 2"), Some(Verdict::True));
        assert_eq!(go_through(r"'\uD83D\uDE00' = '😀'"), Some(Verdict::True));
        assert_eq!(go_through(r"'\uD83D' || '\uDE00' = '😀'"), Some(Verdict::True));
        assert_eq!(go_through(r"upper(lower('\uDEAD')) = '\uDEAD'"), Some(Verdict::True));
        assert_eq!(go_through(&format!("length('{}') = 100000", r"\uD800".repeat(100_000))), Some(Verdict::True));
    }

    #[test]
    fn hostile_bodies_are_unreadable_or_read() {
        let limits = Limits::default();
        let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
        let readable = |body: &[u8]| {
            let message = Message::new(Origin::device("d")).system_properties(&system).body(body);
            let facts = ResolvedMessage::new(&message, &limits).unwrap();
            matches!(facts.body(), Body::Readable(_))
        };
        assert!(readable(nested("{\"a\":", "1", "}", 64).as_bytes()));
        assert!(!readable(nested("{\"a\":", "1", "}", 65).as_bytes()));
        assert!(!readable(nested("{\"a\":", "1", "}", 100_000).as_bytes()));
        assert!(!readable(format!("{{\"a\":{}", "[".repeat(100_000)).as_bytes()));
        assert!(readable(format!("{{\"a\":[{}1]}}", "1,".repeat(300_000)).as_bytes()));
        assert!(readable(format!("{{{}\"z\":1}}", "\"a\":1,".repeat(100_000)).as_bytes()));
        assert!(readable(b"{\"a\": \"\xff\xfe\xc0\xaf\"}"));
        assert!(!readable(b"{\"a\": \"\0\"}"));
        assert!(!readable(b""));
    }

    #[test]
    fn messages_with_ten_thousand_properties_have_them_all() {
        let limits = Limits::default();
        let properties: Vec<(String, String)> = (0..10_000).map(|n| (format!("p{n}"), n.to_string())).collect();
        let message = Message::new(Origin::device("d")).properties(&properties);
        let facts = ResolvedMessage::new(&message, &limits).unwrap();
        let parsed = parse_condition("p9999 = '9999' and not is_defined(p10000)", &limits);
        assert_eq!(verdict(&check(&parsed.tree, &CheckOptions::default()).unwrap(), &facts), Verdict::True);
        let map: HashMap<&str, &str> = properties.iter().map(|(name, value)| (&**name, &**value)).collect();
        for budgets in [Budgets::default(), Budgets::default().with_terms(0).with_list(0)] {
            let table = RouteTable::builder()
                .budgets(budgets)
                .route("last", "FROM /* WHERE P9999 = '9999' INTO $upstream")
                .route("late", "FROM /* WHERE not is_defined(p10000) INTO BrokeredEndpoint('/modules/a/inputs/i')")
                .route("none", "FROM /* WHERE p9998 = '9999' INTO BrokeredEndpoint('/modules/b/inputs/i')")
                .build()
                .unwrap();
            let names =
                |deliveries: Vec<Delivery<'_>>| deliveries.iter().map(|d| d.route().to_owned()).collect::<Vec<_>>();
            assert_eq!(names(table.route(&message)), ["last", "late"]);
            assert_eq!(names(table.route(&Message::new(Origin::device("d")).properties(&map))), ["last", "late"]);
        }
    }

    #[test]
    fn a_manifest_of_a_hundred_thousand_routes_is_read() {
        let good: Vec<String> =
            (0..100_000).map(|n| format!("\"r{n}\": \"FROM /messages/* WHERE a = '{n}' INTO $upstream\"")).collect();
        let manifest = |routes: &[String]| {
            let routes = routes.join(",\n");
            format!(r#"{{"schemaVersion": "1.1", "storeAndForwardConfiguration": {{}}, "routes": {{{routes}}}}}"#)
        };
        assert_eq!(Manifest::from_json(&manifest(&good)).unwrap().routes().len(), 100_000);
        let of_one_name = vec!["\"r\": 5".to_owned(); 100_000];
        assert!(!Manifest::from_json(&manifest(&of_one_name)).unwrap_err().problems().is_empty());
        let bad: Vec<String> = (0..100_000).map(|n| format!("\"r{n}\": \"FROM\"")).collect();
        assert_eq!(Manifest::from_json(&manifest(&bad)).unwrap().routes().len(), 100_000);
    }

    #[test]
    fn manifests_that_are_nested_or_broken_are_refused() {
        for text in ["[".repeat(100_000), nested("{\"a\":", "1", "}", 100_000), "\"".repeat(100_000), "\0".to_owned()] {
            assert!(Manifest::from_json(&text).is_err());
        }
    }
}
