//! `rapport keys rotate`: a tenant's data keys are wrapped anew while everything runs.

use clap::Args;
use event_store::store::Store;
use identity::acts::{self, Act};
use serde_json::json;

use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::cli::{Outcome, operator};

/// Wrap a tenant's data keys anew, under a wrapping key made for that.
///
/// Nothing that is sealed changes, and nobody has to wait: keys are readable under the old wrapping and the new. Interrupted,
/// it goes on where it stopped when it is asked again.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport keys rotate --tenant fire-and-rice")]
pub struct RotateArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Say how far it is, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

pub async fn rotate(store: &Store, args: &RotateArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.require(store).await?;
    let before = store.rotation_standing(&tenant_id).await?;
    if args.dry_run {
        let document = json!({ "dry_run": true, "keys": before.whole, "left": before.left });
        return report(&document, format);
    }
    // What somebody has begun is brought to its end first.
    let is_resumed = before.left > 0;
    if !is_resumed {
        store.begin_rotation(&tenant_id).await?;
    }
    let bar = output::progress("wrapping data keys", u64::try_from(before.whole)?);
    let (mut after, mut rewrapped) = (String::new(), 0);
    loop {
        let step = store.rotate_step(&tenant_id, &after).await?;
        rewrapped += step.rewrapped;
        bar.inc(u64::try_from(step.read)?);
        match step.next {
            Some(next) => after = next,
            None => break,
        }
    }
    bar.finish_and_clear();
    let standing = store.rotation_standing(&tenant_id).await?;
    let details = json!({
        "resumed": is_resumed, "rewrapped": rewrapped, "keys": standing.whole, "left": standing.left,
    });
    let client = store.pools.engine.get().await?;
    let act = Act {
        tenant_id: &tenant_id,
        principal: &operator::name(),
        action: "rotate-keys",
        subject: tenant_id.as_str(),
        reason: None,
        details: &details,
    };
    acts::record(&client, act).await?;
    report(&details, format)
}

pub(super) fn report(document: &serde_json::Value, format: Format) -> Outcome {
    if format == Format::Json {
        return output::document(document);
    }
    let leaves = output::leaves(document);
    let pairs: Vec<(&str, String)> = leaves
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    Ok(output::record(&pairs)?)
}
