//! Bounds the memory for reading manifests and building tables, whatever they contain.
//!
//! The global allocator counts allocations for each thread (`allocation-counter`), so other tests may run at the same
//! time. `docs/complexity.md` has the figures at full size.

#[cfg(test)]
mod tests {
    use allocation_counter::measure;
    use edgeroute::{CheckedManifest, RouteTable};
    use edgeroute_lang::limits::Limits;
    use edgeroute_lang::manifest::Manifest;
    use edgeroute_lang::message::{Message, Origin};

    /// The peak number of heap bytes while `run` runs.
    fn peak(run: impl FnOnce()) -> usize {
        usize::try_from(measure(run).bytes_max).expect("small")
    }

    /// A manifest with this text between the braces of its routes.
    fn manifest(routes: &str) -> String {
        format!(
            "{{\"schemaVersion\": \"1.1\", \"routes\": {{{routes}}}, \
             \"storeAndForwardConfiguration\": {{\"timeToLiveSecs\": 7200}}}}"
        )
    }

    fn repeated(size: usize, route: impl Fn(usize) -> String) -> String {
        let mut routes = String::new();
        for number in 0.. {
            if routes.len() >= size {
                break;
            }
            if number > 0 {
                routes.push(',');
            }
            routes += &route(number);
        }
        manifest(&routes)
    }

