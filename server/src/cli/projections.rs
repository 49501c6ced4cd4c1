//! `rapport projections`: how far the read tables are, and building them anew from the log.

use clap::{Args, Subcommand};
use domain::refusal::Refusal;
use event_store::checkpoints::{self, Standing};
use event_store::store::Store;
use projectors::Projection;
use projectors::rebuild::{Rebuilt, rebuild};
use serde_json::json;

use super::attached::attached;
use super::output::{self, Format};
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;

#[derive(Subcommand, Debug)]
pub enum ProjectionsCommand {
    /// List the projections: where each stands, who runs it, and why it cannot go on.
    #[command(after_help = "Example:\n  rapport projections list")]
    List,
    Rebuild(RebuildArgs),
}

/// Build read tables anew from the log.
///
/// They are built beside the old ones, which can be read all the while, and take their place in one transaction. A
/// rebuild has no effects in the world and can be repeated; a running worker goes on from the new tables.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections rebuild bookings customers")]
pub struct RebuildArgs {
    /// Which projections.
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// All of them, one after the other.
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

pub async fn run(
    settings: &DatabaseSettings,
    command: &ProjectionsCommand,
    format: Format,
) -> Outcome {
    attached(settings, async |store| match command {
        ProjectionsCommand::List => list(store, format).await,
        ProjectionsCommand::Rebuild(args) => rebuild_chosen(store, args, format).await,
    })
    .await
}

async fn list(store: &Store, format: Format) -> Outcome {
    let standings = checkpoints::list(&store.pools.engine).await?;
    if format == Format::Json {
        return output::document(&json!({ "projections": standings }));
    }
    let mut rows: Vec<Vec<String>> = standings.iter().map(row).collect();
    for projection in projectors::all(store) {
        let name = projection.subscriber.name();
        if !standings.iter().any(|standing| standing.subscriber == name) {
            rows.push(
                [name, "0", "-", "nobody", "never", "-"]
                    .map(str::to_owned)
                    .to_vec(),
            );
        }
    }
    let heads = [
        "projection",
        "position",
        "behind",
        "run by",
        "moved",
        "failure",
    ];
    Ok(output::table(&heads, rows, "There are no projections.")?)
}

fn row(standing: &Standing) -> Vec<String> {
    let owner = standing.lease_owner.as_deref().filter(|_| standing.leased);
    vec![
        standing.subscriber.clone(),
        standing.position.to_string(),
        standing
            .newest
            .saturating_sub(standing.position)
            .max(0)
            .to_string(),
        owner.unwrap_or("nobody").to_owned(),
        format!("{} ago", output::span(standing.still_seconds)),
        output::optional(standing.failure.as_deref()),
    ]
}

async fn rebuild_chosen(store: &Store, args: &RebuildArgs, format: Format) -> Outcome {
    let mut rebuilt = Vec::new();
    for projection in choose(store, args)? {
        let done = rebuild_one(store, &projection).await?;
        let name = projection.subscriber.name();
        match format {
            Format::Json => rebuilt.push(
                json!({ "projection": name, "events": done.events, "position": done.position }),
            ),
            Format::Table => output::line(&format!(
                "{name}: {} events up to position {}",
                done.events, done.position
            ))?,
        }
    }
    match format {
        Format::Json => output::document(&json!({ "rebuilt": rebuilt })),
        Format::Table => Ok(()),
    }
}

/// Every name is checked before the first rebuild begins.
fn choose(store: &Store, args: &RebuildArgs) -> Result<Vec<Projection>, Reason> {
    let all = projectors::all(store);
    if args.all {
        return Ok(all);
    }
    let known: Vec<&str> = all
        .iter()
        .map(|projection| projection.subscriber.name())
        .collect();
    if let Some(unknown) = args
        .names
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        let detail = format!(
            "there is no projection {unknown}; there are {}",
            known.join(", ")
        );
        return Err(Refusal::not_found("projection-not-found", detail).into());
    }
    let wanted = |projection: &Projection| {
        args.names
            .iter()
            .any(|name| name == projection.subscriber.name())
    };
    Ok(all.into_iter().filter(wanted).collect())
}

async fn rebuild_one(store: &Store, projection: &Projection) -> Result<Rebuilt, Reason> {
    let bar = output::progress(projection.subscriber.name(), 0);
    let done = rebuild(store, projection, |progress| {
        bar.set_length(progress.until.unsigned_abs());
        bar.set_position(progress.position.unsigned_abs());
    })
    .await;
    bar.finish_and_clear();
    Ok(done?)
}
