//! Comma-separated values (RFC 4180), and what spreadsheets make of them: `;` or a tab between cells, empty lines, rows of
//! unlike lengths.

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use crate::imports::{MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS};
use crate::refusal::Refusal;

const DELIMITERS: [u8; 4] = *b",;\t|";

/// The header, and the rows as wide as it.
pub fn read(text: &str) -> Result<(Vec<String>, Vec<Vec<String>>), Refusal> {
    check_quotes(text)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter_of(text))
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(malformed)?.clone();
    if header.len() > MAX_COLUMNS {
        let detail = format!("a file has at most {MAX_COLUMNS} columns");
        return Err(Refusal::invalid("column-limit-reached", detail));
    }
    let columns = cells(&header, header.len(), 1)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(malformed)?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() > columns.len() && record.iter().skip(columns.len()).any(|c| !c.is_empty())
        {
            let detail = format!(
                "line {line} has {} cells, and the header has {}; put cells with separators in them into quotes",
                record.len(),
                columns.len()
            );
            return Err(Refusal::invalid("file-malformed", detail));
        }
        if rows.len() >= MAX_ROWS {
            let detail = format!("a file has at most {MAX_ROWS} rows; cut it into several");
            return Err(Refusal::invalid("row-limit-reached", detail));
        }
        rows.push(cells(&record, columns.len(), line)?);
    }
    if rows.is_empty() {
        let detail = "there is a header at most, and no row under it";
        return Err(Refusal::invalid("file-empty", detail));
    }
    Ok((columns, rows))
}

fn cells(record: &StringRecord, width: usize, line: u64) -> Result<Vec<String>, Refusal> {
    let mut cells: Vec<String> = Vec::with_capacity(width);
    for cell in record.iter().take(width) {
        if cell.chars().count() > MAX_CELL_CHARS {
            let detail =
                format!("a cell of line {line} is longer than {MAX_CELL_CHARS} characters");
            return Err(Refusal::invalid("cell-too-long", detail));
        }
        cells.push(cell.to_owned());
    }
    cells.resize(width, String::new());
    Ok(cells)
}

/// The sign that the first line has most of outside quotes.
fn delimiter_of(text: &str) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    for byte in text.trim_start().bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            byte if !is_quoted => {
                if let Some(place) = DELIMITERS.iter().position(|sign| *sign == byte) {
                    counts[place] += 1;
                }
            }
            _ => {}
        }
    }
    let most = (0..DELIMITERS.len())
        .rev()
        .max_by_key(|place| counts[*place]);
    DELIMITERS[most.unwrap_or(0)]
}

/// A quote that is opened and never closed would swallow the rest of the file as one cell.
fn check_quotes(text: &str) -> Result<(), Refusal> {
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 0 {
        return Ok(());
    }
    let detail =
        "a quotation mark is opened and never closed; a mark within a cell is written twice";
    Err(Refusal::invalid("file-malformed", detail))
}

fn malformed(error: csv::Error) -> Refusal {
    let line = error.position().map_or(0, csv::Position::line);
    let why = match error.kind() {
        ErrorKind::Utf8 { .. } => "is no text",
        _ => "cannot be read as CSV",
    };
    Refusal::invalid("file-malformed", format!("line {line} {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().1
    }

    #[test]
    fn quotes_separators_and_lines_within_cells_are_kept() {
        let read = rows("name;note\n\"Ada; \"\"the first\"\"\";\"one\ntwo\"\n\n;\nBob\n");
        assert_eq!(read[0], ["Ada; \"the first\"", "one\ntwo"]);
        assert_eq!(read[1], ["Bob", ""]);
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn whatever_parts_the_header_parts_the_rows() {
        for sign in [",", ";", "\t", "|"] {
            let text = format!("a{sign}b\n1{sign}2\n");
            assert_eq!(rows(&text), [["1", "2"]], "{sign}");
        }
    }

    #[test]
    fn hostile_files_are_refused_with_what_is_wrong() {
        let code = |text: &str| read(text).unwrap_err().code;
        assert_eq!(code("a,b\n\"1,2\n3,4\n"), "file-malformed");
        assert_eq!(code("a,b\n1,2,3\n"), "file-malformed");
        assert_eq!(code("a,b\n"), "file-empty");
        let long = "x".repeat(MAX_CELL_CHARS + 1);
        assert_eq!(code(&format!("a,b\n1,{long}\n")), "cell-too-long");
        assert_eq!(
            code(&format!("{}\n1\n", "a,".repeat(MAX_COLUMNS))),
            "column-limit-reached"
        );
        assert_eq!(
            code(&format!("a\n{}", "1\n".repeat(MAX_ROWS + 1))),
            "row-limit-reached"
        );
    }
}
