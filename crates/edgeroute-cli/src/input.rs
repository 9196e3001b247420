//! Reads files and standard input, and reports errors with the name of the input.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;

/// The name of an input in messages.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "<stdin>".to_owned() } else { printable(&path.to_string_lossy()) }
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// # Errors
/// Fails if standard input is given more than once.
pub(crate) fn check_stdin_once(paths: impl IntoIterator<Item: AsRef<Path>>) -> io::Result<()> {
    match paths.into_iter().filter(|path| is_stdin(path.as_ref())).nth(1) {
        Some(_) => Err(io::Error::other("standard input can be given only once")),
        None => Ok(()),
    }
}

/// Opens an input. Returns the stream, and its length if known.
///
/// # Errors
/// Errors name the file.
pub(crate) fn open(path: &Path) -> io::Result<(Box<dyn Read>, Option<u64>)> {
    if is_stdin(path) {
        return Ok((Box::new(io::stdin()), None));
    }
    if path.is_dir() {
        return Err(named(
            path,
            &io::Error::new(io::ErrorKind::IsADirectory, "this is a directory; name a file in it"),
        ));
    }
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let length = file.metadata().ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len());
    Ok((Box::new(file), length))
}

/// The longest file that is read whole, in bytes: 1 GiB.
const LONGEST: u64 = 1 << 30;

/// Reads a whole file as text.
///
/// # Errors
/// Errors name the file. Fails if it is not UTF-8, or longer than [`LONGEST`], as an endless stream would be.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_bytes(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid(path, &format!("not valid UTF-8 at byte {at}"))
    })
}

/// Reads a whole file.
///
/// # Errors
/// Errors name the file. Fails if it is longer than [`LONGEST`], as an endless stream would be.
pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, LONGEST)
}

fn read_up_to(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let (reader, length) = open(path)?;
    let capacity = length.filter(|&length| length <= longest).and_then(|length| usize::try_from(length).ok());
    // One byte more than needed, so that the end is found without growing the buffer.
    let mut bytes = Vec::with_capacity(capacity.map_or(0, |capacity| capacity + 1));
    let read = reader.take(longest.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| named(path, &error))?;
    if u64::try_from(read).is_ok_and(|read| read > longest) {
        let message = format!("longer than {longest} bytes");
        return Err(named(path, &io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    Ok(bytes)
}

/// The error about an input whose content cannot be used.
pub(crate) fn invalid(path: &Path, reason: &str) -> io::Error {
    named(path, &io::Error::new(io::ErrorKind::InvalidData, reason))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", name(path)))
}

/// Writes a line to standard error. A failure is ignored, because there is nowhere left to report it.
pub(crate) fn report(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Replaces the control characters of an untrusted string, which a terminal would interpret.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match u32::from(c) {
            // The control pictures are in the same order as the control characters.
            code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER),
            0x7f => '\u{2421}',
            0x80..=0x9f => char::REPLACEMENT_CHARACTER,
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_a_length() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "12345").expect("written");
        assert_eq!(read_up_to(file.path(), 5).expect("short enough"), b"12345");
        let error = read_up_to(file.path(), 4).expect_err("too long").to_string();
        assert!(error.ends_with(": longer than 4 bytes") && error.starts_with(&name(file.path())), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn a_stream_that_never_ends_is_given_up() {
        let error = read_up_to(Path::new("/dev/zero"), 1 << 20).expect_err("never ends").to_string();
        assert_eq!(error, "/dev/zero: longer than 1048576 bytes");
    }
}
