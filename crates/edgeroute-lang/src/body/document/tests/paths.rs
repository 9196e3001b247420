//! Tests of the values that paths find.

use super::*;
use crate::body::path::Step;

#[test]
fn members_and_elements_are_found_by_path() {
    let document = read(
        r#" {"t": true, "f": false, "u": null, "n": -2.5, "s": "str", "o": {"x": {"y": 1}}, "a": [1, [2, 3], {"k": 4}],
            "5x": 5, "e": {}, "l": [], "$": {"a": 6}, "$x": 7, "": 8, "D": "2020-01-01T00:00:00Z"} "#,
    );
    let table = [
        ("t", Found::Bool(true)),
        ("f", Found::Bool(false)),
        ("u", Found::Null),
        ("n", Found::Number(-2.5)),
        ("s", Found::Text("str")),
        ("o", Found::Object),
        ("o.x.y", Found::Number(1.0)),
        ("$.o.x.y", Found::Number(1.0)),
        ("a", Found::Array),
        ("a[0]", Found::Number(1.0)),
        ("a[1][1]", Found::Number(3.0)),
        ("a[2].k", Found::Number(4.0)),
        ("5x", Found::Number(5.0)),
        ("D", Found::Date),
        ("$x", Found::Number(7.0)),
        ("$.$.a", Found::Number(6.0)),
        ("$", Found::Object),
        ("\u{A0}", Found::Number(8.0)),
        ("T", Found::Missing),
        ("none.x", Found::Missing),
        ("s.x", Found::Missing),
        ("a.k", Found::Missing),
        ("a[3]", Found::Missing),
        ("o[0]", Found::Missing),
        ("$[0]", Found::Missing),
        ("a]", Found::Impossible),
        ("none[2147483648]", Found::Impossible),
    ];
    for (path, expected) in table {
        check(&document, path, expected);
    }
}

#[test]
fn wildcards_reach_all_members_or_elements() {
    let document = read(r#"{"e": {}, "one": {"k": 5}, "two": {"k": 5, "l": null}, "a": [[1]], "m": [[1, 2]]}"#);
    check(&document, "*", Found::Several);
    check(&document, "e.*", Found::Missing);
    check(&document, "one.*", Found::Number(5.0));
    check(&document, "two.*", Found::Several);
    check(&document, "*.l", Found::Null);
    check(&document, "*.k", Found::Several);
    check(&document, "a.*", Found::Missing);
    check(&document, "a[0][*]", Found::Number(1.0));
    check(&document, "m[0][*]", Found::Several);
    check(&document, "one[0][*]", Found::Missing);
}

#[test]
fn descendants_are_reached_once_for_every_way_to_them() {
    let document = read(r#"{"a": [[{"x": {"k": 1}}, {"k": {"k": 2}}, 3, []]]}"#);
    check(&document, "a[0][0]..k", Found::Number(1.0));
    check(&document, "a[0][0]..x", Found::Object);
    check(&document, "a[0][1]..k", Found::Several);
    check(&document, "a[0][1]..k.k", Found::Number(2.0));
    check(&document, "a[0][1]..k..k", Found::Number(2.0));
    check(&document, "a[0][0]..*..k", Found::Several);
    check(&document, "a[0][0]..none", Found::Missing);
    check(&document, "a[0][2]..*", Found::Number(3.0));
    check(&document, "a[0][2]..k", Found::Missing);
    check(&document, "a[0][3]..*", Found::Array);
    check(&document, "a[0][9]..*", Found::Missing);
    check(&document, "a[0]['x']..k", Found::Missing);
}

#[test]
fn a_negative_index_fails_only_on_arrays() {
    let document = read(r#"{"a": [[1]], "o": [{"x": 1}]}"#);
    check(&document, "a[0][-1]", Found::Impossible);
    check(&document, "o[0][-1]", Found::Missing);
    check(&document, "none[0][-1]", Found::Missing);
    check(&document, "*[0][-1]", Found::Impossible);
}

/// Follows every way to every node of a path, one by one, as the reference does.
fn ways(document: &Document, steps: &[Step]) -> Option<Vec<NodeId>> {
    fn all_below(document: &Document, id: NodeId, name: Option<&str>) -> Vec<NodeId> {
        let elements = document.elements(id).iter().map(|&element| (element, None));
        let members = document.members(id).iter();
        let members = members.map(|member| (member.value, Some(document.text(&member.name))));
        let mut below = Vec::new();
        for (child, child_name) in elements.chain(members) {
            if name.is_none() || child_name == name {
                below.push(child);
            }
            below.extend(all_below(document, child, name));
        }
        below
    }
    let mut reached = vec![document.root()];
    for step in steps {
        let mut next = Vec::new();
        for id in reached {
            match step {
                Step::Member(name) => next.extend(document.member(id, name)),
                Step::Members => next.extend(document.members(id).iter().map(|member| member.value)),
                Step::Index(index) => {
                    next.extend(document.elements(id).get(usize::try_from(*index).expect("a small index")));
                }
                Step::NegativeIndex if document.found(id) == Found::Array => return None,
                Step::NegativeIndex => {}
                Step::Elements => next.extend(document.elements(id)),
                Step::Descendants(name) => next.extend(all_below(document, id, Some(name))),
                Step::AllDescendants => {
                    next.push(id);
                    next.extend(all_below(document, id, None));
                }
            }
        }
        reached = next;
    }
    Some(reached)
}

proptest! {
    #[test]
    fn reaching_a_value_in_several_ways_is_distinguished_from_one(
        value in any_value(),
        steps in proptest::collection::vec(
            prop::sample::select(vec![".a", ".b", "..a", "..b", ".*", "..*", "[0]", "[*]", "['a']", "..['b']", "[-1]"]),
            0..5,
        ),
    ) {
        let document = read(&serde_json::json!({ "root": [[value]] }).to_string());
        let path = BodyPath::parse(&format!("root[0][0]{}", steps.concat())).expect("a path");
        let expected = match ways(&document, path.steps().expect("steps")).as_deref() {
            None => Found::Impossible,
            Some([]) => Found::Missing,
            Some(&[only]) => document.found(only),
            Some(_) => Found::Several,
        };
        prop_assert_eq!(document.select(&path), expected, "{}", path);
    }
}
