//! Dead letters sent again, many at once: an order that the relay carries out, at a pace, whatever restarts.

use clap::Args;
use event_store::store::Store;
use outbox::redrives::{DEFAULT_RATE_PER_SECOND, FAILURE_KINDS, Redrive, Wanted};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::super::operator;
use super::super::output::{self, Format};
use super::super::tenant_choice::TenantChoice;
use super::Outcome;
use crate::operations::redrives::{self, Ordered};
use crate::operations::{By, Intent};

/// Send dead letters again, at a pace; or see, or end, what was ordered.
///
/// The order is stored, and the relay of a running server carries it out; restarts neither lose nor double a message.
/// Letters that die after the order are left alone. Without --tenant it is one order for each tenant.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport outbox redrive --target email --rate 20 --reason \"Mail server is back\"\n  rapport outbox redrive --list\n  rapport outbox redrive --cancel 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e --reason \"Not now\""
)]
pub struct RedriveArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Only those to this target.
    #[arg(long)]
    target: Option<String>,
    /// Only those that failed so.
    #[arg(long, value_parser = FAILURE_KINDS)]
    failure: Option<String>,
    /// Only those that died within the last so many hours.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(i64).range(1..=24 * 365))]
    within: Option<i64>,
    /// Messages in a second.
    #[arg(long, default_value_t = DEFAULT_RATE_PER_SECOND)]
    rate: f64,
    /// At most so many.
    #[arg(long)]
    limit: Option<i64>,
    /// Why, for whoever looks later.
    #[arg(long, required_unless_present_any = ["list", "dry_run"])]
    reason: Option<String>,
    /// Only say how many would be sent again.
    #[arg(long)]
    dry_run: bool,
    /// See what was ordered, and how far it is.
    #[arg(long, conflicts_with_all = ["dry_run", "cancel"])]
    list: bool,
    /// End this order; what it has sent again stays so.
    #[arg(long, value_name = "ID", conflicts_with = "dry_run")]
    cancel: Option<String>,
}

pub async fn redrive(store: &Store, args: &RedriveArgs, format: Format) -> Outcome {
    if args.list {
        return list(store, args, format).await;
    }
    let name = operator::name();
    let by = By {
        principal: &name,
        reason: args.reason.as_deref(),
    };
    if let Some(redrive_id) = &args.cancel {
        return cancel(store, (args, redrive_id), by, format).await;
    }
    let wanted = Wanted {
        target: args.target.as_deref(),
        failure_kind: args.failure.as_deref(),
        died_after: args
            .within
            .map(|hours| OffsetDateTime::now_utc() - Duration::hours(hours)),
        rate_per_second: Some(args.rate),
        max_messages: args.limit,
    };
    let intent = match args.dry_run {
        true => Intent::Say,
        false => Intent::Act,
    };
    let scope = args.tenant.scope(store).await?;
    let ordered = redrives::order(store, (&scope, &wanted), intent, by).await?;
    if format == Format::Json {
        return output::document(&json!({ "dry_run": args.dry_run, "redrives": ordered }));
    }
    let row = |one: &Ordered| {
        vec![
            one.tenant_id.as_str().to_owned(),
            one.found.to_string(),
            output::optional(one.redrive_id.as_deref()),
        ]
    };
    Ok(output::table(
        &["tenant", "dead letters", "order"],
        ordered.iter().map(row).collect(),
        "There are no tenants.",
    )?)
}

async fn list(store: &Store, args: &RedriveArgs, format: Format) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    let orders = redrives::list(store, &scope).await?;
    if format == Format::Json {
        return output::document(&json!({ "redrives": orders }));
    }
    let state = |order: &Redrive| match (&order.cancelled_by, order.finished_at) {
        (Some(_), _) => "cancelled",
        (None, Some(_)) => "finished",
        (None, None) => "running",
    };
    let row = |order: &Redrive| {
        vec![
            order.redrive_id.clone(),
            order.tenant_id.clone(),
            output::optional(order.target.as_deref()),
            state(order).to_owned(),
            format!("{} of {}", order.revived, order.found),
            output::instant(order.started_at),
            order.reason.clone(),
        ]
    };
    let heads = [
        "order",
        "tenant",
        "target",
        "state",
        "sent again",
        "ordered",
        "reason",
    ];
    Ok(output::table(
        &heads,
        orders.iter().map(row).collect(),
        "Nothing was ordered.",
    )?)
}

async fn cancel(
    store: &Store,
    (args, redrive_id): (&RedriveArgs, &str),
    by: By<'_>,
    format: Format,
) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    redrives::cancel(store, (&scope, redrive_id), Intent::Act, by).await?;
    match format {
        Format::Json => output::document(&json!({ "cancelled": redrive_id })),
        Format::Table => Ok(output::line(&format!("the order {redrive_id} is ended"))?),
    }
}
