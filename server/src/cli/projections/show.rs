//! What there is to see of projections.

use clap::Args;
use event_store::steering::{Condition, Health, ShardCondition};
use event_store::store::Store;
use serde_json::json;

use super::super::output::{self, Format};
use super::Outcome;
use crate::operations::projections;

/// Show one projection: all that is known of it, and the tables it fills.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections show bookings")]
pub struct ShowArgs {
    /// Which projection.
    name: String,
}

pub async fn list(store: &Store, format: Format) -> Outcome {
    if format == Format::Json {
        let documents = projections::list(store).await?;
        return output::document(&json!({ "projections": documents }));
    }
    let conditions = projections::conditions(store).await?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for condition in &conditions {
        rows.push(row(condition));
        rows.extend(condition.shards.iter().map(shard_row));
    }
    for projection in projectors::all(store) {
        let name = projection.name();
        if !conditions.iter().any(|one| one.subscriber == name) {
            rows.push(
                [
                    name,
                    "never run",
                    "0",
                    "-",
                    "-",
                    "nobody",
                    "never",
                    "0",
                    "-",
                ]
                .map(str::to_owned)
                .to_vec(),
            );
        }
    }
    let heads = [
        "projection",
        "health",
        "position",
        "behind",
        "by",
        "run by",
        "moved",
        "parked",
        "failure",
    ];
    Ok(output::table(&heads, rows, "There are no projections.")?)
}

pub async fn show(store: &Store, args: &ShowArgs, format: Format) -> Outcome {
    let document = projections::show(store, &args.name).await?;
    if format == Format::Json {
        return output::document(&document);
    }
    let leaves = output::leaves(&document);
    let pairs: Vec<(&str, String)> = leaves
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    Ok(output::record(&pairs)?)
}

/// What is parked, and whether it is paused, concerns the projection as a whole.
fn shard_row(shard: &ShardCondition) -> Vec<String> {
    let owner = shard.lease_owner.as_deref().filter(|_| shard.leased);
    vec![
        format!("  {}", shard.shard),
        String::new(),
        shard.position.to_string(),
        shard.behind_events.to_string(),
        output::span(shard.behind_seconds),
        owner.unwrap_or("nobody").to_owned(),
        format!("{} ago", output::span(shard.still_seconds)),
        String::new(),
        output::optional(shard.failure.as_deref()),
    ]
}

fn row(condition: &Condition) -> Vec<String> {
    let owner = condition
        .lease_owner
        .as_deref()
        .filter(|_| condition.leased);
    let health = match condition.health() {
        Health::Stuck => "STUCK",
        Health::Paused => "paused",
        Health::Parked => "parked keys",
        Health::Behind => "behind",
        Health::UpToDate => "up to date",
    };
    vec![
        condition.subscriber.clone(),
        health.to_owned(),
        condition.position.to_string(),
        condition.behind_events.to_string(),
        output::span(condition.behind_seconds),
        owner.unwrap_or("nobody").to_owned(),
        format!("{} ago", output::span(condition.still_seconds)),
        condition.parked_keys.to_string(),
        output::optional(
            condition
                .failure
                .as_deref()
                .or(condition.pause_reason.as_deref()),
        ),
    ]
}
