//! Building read tables anew, comparing, and going back.

use clap::Args;
use domain::refusal::Refusal;
use event_store::steering::{self, Condition};
use event_store::store::Store;
use indicatif::ProgressBar;
use projectors::Projection;
use projectors::build::Progress;
use projectors::rebuild::{self, Compared, Rebuilt};
use serde_json::{Value, json};

use super::super::output::{self, Format};
use super::choice::{self, Chosen};
use super::{Outcome, Reason};

/// What the twins hold when there is something to go back to.
const OLD: &str = "old";

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
    if args.dry_run {
        return tell_plan(
            store,
            &chosen,
            "would be built anew and switched to",
            format,
        )
        .await;
    }
    let mut documents = Vec::new();
    for projection in chosen {
        let bar = Bar::new(&projection);
        let progress = |progress| bar.tell(&progress);
        let outcome = match args.no_compare {
            true => rebuild::rebuild(store, &projection, progress)
                .await
                .map(|rebuilt| (rebuilt, Vec::new())),
            false => rebuild::rebuild_compared(store, &projection, progress).await,
        };
        bar.0.finish_and_clear();
        let (rebuilt, compared) = outcome?;
        let name = projection.name();
        match format {
            Format::Json => documents.push(json!({
                "projection": name, "events": rebuilt.events, "position": rebuilt.position,
                "parked_keys": rebuilt.parked_keys, "compared": compared,
            })),
            Format::Table => {
                tell_rebuilt(name, &rebuilt)?;
                tell_differences(&compared)?;
            }
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
        return tell_plan(store, &chosen, "would be built anew and compared", format).await;
    }
    let (mut compared, mut rows) = (Vec::new(), Vec::new());
    for projection in chosen {
        let bar = Bar::new(&projection);
        let found = rebuild::compare(store, &projection, |progress| bar.tell(&progress)).await;
        bar.0.finish_and_clear();
        for table in found? {
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
    let different: Vec<&str> = compared
        .iter()
        .filter(|table| !table.equal)
        .map(|table| table.table)
        .collect();
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
    let projection = choice::find(store, &args.name)?;
    if args.dry_run {
        let is_old = |condition: &Condition| condition.twin.as_deref() == Some(OLD);
        if !condition(store, projection.name())
            .await?
            .is_some_and(|found| is_old(&found))
        {
            let detail = format!("there are no old tables of {}", projection.name());
            return Err(Refusal::conflict("nothing-to-roll-back-to", detail).into());
        }
        let chosen = [projection];
        return tell_plan(store, &chosen, "would go back to its old tables", format).await;
    }
    let bar = Bar::new(&projection);
    let outcome = rebuild::rollback(store, &projection, |progress| bar.tell(&progress)).await;
    bar.0.finish_and_clear();
    let rebuilt = outcome?;
    match format {
        Format::Json => output::document(
            &json!({ "projection": projection.name(), "position": rebuilt.position, "events": rebuilt.events }),
        ),
        Format::Table => Ok(output::line(&format!(
            "{}: back on its old tables at position {}, after {} events that they had not seen",
            projection.name(),
            rebuilt.position,
            rebuilt.events
        ))?),
    }
}

/// What would be done, and what would be lost by it.
async fn tell_plan(store: &Store, chosen: &[Projection], what: &str, format: Format) -> Outcome {
    let mut documents: Vec<Value> = Vec::new();
    for projection in chosen {
        let condition = condition(store, projection.name()).await?;
        let until = condition.as_ref().map_or(0, |condition| condition.position);
        let twin = condition.and_then(|condition| condition.twin);
        match format {
            Format::Json => documents.push(json!({
                "projection": projection.name(), "until": until, "tables": projection.tables, "twin": twin,
            })),
            Format::Table => {
                let lost = match twin.as_deref() {
                    Some(OLD) => "; its twins hold the tables from before the last rebuild",
                    _ => "",
                };
                output::line(&format!(
                    "{}: {} {what}, up to position {until}{lost}",
                    projection.name(),
                    projection.tables.join(", ")
                ))?;
            }
        }
    }
    match format {
        Format::Json => output::document(&json!({ "dry_run": true, "projections": documents })),
        Format::Table => Ok(()),
    }
}

async fn condition(store: &Store, name: &str) -> Result<Option<Condition>, Reason> {
    let conditions = steering::list(&store.pools.engine.get().await?).await?;
    Ok(conditions.into_iter().find(|one| one.subscriber == name))
}

fn tell_rebuilt(name: &str, rebuilt: &Rebuilt) -> Outcome {
    output::line(&format!(
        "{name}: {} events up to position {}",
        rebuilt.events, rebuilt.position
    ))?;
    if rebuilt.parked_keys > 0 {
        output::remark(&format!(
            "{} keys of {name} cannot be built; see `rapport projections parked {name}`",
            rebuilt.parked_keys
        ));
    }
    Ok(())
}

fn tell_differences(compared: &[Compared]) -> Outcome {
    for table in compared.iter().filter(|table| !table.equal) {
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
