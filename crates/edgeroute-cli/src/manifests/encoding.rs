//! Character encodings of manifests: UTF-8, and UTF-16 as some shells and editors write it.
//!
//! A byte-order mark decides. Without one, UTF-16 is recognised by the zero bytes of its first two characters, since
//! JSON begins with ASCII. A byte-order mark stays in the text as U+FEFF, so that writing the text back keeps it.

/// How a text is encoded.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Encoding {
    #[default]
    Utf8,
    Utf16BigEndian,
    Utf16LittleEndian,
}

impl Encoding {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xfe, 0xff, ..] | [0, b'\t'..=b'~', 0, b'\t'..=b'~', ..] => Self::Utf16BigEndian,
            [0xff, 0xfe, ..] | [b'\t'..=b'~', 0, b'\t'..=b'~', 0, ..] => Self::Utf16LittleEndian,
            _ => Self::Utf8,
        }
    }

    /// Decodes a file.
    ///
    /// # Errors
    /// Names the first byte that is not valid in the encoding.
    pub(crate) fn decode(bytes: Vec<u8>) -> Result<(String, Self), String> {
        let encoding = Self::of(&bytes);
        let text = match encoding {
            Self::Utf8 => String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                format!("not valid UTF-8 at byte {at}; save the file as UTF-8")
            })?,
            Self::Utf16BigEndian => utf16(&bytes, u16::from_be_bytes)?,
            Self::Utf16LittleEndian => utf16(&bytes, u16::from_le_bytes)?,
        };
        Ok((text, encoding))
    }

    /// Encodes a text, the inverse of [`decode`](Self::decode).
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16BigEndian => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Utf16LittleEndian => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(format!("not valid UTF-16: an odd number of bytes, {}", bytes.len()));
    }
    let mut text = String::with_capacity(pairs.len());
    let mut at = 0;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = decoded.map_err(|_| format!("not valid UTF-16 at byte {at}; save the file as UTF-8"))?;
        at += 2 * character.len_utf16();
        text.push(character);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"a\": \"é😀\"}\r\n";

    #[test]
    fn every_encoding_is_recognised_and_written_back() {
        for encoding in [Encoding::Utf8, Encoding::Utf16BigEndian, Encoding::Utf16LittleEndian] {
            for text in [TEXT.to_owned(), format!("\u{feff}{TEXT}")] {
                let bytes = encoding.encode(&text);
                let (decoded, found) = Encoding::decode(bytes.clone()).unwrap();
                assert_eq!((&*decoded, found), (&*text, encoding));
                assert_eq!(found.encode(&decoded), bytes);
            }
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_located() {
        let error = |bytes: &[u8]| Encoding::decode(bytes.to_vec()).unwrap_err();
        assert_eq!(error(b"{\"caf\xe9\": 1}"), "not valid UTF-8 at byte 5; save the file as UTF-8");
        assert_eq!(error(b"\xff\xfe{\0\0"), "not valid UTF-16: an odd number of bytes, 5");
        assert_eq!(error(b"\xff\xfe{\0\0\xd8{\0"), "not valid UTF-16 at byte 4; save the file as UTF-8");
        assert_eq!(Encoding::decode(Vec::new()), Ok((String::new(), Encoding::Utf8)));
    }
}
