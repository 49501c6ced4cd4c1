//! The tool `aggregate`: the dashboard's days, summed, so that a model need not reckon.

use std::collections::BTreeMap;

use domain::refusal::Refusal;
use domain::slots::parse_date;
use event_store::Result;
use serde_json::{Map, Value, json};

use super::calls::Caller;

/// Pages of the dashboard that one call reads; it shows at most 366 days.
const MAX_PAGES: usize = 4;
const PAGE: u64 = 200;
/// What is no sum of its days.
const NO_SUMS: [&str; 2] = ["conversion", "other_currencies"];

/// Sums the days from `from` to `to` by what `by` says: one row each.
pub(super) async fn aggregate(caller: &Caller, mut arguments: Map<String, Value>) -> Result<Value> {
    let by = arguments.remove("by").unwrap_or_else(|| "total".into());
    let label = match by.as_str() {
        Some("total") => |_: &str| Some("total".to_owned()),
        Some("month") => |date: &str| date.get(..7).map(str::to_owned),
        Some("week") => week,
        _ => {
            let message = "total, month or week";
            return Err(Refusal::field("/by", "value-unknown", message).into());
        }
    };
    arguments.insert("limit".to_owned(), PAGE.into());
    let mut sums: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for _ in 0..MAX_PAGES {
        let page = caller.query("dashboard", arguments.clone()).await?;
        for day in page["items"].as_array().into_iter().flatten() {
            let label = day["date"].as_str().and_then(label).unwrap_or_default();
            add(sums.entry(label).or_default(), day);
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        arguments.insert("cursor".to_owned(), cursor.into());
    }
    let rows = sums.into_iter().map(|(label, sums)| {
        let mut row = Map::from_iter([("period".to_owned(), Value::String(label))]);
        row.extend(sums);
        Value::Object(row)
    });
    Ok(json!({ "items": rows.collect::<Vec<_>>(), "next_cursor": null }))
}

/// Adds whole numbers; keeps the currency.
fn add(sums: &mut Map<String, Value>, day: &Value) {
    for (name, value) in day.as_object().into_iter().flatten() {
        if NO_SUMS.contains(&name.as_str()) || name == "date" {
            continue;
        }
        match value.as_i64() {
            Some(number) => {
                let sum = sums.get(name).and_then(Value::as_i64).unwrap_or(0);
                sums.insert(name.clone(), sum.saturating_add(number).into());
            }
            None if value.is_string() => {
                sums.insert(name.clone(), value.clone());
            }
            None => {}
        }
    }
}

/// `2026-W07` (ISO 8601).
fn week(date: &str) -> Option<String> {
    let (year, week, _) = parse_date(date).ok()?.to_iso_week_date();
    Some(format!("{year:04}-W{week:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_summed_and_what_is_no_sum_is_left_out() {
        let mut sums = Map::new();
        let day = json!({ "date": "2026-02-09", "leads": 2, "conversion": 0.5, "currency": "USD", "other_currencies": [] });
        add(&mut sums, &day);
        add(&mut sums, &day);
        assert_eq!(
            Value::Object(sums),
            json!({ "leads": 4, "currency": "USD" })
        );
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        assert_eq!(week("2026-01-01").as_deref(), Some("2026-W01"));
        assert_eq!(week("2027-01-01").as_deref(), Some("2026-W53"));
    }
}
