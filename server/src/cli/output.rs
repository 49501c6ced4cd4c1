//! What subcommands print: aligned tables for people and JSON for scripts on standard output; everything beside the
//! answer (progress, warnings, reasons) on standard error.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Table, presets};
use domain::money::Money;
use event_store::error::Error;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::Outcome;
use crate::http::problems;

/// How a subcommand answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Table,
    Json,
}

/// The longest text in a table's cell; a record shows all of it.
const MAX_CELL_CHARS: usize = 60;
/// Blanks between two columns.
const GAP_CHARS: usize = 2;
/// What stands where there is nothing.
const NOTHING: &str = "-";
const TO_THE_SECOND: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
const MINUTE_SECONDS: f64 = 60.0;
const HOUR_SECONDS: f64 = 60.0 * MINUTE_SECONDS;
const DAY_SECONDS: f64 = 24.0 * HOUR_SECONDS;

/// Prints one line. A closed pipe is an error, and no panic.
pub fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints one JSON document.
pub fn document(value: &impl Serialize) -> Outcome {
    Ok(line(&serde_json::to_string_pretty(value)?)?)
}

/// Prints rows under their heads, or the sentence for none.
pub fn table(heads: &[&str], rows: Vec<Vec<String>>, none: &str) -> io::Result<()> {
    if rows.is_empty() {
        return line(none);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(heads.iter().map(|head| head.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| harmless(cell)));
    }
    align(&mut table);
    line(&table.trim_fmt())
}

/// Prints names and values below each other, whole.
pub fn record(pairs: &[(&str, String)]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for (name, value) in pairs {
        table.add_row([(*name).to_owned(), harmless_lines(value)]);
    }
    align(&mut table);
    line(&table.trim_fmt())
}

/// A JSON value's leaves by their dotted names, for `record`.
pub fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect_leaves("", value, &mut found);
    found
}

/// A JSON value in a table's cell.
pub fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return NOTHING.to_owned(),
        Some(Value::Array(items)) if items.is_empty() => return NOTHING.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items))
            if items
                .iter()
                .all(|item| !item.is_object() && !item.is_array()) =>
        {
            items
                .iter()
                .map(|item| cell(Some(item)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Some(other) => amount(other).unwrap_or_else(|| other.to_string()),
    };
    shorten(&text)
}

/// A text that may be missing.
pub fn optional(text: Option<&str>) -> String {
    text.unwrap_or(NOTHING).to_owned()
}

/// An instant, to the second.
pub fn instant(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC)
        .format(TO_THE_SECOND)
        .unwrap_or_else(|_| at.to_string())
}

/// An instant that may be missing.
pub fn optional_instant(at: Option<OffsetDateTime>) -> String {
    at.map_or_else(|| NOTHING.to_owned(), instant)
}

/// A span of time in its largest fitting unit.
pub fn span(seconds: f64) -> String {
    match seconds {
        _ if seconds < MINUTE_SECONDS => format!("{seconds:.0} s"),
        _ if seconds < HOUR_SECONDS => format!("{:.0} min", seconds / MINUTE_SECONDS),
        _ if seconds < DAY_SECONDS => format!("{:.1} h", seconds / HOUR_SECONDS),
        _ => format!("{:.1} d", seconds / DAY_SECONDS),
    }
}

/// Says something beside the answer.
pub fn remark(text: &str) {
    // Nobody listening on standard error is no reason to fail.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A bar on standard error; draws nothing unless that is a terminal.
pub fn progress(what: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what.to_owned());
    let style = ProgressStyle::with_template("{msg:24} {wide_bar} {percent:>3} % {eta:>5}");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The columns of standard output, when it is a terminal.
pub fn terminal_columns() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(stdout).map(|(width, _)| usize::from(width.0))
}

/// How many of these columns, from the left, fit into so many characters; at least one.
pub fn columns_that_fit(heads: &[&str], rows: &[Vec<String>], characters: usize) -> usize {
    let mut used = 0;
    for (index, head) in heads.iter().enumerate() {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(index))
            .map(|cell| cell.chars().count());
        used += cells.chain([head.chars().count()]).max().unwrap_or(0);
        if used > characters {
            return index.max(1);
        }
        used += GAP_CHARS;
    }
    heads.len()
}

