//! Tests what pictures show, and that no name breaks out of its label.

use super::*;
use crate::topology::Topology;
use edgeroute::RouteTable;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::manifest::Manifest;

/// A deployment with these modules and routes, given as name, text and priority.
fn manifest(modules: &[&str], routes: &[(&str, String, Option<u32>)]) -> Manifest {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let modules: Vec<String> = modules.iter().map(|name| format!("{}: {{}}", json(name))).collect();
    let routes: Vec<String> = routes
        .iter()
        .map(|(name, text, priority)| {
            let priority = priority.map(|priority| format!(", \"priority\": {priority}")).unwrap_or_default();
            format!("{}: {{\"route\": {}{priority}}}", json(name), json(text))
        })
        .collect();
    let text = format!(
        r#"{{"modulesContent": {{
            "$edgeAgent": {{"properties.desired": {{"modules": {{{}}}}}}},
            "$edgeHub": {{"properties.desired": {{
                "schemaVersion": "1.1", "storeAndForwardConfiguration": {{}}, "routes": {{{}}}}}}}}}}}"#,
        modules.join(", "),
        routes.join(", ")
    );
    Manifest::from_json(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn topology(manifest: &Manifest) -> Picture {
    Picture::of_topology(&Topology::of(manifest, &Limits::default()))
}

fn tree(manifest: &Manifest) -> Picture {
    Picture::of_tree(&RouteTable::builder().manifest(manifest).build().unwrap())
}

fn example() -> Manifest {
    manifest(
        &["sensor", "filter", "idle"],
        &[
            (
                "raw",
                "FROM /messages/modules/sensor/* INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")".into(),
                None,
            ),
            ("hot", "FROM /messages/modules/filter/outputs/hot WHERE as_number(t) > 80 INTO $upstream".into(), Some(3)),
            ("any", "FROM /messages/modules/filter/outputs/hot INTO $upstream".into(), None),
            (
                "again",
                "FROM /messages/modules/filter/outputs/again INTO BrokeredEndpoint(\"/modules/filter/inputs/in\")"
                    .into(),
                None,
            ),
            (
                "none",
                "FROM /messages/modules/sensor/* WHERE false INTO BrokeredEndpoint(\"/modules/ghost/inputs/in\")"
                    .into(),
                None,
            ),
        ],
    )
}

/// The boxes with their names and rows, and the arrows with their ports.
fn shown(picture: &Picture) -> (Vec<String>, Vec<String>) {
    let label = |node: &Node| {
        let rows: Vec<String> = node.rows.iter().map(|row| row.text().replace('\n', " | ")).collect();
        [vec![node.name.clone()], rows].concat().join(" / ").trim_start_matches(" / ").to_owned()
    };
    let end = |end: End, ports: fn(&Node) -> &Vec<String>| {
        let node = &picture.nodes[end.node];
        let port = end.port.map(|port| format!("[{}]", ports(node)[port])).unwrap_or_default();
        format!("{}{port}", label(node))
    };
    let arrow = |edge: &Edge| {
        let line = match edge.kind {
            EdgeKind::Flow => "->",
            EdgeKind::Loop => "=>",
            EdgeKind::Never => "-x",
        };
        format!("{} {line} {}", end(edge.from, |node| &node.outputs), end(edge.to, |node| &node.inputs))
    };
    (picture.nodes.iter().map(label).collect(), picture.edges.iter().map(arrow).collect())
}

#[test]
fn a_topology_has_modules_routes_by_priority_and_marked_loops() {
    let picture = topology(&example());
    let (boxes, arrows) = shown(&picture);
    let both = "hot | priority 3 | as_number(t) > 80 / any";
    assert_eq!(boxes, ["sensor", "filter", "idle", "ghost", "raw", "$upstream", both, "again", "none | false"]);
    assert_eq!(
        arrows,
        [
            "sensor[all it sends] -> raw",
            "raw -> filter[in]",
            &format!("filter[hot] -> {both}"),
            &format!("{both} -> $upstream"),
            "filter[again] => again",
            "again => filter[in]",
            "sensor[all it sends] -x none | false",
            "none | false -x ghost[in]",
        ]
    );
    assert_eq!(picture.title, "4 modules, 5 routes, 1 loop");
    let kinds: Vec<NodeKind> = picture.nodes[..4].iter().map(|node| node.kind).collect();
    assert_eq!(kinds[2..], [NodeKind::Module, NodeKind::UnknownModule]);
    assert!(picture.nodes[1].in_loop && !picture.nodes[0].in_loop);
}

