//! Building read tables anew, comparing, and going back.

use clap::Args;
use domain::refusal::Refusal;
use event_store::store::Store;
use indicatif::ProgressBar;
use projectors::Projection;
use projectors::build::Progress;
use serde_json::{Value, json};

use super::super::operator;
use super::super::output::{self, Format};
use super::choice::Chosen;
use super::{Outcome, Reason};
use crate::operations::rebuilds::{self, Built, Work};
use crate::operations::{By, acts, projections};

/// Build read tables anew from the log.
///
/// They are built beside the old ones, which can be read all the while, compared with them, and take their place in one
/// moment. The old ones are kept: see `rapport projections rollback`. A rebuild has no effects in the world and can be
/// repeated; a running worker goes on with the new tables.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections rebuild bookings customers")]
pub struct RebuildArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Do not compare the new tables with the old before the switch.
    #[arg(long)]
    no_compare: bool,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Build read tables anew beside those in use, and say whether they differ. Nothing is switched.
///
/// Exit code 0 says that they are equal, 3 that they differ. Old tables that were kept to go back to are given up for it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections compare --all")]
pub struct CompareArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Go back to the tables that were in use before the last rebuild.
///
/// They are brought up to date first, so that readers do not go back in time. What was in use is kept in turn.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections rollback customers")]
pub struct RollbackArgs {
    /// Which projection.
    name: String,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub async fn rebuild(store: &Store, args: &RebuildArgs, format: Format) -> Outcome {
    let chosen = args.chosen.find(store)?;
    let work = match args.no_compare {
        true => Work::RebuildUncompared,
        false => Work::Rebuild,
    };
    if args.dry_run {
        let what = "would be built anew and switched to";
        return tell_plan(store, &chosen, (work, what), format).await;
    }
    let mut documents = Vec::new();
    for projection in chosen {
        let built = run(store, &projection, work).await?;
        match format {
            Format::Json => documents.push(json!(built)),
            Format::Table => tell_rebuilt(&built)?,
        }
    }
    match format {
        Format::Json => output::document(&json!({ "rebuilt": documents })),
        Format::Table => Ok(()),
    }
}

pub async fn compare(store: &Store, args: &CompareArgs, format: Format) -> Outcome {
    let chosen = args.chosen.find(store)?;
    if args.dry_run {
        let what = "would be built anew and compared";
        return tell_plan(store, &chosen, (Work::Compare, what), format).await;
    }
    let (mut compared, mut rows, mut different) = (Vec::new(), Vec::new(), Vec::new());
    for projection in chosen {
        let built = run(store, &projection, Work::Compare).await?;
        different.extend(built.different());
        for table in built.compared {
            rows.push(vec![
                projection.name().to_owned(),
                table.table.to_owned(),
                table.rows.to_string(),
                table.twin_rows.to_string(),
                if table.equal { "equal" } else { "DIFFERENT" }.to_owned(),
            ]);
            compared.push(table);
        }
    }
    match format {
        Format::Json => output::document(&json!({ "compared": compared }))?,
        Format::Table => {
            let heads = ["projection", "table", "rows", "built anew", "verdict"];
            output::table(&heads, rows, "There are no tables.")?;
        }
    }
    if different.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "what was built anew differs in {}; `rapport projections rebuild` switches to it",
        different.join(", ")
    );
    Err(Refusal::conflict("tables-differ", detail).into())
}

pub async fn rollback(store: &Store, args: &RollbackArgs, format: Format) -> Outcome {
    let projection = projections::find(store, &args.name)?;
    if args.dry_run {
        let what = "would go back to its old tables";
        return tell_plan(store, &[projection], (Work::Rollback, what), format).await;
    }
    let built = run(store, &projection, Work::Rollback).await?;
    match format {
        Format::Json => output::document(&built),
        Format::Table => Ok(output::line(&format!(
            "{}: back on its old tables at position {}, after {} events that they had not seen",
            built.projection,
            built.position.unwrap_or_default(),
            built.events
        ))?),
    }
}

/// Does the work between its entries in the record, with its progress on the terminal.
async fn run(store: &Store, projection: &Projection, work: Work) -> Result<Built, Reason> {
    let operator = operator::name();
    let by = By::without_reason(&operator);
    let underway = rebuilds::announce(store, projection, work, by).await?;
    let bar = Bar::new(projection);
    let outcome = rebuilds::run(store, projection, work, |progress| bar.tell(&progress)).await;
    bar.0.finish_and_clear();
    Ok(acts::end(store, underway, outcome).await?)
}

/// What would be done, and what would be lost by it.
async fn tell_plan(
    store: &Store,
    chosen: &[Projection],
    (work, what): (Work, &str),
    format: Format,
) -> Outcome {
    let mut documents: Vec<Value> = Vec::new();
    for projection in chosen {
        let planned = rebuilds::plan(store, projection, work).await?;
        match format {
            Format::Json => documents.push(json!(planned)),
            Format::Table => {
                let lost = match planned.twin.as_deref() {
                    Some(rebuilds::OLD) => {
                        "; its twins hold the tables from before the last rebuild"
                    }
                    _ => "",
                };
                output::line(&format!(
                    "{}: {} {what}, up to position {}{lost}",
                    planned.projection,
                    planned.tables.join(", "),
                    planned.until
                ))?;
            }
        }
    }
    match format {
        Format::Json => output::document(&json!({ "dry_run": true, "projections": documents })),
        Format::Table => Ok(()),
    }
}

fn tell_rebuilt(built: &Built) -> Outcome {
    let name = built.projection;
    output::line(&format!(
        "{name}: {} events up to position {}",
        built.events,
        built.position.unwrap_or_default()
    ))?;
    if built.parked_keys > 0 {
        output::remark(&format!(
            "{} keys of {name} cannot be built; see `rapport projections parked {name}`",
            built.parked_keys
        ));
    }
    for table in built.compared.iter().filter(|table| !table.equal) {
        output::line(&format!(
            "  {} differs from what was in use: {} rows, before {}",
            table.table, table.twin_rows, table.rows
        ))?;
    }
    Ok(())
}

/// Progress with its rate and the time left.
struct Bar(ProgressBar, &'static str);

impl Bar {
    fn new(projection: &Projection) -> Self {
        let name = projection.name();
        Self(output::progress(name, 0), name)
    }

    fn tell(&self, progress: &Progress) {
        self.0.set_length(progress.expected);
        self.0.set_position(progress.events);
        self.0.set_message(format!(
            "{}: {:.0} events/s, {} left",
            self.1,
            progress.rate(),
            output::span(progress.left_seconds())
        ));
    }
}
