//! What is done about single messages, each act on record.

use clap::Args;
use event_store::store::Store;
use outbox::attempts::{self, Listing, MAX_LISTED};
use outbox::operators::{Remedied, Remedy};
use serde_json::json;

use super::super::operator;
use super::super::output::{self, Format};
use super::super::tenant_choice::TenantChoice;
use super::{Outcome, Reason};
use crate::operations::{self, By, Intent, Scope};

const DEAD: &str = "dead";

/// Try messages again, now: waiting ones, dead ones, or ones whose effect is unknown.
///
/// A message keeps its id, which is its key at the provider: what was done already is not done twice where the provider
/// honours keys. The relay of a running server sends it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport outbox retry --all-dead --tenant fire-and-rice")]
pub struct RetryArgs {
    /// The messages' ids.
    #[arg(required_unless_present = "all_dead")]
    message_ids: Vec<String>,
    /// Every dead one, of all tenants or of the one that is named. For very many, see `rapport outbox redrive`.
    #[arg(long, conflicts_with = "message_ids")]
    all_dead: bool,
    #[command(flatten)]
    tenant: TenantChoice,
    /// Why, for whoever looks later.
    #[arg(long)]
    reason: Option<String>,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Which messages, and why.
#[derive(Args, Debug)]
pub struct Chosen {
    /// The messages' ids.
    #[arg(required = true)]
    message_ids: Vec<String>,
    /// Why, for whoever looks later.
    #[arg(long)]
    reason: String,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Never send waiting messages.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport outbox cancel 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e --reason \"Sent by mistake\""
)]
pub struct CancelArgs {
    #[command(flatten)]
    pub chosen: Chosen,
}

/// Give dead or unknown messages up for good; what waits behind them goes on.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport outbox skip 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e --reason \"Told by phone\""
)]
pub struct SkipArgs {
    #[command(flatten)]
    pub chosen: Chosen,
}

/// Say what became of messages whose effect is unknown.
///
/// A worker was lost, or an answer was, while one of these was being sent, and its provider cannot tell a repetition.
/// Look at the provider's side, then say --delivered or --failed; to send it again, use `rapport outbox retry`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport outbox resolve 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e --delivered --reason \"Seen in their log\""
)]
pub struct ResolveArgs {
    #[command(flatten)]
    pub chosen: Chosen,
    /// They had their effect.
    #[arg(long, required_unless_present = "failed")]
    delivered: bool,
    /// They had none, and are given up.
    #[arg(long, conflicts_with = "delivered")]
    failed: bool,
}

impl ResolveArgs {
    pub fn remedy(&self) -> Remedy {
        match self.delivered {
            true => Remedy::ResolveDelivered,
            false => Remedy::ResolveFailed,
        }
    }
}

pub async fn retry(store: &Store, args: &RetryArgs, format: Format) -> Outcome {
    let message_ids = choose(store, args).await?;
    if message_ids.is_empty() && format == Format::Table {
        return Ok(output::line("There are no dead messages.")?);
    }
    let chosen = (message_ids.as_slice(), args.reason.as_deref(), args.dry_run);
    carry_out(store, chosen, Remedy::Retry, format).await
}

pub async fn apply(store: &Store, chosen: &Chosen, remedy: Remedy, format: Format) -> Outcome {
    let reason = Some(chosen.reason.as_str());
    let chosen = (chosen.message_ids.as_slice(), reason, chosen.dry_run);
    carry_out(store, chosen, remedy, format).await
}

async fn carry_out(
    store: &Store,
    (message_ids, reason, dry_run): (&[String], Option<&str>, bool),
    remedy: Remedy,
    format: Format,
) -> Outcome {
    let name = operator::name();
    let by = By {
        principal: &name,
        reason,
    };
    let intent = match dry_run {
        true => Intent::Say,
        false => Intent::Act,
    };
    let mut done = Vec::new();
    for message_id in message_ids {
        let place = (&Scope::All, message_id.as_str());
        let remedied = operations::outbox::remedy(store, place, remedy, (intent, by)).await?;
        if format == Format::Table {
            output::line(&told(&remedied, remedy, intent))?;
        }
        done.push(remedied);
    }
    match format {
        Format::Json => output::document(&json!({ "dry_run": dry_run, "messages": done })),
        Format::Table => Ok(()),
    }
}

fn told(remedied: &Remedied, remedy: Remedy, intent: Intent) -> String {
    let done = match remedy {
        Remedy::Retry => "tried again",
        Remedy::Cancel => "cancelled",
        Remedy::Skip => "given up",
        Remedy::ResolveDelivered => "delivered",
        Remedy::ResolveFailed => "failed",
    };
    let verb = match intent {
        Intent::Act => "is",
        Intent::Say => "would be",
    };
    let Remedied {
        message_id,
        target,
        state,
        ..
    } = remedied;
    format!("the message {message_id} to {target}, which was {state}, {verb} {done}")
}

async fn choose(store: &Store, args: &RetryArgs) -> Result<Vec<String>, Reason> {
    if !args.all_dead {
        return Ok(args.message_ids.clone());
    }
    let tenant_id = args.tenant.find(store).await?;
    let listing = Listing {
        tenant_id: tenant_id.as_ref(),
        state: Some(DEAD),
        target: None,
        aggregate_id: None,
        limit: MAX_LISTED,
    };
    let dead = attempts::list_messages(&store.pools.engine, listing).await?;
    if i64::try_from(dead.len()).is_ok_and(|found| found == MAX_LISTED) {
        output::remark(&format!(
            "These are the newest {MAX_LISTED}; there may be more: see `rapport outbox redrive`."
        ));
    }
    Ok(dead.into_iter().map(|message| message.message_id).collect())
}
