//! Hostile messages, and messages for hostile tables: the cost of matching.

use super::{Curve, Point, joined, size};
use edgeroute::{RouteTable, Scratch};
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Origin};
use edgeroute_lang::steps::counted;

type Pairs = Vec<(String, Option<String>)>;

/// A family of messages and tables, by the size of one of them.
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// The maximum number of steps per hundred units of what grows.
    pub(super) slope: u64,
    pub(super) first: usize,
    pub(super) grows: Grows,
}

#[derive(Copy, Clone)]
pub(super) enum Grows {
    /// The message grows, measured by the bytes of its names, values and body. It is sent to a small table and a large
    /// one.
    Message(fn(usize) -> Sent),
    /// The table grows, measured by its routes.
    Routes(fn(usize) -> (Vec<String>, Sent)),
}

/// A message.
pub(super) struct Sent {
    properties: Pairs,
    encoding: &'static str,
    body: Vec<u8>,
    source: Option<String>,
}

fn properties(pairs: impl IntoIterator<Item = (String, String)>) -> Sent {
    let properties = pairs.into_iter().map(|(name, value)| (name, Some(value))).collect();
    Sent { properties, encoding: "utf-8", body: Vec::new(), source: None }
}

fn property(name: &str, value: String) -> Sent {
    properties([(name.to_owned(), value)])
}

fn nothing() -> Sent {
    properties([])
}

fn body(text: String) -> Sent {
    Sent { body: text.into_bytes(), ..nothing() }
}

fn utf16(text: &str) -> Sent {
    Sent { body: text.encode_utf16().flat_map(u16::to_le_bytes).collect(), encoding: "utf-16", ..nothing() }
}

fn utf32(text: &str) -> Sent {
    let body = text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
    Sent { body, encoding: "utf-32", ..nothing() }
}

fn escaped(size: usize) -> String {
    format!("{{\"a\":\"{}x\"}}", "\\u0061".repeat(size / 6))
}

fn member_names(size: usize) -> String {
    format!("{{{}}}", joined(size / 14, ",", |n| format!("\"k{n}\":\"{n}\"")))
}

/// The `n`th spelling of a name of 32 letters.
fn spelling(n: usize) -> String {
    let letters = "anameofthirtytwolettersroutesread".chars().enumerate();
    letters.map(|(at, letter)| if n >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }).collect()
}

/// The conditions that hostile messages aim at: every kind of test, and expressions.
const CONDITIONS: [&str; 24] = [
    "a = 'x' or b = 'y'",
    "a = 'a constant of more than sixteen bytes'",
    "a != 'x' and b != 'y'",
    "starts_with(a, 'xx') and ends_with(a, 'y')",
    "starts_with(a, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')",
    "contains(a, 'xxy')",
    "as_number(a) > 5 and as_number(a) < 7",
    "as_number(a) > 500",
    "is_defined(b) or is_null(c)",
    "anameofthirtytwolettersroutesread = 'x'",
    "anameofthirtytwolettersroutesread != 'x'",
    "k1 = 'x' and k2 = 'y' and k3 = 'z'",
    "$a = 'x' or $contentType = 'x'",
    "$body.a = 'x'",
    "$body.a != 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
    "$body.a.a.a = 5",
    "$body.k1 = 'x' or $body.k2 = 7",
    "as_number($body.a) > 5",
    "contains($body.a, 'ab')",
    "length(upper(a) || lower($body.a)) > 7",
    "contains(upper(a), upper(b))",
    "index_of(a || a, 'xxy') > 3",
    "as_number(substring(a, 1)) = 5",
    "upper(lower(upper(a))) > 'X'",
];

/// These conditions; and for a large table enough further ones that it is split by lookups.
fn message_routes(is_large: bool) -> Vec<String> {
    let further = (0..if is_large { 500 } else { 0 }).map(|n| match n % 5 {
        0 => format!("k{n} = 'v{n}' and k{} = 'w'", n + 1),
        1 => format!("a = 'v{n}'"),
        2 => format!("starts_with(a, '{}')", "x".repeat(n / 5 + 1)),
        3 => format!("as_number(a) > {n} and as_number(a) < {}", n + 7),
        _ => format!("$body.k{n} = {n}"),
    });
    CONDITIONS.into_iter().map(str::to_owned).chain(further).map(|condition| route(&condition)).collect()
}

fn route(condition: &str) -> String {
    format!("FROM /* WHERE {condition} INTO $upstream")
}

