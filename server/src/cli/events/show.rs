//! `rapport events show`: one event with everything beside it, or the whole stream of an aggregate, also as it was at an
//! earlier position or time.

use clap::Args;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::recorded::Recorded;
use event_store::store::Store;
use queries::past::AsOf;
use serde_json::{Value, json};

use super::rows::{EventRow, Slugs};
use super::states;
use crate::cli::Outcome;
use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;

/// The longest stream that is shown; nothing of ours comes near it.
const MAX_SHOWN_EVENTS: i64 = 10_000;

/// Show one event, or all events of an aggregate.
///
/// A number is a position in the log, anything else an aggregate's id. What is personal is sealed and shown sealed. With
/// --as-of only what the log held then is shown, and the state that it came to.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport events show 4711\n  rapport events show 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e --json\n  \
                  rapport events show 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e --as-of 2026-05-01T12:00:00Z"
)]
pub struct ShowArgs {
    /// A position, or an aggregate's id.
    what: String,
    /// Look back: to a position, or a time (RFC 3339) by the database's clock.
    #[arg(long, value_name = "POSITION|TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    tenant: TenantChoice,
}

const FIND_EVENT: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where position = $1 and ($2::text is null or tenant_id = $2)";

/// One look into the primary key for each tenant and type, so that no index on the id alone is needed.
const LIST_STREAM: &str = "
    select e.position, e.tenant_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload,
        e.metadata, e.occurred_at, e.recorded_at, e.command_id, e.correlation_id, e.causation_id, e.actor
    from tenants t
    cross join unnest($2::text[]) as k (aggregate_type)
    join events e on e.tenant_id = t.tenant_id and e.aggregate_type = k.aggregate_type and e.aggregate_id = $3
    where ($1::text is null or t.tenant_id = $1)
      and ($4::bigint is null or e.position <= $4) and ($5::timestamptz is null or e.recorded_at <= $5)
    order by e.position limit $6";

pub async fn show(store: &Store, args: &ShowArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.find(store).await?;
    let tenant_id = tenant_id.as_ref().map(|tenant_id| tenant_id.as_str());
    if let Ok(position) = args.what.parse::<i64>() {
        let client = store.pools.engine.get().await?;
        let row = client
            .query_opt(FIND_EVENT, &[&position, &tenant_id])
            .await?;
        return match row {
            Some(row) => print_event(
                &Recorded::from_row(&row),
                &Slugs::read(store).await?,
                format,
            ),
            None => Err(Refusal::not_found(
                "event-not-found",
                format!("there is no event at {position}"),
            )
            .into()),
        };
    }
    let as_of = args.as_of.as_deref().map(AsOf::parse).transpose()?;
    let events = list_stream(store, tenant_id, (&args.what, as_of)).await?;
    if events.is_empty() {
        let then = if as_of.is_some() { " then" } else { "" };
        let detail = format!("there is no aggregate {}{then}", args.what);
        return Err(Refusal::not_found("aggregate-not-found", detail).into());
    }
    let slugs = Slugs::read(store).await?;
    match as_of {
        None => print_stream(&events, &slugs, format),
        Some(_) => print_state(&events, &slugs, format),
    }
}

/// The stream, and what it had come to.
fn print_state(events: &[Recorded], slugs: &Slugs, format: Format) -> Outcome {
    let state = states::fold(events)?;
    if format == Format::Json {
        let rows = events.iter().map(EventRow::of);
        return output::document(&json!({
            "as_of": events.last().map(|newest| newest.position.to_string()),
            "events": rows.collect::<Result<Vec<_>>>()?, "state": state,
        }));
    }
    print_stream(events, slugs, format)?;
    output::line("")?;
    Ok(output::line(&serde_json::to_string_pretty(&state)?)?)
}

async fn list_stream(
    store: &Store,
    tenant_id: Option<&str>,
    (aggregate_id, as_of): (&str, Option<AsOf>),
) -> Result<Vec<Recorded>> {
    let mut types: Vec<&str> = Vec::new();
    for projection in projectors::all(store) {
        types.extend(projection.subscriber.aggregate_types());
    }
    types.sort_unstable();
    types.dedup();
    let client = store.pools.engine.get().await?;
    let rows = client
        .query(
            LIST_STREAM,
            &[
                &tenant_id,
                &types,
                &aggregate_id,
                &as_of.and_then(AsOf::position),
                &as_of.and_then(AsOf::time),
                &MAX_SHOWN_EVENTS,
            ],
        )
        .await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

fn print_event(event: &Recorded, slugs: &Slugs, format: Format) -> Outcome {
    if format == Format::Json {
        return output::document(&EventRow::of(event)?);
    }
    let pretty = |text: &str| -> Result<String> {
        Ok(serde_json::to_string_pretty(
            &serde_json::from_str::<Value>(text)?,
        )?)
    };
    Ok(output::record(&[
        ("position", event.position.to_string()),
        (
            "tenant",
            format!(
                "{} ({})",
                slugs.of(event.tenant_id.as_str()),
                event.tenant_id
            ),
        ),
        (
            "aggregate",
            format!("{}/{}", event.aggregate_type, event.aggregate_id),
        ),
        ("sequence", event.sequence.to_string()),
        (
            "event",
            format!("{} version {}", event.event_type, event.event_version),
        ),
        ("occurred", output::instant(event.occurred_at)),
        ("recorded", output::instant(event.recorded_at)),
        ("actor", event.actor.clone()),
        ("command", event.command_id.clone()),
        ("correlation", event.correlation_id.clone()),
        ("causation", event.causation_id.clone()),
        ("metadata", pretty(&event.metadata.0)?),
        ("payload", pretty(&event.payload.0)?),
    ])?)
}

fn print_stream(events: &[Recorded], slugs: &Slugs, format: Format) -> Outcome {
    if format == Format::Json {
        return output::document(
            &events
                .iter()
                .map(EventRow::of)
                .collect::<Result<Vec<_>>>()?,
        );
    }
    if let Some(first) = events.first() {
        let tenant = slugs.of(first.tenant_id.as_str());
        output::line(&output::harmless(&format!(
            "{}/{} of {tenant}",
            first.aggregate_type, first.aggregate_id
        )))?;
    }
    let row = |event: &Recorded| {
        vec![
            event.sequence.to_string(),
            event.position.to_string(),
            output::instant(event.occurred_at),
            event.event_type.clone(),
            event.actor.clone(),
            event.command_id.clone(),
        ]
    };
    let heads = [
        "sequence", "position", "occurred", "event", "actor", "command",
    ];
    Ok(output::table(
        &heads,
        events.iter().map(row).collect(),
        "It has no events.",
    )?)
}
