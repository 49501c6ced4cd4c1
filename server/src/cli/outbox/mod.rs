//! `rapport outbox`: what is to be sent to the world, what was tried, and what to do about what could not be sent.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use event_store::store::Store;
use outbox::attempts::{self, Attempt, MAX_LISTED, MessageDetail, MessageSummary};
use serde_json::{Value, json};

use super::attached::attached;
use super::output::{self, Format};
use super::tenant_choice::TenantChoice;
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;

/// The states that a message can be in.
const STATES: [&str; 5] = ["waiting", "leased", "done", "dead", "discarded"];
const DEAD: &str = "dead";

#[derive(Subcommand, Debug)]
pub enum OutboxCommand {
    List(ListArgs),
    /// Show one message: what it asks for, and every attempt at it.
    #[command(after_help = "Example:\n  rapport outbox show 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e")]
    Show {
        /// The message's id.
        message_id: String,
    },
    Retry(RetryArgs),
    Discard(DiscardArgs),
}

/// List messages, the newest first.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport outbox list --state dead")]
pub struct ListArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Only those in this state.
    #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
    state: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=MAX_LISTED))]
    limit: i64,
}

/// Try dead or waiting messages again, now.
///
/// A message keeps its id, which is its key at the provider: what was done already is not done twice. The relay of a
/// running server sends it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport outbox retry --all-dead --tenant fire-and-rice")]
pub struct RetryArgs {
    /// The messages' ids.
    #[arg(required_unless_present = "all_dead")]
    message_ids: Vec<String>,
    /// Every dead one, of all tenants or of the one that is named.
    #[arg(long, conflicts_with = "message_ids")]
    all_dead: bool,
    #[command(flatten)]
    tenant: TenantChoice,
}

/// Give a dead message up for good; what waits behind it goes on.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport outbox discard 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e --reason \"Told by phone\""
)]
pub struct DiscardArgs {
    /// The message's id.
    message_id: String,
    /// Why, for whoever looks later.
    #[arg(long)]
    reason: String,
    /// Who decided so.
    #[arg(long, default_value = "operator")]
    by: String,
}

pub async fn run(settings: &DatabaseSettings, command: &OutboxCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        OutboxCommand::List(args) => list(store, args, format).await,
        OutboxCommand::Show { message_id } => {
            let message = attempts::find_message(&store.pools.engine, message_id).await?;
            show(&message, format)
        }
        OutboxCommand::Retry(args) => retry(store, args, format).await,
        OutboxCommand::Discard(args) => {
            attempts::discard_message(
                &store.pools.engine,
                &args.message_id,
                &args.by,
                &args.reason,
            )
            .await?;
            match format {
                Format::Json => output::document(&json!({ "discarded": args.message_id })),
                Format::Table => Ok(output::line(&format!(
                    "the message {} is given up",
                    args.message_id
                ))?),
            }
        }
    })
    .await
}

async fn list(store: &Store, args: &ListArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.find(store).await?;
    let tenant_id = tenant_id.as_ref().map(|tenant_id| tenant_id.as_str());
    let messages = attempts::list_messages(
        &store.pools.engine,
        tenant_id,
        args.state.as_deref(),
        args.limit,
    )
    .await?;
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

fn show(message: &MessageDetail, format: Format) -> Outcome {
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

async fn retry(store: &Store, args: &RetryArgs, format: Format) -> Outcome {
    let mut retried = Vec::new();
    for message_id in choose(store, args).await? {
        attempts::retry_message(&store.pools.engine, &message_id).await?;
        if format == Format::Table {
            output::line(&format!("the message {message_id} is tried again"))?;
        }
        retried.push(message_id);
    }
    match format {
        Format::Json => output::document(&json!({ "retried": retried })),
        Format::Table if retried.is_empty() => Ok(output::line("There are no dead messages.")?),
        Format::Table => Ok(()),
    }
}

async fn choose(store: &Store, args: &RetryArgs) -> Result<Vec<String>, Reason> {
    if !args.all_dead {
        return Ok(args.message_ids.clone());
    }
    let tenant_id = args.tenant.find(store).await?;
    let tenant_id = tenant_id.as_ref().map(|tenant_id| tenant_id.as_str());
    let dead =
        attempts::list_messages(&store.pools.engine, tenant_id, Some(DEAD), MAX_LISTED).await?;
    if i64::try_from(dead.len()).is_ok_and(|found| found == MAX_LISTED) {
        output::remark(&format!(
            "These are the newest {MAX_LISTED}; there may be more, so run this again."
        ));
    }
    Ok(dead.into_iter().map(|message| message.message_id).collect())
}