#[test]
fn a_way_round_through_every_module_is_closed() {
    let manifest = manifest(
        &["a", "log"],
        &[
            ("all", "FROM /messages/* INTO BrokeredEndpoint(\"/modules/log/inputs/in\")".into(), None),
            ("others", "FROM /messages/modules/* WHERE $connectionModuleId != 'a' INTO $upstream".into(), None),
        ],
    );
    let (_, arrows) = shown(&topology(&manifest));
    assert_eq!(
        arrows,
        [
            "leaf devices -> all",
            "every module => all",
            "all => log[in]",
            "every module[all but a] -> others | $connectionModuleId != 'a'",
            "others | $connectionModuleId != 'a' -> $upstream",
            "log => every module",
        ]
    );
}

#[test]
fn a_tree_has_one_box_for_routes_that_one_test_finds() {
    let route = |name| format!("FROM /messages/* WHERE device = 'a' and x{name} != 'b' INTO $upstream");
    let budgets = edgeroute_lang::limits::Budgets::default().with_terms(0).with_list(0);
    let builder = RouteTable::builder().budgets(budgets).fallback(("rest", "FROM /* INTO $upstream"));
    let table = (0..3).fold(builder, |builder, name| builder.route(format!("r{name}"), route(name)));
    let picture = Picture::of_tree(&table.build().unwrap());
    let (boxes, _) = shown(&picture);
    assert_eq!(boxes.iter().filter(|text| *text == "DEVICE = \"a\"").count(), 1, "{boxes:?}");
    assert_eq!(
        boxes.iter().filter(|text| text.starts_with('r') && text.contains("-> $upstream")).count(),
        4,
        "{boxes:?}"
    );
    assert!(boxes.contains(&"nothing else matched".to_owned()), "{boxes:?}");
}

/// Names that would end a label in one of the languages, or start some other syntax.
const HOSTILE: [&str; 6] = [
    "a\"b\\\"; } </td>",
    "</title><script>x</script>]]>",
    "`**[x](y)**` #quot; %%{init}%% |;",
    "<b>&amp;&#39;'--><!--",
    "\u{1b}[31m\u{202e}\u{0}\n\r\u{fffe}",
    "日本語 🦀",
];

fn hostile() -> Manifest {
    let routes: Vec<(&str, String, Option<u32>)> = HOSTILE
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let text = serde_json::Value::from(name.replace(['\n', '\r', '\u{0}'], " ")).to_string();
            let endpoint = format!("BrokeredEndpoint('/modules/<{index}>\\'\\\"`/inputs/&{index}|')");
            (
                *name,
                format!("FROM /messages/modules/m&'`#{index}/outputs/|o&*_` WHERE p = {text} INTO {endpoint}"),
                None,
            )
        })
        .collect();
    manifest(&HOSTILE, &routes)
}

#[test]
fn dot_holds_every_text_within_its_label() {
    for picture in [topology(&hostile()), tree(&hostile())] {
        let dot = picture.to_dot();
        let nodes: Vec<&str> = dot.lines().filter(|line| line.contains(" [label=<")).collect();
        assert_eq!(nodes.len(), picture.nodes.len());
        for line in nodes {
            // The tooltip is a string that ends at the first quote without a backslash.
            let (label, tooltip) = line.split_once(">, tooltip=\"").unwrap();
            let closed = tooltip.strip_suffix("\"];").unwrap().replace("\\\\", "").replace("\\\"", "");
            assert!(!closed.contains('"'), "{line}");
            let label = label.split_once("[label=<").unwrap().1;
            roxmltree::Document::parse(label).unwrap();
        }
        assert!(!dot.contains(|c: char| c != '\n' && c.is_control()));
    }
}

#[test]
fn mermaid_holds_every_text_within_its_label() {
    for picture in [topology(&hostile()), tree(&hostile())] {
        let mermaid = picture.to_mermaid();
        let nodes: Vec<&str> = mermaid.lines().filter(|line| line.contains("\":") || line.contains(":::")).collect();
        assert_eq!(nodes.len(), picture.nodes.len());
        for line in nodes {
            assert_eq!(line.matches('"').count(), 2, "{line}");
            let label = line.split('"').nth(1).unwrap();
            let plain = ["<b>", "</b>", "<i>", "</i>", "<br/>"]
                .iter()
                .fold(label.to_owned(), |text, tag| text.replace(tag, ""));
            assert!(!plain.contains(['<', '>', '`', '*', '|', '[', ']', '{', '}', '\\', '&']), "{line}");
        }
        assert!(!mermaid.contains(|c: char| c != '\n' && c.is_control()));
    }
}