/// Says why we could not do it: every wrong field, and what would have been right.
pub fn explain(error: &Error, format: Format) {
    match (format, error) {
        (_, Error::Internal(source)) => explain_failure(source.as_ref(), format),
        (Format::Json, _) => remark(&problems::body(error).to_string()),
        (Format::Table, Error::Refused(refusal)) => {
            remark(&format!("rapport: {}", harmless(&refusal.to_string())));
            for field in &refusal.errors {
                remark(&format!(
                    "  {}: {} ({})",
                    field.pointer,
                    harmless(&field.message),
                    field.code
                ));
            }
            for alternative in &refusal.alternatives {
                remark(&format!(
                    "  instead: {}",
                    harmless(&alternative.to_string())
                ));
            }
        }
        (Format::Table, Error::Busy { .. }) => remark(&format!("rapport: {error}")),
    }
}

/// Says why it failed, with the reason's own reasons, for drivers hide theirs.
pub fn explain_failure(reason: &(dyn std::error::Error + 'static), format: Format) {
    let mut detail = reason.to_string();
    let mut below = reason.source();
    while let Some(source) = below {
        let text = source.to_string();
        if !detail.contains(&text) {
            detail = format!("{detail}: {text}");
        }
        below = source.source();
    }
    match format {
        Format::Json => remark(&json!({ "code": "failed", "detail": detail }).to_string()),
        Format::Table => remark(&format!("rapport: {}", harmless_lines(&detail))),
    }
}

/// What strangers wrote must not steer the terminal.
pub fn harmless(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

fn harmless_lines(text: &str) -> String {
    text.split('\n')
        .map(harmless)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Money in words, where that is what the value is.
fn amount(value: &Value) -> Option<String> {
    value.get("amount_minor")?;
    Money::deserialize(value)
        .ok()
        .map(|money| money.to_string())
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_CELL_CHARS) {
        Some(_) => text.chars().take(MAX_CELL_CHARS - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

fn align(table: &mut Table) {
    let gap = u16::try_from(GAP_CHARS).unwrap_or(1);
    for column in table.column_iter_mut() {
        column.set_padding((0, gap));
    }
}

fn collect_leaves(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    let below = |part: &str| {
        if name.is_empty() {
            part.to_owned()
        } else {
            format!("{name}.{part}")
        }
    };
    match value {
        Value::Object(_) if amount(value).is_some() => {
            found.push((name.to_owned(), cell(Some(value))));
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                collect_leaves(&below(field), value, found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, value) in items.iter().enumerate() {
                collect_leaves(&below(&index.to_string()), value, found);
            }
        }
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        Value::Null => found.push((name.to_owned(), NOTHING.to_owned())),
        Value::Array(items) => {
            let texts: Vec<String> = items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect();
            found.push((name.to_owned(), texts.join(", ")));
        }
        other => found.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(harmless("Ada\u{1b}[2J\u{9b}1m"), "Ada\u{fffd}[2J\u{fffd}1m");
        assert_eq!(harmless_lines("one\ntwo\r"), "one\ntwo\u{fffd}");
    }

    #[test]
    fn a_nested_value_becomes_dotted_names() {
        let value = json!({"id": "a", "party": {"adults": 12}, "events": [{"type": "X"}], "tags": ["b", 3], "zone": null});
        let expected = [
            ("id", "a"),
            ("party.adults", "12"),
            ("events.0.type", "X"),
            ("tags", "b, 3"),
            ("zone", "-"),
        ];
        assert_eq!(
            leaves(&value),
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
    }

    #[test]
    fn money_is_shown_as_people_write_it() {
        let price = json!({"total": {"amount_minor": 61_000, "currency": "USD"}, "party": {"amount_minor": "?"}});
        assert_eq!(cell(price.get("total")), "$610.00");
        let expected = [("total", "$610.00"), ("party.amount_minor", "?")];
        assert_eq!(
            leaves(&price),
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
    }

    #[test]
    fn long_texts_are_cut_where_a_letter_ends() {
        let long = json!("ä".repeat(MAX_CELL_CHARS + 1));
        assert_eq!(cell(Some(&long)).chars().count(), MAX_CELL_CHARS);
        let short = json!("ä".repeat(MAX_CELL_CHARS));
        assert_eq!(cell(Some(&short)).chars().count(), MAX_CELL_CHARS);
    }

    #[test]
    fn columns_are_dropped_from_the_right_and_never_all() {
        let rows = vec![vec!["12345".to_owned(), "1".to_owned(), "123".to_owned()]];
        assert_eq!(columns_that_fit(&["a", "b", "c"], &rows, 13), 3);
        assert_eq!(columns_that_fit(&["a", "b", "c"], &rows, 12), 2);
        assert_eq!(columns_that_fit(&["a", "b", "c"], &rows, 1), 1);
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        assert_eq!(
            [0.2, 59.0, 60.0, 5_400.0, 129_600.0].map(span),
            ["0 s", "59 s", "1 min", "1.5 h", "1.5 d"]
        );
    }
}