    /// A kind of manifest, the heap bytes allowed per byte of it, and a function that makes one of about a given size.
    type Kind = (&'static str, usize, fn(usize) -> String);

    const MANIFESTS: [Kind; 11] = [
        ("routes", 6, |size| {
            repeated(size, |n| {
                format!(
                    "\"route{n}\": \"FROM /messages/modules/m{}/outputs/o/* WHERE level = 'v{}' and site != 's{}' and \
                     as_number(t) > {} INTO BrokeredEndpoint('/modules/x{}/inputs/i')\"",
                    n % 200,
                    n % 500,
                    n % 7,
                    n % 100,
                    n % 30
                )
            })
        }),
        ("short routes", 18, |size| repeated(size, |n| format!("\"{n}\":\"FROM /* INTO $upstream\""))),
        ("a route too long", 5, |size| {
            manifest(&format!("\"a\": \"FROM /* WHERE a = '{}' INTO $upstream\"", "x".repeat(size.max(1 << 21))))
        }),
        ("one text of escapes", 9, |size| manifest(&format!("\"a\": \"{}\"", "\\u0061".repeat(size / 6)))),
        ("deep nesting", 2, |size| {
            let deep = format!("\"x\": {}{}", "[".repeat(size / 2), "]".repeat(size / 2));
            manifest("").replacen('{', &format!("{{{deep}, "), 1)
        }),
        ("one name, often", 16, |size| repeated(size, |_| "\"a\":\"FROM /* INTO $upstream\"".to_owned())),
        ("values of the wrong kind", 60, |size| repeated(size, |n| format!("\"r{n}\":5"))),
        ("routes that do not compile", 56, |size| {
            repeated(size, |n| format!("\"route{n}\":\"FROM /messages/* WHERE level > 5 INTO $upstreem\""))
        }),
        ("a long route with an error in every group", 85, |size| {
            repeated(size, |n| {
                format!("\"r{n}\":\"FROM /* WHERE {} INTO $upstream\"", vec!["(a b)"; 20_000].join(" and "))
            })
        }),
        ("a long name of a route with many errors", 5, |size| {
            let condition = vec!["(a b)"; 300].join(" and ");
            manifest(&format!("\"{}\": \"FROM /* WHERE {condition} INTO $upstream\"", "n".repeat(size)))
        }),
        ("keys that mean nothing", 20, |size| {
            let keys: Vec<String> = (0..size / 12).map(|n| format!("\"k{n}\":1")).collect();
            manifest("").replacen('{', &format!("{{{}, ", keys.join(",")), 1)
        }),
    ];

    #[test]
    fn checking_a_manifest_takes_memory_in_proportion_to_it() {
        let mut over = Vec::new();
        for (name, most, write) in MANIFESTS {
            for size in [1 << 16, 1 << 18] {
                let text = write(size);
                let peak = peak(|| drop(CheckedManifest::from_json(&text)));
                if peak > most * text.len() + (1 << 18) {
                    over.push((name, text.len(), peak / text.len()));
                }
            }
        }
        assert_eq!(over, [], "manifests, their bytes, and the bytes on the heap for each");
    }

    /// The first 10,000 problems are kept in full; little is kept of the others.
    #[test]
    fn a_manifest_of_nothing_but_bad_routes_takes_memory_in_proportion_to_it() {
        let mut each = Vec::new();
        for size in [1 << 21, 1 << 22] {
            let text = repeated(size, |n| format!("\"route{n}\":\"FROM /messages/* WHERE level > 5 INTO $upstreem\""));
            let mut routes = 0;
            let peak = peak(|| {
                let checked = CheckedManifest::from_json(&text);
                routes = checked.route_count();
                assert_eq!(checked.bad_routes().len(), routes);
            });
            each.push((peak, routes));
        }
        let [(small, fewer), (large, more)] = each[..] else { unreachable!() };
        let a_route = (large - small) / (more - fewer);
        assert!(a_route < 1_300, "{a_route} bytes a route");
    }

    /// For skipped values, the JSON parser keeps one byte per open value.
    #[test]
    fn text_that_is_no_json_takes_little_memory() {
        for text in ["[".repeat(1 << 20), format!("{{\"a\": \"{}", "x".repeat(1 << 20)), " ".repeat(1 << 20)] {
            assert!(peak(|| drop(Manifest::parse(&text))) <= 3 * text.len());
        }
    }

    /// Each problem refers to the route's text. With a copy for each, a text of 1 MiB with a hundred errors would take
    /// 100 MiB.
    #[test]
    fn the_problems_of_a_route_share_its_text() {
        let text = format!("FROM /* WHERE {} INTO $upstream", vec!["(a b)"; 100_000].join(" and "));
        let builder = RouteTable::builder().route("r".repeat(1 << 20), text.clone());
        let peak = peak(|| {
            let error = builder.build().expect_err("nothing of it is right");
            assert_eq!(error.problems().len(), 101);
            assert!(error.problems().iter().all(|problem| problem.text() == text));
        });
        assert!(peak < 85 * text.len(), "{peak} bytes for {}", text.len());
    }

    fn mixed(count: usize) -> impl Iterator<Item = String> {
        (0..count).map(|n| {
            let condition = match n % 6 {
                0 => format!("device = 'd{n}' and level != 'debug'"),
                1 => format!("starts_with(topic, 'factory/line{}/m{n}/') and a = 'v{}'", n % 50, n % 20),
                2 => format!("as_number(t) >= {n} and as_number(t) < {}", n + 10),
                3 => format!("$body.machine.m{} = {n} or a = 'w{n}'", n % 100),
                4 => format!("length(a || 'x') = {} and b = 'v{n}'", n % 30),
                _ => format!("not (a = 'v{n}') and c = '{}'", n % 500),
            };
            format!("FROM /messages/modules/m{}/* WHERE {condition} INTO $upstream", n % 100)
        })
    }

    #[test]
    fn building_a_table_takes_memory_in_proportion_to_its_routes() {
        for count in [1_000, 4_000] {
            let texts: Vec<String> = mixed(count).collect();
            let mut kept = 0;
            let peak = peak(|| {
                let mut builder = RouteTable::builder();
                for (number, text) in texts.iter().enumerate() {
                    builder = builder.route(number.to_string(), text);
                }
                let table = builder.build().expect("good routes");
                kept = table.stats().heap_bytes;
            });
            assert!(peak < 1_800 * count + (1 << 18), "{} bytes a route", peak / count);
            assert!(kept < 600 * count, "{} bytes a route are kept", kept / count);
        }
    }

    /// No scratch grows with its input: `tests/allocations.rs` checks that matching allocates nothing.
    #[test]
    fn a_hostile_body_takes_no_memory_beyond_the_scratch() {
        let texts: Vec<String> = mixed(1_000).collect();
        let mut builder = RouteTable::builder().limits(Limits::default());
        for (number, text) in texts.iter().enumerate() {
            builder = builder.route(number.to_string(), text);
        }
        let table = builder.build().expect("good routes");
        let mut scratch = table.create_scratch();
        let before = scratch.memory_usage();
        let system = [("contentType", "application/json"), ("contentEncoding", "utf-8")];
        let size = 256 << 10;
        let members: Vec<String> = (0..size / 20).map(|n| format!("\"m{}\": \"\\u0061{n}\"", n % 300)).collect();
        for body in [
            "[".repeat(size),
            "{\"machine\":".repeat(size / 11),
            format!("{{\"machine\": {{{}}}}}", members.join(",")),
            format!("{{\"machine\": {{\"m1\": \"{}\"}}}}", "\\ud83d".repeat(size / 6)),
            format!("{{\"machine\": {{\"m1\": {}}}}}", "9".repeat(size)),
        ] {
            let message = Message::new(Origin::module("d", "m1").output("o")).system_properties(&system);
            let message = message.body(body.as_bytes());
            assert_eq!(peak(|| assert!(table.route_with(&mut scratch, &message).len() <= 1)), 0);
        }
        assert_eq!(scratch.memory_usage(), before);
        assert!(before < 1 << 20, "{before}");
    }
}