#[test]
fn texts_are_cut_by_columns_and_show_nothing_that_hides() {
    assert_eq!(words::short("abcdef", 4), "abcd…");
    assert_eq!(words::short("abcd", 4), "abcd");
    assert_eq!(words::short("日本語", 4), "日本…");
    assert_eq!(words::short("a\n\u{202e}\u{1b}b", 9), "a ··b");
    assert_eq!(words::whole("a\nb\u{0}"), "a\nb·");
}

#[cfg(feature = "svg")]
mod svg {
    use roxmltree::{Document, Node};

    use super::*;

    #[derive(Debug)]
    struct Frame {
        left: f64,
        top: f64,
        right: f64,
        bottom: f64,
    }

    fn number(node: Node<'_, '_>, name: &str) -> f64 {
        node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} of {node:?}"))
    }

    /// The boxes of a picture and the points of its arrows. Checks that every text is within its box.
    fn frames(svg: &str) -> (Vec<Frame>, Vec<Vec<(f64, f64)>>) {
        let document = Document::parse(svg).unwrap();
        let mut frames = Vec::new();
        let boxes = document
            .descendants()
            .filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("box ")));
        for rect in boxes {
            let (left, top) = (number(rect, "x"), number(rect, "y"));
            let frame = Frame { left, top, right: left + number(rect, "width"), bottom: top + number(rect, "height") };
            for text in rect.parent().unwrap().descendants().filter(|node| node.has_tag_name("text")) {
                let class = text.attribute("class").unwrap();
                let said = text.text().unwrap_or_default();
                let wide = said.chars().map(words::column_count).sum::<usize>();
                // No column of monospace or proportional text is wider than this.
                let width = f64::from(u32::try_from(wide).unwrap())
                    * if class.contains("name") { 13.0 * 0.52 } else { 11.0 * 0.6 };
                let x = number(text, "x");
                let (start, end) = match class {
                    class if class.contains("end") => (x - width, x),
                    class if class.contains("centre") || class.contains("badge") => (x - width / 2.0, x + width / 2.0),
                    _ => (x, x + width),
                };
                assert!(start >= frame.left && end <= frame.right + 8.0, "{said:?} leaves {frame:?}");
                assert!(number(text, "y") > frame.top && number(text, "y") < frame.bottom, "{said:?} leaves {frame:?}");
            }
            frames.push(frame);
        }
        let arrows = document.descendants().filter(|node| node.attribute("marker-end").is_some());
        (frames, arrows.map(|arrow| points(arrow.attribute("d").unwrap())).collect())
    }

    /// The points that a path goes through, with a few points for each curve.
    fn points(path: &str) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        let commands = {
            let starts: Vec<usize> = path.match_indices(|c: char| c.is_ascii_alphabetic()).map(|(at, _)| at).collect();
            let ends: Vec<usize> = starts.iter().skip(1).copied().chain([path.len()]).collect();
            starts.into_iter().zip(ends).map(|(start, end)| &path[start..end])
        };
        for command in commands {
            let (kind, numbers) = command.split_at(1);
            let to: Vec<f64> = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
            let (x, y) = points.last().copied().unwrap_or_default();
            let target = match kind {
                "M" => vec![(to[0], to[1])],
                "H" => vec![(to[0], y)],
                "V" => vec![(x, to[0])],
                "Q" => vec![(to[2], to[3])],
                "C" => (1..=8)
                    .map(|step| {
                        let t = f64::from(step) / 8.0;
                        let rest = 1.0 - t;
                        let bezier = |p: [f64; 4]| {
                            rest.powi(3) * p[0]
                                + 3.0 * rest * rest * t * p[1]
                                + 3.0 * rest * t * t * p[2]
                                + t.powi(3) * p[3]
                        };
                        (bezier([x, to[0], to[2], to[4]]), bezier([y, to[1], to[3], to[5]]))
                    })
                    .collect(),
                other => panic!("{other}"),
            };
            points.extend(target);
        }
        points
    }

    fn assert_readable(picture: &Picture) {
        let svg = picture.to_svg().unwrap();
        let (frames, arrows) = frames(&svg);
        assert_eq!(frames.len(), picture.nodes.len());
        assert_eq!(arrows.len(), picture.edges.len());
        for (index, one) in frames.iter().enumerate() {
            for other in &frames[index + 1..] {
                let is_apart = one.right < other.left
                    || other.right < one.left
                    || one.bottom < other.top
                    || other.bottom < one.top;
                assert!(is_apart, "{one:?} overlaps {other:?}");
            }
        }
        for arrow in arrows {
            for pair in arrow.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                let within = |frame: &&Frame| {
                    let (left, right) = (a.0.min(b.0), a.0.max(b.0));
                    let (top, bottom) = (a.1.min(b.1), a.1.max(b.1));
                    left < frame.right - 0.2
                        && right > frame.left + 0.2
                        && top < frame.bottom - 0.2
                        && bottom > frame.top + 0.2
                };
                assert!(!frames.iter().any(|frame| within(&frame)), "{a:?} to {b:?} runs through a box");
            }
        }
    }

    /// Random but reproducible routes between modules, with loops.
    fn many(routes: usize, modules: usize) -> Manifest {
        let mut state = 11_u64;
        let mut pick = |below: usize| {
            // Knuth, The Art of Computer Programming, vol. 2, 3.3.4, line 26
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let texts: Vec<(String, String, Option<u32>)> = (0..routes)
            .map(|index| {
                let source = match pick(20) {
                    0 => "/messages/*".to_owned(),
                    1 => "/messages/modules/*".to_owned(),
                    2 => "/twinChangeNotifications".to_owned(),
                    3..6 => format!("/messages/modules/module-{}/*", pick(modules)),
                    _ => format!("/messages/modules/module-{}/outputs/out{}", pick(modules), pick(3)),
                };
                let sink = match pick(3) {
                    0 => "$upstream".to_owned(),
                    _ => format!("BrokeredEndpoint(\"/modules/module-{}/inputs/in{}\")", pick(modules), pick(2)),
                };
                let condition =
                    ["", "WHERE a = 'b'", "WHERE as_number(temperature) >= 80 and site = 'a long name of some plant'"];
                let text = format!("FROM {source} {} INTO {sink}", condition[pick(3)]);
                (format!("aRouteOfSomeName{index}"), text, [None, Some(4)][pick(2)])
            })
            .collect();
        let routes: Vec<(&str, String, Option<u32>)> =
            texts.iter().map(|(name, text, priority)| (name.as_str(), text.clone(), *priority)).collect();
        manifest(&[], &routes)
    }

    #[test]
    fn nothing_overlaps_and_no_arrow_runs_through_a_box() {
        for manifest in [example(), hostile(), many(5, 3), many(60, 12), many(200, 40), manifest(&["a"], &[])] {
            assert_readable(&topology(&manifest));
            assert_readable(&tree(&manifest));
        }
    }

    #[test]
    fn every_text_is_there_and_no_more_than_text() {
        let svg = topology(&hostile()).to_svg().unwrap();
        let document = Document::parse(&svg).unwrap();
        let titles: Vec<&str> =
            document.descendants().filter(|node| node.has_tag_name("title")).filter_map(|node| node.text()).collect();
        for name in HOSTILE {
            let whole = words::whole(name);
            assert!(titles.iter().any(|title| title.lines().next() == whole.lines().next()), "{name:?} in {titles:?}");
        }
        let known = ["svg", "title", "style", "marker", "path", "rect", "text", "g", "line"];
        assert!(document.descendants().filter(Node::is_element).all(|node| known.contains(&node.tag_name().name())));
        assert!(!svg.contains(|c: char| c != '\n' && c.is_control()));
    }

    #[test]
    fn the_same_topology_gives_the_same_picture() {
        let manifest = many(40, 9);
        assert_eq!(topology(&manifest).to_svg(), topology(&manifest).to_svg());
    }

    #[test]
    fn what_nobody_could_read_is_refused() {
        let error = topology(&many(3_000, 400)).to_svg().unwrap_err();
        assert!(error.to_string().contains("boxes; the limit is 700"), "{error}");
        let chain: Vec<(String, String, Option<u32>)> = (0..200)
            .map(|index| {
                let text = format!(
                    "FROM /messages/modules/m{index}/* INTO BrokeredEndpoint(\"/modules/m{}/inputs/in\")",
                    index + 1
                );
                (format!("r{index}"), text, None)
            })
            .collect();
        let chain: Vec<(&str, String, Option<u32>)> =
            chain.iter().map(|(name, text, priority)| (name.as_str(), text.clone(), *priority)).collect();
        let error = topology(&manifest(&[], &chain)).to_svg().unwrap_err();
        assert!(error.to_string().contains("columns"), "{error}");
        assert_readable(&topology(&manifest(&[], &chain[..55])));
    }

    #[test]
    fn a_tree_may_be_of_any_size() {
        let routes: Vec<String> = (0..3_000)
            .map(|index| format!("FROM /messages/* WHERE k{} = '{index}' INTO $upstream", index % 5))
            .collect();
        let builder = routes
            .iter()
            .enumerate()
            .fold(RouteTable::builder(), |builder, (index, route)| builder.route(format!("r{index}"), route.as_str()));
        let picture = Picture::of_tree(&builder.build().unwrap());
        assert!(picture.to_svg().unwrap().matches("class=\"box routes\"").count() >= 3_000);
    }
}
