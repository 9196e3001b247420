//! "Did you mean": finds the known name nearest to a mistyped one.

/// Returns the candidate nearest to `name`, ignoring ASCII case, if it is near enough: at most one edit in three
/// characters, where swapping two neighbours is one edit. The first of equally near candidates wins. `name` itself is
/// never returned. Takes time proportional to the product of the lengths; names over 64 characters have no near
/// candidate.
///
/// A near name is only a guess: see [`is_slip`].
#[must_use]
pub fn closest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let written = name;
    let name: Vec<char> = name.chars().map(|c| c.to_ascii_lowercase()).collect();
    if name.len() > 64 {
        return None;
    }
    let allowed = name.len().max(3) / 3;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == written {
            continue;
        }
        let other: Vec<char> = candidate.chars().map(|c| c.to_ascii_lowercase()).collect();
        if other.len().abs_diff(name.len()) > allowed {
            continue;
        }
        let distance = edit_distance(&name, &other);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Whether `name` is so near to `meant` that it is almost certainly a slip of the keyboard, and a fix may write `meant`:
/// at most one edit in eight characters, but one in any name, where case, `-` and `_` do not count.
#[must_use]
pub fn is_slip(name: &str, meant: &str) -> bool {
    let bare = |name: &str| -> Vec<char> {
        name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
    };
    let (name, meant) = (bare(name), bare(meant));
    let allowed = (name.len() / 8).max(1);
    name.len() <= 64 && meant.len().abs_diff(name.len()) <= allowed && edit_distance(&name, &meant) <= allowed
}

/// Counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1; width];
        for (j, &to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut distance = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                distance = distance.min(before[j - 1] + 1);
            }
            row[j + 1] = distance;
        }
        before = last;
        last = row;
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["starts_with", "ends_with", "contains", "length"];
        assert_eq!(closest("startswith", known), Some("starts_with"));
        assert_eq!(closest("CONTIANS", known), Some("contains"));
        assert_eq!(closest("frobnicate", known), None);
        assert_eq!(closest(&"x".repeat(1000), known), None);
    }

    #[test]
    fn a_name_is_not_its_own_suggestion() {
        assert_eq!(closest("content", ["content"]), None);
        assert_eq!(closest("Content", ["content"]), Some("content"));
        assert_eq!(closest("content", ["content", "contents"]), Some("contents"));
    }

    #[test]
    fn a_slip_is_nearer_than_a_guess() {
        for (name, meant) in [
            ("startswith", "starts_with"),
            ("sensr", "sensor"),
            ("camera_capture", "camera-Capture"),
            ("conectionModulId", "connectionModuleId"),
        ] {
            assert!(is_slip(name, meant), "{name}");
        }
        for (name, meant) in [("moduleId", "modelId"), ("CameraCaptureGA", "camera-capture")] {
            assert!(closest(name, [meant]).is_some() && !is_slip(name, meant), "{name}");
        }
    }
}
