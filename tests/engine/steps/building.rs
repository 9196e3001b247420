//! Hostile routes: the cost from text to table.

use super::{Curve, Point, joined, size};
use edgeroute::RouteTable;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::steps::counted;

/// A family of routes by size.
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// The maximum number of steps per hundred bytes of all routes.
    pub(super) slope: u64,
    /// The smallest size.
    pub(super) first: usize,
    pub(super) write: fn(usize) -> Vec<String>,
}

fn one(condition: &str) -> Vec<String> {
    vec![format!("FROM /* WHERE {condition} INTO $upstream")]
}

fn many(count: usize, condition: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).flat_map(|n| one(&condition(n))).collect()
}

fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// Nests as deep as the limit allows, around the part that grows.
fn deep(open: &str, inner: &str, close: &str) -> Vec<String> {
    one(&nested(990, open, inner, close))
}

pub(super) const SHAPES: [Shape; 43] = [
    Shape {
        name: "a disjunction of equalities of one property",
        slope: 570,
        first: 1_000,
        write: |n| one(&joined(n, " or ", |i| format!("a = 'v{i}'"))),
    },
    Shape {
        name: "the same, of long constants that begin alike",
        slope: 200,
        first: 500,
        write: |n| one(&joined(n, " or ", |i| format!("a = 'a constant that is rather long {i}'"))),
    },
    Shape {
        name: "a conjunction of inequalities of one property",
        slope: 490,
        first: 1_000,
        write: |n| one(&joined(n, " and ", |i| format!("a != 'v{i}'"))),
    },
    Shape {
        name: "a conjunction of affixes of one property",
        slope: 360,
        first: 500,
        write: |n| one(&joined(n, " and ", |i| format!("contains(a, 'v{i}')"))),
    },
    Shape {
        name: "a disjunction of pairs",
        slope: 570,
        first: 500,
        write: |n| one(&joined(n, " or ", |i| format!("(a = '{i}' and b = '{i}')"))),
    },
    Shape {
        name: "a conjunction of choices",
        slope: 550,
        first: 500,
        write: |n| one(&joined(n, " and ", |i| format!("(a = '{i}' or b = '{i}')"))),
    },
    Shape {
        name: "a conjunction of choices of one property",
        slope: 580,
        first: 500,
        write: |n| one(&joined(n, " and ", |i| format!("(a = '{i}' or a = 'v{i}')"))),
    },
    Shape {
        name: "64 disjuncts, each of many choices",
        slope: 600,
        first: 5,
        write: |n| {
            one(&joined(64, " or ", |i| {
                format!("(c{i} = 'x' and {})", joined(n, " and ", |j| format!("(a = '{i}.{j}' or b = 'x')")))
            }))
        },
    },
    Shape {
        name: "a disjunction of different properties",
        slope: 540,
        first: 1_000,
        write: |n| one(&joined(n, " or ", |i| format!("a{i} = 'x'"))),
    },
    Shape {
        name: "an expression for each part",
        slope: 470,
        first: 300,
        write: |n| one(&joined(n, " and ", |i| format!("length(a) > {i}"))),
    },
    Shape {
        name: "one expression of many operations",
        slope: 340,
        first: 500,
        write: |n| one(&format!("{} > 5", joined(n, " + ", |i| format!("length(a{i})")))),
    },
    Shape {
        name: "a concatenation",
        slope: 320,
        first: 1_000,
        write: |n| one(&format!("({}) = 'x'", joined(n, " || ", |i| format!("a{i}")))),
    },
    Shape {
        name: "a concatenation of constants",
        slope: 190,
        first: 1_000,
        write: |n| one(&format!("({}) = a", joined(n, " || ", |_| "'constant'".to_owned()))),
    },
    Shape {
        name: "functions nested around a long constant",
        slope: 510,
        first: 1_000,
        write: |n| {
            deep("lower(", &format!("'{}'", "x".repeat(n)), ")")
                .iter()
                .map(|text| text.replace(" INTO", " = a INTO"))
                .collect()
        },
    },
    Shape {
        name: "nested parentheses around a disjunction",
        slope: 550,
        first: 500,
        write: |n| deep("(", &joined(n, " or ", |i| format!("a = 'v{i}'")), ")"),
    },
    Shape {
        name: "negations around a disjunction",
        slope: 270,
        first: 500,
        write: |n| deep("not (", &joined(n, " or ", |i| format!("a = 'v{i}'")), ")"),
    },
    Shape {
        name: "a disjunction that nests to the right",
        slope: 610,
        first: 1_000,
        write: |n| deep("b = 'x' or (", &joined(n, " or ", |i| format!("a = 'v{i}'")), ")"),
    },
    Shape {
        name: "conjunctions and disjunctions in turns",
        slope: 600,
        first: 1_000,
        write: |n| {
            one(&format!(
                "{}{}{}",
                "b = 'x' and (c = 'y' or (".repeat(490),
                joined(n, " or ", |i| format!("a = 'v{i}'")),
                "))".repeat(490)
            ))
        },
    },
    Shape {
        name: "a concatenation that nests to the right",
        slope: 380,
        first: 1_000,
        write: |n| one(&format!("{} = 'x'", nested(990, "(a || ", &joined(n, " || ", |i| format!("a{i}")), ")"))),
    },
    Shape {
        name: "a negation of each part",
        slope: 470,
        first: 1_000,
        write: |n| one(&joined(n, " and ", |i| format!("not (a = 'v{i}')"))),
    },
    Shape {
        name: "bools compared with bools",
        slope: 320,
        first: 990,
        write: |n| one(&format!("{}a = 'x'{}", "(".repeat(n.min(990)), " = false)".repeat(n.min(990)))),
    },
    Shape { name: "a long constant", slope: 23, first: 20_000, write: |n| one(&format!("a = '{}'", "x".repeat(n))) },
    Shape {
        name: "a constant of escapes",
        slope: 13,
        first: 5_000,
        write: |n| one(&format!("a = '{}'", "\\u00e9".repeat(n))),
    },
    Shape { name: "a long name", slope: 20, first: 20_000, write: |n| one(&format!("{} = 'x'", "x".repeat(n))) },
    Shape {
        name: "a long body path",
        slope: 150,
        first: 5_000,
        write: |n| one(&format!("$body{} = 'x'", ".a".repeat(n))),
    },
    Shape {
        name: "body paths",
        slope: 470,
        first: 500,
        write: |n| one(&joined(n, " or ", |i| format!("$body.a{i}.b = 5"))),
    },
    Shape {
        name: "a long number",
        slope: 12,
        first: 20_000,
        write: |n| one(&format!("as_number(a) > {}", "9".repeat(n))),
    },
    Shape { name: "comments", slope: 66, first: 5_000, write: |n| one(&format!("{} a = 'x'", "/**/".repeat(n))) },
    Shape {
        name: "comments that are never closed",
        slope: 340,
        first: 5_000,
        write: |n| one(&format!("a = 'x' {}", "/* ".repeat(n))),
    },
    Shape { name: "strings that are never closed", slope: 12, first: 5_000, write: |n| one(&"\\\"'".repeat(n)) },
    Shape {
        name: "strings with invalid escapes",
        slope: 320,
        first: 2_000,
        write: |n| one(&joined(n, " = ", |_| "'\\q'".to_owned())),
    },
    Shape {
        name: "errors in groups",
        slope: 570,
        first: 2_000,
        write: |n| one(&joined(n, " and ", |_| "(a b)".to_owned())),
    },
    Shape {
        name: "lists in brackets",
        slope: 150,
        first: 2_000,
        write: |n| one(&joined(n, " and ", |_| "a in [".to_owned())),
    },
    Shape {
        name: "placeholders that are never closed",
        slope: 43,
        first: 2_000,
        write: |n| one(&format!("a \"{}\"", "<".repeat(n))),
    },
    Shape {
        name: "parentheses that close nothing",
        slope: 270,
        first: 5_000,
        write: |n| one(&format!("(a){}", ")".repeat(n))),
    },
    Shape {
        name: "wrong types everywhere",
        slope: 270,
        first: 1_000,
        write: |n| one(&joined(n, " and ", |_| "a > 5".to_owned())),
    },
    Shape {
        name: "unknown functions",
        slope: 170,
        first: 1_000,
        write: |n| one(&joined(n, " and ", |_| "startswith(a, 'x')".to_owned())),
    },
    Shape {
        name: "routes of one key, a constant each",
        slope: 410,
        first: 500,
        write: |n| many(n, |i| format!("a = 'v{i}' and b != 'x'")),
    },
    Shape {
        name: "routes that take everything",
        slope: 250,
        first: 500,
        write: |n| vec!["FROM /* INTO $upstream".to_owned(); n],
    },
    Shape {
        name: "ranges within each other",
        slope: 370,
        first: 500,
        write: |n| many(n, |i| format!("as_number(a) > {i} and as_number(a) < {}", 1_000_000 - i)),
    },
    Shape {
        name: "prefixes, each of the next",
        slope: 210,
        first: 100,
        write: |n| many(100, |i| format!("starts_with(a, '{}')", "x".repeat(i * n / 100 + 1))),
    },
    Shape {
        name: "sources that nest",
        slope: 350,
        first: 50,
        write: |n| (0..100).map(|i| format!("FROM /messages/{}* INTO $upstream", "a/".repeat(i * n / 100))).collect(),
    },
    Shape {
        name: "routes of many properties each",
        slope: 470,
        first: 50,
        write: |n| many(n, |i| joined(20, " and ", |j| format!("a{} = 'v'", i * 20 + j))),
    },
];

/// The bytes of the routes, and the steps from their texts to a table, or for bad routes to their errors.
pub(super) fn build(routes: &[String]) -> Point {
    let limits = Limits::default().with_route_bytes(usize::MAX);
    let mut builder = RouteTable::builder().limits(limits).hash_seed(7);
    for (number, route) in routes.iter().enumerate() {
        builder = builder.route(number.to_string(), route);
    }
    let (steps, compiled) = counted(|| builder.build_partial());
    compiled.expect("bad routes are skipped");
    Point { size: size(routes.iter().map(String::len).sum()), steps }
}

impl Shape {
    pub(super) fn curve(&self) -> Curve {
        Curve::new(self.name, self.slope, "bytes", self.first, |n| build(&(self.write)(n)))
    }
}

#[test]
fn work_is_linear_in_hostile_routes() {
    for shape in SHAPES {
        shape.curve().assert_linear();
    }
}