fn routes(count: usize, condition: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(|n| route(&condition(n))).collect()
}

fn many(count: usize, of: impl Fn(usize) -> (String, String)) -> Sent {
    properties((0..count).map(of))
}

pub(super) const SHAPES: [Shape; 60] = [
    // Names.
    Shape {
        name: "a long name that nothing reads",
        slope: 20,
        first: 10_000,
        grows: Grows::Message(|n| property(&"n".repeat(n), String::new())),
    },
    Shape {
        name: "a long name, not ASCII",
        slope: 20,
        first: 10_000,
        grows: Grows::Message(|n| property(&"é".repeat(n / 2), String::new())),
    },
    Shape {
        name: "properties that nothing reads",
        slope: 43,
        first: 1_000,
        grows: Grows::Message(|n| many(n, |i| (format!("unread{i}"), "value".to_owned()))),
    },
    Shape {
        name: "long names that nothing reads",
        slope: 22,
        first: 300,
        grows: Grows::Message(|n| many(n, |i| (format!("{i:0200}"), String::new()))),
    },
    Shape {
        name: "properties without a name",
        slope: 270,
        first: 1_000,
        grows: Grows::Message(|n| many(n, |_| (String::new(), "v".to_owned()))),
    },
    Shape {
        name: "a property many times",
        slope: 200,
        first: 1_000,
        grows: Grows::Message(|n| many(n, |i| ("a".to_owned(), i.to_string()))),
    },
    Shape {
        name: "names that differ by case only",
        slope: 56,
        first: 500,
        grows: Grows::Message(|n| many(n, |i| (spelling(i), i.to_string()))),
    },
    Shape {
        name: "the same, the one that counts last",
        slope: 56,
        first: 500,
        grows: Grows::Message(|n| many(n, |i| (spelling((1 << 16) | i), i.to_string()))),
    },
    Shape {
        name: "application properties named as system properties",
        slope: 20,
        first: 1_000,
        grows: Grows::Message(|n| many(n, |i| (format!("$contentType{}", i % 3), i.to_string()))),
    },
    Shape {
        name: "properties that are read",
        slope: 76,
        first: 500,
        grows: Grows::Message(|n| many(n, |i| (format!("k{i}"), format!("v{i}")))),
    },
    // Values.
    Shape {
        name: "a long value that nothing reads",
        slope: 5,
        first: 50_000,
        grows: Grows::Message(|n| property("unread", "x".repeat(n))),
    },
    Shape { name: "a long value", slope: 1_100, first: 5_000, grows: Grows::Message(|n| property("a", "x".repeat(n))) },
    Shape {
        name: "a long value, not ASCII",
        slope: 530,
        first: 5_000,
        grows: Grows::Message(|n| property("a", "é".repeat(n / 2))),
    },
    Shape {
        name: "a value in which a part nearly matches everywhere",
        slope: 1_100,
        first: 5_000,
        grows: Grows::Message(|n| {
            properties([("a".to_owned(), "xy".repeat(n / 2)), ("b".to_owned(), format!("{}z", "xy".repeat(n / 4)))])
        }),
    },
    Shape {
        name: "a value that is a long number",
        slope: 1_300,
        first: 5_000,
        grows: Grows::Message(|n| property("a", format!("{}.{}e-5", "1".repeat(n / 2), "2".repeat(n / 2)))),
    },
    Shape {
        name: "a number after white space",
        slope: 1_300,
        first: 5_000,
        grows: Grows::Message(|n| property("a", format!("{}5", " ".repeat(n)))),
    },
    Shape {
        name: "an open parenthesis, often",
        slope: 1_100,
        first: 5_000,
        grows: Grows::Message(|n| property("a", "(".repeat(n))),
    },
    // Bodies.
    Shape {
        name: "a body nested as deep as is allowed",
        slope: 320,
        first: 64,
        grows: Grows::Message(|n| {
            body(format!("{{\"x\":[{}0]}}", format!("{}0{},", "[".repeat(61), "]".repeat(61)).repeat(n)))
        }),
    },
    Shape {
        name: "a body nested too deep",
        slope: 7,
        first: 5_000,
        grows: Grows::Message(|n| body("{\"a\":".repeat(n))),
    },
    Shape { name: "a body of members", slope: 160, first: 10_000, grows: Grows::Message(|n| body(member_names(n))) },
    Shape {
        name: "a body of members in UTF-16",
        slope: 120,
        first: 5_000,
        grows: Grows::Message(|n| utf16(&member_names(n))),
    },
    Shape {
        name: "a body of members in UTF-32",
        slope: 71,
        first: 2_500,
        grows: Grows::Message(|n| utf32(&member_names(n))),
    },
    Shape {
        name: "a body of one member, often",
        slope: 62,
        first: 5_000,
        grows: Grows::Message(|n| body(format!("{{{}}}", vec!["\"a\":\"aab\""; n / 10].join(",")))),
    },
    Shape {
        name: "a long text of a body",
        slope: 26,
        first: 5_000,
        grows: Grows::Message(|n| body(format!("{{\"a\":\"{}\"}}", "a".repeat(n)))),
    },
    Shape { name: "a text of escapes", slope: 370, first: 6_000, grows: Grows::Message(|n| body(escaped(n))) },
    Shape {
        name: "a text of escapes in UTF-16",
        slope: 200,
        first: 6_000,
        grows: Grows::Message(|n| utf16(&escaped(n / 2))),
    },
    Shape {
        name: "a text of escapes in UTF-32",
        slope: 110,
        first: 6_000,
        grows: Grows::Message(|n| utf32(&escaped(n / 4))),
    },
    Shape {
        name: "a text of escaped halves of characters",
        slope: 370,
        first: 6_000,
        grows: Grows::Message(|n| body(format!("{{\"a\":\"{}\"}}", "\\ud835".repeat(n / 6)))),
    },
    Shape {
        name: "a text of pairs of code units in UTF-16",
        slope: 150,
        first: 5_000,
        grows: Grows::Message(|n| utf16(&format!("{{\"a\":\"{}\"}}", "\u{1D4B3}".repeat(n / 4)))),
    },
    Shape {
        name: "a number of a body",
        slope: 22,
        first: 10_000,
        grows: Grows::Message(|n| body(format!("{{\"a\":{}.{}e-5}}", "1".repeat(n / 2), "2".repeat(n / 2)))),
    },
    Shape {
        name: "a body that is cut",
        slope: 160,
        first: 10_000,
        grows: Grows::Message(|n| body(member_names(n).replace('}', ""))),
    },
    Shape {
        name: "a source of many segments",
        slope: 130,
        first: 5_000,
        grows: Grows::Message(|n| Sent { source: Some("/a".repeat(n / 2)), ..nothing() }),
    },
    // Tables of which a message needs little.
    Shape {
        name: "a constant of one key for each route",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| (routes(n, |i| format!("a = 'v{i}'")), property("a", "v7".to_owned()))),
    },
    Shape {
        name: "a key for each route, the message without one",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| (routes(n, |i| format!("a{i} = 'x'")), property("b", "x".to_owned()))),
    },
    Shape {
        name: "a key for each route, negated, the message without one",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| (routes(n, |i| format!("not (a{i} = 'x')")), property("b", "x".to_owned()))),
    },
    Shape {
        name: "narrow intervals side by side",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| {
            (
                routes(n, |i| format!("as_number(a) >= {} and as_number(a) < {}", i * 10, i * 10 + 10)),
                property("a", "5005".to_owned()),
            )
        }),
    },
    Shape {
        name: "intervals of sixteen widths, those of each side by side",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| {
            let interval = |i: usize| {
                let width = 2 << (i % 16);
                let low = i / 16 * width / 2;
                format!("as_number(a) >= {low} and as_number(a) <= {}", low + width)
            };
            (routes(n, interval), property("a", "100001".to_owned()))
        }),
    },
    Shape {
        name: "intervals of ever greater widths that begin after the message",
        slope: 0,
        first: 100,
        grows: Grows::Routes(|n| {
            let interval = |i: usize| {
                let width = if i < 400 { 0.25_f64 } else { 4.0 }.powi(i32::try_from(i.abs_diff(400)).expect("small"));
                format!("as_number(a) >= 0 and as_number(a) <= {width:e}")
            };
            (routes(n, interval), property("a", "-1".to_owned()))
        }),
    },
    Shape {
        name: "a source for each route",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| {
            (
                (0..n).map(|i| format!("FROM /messages/modules/m{i}/* INTO $upstream")).collect(),
                Sent { source: Some("/messages/modules/m7/outputs/o/".to_owned()), ..nothing() },
            )
        }),
    },
    Shape {
        name: "one route of many constants",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| {
            (vec![route(&joined(n, " or ", |i| format!("a = 'v{i}'"))); 1], property("b", "v7".to_owned()))
        }),
    },
    Shape {
        name: "a small table of long constants",
        slope: 0,
        first: 200,
        grows: Grows::Routes(|n| {
            (
                vec![route(&joined(n, " or ", |i| format!("a = 'a constant that is long {i:08}'")))],
                property("a", "a constant that is long 99999999".to_owned()),
            )
        }),
    },
    Shape {
        name: "a small table of short constants",
        slope: 0,
        first: 200,
        grows: Grows::Routes(|n| {
            (vec![route(&joined(n, " or ", |i| format!("a = 'v{i}'")))], property("a", "w".to_owned()))
        }),
    },
    Shape {
        name: "a small table of inequalities",
        slope: 0,
        first: 200,
        grows: Grows::Routes(|n| {
            (vec![route(&joined(n, " and ", |i| format!("a != 'v{i}'")))], property("a", "w".to_owned()))
        }),
    },
    Shape {
        name: "a body value for each route",
        slope: 0,
        first: 1_000,
        grows: Grows::Routes(|n| (routes(n, |i| format!("$body.a = {i}")), body("{\"a\":7}".to_owned()))),
    },
    // Tables of which a message needs everything, or that no test partitions.
    Shape {
        name: "a message that every route takes",
        slope: 130,
        first: 500,
        grows: Grows::Routes(|n| (vec!["FROM /* INTO $upstream".to_owned(); n], nothing())),
    },
    Shape {
        name: "all routes on one value",
        slope: 640,
        first: 500,
        grows: Grows::Routes(|n| {
            (
                routes(n, |_| "a = 'x' and b = 'y'".to_owned()),
                properties([("a".to_owned(), "x".to_owned()), ("b".to_owned(), "y".to_owned())]),
            )
        }),
    },
    Shape {
        name: "all routes on one value, and then on none",
        slope: 760,
        first: 500,
        grows: Grows::Routes(|n| {
            (
                routes(n, |i| format!("a = 'x' and b != 'v{i}' and c = 'z'")),
                properties([("a".to_owned(), "x".to_owned()), ("b".to_owned(), "y".to_owned())]),
            )
        }),
    },
    Shape {
        name: "every condition a negation",
        slope: 380,
        first: 500,
        grows: Grows::Routes(|n| (routes(n, |i| format!("not (a = 'v{i}')")), property("a", "x".to_owned()))),
    },
    Shape {
        name: "intervals within each other",
        slope: 380,
        first: 500,
        grows: Grows::Routes(|n| {
            (
                routes(n, |i| format!("as_number(a) > {i} and as_number(a) < {}", 1_000_000 - i)),
                property("a", "500000".to_owned()),
            )
        }),
    },
    Shape {
        name: "intervals that all overlap, the message in their middle",
        slope: 380,
        first: 500,
        grows: Grows::Routes(|n| {
            (routes(n, |i| format!("as_number(a) > {i} and as_number(a) < {}", i + n)), property("a", n.to_string()))
        }),
    },
    Shape {
        name: "intervals that end before the message, all of one class",
        slope: 260,
        first: 500,
        grows: Grows::Routes(|n| {
            let wide = || "as_number(a) >= 500000 and as_number(a) <= 1500000".to_owned();
            let narrow = |i: usize| format!("as_number(a) >= {} and as_number(a) <= {}", 1_000_000 + i, 1_300_000 + i);
            (routes(n, |i| if i == 0 { wide() } else { narrow(i) }), property("a", "1400000".to_owned()))
        }),
    },
    Shape {
        name: "intervals of one width, of which the message is in every tenth",
        slope: 30,
        first: 1_000,
        grows: Grows::Routes(|n| {
            // All of them narrower than 1.
            let interval = |i: usize| format!("as_number(a) >= {i}e-6 and as_number(a) <= {}e-6", i + n / 10);
            (routes(n, interval), property("a", format!("{}e-6", n - 1)))
        }),
    },
    Shape {
        name: "prefixes, each of the next, all held",
        slope: 760,
        first: 200,
        grows: Grows::Routes(|n| {
            (routes(n, |i| format!("starts_with(a, '{}')", "x".repeat(i % 200 + 1))), property("a", "x".repeat(250)))
        }),
    },
    Shape {
        name: "prefixes that differ at their ends",
        slope: 470,
        first: 200,
        grows: Grows::Routes(|n| {
            (routes(n, |i| format!("starts_with(a, '{}{i}')", "x".repeat(i % 100 + 1))), property("a", "x".repeat(250)))
        }),
    },
    Shape {
        name: "a part for each route",
        slope: 510,
        first: 500,
        grows: Grows::Routes(|n| (routes(n, |i| format!("contains(a, 'v{i}')")), property("a", "v".repeat(50)))),
    },
    Shape {
        name: "disjunctions over budget",
        slope: 8_900,
        first: 50,
        grows: Grows::Routes(|n| (routes(n, |_| joined(70, " or ", |i| format!("a{i} != 'x'"))), nothing())),
    },
    Shape {
        name: "an expression for each route",
        slope: 1_200,
        first: 500,
        grows: Grows::Routes(|n| (routes(n, |i| format!("length(a) = {i}")), property("a", "v".repeat(50)))),
    },
    Shape {
        name: "a body value in every route, escaped",
        slope: 3_100,
        first: 500,
        grows: Grows::Routes(|n| (routes(n, |i| format!("$body.a > 'aaaaaaaaaaaaaaaaaaaa{i}'")), body(escaped(200)))),
    },
    Shape {
        name: "inequalities of twenty keys",
        slope: 5_200,
        first: 200,
        grows: Grows::Routes(|n| {
            (
                routes(n, |i| joined(20, " and ", |j| format!("a{j} != '{i}'"))),
                many(20, |j| (format!("a{j}"), "x".to_owned())),
            )
        }),
    },
    Shape {
        name: "sources within each other",
        slope: 550,
        first: 50,
        grows: Grows::Routes(|n| {
            (
                (0..n).map(|i| format!("FROM /{}* INTO $upstream", "a/".repeat(i))).collect(),
                Sent { source: Some(format!("/{}", "a/".repeat(n))), ..nothing() },
            )
        }),
    },
];

