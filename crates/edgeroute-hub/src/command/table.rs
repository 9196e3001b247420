use super::{Failure, Out};

/// Writes rows as columns that are two spaces apart. The last column is not padded. Control characters, which clients
/// may have put into names, are replaced.
pub(super) fn write(out: Out<'_>, head: &[&str], rows: Vec<Vec<String>>) -> Result<(), Failure> {
    let mut all = vec![head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>()];
    all.extend(rows.into_iter().map(|row| row.iter().map(|cell| printable(cell)).collect()));
    let columns = head.len();
    let widths: Vec<_> = (0..columns)
        .map(|column| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in &all {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Replaces control characters, which would act on a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Shows a number of bytes.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

/// Shows a length of time, in milliseconds.
pub(super) fn span(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_harmless() {
        let mut out = Vec::new();
        let rows = vec![vec!["a\u{1b}[2J".to_owned(), "1".to_owned()], vec!["ärger".to_owned(), String::new()]];
        write(&mut out, &["NAME", "N"], rows).expect("written");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), "NAME   N\na\u{fffd}[2J  1\närger\n");
    }

    #[test]
    fn sizes_and_times_are_rounded() {
        assert_eq!([0, 1_536, 5 << 20, 3 << 30].map(bytes), ["0 B", "1.5 KiB", "5.0 MiB", "3.0 GiB"]);
        assert_eq!([5_000, 180_000, 7_200_000, 864_000_000].map(span), ["5 s", "3 min", "2 h", "10 days"]);
    }
}
