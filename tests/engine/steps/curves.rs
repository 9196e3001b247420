//! Checks the tables of `docs/complexity.md`.

use super::{Curve, building, matching};

#[test]
#[ignore = "prints tables"]
fn print() {
    println!(
        "| routes | bytes | steps at n | 2n | 4n | 8n | steps a byte | at most |\n|---|--:|--:|--:|--:|--:|--:|--:|"
    );
    for shape in building::SHAPES {
        println!("{}", row(&shape.curve()));
    }
    for unit in ["bytes", "routes"] {
        let of = unit.trim_end_matches('s');
        println!(
            "\n| shape | {unit} | steps at n | 2n | 4n | 8n | steps a {of} | at most |\n|---|--:|--:|--:|--:|--:|--:|--:|"
        );
        for curve in matching::SHAPES.iter().map(|shape| shape.curve(7)).filter(|curve| curve.unit == unit) {
            println!("{}", row(&curve));
        }
    }
}

fn row(curve: &Curve) -> String {
    let Curve { name, slope, points, .. } = curve;
    let [first, second, third, last] = points;
    let hundredths = |number: u64| format!("{}.{:02}", number / 100, number % 100);
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} |",
        first.size,
        first.steps,
        second.steps,
        third.steps,
        last.steps,
        hundredths(last.steps * 100 / last.size),
        hundredths(*slope)
    )
}

/// The document must have a row for each shape, with the slope that the tests enforce.
#[test]
fn the_document_has_every_shape() {
    let document = include_str!("../../../docs/complexity.md");
    let shapes = building::SHAPES.iter().map(|shape| (shape.name, shape.slope));
    for (name, slope) in shapes.chain(matching::SHAPES.iter().map(|shape| (shape.name, shape.slope))) {
        let row = document.lines().find(|line| line.starts_with(&format!("| {name} |")));
        let end = format!("| {}.{:02} |", slope / 100, slope % 100);
        assert!(row.is_some_and(|row| row.ends_with(&end)), "no row for `{name}` that ends in `{end}`");
    }
}
