//! Listing messages, showing one with its history, and how each queue stands.

use clap::Args;
use clap::builder::PossibleValuesParser;
use event_store::store::Store;
use outbox::attempts::{self, Attempt, Listing, MAX_LISTED, MessageDetail, MessageSummary, STATES};
use outbox::destinations;
use serde_json::{Value, json};

use super::super::output::{self, Format};
use super::super::tenant_choice::TenantChoice;
use super::Outcome;
use crate::operations;

/// List messages, the newest first; those that wait or are under way in the order in which they are due.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport outbox list --state dead")]
pub struct ListArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Only those in this state.
    #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
    state: Option<String>,
    /// Only those to this target: stripe, email, timer and so on.
    #[arg(long)]
    target: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=MAX_LISTED))]
    limit: i64,
}

/// Show how each queue stands: what is due, since when, what is under way, and what holds it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport outbox stats")]
pub struct StatsArgs {
    #[command(flatten)]
    tenant: TenantChoice,
}

pub async fn list(store: &Store, args: &ListArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.find(store).await?;
    let listing = Listing {
        tenant_id: tenant_id.as_ref(),
        state: args.state.as_deref(),
        target: args.target.as_deref(),
        aggregate_id: None,
        limit: args.limit,
    };
    let messages = attempts::list_messages(&store.pools.engine, listing).await?;
    if format == Format::Json {
        return output::document(&json!({ "messages": messages }));
    }
    let row = |message: &MessageSummary| {
        vec![
            message.message_id.clone(),
            message.name.clone(),
            message.target.clone(),
            message.state.clone(),
            message.attempt.to_string(),
            output::optional(message.failure_kind.as_deref()),
            output::optional_instant(message.run_at),
            format!("{}/{}", message.aggregate_type, message.aggregate_id),
        ]
    };
    let heads = [
        "message", "effect", "target", "state", "attempts", "failure", "due", "for",
    ];
    Ok(output::table(
        &heads,
        messages.iter().map(row).collect(),
        "There are no such messages.",
    )?)
}

pub fn show(message: &MessageDetail, format: Format) -> Outcome {
    if format == Format::Json {
        return output::document(message);
    }
    let call: Value = serde_json::from_str(message.call.get())?;
    output::record(&[
        ("message", message.message_id.clone()),
        ("effect", message.name.clone()),
        ("target", message.target.clone()),
        ("tenant", message.tenant_id.clone()),
        (
            "for",
            format!(
                "{}/{} #{}",
                message.aggregate_type, message.aggregate_id, message.sequence
            ),
        ),
        ("order key", output::optional(message.order_key.as_deref())),
        ("made", output::instant(message.created_at)),
        ("call", serde_json::to_string_pretty(&call)?),
    ])?;
    output::line("")?;
    let row = |attempt: &Attempt| {
        vec![
            attempt.attempt.to_string(),
            attempt.outcome.clone(),
            output::optional(attempt.failure_kind.as_deref()),
            output::instant(attempt.started_at),
            output::span((attempt.finished_at - attempt.started_at).as_seconds_f64()),
            output::optional(attempt.detail.as_deref()),
        ]
    };
    let heads = ["attempt", "outcome", "failure", "started", "took", "detail"];
    Ok(output::table(
        &heads,
        message.attempts.iter().map(row).collect(),
        "It has not been tried yet.",
    )?)
}

pub async fn stats(store: &Store, args: &StatsArgs, format: Format) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    let stats = operations::outbox::stats(store, &scope).await?;
    if format == Format::Json {
        return output::document(&stats);
    }
    let row = |queue: &destinations::Standing| {
        vec![
            queue.tenant_id.clone(),
            queue.target.clone(),
            queue.due.to_string(),
            output::span(queue.oldest_due_seconds),
            queue.in_flight.to_string(),
            queue.breaker.clone(),
        ]
    };
    let heads = ["tenant", "target", "due", "oldest", "in flight", "breaker"];
    output::table(
        &heads,
        stats.queues.iter().map(row).collect(),
        "Nothing waits anywhere.",
    )?;
    let row = |one: &outbox::stats::Failed| {
        vec![
            one.target.clone(),
            one.state.clone(),
            one.count.to_string(),
            output::span(one.oldest_seconds),
        ]
    };
    output::line("")?;
    Ok(output::table(
        &["target", "state", "messages", "oldest"],
        stats.failed.iter().map(row).collect(),
        "No message is dead or unknown.",
    )?)
}
