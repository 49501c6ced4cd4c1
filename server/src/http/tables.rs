//! Lists as CSV (RFC 4180), safe to open in a spreadsheet: a cell that a program would read as a formula is quoted with
//! an apostrophe.

use event_store::Result;
use event_store::error::Error;
use serde_json::Value;

/// What makes a spreadsheet take a cell for a formula when it comes first.
const FORMULA_STARTS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\0'];

/// One row per item, one column per field in the order of the first item that has it; what is nested is JSON text.
pub fn to_csv(items: &[Value]) -> Result<String> {
    let mut columns: Vec<&str> = Vec::new();
    for field in items
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|item| item.keys())
    {
        if !columns.contains(&field.as_str()) {
            columns.push(field);
        }
    }
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let failed = |error: csv::Error| Error::Internal(Box::new(error));
    if !columns.is_empty() {
        writer.write_record(&columns).map_err(failed)?;
    }
    for item in items {
        writer
            .write_record(columns.iter().map(|column| cell(item.get(column))))
            .map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::Internal(error.to_string().into()))?;
    String::from_utf8(bytes).map_err(|error| Error::Internal(Box::new(error)))
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.starts_with(FORMULA_STARTS) => format!("'{text}"),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let csv = to_csv(&[
            json!({"name": "=1+1", "count": -3, "tags": ["a", "b"]}),
            json!({"name": "a,\"b\"\r\nc"}),
        ]);
        let expected =
            "name,count,tags\r\n'=1+1,-3,\"[\"\"a\"\",\"\"b\"\"]\"\r\n\"a,\"\"b\"\"\r\nc\",,\r\n";
        assert_eq!(csv.unwrap(), expected);
    }
}
