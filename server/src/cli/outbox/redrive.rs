//! Dead letters sent again, many at once: an order that the relay carries out, at a pace, whatever restarts.

use clap::Args;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::store::Store;
use outbox::operators::Operator;
use outbox::redrives::{self, DEFAULT_RATE_PER_SECOND, Redrive, Wanted};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::super::operator;
use super::super::output::{self, Format};
use super::super::tenant_choice::TenantChoice;
use super::{Outcome, Reason};

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
    #[arg(long, value_parser = ["not_sent", "transient", "refused", "auth", "unknown"])]
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
    let operator = Operator {
        principal: &name,
        reason: args.reason.as_deref(),
    };
    if let Some(redrive_id) = &args.cancel {
        return cancel(store, redrive_id, &operator, format).await;
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
    let mut ordered = Vec::new();
    for tenant_id in tenants(store, args).await? {
        let client = store.pools.engine.get().await?;
        let mut found = redrives::count(&client, &tenant_id, &wanted).await?;
        drop(client);
        let mut redrive_id = None;
        if found > 0 && !args.dry_run {
            let pool = &store.pools.engine;
            let (id, counted) = redrives::order(pool, &tenant_id, &wanted, &operator).await?;
            (redrive_id, found) = (Some(id), counted);
        }
        ordered.push(json!({ "tenant_id": tenant_id, "redrive_id": redrive_id, "found": found }));
    }
    if format == Format::Json {
        return output::document(&json!({ "dry_run": args.dry_run, "redrives": ordered }));
    }
    let row = |one: &serde_json::Value| {
        vec![
            output::cell(one.get("tenant_id")),
            output::cell(one.get("found")),
            output::cell(one.get("redrive_id")),
        ]
    };
    Ok(output::table(
        &["tenant", "dead letters", "order"],
        ordered.iter().map(row).collect(),
        "There are no tenants.",
    )?)
}

async fn list(store: &Store, args: &RedriveArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.find(store).await?;
    let orders = redrives::list(&store.pools.engine, tenant_id.as_ref()).await?;
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
    redrive_id: &str,
    operator: &Operator<'_>,
    format: Format,
) -> Outcome {
    let orders = redrives::list(&store.pools.engine, None).await?;
    let order = orders
        .into_iter()
        .find(|order| order.redrive_id == redrive_id);
    let order = order.ok_or_else(|| {
        let detail = format!("there is no order {redrive_id}; see `rapport outbox redrive --list`");
        Refusal::not_found("redrive-not-found", detail)
    })?;
    let tenant_id = TenantId::new(order.tenant_id);
    redrives::cancel(&store.pools.engine, (&tenant_id, redrive_id), operator).await?;
    match format {
        Format::Json => output::document(&json!({ "cancelled": redrive_id })),
        Format::Table => Ok(output::line(&format!("the order {redrive_id} is ended"))?),
    }
}

async fn tenants(store: &Store, args: &RedriveArgs) -> Result<Vec<TenantId>, Reason> {
    if let Some(tenant_id) = args.tenant.find(store).await? {
        return Ok(vec![tenant_id]);
    }
    let tenants = store.directory.list().await?;
    Ok(tenants
        .into_iter()
        .map(|(tenant_id, _)| tenant_id)
        .collect())
}
