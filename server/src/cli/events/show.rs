//! `rapport events show`: one event with everything beside it, or the whole stream of an aggregate, also as it was at an
//! earlier position or time.

use clap::Args;
use event_store::Result;
use event_store::recorded::Recorded;
use event_store::store::Store;
use queries::past::AsOf;
use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::operations::events::rows::{EventRow, Slugs};
use crate::operations::events::{self, states};

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

pub async fn show(store: &Store, args: &ShowArgs, format: Format) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    if let Ok(position) = args.what.parse::<i64>() {
        let event = events::find(store, &scope, position).await?;
        return print_event(&event, &Slugs::read(store).await?, format);
    }
    let as_of = args.as_of.as_deref().map(AsOf::parse).transpose()?;
    let events = events::stream(store, &scope, (&args.what, as_of)).await?;
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
