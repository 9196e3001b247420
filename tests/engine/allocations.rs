//! Checks that matching never allocates, whatever the routes and the message.
//!
//! The global allocator counts allocations for each thread (`allocation-counter`), so other tests may run at the same
//! time. The hostile messages would reveal memory that grows with a message: a scratch must have all its memory when it
//! is created.

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;
    use std::collections::HashMap;
    use std::rc::Rc;
    use std::sync::Arc;

    use allocation_counter::{AllocationInfo, measure};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use edgeroute::{DynProperties, RouteTable};
    use edgeroute_lang::builtin::{Function, Parameter, Returns};
    use edgeroute_lang::limits::Budgets;
    use edgeroute_lang::message::{Message, Origin, Properties};
    use serde_json::Value;

    type Pairs = Vec<(String, Option<String>)>;

    /// A message of the vectors or a hostile one.
    struct Parts {
        name: String,
        properties: Pairs,
        system_properties: Pairs,
        body: Vec<u8>,
    }

    impl Parts {
        fn new(name: &str, properties: Pairs, content_encoding: &str, body: impl Into<Vec<u8>>) -> Self {
            let system_properties =
                pairs(&[("contentType", "application/json"), ("contentEncoding", content_encoding)]);
            Self { name: name.to_owned(), properties, system_properties, body: body.into() }
        }

        fn of_row(row: &Value) -> Self {
            let pairs = |key: &str| {
                let object = row.get(key).and_then(Value::as_object).into_iter().flatten();
                object.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect()
            };
            let body = match (row.get("body").and_then(Value::as_str), row.get("bodyBase64").and_then(Value::as_str)) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (None, Some(encoded)) => STANDARD.decode(encoded).expect("base64"),
                (None, None) => Vec::new(),
            };
            let (properties, system_properties) = (pairs("properties"), pairs("systemProperties"));
            Self { name: row.to_string(), properties, system_properties, body }
        }

        /// The message from several senders, so that every source is matched; a large one from the first of them only.
        fn messages(&self) -> Vec<Message<'_, Pairs, Pairs>> {
            let is_large = self.body.len() > 10_000
                || self.properties.iter().any(|(_, value)| value.as_ref().is_some_and(|value| value.len() > 10_000));
            let stamped = Origin::from_system_properties(&self.system_properties).unwrap_or(Origin::device("device"));
            [
                stamped,
                Origin::device("device"),
                Origin::module("device", "filter").output("alert"),
                Origin::module("device", "a/b/c ").output("o/ "),
                Origin::twin_change("device"),
                Origin::device("device").with_source(" /messages/modules/x/ "),
            ]
            .map(|origin| {
                Message::new(origin)
                    .properties(&self.properties)
                    .system_properties(&self.system_properties)
                    .body(&self.body)
            })
            .into_iter()
            .take(if is_large { 1 } else { 6 })
            .collect()
        }
    }

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect()
    }

    fn rows(file: &str) -> Vec<Value> {
        let path = edgeroute_testkit::repository().join("tests/conformance").join(file);
        let text = std::fs::read_to_string(path).expect("a file of vectors");
        text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
    }

    /// Every route and every condition of the vectors, except those that do not compile.
    fn vector_routes() -> Vec<String> {
        let mut routes = Vec::new();
        for file in ["conditions.jsonl", "targeted.jsonl", "reference_suite.jsonl", "routes.jsonl", "routesets.jsonl"] {
            for row in rows(file) {
                let text = |key: &str| row.get(key).and_then(Value::as_str);
                if let (Some(condition), Some(source)) = (text("condition"), text("source")) {
                    let input = routes.len() % 97;
                    let sink = format!("BrokeredEndpoint(\"/modules/m/inputs/{input}\")");
                    routes.push(format!("FROM {source} WHERE {condition} INTO {sink}"));
                }
                routes.extend(text("route").map(str::to_owned));
                let set = row.get("routes").and_then(Value::as_array).into_iter().flatten();
                routes.extend(set.filter_map(|route| route.get("route")?.as_str()).map(str::to_owned));
            }
        }
        routes
    }

    /// Every message of the vectors.
    fn vector_messages() -> Vec<Parts> {
        let inline = rows("targeted.jsonl").into_iter().flat_map(|row| {
            let messages = row.get("messages").and_then(Value::as_array).cloned();
            messages.unwrap_or_default()
        });
        let mut all: Vec<Parts> =
            rows("messages.jsonl").into_iter().chain(inline).map(|row| Parts::of_row(&row)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.dedup_by(|a, b| a.name == b.name);
        all
    }

    fn table(routes: &[impl AsRef<str>], budgets: Budgets) -> RouteTable {
        let mut builder = RouteTable::builder().budgets(budgets);
        for (number, route) in routes.iter().enumerate() {
            builder = builder.route(format!("r{number}"), route.as_ref());
        }
        builder = builder.fallback(("fallback", "FROM /messages/* WHERE length(level || level) >= 0 INTO $upstream"));
        builder.build_partial().expect("bad routes are skipped").table
    }

    /// Routes each of the messages with one scratch, and returns the number of deliveries.
    fn assert_allocates_nothing(table: &RouteTable, messages: &[impl Borrow<Parts>]) -> usize {
        let mut scratch = table.create_scratch();
        let mut deliveries = 0;
        for parts in messages {
            let parts = parts.borrow();
            for message in parts.messages() {
                let mut found = 0;
                let routing = measure(|| {
                    found = table.route_with(&mut scratch, &message).filter(|one| !one.route().is_empty()).count();
                });
                let asking = measure(|| assert_eq!(table.is_match_with(&mut scratch, &message), found > 0));
                let name: String = parts.name.chars().take(2_000).collect();
                for info in [routing, asking] {
                    assert_eq!((info.count_total, info.bytes_total), (0, 0), "{name} from {:?}", message.origin());
                }
                deliveries += found;
            }
        }
        deliveries
    }

    /// Allocates whenever its properties are read.
    struct Wasteful(Pairs);
    impl Properties for Wasteful {
        fn visit<'m>(&'m self, visit: impl FnMut(&'m str, Option<&'m str>)) {
            drop(self.0.clone());
            self.0.visit(visit);
        }
    }

    /// The control: an allocation is counted in the very calls that the other tests check.
    #[test]
    fn the_counter_counts() {
        let count = |info: AllocationInfo| (info.count_total, info.bytes_total);
        assert_eq!(count(measure(|| drop(std::hint::black_box(Box::new(1_u64))))), (1, 8));
        assert_eq!(count(measure(|| ())), (0, 0));
        let table = table(&["FROM /* WHERE a = 'b' INTO $upstream"], Budgets::default());
        let properties = [("a", "b")];
        let message = Message::new(Origin::device("d")).properties(&properties);
        assert!(measure(|| assert_eq!(table.route(&message).len(), 1)).count_total > 0);

        let properties = Wasteful(pairs(&[("a", "b")]));
        let message = Message::new(Origin::device("d")).properties(&properties);
        let mut scratch = table.create_scratch();
        assert!(measure(|| assert!(table.is_match_with(&mut scratch, &message))).count_total > 0);
    }

    #[test]
    fn the_vectors_are_routed_without_allocating() {
        let (routes, messages) = (vector_routes(), vector_messages());
        assert!(routes.len() > 10_000 && messages.len() > 400, "{} routes, {} messages", routes.len(), messages.len());
        // Every message on every route takes too long, so each table has a part of the routes.
        let mut compiled = 0;
        let mut deliveries = 0;
        for (part, routes) in routes.chunks(1_500).enumerate() {
            let budgets = if part % 3 == 2 { Budgets::none() } else { Budgets::default() };
            let table = table(routes, budgets);
            compiled += table.len();
            let messages: Vec<Parts> = vector_messages().into_iter().skip(part % 4).step_by(4).collect();
            deliveries += assert_allocates_nothing(&table, &messages);
        }
        assert!(compiled > 6_000 && deliveries > 50_000, "{compiled} routes, {deliveries} deliveries");
    }

    #[test]
    fn small_tables_route_the_vectors_without_allocating() {
        let (routes, messages) = (vector_routes(), vector_messages());
        let mut terms = 0;
        let mut deliveries = 0;
        for (part, routes) in routes.chunks(30).enumerate() {
            let table = table(routes, Budgets::default());
            terms += table.stats().terms;
            let messages: Vec<&Parts> = messages.iter().skip(part % 16).step_by(16).collect();
            deliveries += assert_allocates_nothing(&table, &messages);
        }
        assert!(terms > 5_000 && deliveries > 10_000, "{terms} terms, {deliveries} deliveries");
    }

    /// Routes that read the properties of the hostile messages, with every kind of test and with expressions.
    fn reading_routes() -> Vec<String> {
        let conditions = [
            "p1 = 'x'",
            "p2 = 'x' and p3 != 'y'",
            "starts_with(long, 'aaaa') and ends_with(long, 'b')",
            "contains(long, 'aab')",
            "as_number(p4) > 3 and as_number(p4) < 5",
            "as_number(long) > 3",
            "is_defined(P5) or is_null(p6)",
            "$dup = 'x'",
            "$connectionDeviceId = 'device'",
            "é = 'x'",
            "$body.a = 1",
            "$body.a.a.a.a.a = 1",
            "$body.k7 = 'x' or {$body.k8} != 5",
            "$body.long = 'x'",
            "$body.escaped = 'x'",
            "$body.list[9999] = 1",
            "as_number($body.long) > 1",
            "is_defined($body.long) and is_null($body.none)",
            "starts_with($body.escaped, 'x') or contains($body.escaped, 'yx')",
            "length($body.escaped || $body.long || long) > 5",
            "upper(long) = lower(long)",
            "upper(lower(upper(lower(concat(long, p1, long))))) > 'X'",
            "substring(concat(long, 'x', long), length(long), 1) = 'x'",
            "index_of(concat(long, p1), 'bx') >= 0",
            "contains(upper(long), substring(upper(long), 5, 70000))",
            "as_number(substring(p4, 0)) + abs(as_number(p4)) * 2 % 7 > sqrt(power(2, as_number(p4)))",
            "(p1 ?? p2 ?? $body.a) = $body.long",
            "concat(p1, p2, p3, $body.escaped, é) != ''",
            "not ($body.t and $body.a or $body.long = long)",
            r"contains(emoji, '\uD83D')",
            r"contains(emoji || '\uD83D', '\uDE00\uD83D')",
        ];
        // Enough similar routes to be split by lookups.
        let many = (0..200).map(|n| format!("p{n} = 'v{n}' and starts_with(p{}, 'v') and $body.k{n} = {n}", n + 1));
        let nested = (0..8).fold("long".to_owned(), |inner, n| {
            if n % 2 == 0 { format!("upper({inner})") } else { format!("lower({inner})") }
        });
        let all = conditions.map(str::to_owned).into_iter().chain(many).chain([format!("{nested} != 'x'")]);
        all.enumerate()
            .map(|(n, condition)| format!("FROM /* WHERE {condition} INTO BrokeredEndpoint('/modules/m/inputs/{n}')"))
            .collect()
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn utf32(text: &str) -> Vec<u8> {
        text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect()
    }

    fn hostile_messages() -> Vec<Parts> {
        let long = "a".repeat(256 << 10) + "b";
        let some =
            || pairs(&[("p1", "x"), ("P2", "x"), ("p4", " (4.5e0) "), ("long", &long), ("emoji", "x😀"), ("é", "x")]);
        let many = (0..10_000).map(|n| (format!("p{n}"), (n % 7 != 0).then(|| format!("v{n}")))).collect();
        let duplicates = (0..10_000)
            .map(|n| {
                let name = ["dup", "$DUP", "Long", "LONG", "p1", "P1", "É", "é", "$dup", "$body.a"][n % 10];
                (name.to_owned(), Some(n.to_string()))
            })
            .collect();
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let wide: Vec<String> = (0..20_000).map(|n| format!("\"k{}\": {n}", n % 300)).collect();
        let list: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        let escaped: String = (0..20_000).map(|n| if n % 3 == 0 { "\\ud83d" } else { "\\u0078" }).collect();
        let body = format!(
            r#"{{"escaped": "{escaped}", "long": "{long}", "list": [{}], "t": true, {}, "a": {}}}"#,
            list.join(","),
            wide.join(","),
            nested(60)
        );
        let cut: String = body.chars().take(body.len() - 2).collect();
        vec![
            Parts::new("many properties", many, "utf-8", ""),
            Parts::new("duplicates", duplicates, "utf-8", "{}"),
            Parts::new("no properties, no body", Vec::new(), "utf-8", ""),
            Parts::new("deep", some(), "utf-8", nested(64)),
            Parts::new("too deep", some(), "utf-8", nested(10_000)),
            Parts::new("arrays too deep", some(), "utf-8", format!(r#"{{"a":{}"#, "[".repeat(256 << 10))),
            Parts::new("wide", some(), "utf-8", body.clone()),
            Parts::new("cut", some(), "utf-8", cut),
            Parts::new("utf-16", some(), "UTF-16", utf16(&body)),
            Parts::new("utf-32", some(), "Utf-32", utf32(&body)),
            Parts::new("odd utf-16", some(), "utf-16", &utf16(&body)[1..]),
            Parts::new("ill-formed utf-8", some(), "utf-8", [body.as_bytes(), &[0xff; 1000]].concat()),
            Parts::new(
                "ill-formed in a string",
                some(),
                "utf-8",
                b"{\"long\": \"\xff\xed\xa0\x80\", \"escaped\": \"\xe2\x82\"}",
            ),
            Parts::new(
                "long number",
                some(),
                "utf-8",
                format!("{{\"a\": {}.{}e-5}}", "1".repeat(99_999), "2".repeat(99_999)),
            ),
            Parts::new(
                "long text for a number",
                pairs(&[("p4", &"1".repeat(99_999)), ("long", &long)]),
                "utf-8",
                "{\"a\": 1}",
            ),
        ]
    }

    #[test]
    fn hostile_messages_are_routed_without_allocating() {
        for budgets in [Budgets::default(), Budgets::none()] {
            let routes = reading_routes();
            let table = table(&routes, budgets);
            assert_eq!(table.len(), routes.len(), "all compile");
            assert!(assert_allocates_nothing(&table, &hostile_messages()) > 100);
        }
    }

    /// Space for the groups of a source is allocated beforehand, one for each path that leads to it.
    #[test]
    fn sources_that_every_prefix_takes_are_routed_without_allocating() {
        let messages = [Parts::new("one property", pairs(&[("a", "x")]), "utf-8", "")];
        for budgets in [Budgets::default(), Budgets::none()] {
            let paths = ["*", "messages/*", "messages/modules/*", "messages/modules/filter/*"];
            let outputs = ["messages/modules/filter/outputs/*", "messages/modules/filter/outputs/alert"];
            let routes: Vec<String> =
                paths.iter().chain(&outputs).map(|path| format!("FROM /{path} WHERE a = 'x' INTO $upstream")).collect();
            assert!(assert_allocates_nothing(&table(&routes, budgets), &messages) > 2);
        }
    }

    /// Every function, also one that is added later: its example, and nested in itself where its types allow.
    #[test]
    fn every_function_is_evaluated_without_allocating() {
        let messages = [
            Parts::new("strings", pairs(&[("a", "Grüße aus dem Werk"), ("b", "7"), ("c", "3")]), "utf-8", ""),
            Parts::new("nothing", pairs(&[]), "utf-8", ""),
        ];
        let argument = |parameter: &Parameter, nested: &str| match parameter {
            Parameter::Text => nested.to_owned(),
            Parameter::Number => "as_number(b)".to_owned(),
            _ => "$body.x".to_owned(),
        };
        let mut evaluated = 0;
        for function in Function::ALL {
            for overload in function.overloads() {
                let call = |nested: &str| {
                    let arguments: Vec<String> =
                        overload.parameters().iter().map(|parameter| argument(parameter, nested)).collect();
                    format!("{}({})", function.name(), arguments.join(", "))
                };
                let condition = match function.returns() {
                    Returns::Text => format!("{} = {} || 'x'", call(&call("(a || b)")), call("c")),
                    Returns::Number => format!("{} >= as_number(c)", call("(a || b)")),
                    Returns::Bool => format!("{} or a = 'x' || b", call("(a || b)")),
                };
                let route = format!("FROM /messages/* WHERE {condition} INTO $upstream");
                let Ok(table) = RouteTable::builder().route("r", route).build() else { continue };
                evaluated += 1;
                assert_allocates_nothing(&table, &messages);
            }
        }
        assert!(evaluated >= Function::ALL.len() * 3 / 4, "{evaluated} functions were evaluated");
    }

    #[test]
    fn maps_and_misses_are_routed_without_allocating() {
        let table = table(&reading_routes(), Budgets::default());
        let mut scratch = table.create_scratch();
        let properties: HashMap<String, String> = (0..100).map(|n| (format!("p{n}"), format!("v{n}"))).collect();
        let message = Message::new(Origin::module("device", "nobody").output("o")).properties(&properties);
        assert_eq!(measure(|| assert!(table.is_match_with(&mut scratch, &message))).count_total, 0);
        let unread: HashMap<String, String> = (0..100).map(|n| (format!("unread{n}"), String::new())).collect();
        let miss = Message::new(Origin::twin_change("nobody")).properties(&unread);
        assert_eq!(measure(|| assert_eq!(table.route_with(&mut scratch, &miss).len(), 0)).count_total, 0);
    }

    #[test]
    fn properties_through_pointers_are_routed_without_allocating() {
        let table = table(&reading_routes(), Budgets::default());
        let mut scratch = table.create_scratch();
        let properties = pairs(&[("p1", "x"), ("P2", "x"), ("p4", " (4.5e0) "), ("long", "aaab"), ("emoji", "x😀")]);
        let (first, second) = properties.split_at(2);
        let system = pairs(&[("contentType", "application/json"), ("contentEncoding", "utf-8")]);
        let system: Box<dyn DynProperties + Send + Sync> = Box::new(system);
        let shapes: [&dyn DynProperties; 8] = [
            &properties,
            &Some(&properties),
            &Box::new(properties.clone()),
            &Rc::new(properties.clone()),
            &Arc::<[_]>::from(properties.clone()),
            &(Box::new(properties.clone()) as Box<dyn DynProperties>),
            &(first, second),
            &(first.to_vec(), Some((None::<Pairs>, &second as &dyn DynProperties))),
        ];
        let mut expected = None;
        for (shape, properties) in shapes.into_iter().enumerate() {
            let message = Message::new(Origin::device("device"))
                .properties(properties)
                .system_properties(&system)
                .body(br#"{"a": 1, "k7": "x"}"#);
            let mut found = 0;
            let info = measure(|| found = table.route_with(&mut scratch, &message).count());
            assert_eq!((info.count_total, info.bytes_total), (0, 0), "shape {shape}");
            assert_eq!(found, *expected.get_or_insert(found), "shape {shape}");
        }
        assert!(expected > Some(5), "{expected:?}");
    }
}