/// A table with its scratch.
struct Receiver {
    table: RouteTable,
    scratch: Scratch,
}

impl Receiver {
    fn new(routes: &[String], seed: u64) -> Self {
        let limits = Limits::default().with_route_bytes(usize::MAX);
        let mut builder = RouteTable::builder().limits(limits).hash_seed(seed);
        for (number, route) in routes.iter().enumerate() {
            builder = builder.route(number.to_string(), route);
        }
        let table = builder.build().expect("good routes");
        let scratch = table.create_scratch();
        Self { table, scratch }
    }

    /// The steps for routing a message, and the number of routes that match it.
    fn steps(&mut self, sent: &Sent) -> u64 {
        let system = [("contentType", "application/json"), ("contentEncoding", sent.encoding)];
        let origin = Origin::module("device", "sensor").output("temperature");
        let origin = match &sent.source {
            Some(source) => origin.with_source(source),
            None => origin,
        };
        let message = Message::new(origin).properties(&sent.properties).system_properties(&system).body(&sent.body);
        let Self { table, scratch } = self;
        counted(|| table.route_with(scratch, &message).len()).0
    }
}

impl Sent {
    /// The number of bytes that its sender wrote.
    fn bytes(&self) -> usize {
        let of_pair = |(name, value): &(String, Option<String>)| name.len() + value.as_ref().map_or(0, String::len);
        let properties: usize = self.properties.iter().map(of_pair).sum();
        properties + self.body.len() + self.source.as_ref().map_or(0, String::len)
    }
}

impl Shape {
    /// The curve; for a growing message, the curve of the table where it is higher.
    pub(super) fn curve(&self, seed: u64) -> Curve {
        match self.grows {
            Grows::Routes(make) => Curve::new(self.name, self.slope, "routes", self.first, |n| {
                let (routes, sent) = make(n);
                Point { size: size(n), steps: Receiver::new(&routes, seed).steps(&sent) }
            }),
            Grows::Message(make) => {
                let curves = [false, true].map(|is_large| {
                    let mut receiver = Receiver::new(&message_routes(is_large), seed);
                    Curve::new(self.name, self.slope, "bytes", self.first, |n| {
                        let sent = make(n);
                        Point { size: size(sent.bytes()), steps: receiver.steps(&sent) }
                    })
                });
                let [small, large] = curves;
                small.assert_linear();
                if small.points[3].steps > large.points[3].steps { small } else { large }
            }
        }
    }
}

#[test]
fn work_is_linear_in_hostile_messages_and_tables() {
    for shape in SHAPES {
        shape.curve(7).assert_linear();
    }
}
