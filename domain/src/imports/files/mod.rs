//! A file of customers as a table: what its bytes mean, and its rows. Whoever made it may have meant ill, so everything has
//! a limit and nothing is trusted.

mod tables;
mod vcards;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{Format, MAX_FILE_BYTES};
use crate::refusal::Refusal;

/// How many bytes tell UTF-16 without a mark from other text.
const SNIFFED_BYTES: usize = 512;

/// A file as a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// What its bytes were found to be.
    pub encoding: String,
    pub columns: Vec<String>,
    /// Each as long as the header.
    pub rows: Vec<Vec<String>>,
}

/// Reads a file.
///
/// # Errors
/// 422 `file-empty`, `file-not-text`, `file-malformed` with the line, `row-limit-reached`, `column-limit-reached`,
/// `cell-too-long`, each saying what would be right.
pub fn read(format: Format, bytes: &[u8]) -> Result<Table, Refusal> {
    if bytes.len() > MAX_FILE_BYTES {
        let detail = format!("a file has at most {MAX_FILE_BYTES} bytes; cut it into several");
        return Err(Refusal::invalid("file-too-large", detail));
    }
    let encoding = encoding_of(bytes);
    let (text, encoding, _) = encoding.decode(bytes);
    if text.trim().is_empty() {
        return Err(Refusal::invalid("file-empty", "there is nothing in it"));
    }
    if text.contains('\0') {
        let detail = "the file holds NUL characters, so it is no text; save it as CSV in UTF-8";
        return Err(Refusal::invalid("file-not-text", detail));
    }
    let (columns, rows) = match format {
        Format::Csv => tables::read(&text)?,
        Format::Vcard => vcards::read(&text)?,
    };
    Ok(Table {
        encoding: encoding.name().to_owned(),
        columns,
        rows,
    })
}

/// By its mark; else UTF-8 where it is that; else UTF-16 where every other byte is zero; else what spreadsheets in the West
/// write.
fn encoding_of(bytes: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let sniffed = &bytes[..bytes.len().min(SNIFFED_BYTES) & !1];
    let zeros = |odd: usize| {
        let at = sniffed.iter().skip(odd).step_by(2);
        at.filter(|byte| **byte == 0).count()
    };
    let most = sniffed.len() / 4;
    if most > 0 && zeros(1) > most && zeros(0) == 0 {
        return UTF_16LE;
    }
    if most > 0 && zeros(0) > most && zeros(1) == 0 {
        return UTF_16BE;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name,email\r\nZoë,zoe@example.org\r\n";

    fn utf_16(text: &str, mark: bool, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(bytes_of).collect()
    }

    #[test]
    fn the_encoding_is_found() {
        let western = WINDOWS_1252.encode(TEXT).0.into_owned();
        let marked = [b"\xef\xbb\xbf".as_slice(), TEXT.as_bytes()].concat();
        for (bytes, encoding) in [
            (TEXT.as_bytes().to_vec(), "UTF-8"),
            (marked, "UTF-8"),
            (western, "windows-1252"),
            (utf_16(TEXT, true, u16::to_le_bytes), "UTF-16LE"),
            (utf_16(TEXT, true, u16::to_be_bytes), "UTF-16BE"),
            (utf_16(TEXT, false, u16::to_le_bytes), "UTF-16LE"),
        ] {
            let table = read(Format::Csv, &bytes).unwrap();
            assert_eq!(table.encoding, encoding);
            assert_eq!(table.columns, ["name", "email"]);
            assert_eq!(table.rows, [["Zoë", "zoe@example.org"]]);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let code = |bytes: &[u8]| read(Format::Csv, bytes).unwrap_err().code;
        assert_eq!(code(b"a,b\n1,\0\n"), "file-not-text");
        assert_eq!(code(b" \r\n"), "file-empty");
        assert_eq!(code(&vec![b'a'; MAX_FILE_BYTES + 1]), "file-too-large");
    }
}
