//! Keys that wait because an event of theirs cannot be applied.

use std::collections::BTreeMap;

use clap::Args;
use domain::refusal::Refusal;
use event_store::parked::{self, Choice, Dropping, MAX_LISTED, ParkedKey, Retried};
use event_store::store::Store;
use serde_json::json;

use super::super::output::{self, Format};
use super::super::tenant_choice::TenantChoice;
use super::{Outcome, Reason, choice};

/// List parked keys and why they are; try them again, or give the failed event up.
///
/// An event that cannot be applied parks its key: what comes after it for the same key waits, in order, while all else
/// goes on. After a fix, --retry applies what waits, in order. --drop gives the failed event up, on record, and applies
/// what waits behind it. Exit code 3 says that some keys are still parked.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport projections parked\n  rapport projections parked bookings --retry\n  rapport projections parked bookings --key booking/0199a5b0 --drop --reason \"Duplicate of 0199a5b1\""
)]
pub struct ParkedArgs {
    /// Of this projection alone.
    projection: Option<String>,
    /// This key alone.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    tenant: TenantChoice,
    /// Try them again.
    #[arg(long)]
    retry: bool,
    /// Give the failed event of each up, and go on with what waits behind it.
    #[arg(
        long,
        conflicts_with = "retry",
        requires = "reason",
        requires = "projection"
    )]
    drop: bool,
    /// Why, for whoever looks later.
    #[arg(long)]
    reason: Option<String>,
    /// Who decided so.
    #[arg(long, default_value = "operator")]
    by: String,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub async fn parked(store: &Store, args: &ParkedArgs, format: Format) -> Outcome {
    if let Some(name) = &args.projection {
        choice::find(store, name)?;
    }
    let tenant_id = args.tenant.find(store).await?;
    let wanted = Choice {
        projection: args.projection.as_deref(),
        key: args.key.as_deref(),
        tenant_id: tenant_id.as_ref(),
    };
    let keys = parked::list(&store.pools.engine.get().await?, wanted).await?;
    if i64::try_from(keys.len()).is_ok_and(|found| found == MAX_LISTED) {
        output::remark(&format!(
            "These are the oldest {MAX_LISTED}; there may be more, so run this again."
        ));
    }
    if args.dry_run || !(args.retry || args.drop) {
        return list(&keys, args, format);
    }
    let mut by_projection: BTreeMap<String, Vec<ParkedKey>> = BTreeMap::new();
    for key in keys {
        by_projection
            .entry(key.projection.clone())
            .or_default()
            .push(key);
    }
    let mut outcomes = Vec::new();
    for (name, keys) in by_projection {
        outcomes.push((name.clone(), retry(store, args, (&name, &keys)).await?));
    }
    tell(&outcomes, format)
}

async fn retry(
    store: &Store,
    args: &ParkedArgs,
    (name, keys): (&str, &[ParkedKey]),
) -> Result<Retried, Reason> {
    let projection = choice::find(store, name)?;
    let dropping = args.drop.then(|| Dropping {
        by: &args.by,
        reason: args.reason.as_deref().unwrap_or_default(),
    });
    let pool = &store.pools.engine;
    Ok(parked::retry(pool, projection.subscriber.as_ref(), keys, dropping).await?)
}

fn list(keys: &[ParkedKey], args: &ParkedArgs, format: Format) -> Outcome {
    let doing = match (args.retry, args.drop) {
        (true, _) => "retry",
        (_, true) => "drop",
        _ => "list",
    };
    if format == Format::Json {
        return output::document(
            &json!({ "dry_run": args.dry_run, "action": doing, "parked": keys }),
        );
    }
    let row = |key: &ParkedKey| {
        vec![
            key.projection.clone(),
            key.tenant_id.clone(),
            key.key.clone(),
            key.position.to_string(),
            output::optional(key.event_type.as_deref()),
            key.waiting.to_string(),
            key.attempts.to_string(),
            output::instant(key.parked_at),
            key.failure.clone(),
        ]
    };
    let heads = [
        "projection",
        "tenant",
        "key",
        "position",
        "event",
        "waiting",
        "tried",
        "since",
        "why",
    ];
    output::table(&heads, keys.iter().map(row).collect(), "Nothing is parked.")?;
    if args.dry_run && !keys.is_empty() {
        output::remark(&format!(
            "Nothing was changed; these are the keys to {doing}."
        ));
    }
    Ok(())
}

fn tell(outcomes: &[(String, Retried)], format: Format) -> Outcome {
    match format {
        Format::Json => {
            let document = |(name, retried): &(String, Retried)| {
                json!({ "projection": name, "keys": retried.keys, "events_applied": retried.events_applied,
                    "events_dropped": retried.events_dropped, "still_parked": retried.still_parked })
            };
            let documents: Vec<_> = outcomes.iter().map(document).collect();
            output::document(&json!({ "retried": documents }))?;
        }
        Format::Table if outcomes.is_empty() => output::line("Nothing is parked.")?,
        Format::Table => {
            for (name, retried) in outcomes {
                output::line(&format!(
                    "{name}: of {} keys {} are still parked; {} events applied, {} given up",
                    retried.keys,
                    retried.still_parked,
                    retried.events_applied,
                    retried.events_dropped
                ))?;
            }
        }
    }
    let still: u64 = outcomes.iter().map(|(_, one)| one.still_parked).sum();
    if still == 0 {
        return Ok(());
    }
    let detail = format!("{still} keys failed again; see `rapport projections parked` for why");
    Err(Refusal::conflict("still-parked", detail).into())
}
