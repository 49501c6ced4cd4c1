//! Keys that wait because an event of theirs cannot be applied.

use clap::Args;
use domain::refusal::Refusal;
use event_store::parked::{MAX_LISTED, ParkedKey};
use event_store::store::Store;
use serde_json::json;

use super::super::operator;
use super::super::output::{self, Format};
use super::super::tenant_choice::TenantChoice;
use super::Outcome;
use crate::operations::parked::{self, Remedied, Remedy, Wanted};
use crate::operations::{By, check_reason};

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
    /// Who decided so. [default: operator:<account>]
    #[arg(long)]
    by: Option<String>,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub async fn parked(store: &Store, args: &ParkedArgs, format: Format) -> Outcome {
    let wanted = Wanted {
        projection: args.projection.clone(),
        key: args.key.clone(),
        scope: args.tenant.scope(store).await?,
    };
    let remedy = match (args.retry, args.drop) {
        (true, _) => Some(Remedy::Retry),
        (_, true) => Some(Remedy::Drop),
        _ => None,
    };
    let keys = parked::list(store, &wanted).await?;
    if i64::try_from(keys.len()).is_ok_and(|found| found == MAX_LISTED) {
        output::remark(&format!(
            "These are the oldest {MAX_LISTED}; there may be more, so run this again."
        ));
    }
    let (Some(remedy), false) = (remedy, args.dry_run) else {
        return list(&keys, args, remedy, format);
    };
    if let Some(reason) = &args.reason {
        check_reason(reason)?;
    }
    let by = By {
        principal: &args.by.clone().unwrap_or_else(operator::name),
        reason: args.reason.as_deref(),
    };
    let outcomes = parked::remedy(store, &wanted, remedy, by).await?;
    tell(&outcomes, format)
}

fn list(keys: &[ParkedKey], args: &ParkedArgs, remedy: Option<Remedy>, format: Format) -> Outcome {
    let doing = remedy.map_or("list", Remedy::as_str);
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

fn tell(outcomes: &[Remedied], format: Format) -> Outcome {
    match format {
        Format::Json => output::document(&json!({ "retried": outcomes }))?,
        Format::Table if outcomes.is_empty() => output::line("Nothing is parked.")?,
        Format::Table => {
            for Remedied {
                projection,
                retried,
            } in outcomes
            {
                output::line(&format!(
                    "{projection}: of {} keys {} are still parked; {} events applied, {} given up",
                    retried.keys,
                    retried.still_parked,
                    retried.events_applied,
                    retried.events_dropped
                ))?;
            }
        }
    }
    let still: u64 = outcomes.iter().map(|one| one.retried.still_parked).sum();
    if still == 0 {
        return Ok(());
    }
    let detail = format!("{still} keys failed again; see `rapport projections parked` for why");
    Err(Refusal::conflict("still-parked", detail).into())
}
