//! `rapport store`: the event store as it lies in PostgreSQL, for whoever keeps it running.

mod snapshots;

use clap::{Args, Subcommand};
use event_store::holes::{Hole, Holes, MAX_HOLES};
use event_store::store::Store;
use event_store::vacuum::{self, Report};

use self::snapshots::SnapshotCommand;
use super::Outcome;
use super::attached::attached;
use super::output::{self, Format};
use crate::config::DatabaseSettings;
use crate::operations;

const MEBIBYTE: f64 = 1_048_576.0;

#[derive(Subcommand, Debug)]
pub enum StoreCommand {
    Holes(HolesArgs),
    /// Show where dead rows lie, whether autovacuum keeps up, and who keeps rows from being cleared.
    ///
    /// Reads PostgreSQL's own statistics and no table. What sessions of other logins do is shown to superusers and
    /// members of pg_read_all_stats only.
    #[command(
        after_help = "Example:\n  rapport store vacuum-report --json | jq '.tables[] | select(.is_due)'"
    )]
    VacuumReport,
    /// See, check and drop the snapshots of long streams.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
}

/// Show the positions that are missing from the log.
///
/// An open hole is still being written or not judged yet: readers wait at it. A skipped one was drawn by a transaction
/// that is certainly over, or held events of a tenant that was deleted. A filled one holds a tombstone, because its writer could not be judged within a second. Beside
/// them the oldest transaction that may write, for it holds back the judgement of all. Changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport store holes --after 0 --json | jq '.open, .holder'")]
pub struct HolesArgs {
    /// Look behind this position. [default: two million before the newest]
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
}

pub async fn run(settings: &DatabaseSettings, command: &StoreCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        StoreCommand::Holes(args) => show_holes(store, args, format).await,
        StoreCommand::Snapshot(command) => snapshots::run(store, command, format).await,
        StoreCommand::VacuumReport => {
            let report = vacuum::report(&store.pools.engine).await?;
            match format {
                Format::Json => output::document(&report),
                Format::Table => print_report(&report),
            }
        }
    })
    .await
}

async fn show_holes(store: &Store, args: &HolesArgs, format: Format) -> Outcome {
    let (after, found) = operations::store::holes(store, args.after).await?;
    if format == Format::Json {
        let mut document = serde_json::to_value(&found)?;
        document["after"] = after.into();
        return output::document(&document);
    }
    print_holes(&found, after)
}

fn print_holes(found: &Holes, after: i64) -> Outcome {
    let row = |kind: &str, hole: &Hole| {
        vec![
            kind.to_owned(),
            hole.first.to_string(),
            hole.last.to_string(),
            output::span(hole.seconds),
        ]
    };
    let mut rows: Vec<Vec<String>> = found.open.iter().map(|hole| row("open", hole)).collect();
    rows.extend(found.skipped.iter().map(|hole| row("skipped", hole)));
    rows.extend(found.filled.iter().map(|tombstone| {
        vec![
            "filled".to_owned(),
            tombstone.position.to_string(),
            tombstone.position.to_string(),
            output::instant(tombstone.filled_at),
        ]
    }));
    output::table(
        &["hole", "first", "last", "age"],
        rows,
        "No position is missing.",
    )?;
    let holder = match &found.holder {
        None => "none".to_owned(),
        Some(holder) => format!(
            "{} since {}, {} in {}, {}",
            holder.pid.map_or_else(
                || "a prepared transaction".to_owned(),
                |pid| format!("pid {pid}")
            ),
            holder
                .seconds
                .map_or_else(|| "a time that is hidden from us".to_owned(), output::span),
            output::optional(holder.application.as_deref()),
            output::optional(holder.database.as_deref()),
            output::optional(holder.state.as_deref()),
        ),
    };
    output::line("")?;
    output::record(&[
        (
            "looked at",
            format!("positions {after} to {}", found.newest),
        ),
        ("read safely up to", found.safe.to_string()),
        ("open", found.open.len().to_string()),
        ("skipped", found.skipped.len().to_string()),
        ("of deleted tenants, ever", found.deleted.to_string()),
        ("filled, ever", found.filled_total.to_string()),
        ("oldest writing transaction", holder),
    ])?;
    let listed = found.open.len() + found.skipped.len();
    if i64::try_from(listed).unwrap_or(i64::MAX) >= MAX_HOLES {
        output::remark("There may be more: look on with --after.");
    }
    Ok(())
}

fn print_report(report: &Report) -> Outcome {
    let rows = report.tables.iter().map(|table| {
        vec![
            table.name.clone(),
            table.live_rows.to_string(),
            table.dead_rows.to_string(),
            format!("{:.1}", table.bytes as f64 / MEBIBYTE),
            output::optional_instant(table.vacuumed_at),
            output::optional_instant(table.analyzed_at),
            table.frozen_age.to_string(),
            if table.is_due { "due" } else { "-" }.to_owned(),
        ]
    });
    let heads = [
        "table",
        "live",
        "dead",
        "MiB",
        "vacuumed",
        "analyzed",
        "frozen age",
        "autovacuum",
    ];
    output::table(&heads, rows.collect(), "There are no tables.")?;
    output::line("\nWho keeps dead rows from being cleared, oldest first:")?;
    let rows = report.holders.iter().map(|holder| {
        vec![
            holder.kind.clone(),
            holder.name.clone(),
            holder
                .pid
                .map_or_else(|| output::optional(None), |pid| pid.to_string()),
            holder
                .seconds
                .map_or_else(|| output::optional(None), output::span),
            holder
                .age
                .map_or_else(|| output::optional(None), |age| age.to_string()),
        ]
    });
    let heads = ["holder", "name", "pid", "since", "transactions"];
    Ok(output::table(&heads, rows.collect(), "Nobody.")?)
}
