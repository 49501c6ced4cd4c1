//! The table, `target/bench.json`, and whether the floors hold. Ours and the other are always taken from the same round;
//! the ratio is the median over rounds of the ratios within a round.

use std::path::Path;

use serde::Serialize;

use crate::Result;
use crate::drive::median;

/// Rounds in which the host took more of the processor than this are left out, as long as others remain.
const MAX_STOLEN_PERCENT: f64 = 5.0;
const TARGET: &str = "target/bench.json";

/// Two figures of one round, and the worse of the two times that the host took.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub ours: f64,
    pub other: f64,
    pub stolen_percent: f64,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    More,
    Less,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub unit: &'static str,
    pub ours: f64,
    pub other: f64,
    pub ratio: f64,
    /// Absent where nothing is promised.
    pub target: Option<f64>,
    pub holds: bool,
    pub note: String,
}

impl Row {
    /// A row of medians; `note` says what the other is.
    pub fn of(
        name: impl Into<String>,
        (unit, better): (&'static str, Better),
        pairs: &[Pair],
        target: Option<f64>,
        note: &str,
    ) -> Option<Self> {
        let calm: Vec<&Pair> = pairs
            .iter()
            .filter(|pair| pair.stolen_percent < MAX_STOLEN_PERCENT)
            .collect();
        let kept = if calm.is_empty() {
            pairs.iter().collect()
        } else {
            calm
        };
        if kept.is_empty() {
            return None;
        }
        let ratio = median(kept.iter().map(|pair| pair.ours / pair.other));
        let holds = target.is_none_or(|target| match better {
            Better::More => ratio >= target,
            Better::Less => ratio <= target,
        });
        let left_out = pairs.len() - kept.len();
        let left_out = if left_out == 0 {
            String::new()
        } else {
            format!("; {left_out} rounds left out for stolen time")
        };
        Some(Self {
            name: name.into(),
            unit,
            ours: rounded(median(kept.iter().map(|pair| pair.ours))),
            other: rounded(median(kept.iter().map(|pair| pair.other))),
            ratio: rounded(ratio),
            target,
            holds,
            note: format!("{note}; median of {} rounds{left_out}", kept.len()),
        })
    }
}

/// Prints the table.
#[allow(clippy::print_stdout)]
pub fn print(rows: &[Row]) {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    println!(
        "{:width$}  {:>10}  {:>10}  {:>7}  {:>6}  {:5}  unit: other",
        "", "ours", "other", "ratio", "floor", "holds"
    );
    for row in rows {
        let target = row
            .target
            .map_or_else(|| "-".to_owned(), |target| format!("{target}"));
        let holds = match (row.target, row.holds) {
            (None, _) => "",
            (Some(_), true) => "yes",
            (Some(_), false) => "NO",
        };
        println!(
            "{:width$}  {:>10}  {:>10}  {:>7}  {target:>6}  {holds:5}  {}: {}",
            row.name, row.ours, row.other, row.ratio, row.unit, row.note
        );
    }
}

/// Writes `target/bench.json` in the directory that the program was started in.
pub fn write(rows: &[Row]) -> Result<()> {
    if let Some(directory) = Path::new(TARGET).parent() {
        std::fs::create_dir_all(directory)?;
    }
    std::fs::write(TARGET, serde_json::to_string_pretty(rows)?)?;
    Ok(())
}

/// Four figures are more than such a machine can tell apart.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powf(3.0 - value.abs().log10().floor());
    let rounded = (value * scale).round() / scale;
    if value.abs() >= 1_000.0 {
        rounded.round()
    } else {
        rounded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(ours: f64, other: f64, stolen_percent: f64) -> Pair {
        Pair {
            ours,
            other,
            stolen_percent,
        }
    }

    #[test]
    fn a_floor_holds_when_the_median_of_ratios_reaches_it() {
        let pairs = [
            pair(30.0, 10.0, 0.0),
            pair(16.0, 10.0, 0.0),
            pair(10.0, 10.0, 0.0),
        ];
        let row = Row::of("x", ("1/s", Better::More), &pairs, Some(1.6), "y").unwrap();
        assert!(row.holds);
        assert!((row.ratio - 1.6).abs() < 1e-9);
        assert!(
            !Row::of("x", ("1/s", Better::More), &pairs, Some(1.7), "y")
                .unwrap()
                .holds
        );
        assert!(
            Row::of("x", ("ms", Better::Less), &pairs, Some(1.7), "y")
                .unwrap()
                .holds
        );
    }

    #[test]
    fn stolen_rounds_are_left_out_while_others_remain() {
        let pairs = [pair(1.0, 10.0, 30.0), pair(20.0, 10.0, 0.0)];
        let row = Row::of("x", ("1/s", Better::More), &pairs, None, "y").unwrap();
        assert!((row.ratio - 2.0).abs() < 1e-9);
        assert!(row.note.contains("1 rounds left out"));
        assert!(Row::of("x", ("1/s", Better::More), &[], None, "y").is_none());
    }

    #[test]
    fn figures_keep_four_digits() {
        assert!((rounded(0.123_456) - 0.123_5).abs() < 1e-9);
        assert!((rounded(12_345.6) - 12_350.0).abs() < 1e-9);
        assert!((rounded(12.345_6) - 12.35).abs() < 1e-9);
    }
}
