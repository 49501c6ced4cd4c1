//! `rapport outbox blocked`: keys whose order holds messages back.

use clap::Args;
use event_store::store::Store;
use outbox::blocked::{BlockedKey, MAX_BEHIND};
use serde_json::json;

use super::super::Outcome;
use super::super::output::{self, Format};
use super::super::tenant_choice::TenantChoice;
use crate::operations;

/// Show keys whose order holds messages back, those for longest first: what has to be retried or skipped, and what waits.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport outbox blocked --tenant fire-and-rice")]
pub struct BlockedArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// How many to show.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=200))]
    limit: i64,
}

pub async fn blocked(store: &Store, args: &BlockedArgs, format: Format) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    let page = operations::outbox::blocked(store, &scope, (None, args.limit)).await?;
    if format == Format::Json {
        return output::document(&json!({ "blocked": page.items }));
    }
    let row = |key: &BlockedKey| {
        let behind = match key.behind {
            MAX_BEHIND => format!("{MAX_BEHIND} or more"),
            behind => behind.to_string(),
        };
        vec![
            key.message_id.clone(),
            key.name.clone(),
            key.target.clone(),
            key.state.clone(),
            key.failure_kind.clone(),
            behind,
            key.order_key.clone(),
        ]
    };
    let heads = [
        "message", "effect", "target", "state", "failure", "behind", "key",
    ];
    Ok(output::table(
        &heads,
        page.items.iter().map(row).collect(),
        "No key holds messages back.",
    )?)
}
