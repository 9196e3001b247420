//! Compares two texts line by line.

use std::fmt::Write as _;

/// Returns the removed lines after `-` and the added lines after `+`, in their order. Lines in both texts are left out.
/// Takes time and memory proportional to the product of the numbers of lines between the first and the last difference.
pub(crate) fn lines(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let old = old.get(..old.len() - end).unwrap_or_default();
    let new = new.get(..new.len() - end).unwrap_or_default();

    // common[i][j] is the largest number of lines that the rest of `old` from i and the rest of `new` from j share.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    let at = |common: &[Vec<usize>], i: usize, j: usize| common.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    for (i, old) in old.iter().enumerate().rev() {
        for (j, new) in new.iter().enumerate().rev() {
            let longest = if old == new {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = longest;
            }
        }
    }

    let (mut i, mut j, mut text) = (0, 0, String::new());
    loop {
        match (old.get(i), new.get(j)) {
            (Some(removed), Some(added)) if removed == added => (i, j) = (i + 1, j + 1),
            (Some(removed), added) if added.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                let _ = writeln!(text, "-{removed}");
                i += 1;
            }
            (_, Some(added)) => {
                let _ = writeln!(text, "+{added}");
                j += 1;
            }
            _ => return text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_changed_lines_are_listed() {
        assert_eq!(lines("a\nb\nc\nd\n", "a\nc\nx\nd\n"), "-b\n+x\n");
        assert_eq!(lines("", "a\nb\n"), "+a\n+b\n");
        assert_eq!(lines("a\nb\n", ""), "-a\n-b\n");
        assert_eq!(lines("a\na\n", "a\n"), "-a\n");
        assert_eq!(lines("a\n", "a\n"), "");
    }
}
